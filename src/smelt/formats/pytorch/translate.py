"""A Program as a Graph: each call by its function in the table of operators."""

from __future__ import annotations

from typing import Any

from smelt.errors import UnsupportedError
from smelt.formats.channels_first.layout import Tensor
from smelt.formats.channels_first.wishes import Reader, Wish, layout_wishes
from smelt.formats.pytorch.operands import Translation
from smelt.formats.pytorch.operators import OPERATORS
from smelt.formats.pytorch.program import Call, Program, Ref
from smelt.formats.pytorch.quantizing import around, stored
from smelt.formats.pytorch.storage import QuantizedArray
from smelt.ir import Array, Graph


def translated(program: Program, name: str, budget_bytes: int) -> Graph:
    """The graph: inputs and outputs of convolutional networks have their channels last."""
    tensors = Translation(name, budget_bytes)
    tensors.wants = layout_wishes(
        Reader(call.reads, call.outputs[0], _wish(call)) for call in reversed(program.calls)
    )
    for constant, array in program.constants.items():
        tensors.tensors[constant] = as_tensor(tensors, constant, array)
    for ref in program.inputs.values():
        tensors.input(ref.name, ref.dtype, ref.shape)
    for call in program.calls:
        apply(tensors, call)
    return tensors.finished({name: tensors.tensor(ref.name) for name, ref in program.outputs.items()})


def _wish(call: Call) -> Wish:
    """An operator's wish; a height that is put into a signal, or taken out of it, moves nothing."""
    heights = {"aten.unsqueeze": 3, "aten.squeeze": 4}
    if call.operator in heights and call.arguments[1:] == (2,) and isinstance(call.arguments[0], Ref):
        return Wish.ANY if len(call.arguments[0].shape) == heights[call.operator] else Wish.FILE
    return OPERATORS[call.operator].wish


def apply(tensors: Translation, call: Call) -> tuple[Any, tuple[str, ...]]:
    """Translate one call: what its function returned, and the names of its results."""
    tensors.begin(call.label, call.outputs[0], call.outputs[:1])
    tensors.unused = call.unused
    arguments = [_resolved(tensors, value) for value in call.arguments]
    keywords = {key: _resolved(tensors, value) for key, value in call.keywords.items()}
    results = around(
        tensors,
        call.operator,
        arguments,
        lambda given: OPERATORS.call(call.operator, tensors, given, keywords),
    )
    if not isinstance(results, list | tuple):
        tensors.keep(results)
        return results, call.outputs[:1]
    first = call.outputs[0]
    names = tuple(f"{first}/{index}" if index else first for index in range(len(results)))
    tensors.outputs = tuple(
        "" if result is None else name for name, result in zip(names, results, strict=True)
    )
    tensors.keep(tuple(results))
    return results, names


def as_tensor(tensors: Translation, name: str, array: Array | QuantizedArray) -> Tensor:
    """A stored tensor as the table's functions see it."""
    if isinstance(array, QuantizedArray):
        tensors.begin(f"'{name}'", name, (name,))
        return stored(tensors, name, array)
    return Tensor(name, array.shape, array)


def _resolved(tensors: Translation, value: Any) -> Any:
    if isinstance(value, Ref):
        return tensors.tensor(value.name)
    if isinstance(value, list | tuple):
        return [_resolved(tensors, item) for item in value]
    if isinstance(value, dict):
        raise UnsupportedError(f"{tensors.label}: is given a dictionary")
    return value
