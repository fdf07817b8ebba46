"""cancel_transposes, from text to text."""

from __future__ import annotations

import pytest
from rewriting import check, check_unchanged

from smelt.ir.text import from_text
from smelt.passes.cancel_transposes import cancel_transposes
from smelt.passes.pipeline import optimize

TO_NCHW, TO_NHWC = "{permutation=(0, 3, 1, 2)}", "{permutation=(0, 2, 3, 1)}"


def test_a_pair_disappears() -> None:
    check(
        cancel_transposes,
        f"""
        graph "g"
        input %x: f32[1,2,3,4]
        %r: f32[1,2,3,4] = relu(%x)
        %a: f32[1,4,2,3] = transpose(%r) {TO_NCHW}
        %b: f32[1,2,3,4] = transpose(%a) {TO_NHWC}
        %y: f32[1,2,3,4] = tanh(%b)
        output %y
        """,
        """
        graph "g"
        input %x: f32[1,2,3,4]
        %r: f32[1,2,3,4] = relu(%x)
        %y: f32[1,2,3,4] = tanh(%r)
        output %y
        """,
    )


def test_two_become_one() -> None:
    check(
        cancel_transposes,
        f"""
        graph "g"
        input %x: s8[1,2,3,4] scale 0.5
        %a: s8[1,4,2,3] scale 0.5 = transpose(%x) {TO_NCHW}
        %y: s8[1,3,4,2] scale 0.5 = transpose(%a) {TO_NCHW}
        output %y
        """,
        """
        graph "g"
        input %x: s8[1,2,3,4] scale 0.5
        %y: s8[1,3,4,2] scale 0.5 = transpose(%x) {permutation=(0, 2, 3, 1)}
        output %y
        """,
    )


def test_moving_ones_is_a_reshape() -> None:
    check(
        cancel_transposes,
        f"""
        graph "g"
        input %x: f32[1,1,1,4]
        %y: f32[1,4,1,1] = transpose(%x) {TO_NCHW}
        output %y
        """,
        """
        graph "g"
        input %x: f32[1,1,1,4]
        %y: f32[1,4,1,1] = reshape(%x) {shape=(1, 4, 1, 1)}
        output %y
        """,
    )


def test_a_layout_in_the_middle_of_a_residual_network_is_undone() -> None:
    """Through relu, a constant of a channel, pad, concatenation and an addition with two transposed inputs."""
    check(
        cancel_transposes,
        f"""
        graph "g"
        input %x: f32[1,2,3,2]
        input %z: f32[1,2,3,2]
        constant %c: f32[2,1,1] = [2, 3]
        %xt: f32[1,2,2,3] = transpose(%x) {TO_NCHW}
        %zt: f32[1,2,2,3] = transpose(%z) {TO_NCHW}
        %r: f32[1,2,2,3] = relu(%xt)
        %m: f32[1,2,2,3] = mul(%r, %c)
        %s: f32[1,2,2,3] = add(%m, %zt)
        %p: f32[1,2,4,3] = pad(%s) {{paddings=(0, 0, 0, 0, 1, 1, 0, 0)}}
        %k: f32[1,4,4,3] = concatenation(%p, %p) {{axis=1}}
        %y: f32[1,4,3,4] = transpose(%k) {TO_NHWC}
        output %y
        """,
        """
        graph "g"
        input %x: f32[1,2,3,2]
        input %z: f32[1,2,3,2]
        constant %c_1: f32[1,1,1,2] = [2, 3]
        %r_1: f32[1,2,3,2] = relu(%x) as "r"
        %m_1: f32[1,2,3,2] = mul(%r_1, %c_1) as "m"
        %s_1: f32[1,2,3,2] = add(%m_1, %z) as "s"
        %p_1: f32[1,4,3,2] = pad(%s_1) {paddings=(0, 0, 1, 1, 0, 0, 0, 0)} as "p"
        %y: f32[1,4,3,4] = concatenation(%p_1, %p_1) {axis=3} as "k"
        output %y
        """,
    )


def test_slices_and_means_move_too() -> None:
    check(
        cancel_transposes,
        f"""
        graph "g"
        input %x: s8[1,4,5,3] scale 0.5
        %a: s8[1,3,4,5] scale 0.5 = transpose(%x) {TO_NCHW}
        %b: s8[1,2,4,2] scale 0.5 = strided_slice(%a) {{begin=(0, 1, 0, 1), end=(1, 3, 4, 5), stride=(1, 1, 1, 3)}}
        %m: s8[1,2,4,1] scale 0.25 zero 1 = mean(%b) {{axes=(3,), keep_dims=true}}
        %y: s8[1,4,1,2] scale 0.25 zero 1 = transpose(%m) {TO_NHWC}
        output %y
        """,
        """
        graph "g"
        input %x: s8[1,4,5,3] scale 0.5
        %b_1: s8[1,4,2,2] scale 0.5 = strided_slice(%x) {SPANS} as "b"
        %y: s8[1,4,1,2] scale 0.25 zero 1 = mean(%b_1) {axes=(2,), keep_dims=true} as "m"
        output %y
        """.replace("SPANS", "begin=(0, 0, 1, 1), end=(1, 4, 5, 3), stride=(1, 1, 3, 1)"),
    )


def test_a_mean_over_the_image_takes_any_layout() -> None:
    check(
        cancel_transposes,
        f"""
        graph "g"
        input %x: s8[1,4,5,3] scale 0.5
        %a: s8[1,3,4,5] scale 0.5 = transpose(%x) {TO_NCHW}
        %y: s8[1,3] scale 0.25 zero 1 = mean(%a) {{axes=(2, 3)}}
        output %y
        """,
        """
        graph "g"
        input %x: s8[1,4,5,3] scale 0.5
        %y: s8[1,3] scale 0.25 zero 1 = mean(%x) {axes=(1, 2)}
        output %y
        """,
    )


