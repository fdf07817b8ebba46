"""aten's recurrent layers: one smelt operator for each layer and direction."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from smelt.errors import FormatError, UnsupportedError
from smelt.formats.channels_first.layout import Tensor, natural
from smelt.formats.channels_first.rearranging import concatenation, reshape, transpose
from smelt.formats.channels_first.translation import TRAINING, Result, kept, weights
from smelt.formats.pytorch.operands import Translation, plain
from smelt.formats.pytorch.rearranging import sliced
from smelt.formats.pytorch.schema import Table, Tensors
from smelt.ir import Array, Attribute

RECURRENT = Table()
"""What reads a recurrent layer."""

_GATES = {"lstm": ("lstm", 4), "gru": ("gru", 3), "rnn_tanh": ("rnn", 1), "rnn_relu": ("rnn", 1)}


@dataclass(frozen=True)
class _Layers:
    """The arguments of all of them; `states` are the initial hidden state and, of an lstm, the cell state."""

    kind: str
    states: tuple[Tensor, ...]
    parameters: tuple[Tensor, ...]
    has_biases: bool
    layers: int
    directions: int
    batch_first: bool


def _reader(kind: str) -> None:
    def function(
        _: Translation, x: Tensor, hx: Tensors, params: Tensors, has_biases: bool, num_layers: int,
        dropout: float, train: bool, bidirectional: bool, batch_first: bool,
    ) -> tuple[Result | None, ...]:  # fmt: skip
        if train:
            raise UnsupportedError(TRAINING.format(_.label))
        directions = 2 if bidirectional else 1
        if x.rank != 3:
            raise UnsupportedError(f"{_.label}: '{x.name}' {list(x.shape)} has no batch dimension")
        if len(hx) != (2 if kind == "lstm" else 1):
            raise FormatError(f"{_.label}: {len(hx)} initial states")
        if len(params) != (4 if has_biases else 2) * num_layers * directions:
            raise UnsupportedError(
                f"{_.label}: {len(params)} weights for {num_layers} layers; projections (proj_size) are not supported"
            )
        return _all_layers(_, x, _Layers(kind, hx, params, has_biases, num_layers, directions, batch_first))

    RECURRENT.reads(f"aten.{kind}")(function)


for _kind in _GATES:
    _reader(_kind)


def _all_layers(_: Translation, x: Tensor, given: _Layers) -> tuple[Result | None, ...]:
    """The sequence, the last hidden states, and of an lstm the last cell states."""
    data = x if given.batch_first else kept(_, transpose(_, x, (1, 0, 2)))
    finals: list[list[Tensor]] = [[] for _state in given.states]
    wants_finals = not set(range(1, 1 + len(finals))) <= _.unused
    for layer in range(given.layers):
        last_layer = layer == given.layers - 1
        sequences = []
        for direction in range(given.directions):
            index = layer * given.directions + direction
            wants_sequence = not last_layer or 0 not in _.unused
            sequence, *states = _one(_, data, given, index, wants_sequence, wants_finals)
            sequences.append(sequence)
            for final, state in zip(finals, states, strict=False):
                final += [state] if state is not None else []
        if sequences[0] is not None:
            found = [s for s in sequences if s is not None]
            data = found[0] if len(found) == 1 else kept(_, concatenation(_, found, 2))
    results: list[Result | None] = [None if 0 in _.unused else data]
    if not given.batch_first and results[0] is not None:
        results[0] = transpose(_, data, (1, 0, 2))
    for index, final in enumerate(finals, 1):
        results.append(None if index in _.unused or not final else _stacked(_, final))
    return tuple(results)


def _stacked(_: Translation, states: Sequence[Tensor]) -> Result:
    """[layers * directions, batch, units] of each layer's [batch, units]."""
    parts = [kept(_, reshape(_, state, (1, *state.shape))) for state in states]
    return parts[0] if len(parts) == 1 else concatenation(_, parts, 0)


