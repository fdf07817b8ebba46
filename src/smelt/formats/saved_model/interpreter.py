"""Running TensorFlow's graphs on values of a smelt graph: what is known becomes a constant, the rest nodes."""

from __future__ import annotations

import math
from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from smelt.errors import FormatError, UnsupportedError
from smelt.formats.saved_model.attributes import attribute_values
from smelt.formats.saved_model.bundle import MAX_ELEMENTS
from smelt.formats.saved_model.graph import Body, Library, Reference
from smelt.formats.saved_model.protobuf import Message
from smelt.formats.saved_model.schema import Table
from smelt.formats.saved_model.variables import CALLS, variable_name
from smelt.ir import Array, Attribute, DType, Node, Value
from smelt.operators import Call, find_operator
from smelt.operators.builder import GraphBuilder

_DEEPEST = 64
_MOST_STEPS = 50_000


@dataclass(frozen=True)
class Variable:
    """The handle of a variable."""

    name: str


@dataclass(frozen=True)
class TensorList:
    """TensorFlow's list of tensors: rows of one tensor, or items, of which some may not be set yet."""

    whole: str | None = None
    items: tuple[str | None, ...] = ()


@dataclass(frozen=True)
class Blocks:
    """A tensor that SpaceToBatchND has cut up, still whole here: what follows is a dilated convolution.

    `weights` are those of the convolution that has been met, `each` says that it is a depthwise one; a signal has
    height 1 until it is `narrowed`.
    """

    source: str
    block: tuple[int, ...]
    paddings: tuple[tuple[int, int], ...]
    weights: str | None = None
    each: bool = False
    narrowed: bool = False


Item = str | Variable | TensorList | Blocks
"""What a tensor of TensorFlow is while reading: mostly the name of a value of the graph that is built."""


@dataclass
class Budget:
    """What reading may still cost: bytes of constants, and operations."""

    size: int
    steps: int = _MOST_STEPS


