"""remove_dead_nodes, fold_constants, merge_reshapes and remove_identities, from text to text."""

from __future__ import annotations

import base64

import pytest
from rewriting import check, check_unchanged

from smelt.passes.fold_constants import SMALL_ELEMENTS, fold_constants
from smelt.passes.fuse_matrix_transposes import fuse_matrix_transposes
from smelt.passes.keep_narrow_weights import keep_narrow_weights
from smelt.passes.merge_reshapes import merge_reshapes
from smelt.passes.remove_dead_nodes import remove_dead_nodes
from smelt.passes.remove_identities import remove_identities


def test_dead_nodes_go_and_inputs_stay() -> None:
    check(
        remove_dead_nodes,
        """
        graph "g"
        input %x: f32[2]
        input %unused: f32[2]
        constant %c: f32[1] = [1]
        %a: f32[2] = relu(%x)
        %b: f32[2] = add(%a, %c)
        %dead: f32[2] = relu(%b)
        output %a
        """,
        """
        graph "g"
        input %x: f32[2]
        input %unused: f32[2]
        %a: f32[2] = relu(%x)
        output %a
        """,
    )


def test_constants_fold_through_chains() -> None:
    check(
        fold_constants,
        """
        graph "g"
        input %x: f32[2]
        constant %c: s8[2] scale 0.5 zero 1 = [3, -5]
        %real: f32[2] = dequantize(%c)
        %clamped: f32[2] = relu(%real)
        %y: f32[2] = add(%x, %clamped)
        output %y
        """,
        """
        graph "g"
        input %x: f32[2]
        constant %clamped: f32[2] = [1, 0]
        %y: f32[2] = add(%x, %clamped)
        output %y
        """,
    )


def test_quantized_constants_keep_their_parameters() -> None:
    check(
        fold_constants,
        """
        graph "g"
        input %x: s8[1,2] scale 0.5
        constant %c: s8[2,1] scale 0.5 zero 1 = [3, -5]
        %row: s8[1,2] scale 0.5 zero 1 = transpose(%c) {permutation=(1, 0)}
        %y: s8[1,2] scale 1 = add(%x, %row)
        output %y
        """,
        """
        graph "g"
        input %x: s8[1,2] scale 0.5
        constant %row: s8[1,2] scale 0.5 zero 1 = [3, -5]
        %y: s8[1,2] scale 1 = add(%x, %row)
        output %y
        """,
    )


def test_constants_that_would_grow_and_outputs_are_not_folded() -> None:
    check_unchanged(
        fold_constants,
        f"""
        graph "g"
        input %x: f32[1]
        constant %c: f32[1] = [2]
        %large: f32[{SMALL_ELEMENTS + 1}] = pad(%c) {{paddings=({SMALL_ELEMENTS}, 0)}}
        %y: f32[{SMALL_ELEMENTS + 1}] = add(%x, %large)
        %z: f32[1] = relu(%c)
        output %y, %z
        """,
    )


def test_small_constants_may_grow() -> None:
    check(
        fold_constants,
        """
        graph "g"
        input %x: f32[1]
        constant %c: f32[1] = [2]
        %wide: f32[3] = pad(%c) {paddings=(1, 1)}
        %y: f32[3] = add(%x, %wide)
        output %y
        """,
        """
        graph "g"
        input %x: f32[1]
        constant %wide: f32[3] = [0, 2, 0]
        %y: f32[3] = add(%x, %wide)
        output %y
        """,
    )


def test_a_chain_of_reshapes_is_one() -> None:
    check(
        merge_reshapes,
        """
        graph "g"
        input %x: s8[1,2,1,3] scale 0.5 zero 1
        %a: s8[2,3] scale 0.5 zero 1 = squeeze(%x) {axes=(0, 2)}
        %b: s8[2,1,3] scale 0.5 zero 1 = expand_dims(%a) {axis=1}
        %y: s8[6] scale 0.5 zero 1 = reshape(%b) {shape=(6,)}
        output %y
        """,
        """
        graph "g"
        input %x: s8[1,2,1,3] scale 0.5 zero 1
        %y: s8[6] scale 0.5 zero 1 = reshape(%x) {shape=(6,)}
        output %y
        """,
    )


