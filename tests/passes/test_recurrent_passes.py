"""narrow_recurrent and fuse_reversals, from text to text."""

from __future__ import annotations

import numpy as np
import pytest
from rewriting import check, check_same, check_unchanged

from smelt.ir import DType, Graph
from smelt.operators.builder import GraphBuilder
from smelt.passes import optimize
from smelt.passes.fuse_reversals import fuse_reversals
from smelt.passes.narrow_recurrent import narrow_recurrent


def _graph(read: tuple[int, ...]) -> str:
    returned = ["%s: f32[1, 3, 2]", "%l: f32[1, 2]"]
    outputs = "\n".join(f"output {('%s', '%l')[k]}" for k in read)
    return f"""
        graph "g"
        input %x: f32[1, 3, 4]
        input %k: f32[6, 4]
        input %r: f32[6, 2]
        {", ".join(returned)} = gru(%x, %k, %r) {{returns="all"}} as "layer"
        {outputs}
        """


@pytest.mark.parametrize(("place", "returns"), [(0, "sequence"), (1, "last")])
def test_a_layer_returns_what_is_read(place: int, returns: str) -> None:
    value = ("%s: f32[1, 3, 2]", "%l: f32[1, 2]")[place]
    check(
        narrow_recurrent,
        _graph((place,)),
        f"""
        graph "g"
        input %x: f32[1, 3, 4]
        input %k: f32[6, 4]
        input %r: f32[6, 2]
        {value} = gru(%x, %k, %r) {{returns="{returns}"}} as "layer"
        output {value[:2]}
        """,
    )


def test_a_layer_of_which_all_is_read_stays() -> None:
    check_unchanged(narrow_recurrent, _graph((0, 1)))


def _turned(builder: GraphBuilder, x: str, axis: int) -> str:
    size = builder.values[x].shape[axis]
    indices = builder.constant("indices", np.arange(size, dtype=np.int32)[::-1])
    return builder.add("gather", (x, indices), {"axis": axis})


def _reversed_layer(operator: str, returns: str) -> Graph:
    """A layer of turned rows of time, whose sequence is turned back in the end."""
    gates = {"lstm": 4, "gru": 3, "rnn": 1}[operator]
    rng = np.random.default_rng(1)
    builder = GraphBuilder("g")
    x = builder.input("x", DType.F32, (1, 5, 3))
    rows = _turned(builder, builder.add("transpose", (x,), {"permutation": (1, 0, 2)}), 0)
    data = builder.add("transpose", (rows,), {"permutation": (1, 0, 2)})
    kernel = builder.constant("kernel", rng.normal(size=(2 * gates, 3)).astype(np.float32))
    recurrent = builder.constant("recurrent", rng.normal(size=(2 * gates, 2)).astype(np.float32))
    result = builder.add(operator, (data, kernel, recurrent), {"returns": returns})
    if returns != "sequence":
        return builder.build([*builder.nodes[-1].outputs])
    return builder.build([_turned(builder, result, 1)])


@pytest.mark.parametrize("returns", ["sequence", "last", "all"])
@pytest.mark.parametrize("operator", ["lstm", "gru", "rnn"])
def test_turned_data_become_a_layer_that_goes_backwards(operator: str, returns: str) -> None:
    graph = _reversed_layer(operator, returns)
    result = optimize(graph)
    check_same(graph, result, 1)
    # A sequence of which all is read is turned once, behind the layer.
    assert [node.operator for node in result.nodes] == [operator, *(["gather"] if returns == "all" else [])]
    assert result.nodes[0].attributes["reverse"] is True


def test_a_gather_that_is_no_reversal_stays() -> None:
    check_unchanged(
        fuse_reversals,
        """
        graph "g"
        input %x: f32[1, 3, 4]
        constant %some: s32[2] = [1, 0]
        %y: f32[1, 2, 4] = gather(%x, %some) {axis=1}
        %z: f32[1, 2, 4] = gather(%y, %some) {axis=1}
        %t: f32[2, 1, 4] = transpose(%y) {permutation=(1, 0, 2)}
        output %z, %t
        """,
    )
