"""Elementwise arithmetic on two tensors that broadcast: add, sub, mul."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from smelt.errors import GraphError
from smelt.ir import Array
from smelt.operators.elementwise.arithmetic import float_bounds, quantized_product, quantized_sum
from smelt.operators.elementwise.broadcast import broadcast_shape
from smelt.operators.elementwise.kernels import PRODUCTS, SUMS
from smelt.operators.fixed_point import ACTIVATIONS, Int64
from smelt.operators.integer_binary import integer_kernels
from smelt.operators.operator import Call, Kernel, Operator, TensorType, Traits
from smelt.operators.rows import same_row_needs


@dataclass(frozen=True)
class ElementwiseAttributes:
    """`activation`: applied to the result (none, relu, relu6, relu_n1_to_1)."""

    activation: str = "none"


def _infer(call: Call) -> tuple[TensorType, ...]:
    a, b = call.input(0), call.input(1)
    if call.attributes.activation not in ACTIVATIONS:
        raise GraphError(
            f"{call.node.label}: activation '{call.attributes.activation}' is none of "
            f"{', '.join(ACTIVATIONS)}"
        )
    if a.dtype is not b.dtype:
        raise GraphError(
            f"{call.node.label}: '{a.name}' is {a.dtype.value} and '{b.name}' is {b.dtype.value}; "
            f"they must have one type"
        )
    return (TensorType(a.dtype, broadcast_shape(call)),)


def _evaluate(
    call: Call,
    arrays: Sequence[Array | None],
    *,
    plain: Callable[[Any, Any], Any],
    quantized: Callable[[Call, Int64, Int64], Int64],
) -> tuple[Array, ...]:
    a, b = arrays
    assert a is not None
    assert b is not None
    dtype = call.output.dtype
    if dtype.is_integer and call.output.quantization is not None:
        return (quantized(call, a.astype(np.int64), b.astype(np.int64)).astype(dtype.numpy),)
    result = plain(a, b)
    low, high = ACTIVATIONS[call.attributes.activation]
    if dtype.is_float:
        result = np.clip(result, *float_bounds(call))
    elif call.attributes.activation != "none":
        result = np.clip(result, int(low), int(high) if np.isfinite(high) else dtype.integer_range[1])
    return (np.asarray(result, dtype.numpy),)


def _operator(
    name: str,
    summary: str,
    plain: Callable[[Any, Any], Any],
    quantized: Callable[[Call, Int64, Int64], Int64],
    kernels: tuple[Kernel, ...],
) -> Operator:
    return Operator(
        name=name,
        summary=summary,
        infer=_infer,
        evaluate=partial(_evaluate, plain=plain, quantized=quantized),
        attributes=ElementwiseAttributes,
        traits=Traits(elementwise=True, fuses_activation=True, needs=same_row_needs),
        kernels=(*kernels, *integer_kernels(name)),
    )


ADD = _operator("add", "a + b, then the activation", np.add, quantized_sum, SUMS)
SUB = _operator("sub", "a - b, then the activation", np.subtract, quantized_sum, SUMS)
MUL = _operator("mul", "a * b, then the activation", np.multiply, quantized_product, PRODUCTS)
