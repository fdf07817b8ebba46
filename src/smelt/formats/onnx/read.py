"""Reading an .onnx file into a Graph."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from smelt.errors import FormatError, GraphError, UnsupportedError, UsageError
from smelt.formats.channels_first.layout import Tensor
from smelt.formats.channels_first.tensors import Tensors
from smelt.formats.channels_first.wishes import Reader, Wish, layout_wishes
from smelt.formats.onnx.model import (
    attribute_values,
    input_dtype,
    input_shape,
    opset_of,
    parse_model,
    tensor_array,
)
from smelt.formats.onnx.schema import Row
from smelt.formats.onnx.tables import FOLDING, OPERATORS
from smelt.ir import Array, Graph

_DOMAINS = ("", "ai.onnx")
_LISTED = 20


def read_onnx(
    data: bytes,
    name: str | None = None,
    shapes: Mapping[str, Sequence[int]] | None = None,
    folder: Path | None = None,
) -> Graph:
    """The graph in an .onnx file: operators of opset 7 and up, all shapes static.

    `name` is the graph's name (default: the file's, else "model").  `shapes` fixes symbolic input shapes, in
    the file's order of dimensions; a symbolic batch is 1.  `folder` is where the file lies, for messages.

    Images are NHWC and signals NLC in the graph: an input that convolutions and pools read, and an output
    that they compute, has its channels last where the file has them second; `metadata["layout:<name>"]` is
    then b"NCHW" or b"NCL".  Inputs and outputs keep their names and order.

    Raises FormatError for damaged files, UnsupportedError for what smelt does not do, UsageError for shapes
    that do not fit.
    """
    try:
        with np.errstate(all="ignore"):
            return _Reader(parse_model(data), name, dict(shapes or {}), folder, len(data)).read()
    except GraphError as error:
        raise FormatError(f"the model contradicts itself: {error}") from error
    except (ValueError, IndexError, OverflowError, ArithmeticError) as error:
        raise FormatError(f"the model holds values that make no sense: {error}") from error


class _Reader(Tensors):
    """Goes through the file's operators; also the surroundings that their rows and FOLDING's ask."""

    def __init__(
        self, model: Any, name: str | None, shapes: dict[str, Sequence[int]], folder: Path | None,
        file_bytes: int,
    ) -> None:  # fmt: skip
        # What is computed from constants may be larger than the file, but a sane file's hardly is.
        super().__init__(name or model.graph.name or "model", 8 * file_bytes + (1 << 26))
        self.proto = model.graph
        self.opset = opset_of(model)
        self.folder = folder
        self.shapes = shapes
        self.initializers: dict[str, Any] = {}

    def read(self) -> Graph:
        """Inputs first, then operators in order."""
        for tensor in self.proto.initializer:
            if tensor.name in self.initializers:
                raise FormatError(f"initializer '{tensor.name}' is there twice")
            self.initializers[tensor.name] = tensor
        self._check_operators()
        self.wants = layout_wishes(self._reader_of(node) for node in reversed(self.proto.node))
        for value in self.proto.input:
            if value.name not in self.initializers:
                self.begin(f"input '{value.name}'", value.name, (value.name,))
                self.input(value.name, input_dtype(value), input_shape(value, self.shapes))
        if unknown := self.shapes.keys() - set(self.builder.inputs):
            raise UsageError(
                f"a shape is given for '{min(unknown)}'; inputs are: {', '.join(self.builder.inputs)}"
            )
        for node in self.proto.node:
            self._read(node)
        outputs: dict[str, Tensor] = {}
        for value in self.proto.output:
            if value.name in outputs:
                raise FormatError(f"output '{value.name}' is there twice")
            self.label = f"output '{value.name}'"
            outputs[value.name] = self.tensor(value.name)
        return self.finished(outputs)

    def tensor(self, name: str) -> Tensor:
        """A tensor of the file; FormatError when it is not there yet."""
        if name not in self.tensors and name in self.initializers:
            array = tensor_array(self.initializers[name], self.folder, f"initializer '{name}'")
            self.tensors[name] = Tensor(name, array.shape, array)
        return super().tensor(name)

    def _row(self, node: Any) -> Row | None:
        return OPERATORS.find(_operator(node), self.opset)

    def _check_operators(self) -> None:
        """Raise UnsupportedError with all operators of the file that nothing here reads."""
        unknown = [
            f"{_operator(node)} '{_name(node)}'"
            for node in self.proto.node
            if not (self._row(node) or FOLDING.find(_operator(node), self.opset))
        ]
        if unknown:
            more = f" and {len(unknown) - _LISTED} more" if len(unknown) > _LISTED else ""
            raise UnsupportedError(f"operators that are not supported: {', '.join(unknown[:_LISTED])}{more}")

    def _reader_of(self, node: Any) -> Reader:
        row = self._row(node)
        return Reader(node.input, node.output[0] if node.output else "", row.wish if row else Wish.FILE)

    def _read(self, node: Any) -> None:
        label = f"{node.op_type} '{_name(node)}'"
        if not node.output or not any(node.output):
            raise FormatError(f"{label}: has no output")
        self.begin(label, _name(node), node.output)
        for name in filter(None, node.output):
            if name in self.tensors or name in self.initializers:
                raise FormatError(f"{label}: computes '{name}', which is there already")
        attributes = attribute_values(node, self.folder, label)
        inputs = [name or None for name in node.input]
        while inputs and inputs[-1] is None:
            inputs.pop()
        given = [None if name is None else self.tensor(name) for name in inputs]
        row, folding = self._row(node), FOLDING.find(_operator(node), self.opset)
        if folding and all(t is None or t.array is not None for t in given):
            array = self._fold(folding, [None if t is None else t.array for t in given], attributes)
            self.keep(Tensor(self.outputs[0], array.shape, array))
        elif row:
            self.keep(row.call(self, inputs, attributes))
        else:
            raise UnsupportedError(f"{label}: is supported only on constants")

    def _fold(
        self, row: Row, inputs: Sequence[Array | None], attributes: Mapping[str, tuple[int, Any]]
    ) -> Array:
        try:
            array: Array = np.asarray(row.call(self, inputs, attributes))
        except TypeError as error:  # numpy's answer to types that do not go together
            raise FormatError(f"{self.label}: {error}") from error
        self.allow(array.size, array.itemsize)
        return array


def _operator(node: Any) -> str:
    return str(node.op_type) if node.domain in _DOMAINS else f"{node.domain}.{node.op_type}"


def _name(node: Any) -> str:
    return str(node.name or next(filter(None, node.output), "") or "?")
