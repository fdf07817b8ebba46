"""remove_dead_channels: each rule from text to text, random sparse networks, and vww in TensorFlow Lite Micro."""

from __future__ import annotations

from pathlib import Path
from textwrap import dedent

import numpy as np
import pytest
from rewriting import check, check_same, check_unchanged
from sparse_graphs import sparse_graph

from smelt.ir import Array, DType, Graph
from smelt.ir.text import from_text, to_text
from smelt.operators import call_of, find_operator, verify_graph
from smelt.operators.evaluate import evaluate_graph
from smelt.passes import optimize
from smelt.passes.remove_dead_channels import remove_dead_channels

HEAD = """
graph "g"
input %x: s8[1,3,3,2] scale 1
constant %w: s8[2,1,1,2] scale 1 = [0, 0, 1, 2]
constant %b: s32[2] = [5, 7]
"""
"""Then channel 0 of conv_2d(%x, %w, %b) is 5."""

SMALL = """
graph "g"
input %x: s8[1,3,3,2] scale 1
constant %w: s8[1,1,1,2] scale 1 = [1, 2]
constant %b: s32[1] = [7]
"""
LAYER = "conv_2d(%x, %w, %b)"


def _check(before: str, after: str) -> None:
    check(remove_dead_channels, HEAD + dedent(before), SMALL + dedent(after))


def _shapes(graph: Graph) -> dict[str, tuple[int, ...]]:
    return {name: graph.values[name].shape for node in graph.nodes for name in node.outputs}


def test_a_constant_channel_becomes_part_of_the_next_bias() -> None:
    _check(
        f"""
        constant %v: s8[1,1,1,2] scale 1 = [3, 4]
        constant %c: s32[1] = [1]
        %a: s8[1,3,3,2] scale 1 = {LAYER}
        %y: s8[1,3,3,1] scale 2 = conv_2d(%a, %v, %c)
        output %y
        """,
        f"""
        constant %v: s8[1,1,1,1] scale 1 = [4]
        constant %c: s32[1] = [16]
        %a: s8[1,3,3,1] scale 1 = {LAYER}
        %y: s8[1,3,3,1] scale 2 = conv_2d(%a, %v, %c)
        output %y
        """,
    )


def test_it_passes_activation_pooling_mean_and_flattening() -> None:
    """5 becomes relu's 5 - 3 = 2 in the scale 1 zero point 3 -> 8; (8 - 3) * (1 + 2) is added to no bias."""
    _check(
        f"""
        constant %v: s8[1,2] scale 1 = [3, 4]
        %a: s8[1,3,3,2] scale 1 = {LAYER}
        %r: s8[1,3,3,2] scale 1 zero 3 = relu(%a)
        %p: s8[1,2,2,2] scale 1 zero 3 = average_pool_2d(%r) {{filter=(2, 2), stride=(2, 2), padding=(1, 0, 1, 0)}}
        %m: s8[1,2] scale 1 zero 3 = mean(%p) {{axes=(1, 2)}}
        %f: s8[1,2] scale 1 zero 3 = reshape(%m) {{shape=(1, 2)}}
        %y: s8[1,1] scale 2 = fully_connected(%f, %v) as "dense"
        output %y
        """,
        f"""
        constant %v: s8[1,1] scale 1 = [4]
        constant %"dense/bias": s32[1] scale 1 = [15]
        %a: s8[1,3,3,1] scale 1 = {LAYER}
        %r: s8[1,3,3,1] scale 1 zero 3 = relu(%a)
        %p: s8[1,2,2,1] scale 1 zero 3 = average_pool_2d(%r) {{filter=(2, 2), stride=(2, 2), padding=(1, 0, 1, 0)}}
        %m: s8[1,1] scale 1 zero 3 = mean(%p) {{axes=(1, 2)}}
        %f: s8[1,1] scale 1 zero 3 = reshape(%m) {{shape=(1, 1)}}
        %y: s8[1,1] scale 2 = fully_connected(%f, %v, %"dense/bias") as "dense"
        output %y
        """,
    )


