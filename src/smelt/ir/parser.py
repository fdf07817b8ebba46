"""Parsing the text form of graphs, which `text.py` describes."""

from __future__ import annotations

import base64
import binascii
import json
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

import numpy as np

from smelt.errors import GraphError
from smelt.ir.graph import Attribute, Graph, Node, Value
from smelt.ir.types import Array, DType, Quantization
from smelt.ir.verify import verify

T = TypeVar("T")

_STRING = r'"[^"\\]*(?:\\.[^"\\]*)*"'
_NUMBER = r"[-+]?(?:0x[0-9a-f]+(?:\.[0-9a-f]*)?p[-+]?\d+|\d+(?:\.\d*)?(?:e[-+]?\d+)?|(?:inf|nan)(?!\w))"
_TOKEN = re.compile(
    rf"""\s*(?:
        (?P<string>{_STRING})
      | %(?P<name>{_STRING}|[A-Za-z0-9_./-]+)
      | (?P<number>{_NUMBER})
      | (?P<word>[A-Za-z_][A-Za-z0-9_]*)
      | (?P<mark>\.\.\.|[][(){{}},:=])
      | (?P<comment>\#.*)
      | (?P<wrong>.)
    )""",
    re.VERBOSE | re.DOTALL,
)


def from_text(text: str) -> Graph:
    """The graph that `to_text` wrote or a person did, verified.

    Raises GraphError: with the line number where the text is not understood, naming node and
    tensor where the graph breaks a rule of the IR.
    """
    sketch = _Sketch()
    for number, line in enumerate(text.split("\n"), 1):
        try:
            tokens = _tokens(line)
            if len(tokens) > 1:
                _statement(sketch, _Line(tokens))
        except (GraphError, ValueError, OverflowError) as error:
            raise GraphError(f"line {number}: {error}") from error
    if sketch.name is None:
        raise GraphError('line 1: the text is empty; it starts with: graph "name"')
    return verify(
        Graph(
            name=sketch.name,
            values=sketch.values,
            nodes=tuple(sketch.nodes),
            inputs=tuple(sketch.inputs),
            outputs=tuple(sketch.outputs),
            constants=sketch.constants,
            metadata=sketch.metadata,
        )
    )


@dataclass
class _Sketch:
    name: str | None = None
    values: dict[str, Value] = field(default_factory=dict)
    nodes: list[Node] = field(default_factory=list)
    inputs: list[str] = field(default_factory=list)
    outputs: list[str] = field(default_factory=list)
    constants: dict[str, Array] = field(default_factory=dict)
    metadata: dict[str, bytes] = field(default_factory=dict)

    def describe(self, value: Value) -> Value:
        if value.name in self.values:
            raise GraphError(f"tensor '{value.name}' is described a second time")
        self.values[value.name] = value
        return value


Token = tuple[str, str]


def _tokens(line: str) -> list[Token]:
    tokens: list[Token] = []
    for match in _TOKEN.finditer(line.rstrip()):
        kind = match.lastgroup or ""
        if kind == "wrong":
            raise GraphError(f"column {match.start(kind) + 1}: {match[kind]!r} is not understood")
        if kind != "comment":
            tokens.append((kind, match[kind]))
    return [*tokens, ("end", "")]


class _Line:
    """The tokens of one line, read from left to right."""

    def __init__(self, tokens: list[Token]) -> None:
        self._tokens = tokens
        self._position = 0

    def peek(self) -> Token:
        return self._tokens[self._position]

    def take(self, kind: str, wanted: str) -> str:
        found, text = self.peek()
        if (found, text) == ("mark", "..."):
            raise GraphError("contents were left out (...) when this was printed; print without eliding")
        if found != kind:
            raise GraphError(f"expected {wanted}, found {text or 'the end of the line'}")
        self._position += 1
        return text

    def accept(self, text: str) -> bool:
        if self.peek() in (("mark", text), ("word", text)):
            self._position += 1
            return True
        return False

    def expect(self, mark: str) -> None:
        if not self.accept(mark):
            self.take("", f"'{mark}'")

    def string(self, wanted: str) -> str:
        return str(json.loads(self.take("string", wanted)))

    def word(self, wanted: str) -> str:
        return self.string(wanted) if self.peek()[0] == "string" else self.take("word", wanted)

    def name(self) -> str:
        text = self.take("name", "a tensor (%name)")
        return str(json.loads(text)) if text.startswith('"') else text

    def number(self) -> str:
        return self.take("number", "a number")

    def integer(self) -> int:
        return int(self.number())

    def items(self, item: Callable[[], T], closing: str) -> list[T]:
        """Items with commas between them (one after the last is allowed) up to a closing mark."""
        result: list[T] = []
        while not self.accept(closing):
            result.append(item())
            if not self.accept(","):
                self.expect(closing)
                break
        return result


def _statement(sketch: _Sketch, line: _Line) -> None:
    kind, text = line.peek()
    if kind == "word" and text in _STATEMENTS:
        line.take("word", "a statement")
        if sketch.name is None and text != "graph":
            raise GraphError('the first line has to be: graph "name"')
        _STATEMENTS[text](sketch, line)
    elif kind == "name" and sketch.name is not None:
        _node(sketch, line)
    else:
        raise GraphError(f"expected a node or one of {', '.join(_STATEMENTS)}, found {text}")
    if line.peek()[0] != "end":
        raise GraphError(f"expected the end of the line, found {line.peek()[1]}")


def _graph(sketch: _Sketch, line: _Line) -> None:
    if sketch.name is not None:
        raise GraphError("a text holds one graph")
    sketch.name = line.string("the graph's name as a string")


