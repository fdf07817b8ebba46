"""Cases of the recurrent layers: what they return, directions, biases, states, batches, activations."""

import numpy as np

from smelt.ir import Attribute, DType, Quantization
from smelt.operators.case import Case, Tensor, quantized
from smelt.operators.recurrent import GATES

_FEATURES, _UNITS, _TIME = 3, 4, 5


def _weights(rows: int, *rest: int) -> Tensor:
    shape = (rows, *rest)
    array = np.random.default_rng(rows + sum(rest)).normal(0, 0.5, shape).astype(np.float32)
    return Tensor(DType.F32, shape, None, array)


def _case(
    name: str, operator: str, batch: int = 1, *, bias: bool = True, states: int = 0, **attributes: Attribute
) -> Case:
    rows = GATES[operator] * _UNITS
    data = Tensor(DType.F32, (batch, _TIME, _FEATURES))
    inputs: list[Tensor | None] = [data, _weights(rows, _FEATURES), _weights(rows, _UNITS)]
    if bias or states:
        inputs.append(_weights((2 if attributes.get("reset_after") else 1) * rows) if bias else None)
    inputs += [Tensor(DType.F32, (batch, _UNITS))] * states
    return Case(f"{operator}_{name}_f32", operator, tuple(inputs), attributes)


def _quantized(
    name: str,
    batch: int,
    zero_points: tuple[int, int],
    bias: int = 2000,
    dtype: DType = DType.S8,
    **cell: int,
) -> Case:
    """A scale a gate; the largest sums saturate."""
    rng, rows = np.random.default_rng(batch + len(name)), 4 * _UNITS
    is_wide = dtype is DType.S16
    finer = 256 if is_wide else 1
    inputs = [quantized((batch, _TIME, _FEATURES), 0.03 / finer, zero_points[0], dtype)]
    for columns in (_FEATURES, _UNITS):
        scales = np.repeat(np.array([0.011, 0.02, 0.013, 0.017], np.float32), _UNITS)
        known = Quantization(tuple(float(scale) for scale in scales), (0,) * rows, 0)
        weights = rng.integers(-127, 128, (rows, columns)).astype(np.int8)
        inputs.append(Tensor(DType.S8, weights.shape, known, weights))
    biases = rng.integers(-bias * finer, bias * finer, rows).astype(np.int64 if is_wide else np.int32)
    inputs.append(Tensor(DType.of(biases), (rows,), None, biases))
    result = Quantization.per_tensor(1 / 140 / finer, zero_points[1])
    return Case(f"quantized_lstm_{name}", "quantized_lstm", tuple(inputs), cell, result)


CASES = [
    _quantized("plain", 1, (3, -4)),
    _quantized("batches", 2, (-128, 0), cell_bits=12),
    _quantized("few_cell_bits", 1, (0, 20), cell_bits=9),
    _quantized("clip", 1, (-7, 1), 20000, cell_bits=11, cell_clip=1500),
    _quantized("wide", 2, (0, 0), 2000, DType.S16),
    _quantized("wide_clip", 1, (0, 0), 20000, DType.S16, cell_bits=11, cell_clip=1500),
    *(_case("last", operator) for operator in GATES),
    *(_case("sequence", operator, 2, returns="sequence", bias=False) for operator in GATES),
    *(_case("all_reverse", operator, 2, returns="all", reverse=True, states=1) for operator in GATES),
    _case("states", "lstm", states=2, returns="all"),
    _case("states_without_bias", "lstm", states=2, bias=False),
    _case("hard", "lstm", gate_activation="hard_sigmoid", activation="relu"),
    _case("linear", "rnn", activation="linear"),
    *(
        _case(f"reset_after_{kind}", "gru", 2, reset_after=True, returns=kind)
        for kind in ("last", "sequence")
    ),
    _case("reset_after_without_bias", "gru", reset_after=True, bias=False, returns="sequence"),
]