def _padded(weights: str, zero_point: int) -> Graph:
    return verify_graph(
        from_text(
            HEAD
            + dedent(
                f"""
                constant %v: s8[1,3,3,2] scale 1 = [{weights}]
                %a: s8[1,3,3,2] scale 1 zero {zero_point} = {LAYER}
                %y: s8[1,3,3,1] scale 64 = conv_2d(%a, %v) {{padding=(1, 1, 1, 1)}}
                output %y
                """
            )
        )
    )


@pytest.mark.parametrize(
    ("weights", "zero_point", "left"),
    [
        ("1, 2, " * 8 + "1, 2", 0, 2),
        ("1, 2, " * 8 + "1, 2", -3, 2),
        ("0, 2, " * 4 + "1, 2, " + "0, 2, " * 3 + "0, 2", 0, 1),
        ("0, 2, " * 3 + "1, 2, " + "0, 2, " * 4 + "0, 2", 0, 2),
    ],
)
def test_a_constant_that_meets_padding_stays(weights: str, zero_point: int, left: int) -> None:
    """The middle tap alone never meets padding."""
    graph = _padded(weights, zero_point)
    result = remove_dead_channels(graph)
    check_same(graph, result)
    assert result.values["a"].shape[3] == left


@pytest.mark.parametrize(("value", "left"), [(0, 1), (1, 2)])
def test_a_constant_like_the_padding_passes_depthwise_layers(value: int, left: int) -> None:
    text = f"""
    constant %d: s8[1,3,3,2] scale 1 = [1,2,1,2,1,2,1,2,1,2,1,2,1,2,1,2,1,2]
    constant %v: s8[1,1,1,2] scale 1 = [3, 4]
    %a: s8[1,3,3,2] scale 1 = {LAYER}
    %e: s8[1,3,3,2] scale 16 = depthwise_conv_2d(%a, %d) {{padding=(1, 1, 1, 1)}}
    %y: s8[1,3,3,1] scale 2 = conv_2d(%e, %v)
    output %y
    """
    graph = verify_graph(from_text(HEAD.replace("[5, 7]", f"[{16 * value}, 7]") + dedent(text)))
    result = remove_dead_channels(graph)
    check_same(graph, result)
    assert {_shapes(result)[name][3] for name in ("a", "e")} == {left}


@pytest.mark.parametrize(("bias", "left"), [(2**31 - 1 - 15, 1), (2**31 - 15, 2)])
def test_a_bias_never_overflows(bias: int, left: int) -> None:
    text = f"""
    constant %v: s8[1,1,1,2] scale 1 = [3, 4]
    constant %c: s32[1] = [{bias}]
    %a: s8[1,3,3,2] scale 1 = {LAYER}
    %y: s8[1,3,3,1] scale 100000000 = conv_2d(%a, %v, %c)
    output %y
    """
    graph = verify_graph(from_text(HEAD + dedent(text)))
    assert remove_dead_channels(graph).values["a"].shape[3] == left


def test_a_channel_is_dead_only_when_it_is_for_all_readers() -> None:
    text = """
    graph "g"
    input %x: f32[1,1,1,2]
    constant %w: f32[3,1,1,2] = [1,2,3,4,5,6]
    constant %u: f32[1,1,1,3] = [0,0,7]
    constant %v: f32[1,1,1,3] = [0,8,9]
    %a: f32[1,1,1,3] = conv_2d(%x, %w)
    %y: f32[1,1,1,1] = conv_2d(%a, %u)
    %z: f32[1,1,1,1] = conv_2d(%a, %v)
    output %y
    output %z
    """
    result = text.replace("f32[3,1,1,2] = [1,2,", "f32[2,1,1,2] = [").replace("[0,", "[")
    result = result.replace("f32[1,1,1,3]", "f32[1,1,1,2]")
    check(remove_dead_channels, text, result)


