"""Elementwise arithmetic on two tensors that broadcast: add, sub, mul."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from smelt.errors import GraphError
from smelt.ir import Array, DType
from smelt.operators.elementwise.arithmetic import (
    product_multiplier,
    quantized_product,
    quantized_sum,
    sum_of,
)
from smelt.operators.elementwise.broadcast import OUTER_LOOPS, Layout, broadcast_shape, layout_of
from smelt.operators.fixed_point import ACTIVATIONS, Int64, activation_bounds
from smelt.operators.operator import (
    Call,
    Input,
    Kernel,
    Lowering,
    Operator,
    Output,
    Parameters,
    Table,
    TensorType,
    Traits,
    equal_inputs,
)
from smelt.operators.rows import same_row_needs
from smelt.targets import Target

Fields = dict[str, int | float | Table | None]


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
        result = np.clip(result, *_float_bounds(call))
    elif call.attributes.activation != "none":
        result = np.clip(result, int(low), int(high) if np.isfinite(high) else dtype.integer_range[1])
    return (np.asarray(result, dtype.numpy),)


def _float_bounds(call: Call) -> tuple[float, float]:
    """Finite bounds, as TFLite has them: an infinite result becomes the largest float."""
    largest = float(np.finfo(call.output.dtype.numpy.name).max)
    low, high = ACTIVATIONS[call.attributes.activation]
    return max(low, -largest), min(high, largest)


def _row_fields(layout: Layout) -> Fields:
    return {"count": layout.count, "step_a": layout.steps[0], "step_b": layout.steps[1]}


def _zero_points(call: Call) -> Fields:
    return {
        "zero_point_a": call.quantization(call.input(0)).zero_point,
        "zero_point_b": call.quantization(call.input(1)).zero_point,
    }


def _output_s8(call: Call) -> Fields:
    result = call.quantization(call.output)
    low, high = activation_bounds(call.attributes.activation, result, call.output.dtype)
    return {"zero_point": result.zero_point, "low": low, "high": high}


def _add_s8(call: Call) -> Fields:
    constants = sum_of(call)
    return {
        **_zero_points(call),
        "mantissa_a": constants.multiplier_a[0],
        "divide_a": -constants.multiplier_a[1],
        "mantissa_b": constants.multiplier_b[0],
        "divide_b": -constants.multiplier_b[1],
        "sign_b": constants.sign,
        "mantissa": constants.multiplier[0],
        "divide": -constants.multiplier[1],
        **_output_s8(call),
    }


def _mul_s8(call: Call) -> Fields:
    mantissa, shift = product_multiplier(call)
    return {**_zero_points(call), "mantissa": mantissa, "shift": shift, **_output_s8(call)}


def _add_f32(call: Call) -> Fields:
    low, high = _float_bounds(call)
    return {"sign_b": -1.0 if call.node.operator == "sub" else 1.0, "low": low, "high": high}


def _mul_f32(call: Call) -> Fields:
    low, high = _float_bounds(call)
    return {"low": low, "high": high}


def _layout(call: Call) -> Layout:
    return layout_of(call.input(0).shape, call.input(1).shape)


def _accepts(dtype: DType, most_loops: int, call: Call, target: Target) -> bool:
    same = call.input(0).dtype is call.input(1).dtype is call.output.dtype is dtype
    return same and len(_layout(call).loops) <= most_loops


def _lower(stem: str, fields: Callable[[Call], Fields], call: Call, target: Target) -> Lowering:
    parameters = Parameters(f"struct smelt_{stem}_parameters", {**_row_fields(_layout(call)), **fields(call)})
    return Lowering(f"smelt_{stem}", (Output(), Input(0), Input(1), parameters))


def _lower_broadcast(
    stem: str, function: str, fields: Callable[[Call], Fields], call: Call, target: Target
) -> Lowering:
    row = _lower(stem, fields, call, target)
    return Lowering(function, (*row.arguments, Table("broadcast", _layout(call).table())))


def _kernels(operation: str, dtype: DType, fields: Callable[[Call], Fields]) -> tuple[Kernel, ...]:
    """The kernel of one row, which alone serves equal shapes and scalars, and that which repeats it."""
    stem, repeated = f"{operation}_{dtype.value}", f"{operation}_broadcast_{dtype.value}"
    return (
        Kernel(
            name=f"smelt_{stem}",
            sources=(f"{stem}.c",),
            header="elementwise.h",
            accepts=partial(_accepts, dtype, 0),
            lower=partial(_lower, stem, fields),
            ascending=True,
            in_place=equal_inputs,
            row_by_row=True,
        ),
        Kernel(
            name=f"smelt_{repeated}",
            sources=(f"{repeated}.c", f"{stem}.c"),
            header="elementwise.h",
            accepts=partial(_accepts, dtype, OUTER_LOOPS),
            lower=partial(_lower_broadcast, stem, f"smelt_{repeated}", fields),
        ),
    )


def _accepts_add_mve(call: Call, target: Target) -> bool:
    return target.has("mve") and _accepts(DType.S8, 0, call, target) and tuple(_layout(call).steps) == (1, 1)


def _lower_add_mve(call: Call, target: Target) -> Lowering:
    return Lowering("smelt_add_s8__arm_mve", _lower("add_s8", _add_s8, call, target).arguments)


_ADD_MVE = Kernel(
    name="smelt_add_s8__arm_mve",
    sources=("add_s8__arm_mve.c",),
    header="elementwise__arm_mve.h",
    accepts=_accepts_add_mve,
    lower=_lower_add_mve,
    ascending=True,
    in_place=equal_inputs,
)
_SUMS = (_ADD_MVE, *_kernels("add", DType.S8, _add_s8), *_kernels("add", DType.F32, _add_f32))
_PRODUCTS = (*_kernels("mul", DType.S8, _mul_s8), *_kernels("mul", DType.F32, _mul_f32))


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
        kernels=kernels,
    )


ADD = _operator("add", "a + b, then the activation", np.add, quantized_sum, _SUMS)
SUB = _operator("sub", "a - b, then the activation", np.subtract, quantized_sum, _SUMS)
MUL = _operator("mul", "a * b, then the activation", np.multiply, quantized_product, _PRODUCTS)
