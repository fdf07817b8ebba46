"""Loops of TensorFlow that are recurrent layers: found by their matrices, believed when they compute the same."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from smelt.formats.recurrent_cells import Cell, possible_cells
from smelt.formats.saved_model.attributes import FunctionName
from smelt.formats.saved_model.interpreter import Interpreter, Item, TensorList
from smelt.formats.saved_model.loops import stacked_list, unrolled
from smelt.formats.saved_model.operators import OPERATORS
from smelt.ir import DType, Graph

_CLOSE = 1e-5


@OPERATORS.reads("While", "StatelessWhile")
def _while(_: Interpreter, *inputs: Item, cond: FunctionName, body: FunctionName) -> Sequence[Item]:
    """A recurrent operator where the loop is one, else its steps one by one."""
    return fused(_, inputs, cond, body) or unrolled(_, inputs, cond, body)


@dataclass(frozen=True)
class Loop:
    """A loop that walks over one list: the places of what it reads, fills and changes among its variables."""

    inputs: Sequence[Item]
    stream: int
    filled: tuple[int, ...]
    states: tuple[int, ...]
    cond: str
    body: str


def fused(_: Interpreter, inputs: Sequence[Item], cond: str, body: str) -> Sequence[Item] | None:
    """What a recurrent operator gives in place of the loop; None where it is no such layer.

    The loop is run on random numbers, and the operator has to give the same.
    """
    loop = _walk(_, inputs, cond, body)
    if loop is None:
        return None
    cell = _cell_graph(_, loop)
    if cell is None:
        return None
    graph, data, states = cell
    trial = _.apart("trial")
    arguments = _random(_, trial, loop)
    meant = unrolled(trial, arguments, cond, body)
    with np.errstate(all="ignore"):
        for candidate in possible_cells(graph, data, states):
            got = _layer(trial, loop, arguments, candidate, meant)
            if got is not None and _same(trial, loop, got, meant):
                return _layer(_, loop, inputs, candidate, [*_known(_, trial, loop, meant)])
    return None


def _walk(_: Interpreter, inputs: Sequence[Item], cond: str, body: str) -> Loop | None:
    """The parts of a loop that reads one list of rows; the states are what one step changes."""
    lists = {k: item for k, item in enumerate(inputs) if isinstance(item, TensorList)}
    streams = [k for k, item in lists.items() if item.whole is not None]
    filled = tuple(k for k in lists if k not in streams)
    if len(streams) != 1 or any(item is not None for k in filled for item in lists[k].items):
        return None
    probe = _.apart("probe")
    given = _arguments(_, probe, inputs, streams[0], constants=False)
    results = probe.call(body, given)
    states = tuple(
        k
        for k, item in enumerate(inputs)
        if isinstance(item, str) and _.value(item).dtype is DType.F32 and results[k] != given[k]
    )
    open_ = [
        k for k, item in enumerate(inputs) if isinstance(item, str) and k not in states and not _.is_constant(item)
    ]  # fmt: skip
    whole = lists[streams[0]].whole
    assert whole is not None
    if open_ or not states or len(_.shape(whole)) != 3:
        return None
    return Loop(inputs, streams[0], filled, states, cond, body)


def _arguments(
    _: Interpreter, other: Interpreter, inputs: Sequence[Item], stream: int, *, constants: bool,
    states: Sequence[int] = (),
) -> list[Item]:  # fmt: skip
    """The loop's variables for another graph: float tensors as inputs, or known ones as constants."""
    result: list[Item] = []
    for place, item in enumerate(inputs):
        if place == stream and isinstance(item, TensorList) and item.whole is not None:
            result.append(TensorList(whole=other.builder.input("data", DType.F32, _.shape(item.whole))))
        elif not isinstance(item, str):
            result.append(item)
        elif _.is_constant(item) and (
            place not in states if constants else _.value(item).dtype is not DType.F32
        ):
            result.append(other.keep(_.constant(item)))
        else:
            value = _.value(item)
            result.append(other.builder.input(f"state {place}", value.dtype, value.shape))
    return result