def test_both_operands_of_an_addition_lose_a_channel_and_keep_what_one_of_them_needs() -> None:
    text = """
    graph "g"
    input %x: f32[1,1,1,1]
    constant %w: f32[4,1,1,1] = [1,2,3,4]
    constant %u: f32[1,1,1,4] = [0,1,1,0]
    constant %v: f32[1,1,1,4] = [1,0,0,0]
    constant %k: f32[4] = [1,2,3,4]
    %a: f32[1,1,1,4] = conv_2d(%x, %w)
    %b: f32[1,1,1,4] = conv_2d(%x, %w)
    %s: f32[1,1,1,4] = add(%a, %b)
    %t: f32[1,1,1,4] = mul(%s, %k)
    %y: f32[1,1,1,1] = conv_2d(%t, %u)
    %z: f32[1,1,1,1] = conv_2d(%a, %v)
    output %y
    output %z
    """
    graph = verify_graph(from_text(dedent(text)))
    result = remove_dead_channels(graph)
    check_same(graph, result)
    assert {_shapes(result)[name][3] for name in ("a", "b", "s", "t")} == {3}
    for name, kept in (("w", [1, 2, 3]), ("k", [1, 2, 3])):
        readers = [n for node in result.nodes for n in node.inputs if n and n.startswith(name)]
        assert [result.constants[n].ravel().tolist() for n in readers] == [kept] * len(readers)


def test_readers_of_one_constant_get_copies_where_they_need_other_parts_of_it() -> None:
    text = """
    graph "g"
    input %x: f32[1,1,1,1]
    constant %w: f32[2,1,1,1] = [1,2]
    constant %b: f32[2] = [3,4]
    constant %u: f32[1,1,1,2] = [0,5]
    constant %v: f32[1,1,1,2] = [6,0]
    %a: f32[1,1,1,2] = conv_2d(%x, %w, %b)
    %c: f32[1,1,1,2] = conv_2d(%x, %w, %b)
    %y: f32[1,1,1,1] = conv_2d(%a, %u)
    %z: f32[1,1,1,1] = conv_2d(%c, %v)
    output %y
    output %z
    """
    graph = verify_graph(from_text(dedent(text)))
    result = remove_dead_channels(graph)
    check_same(graph, result)
    parameters = [
        [result.constants[str(n)].ravel().tolist() for n in node.inputs[1:]] for node in result.nodes
    ]
    assert parameters == [[[2], [4]], [[1], [3]], [[5]], [[6]]]


def test_a_depthwise_channel_of_zeros_is_constant_whatever_it_reads() -> None:
    text = """
    graph "g"
    input %x: f32[1,3,3,2]
    constant %w: f32[2,1,1,2] = [1,2,3,4]
    constant %d: f32[1,2,2,2] = [0,1,0,2,0,3,0,4]
    constant %e: f32[2] = [5,6]
    constant %v: f32[1,1,1,2] = [7,8]
    %a: f32[1,3,3,2] = conv_2d(%x, %w)
    %c: f32[1,4,4,2] = depthwise_conv_2d(%a, %d, %e) {padding=(1, 1, 1, 1)}
    %y: f32[1,4,4,1] = conv_2d(%c, %v) as "y"
    output %y
    """
    graph = verify_graph(from_text(dedent(text)))
    result = remove_dead_channels(graph)
    check_same(graph, result)
    assert _shapes(result) == {"a": (1, 3, 3, 1), "c": (1, 4, 4, 1), "y": (1, 4, 4, 1)}
    assert result.constants["y/bias"].tolist() == [35]


