"""A graph as text that can be parsed back: one line an input, constant, node and output list.

    graph "example"
    metadata "author" = base64 "c21lbHQ="
    input %x: s8[1,49,10,1] scale 0.5 zero 3
    constant %w: s8[8,3,3,1] scale (0.1, 0.2, ...) axis 0 = base64 "..."
    constant %b: s32[2] = [17, -4]
    %y: s8[1,25,5,8] scale 0.25 zero -1 = conv_2d(%x, %w, _) {stride=(2, 2), activation="relu"} as "conv/1"
    output %y

A name that is more than letters, digits and `_./-` is written as a JSON string: `%"a;b c"`.  `_` is an
absent input, `zero` is left out where it is 0, `as` where the node is called like its first output, and
`value` lines describe tensors that nothing computes.  Scales are float32: a decimal number is rounded
to float32, a hexadecimal one (0x1.8p-3) is taken as it is.  `#` starts a comment.
"""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Sequence

import numpy as np

from smelt.ir.graph import Attribute, Graph, Node, Value
from smelt.ir.parser import from_text
from smelt.ir.types import Array, DType, Quantization

__all__ = ["LIST_ELEMENTS", "from_text", "to_text"]

LIST_ELEMENTS = 16
"""Constants of up to this many elements are written as lists, longer ones as base64 of their bytes."""

_BARE_NAME = re.compile(r"[A-Za-z0-9_./-]+")
_IDENTIFIER = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


def to_text(graph: Graph, *, elide_constants: bool = False) -> str:
    """The graph as text; `from_text` gives an equal graph back.

    `elide_constants` leaves out the contents of long constants and of metadata and shortens long lists
    of scales: for people, and `from_text` refuses it.
    """
    lines = [f"graph {json.dumps(graph.name)}"]
    if elide_constants:
        lines.append(
            "# for reading: where ... stands, contents are left out, and the text cannot be parsed back"
        )
    for key, content in graph.metadata.items():
        shown = f"... ({len(content)} bytes)" if elide_constants else _base64(content)
        lines.append(f"metadata {json.dumps(key)} = {shown}")
    described = {*graph.constants, *graph.inputs, *(name for node in graph.nodes for name in node.outputs)}
    lines += [f"input {_described(graph, name, elide_constants)}" for name in graph.inputs]
    for name, array in graph.constants.items():
        long = elide_constants and array.size > LIST_ELEMENTS
        shown = "..." if long else _contents(array, graph.values[name])
        lines.append(f"constant {_described(graph, name, elide_constants)} = {shown}")
    for name in graph.values:
        if name not in described:
            lines.append(f"value {_described(graph, name, elide_constants)}")
    lines += [_node_text(graph, node, elide_constants) for node in graph.nodes]
    lines.append(f"output {', '.join(map(_name_text, graph.outputs))}".rstrip())
    return "\n".join(lines) + "\n"


def _node_text(graph: Graph, node: Node, elide: bool) -> str:
    outputs = ", ".join(_described(graph, name, elide) for name in node.outputs)
    inputs = ", ".join("_" if name is None else _name_text(name) for name in node.inputs)
    line = f"{outputs} = {_word(node.operator)}({inputs})"
    if node.attributes:
        pairs = (f"{_word(key)}={_attribute_text(value)}" for key, value in node.attributes.items())
        line += f" {{{', '.join(pairs)}}}"
    if not node.outputs or node.name != node.outputs[0]:
        line += f" as {json.dumps(node.name)}"
    return line


def _described(graph: Graph, name: str, elide: bool) -> str:
    value = graph.values[name]
    text = f"{_name_text(name)}: {value.dtype.value}[{','.join(map(str, value.shape))}]"
    if value.quantization is not None:
        text += _quantization_text(value.quantization, elide)
    return text


def _quantization_text(quantization: Quantization, elide: bool) -> str:
    scales = [_float32_text(scale) for scale in quantization.scales]
    zeros = [str(zero) for zero in quantization.zero_points]
    if elide and len(scales) > 4:
        scales, zeros = [*scales[:2], "...", scales[-1]], [*zeros[:2], "...", zeros[-1]]
    text = f" scale {_tuple_text(scales) if quantization.axis is not None else scales[0]}"
    if any(quantization.zero_points):
        text += f" zero {_tuple_text(zeros) if quantization.axis is not None else zeros[0]}"
    if quantization.axis is not None:
        text += f" axis {quantization.axis}"
    return f"{text} block {quantization.block}" if quantization.block else text


def _name_text(name: str) -> str:
    return f"%{name}" if _BARE_NAME.fullmatch(name) else f"%{json.dumps(name)}"


def _word(word: str) -> str:
    return word if _IDENTIFIER.fullmatch(word) else json.dumps(word)


def _tuple_text(items: Sequence[str]) -> str:
    return f"({items[0]},)" if len(items) == 1 else f"({', '.join(items)})"


def _attribute_text(value: Attribute) -> str:
    if isinstance(value, tuple):
        return _tuple_text([_attribute_text(item) for item in value])
    if isinstance(value, bool):
        return "true" if value else "false"
    return json.dumps(value) if isinstance(value, str) else repr(value)


def _float32_text(number: float) -> str:
    """The shortest decimal that rounds to this float32, or hexadecimal where none does."""
    text = str(np.float32(number))
    return text if float(np.float32(float(text))) == number else float(number).hex()


def _base64(content: bytes) -> str:
    return f'base64 "{base64.b64encode(content).decode()}"'


def _contents(array: Array, value: Value) -> str:
    little_endian = array.astype(array.dtype.newbyteorder("<")).tobytes()
    if array.size > LIST_ELEMENTS:
        return _base64(little_endian)
    items = [_element_text(item, value.dtype) for item in array.ravel()]
    # A decimal list does not keep the payload of a NaN; bytes do.
    exact = not value.dtype.is_float or _as_floats(items, array.dtype).tobytes() == array.tobytes()
    return f"[{', '.join(items)}]" if exact else _base64(little_endian)


def _element_text(item: np.generic, dtype: DType) -> str:
    if dtype is DType.BOOL:
        return "true" if item else "false"
    return str(item)


def _as_floats(items: Sequence[str], dtype: np.dtype[np.generic]) -> Array:
    return np.array([float(item) for item in items], np.float64).astype(dtype)
