"""The pipeline, and that every pass keeps the results of random graphs and of real models."""

from __future__ import annotations

from pathlib import Path

import pytest
from random_graphs import random_graph
from rewriting import check_same

from smelt.errors import GraphError, UsageError
from smelt.ir import DType, Graph
from smelt.ir.equality import graphs_equal
from smelt.ir.text import from_text, to_text
from smelt.passes import DEFAULT, find_pass, optimize

PASSES = sorted(dict(DEFAULT))
SEEDS = range(120)


@pytest.mark.parametrize("dtype", [DType.F32, DType.S8])
@pytest.mark.parametrize("name", PASSES)
def test_every_pass_keeps_the_result(name: str, dtype: DType) -> None:
    _, run = find_pass(name)
    changed = 0
    for seed in SEEDS:
        graph = random_graph(seed, dtype)
        result = run(graph)
        check_same(graph, result, seed)
        changed += not graphs_equal(graph, result)
    # The random graphs have no recurrent layers, products of computed matrices or gelu; all is int8 or nothing.
    of_others = name in (
        "keep-dimensions",
        "narrow-recurrent",
        "fuse-recurrent",
        "fuse-reversals",
        "fuse-gelu",
        "fuse-matrix-transposes",
        "fuse-quantized-operators",
        "keep-narrow-weights",
    )
    expected = 0 if (name, dtype) == ("fold-batch-normalization", DType.S8) or of_others else 5
    assert changed >= expected


@pytest.mark.parametrize("dtype", [DType.F32, DType.S8])
def test_all_passes_keep_the_result(dtype: DType) -> None:
    before, after = 0, 0
    for seed in SEEDS:
        graph = random_graph(1000 + seed, dtype, steps=24)
        result = optimize(graph)
        check_same(graph, result, seed)
        assert graphs_equal(optimize(result), result)
        before, after = before + len(graph.nodes), after + len(result.nodes)
    assert after < 0.75 * before


@pytest.mark.parametrize("dtype", [DType.F32, DType.S8])
def test_random_graphs_survive_text(dtype: DType) -> None:
    for seed in SEEDS:
        graph = random_graph(seed, dtype)
        assert graphs_equal(from_text(to_text(graph)), graph)


@pytest.mark.parametrize("dtype", [DType.F32, DType.S8])
def test_the_same_graph_gives_the_same_text(dtype: DType) -> None:
    for seed in SEEDS[:10]:
        assert to_text(optimize(random_graph(seed, dtype))) == to_text(optimize(random_graph(seed, dtype)))


def test_batch_normalization_padding_and_activation_end_in_one_node() -> None:
    graph = from_text(
        """
        graph "g"
        input %x: f32[1,4,4,1]
        constant %w: f32[2,3,3,1] = [1,2,3,4,5,6,7,8,9,1,2,3,4,5,6,7,8,9]
        constant %scale: f32[2] = [2, 3]
        constant %mean: f32[2] = [4, 5]
        %p: f32[1,6,6,1] = pad(%x) {paddings=(0, 0, 1, 1, 1, 1, 0, 0)}
        %c: f32[1,4,4,2] = conv_2d(%p, %w)
        %s: f32[1,4,4,2] = sub(%c, %mean)
        %m: f32[1,4,4,2] = mul(%s, %scale)
        %y: f32[1,4,4,2] = relu6(%m)
        output %y
        """
    )
    result = optimize(graph)
    check_same(graph, result)
    (node,) = result.nodes
    assert (node.operator, node.outputs) == ("conv_2d", ("y",))
    assert dict(node.attributes) == {"padding": (1, 1, 1, 1), "activation": "relu6"}


def test_chosen_passes_run_alone() -> None:
    graph = random_graph(3, DType.F32)
    name, run = find_pass("fold-constants")
    assert name == "fold-constants"
    assert graphs_equal(optimize(graph, [find_pass(name)]), run(graph))
    assert optimize(graph, []) is graph


def test_passes_repeat_while_they_help_each_other() -> None:
    """Batch normalization sees the multiplication only after the padding between has gone."""
    graph = from_text(
        """
        graph "g"
        input %x: f32[1,4,4,1]
        constant %w: f32[2,3,3,1] = [1,2,3,4,5,6,7,8,9,1,2,3,4,5,6,7,8,9]
        constant %c: f32[1] = [2]
        %m: f32[1,4,4,1] = mul(%x, %c)
        %p: f32[1,6,6,1] = pad(%m) {paddings=(0, 0, 1, 1, 1, 1, 0, 0)}
        %y: f32[1,4,4,2] = conv_2d(%p, %w)
        output %y
        """
    )
    result = optimize(graph)
    check_same(graph, result)
    assert [node.operator for node in result.nodes] == ["conv_2d"]


def test_an_unknown_pass_is_a_usage_error() -> None:
    with pytest.raises(
        UsageError, match=r"no pass 'fold'; the passes are cancel-transposes, .*remove-identities"
    ):
        find_pass("fold")


def test_a_pass_that_breaks_the_graph_is_found() -> None:
    def broken(graph: Graph) -> Graph:
        return graph.replaced(nodes=graph.nodes[:-1])

    graph = from_text('graph "g"\ninput %x: f32[1]\n%y: f32[1] = relu(%x)\noutput %y')
    with pytest.raises(GraphError, match="output 'y' is computed by no node"):
        optimize(graph, [("broken", broken)])
    assert optimize(graph, [("broken", broken)], verify=False).nodes == ()


MODELS = ["kws_float32", "kws_int8", "resnet8_float32", "resnet8_int8", "ad_int8", "sww_int8", "vww_int8"]


@pytest.mark.parametrize("model", MODELS)
def test_real_models_keep_their_results(shared: Path, model: str) -> None:
    read = pytest.importorskip("smelt.formats.tflite.read")
    (path,) = sorted((shared / "models" / "mlperf_tiny").rglob(f"{model}.tflite"))
    graph = read.read_tflite(path.read_bytes(), model)
    result = optimize(graph)
    check_same(graph, result)
    assert len(result.nodes) <= len(graph.nodes)
    assert graphs_equal(from_text(to_text(result)), result)