def _metadata(sketch: _Sketch, line: _Line) -> None:
    key = line.string("a key as a string")
    line.expect("=")
    if key in sketch.metadata:
        raise GraphError(f"metadata '{key}' is given a second time")
    line.expect("base64")
    sketch.metadata[key] = _bytes(line)


def _input(sketch: _Sketch, line: _Line) -> None:
    sketch.inputs.append(sketch.describe(_value(line)).name)


def _constant(sketch: _Sketch, line: _Line) -> None:
    value = sketch.describe(_value(line))
    line.expect("=")
    if line.accept("["):
        array = _elements(line.items(lambda: _element(line), "]"), value.dtype)
    else:
        line.expect("base64")
        content = _bytes(line)
        item_bytes = value.dtype.numpy.itemsize
        if len(content) != value.elements * item_bytes:
            raise GraphError(
                f"constant '{value.name}': {len(content)} bytes where {value.dtype.value}{list(value.shape)} "
                f"has {value.elements * item_bytes}"
            )
        array = np.frombuffer(content, value.dtype.numpy.newbyteorder("<")).astype(value.dtype.numpy)
    if array.size != value.elements:
        raise GraphError(
            f"constant '{value.name}': {array.size} elements where "
            f"shape {list(value.shape)} has {value.elements}"
        )
    sketch.constants[value.name] = array.reshape(value.shape)


def _unused_value(sketch: _Sketch, line: _Line) -> None:
    sketch.describe(_value(line))


def _output(sketch: _Sketch, line: _Line) -> None:
    while line.peek()[0] != "end":
        sketch.outputs.append(line.name())
        if not line.accept(","):
            break


_STATEMENTS: dict[str, Callable[[_Sketch, _Line], None]] = {
    "graph": _graph,
    "metadata": _metadata,
    "input": _input,
    "constant": _constant,
    "value": _unused_value,
    "output": _output,
}


def _node(sketch: _Sketch, line: _Line) -> None:
    outputs = [sketch.describe(_value(line)).name]
    while line.accept(","):
        outputs.append(sketch.describe(_value(line)).name)
    line.expect("=")
    operator = line.word("an operator")
    line.expect("(")
    inputs = line.items(lambda: None if line.accept("_") else line.name(), ")")
    attributes: dict[str, Attribute] = {}
    if line.accept("{"):
        for key, value in line.items(lambda: _attribute(line), "}"):
            if key in attributes:
                raise GraphError(f"attribute '{key}' is given a second time")
            attributes[key] = value
    name = line.string("the node's name as a string") if line.accept("as") else outputs[0]
    sketch.nodes.append(Node(operator, tuple(inputs), tuple(outputs), attributes, name))


def _value(line: _Line) -> Value:
    name = line.name()
    line.expect(":")
    kind = line.take("word", "an element type")
    if kind not in {dtype.value for dtype in DType}:
        raise GraphError(f"tensor '{name}': '{kind}' is not one of {', '.join(d.value for d in DType)}")
    line.expect("[")
    shape = tuple(line.items(line.integer, "]"))
    if any(dimension < 0 for dimension in shape):
        raise GraphError(f"tensor '{name}': shape {list(shape)} has a negative dimension")
    return Value(name, DType(kind), shape, _quantization(line))


def _quantization(line: _Line) -> Quantization | None:
    if not line.accept("scale"):
        return None
    scales = _one_or_more(line, lambda: _scale(line.number()))
    zeros = _one_or_more(line, line.integer) if line.accept("zero") else [0] * len(scales)
    axis = line.integer() if line.accept("axis") else None
    block = line.integer() if line.accept("block") else 0
    return Quantization(tuple(scales), tuple(zeros), axis, block)


def _one_or_more(line: _Line, item: Callable[[], T]) -> list[T]:
    return line.items(item, ")") if line.accept("(") else [item()]


def _scale(text: str) -> float:
    return _float(text) if "0x" in text else float(_elements([text], DType.F32)[0])


def _attribute(line: _Line) -> tuple[str, Attribute]:
    key = line.word("an attribute's name")
    line.expect("=")
    return key, _attribute_value(line)


def _attribute_value(line: _Line) -> Attribute:
    if line.accept("("):
        items = line.items(lambda: _attribute_item(line), ")")
        if len({type(item) for item in items}) > 1:
            raise GraphError("the items of a tuple have different types")
        return tuple(items)  # type: ignore[return-value]  # one type, as checked above
    return _attribute_item(line)


def _attribute_item(line: _Line) -> bool | int | float | str:
    kind, text = line.peek()
    if kind == "string":
        return line.string("a string")
    if line.accept("true"):
        return True
    if line.accept("false"):
        return False
    text = line.take("number", "an attribute's value")
    return int(text) if re.fullmatch(r"[-+]?\d+", text) else _float(text)


def _element(line: _Line) -> str:
    return line.word("an element") if line.peek()[0] == "word" else line.number()


def _elements(texts: Sequence[str], dtype: DType) -> Array:
    if dtype is DType.BOOL:
        if not set(texts) <= {"true", "false"}:
            raise GraphError("elements of type bool are true or false")
        return np.array([text == "true" for text in texts], np.bool_)
    if dtype.is_float:
        with np.errstate(over="ignore"):
            return np.array([_float(text) for text in texts], np.float64).astype(dtype.numpy)
    low, high = dtype.integer_range
    numbers = [int(text) for text in texts]
    if any(not low <= number <= high for number in numbers):
        raise GraphError(f"an element is outside {low} .. {high}, the range of {dtype.value}")
    return np.array(numbers, dtype.numpy)


def _float(text: str) -> float:
    return float.fromhex(text) if "0x" in text else float(text)


def _bytes(line: _Line) -> bytes:
    try:
        return base64.b64decode(line.string("base64 text as a string"), validate=True)
    except binascii.Error as error:
        raise GraphError(f"the base64 text is damaged: {error}") from error
