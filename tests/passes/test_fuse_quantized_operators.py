"""fuse_quantized_operators, from text to text; results as the pairs give them, but for the last step."""

from __future__ import annotations

from textwrap import dedent

import numpy as np
import pytest
from rewriting import check, check_unchanged

from smelt.ir import Graph
from smelt.ir.text import from_text, to_text
from smelt.operators import verify_graph
from smelt.operators.builder import random_array
from smelt.operators.evaluate import evaluate_graph
from smelt.passes.fuse_quantized_operators import fuse_quantized_operators


def fused(before: str, after: str, most: int = 1) -> None:
    """The pass turns one text into the other; int8 outputs differ by no more than one step."""
    source = verify_graph(from_text(dedent(before)))
    result = verify_graph(fuse_quantized_operators(source))
    assert to_text(result) == to_text(from_text(dedent(after)))
    inputs = {name: random_array(source.values[name], k) for k, name in enumerate(source.inputs)}
    expected, found = evaluate_graph(source, inputs), evaluate_graph(result, inputs)
    for name in source.outputs:
        assert np.abs(expected[name].astype(np.int64) - found[name]).max() <= most


def left(text: str) -> None:
    check_unchanged(fuse_quantized_operators, text)


CONVOLUTION = """
graph "g"
input %x: s8[1,4,4,1] scale 0.05 zero 3
constant %w: s8[2,1,1,1] scale (0.1, 0.2) axis 0 = [-4, 127]
constant %b: {bias}
%xr: f32[1,4,4,1] = dequantize(%x)
%wr: f32[2,1,1,1] = dequantize(%w)
{real}%a: f32[1,4,4,2] = conv_2d(%xr, %wr, %{name}) {{stride=(1, 1)}}
%r: f32[1,4,4,2] = relu6(%a)
%y: s8[1,4,4,2] scale 0.025 zero -100 = quantize(%r) {{dtype="s8"}}
output %y
"""
FUSED = """
graph "g"
input %x: s8[1,4,4,1] scale 0.05 zero 3
constant %w: s8[2,1,1,1] scale (0.1, 0.2) axis 0 = [-4, 127]
constant %{name}: s32[2] scale {scales} axis 0 = [17, -4]
%y: s8[1,4,4,2] scale 0.025 zero -100 = conv_2d(%x, %w, %{name}) {{stride=(1, 1), activation="relu6"}} as "a"
output %y
"""


def test_a_convolution_with_its_bias_as_integers() -> None:
    fused(
        CONVOLUTION.format(
            bias="s32[2] scale (0.005, 0.01) axis 0 = [17, -4]",
            real="%br: f32[2] = dequantize(%b)\n",
            name="br",
        ),
        FUSED.format(name="b", scales="(0.005, 0.01)"),
    )


def test_a_convolution_with_a_real_bias() -> None:
    """In steps of the products of the scales, which are float32 numbers."""
    fused(
        CONVOLUTION.format(bias="f32[2] = [0.0851, -0.0399]", real="", name="b"),
        FUSED.format(name="b/int32", scales="(0.0050000004, 0.010000001)"),
    )


def test_weights_with_a_zero_point_are_left_real() -> None:
    left("""
        graph "g"
        input %x: s8[1,4,4,1] scale 0.05 zero 3
        constant %w: s8[2,1,1,1] scale 0.1 zero 5 = [-4, 127]
        %xr: f32[1,4,4,1] = dequantize(%x)
        %wr: f32[2,1,1,1] = dequantize(%w)
        %a: f32[1,4,4,2] = conv_2d(%xr, %wr) {stride=(1, 1)}
        %y: s8[1,4,4,2] scale 0.25 zero -1 = quantize(%a) {dtype="s8"}
        output %y
    """)


def test_results_that_others_read_are_left_real() -> None:
    left("""
        graph "g"
        input %x: s8[4] scale 0.05 zero 3
        %xr: f32[4] = dequantize(%x)
        %a: f32[4] = add(%xr, %xr)
        %y: s8[4] scale 0.1 zero 3 = quantize(%a) {dtype="s8"}
        output %y, %a
    """)


def test_operators_without_an_int8_meaning_are_left_real() -> None:
    left("""
        graph "g"
        input %x: s8[4] scale 0.05 zero 3
        %xr: f32[4] = dequantize(%x)
        %a: f32[4] = sin(%xr)
        %y: s8[4] scale 0.1 zero 3 = quantize(%a) {dtype="s8"}
        output %y
    """)


def test_sums_too_fine_for_int8_are_left_real() -> None:
    left("""
        graph "g"
        input %x: s8[4] scale 0.05 zero 3
        %xr: f32[4] = dequantize(%x)
        %a: f32[4] = add(%xr, %xr)
        %y: s8[4] scale 0.00000001 zero 3 = quantize(%a) {dtype="s8"}
        output %y
    """)


def test_pairs_of_the_same_parameters_vanish() -> None:
    check(
        fuse_quantized_operators,
        """
        graph "g"
        input %x: s8[4] scale 0.05 zero 3
        %xr: f32[4] = dequantize(%x)
        %q: s8[4] scale 0.05 zero 3 = quantize(%xr) {dtype="s8"}
        %y: s8[4] scale 0.05 zero 3 = relu(%q)
        output %y
        """,
        """
        graph "g"
        input %x: s8[4] scale 0.05 zero 3
        %y: s8[4] scale 0.05 zero 3 = relu(%x)
        output %y
        """,
    )