def test_a_shared_reshape_stays_for_its_other_reader() -> None:
    check(
        merge_reshapes,
        """
        graph "g"
        input %x: f32[1,4]
        %a: f32[4] = squeeze(%x) {axes=(0,)}
        %y: f32[2,2] = reshape(%a) {shape=(2, 2)}
        %z: f32[4] = relu(%a)
        output %y, %z
        """,
        """
        graph "g"
        input %x: f32[1,4]
        %a: f32[4] = reshape(%x) {shape=(4,)}
        %y: f32[2,2] = reshape(%x) {shape=(2, 2)}
        %z: f32[4] = relu(%a)
        output %y, %z
        """,
    )


FLOAT_IDENTITIES = [
    "reshape(%a) {shape=(1, 2, 1, 3)}",
    "squeeze(%a) {axes=()}",
    "transpose(%a) {permutation=(0, 1, 2, 3)}",
    "transpose(%a) {permutation=(2, 1, 0, 3)}",
    "strided_slice(%a) {begin=(0, 0, 0, 0), end=(1, 2, 1, 3), stride=(1, 1, 1, 1)}",
    "pad(%a) {paddings=(0, 0, 0, 0, 0, 0, 0, 0), value=3.0}",
    "concatenation(%a) {axis=3}",
    "max_pool_2d(%a) {filter=(1, 1)}",
    "average_pool_2d(%a) {filter=(1, 1)}",
    "mul(%a, %ones)",
    "mul(%ones, %a)",
    "add(%a, %zeros)",
    "add(%zeros, %a)",
    "sub(%a, %zeros)",
    "dequantize(%a)",
]
HEAD = """
graph "g"
input %x: f32[1,2,1,3]
constant %ones: f32[3] = [1, 1, 1]
constant %zeros: f32[1] = [0]
constant %wide: f32[2,1,1,1] = [1, 1]
"""


@pytest.mark.parametrize("identity", FLOAT_IDENTITIES)
def test_float_identities_go(identity: str) -> None:
    check(
        remove_identities,
        f"{HEAD}%a: f32[1,2,1,3] = relu(%x)\n%b: f32[1,2,1,3] = {identity}\n%y: f32[1,2,1,3] = tanh(%b)\noutput %y",
        'graph "g"\ninput %x: f32[1,2,1,3]\n%a: f32[1,2,1,3] = relu(%x)\n%y: f32[1,2,1,3] = tanh(%a)\noutput %y',
    )


@pytest.mark.parametrize(
    ("shape", "node"),
    [
        ("1,2,1,3", 'mul(%x, %ones) {activation="relu"}'),
        ("2,2,1,3", "mul(%x, %wide)"),
        ("1,2,1,3", "sub(%zeros, %x)"),
        ("1,2,1,3", 'max_pool_2d(%x) {filter=(1, 1), activation="relu6"}'),
        ("1,2,1,3", "max_pool_2d(%x) {filter=(3, 1), padding=(1, 1, 0, 0)}"),
    ],
)
def test_what_looks_like_an_identity_stays(shape: str, node: str) -> None:
    text = f"{HEAD}%b: f32[{shape}] = {node}\n%y: f32[{shape}] = tanh(%b)\noutput %y"
    used = [
        line for line in text.splitlines() if not line.startswith("constant") or line.split()[1][:-1] in node
    ]
    check_unchanged(remove_identities, "\n".join(used))


def test_a_transpose_of_equal_sizes_is_no_identity() -> None:
    check_unchanged(
        remove_identities,
        """
        graph "g"
        input %x: f32[2,2]
        %a: f32[2,2] = transpose(%x) {permutation=(1, 0)}
        %y: f32[2,2] = tanh(%a)
        output %y
        """,
    )


