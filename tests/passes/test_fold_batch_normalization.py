"""fold_batch_normalization, from text to text."""

from __future__ import annotations

import pytest
from rewriting import check, check_unchanged

from smelt.passes.fold_batch_normalization import fold_batch_normalization

CONV = """
graph "g"
input %x: f32[1,3,3,2]
constant %w: f32[2,1,1,2] = [1, 2, 3, 4]
constant %b: f32[2] = [10, 20]
constant %c: f32[2] = [2, -1]
constant %d: f32[1,1,1,2] = [0.5, 0.25]
"""


def conv(*nodes: str) -> str:
    """A graph with these nodes and the constants of CONV that they read."""
    lines = [
        line
        for line in CONV.splitlines()
        if not line.startswith("constant") or any(f"{line.split()[1][:-1]}" in node for node in nodes)
    ]
    return "\n".join([*lines, *nodes, "output %y"])


@pytest.mark.parametrize(
    ("steps", "weights", "bias"),
    [
        (["%y: f32[1,3,3,2] = mul(%a, %c)"], "w_1 [2, 4, -3, -4]", "b_1 [20, -20]"),
        (["%y: f32[1,3,3,2] = mul(%c, %a)"], "w_1 [2, 4, -3, -4]", "b_1 [20, -20]"),
        (["%y: f32[1,3,3,2] = add(%d, %a)"], "w [1, 2, 3, 4]", "b_1 [10.5, 20.25]"),
        (["%y: f32[1,3,3,2] = sub(%a, %d)"], "w [1, 2, 3, 4]", "b_1 [9.5, 19.75]"),
        (["%y: f32[1,3,3,2] = sub(%d, %a)"], "w_1 [-1, -2, -3, -4]", "b_1 [-9.5, -19.75]"),
        (
            ["%m: f32[1,3,3,2] = mul(%a, %c)", "%y: f32[1,3,3,2] = add(%m, %d)"],
            "w_1 [2, 4, -3, -4]",
            "b_1_1 [20.5, -19.75]",
        ),
    ],
)
def test_steps_after_a_convolution(steps: list[str], weights: str, bias: str) -> None:
    (w, kernel), (b, offsets) = weights.split(" ", 1), bias.split(" ", 1)
    check(
        fold_batch_normalization,
        conv("%a: f32[1,3,3,2] = conv_2d(%x, %w, %b)", *steps),
        f"""
        graph "g"
        input %x: f32[1,3,3,2]
        constant %{w}: f32[2,1,1,2] = {kernel}
        constant %{b}: f32[2] = {offsets}
        %y: f32[1,3,3,2] = conv_2d(%x, %{w}, %{b}) {{activation="none"}} as "a"
        output %y
        """,
    )


def test_the_activation_of_the_last_step_is_kept() -> None:
    check(
        fold_batch_normalization,
        conv("%a: f32[1,3,3,2] = conv_2d(%x, %w)", '%y: f32[1,3,3,2] = add(%a, %d) {activation="relu6"}'),
        """
        graph "g"
        input %x: f32[1,3,3,2]
        constant %w: f32[2,1,1,2] = [1, 2, 3, 4]
        constant %a/bias: f32[2] = [0.5, 0.25]
        %y: f32[1,3,3,2] = conv_2d(%x, %w, %a/bias) {activation="relu6"} as "a"
        output %y
        """,
    )


def test_depthwise_channels_after_and_before() -> None:
    check(
        fold_batch_normalization,
        """
        graph "g"
        input %x: f32[1,3,3,2]
        constant %w: f32[1,1,1,4] = [1, 2, 3, 4]
        constant %c: f32[2] = [2, -1]
        constant %d: f32[4] = [1, 2, 3, 5]
        %s: f32[1,3,3,2] = sub(%x, %c)
        %a: f32[1,3,3,4] = depthwise_conv_2d(%s, %w) {multiplier=2}
        %y: f32[1,3,3,4] = mul(%a, %d)
        output %y
        """,
        """
        graph "g"
        input %x: f32[1,3,3,2]
        constant %w_1: f32[1,1,1,4] = [1, 4, 9, 20]
        constant %a/bias_1: f32[4] = [-2, -8, 9, 20]
        %y: f32[1,3,3,4] = depthwise_conv_2d(%x, %w_1, %a/bias_1) {multiplier=2, activation="none"} as "a"
        output %y
        """,
    )


def test_fully_connected_and_scalars_around_it() -> None:
    check(
        fold_batch_normalization,
        """
        graph "g"
        input %x: f32[5,2]
        constant %w: f32[3,2] = [1, 2, 3, 4, 5, 6]
        constant %two: f32[] = [2]
        constant %c: f32[2] = [1, -1]
        %s: f32[5,2] = mul(%x, %c)
        %t: f32[5,2] = add(%s, %two)
        %y: f32[5,3] = fully_connected(%t, %w)
        output %y
        """,
        """
        graph "g"
        input %x: f32[5,2]
        constant %y/bias: f32[3] = [6, 14, 22]
        constant %w_1: f32[3,2] = [1, -2, 3, -4, 5, -6]
        %y: f32[5,3] = fully_connected(%x, %w_1, %y/bias)
        output %y
        """,
    )