def test_concatenation_loses_channels_and_whole_inputs() -> None:
    check(
        remove_dead_channels,
        """
        graph "g"
        input %x: f32[1,1,1,1]
        constant %w: f32[2,1,1,1] = [1,2]
        constant %u: f32[2,1,1,1] = [3,4]
        constant %v: f32[1,1,1,5] = [0,0,0,5,6]
        %a: f32[1,1,1,2] = conv_2d(%x, %w)
        %b: f32[1,1,1,2] = conv_2d(%x, %u)
        %c: f32[1,1,1,5] = concatenation(%a, %b, %x) {axis=3}
        %y: f32[1,1,1,1] = conv_2d(%c, %v)
        output %y
        """,
        """
        graph "g"
        input %x: f32[1,1,1,1]
        constant %u: f32[1,1,1,1] = [4]
        constant %v: f32[1,1,1,2] = [5,6]
        %b: f32[1,1,1,1] = conv_2d(%x, %u)
        %c: f32[1,1,1,2] = concatenation(%b, %x) {axis=3}
        %y: f32[1,1,1,1] = conv_2d(%c, %v)
        output %y
        """,
    )


def test_flattened_channels_go_at_all_positions_or_stay() -> None:
    text = """
    graph "g"
    input %x: f32[1,1,2,1]
    constant %w: f32[3,1,1,1] = [1,2,3]
    constant %v: f32[1,6] = [0,0,1,0,LAST,1]
    %a: f32[1,1,2,3] = conv_2d(%x, %w)
    %f: f32[1,6] = reshape(%a) {shape=(1, 6)}
    %y: f32[1,1] = fully_connected(%f, %v)
    output %y
    """
    for last, left in (("0", 1), ("7", 2)):
        result = remove_dead_channels(from_text(dedent(text.replace("LAST", last))))
        assert _shapes(result) == {"a": (1, 1, 2, left), "f": (1, 2 * left), "y": (1, 1)}


def test_inputs_outputs_and_channels_that_softmax_sees_stay() -> None:
    check_unchanged(
        remove_dead_channels,
        """
        graph "g"
        input %x: f32[1,1,1,2]
        constant %w: f32[2,1,1,2] = [0,1,0,0]
        constant %v: f32[1,1,1,2] = [0,1]
        %a: f32[1,1,1,2] = conv_2d(%x, %w)
        %s: f32[1,1,1,2] = softmax(%a)
        %y: f32[1,1,1,1] = conv_2d(%s, %v)
        %z: f32[1,1,1,2] = relu(%x)
        output %y
        output %z
        """,
    )


def test_scales_go_with_their_channels_and_one_never_stays_of_several() -> None:
    """A fully_connected with one scale rounds its product to float32: other multipliers than one a channel has."""
    check(
        remove_dead_channels,
        """
        graph "g"
        input %x: s8[1,2] scale 0.1
        constant %w: s8[3,2] scale (0.1, 0.2, 0.3) axis 0 = [1,2,3,4,5,6]
        constant %b: s32[3] scale (0.01, 0.02, 0.03) axis 0 = [1,2,3]
        constant %v: s8[1,3] scale 0.1 = [0,0,1]
        %a: s8[1,3] scale 0.5 = fully_connected(%x, %w, %b)
        %y: s8[1,1] scale 0.5 = fully_connected(%a, %v)
        output %y
        """,
        """
        graph "g"
        input %x: s8[1,2] scale 0.1
        constant %w: s8[2,2] scale (0.1, 0.3) axis 0 = [1,2,5,6]
        constant %b: s32[2] scale (0.01, 0.03) axis 0 = [1,3]
        constant %v: s8[1,2] scale 0.1 = [0,1]
        %a: s8[1,2] scale 0.5 = fully_connected(%x, %w, %b)
        %y: s8[1,1] scale 0.5 = fully_connected(%a, %v)
        output %y
        """,
    )