def _one(
    _: Translation, x: Tensor, given: _Layers, index: int, wants_sequence: bool, wants_finals: bool
) -> list[Tensor | None]:
    """One layer in one direction: its sequence (or None) and its last states (or none)."""
    operator, gates = _GATES[given.kind]
    own = given.parameters[index * (4 if given.has_biases else 2) :]
    arrays = [weights(_, tensor) for tensor in own[: 4 if given.has_biases else 2]]
    kernel, recurrent = arrays[:2]
    if (
        kernel.ndim != 2
        or kernel.shape[0] % gates
        or recurrent.shape != (kernel.shape[0], kernel.shape[0] // gates)
    ):
        raise FormatError(f"{_.label}: weights {list(kernel.shape)} and {list(recurrent.shape)} do not fit")
    key = (own[0].name, own[1].name, given.kind)
    inputs: list[str | None] = [
        plain(_, x),
        _.store(own[0].name, (*key, "kernel"), lambda: _ordered(kernel, operator)),
        _.store(own[1].name, (*key, "recurrent"), lambda: _ordered(recurrent, operator)),
        _.store(own[2].name, (*key, "bias"), lambda: _bias(arrays, operator)) if given.has_biases else None,
    ]
    for state in given.states:
        inputs.append(_initial(_, state, index))
    returns = "sequence" if wants_sequence else "last"
    if wants_finals and (wants_sequence or operator == "lstm"):
        returns = "all"
    attributes: dict[str, Attribute] = {"returns": returns, "reverse": index % given.directions == 1}
    if operator == "gru":
        attributes["reset_after"] = True
    if given.kind == "rnn_relu":
        attributes["activation"] = "relu"
    names = _.emit_all(operator, inputs, attributes)
    found: list[Tensor | None] = [Tensor(n, _.shape(n), forms={natural(_.shape(n)): n}) for n in names]
    return [None, *found] if returns == "last" else found


def _ordered(array: Array, operator: str) -> Array:
    """The gates along the first dimension in smelt's order: a gru's are update, reset, new."""
    if operator != "gru":
        return array
    reset, update, new = np.split(array, 3)
    return np.concatenate([update, reset, new])


def _bias(arrays: Sequence[Array], operator: str) -> Array:
    """A gru keeps the two biases apart, others need only the sum."""
    first, second = arrays[2], arrays[3]
    if operator == "gru":
        return np.concatenate([_ordered(first, operator), _ordered(second, operator)])
    return np.add(first, second, dtype=np.float32)


def _initial(_: Translation, state: Tensor, index: int) -> str | None:
    """The state [batch, units] a layer starts with; None where it is zero."""
    if state.array is not None and not state.array.any():
        return None
    if state.rank != 3 or index >= state.shape[0]:
        raise FormatError(f"{_.label}: the initial state '{state.name}' is {list(state.shape)}")
    part = kept(_, sliced(_, state, 0, index, index + 1, 1))
    return plain(_, kept(_, reshape(_, part, state.shape[1:])))


def _cell(kind: str) -> None:
    def function(
        _: Translation, x: Tensor, hx: Tensors, w_ih: Tensor, w_hh: Tensor, b_ih: Tensor | None = None,
        b_hh: Tensor | None = None,
    ) -> Result | tuple[Result | None, ...]:  # fmt: skip
        """One step of a layer: a sequence of length 1."""
        if x.rank != 2 or any(state.rank != 2 for state in hx):
            raise UnsupportedError(f"{_.label}: '{x.name}' {list(x.shape)} has no batch dimension")
        sequence = kept(_, reshape(_, x, (x.shape[0], 1, x.shape[1])))
        states = tuple(kept(_, reshape(_, state, (1, *state.shape))) for state in hx)
        biases = tuple(bias for bias in (b_ih, b_hh) if bias is not None)
        given = _Layers(kind, states, (w_ih, w_hh, *biases), len(biases) == 2, 1, 1, True)
        _sequence, *finals = _one(_, sequence, given, 0, False, True)
        found = [final for final in finals if final is not None]
        return tuple(found) if kind == "lstm" else found[0]

    RECURRENT.reads(f"aten.{kind}_cell")(function)


for _kind in _GATES:
    _cell(_kind)