class Interpreter:
    """Runs bodies node by node with the functions of a table, which ask it what is around the node."""

    def __init__(
        self,
        builder: GraphBuilder,
        library: Library,
        table: Table,
        read_variable: Callable[[str], Array],
        budget: Budget,
    ) -> None:
        self.builder, self.library, self.table = builder, library, table
        self.read_variable = read_variable
        self.budget = budget
        self.label = self.name = "the model"
        self.node: Message | None = None
        self.changed: set[str] = set()
        self._stored: dict[Hashable, str] = {}
        self._depth = 0

    def apart(self, name: str) -> Interpreter:
        """Another one, of the same model, that builds another graph."""
        other = Interpreter(GraphBuilder(name), self.library, self.table, self.read_variable, self.budget)
        other._depth, other.label, other.name = self._depth, self.label, self.name
        return other

    def call(self, function: str, arguments: Sequence[Item]) -> list[Item]:
        """The results of a function of the library."""
        body = self.library.body(function)
        if len(arguments) != len(body.arguments):
            raise FormatError(f"{self.label}: '{function}' is called with {len(arguments)} arguments")
        if self._depth == _DEEPEST:
            raise FormatError(f"functions call each other too deeply, at '{function}'")
        self._depth += 1
        outer = self.label, self.name, self.node
        result = self.run(body, dict(zip(body.arguments, arguments, strict=True)))
        self.label, self.name, self.node = outer
        self._depth -= 1
        return result

    def run(self, body: Body, known: Mapping[str, Item]) -> list[Item]:
        """The results of a body whose arguments are known."""
        values: dict[str, Sequence[Item]] = {name: (item,) for name, item in known.items()}
        self._note_changes(body, known)
        for node, references in body.steps:
            inputs = [self._pick(body, values, reference) for reference in references]
            self.label, self.name, self.node = f"{node.op} '{node.name}'", node.name, node
            self.budget.steps -= 1
            if self.budget.steps < 0:
                raise FormatError(f"{self.label}: the model takes over {_MOST_STEPS} operations")
            values[node.name] = self._results(node, inputs)
        return [self._pick(body, values, reference) for reference in body.references]

    def _results(self, node: Message, inputs: Sequence[Item]) -> Sequence[Item]:
        if node.op in CALLS:
            return self.call(node.attr["f"].func.name if "f" in node.attr else "", inputs)
        if node.op not in self.table:
            raise UnsupportedError(f"{self.label}: the operator {node.op} is not supported")
        known = self.library.settings
        if id(node) not in known:
            known[id(node)] = self.table.settings(node.op, self.label, attribute_values(node, self.label))
        result = self.table.call(node.op, self, inputs, known[id(node)])
        return result if isinstance(result, list | tuple) else (result,)

    def _pick(self, body: Body, values: Mapping[str, Sequence[Item]], reference: Reference) -> Item:
        outputs = values[reference.node]
        index = reference.index
        if reference.output and reference.node in body.nodes:
            names = self.table.outputs.get(body.nodes[reference.node].op, ())
            if reference.output in names:
                index += names.index(reference.output)
        if index >= len(outputs):
            raise FormatError(
                f"'{reference.node}' of '{body.name}' has {len(outputs)} results, {index} is read"
            )
        return outputs[index]

    def _note_changes(self, body: Body, known: Mapping[str, Item]) -> None:
        """Variables that a function changes while it runs are not constants."""
        for node in body.nodes.values() if body.name else ():
            if node.op.startswith("Assign") and node.op.endswith("VariableOp"):
                target = known.get(body.inputs(node)[0].node)
                if isinstance(target, Variable):
                    self.changed.add(target.name)

    def variable(self, handle: Item) -> str:
        """The value of a variable as a constant."""
        if not isinstance(handle, Variable):
            raise FormatError(f"{self.label}: reads a variable that is none")
        if handle.name in self.changed:
            raise UnsupportedError(
                f"{self.label}: the variable '{handle.name}' is changed while the model runs; export a model "
                "without state"
            )
        return self.store(handle.name, lambda: self.read_variable(handle.name), ("variable", handle.name))

    def own_variable(self) -> Variable:
        """The variable that the node itself stands for."""
        assert self.node is not None
        return Variable(variable_name(self.node))

    def tensor(self, item: Item) -> str:
        """The item where it is a tensor; FormatError for handles and lists."""
        if isinstance(item, str):
            return item
        if isinstance(item, Blocks):
            raise UnsupportedError(
                f"{self.label}: reads the result of SpaceToBatchND; between it and BatchToSpaceND only a "
                "convolution is supported"
            )
        raise FormatError(f"{self.label}: reads a tensor and is given something else")

    def value(self, item: Item) -> Value:
        """What describes a tensor."""
        return self.builder.values[self.tensor(item)]

    def shape(self, item: Item) -> tuple[int, ...]:
        """A tensor's shape."""
        return self.value(item).shape

    def is_constant(self, item: Item) -> bool:
        """Whether the tensor is known while reading."""
        return isinstance(item, str) and item in self.builder.constants

    def constant(self, item: Item) -> Array:
        """A known tensor; UnsupportedError when it is computed."""
        name = self.tensor(item)
        if name not in self.builder.constants:
            raise UnsupportedError(f"{self.label}: '{name}' is computed; only a constant is supported there")
        return self.builder.constants[name]

    def integers(self, item: Item) -> tuple[int, ...]:
        """A few known integers."""
        array = self.constant(item)
        if array.dtype.kind not in "iu" or array.ndim > 1 or array.size > 64:
            raise FormatError(
                f"{self.label}: a few integers are needed, given {array.dtype}{list(array.shape)}"
            )
        return tuple(int(n) for n in array.reshape(-1))

    def integer(self, item: Item) -> int:
        """A known integer."""
        numbers = self.integers(item)
        if len(numbers) != 1:
            raise FormatError(f"{self.label}: one integer is needed, given {len(numbers)}")
        return numbers[0]

    def store(self, stem: str, make: Callable[[], Array], key: Hashable = None) -> str:
        """A constant of the graph, made once where a key is given."""
        if key is not None and key in self._stored:
            return self._stored[key]
        array = make()
        self.allow(array.size * array.itemsize)
        name = self.builder.constant(stem, np.ascontiguousarray(array).reshape(array.shape))
        if key is not None:
            self._stored[key] = name
        return name

    def keep(self, array: Array, key: Hashable = None) -> str:
        """The same, named after the node."""
        return self.store(self.name, lambda: array, key)

    def number(self, number: float, like: Item) -> str:
        """A constant of one number, of the type of another tensor."""
        dtype = self.value(like).dtype
        return self.keep(np.asarray(number, dtype.numpy), ("number", number, dtype))

    def allow(self, size: int) -> None:
        """Raise FormatError when so many more bytes of constants are too much for this file."""
        self.budget.size -= size
        if self.budget.size < 0:
            raise FormatError(f"{self.label}: the constants that the model computes are too large")

    def emit(
        self, operator: str, inputs: Sequence[Item | None], attributes: Mapping[str, Attribute] | None = None
    ) -> str:
        """The first output of `emit_all`."""
        return self.emit_all(operator, inputs, attributes)[0]

    def emit_all(
        self, operator: str, inputs: Sequence[Item | None], attributes: Mapping[str, Attribute] | None = None
    ) -> Sequence[str]:
        """The outputs of a node named after TensorFlow's; constants where all inputs are."""
        given = [None if item is None else self.tensor(item) for item in inputs]
        while given and given[-1] is None:
            given.pop()
        if given and all(name is None or name in self.builder.constants for name in given):
            return self._computed(operator, given, attributes or {})
        name = self.builder.add(operator, given, attributes or {}, name=self.name)
        if self.builder.values[name].elements > MAX_ELEMENTS:
            raise FormatError(
                f"{self.label}: its result {list(self.builder.values[name].shape)} is too large"
            )
        return self.builder.nodes[-1].outputs

    def _computed(
        self, operator: str, given: Sequence[str | None], attributes: Mapping[str, Attribute]
    ) -> Sequence[str]:
        node = Node(operator, tuple(given), (), attributes, self.name)
        found = find_operator(operator)
        values = tuple(None if n is None else self.builder.values[n] for n in given)
        arrays = tuple(None if n is None else self.builder.constants[n] for n in given)
        call = Call(node=node, attributes=found.parse(node), inputs=values, outputs=(), constants=arrays)
        kinds = found.infer(call)
        self.allow(sum(math.prod(kind.shape) * kind.dtype.numpy.itemsize for kind in kinds))
        described = tuple(Value(self.name, kind.dtype, kind.shape) for kind in kinds)
        return [self.keep(array) for array in found.evaluate(replace(call, outputs=described), arrays)]

    def reshape(self, item: Item, shape: Sequence[int]) -> str:
        """The tensor in another shape; itself where it has it."""
        if self.shape(item) == tuple(shape):
            return self.tensor(item)
        return self.emit("reshape", (item,), {"shape": tuple(int(n) for n in shape)})

    def transpose(self, item: Item, permutation: Sequence[int]) -> str:
        """The tensor with its dimensions in another order; itself where it is the same one."""
        if tuple(permutation) == tuple(range(len(permutation))):
            return self.tensor(item)
        return self.emit("transpose", (item,), {"permutation": tuple(int(n) for n in permutation)})

    def cast(self, item: Item, dtype: DType) -> str:
        """The tensor as another type."""
        if self.value(item).dtype is dtype:
            return self.tensor(item)
        return self.emit("cast", (item,), {"to": dtype.value})

    def axis(self, number: int, rank: int) -> int:
        """An axis counted from 0; FormatError where there is none."""
        if not -rank <= number < rank:
            raise FormatError(f"{self.label}: axis {number} of a tensor with {rank} dimensions")
        return number % rank
