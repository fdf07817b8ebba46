"""quantized_lstm: of int8 or int16 data, int8 weights and an int16 cell, as TensorFlow Lite Micro has it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np

from smelt.errors import GraphError, UnsupportedError
from smelt.ir import Array, DType
from smelt.operators.activation.wide import sigmoid_table, table_logistic, table_tanh
from smelt.operators.fixed_point import (
    Int64,
    multiply_by_quantized_multiplier,
    multiply_wide_sum,
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

_GATES = 4
_CELL = 2
"""The gate of new values, between forget and output."""

_TYPES = (
    (DType.S8, DType.S8, DType.S8, DType.S32),
    (DType.S16, DType.S8, DType.S8, DType.S64),
)
"""Of data, kernel, recurrent kernel and bias."""


@dataclass(frozen=True)
class QuantizedLstm:
    """cell_bits: fractional bits of the cell, 0 to 15; cell_clip: its largest magnitude as an integer, 0 for any."""

    cell_bits: int = 15
    cell_clip: int = 0


def _infer(call: Call) -> tuple[TensorType, ...]:
    """Inputs: data [batch, time, features], kernel [4 * units, features], recurrent kernel [4 * units, units], bias
    [4 * units]; the weights with a scale a row, the same for all rows of a gate."""
    data, kernel, recurrent, bias = (call.input(k) for k in range(4))
    units = recurrent.shape[-1]
    fits = (
        len(data.shape) == 3
        and kernel.shape == (_GATES * units, data.shape[2])
        and recurrent.shape == (_GATES * units, units)
        and bias.shape == (_GATES * units,)
    )
    types = tuple(value.dtype for value in (data, kernel, recurrent, bias))
    if not fits or types not in _TYPES:
        raise GraphError(f"{call.node.label}: weights that do not fit '{data.name}' {list(data.shape)}")
    if not 0 <= call.attributes.cell_bits <= 15 or not 0 <= call.attributes.cell_clip <= 32767:
        raise UnsupportedError(f"{call.node.label}: the cell must be of 0 to 15 fractional bits")
    return (TensorType(data.dtype, (*data.shape[:2], units)),)


def _multipliers(call: Call) -> list[tuple[int, int, int, int]]:
    """Of each gate: of data, then of the state.  Source: CreateGateParams in TensorFlow Lite Micro."""
    units = call.input(2).shape[1]
    found = []
    for gate in range(_GATES):
        pairs: list[int] = []
        for source, weights in ((call.input(0), 1), (call.output, 2)):
            scales = call.quantization(call.input(weights)).scales
            scale = scales[gate * units if len(scales) > 1 else 0]
            product = np.float32(call.quantization(source).scale) * np.float32(scale)
            pairs += quantize_multiplier(float(product) * 4096.0)
        found.append((pairs[0], pairs[1], pairs[2], pairs[3]))
    return found


def _saturated(x: Int64) -> Int64:
    return np.clip(x, -32768, 32767)


def _evaluate(call: Call, arrays: Sequence[Array | None]) -> tuple[Array, ...]:
    """State and cell begin at zero.  Source: LstmStep in TensorFlow Lite Micro (kernels/lstm_eval.h)."""
    data, kernel, recurrent, bias = (np.asarray(array, np.int64) for array in arrays)
    result, a = call.quantization(call.output), call.attributes
    units, last = recurrent.shape[1], quantize_multiplier(2.0**-30 / result.scale)
    state = np.full((len(data), units), result.zero_point, np.int64)
    cell = np.zeros_like(state)
    sequence = np.zeros((*data.shape[:2], units), call.output.dtype.numpy)
    low, high = call.output.dtype.integer_range
    is_wide = call.output.dtype is DType.S16
    wrap, scaled = (
        (np.asarray, multiply_wide_sum) if is_wide else (wrap_int32, multiply_by_quantized_multiplier)
    )
    by = np.repeat(np.array(_multipliers(call), np.int64), units, axis=0).T
    for step in range(data.shape[1]):
        of_data = wrap((data[:, step] - call.quantization(call.input(0)).zero_point) @ kernel.T + bias)
        of_state = wrap((state - result.zero_point) @ recurrent.T)
        sums = _saturated(scaled(of_data, by[0], by[1])) + _saturated(scaled(of_state, by[2], by[3]))
        arguments = np.split(3 * _saturated(sums), _GATES, axis=1)
        enter, forget, new, leave = (
            table_tanh(x) if gate == _CELL else table_logistic(x) for gate, x in enumerate(arguments)
        )
        kept = multiply_by_quantized_multiplier(forget * cell, 1 << 30, -14)
        fresh = multiply_by_quantized_multiplier(enter * new, 1 << 30, a.cell_bits - 29)
        cell = _saturated(_saturated(kept) + _saturated(fresh))
        if a.cell_clip:
            cell = np.clip(cell, -a.cell_clip, a.cell_clip)
        opened = multiply_by_quantized_multiplier(_tanh_of_cell(cell, a.cell_bits) * leave, *last)
        state = np.clip(opened + result.zero_point, low, high)
        sequence[:, step] = state
    return (sequence,)


def _tanh_of_cell(cell: Int64, bits: int) -> Int64:
    if bits <= 12:
        return table_tanh(cell * (3 << (12 - bits)))
    return table_tanh((3 * cell + (1 << (bits - 13))) >> (bits - 12))


def _accepts(dtype: DType, call: Call, target: Target) -> bool:
    constant = all(call.constant(k) is not None for k in (1, 2, 3))
    return constant and call.input(0).dtype is dtype


def _lower(call: Call, target: Target) -> Lowering:
    batches, time, features = call.input(0).shape
    result = call.quantization(call.output)
    mantissa, shift = quantize_multiplier(2.0**-30 / result.scale)
    fields: dict[str, int | float | Table | None] = {
        "table": Table("sigmoid", sigmoid_table()),
        "multipliers": Table("multipliers", np.array(_multipliers(call), np.int32).reshape(-1)),
        "batches": batches,
        "time": time,
        "features": features,
        "units": call.output.shape[2],
        "cell_bits": call.attributes.cell_bits,
        "cell_clip": call.attributes.cell_clip,
        "mantissa": mantissa,
        "shift": shift,
        "input_zero_point": call.quantization(call.input(0)).zero_point,
        "zero_point": result.zero_point,
    }
    parameters = Parameters("struct smelt_lstm_parameters", fields)
    return Lowering(
        f"smelt_lstm_{call.output.dtype.value}",
        (Output(), *(Input(k) for k in range(4)), parameters, Scratch()),
    )


def _scratch_bytes(call: Call, target: Target) -> int:
    """The cell and four gates of int16, the state."""
    return (2 * (1 + _GATES) + call.output.dtype.bits // 8) * call.output.shape[2]


def _cost(call: Call) -> Cost:
    batch, time, features = call.input(0).shape
    return Cost(macs=batch * time * call.input(1).shape[0] * (features + call.output.shape[2]))


QUANTIZED_LSTM = Operator(
    name="quantized_lstm",
    summary="long short-term memory of integers with an int16 cell, from states of zero",
    attributes=QuantizedLstm,
    infer=_infer,
    evaluate=_evaluate,
    cost=_cost,
    traits=Traits(quantizable=False),
    kernels=tuple(
        Kernel(
            f"smelt_lstm_{dtype.value}",
            (f"lstm_{dtype.value}.c", f"lstm_steps_{dtype.value}.c"),
            "lstm_integers.h",
            partial(_accepts, dtype),
            _lower,
            scratch_bytes=_scratch_bytes,
        )
        for dtype in (DType.S8, DType.S16)
    ),
)