def test_a_mean_that_leaves_dimensions_in_another_order_does_not() -> None:
    check_unchanged(
        cancel_transposes,
        f"""
        graph "g"
        input %x: f32[1,4,5,3]
        %a: f32[1,3,4,5] = transpose(%x) {TO_NCHW}
        %y: f32[1,3,4] = mean(%a) {{axes=(3,)}}
        output %y
        """,
    )


@pytest.mark.parametrize("flatten", [True, False])
def test_fully_connected_weights_take_the_order_of_the_image(flatten: bool) -> None:
    rows = "%f: s8[2,4] scale 0.5 = reshape({0}) {{shape=(2, 4)}}\n" if flatten else ""
    head = 'graph "g"\ninput %x: s8[2,1,2,2] scale 0.5\nconstant %{0}: s8[3,4] scale (0.1, 0.2, 0.3) axis 0 = {1}\n'
    tail = "%y: s8[2,3] scale 1 = fully_connected({0}, %{1})\noutput %y\n"
    check(
        cancel_transposes,
        head.format("w", "[1,2,3,4,5,6,7,8,9,10,11,12]")
        + f"%a: s8[2,2,1,2] scale 0.5 = transpose(%x) {TO_NCHW}\n"
        + rows.format("%a")
        + tail.format("%f" if flatten else "%a", "w"),
        head.format("w_1", "[1,3,2,4,5,7,6,8,9,11,10,12]")
        + rows.format("%x").replace("%f:", "%f_1:").rstrip("\n").replace(")}", ')} as "f"\n')
        + tail.format("%f_1" if flatten else "%x", "w_1"),
    )


def test_per_channel_parameters_follow_their_dimension() -> None:
    check(
        cancel_transposes,
        """
        graph "g"
        input %x: s8[2,3] scale (0.5, 0.25, 1) zero (1, 2, 3) axis 1
        %a: s8[3,2] scale (0.5, 0.25, 1) zero (1, 2, 3) axis 0 = transpose(%x) {permutation=(1, 0)}
        %d: f32[3,2] = dequantize(%a)
        %y: f32[2,3] = transpose(%d) {permutation=(1, 0)}
        output %y
        """,
        """
        graph "g"
        input %x: s8[2,3] scale (0.5, 0.25, 1) zero (1, 2, 3) axis 1
        %y: f32[2,3] = dequantize(%x) as "d"
        output %y
        """,
    )


def test_a_transpose_that_would_only_move_stays() -> None:
    check_unchanged(
        cancel_transposes,
        f"""
        graph "g"
        input %x: f32[1,2,3,4]
        %a: f32[1,4,2,3] = transpose(%x) {TO_NCHW}
        %b: f32[1,4,2,3] = relu(%a)
        %y: f32[1,4,2,3] = tanh(%b)
        output %y
        """,
    )


def test_a_transpose_moves_to_the_smaller_side() -> None:
    check(
        cancel_transposes,
        f"""
        graph "g"
        input %x: f32[1,2,3,4]
        %a: f32[1,4,2,3] = transpose(%x) {TO_NCHW}
        %y: f32[1,4,1,3] = mean(%a) {{axes=(2,), keep_dims=true}}
        output %y
        """,
        f"""
        graph "g"
        input %x: f32[1,2,3,4]
        %y_1: f32[1,1,3,4] = mean(%x) {{axes=(1,), keep_dims=true}} as "y"
        %y: f32[1,4,1,3] = transpose(%y_1) {TO_NCHW}
        output %y
        """,
    )


def test_no_transpose_is_left_in_a_network_whose_convolutions_are_wrapped() -> None:
    """What a reader of an NCHW format may write, node by node: everything but the input's goes."""
    before = f"""
    graph "g"
    input %x: f32[1,1,6,6]
    constant %w: f32[2,3,3,1] = [1,2,3,4,5,6,7,8,9,9,8,7,6,5,4,3,2,1]
    constant %v: f32[2,1,1,2] = [1, -1, 2, 0.5]
    constant %s: f32[2,1,1] = [2, 3]
    constant %f: f32[3,8] = [1,2,3,4,5,6,7,8,1,2,3,4,5,6,7,8,1,2,3,4,5,6,7,8]
    %xt: f32[1,6,6,1] = transpose(%x) {TO_NHWC}
    %c: f32[1,4,4,2] = conv_2d(%xt, %w)
    %ct: f32[1,2,4,4] = transpose(%c) {TO_NCHW}
    %m: f32[1,2,4,4] = mul(%ct, %s)
    %r: f32[1,2,4,4] = relu(%m)
    %rt: f32[1,4,4,2] = transpose(%r) {TO_NHWC}
    %d: f32[1,4,4,2] = conv_2d(%rt, %v)
    %dt: f32[1,2,4,4] = transpose(%d) {TO_NCHW}
    %e: f32[1,2,4,4] = add(%dt, %r)
    %et: f32[1,4,4,2] = transpose(%e) {TO_NHWC}
    %p: f32[1,2,2,2] = max_pool_2d(%et) {{filter=(2, 2), stride=(2, 2)}}
    %pt: f32[1,2,2,2] = transpose(%p) {TO_NCHW}
    %g: f32[1,8] = reshape(%pt) {{shape=(1, 8)}}
    %y: f32[1,3] = fully_connected(%g, %f)
    output %y
    """
    result = optimize(from_text(before))
    assert [node.operator for node in result.nodes] == [
        "reshape",
        "conv_2d",
        "conv_2d",
        "add",
        "max_pool_2d",
        "reshape",
        "fully_connected",
    ]
