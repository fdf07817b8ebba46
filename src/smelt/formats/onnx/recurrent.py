"""ONNX's recurrent layers.  Their gates come in another order than smelt's, and time before batch."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from smelt.errors import FormatError, UnsupportedError
from smelt.formats.channels_first.layout import Tensor, natural
from smelt.formats.channels_first.rearranging import concatenation, part, reshape, transpose
from smelt.formats.channels_first.translation import Result, Results, Surroundings, held, kept, weights
from smelt.formats.onnx.schema import Table
from smelt.ir import Array, Attribute

ROWS = Table()
"""What reads a recurrent layer."""

_ACTIVATIONS = {
    "tanh": "tanh", "relu": "relu", "sigmoid": "logistic", "hardsigmoid": "hard_sigmoid",
}  # fmt: skip
_GATES: Mapping[str, tuple[int, ...]] = {"lstm": (0, 2, 3, 1), "gru": (0, 1, 2), "rnn": (0,)}
"""For each of smelt's gates, its place in ONNX."""

_DEFAULTS = {"lstm": ("Sigmoid", "Tanh", "Tanh"), "gru": ("Sigmoid", "Tanh"), "rnn": ("Tanh",)}
_DIRECTIONS = {"forward": (False,), "reverse": (True,), "bidirectional": (False, True)}


@dataclass(frozen=True)
class _Layer:
    """The inputs and attributes that the three operators share."""

    operator: str
    x: str
    w: str
    r: str
    b: str | None
    sequence_lens: str | None
    states: tuple[str | None, ...]
    activations: Sequence[str] | None
    direction: str
    batch_first: bool
    reset_after: bool = False


def _check(_: Surroundings, layer: _Layer, hidden_size: int | None) -> tuple[bool, ...]:
    """Whether each direction goes backwards; FormatError or UnsupportedError for what cannot be read."""
    x, w, r = (_.tensor(name) for name in (layer.x, layer.w, layer.r))
    if layer.direction not in _DIRECTIONS:
        raise FormatError(f"{_.label}: direction is '{layer.direction}'")
    reverses = _DIRECTIONS[layer.direction]
    count, gates = len(reverses), len(_GATES[layer.operator])
    units = r.shape[-1] if r.rank == 3 else 0
    fitting = x.rank == 3 and w.shape == (count, gates * units, x.shape[-1])
    if not fitting or r.shape != (count, gates * units, units) or hidden_size not in (None, units):
        raise FormatError(
            f"{_.label}: weights {list(w.shape)} and {list(r.shape)} do not fit '{layer.x}' {list(x.shape)}"
        )
    if layer.b is not None and _.tensor(layer.b).shape != (count, 2 * gates * units):
        raise FormatError(f"{_.label}: bias '{layer.b}' is {list(_.tensor(layer.b).shape)}")
    if layer.sequence_lens is not None:
        time = x.shape[1 if layer.batch_first else 0]
        if np.any(_.constant(layer.sequence_lens) != time):
            raise UnsupportedError(
                f"{_.label}: sequences shorter than {time} (sequence_lens) are not supported"
            )
    return reverses


def _activations(_: Surroundings, layer: _Layer, place: int) -> dict[str, Attribute]:
    """smelt's attributes for the activations of a direction."""
    defaults = _DEFAULTS[layer.operator]
    names = layer.activations or defaults * len(_DIRECTIONS[layer.direction])
    own = [name.lower() for name in names[place * len(defaults) : (place + 1) * len(defaults)]]
    if unknown := [name for name in own if name not in _ACTIVATIONS]:
        raise UnsupportedError(f"{_.label}: the activation '{unknown[0]}' is not supported")
    if len(own) != len(defaults) or len(set(own[1:])) > 1:
        raise UnsupportedError(f"{_.label}: the activations {list(names)} are not supported together")
    last = _ACTIVATIONS[own[-1]]
    return (
        {"activation": last}
        if len(own) == 1
        else {"activation": last, "gate_activation": _ACTIVATIONS[own[0]]}
    )


def _gates(operator: str, place: int, array: Array) -> Array:
    """A direction's part of a weight or bias, [directions, gates * units, …], its gates in smelt's order."""
    own = array[place]
    order = list(_GATES[operator])
    parts = own.reshape(len(order), -1, *own.shape[1:])
    return np.ascontiguousarray(parts[order]).reshape(own.shape)


def _bias(_: Surroundings, layer: _Layer, place: int) -> str | None:
    """The biases of input and state: their sum, or one after the other where the reset gate comes between."""
    if layer.b is None:
        return None
    array = weights(_, _.tensor(layer.b))
    both = np.split(array, 2, axis=1)
    gates = [_gates(layer.operator, place, half) for half in both]
    first, second = (half.astype(np.float32) for half in gates)
    value = np.concatenate([first, second]) if layer.reset_after else first + second
    return _.store(layer.b, (layer.b, layer.operator, layer.reset_after, place), lambda: value)


def _state(_: Surroundings, layer: _Layer, name: str | None, place: int) -> str | None:
    """A direction's initial state [batch, units]; None where it is zero."""
    if name is None:
        return None
    x, axis = _.tensor(name), 1 if layer.batch_first else 0
    if x.rank != 3:
        raise FormatError(f"{_.label}: the initial state '{name}' is {list(x.shape)}")
    if x.array is not None and not np.any(x.array):
        return None
    spans = [(place, place + 1, 1) if k == axis else (0, size, 1) for k, size in enumerate(x.shape)]
    own = kept(_, part(_, x, spans))
    flat = kept(_, reshape(_, own, tuple(size for k, size in enumerate(own.shape) if k != axis)))
    return _.place(flat, natural(flat.shape))


