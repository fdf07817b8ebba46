"""Activations: the clamps relu, relu6, relu_n1_to_1; leaky_relu, logistic, tanh.

An int8 activation is a function of 256 inputs: where it is no plain clamp, the device looks it up.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from smelt.errors import UnsupportedError
from smelt.ir import Array, DType
from smelt.operators.activation import wide
from smelt.operators.activation.lookup import Response, lookup_kernel
from smelt.operators.activation.responses import (
    FIXED_OUTPUT,
    clamp_response,
    hard_swish_response,
    leaky_relu_response,
    logistic_response,
    tanh_response,
)
from smelt.operators.fixed_point import ACTIVATIONS, activation_bounds
from smelt.operators.operator import (
    Call,
    Input,
    Kernel,
    Lowering,
    NoAttributes,
    Operator,
    Output,
    Parameters,
    TensorType,
    Traits,
    equal_inputs,
)
from smelt.operators.rows import same_row_needs
from smelt.targets import Target

Real = NDArray[np.floating[Any]]
Curve = Callable[[Call, Real], Real]


@dataclass(frozen=True)
class LeakyReluAttributes:
    """`alpha`: the slope for negative inputs."""

    alpha: float = 0.01


def _infer(call: Call) -> tuple[TensorType, ...]:
    value = call.input(0)
    return (TensorType(value.dtype, value.shape),)


def _evaluate(
    call: Call, arrays: Sequence[Array | None], *, curve: Curve, response: Response
) -> tuple[Array, ...]:
    (x,) = arrays
    assert x is not None
    if call.input(0).dtype.is_float:
        return (curve(call, cast(Real, x)).astype(x.dtype),)
    if not call.input(0).dtype.is_integer:
        raise UnsupportedError(f"{call.node.label}: has no meaning for {call.input(0).dtype.value}")
    return (response(call, x.astype(np.int64)).astype(x.dtype),)


def _float_bounds(call: Call) -> tuple[float, float]:
    """Finite bounds, as C has them in its tables: relu of infinity is the largest float."""
    largest = float(np.finfo(call.input(0).dtype.numpy.name).max)
    low, high = ACTIVATIONS[call.node.operator]
    return max(low, -largest), min(high, largest)


def _clamp(call: Call, x: Real) -> Real:
    return np.asarray(np.clip(x, *_float_bounds(call)))


def _leaky_relu(call: Call, x: Real) -> Real:
    return np.where(x > 0, x, x * x.dtype.type(call.attributes.alpha))


def _logistic(call: Call, x: Real) -> Real:
    # exp of the negative magnitude never overflows; the other half follows from 1 - logistic(-x).
    small = np.exp(-np.abs(x))
    return np.asarray(np.where(x >= 0, 1, small) / (1 + small))


def _hard_swish(call: Call, x: Real) -> Real:
    return np.asarray(x * np.clip(x + 3, 0, 6) / 6)


def _tanh(call: Call, x: Real) -> Real:
    return np.asarray(np.tanh(x))


def _types_are(dtype: DType, call: Call, target: Target) -> bool:
    return call.input(0).dtype is dtype and call.output.dtype is dtype


def _clamps_only(call: Call, target: Target) -> bool:
    return _types_are(DType.S8, call, target) and call.input(0).quantization == call.output.quantization


def _lower_relu_s8(call: Call, target: Target) -> Lowering:
    result = call.quantization(call.output)
    low, high = activation_bounds(call.node.operator, result, call.output.dtype)
    fields = {"count": call.output.elements, "low": low, "high": high}
    return Lowering(
        "smelt_relu_s8", (Output(), Input(0), Parameters("struct smelt_relu_s8_parameters", fields))
    )


def _lower_relu_f32(call: Call, target: Target) -> Lowering:
    low, high = _float_bounds(call)
    fields = {"count": call.output.elements, "low": low, "high": high}
    return Lowering(
        "smelt_relu_f32", (Output(), Input(0), Parameters("struct smelt_relu_f32_parameters", fields))
    )


def _lower_leaky_relu_f32(call: Call, target: Target) -> Lowering:
    fields = {"count": call.output.elements, "alpha": float(np.float32(call.attributes.alpha))}
    parameters = Parameters("struct smelt_leaky_relu_f32_parameters", fields)
    return Lowering("smelt_leaky_relu_f32", (Output(), Input(0), parameters))


def _lower_plain_f32(function: str, call: Call, target: Target) -> Lowering:
    return Lowering(function, (Output(), Input(0), call.output.elements))


def _f32(stem: str, lower: Callable[[Call, Target], Lowering]) -> Kernel:
    return Kernel(
        name=f"smelt_{stem}_f32",
        sources=(f"{stem}_f32.c",),
        header="activation.h",
        accepts=partial(_types_are, DType.F32),
        lower=lower,
        ascending=True,
        in_place=equal_inputs,
        row_by_row=True,
    )


_RELU_S8 = Kernel(
    name="smelt_relu_s8",
    sources=("relu_s8.c",),
    header="activation.h",
    accepts=_clamps_only,
    lower=_lower_relu_s8,
    ascending=True,
    in_place=equal_inputs,
    row_by_row=True,
)


def _operator(
    name: str,
    summary: str,
    curve: Curve,
    response: Response,
    kernels: tuple[Kernel, ...],
    attributes: type = NoAttributes,
) -> Operator:
    fixed = FIXED_OUTPUT.get(name)
    return Operator(
        name=name,
        summary=summary,
        infer=_infer,
        evaluate=partial(_evaluate, curve=curve, response=response),
        attributes=attributes,
        traits=Traits(
            elementwise=True,
            needs=same_row_needs,
            activation=name if name in ACTIVATIONS else None,
            fixed_output=fixed.__getitem__ if fixed else None,
            int8_only=name == "hard_swish",
        ),
        kernels=kernels,
    )


def _clamping(name: str, summary: str) -> Operator:
    kernels = (_RELU_S8, lookup_kernel(clamp_response), wide.CLAMP, _f32("relu", _lower_relu_f32))
    return _operator(name, summary, _clamp, clamp_response, kernels)


RELU = _clamping("relu", "max(x, 0)")
RELU6 = _clamping("relu6", "x clamped to 0 .. 6")
RELU_N1_TO_1 = _clamping("relu_n1_to_1", "x clamped to -1 .. 1")
LEAKY_RELU = _operator(
    "leaky_relu",
    "x where x > 0, else alpha * x",
    _leaky_relu,
    leaky_relu_response,
    (lookup_kernel(leaky_relu_response), wide.LEAKY_RELU, _f32("leaky_relu", _lower_leaky_relu_f32)),
    LeakyReluAttributes,
)
LOGISTIC = _operator(
    "logistic",
    "1 / (1 + exp(-x))",
    _logistic,
    logistic_response,
    (
        lookup_kernel(logistic_response),
        wide.LOGISTIC,
        _f32("logistic", partial(_lower_plain_f32, "smelt_logistic_f32")),
    ),
)
TANH = _operator(
    "tanh",
    "hyperbolic tangent",
    _tanh,
    tanh_response,
    (
        lookup_kernel(tanh_response),
        wide.TANH,
        _f32("tanh", partial(_lower_plain_f32, "smelt_tanh_f32")),
    ),
)
HARD_SWISH = _operator(
    "hard_swish",
    "x * relu6(x + 3) / 6",
    _hard_swish,
    hard_swish_response,
    (
        lookup_kernel(hard_swish_response),
        _f32("hard_swish", partial(_lower_plain_f32, "smelt_hard_swish_f32")),
    ),
)
