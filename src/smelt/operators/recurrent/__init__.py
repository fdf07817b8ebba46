"""Recurrent layers over the second dimension of [batch, time, features]: lstm, gru and rnn, in float32; quantized_lstm.

Gates lie one after the other along the first dimension of the weights: lstm input, forget, cell, output; gru update,
reset, new; rnn one.  Sources: Hochreiter and Schmidhuber 1997; Cho et al. 2014.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from smelt.errors import GraphError
from smelt.ir import Array, DType
from smelt.operators.operator import (
    Call,
    ChannelPairs,
    Cost,
    Input,
    Kernel,
    Lowering,
    Operator,
    Output,
    Parameters,
    Scratch,
    TensorType,
    Traits,
    Weights,
)
from smelt.operators.recurrent.integers import QUANTIZED_LSTM as QUANTIZED_LSTM
from smelt.targets import Target

Numbers = NDArray[Any]
GATES = {"lstm": 4, "gru": 3, "rnn": 1}
ACTIVATIONS = ("tanh", "relu", "logistic", "hard_sigmoid", "linear")
RETURNS = ("sequence", "last", "all")


@dataclass(frozen=True)
class Recurrent:
    """What the layer gives back, and in which direction it goes.

    returns: "sequence": every output [batch, time, units]; "last": the last one [batch, units]; "all": the
    sequence, the last output and, of an lstm, the last cell state.  reverse: from the last time step to the first;
    outputs stand at the step they belong to.  activation: of the new values; gate_activation: of the gates.
    """

    returns: str = "last"
    reverse: bool = False
    activation: str = "tanh"
    gate_activation: str = "logistic"


@dataclass(frozen=True)
class Gru(Recurrent):
    """reset_after: the reset gate is applied to the product with the recurrent weights, which has its own bias."""

    reset_after: bool = False


def _units(call: Call) -> int:
    return call.input(2).shape[1]


def _infer(call: Call) -> tuple[TensorType, ...]:
    """Inputs: data, kernel [gates * units, features], recurrent kernel [gates * units, units], bias, state, cell state.

    The bias is [gates * units], of a gru with reset_after twice that; bias and states may be absent.
    """
    data, kernel, recurrent = (call.input(k) for k in range(3))
    gates, a = GATES[call.node.operator], call.attributes
    if len(data.shape) != 3 or len(kernel.shape) != 2 or len(recurrent.shape) != 2:
        raise GraphError(f"{call.node.label}: needs data [batch, time, features] and two matrices")
    batch, time, features = data.shape
    units = recurrent.shape[1]
    wanted: list[tuple[int, tuple[int, ...]]] = [(1, (gates * units, features)), (2, (gates * units, units))]
    wanted += [(3, ((2 if getattr(a, "reset_after", False) else 1) * gates * units,))] if call.has(3) else []
    wanted += [(k, (batch, units)) for k in (4, 5) if call.has(k)]
    for index, shape in wanted:
        if call.input(index).shape != shape or call.input(index).dtype is not data.dtype:
            raise GraphError(
                f"{call.node.label}: '{call.input(index).name}' is {list(call.input(index).shape)}, needs {list(shape)}"
            )
    if a.returns not in RETURNS or not {a.activation, a.gate_activation} <= set(ACTIVATIONS):
        raise GraphError(
            f"{call.node.label}: returns '{a.returns}' by '{a.activation}', '{a.gate_activation}'"
        )
    if time == 0 or not data.dtype.is_float:
        raise GraphError(f"{call.node.label}: has no meaning for '{data.name}' {list(data.shape)}")
    sequence, last = TensorType(data.dtype, (batch, time, units)), TensorType(data.dtype, (batch, units))
    if a.returns == "all":
        return (sequence, last, last) if call.node.operator == "lstm" else (sequence, last)
    return (sequence if a.returns == "sequence" else last,)


def _activate(kind: str, x: Numbers) -> Numbers:
    if kind == "tanh":
        return np.asarray(np.tanh(x))
    if kind == "relu":
        return np.asarray(np.maximum(x, 0))
    if kind == "logistic":
        small = np.exp(-np.abs(x))
        return np.asarray(np.where(x >= 0, 1, small) / (1 + small))
    if kind == "hard_sigmoid":
        return np.asarray(np.clip(x * x.dtype.type(0.2) + x.dtype.type(0.5), 0, 1))
    return x


Step = Callable[[Call, list[Numbers], Numbers, Numbers, Numbers], tuple[Numbers, Numbers]]
"""(call, arrays, x of one time step, state, cell state) → new state and cell state."""


def _lstm_step(
    call: Call, arrays: list[Numbers], x: Numbers, state: Numbers, cell: Numbers
) -> tuple[Numbers, Numbers]:
    kernel, recurrent, bias = arrays
    i, f, g, o = np.split(x @ kernel.T + state @ recurrent.T + bias, 4, axis=1)
    gate, new = call.attributes.gate_activation, call.attributes.activation
    cell = _activate(gate, f) * cell + _activate(gate, i) * _activate(new, g)
    return _activate(gate, o) * _activate(new, cell), cell


def _gru_step(
    call: Call, arrays: list[Numbers], x: Numbers, state: Numbers, cell: Numbers
) -> tuple[Numbers, Numbers]:
    kernel, recurrent, bias = arrays
    units, a = _units(call), call.attributes
    from_input, from_state = x @ kernel.T + bias[: 3 * units], state @ recurrent.T
    if a.reset_after:
        from_state = from_state + bias[3 * units :]
    gates = _activate(a.gate_activation, from_input[:, : 2 * units] + from_state[:, : 2 * units])
    update, reset = gates[:, :units], gates[:, units:]
    after, before = from_state[:, 2 * units :], recurrent[2 * units :].T
    candidate = reset * after if a.reset_after else (reset * state) @ before
    new = _activate(a.activation, from_input[:, 2 * units :] + candidate)
    return update * state + (1 - update) * new, cell


def _rnn_step(
    call: Call, arrays: list[Numbers], x: Numbers, state: Numbers, cell: Numbers
) -> tuple[Numbers, Numbers]:
    kernel, recurrent, bias = arrays
    return _activate(call.attributes.activation, x @ kernel.T + state @ recurrent.T + bias), cell


def _evaluate(call: Call, arrays: Sequence[Array | None], *, step: Step) -> tuple[Array, ...]:
    data, kernel, recurrent, bias, state, cell = (*arrays, None, None, None)[:6]
    assert data is not None
    assert kernel is not None
    assert recurrent is not None
    batch, time, _ = data.shape
    zeros: Numbers = np.zeros((batch, _units(call)), data.dtype)
    parts = [kernel, recurrent, np.zeros(len(kernel) * 2, data.dtype) if bias is None else bias]
    if bias is None and not getattr(call.attributes, "reset_after", False):
        parts[2] = parts[2][: len(kernel)]
    h, c = (zeros if s is None else s for s in (state, cell))
    sequence: Numbers = np.zeros((batch, time, zeros.shape[1]), data.dtype)
    a = call.attributes
    for at in reversed(range(time)) if a.reverse else range(time):
        h, c = step(call, parts, data[:, at], h, c)
        sequence[:, at] = h
    last = [np.asarray(h, data.dtype), np.asarray(c, data.dtype)]
    if a.returns == "all":
        return (sequence, *last[: 2 if call.node.operator == "lstm" else 1])
    return (sequence if a.returns == "sequence" else last[0],)


def _cost(call: Call) -> Cost:
    batch, time, features = call.input(0).shape
    return Cost(macs=batch * time * call.input(1).shape[0] * (features + _units(call)))


def _channels(call: Call) -> tuple[ChannelPairs | None, ...]:
    """States belong to the units; a unit may depend on any of the data's channels."""
    units = np.stack([np.arange(_units(call))] * 2, axis=1)
    return tuple(units if index >= 4 and call.has(index) else None for index in range(len(call.inputs)))