def test_pairs_of_other_parameters_are_one_node() -> None:
    fused(
        """
        graph "g"
        input %x: s8[4] scale 0.05 zero 3
        %xr: f32[4] = dequantize(%x)
        %y: s8[4] scale 0.07 zero -3 = quantize(%xr) {dtype="s8"}
        output %y
        """,
        """
        graph "g"
        input %x: s8[4] scale 0.05 zero 3
        %y: s8[4] scale 0.07 zero -3 = quantize(%x) {dtype="s8"}
        output %y
        """,
    )


@pytest.mark.parametrize(
    ("shape", "operator"),
    [
        ("3,1,4,2", 'reshape(%xr) {shape=(3, 1, 4, 2)}'),
        ("1,3,2,4", "transpose(%xr) {permutation=(0, 1, 3, 2)}"),
        ("1,3,6,2", "pad(%xr) {paddings=(0, 0, 0, 0, 1, 1, 0, 0)}"),
        ("1,2,4,2", "strided_slice(%xr) {begin=(0, 0, 0, 0), end=(1, 3, 4, 2), stride=(1, 2, 1, 1)}"),
        ("1,3,2,2", "max_pool_2d(%xr) {filter=(1, 2), stride=(1, 2)}"),
        ("1,3,8,2", "concatenation(%xr, %xr) {axis=2}"),
        ("1,3,4,2", "relu(%xr)"),
    ],
)  # fmt: skip
def test_operators_that_move_elements_move_integers(shape: str, operator: str) -> None:
    """Exactly, and with no quantize after them."""
    before = f"""
    graph "g"
    input %x: s8[1,3,4,2] scale 0.05 zero 3
    %xr: f32[1,3,4,2] = dequantize(%x)
    %y: f32[{shape}] = {operator}
    output %y
    """
    after = f"""
    graph "g"
    input %x: s8[1,3,4,2] scale 0.05 zero 3
    %y/int8: s8[{shape}] scale 0.05 zero 3 = {operator.replace("%xr", "%x")} as "y"
    %y: f32[{shape}] = dequantize(%y/int8) as "dequantize y"
    output %y
    """
    check(fuse_quantized_operators, before, after)


@pytest.mark.parametrize(
    "operator",
    ["average_pool_2d(%xr) {filter=(2, 1), stride=(2, 1)}", "resize_bilinear(%xr) {size=(2, 2)}"],
)
def test_averages_that_nothing_quantizes_stay_real(operator: str) -> None:
    left(f"""
        graph "g"
        input %x: s8[1,4,2,2] scale 0.05 zero 3
        %xr: f32[1,4,2,2] = dequantize(%x)
        %y: f32[1,2,2,2] = {operator}
        output %y
    """)


def test_padding_that_is_no_int8_value_stays_real() -> None:
    left("""
        graph "g"
        input %x: s8[4] scale 0.05 zero 3
        %xr: f32[4] = dequantize(%x)
        %y: f32[6] = pad(%xr) {paddings=(1, 1), value=0.33}
        output %y
    """)


def test_outputs_that_the_specification_fixes_are_requantized() -> None:
    fused(
        """
        graph "g"
        input %x: s8[50] scale 0.05 zero 3
        %xr: f32[50] = dequantize(%x)
        %a: f32[50] = logistic(%xr)
        %y: s8[50] scale 0.0031 zero -120 = quantize(%a) {dtype="s8"}
        output %y
        """,
        """
        graph "g"
        input %x: s8[50] scale 0.05 zero 3
        %y/fixed: s8[50] scale 0.00390625 zero -128 = logistic(%x) as "a"
        %y: s8[50] scale 0.0031 zero -120 = quantize(%y/fixed) {dtype="s8"}
        output %y
        """,
        most=2,
    )


def test_operands_of_a_concatenation_take_its_parameters() -> None:
    before = """
    graph "g"
    input %x: s8[4] scale 0.05 zero 3
    input %z: s8[4] scale 0.1 zero 0
    %xr: f32[4] = dequantize(%x)
    %zr: f32[4] = dequantize(%z)
    %a: f32[8] = concatenation(%xr, %zr) {axis=0}
    %y: s8[8] scale 0.1 zero 0 = quantize(%a) {dtype="s8"}
    output %y
    """
    after = """
    graph "g"
    input %x: s8[4] scale 0.05 zero 3
    input %z: s8[4] scale 0.1 zero 0
    %x/requantized: s8[4] scale 0.1 zero 0 = quantize(%x) {dtype="s8"}
    %y: s8[8] scale 0.1 zero 0 = concatenation(%x/requantized, %z) {axis=0} as "a"
    output %y
    """
    fused(before, after)


def test_bytes_of_an_input_become_int8() -> None:
    before = """
    graph "g"
    input %x: u8[50] scale 0.05 zero 128
    %xr: f32[50] = dequantize(%x)
    %a: f32[50] = add(%xr, %xr)
    %y: s8[50] scale 0.1 zero 0 = quantize(%a) {dtype="s8"}
    output %y
    """
    result = fuse_quantized_operators(verify_graph(from_text(dedent(before))))
    assert [node.operator for node in result.nodes] == ["quantize", "quantize", "add"]
    assert _same(from_text(dedent(before)), result)


def _same(before: Graph, after: Graph) -> bool:
    inputs = {name: random_array(before.values[name], 0) for name in before.inputs}
    return np.array_equal(evaluate_graph(before, inputs)["y"], evaluate_graph(after, inputs)["y"])
