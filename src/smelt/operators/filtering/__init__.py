"""svdf: filters over features, then over the last steps of time, whose products are kept from call to call."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from smelt.errors import GraphError, UnsupportedError
from smelt.ir import Array, DType
from smelt.operators.convolution.outputs import float_bounds
from smelt.operators.fixed_point import (
    ACTIVATIONS,
    multiply_by_quantized_multiplier,
    quantize_multiplier,
    wrap_int32,
)
from smelt.operators.operator import (
    Call,
    Cost,
    Input,
    Kernel,
    Lowering,
    Operator,
    Output,
    Parameters,
    Scratch,
    Table,
    TensorType,
    Traits,
)
from smelt.targets import Target

Fields = dict[str, int | float | Table | None]


@dataclass(frozen=True)
class Svdf:
    """rank: filters that are summed for an output; activation: a fused clamp, of real numbers only.

    state_scale, state_zero_point: what products with features are quantized to, of the type of the weights of time.
    """

    rank: int = 1
    activation: str = "none"
    state_scale: float = 1.0
    state_zero_point: int = 0


@dataclass(frozen=True)
class _Sizes:
    batches: int
    inputs: int
    filters: int
    memory: int


def _sizes(call: Call) -> _Sizes:
    return _Sizes(*call.input(0).shape, *call.input(2).shape)


def _infer(call: Call) -> tuple[TensorType, ...]:
    data, features, time, a = call.input(0), call.input(1), call.input(2), call.attributes
    if any(len(value.shape) != 2 for value in (data, features, time)):
        raise GraphError(f"{call.node.label}: data and weights must be matrices")
    sizes = _sizes(call)
    if (
        features.shape != (sizes.filters, sizes.inputs)
        or a.rank < 1
        or sizes.filters % a.rank
        or not sizes.memory
    ):
        raise GraphError(
            f"{call.node.label}: weights {list(features.shape)} and {list(time.shape)} and rank {a.rank} do not fit "
            f"'{data.name}' {list(data.shape)}"
        )
    types = tuple(value.dtype for value in (data, features, time))
    if types not in _KERNELS or (call.has(3) and call.input(3).shape != (sizes.filters // a.rank,)):
        raise UnsupportedError(
            f"{call.node.label}: has no meaning for these types, or another bias than one a unit"
        )
    if a.activation not in ACTIVATIONS or (a.activation != "none" and not data.dtype.is_float):
        raise UnsupportedError(f"{call.node.label}: the activation '{a.activation}' is not supported")
    return (TensorType(data.dtype, (sizes.batches, sizes.filters // a.rank)),)


def _evaluate(call: Call, arrays: Sequence[Array | None]) -> tuple[Array, ...]:
    """The state begins at zero, so that only the last column of the weights of time counts.

    Source: EvalIntegerSvdfReference in TensorFlow Lite Micro, of which older releases let an int8 state wrap around
    where its zero point is added; here it saturates, as in newer ones.
    """
    data, features, time, *rest = arrays
    assert data is not None
    assert features is not None
    assert time is not None
    bias = rest[0] if rest else None
    units = (data.shape[0], -1, call.attributes.rank)
    if call.input(0).dtype.is_float:
        kept_last = data.astype(np.float64) @ features.T.astype(np.float64)
        sums = (kept_last * time[:, -1].astype(np.float64)).reshape(units).sum(axis=2)
        real = sums if bias is None else sums + bias
        return (np.clip(real, *float_bounds(call.attributes.activation)).astype(np.float32),)
    of_state, of_output = _multipliers(call)
    centred = data.astype(np.int64) - call.quantization(call.input(0)).zero_point
    zero_point, (low, high) = call.attributes.state_zero_point, call.input(2).dtype.integer_range
    products = multiply_by_quantized_multiplier(wrap_int32(centred @ features.T.astype(np.int64)), *of_state)
    kept = np.clip(products + zero_point, low, high) - zero_point
    totals = (kept * time[:, -1].astype(np.int64)).reshape(units).sum(axis=2)
    biased = wrap_int32(totals + (0 if bias is None else bias.astype(np.int64)))
    result = multiply_by_quantized_multiplier(biased, *of_output) + call.quantization(call.output).zero_point
    return (np.clip(result, -128, 127).astype(np.int8),)


def _multipliers(call: Call) -> tuple[tuple[int, int], tuple[int, int]]:
    """Those to the state and to the output, computed in float32.  Source: PrepareSvdf in TensorFlow Lite Micro."""
    data, features, time = (np.float32(call.quantization(call.input(k)).scale) for k in range(3))
    state, result = np.float32(call.attributes.state_scale), np.float32(call.quantization(call.output).scale)
    return quantize_multiplier(float(data * features / state)), quantize_multiplier(
        float(state * time / result)
    )


def _accepts(types: tuple[DType, DType, DType]) -> Callable[[Call, Target], bool]:
    def accepts(call: Call, target: Target) -> bool:
        constant = all(call.constant(k) is not None for k in (1, 2)) and (
            not call.has(3) or call.constant(3) is not None
        )
        return constant and tuple(call.input(k).dtype for k in range(3)) == types

    return accepts


def _lower(call: Call, target: Target) -> Lowering:
    types, sizes, bias = tuple(call.input(k).dtype for k in range(3)), _sizes(call), call.constant(3)
    kind = _KERNELS[types]
    fields: Fields = {
        "walk.batches": sizes.batches,
        "walk.inputs": sizes.inputs,
        "walk.filters": sizes.filters,
        "walk.rank": call.attributes.rank,
        "walk.memory": sizes.memory,
        "walk.fresh": 1,
        "bias": None if bias is None else Table("bias", bias),
    }
    if types[0].is_float:
        low, high = float_bounds(call.attributes.activation)
        fields |= {"low": low, "high": high}
    else:
        of_state, of_output = _multipliers(call)
        fields |= {
            "state_mantissa": of_state[0],
            "state_shift": of_state[1],
            "mantissa": of_output[0],
            "shift": of_output[1],
            "input_zero_point": call.quantization(call.input(0)).zero_point,
            "state_zero_point": call.attributes.state_zero_point,
            "zero_point": call.quantization(call.output).zero_point,
        }
    parameters = Parameters(f"struct smelt_svdf_{types[0].value}_parameters", fields)
    return Lowering(f"smelt_svdf_{kind}", (Output(), Input(0), Input(1), Input(2), parameters, Scratch()))


def _state_bytes(call: Call, target: Target) -> int:
    sizes = _sizes(call)
    return sizes.batches * sizes.filters * sizes.memory * call.input(2).dtype.bits // 8


def _cost(call: Call) -> Cost:
    sizes = _sizes(call)
    return Cost(macs=sizes.batches * sizes.filters * (sizes.inputs + sizes.memory))


_KERNELS: dict[tuple[DType, ...], str] = {
    (DType.F32, DType.F32, DType.F32): "f32",
    (DType.S8, DType.S8, DType.S8): "s8",
    (DType.S8, DType.S8, DType.S16): "s8_s16",
}
"""Types of data, of the weights of features and of time, and the name of their kernel."""

SVDF = Operator(
    name="svdf",
    summary="filters over features, then over the last steps of time, of a state that begins at zero",
    attributes=Svdf,
    infer=_infer,
    evaluate=_evaluate,
    cost=_cost,
    traits=Traits(quantizable=False),
    kernels=tuple(
        Kernel(
            f"smelt_svdf_{kind}",
            (f"svdf_{kind}.c",),
            "svdf.h",
            _accepts((types[0], types[1], types[2])),
            _lower,
            scratch_bytes=_state_bytes,
        )
        for types, kind in _KERNELS.items()
    ),
)