def _layer(_: Surroundings, layer: _Layer, hidden_size: int | None) -> Results:
    reverses = _check(_, layer, hidden_size)
    data = _.tensor(layer.x)
    if not layer.batch_first:
        data = kept(_, transpose(_, data, (1, 0, 2)))
    directions = [_direction(_, layer, data, place, reverse) for place, reverse in enumerate(reverses)]
    results: list[Result | None] = [_sequence(_, layer, [d[0] for d in directions])]
    results += [_last(_, layer, [d[k] for d in directions]) for k in range(1, len(directions[0]))]
    return tuple(results)


def _direction(_: Surroundings, layer: _Layer, data: Tensor, place: int, reverse: bool) -> tuple[Tensor, ...]:
    """The sequence [batch, time, units], the last state, and of an lstm the last cell state, [batch, units]."""
    operator = layer.operator
    matrices = []
    for name in (layer.w, layer.r):
        weights(_, _.tensor(name))
        key = (name, "gates", operator, place)
        matrices.append(_.rearranged(_.tensor(name), key, lambda array: _gates(operator, place, array)))
    states = [_state(_, layer, name, place) for name in layer.states]
    attributes = {"returns": "all", "reverse": reverse, **_activations(_, layer, place)}
    if operator == "gru":
        attributes["reset_after"] = layer.reset_after
    inputs = (_.place(data, natural(data.shape)), *matrices, _bias(_, layer, place), *states)
    made = _.emit_all(operator, inputs, attributes)
    return tuple(held(data, name, natural(_.shape(name))) for name in made)


def _sequence(_: Surroundings, layer: _Layer, directions: Sequence[Tensor]) -> Result:
    """Y: [time, directions, batch, units], or [batch, time, directions, units]."""
    batch, time, units = directions[0].shape
    count = len(directions)
    joined = directions[0] if count == 1 else kept(_, concatenation(_, directions, 2))
    if layer.batch_first:
        return reshape(_, joined, (batch, time, count, units))
    # In two steps, each of which what exporters write behind the layer takes back.
    turned = kept(_, transpose(_, joined, (1, 0, 2)))
    if count == 1:
        return reshape(_, turned, (time, 1, batch, units))
    return transpose(_, kept(_, reshape(_, turned, (time, batch, count, units))), (0, 2, 1, 3))


def _last(_: Surroundings, layer: _Layer, directions: Sequence[Tensor]) -> Result:
    """Y_h or Y_c: [directions, batch, units], or [batch, directions, units]."""
    batch, units = directions[0].shape
    axis = 1 if layer.batch_first else 0
    shape = (batch, 1, units) if layer.batch_first else (1, batch, units)
    parts = [kept(_, reshape(_, direction, shape)) for direction in directions]
    return parts[0] if len(parts) == 1 else concatenation(_, parts, axis)


def _refuse(_: Surroundings, **given: object) -> None:
    for name, value in given.items():
        if value:
            raise UnsupportedError(f"{_.label}: '{name}' is not supported")


@ROWS.reads("LSTM", since=7)
def _lstm(
    _: Surroundings, x: str, w: str, r: str, b: str | None = None, sequence_lens: str | None = None,
    initial_h: str | None = None, initial_c: str | None = None, p: str | None = None, *,
    activation_alpha: Sequence[float] | None = None, activation_beta: Sequence[float] | None = None,
    activations: Sequence[str] | None = None, clip: float | None = None, direction: str = "forward",
    hidden_size: int | None = None, input_forget: int = 0, layout: int = 0,
) -> Results:  # fmt: skip
    peepholes = p is not None and bool(np.any(_.constant(p)))
    _refuse(
        _, activation_alpha=activation_alpha, activation_beta=activation_beta, clip=clip,
        input_forget=input_forget, peepholes=peepholes,
    )  # fmt: skip
    states = (initial_h, initial_c)
    layer = _Layer("lstm", x, w, r, b, sequence_lens, states, activations, direction, bool(layout))
    return _layer(_, layer, hidden_size)


@ROWS.reads("GRU", since=7)
def _gru(
    _: Surroundings, x: str, w: str, r: str, b: str | None = None, sequence_lens: str | None = None,
    initial_h: str | None = None, *,
    activation_alpha: Sequence[float] | None = None, activation_beta: Sequence[float] | None = None,
    activations: Sequence[str] | None = None, clip: float | None = None, direction: str = "forward",
    hidden_size: int | None = None, layout: int = 0, linear_before_reset: int = 0,
) -> Results:  # fmt: skip
    _refuse(_, activation_alpha=activation_alpha, activation_beta=activation_beta, clip=clip)
    layer = _Layer(
        "gru", x, w, r, b, sequence_lens, (initial_h,), activations, direction, bool(layout),
        bool(linear_before_reset),
    )  # fmt: skip
    return _layer(_, layer, hidden_size)


@ROWS.reads("RNN", since=7)
def _rnn(
    _: Surroundings, x: str, w: str, r: str, b: str | None = None, sequence_lens: str | None = None,
    initial_h: str | None = None, *,
    activation_alpha: Sequence[float] | None = None, activation_beta: Sequence[float] | None = None,
    activations: Sequence[str] = ("Tanh", "Tanh"), clip: float | None = None, direction: str = "forward",
    hidden_size: int | None = None, layout: int = 0,
) -> Results:  # fmt: skip
    _refuse(_, activation_alpha=activation_alpha, activation_beta=activation_beta, clip=clip)
    layer = _Layer("rnn", x, w, r, b, sequence_lens, (initial_h,), activations, direction, bool(layout))
    return _layer(_, layer, hidden_size)
