"""Executing a model abstractly: tensors have shapes but no contents, and every operator applied is written down.

What decides where a model's code goes (sizes, types, numbers of dimensions) is known at concrete shapes; the shape
of each operator's result is found by translating it, at once, into a graph that is then thrown away.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from smelt.errors import FormatError, UnsupportedError
from smelt.formats.pytorch.operands import Translation
from smelt.formats.pytorch.operators import OPERATORS
from smelt.formats.pytorch.program import Call, Program, Ref, labelled, refs_in
from smelt.formats.pytorch.scalars import QUERIES, SCALARS
from smelt.formats.pytorch.storage import QuantizedArray
from smelt.formats.pytorch.translate import apply, as_tensor
from smelt.ir import Array, DType

MOST_CALLS = 10_000


def _advice(operator: str) -> str:
    """What to do about operators that only optimized files have."""
    if operator.startswith("prepacked."):
        return "; write the file without optimize_for_mobile"
    return "; save the module without torch.jit.optimize_for_inference" if "mkldnn" in operator else ""


def is_known(operator: str) -> bool:
    """Whether an operator is read, alone or in place."""
    return (
        any(operator in table for table in (QUERIES, SCALARS, OPERATORS))
        or operator.removesuffix("_") in OPERATORS
    )


class Tracer:
    """Collects a Program.  Values are Python's numbers, words, lists, and Refs for tensors."""

    def __init__(self, budget_bytes: int) -> None:
        self.program = Program()
        self._shapes = Translation("shapes", budget_bytes)
        self._stems: dict[str, int] = {}
        self._constants: dict[int, Ref] = {}
        # An in-place operator gives the tensor that it changes a new value; views of it would be outdated.
        self._changed: dict[str, Ref] = {}
        self._memory: dict[str, str] = {}
        self._outdated: dict[str, str] = {}

    def input(self, name: str, dtype: DType, shape: Sequence[int]) -> Ref:
        """Declare an input of the model."""
        self._shapes.input(name, dtype, tuple(shape))
        self._stems[name] = 1
        self.program.inputs[name] = Ref(name, tuple(shape), dtype)
        return self.program.inputs[name]

    def constant(self, name: str, array: Array | QuantizedArray) -> Ref:
        """A stored tensor; the same array is the same constant, whatever names it has."""
        if id(array) not in self._constants:
            name = self._unique(name or "constant")
            self.program.constants[name] = array
            tensor = as_tensor(self._shapes, name, array)
            self._shapes.tensors[name] = tensor
            self._constants[id(array)] = Ref(name, tensor.shape, self._shapes.dtype(tensor), tensor.array)
        return self._constants[id(array)]

    def call(
        self, operator: str, arguments: Sequence[Any], keywords: Mapping[str, Any], path: str = ""
    ) -> Any:
        """The result of an operator: a value, or a Ref for each tensor that it computes.

        Raises UnsupportedError naming the operator and the module where smelt does not know it.
        """
        label = labelled(operator, path)
        if operator in QUERIES:
            try:
                return QUERIES[operator](self, label, *arguments, **keywords)
            except TypeError as error:
                raise FormatError(f"{label}: its arguments do not fit: {error}") from error
        given = [self.current(label, value) for value in arguments]
        named = {key: self.current(label, value) for key, value in keywords.items()}
        if operator in SCALARS and not any(refs_in((given, named))):
            return SCALARS[operator](label, *given, **named)
        known = operator
        if operator not in OPERATORS and operator.endswith("_") and operator[:-1] in OPERATORS:
            known = operator[:-1]
        if known not in OPERATORS:
            raise UnsupportedError(f"the operator {label} is not supported{_advice(operator)}")
        return self._record(known, given, named, path, in_place=known != operator)

    def finish(self, outputs: Mapping[str, Any]) -> Program:
        """The program with these outputs."""
        for name, value in outputs.items():
            value = self.current(f"output '{name}'", value)
            if not isinstance(value, Ref):
                raise UnsupportedError(f"the model's output '{name}' is no tensor but {value!r:.60}")
            self.program.outputs[name] = value
        return self.program.with_unused()

    def _record(
        self, operator: str, arguments: Sequence[Any], keywords: Mapping[str, Any], path: str, in_place: bool
    ) -> Any:
        if len(self.program.calls) >= MOST_CALLS:
            raise FormatError(f"the model applies more than {MOST_CALLS} operators")
        stem = f"{path}.{operator.partition('.')[2]}" if path else operator.partition(".")[2]
        call = Call(operator, tuple(arguments), dict(keywords), path, (self._unique(stem),))
        results, outputs = apply(self._shapes, call)
        self.program.calls.append(Call(operator, call.arguments, call.keywords, path, outputs))
        refs = [self._ref(name) if name in self._shapes.tensors else None for name in outputs]
        first = next(refs_in((call.arguments, call.keywords)), None)
        if in_place and first is not None and refs[0] is not None:
            self._outdate(first, refs[0], call.label)
        elif OPERATORS[operator].is_view and first is not None:
            for ref in filter(None, refs):
                self._memory[ref.name] = self._memory.get(first.name, first.name)
        if isinstance(results, list):
            return refs
        return tuple(refs) if isinstance(results, tuple) else refs[0]

    def _outdate(self, old: Ref, new: Ref, label: str) -> None:
        """The tensor `old` has become `new`; whatever shares its memory must not be read any more."""
        root = self._memory.get(old.name, old.name)
        if root in self.program.constants:
            raise UnsupportedError(
                f"{label}: changes the model's own '{root}'; models that keep a state are not supported"
            )
        for name in [root, *(n for n, r in self._memory.items() if r == root)]:
            if name != old.name and name not in self._changed:
                self._outdated[name] = label
        self._changed[old.name] = new
        self._memory[new.name] = root

    def _ref(self, name: str) -> Ref:
        tensor = self._shapes.tensors[name]
        return Ref(name, tensor.shape, self._shapes.dtype(tensor), tensor.array)

    def current(self, label: str, value: Any) -> Any:
        """The value with tensors as in-place operators have left them."""
        if isinstance(value, Ref):
            while value.name in self._changed:
                value = self._changed[value.name]
            if value.name in self._outdated:
                raise UnsupportedError(
                    f"{label}: reads '{value.name}' after {self._outdated[value.name]} has changed a view of it in "
                    "place; write the model without in-place changes of parts of tensors"
                )
            return value
        if isinstance(value, list):
            return [self.current(label, item) for item in value]
        if isinstance(value, tuple):
            return tuple(self.current(label, item) for item in value)
        return value

    def _unique(self, stem: str) -> str:
        count = self._stems.get(stem, 0)
        self._stems[stem] = count + 1
        return self._unique(f"{stem}_{count}") if count else stem
