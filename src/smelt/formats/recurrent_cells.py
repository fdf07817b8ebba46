"""Which recurrent layer a cell, one time step written out as plain operators, may be: to be tried, not believed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from smelt.ir import Array, Attribute, Graph, Node
from smelt.operators.recurrent import ACTIVATIONS

_INPUT, _STATE = 1, 2
_OPERATORS = {(1, 1): "rnn", (3, 1): "gru", (4, 2): "lstm"}
"""The layer by its number of gates and of states."""


_STRAIGHT = frozenset({
    "fully_connected", "add", "sub", "mul", "neg", "strided_slice", "reshape", "concatenation", "transpose", "gather",
})  # fmt: skip
"""Operators of a cell that are no activation."""
_PARTS = {"hard_sigmoid": ("maximum", "minimum")}
"""Activations that are written out."""


@dataclass(frozen=True)
class Cell:
    """A recurrent operator with its weights; `states` says which of the cell's states comes first and second."""

    operator: str
    attributes: Mapping[str, Attribute]
    kernel: Array
    recurrent: Array
    bias: Array | None
    states: tuple[int, ...]


def possible_cells(graph: Graph, data: str, states: Sequence[str]) -> Iterator[Cell]:
    """The layers that have this cell's matrices and activations.

    `graph` computes one step from the inputs `data` and `states`.  Whoever asks compares results: the order of
    gates, for one, is taken as smelt has it.
    """
    found = _matrices(graph, data, states)
    if found is None:
        return
    kernel, recurrent, biases, first = found
    units = recurrent.shape[1]
    operator = _OPERATORS.get((len(kernel) // units, len(states)))
    if operator is None or kernel.shape[0] % units or recurrent.shape[0] != kernel.shape[0]:
        return
    order = (first, *(k for k in range(len(states)) if k != first))
    curved = {node.operator for node in graph.nodes} - _STRAIGHT
    for gate in ("linear",) if operator == "rnn" else ACTIVATIONS:
        for new in ACTIVATIONS:
            # Random numbers may not reach where two functions differ, so what bends must be the same too.
            if {*_PARTS.get(gate, (gate,)), *_PARTS.get(new, (new,))} - {"linear"} != curved:
                continue
            attributes: dict[str, Attribute] = {"activation": new}
            if operator != "rnn":
                attributes["gate_activation"] = gate
            for bias, more in _biases(operator, biases, len(kernel)):
                yield Cell(operator, {**attributes, **more}, kernel, recurrent, bias, order)


def _matrices(
    graph: Graph, data: str, states: Sequence[str]
) -> tuple[Array, Array, dict[int, Array], int] | None:
    """Weights of the input, of the state, biases by what they are added to, and the state that is multiplied."""
    reads: dict[str, int] = {data: _INPUT, **dict.fromkeys(states, _STATE)}
    origin: dict[str, int] = {name: k for k, name in enumerate(states)}
    parts: dict[int, list[Array]] = {_INPUT: [], _STATE: []}
    biases: dict[int, list[Array]] = {}
    first: list[int] = []
    for node in graph.nodes:
        known = 0
        for name in node.inputs:
            known |= reads.get(name or "", 0)
        reads.update(dict.fromkeys(node.outputs, known))
        constants = [graph.constants.get(name or "") for name in node.inputs]
        if node.operator == "fully_connected" and constants[1] is not None:
            parts[_STATE if known & _STATE else _INPUT].append(constants[1])
            first += [origin[name] for name in node.inputs[:1] if name in origin]
            if len(constants) > 2 and constants[2] is not None:
                biases.setdefault(known, []).append(constants[2].reshape(-1))
        elif node.operator == "add" and (offset := _offset(graph, node, constants)) is not None:
            biases.setdefault(known, []).append(offset)
    if not all(parts.values()) or not first or len(set(first)) != 1:
        return None
    try:
        kernel, recurrent = (np.concatenate(parts[key]) for key in (_INPUT, _STATE))
    except ValueError:
        return None
    return kernel, recurrent, {key: np.concatenate(some) for key, some in biases.items()}, first[0]


def _offset(graph: Graph, node: Node, constants: Sequence[Array | None]) -> Array | None:
    """The constant row that an add adds to every output of a matrix."""
    for array, other in zip(constants, reversed(node.inputs), strict=True):
        if array is not None and array.size == graph.values[other or ""].shape[-1] and array.ndim:
            return array.reshape(-1)
    return None


def _biases(
    operator: str, biases: Mapping[int, Array], rows: int
) -> Iterator[tuple[Array | None, dict[str, Attribute]]]:
    whole = [array for array in biases.values() if array.size == rows]
    if len(whole) != len(biases):
        return
    total: Array | None = np.asarray(np.sum(whole, axis=0), np.float32) if whole else None
    if operator != "gru":
        yield total, {}
        return
    both = [biases.get(key, np.zeros(rows, np.float32)) for key in (_INPUT, _STATE)]
    if _INPUT | _STATE not in biases:
        yield (np.concatenate(both) if whole else None), {"reset_after": True}
    if _STATE not in biases:
        yield total, {"reset_after": False}
