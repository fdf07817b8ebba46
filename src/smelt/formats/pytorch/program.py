"""What all of PyTorch's files become before they become a graph: a list of aten calls with concrete arguments."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from smelt.formats.pytorch.storage import QuantizedArray
from smelt.ir import Array, DType


@dataclass(frozen=True, eq=False)
class Ref:
    """A tensor of the model by its name; `array` is its contents where they are known."""

    name: str
    shape: tuple[int, ...]
    dtype: DType
    array: Array | None = None


@dataclass(frozen=True)
class Call:
    """One operator applied: its name ("aten.conv2d"), its arguments (numbers, words, Refs, lists of them).

    `path` is the module that applies it ("features.0"; empty for the model itself), `outputs` name its results,
    `unused` are the indices of those that nothing reads.
    """

    operator: str
    arguments: tuple[Any, ...]
    keywords: Mapping[str, Any]
    path: str
    outputs: tuple[str, ...]
    unused: frozenset[int] = frozenset()

    @property
    def label(self) -> str:
        """How messages name it."""
        return labelled(self.operator, self.path)

    @property
    def reads(self) -> tuple[str, ...]:
        """The names of the tensors among its arguments, in order."""
        return tuple(ref.name for ref in refs_in((self.arguments, tuple(self.keywords.values()))))


@dataclass
class Program:
    """Inputs, constants, calls in order, and outputs by name."""

    inputs: dict[str, Ref] = field(default_factory=dict)
    constants: dict[str, Array | QuantizedArray] = field(default_factory=dict)
    calls: list[Call] = field(default_factory=list)
    outputs: dict[str, Ref] = field(default_factory=dict)

    def with_unused(self) -> Program:
        """The program whose calls say which of their results nothing reads; calls without a reader are left out."""
        used = {ref.name for ref in self.outputs.values()}
        kept: list[Call] = []
        for call in reversed(self.calls):
            unused = frozenset(index for index, name in enumerate(call.outputs) if name not in used)
            if len(unused) < len(call.outputs):
                kept.append(replace(call, unused=unused))
                used.update(call.reads)
        return Program(self.inputs, self.constants, kept[::-1], self.outputs)


def labelled(operator: str, path: str) -> str:
    """An operator in messages: with the module that it belongs to."""
    return f"{operator} in module '{path}'" if path else operator


def refs_in(value: Any) -> Iterator[Ref]:
    """All tensors in nested lists, tuples and dictionaries."""
    if isinstance(value, Ref):
        yield value
    elif isinstance(value, list | tuple):
        for item in value:
            yield from refs_in(item)
    elif isinstance(value, dict):
        for item in value.values():
            yield from refs_in(item)
