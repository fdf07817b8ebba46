"""fuse_activations, from text to text."""

from __future__ import annotations

import pytest
from rewriting import check, check_unchanged

from smelt.passes.fuse_activations import fuse_activations

TWO_ADDS = """
graph "g"
input %x: {type}
input %z: {type}
%a: {type} = add(%x, %z){first}
%y: {result} = {activation}(%a)
output %y
"""
ONE_ADD = """
graph "g"
input %x: {type}
input %z: {type}
%y: {type} = add(%x, %z) {{activation="{fused}"}} as "a"
output %y
"""


@pytest.mark.parametrize("kind", ["f32[50]", "s8[300] scale 0.02 zero 3", "s8[300] scale 0.05 zero -128"])
@pytest.mark.parametrize(
    ("first", "activation", "fused"),
    [
        ("", "relu", "relu"),
        ("", "relu6", "relu6"),
        ("", "relu_n1_to_1", "relu_n1_to_1"),
        (' {activation="relu"}', "relu6", "relu6"),
        (' {activation="relu6"}', "relu", "relu6"),
        (' {activation="relu"}', "relu", "relu"),
    ],
)
def test_clamps_go_into_the_producer(kind: str, first: str, activation: str, fused: str) -> None:
    check(
        fuse_activations,
        TWO_ADDS.format(type=kind, result=kind, first=first, activation=activation),
        ONE_ADD.format(type=kind, fused=fused),
    )


def test_a_convolution_with_a_bias() -> None:
    check(
        fuse_activations,
        """
        graph "g"
        input %x: s8[1,4,4,1] scale 0.05 zero 3
        constant %w: s8[2,1,1,1] scale (0.1, 0.2) axis 0 = [-4, 127]
        constant %b: s32[2] scale (0.005, 0.01) axis 0 = [17, -4]
        %a: s8[1,4,4,2] scale 0.25 zero -1 = conv_2d(%x, %w, %b) {stride=(1, 1)}
        %y: s8[1,4,4,2] scale 0.25 zero -1 = relu6(%a)
        output %y
        """,
        """
        graph "g"
        input %x: s8[1,4,4,1] scale 0.05 zero 3
        constant %w: s8[2,1,1,1] scale (0.1, 0.2) axis 0 = [-4, 127]
        constant %b: s32[2] scale (0.005, 0.01) axis 0 = [17, -4]
        %y: s8[1,4,4,2] scale 0.25 zero -1 = conv_2d(%x, %w, %b) {stride=(1, 1), activation="relu6"} as "a"
        output %y
        """,
    )


def test_a_clamp_that_also_rescales_stays() -> None:
    kind, other = "s8[9] scale 0.02 zero 3", "s8[9] scale 0.02 zero 4"
    check_unchanged(fuse_activations, TWO_ADDS.format(type=kind, result=other, first="", activation="relu"))


def test_two_clamps_whose_combination_has_no_name_stay() -> None:
    text = TWO_ADDS.format(
        type="f32[9]", result="f32[9]", first=' {activation="relu"}', activation="relu_n1_to_1"
    )
    check_unchanged(fuse_activations, text)


@pytest.mark.parametrize("outputs", ["%y, %a", "%y, %z"])
def test_a_producer_with_another_reader_stays(outputs: str) -> None:
    check_unchanged(
        fuse_activations,
        f"""
        graph "g"
        input %x: f32[9]
        %a: f32[9] = add(%x, %x)
        %y: f32[9] = relu(%a)
        {"%z: f32[9] = tanh(%a)" if "z" in outputs else ""}
        output {outputs}
        """,
    )


def test_an_activation_of_an_input_stays() -> None:
    check_unchanged(fuse_activations, 'graph "g"\ninput %x: f32[9]\n%y: f32[9] = relu(%x)\noutput %y')