def test_a_multiplication_before_padding_is_folded_an_addition_is_not() -> None:
    layer = "%y: f32[1,5,3,2] = conv_2d(%s, %w) {padding=(1, 1, 0, 0)}"
    check_unchanged(fold_batch_normalization, conv("%s: f32[1,3,3,2] = add(%x, %c)", layer))
    check(
        fold_batch_normalization,
        conv("%s: f32[1,3,3,2] = mul(%x, %c)", layer),
        """
        graph "g"
        input %x: f32[1,3,3,2]
        constant %w_1: f32[2,1,1,2] = [2, -2, 6, -4]
        %y: f32[1,5,3,2] = conv_2d(%x, %w_1) {padding=(1, 1, 0, 0)}
        output %y
        """,
    )


@pytest.mark.parametrize(
    "nodes",
    [
        ['%a: f32[1,3,3,2] = conv_2d(%x, %w, %b) {activation="relu"}', "%y: f32[1,3,3,2] = mul(%a, %c)"],
        [
            "%a: f32[1,3,3,2] = conv_2d(%x, %w)",
            "%m: f32[1,3,3,2] = mul(%a, %c)",
            "%y: f32[1,3,3,2] = add(%m, %a)",
        ],
        [
            "%a: f32[1,3,3,2] = conv_2d(%x, %w)",
            "%m: f32[1,3,3,2] = mul(%a, %c)",
            "%y: f32[1,3,3,2] = conv_2d(%m, %w)",
        ],
        ['%s: f32[1,3,3,2] = mul(%x, %c) {activation="relu"}', "%y: f32[1,3,3,2] = conv_2d(%s, %w, %b)"],
    ],
    ids=["activation between", "second reader", "shared weights", "activation before"],
)
def test_what_would_change_the_result_stays(nodes: list[str]) -> None:
    check_unchanged(fold_batch_normalization, conv(*nodes))


def test_constants_that_are_not_per_channel_stay() -> None:
    check_unchanged(
        fold_batch_normalization,
        """
        graph "g"
        input %x: f32[1,1,3,2]
        constant %w: f32[3,1,1,2] = [1, 2, 3, 4, 5, 6]
        constant %c: f32[3,1] = [1, 2, 3]
        constant %d: f32[2,1,1,3] = [1, 2, 3, 4, 5, 6]
        %a: f32[1,1,3,3] = conv_2d(%x, %w)
        %m: f32[1,1,3,3] = mul(%a, %c)
        %y: f32[2,1,3,3] = add(%m, %d)
        output %y
        """,
    )


def test_quantized_layers_stay() -> None:
    check_unchanged(
        fold_batch_normalization,
        """
        graph "g"
        input %x: s8[1,2] scale 0.1
        constant %w: s8[2,2] scale 0.1 = [1, 2, 3, 4]
        constant %c: s8[2] scale 0.1 = [1, 2]
        %a: s8[1,2] scale 0.1 = fully_connected(%x, %w)
        %y: s8[1,2] scale 0.1 = mul(%a, %c)
        output %y
        """,
    )


def test_groups_before_a_convolution_stay() -> None:
    check_unchanged(
        fold_batch_normalization,
        """
        graph "g"
        input %x: f32[1,1,1,2]
        constant %w: f32[2,1,1,1] = [1, 2]
        constant %c: f32[2] = [1, 2]
        %s: f32[1,1,1,2] = mul(%x, %c)
        %y: f32[1,1,1,2] = conv_2d(%s, %w)
        output %y
        """,
    )


def test_steps_without_a_layer_are_combined() -> None:
    check(
        fold_batch_normalization,
        """
        graph "g"
        input %x: f32[1,1,1,2]
        constant %c: f32[2] = [1, 2]
        constant %d: f32[] = [3]
        %m: f32[1,1,1,2] = mul(%x, %c)
        %n: f32[1,1,1,2] = mul(%d, %m)
        %a: f32[1,1,1,2] = add(%c, %n)
        %y: f32[1,1,1,2] = add(%a, %d) {activation="relu"}
        output %y
        """,
        """
        graph "g"
        input %x: f32[1,1,1,2]
        constant %d_1: f32[2] = [3, 6]
        constant %d_2: f32[2] = [4, 5]
        %n: f32[1,1,1,2] = mul(%x, %d_1)
        %y: f32[1,1,1,2] = add(%n, %d_2) {activation="relu"}
        output %y
        """,
    )