def _accepts(call: Call, target: Target) -> bool:
    return all(value is None or value.dtype is DType.F32 for value in call.inputs)


def _lower(call: Call, target: Target) -> Lowering:
    batch, time, features = call.input(0).shape
    a, operator = call.attributes, call.node.operator
    fields: dict[str, int | float] = {
        "batches": batch,
        "time": time,
        "features": features,
        "units": _units(call),
        "reverse": int(a.reverse),
        "activation": ACTIVATIONS.index(a.activation),
        "gate_activation": ACTIVATIONS.index(a.gate_activation),
        "reset_after": int(getattr(a, "reset_after", False)),
    }
    sequence, last, cell = {
        "sequence": (Output(0), None, None),
        "last": (None, Output(0), None),
        "all": (Output(0), Output(1), Output(2) if operator == "lstm" else None),
    }[a.returns]
    inputs = [Input(k) if call.has(k) else None for k in range(6 if operator == "lstm" else 5)]
    outputs = (sequence, last, cell) if operator == "lstm" else (sequence, last)
    parameters = Parameters("struct smelt_recurrent_f32_parameters", {**fields})
    return Lowering(f"smelt_{operator}_f32", (*outputs, *inputs, parameters, Scratch()))


def _scratch_bytes(call: Call, target: Target) -> int:
    """State and cell state of one sample, and all gates twice."""
    return 4 * (2 + 2 * GATES[call.node.operator]) * _units(call)


def _operator(name: str, summary: str, step: Step, attributes: type[Any] = Recurrent) -> Operator:
    return Operator(
        name=name,
        summary=summary,
        attributes=attributes,
        infer=_infer,
        evaluate=partial(_evaluate, step=step),
        cost=_cost,
        traits=Traits(
            quantizable=False,
            channels=_channels,
            units=Weights(input=1, channel_axis=0, bias=3, data_axis=1, gates=GATES[name], recurrent=2),
        ),
        kernels=(
            Kernel(
                name=f"smelt_{name}_f32",
                sources=(f"{name}_f32.c", "recurrent_f32.c"),
                header="recurrent.h",
                accepts=_accepts,
                lower=_lower,
                scratch_bytes=_scratch_bytes,
            ),
        ),
    )


LSTM = _operator("lstm", "long short-term memory", _lstm_step)
GRU = _operator("gru", "gated recurrent units", _gru_step, Gru)
RNN = _operator("rnn", "a fully connected recurrent layer", _rnn_step)