def test_a_branch_that_is_constant_becomes_a_constant() -> None:
    result = remove_dead_channels(
        from_text(
            HEAD.replace("[0, 0, 1, 2]", "[0, 0, 0, 0]")
            + dedent(f"%a: s8[1,3,3,2] scale 1 = {LAYER}\n%y: s8[1,3,3,2] scale 2 = add(%x, %a)\noutput %y")
        )
    )
    (node,) = result.nodes
    assert node.operator == "add"
    assert result.constants[str(node.inputs[1])].tolist() == [[[[5, 7]]]]


@pytest.mark.parametrize("dtype", [DType.S8, DType.F32])
def test_sparse_networks_compute_the_same_with_fewer_channels(dtype: DType) -> None:
    before, after = 0, 0
    for seed in range(150):
        graph = sparse_graph(seed, dtype)
        result = remove_dead_channels(graph)
        check_same(graph, result, seed)
        if dtype is DType.S8:
            for value in (-128, 127):
                _check_constant_input(graph, result, value)
        assert remove_dead_channels(result) is result
        before += sum(shape[-1] for shape in _shapes(graph).values())
        after += sum(shape[-1] for shape in _shapes(result).values())
    assert after < 0.7 * before


def _check_constant_input(graph: Graph, result: Graph, value: int) -> None:
    inputs: dict[str, Array] = {n: np.full(graph.values[n].shape, value, np.int8) for n in graph.inputs}
    expected, computed = evaluate_graph(graph, inputs), evaluate_graph(result, inputs)
    for name in graph.outputs:
        np.testing.assert_array_equal(computed[name], expected[name])


def test_the_same_graph_gives_the_same_text() -> None:
    for seed in range(10):
        graph = sparse_graph(seed, DType.S8)
        assert to_text(remove_dead_channels(graph)) == to_text(remove_dead_channels(graph))


def _structured_images(shape: tuple[int, ...]) -> list[Array]:
    rows, columns = np.indices(shape[1:3])
    planes = [np.full(shape[1:3], -128), np.full(shape[1:3], 127), columns * 255 // (shape[2] - 1) - 128]
    planes += [np.where((rows // n + columns // n) % 2, 127, -128) for n in (1, 2, 8)]
    rng = np.random.default_rng(5)
    random = [rng.integers(-128, 128, shape).astype(np.int8) for _ in range(20)]
    walks = [rng.normal(0, 9, shape).cumsum(1).clip(-128, 127).astype(np.int8) for _ in range(5)]
    return [*(np.broadcast_to(p[None, :, :, None], shape).astype(np.int8) for p in planes), *random, *walks]


def _cost(graph: Graph) -> tuple[int, int]:
    """Multiply-accumulates and weights."""
    calls = [call_of(graph, node) for node in graph.nodes]
    weighted = [call.input(1).elements for call in calls if find_operator(call.node.operator).traits.weights]
    return sum(find_operator(call.node.operator).cost(call).macs for call in calls), sum(weighted)


def test_vww_shrinks_and_gives_the_same_bytes_in_tflite_micro(shared: Path) -> None:
    pytest.importorskip("tflite_micro")
    from smelt.engines.tflm import TflmEngine
    from smelt.formats.tflite import read_tflite, write_tflite

    model = (shared / "models" / "mlperf_tiny" / "vww_int8.tflite").read_bytes()
    graph = read_tflite(model, "vww")
    smaller = optimize(graph)
    assert _cost(graph) == (7_489_664, 208_112)
    assert _cost(smaller) == (3_733_073, 29_286)
    written = write_tflite(smaller)
    assert len(written) < len(model) / 4
    original, rewritten = TflmEngine(model, graph), TflmEngine(written, read_tflite(written, "vww"))
    name = graph.inputs[0]
    answers = set()
    for image in _structured_images(graph.values[name].shape):
        (expected,) = original.run({name: image}).values()
        (computed,) = rewritten.run({name: image}).values()
        np.testing.assert_array_equal(computed, expected)
        answers.add(expected.tobytes())
    assert len(answers) > 5
