"""Keras's layers that are sums of products over chosen dimensions."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from smelt.errors import FormatError
from smelt.formats.einsum import product_of
from smelt.formats.keras.activations import activate
from smelt.formats.keras.building import Layer
from smelt.formats.keras.layers import reads


@reads("Dot")
def _dot(_: Layer, *inputs: str, axes: Any, normalize: bool = False) -> str:
    if len(inputs) != 2:
        raise _.unsupported(f"of {len(inputs)} tensors")
    a, b = inputs
    first, second = axes if isinstance(axes, list | tuple) else (axes, axes)
    ranks = len(_.shape(a)), len(_.shape(b))
    first, second = first % ranks[0], second % ranks[1]
    if normalize:
        a, b = unit_length(_, a, (first,)), unit_length(_, b, (second,))
    left, right = "zabcd"[: ranks[0]], "zefgh"[: ranks[1]]
    if not 0 < first < len(left) or not 0 < second < len(right):
        raise _.unsupported(f"axes {axes!r}")
    right = right.replace(right[second], left[first])
    rest = [letter for letter in left + right[1:] if letter != left[first]]
    result = product(_, f"{left},{right}->{''.join(rest)}", a, b)
    return _.reshape(result, (_.shape(a)[0], 1)) if len(rest) == 1 else result


def product(_: Layer, equation: str, a: str, b: str) -> str:
    """A sum of products of two tensors, written with letters."""
    plan = product_of(_.label, equation, _.shape(a), _.shape(b))
    left = _.reshape(_.transpose(a, plan.left_order), plan.left_shape)
    right = _.reshape(_.transpose(b, plan.right_order), plan.right_shape)
    return _.transpose(_.reshape(_.emit("batch_matmul", (left, right)), plan.shape), plan.order)


def unit_length(_: Layer, x: str, axes: Sequence[int]) -> str:
    """x divided by its length over some axes; Keras takes no length below 1e-12 for one."""
    squares = _.emit("sum", (_.emit("mul", (x, x)),), {"axes": tuple(axes), "keep_dims": True})
    inverse = _.emit("minimum", (_.emit("rsqrt", (squares,)), _.number(1e12)))
    return _.emit("mul", (x, inverse))


@reads("EinsumDense")
def _einsum_dense(
    _: Layer, x: str, *, equation: str, activation: Any = None, bias_axes: str | None = None, output_shape: Any = None
) -> str:  # fmt: skip
    kernel = _.array("kernel")
    if kernel is None:
        raise FormatError(f"{_.label}: the file has no 'kernel'")
    whole = equation
    if "..." in equation:
        # The letters that the equation leaves open stand for the dimensions that the kernel has not.
        named = len(equation.split(",")[0].replace("...", ""))
        unused = [letter for letter in "ABCDEFGHIJKLMNOP" if letter not in equation]
        whole = equation.replace("...", "".join(unused[: len(_.shape(x)) - named]))
    plan = product_of(_.label, whole, _.shape(x), kernel.shape)
    rows = _.reshape(_.transpose(x, plan.left_order), plan.left_shape)
    if len(plan.right_shape) != 2:
        raise _.unsupported(f"the equation '{equation}'")
    matrix = kernel.transpose(plan.right_order).reshape(plan.right_shape)
    dense = _.emit(
        "fully_connected", (rows, _.constant("kernel", matrix.T)), {"keep_dims": len(plan.left_shape) != 2}
    )
    result = _.transpose(_.reshape(dense, plan.shape), plan.order)
    bias = _.array("bias") if bias_axes else None
    if bias is not None:
        result = _.emit("add", (result, _.constant("bias", bias)))
    return activate(_, result, activation)