def _cell_graph(_: Interpreter, loop: Loop) -> tuple[Graph, str, list[str]] | None:
    """The first step as a graph, the name of its data and of its states."""
    probe = _.apart("cell")
    given = _arguments(_, probe, loop.inputs, loop.stream, constants=True, states=loop.states)
    results = probe.call(loop.body, given)
    outputs = [results[k] for k in loop.states]
    for place in loop.filled:
        made = results[place]
        items = [item for item in made.items if item is not None] if isinstance(made, TensorList) else []
        if len(items) != 1:
            return None
        outputs += items
    names = [name for name in outputs if isinstance(name, str)]
    stream, states = given[loop.stream], [given[k] for k in loop.states]
    assert isinstance(stream, TensorList)
    assert stream.whole is not None
    return probe.builder.build(names), stream.whole, [name for name in states if isinstance(name, str)]


def _random(_: Interpreter, trial: Interpreter, loop: Loop) -> list[Item]:
    """The loop's variables with random data and states."""
    rng = np.random.default_rng(0)
    result: list[Item] = []
    for place, item in enumerate(loop.inputs):
        if place == loop.stream and isinstance(item, TensorList) and item.whole is not None:
            data = rng.normal(size=_.shape(item.whole)).astype(np.float32)
            result.append(TensorList(whole=trial.keep(data)))
        elif place in loop.states:
            result.append(trial.keep(rng.normal(size=_.shape(item)).astype(np.float32)))
        else:
            result.append(trial.keep(_.constant(item)) if isinstance(item, str) else item)
    return result


def _layer(
    _: Interpreter, loop: Loop, inputs: Sequence[Item], cell: Cell, ends: Sequence[Item]
) -> list[Item] | None:
    """The loop's variables after it, by the operator; `ends` are those that are known."""
    stream = inputs[loop.stream]
    assert isinstance(stream, TensorList)
    assert stream.whole is not None
    begin = [inputs[loop.states[k]] for k in cell.states]
    starts = [None if _.is_constant(item) and not _.constant(item).any() else item for item in begin]
    weights = [
        _.store(stem, lambda array=array: array, (loop.body, stem, id(cell)))  # type: ignore[misc]
        for stem, array in (("kernel", cell.kernel), ("recurrent_kernel", cell.recurrent))
    ]
    bias = None if cell.bias is None else _.keep(cell.bias)
    data = _.transpose(stream.whole, (1, 0, 2))
    sequence, *last = _.emit_all(
        cell.operator, (data, *weights, bias, *starts), {**cell.attributes, "returns": "all"}
    )
    result = list(ends)
    for place, name in zip(cell.states, last, strict=True):
        result[loop.states[place]] = name
    for place in loop.filled:
        item = inputs[place]
        assert isinstance(item, TensorList)
        if len(item.items) == 1:
            result[place] = TensorList(items=(last[0],))
        elif len(item.items) == _.shape(data)[1]:
            result[place] = TensorList(whole=_.transpose(sequence, (1, 0, 2)))
        else:
            return None
    return result


def _same(trial: Interpreter, loop: Loop, got: Sequence[Item], meant: Sequence[Item]) -> bool:
    """Whether the operator's states and lists are the loop's."""

    def array(item: Item) -> Any:
        return trial.constant(stacked_list(trial, item) if isinstance(item, TensorList) else item)

    for place in (*loop.states, *loop.filled):
        ours, theirs = array(got[place]), array(meant[place])
        if ours.shape != theirs.shape or not np.isfinite(theirs).all():
            return False
        if not np.abs(ours - theirs).max() <= _CLOSE * max(np.abs(theirs).max(), 1e-3):
            return False
    return True


def _known(_: Interpreter, trial: Interpreter, loop: Loop, meant: Sequence[Item]) -> Sequence[Item]:
    """What the loop's counters end with, for the graph itself."""
    return [
        _.keep(trial.constant(item)) if isinstance(item, str) and k not in loop.states else loop.inputs[k]
        for k, item in enumerate(meant)
    ]