def test_requantizing_to_the_same_parameters_goes_to_others_stays() -> None:
    check(
        remove_identities,
        """
        graph "g"
        input %x: s8[300] scale 0.3 zero 1
        %a: s8[300] scale 0.3 zero 1 = quantize(%x) {dtype="s8"}
        %b: s8[300] scale 0.3 zero 2 = quantize(%a) {dtype="s8"}
        %real: f32[300] = dequantize(%b)
        %y: s8[300] scale 0.3 zero 2 = quantize(%real) {dtype="s8"}
        output %y
        """,
        """
        graph "g"
        input %x: s8[300] scale 0.3 zero 1
        %b: s8[300] scale 0.3 zero 2 = quantize(%x) {dtype="s8"}
        %real: f32[300] = dequantize(%b)
        %y: s8[300] scale 0.3 zero 2 = quantize(%real) {dtype="s8"}
        output %y
        """,
    )


def test_products_read_what_transposes_read() -> None:
    check(
        lambda graph: remove_dead_nodes(fuse_matrix_transposes(graph)),
        """
        graph "g"
        input %a: f32[2,4,3]
        input %b: f32[2,5,4]
        %left: f32[2,3,4] = transpose(%a) {permutation=(0, 2, 1)}
        %right: f32[2,4,5] = transpose(%b) {permutation=(0, 2, 1)}
        %y: f32[2,3,5] = batch_matmul(%left, %right)
        %z: f32[2,4,4] = batch_matmul(%right, %b)
        output %y
        output %z
        """,
        """
        graph "g"
        input %a: f32[2,4,3]
        input %b: f32[2,5,4]
        %y: f32[2,3,5] = batch_matmul(%a, %b) {transpose_a=true, transpose_b=true}
        %z: f32[2,4,4] = batch_matmul(%b, %b) {transpose_a=true}
        output %y
        output %z
        """,
    )


def test_a_transpose_of_other_dimensions_stays() -> None:
    check_unchanged(
        fuse_matrix_transposes,
        """
        graph "g"
        input %a: f32[2,4,3]
        %left: f32[4,2,3] = transpose(%a) {permutation=(1, 0, 2)}
        %right: f32[4,3,2] = transpose(%a) {permutation=(1, 2, 0)}
        %y: f32[4,2,2] = batch_matmul(%left, %right)
        output %y
        """,
    )


def test_narrow_weights_are_read_as_they_are_stored() -> None:
    check(
        keep_narrow_weights,
        """
        graph "g"
        input %x: f32[1,2]
        constant %half: f16[3,2] = [1, 2, 3, 4, 5, 6]
        constant %four: s4[2,3] scale (0.5, 0.25) axis 0 = [1, 2, 3, -4, 5, 6]
        %wide: f32[3,2] = dequantize(%half)
        %real: f32[2,3] = dequantize(%four)
        %a: f32[1,3] = fully_connected(%x, %wide, _)
        %b: f32[1,2] = fully_connected(%a, %real, _)
        output %b
        """,
        """
        graph "g"
        input %x: f32[1,2]
        constant %half: f16[3,2] = [1, 2, 3, 4, 5, 6]
        constant %four: s4[2,3] scale (0.5, 0.25) axis 0 = [1, 2, 3, -4, 5, 6]
        %a: f32[1,3] = fully_connected(%x, %half, _)
        %b: f32[1,2] = fully_connected(%a, %four, _)
        output %b
        """,
    )


def test_asymmetric_weights_stay_behind_their_dequantize() -> None:
    check_unchanged(
        keep_narrow_weights,
        """
        graph "g"
        input %x: f32[1,2]
        constant %w: s8[2,2] scale 0.5 zero 3 = [1, 2, 3, 4]
        %wide: f32[2,2] = dequantize(%w)
        %y: f32[1,2] = fully_connected(%x, %wide, _)
        output %y
        """,
    )


def test_constants_that_would_grow_much_are_not_folded() -> None:
    check_unchanged(
        fold_constants,
        f"""
        graph "g"
        input %x: f32[{SMALL_ELEMENTS + 1}]
        constant %c: f16[{SMALL_ELEMENTS + 1}] = base64 "{base64.b64encode(bytes(2 * SMALL_ELEMENTS + 2)).decode()}"
        %wide: f32[{SMALL_ELEMENTS + 1}] = dequantize(%c)
        %y: f32[{SMALL_ELEMENTS + 1}] = add(%x, %wide)
        output %y
        """,
    )
