"""Reading an .onnx file into a Graph."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import replace
from itertools import count
from pathlib import Path
from typing import Any

import numpy as np

from smelt.errors import FormatError, GraphError, UnsupportedError, UsageError
from smelt.formats.onnx.folding import FOLDING
from smelt.formats.onnx.layout import Layout, Tensor, channels_last, inverse, natural
from smelt.formats.onnx.model import MAX_ELEMENTS, attribute_values, input_shape, parse_model, tensor_array
from smelt.formats.onnx.operators import ELEMENTWISE, OPERATORS, SPATIAL
from smelt.formats.onnx.translation import Folded, Translated
from smelt.ir import Array, Attribute, DType, Graph
from smelt.operators import verify_graph
from smelt.operators.builder import GraphBuilder

_DOMAINS = ("", "ai.onnx")
_LISTED = 20


def read_onnx(
    data: bytes,
    name: str | None = None,
    shapes: Mapping[str, Sequence[int]] | None = None,
    folder: Path | None = None,
) -> Graph:
    """The graph in an .onnx file: float32, operators of opset 13 and up, all shapes static.

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


class _Reader:
    """Builds the graph; also the surroundings that operators.py and folding.py ask about one operator."""

    def __init__(
        self, model: Any, name: str | None, shapes: dict[str, Sequence[int]], folder: Path | None,
        file_bytes: int,
    ) -> None:  # fmt: skip
        self.proto = model.graph
        self.folder = folder
        self.shapes = shapes
        self.builder = GraphBuilder(name or self.proto.name or "model")
        self.initializers: dict[str, Any] = {}
        self.tensors: dict[str, Tensor] = {}
        self.stored: dict[Hashable, str] = {}
        # What is computed from constants may be larger than the file, but a sane file's hardly is.
        self.budget_bytes = 8 * file_bytes + (1 << 26)
        self.label = "the model"
        self.node_name = self.output = ""

    def read(self) -> Graph:
        """Inputs first, then operators in order."""
        for tensor in self.proto.initializer:
            if tensor.name in self.initializers:
                raise FormatError(f"initializer '{tensor.name}' is there twice")
            self.initializers[tensor.name] = tensor
        self._check_operators()
        self.wants = self._layout_wishes()
        for value in self.proto.input:
            if value.name not in self.initializers:
                self._input(value)
        if unknown := self.shapes.keys() - set(self.builder.inputs):
            raise UsageError(
                f"a shape is given for '{min(unknown)}'; inputs are: {', '.join(self.builder.inputs)}"
            )
        for node in self.proto.node:
            self._node(node)
        return verify_graph(self._finished())

    def tensor(self, name: str) -> Tensor:
        """A tensor of the file; FormatError when it is not there yet."""
        if name not in self.tensors:
            if name not in self.initializers:
                raise FormatError(f"{self.label}: reads '{name}' before anything computes it")
            array = tensor_array(self.initializers[name], self.folder, f"initializer '{name}'")
            self.tensors[name] = Tensor(name, array.shape, array)
        return self.tensors[name]

    def constant(self, name: str) -> Array:
        """The contents of a constant tensor; UnsupportedError when it is computed."""
        array = self.tensor(name).array
        if array is None:
            raise UnsupportedError(f"{self.label}: input '{name}' must be a constant")
        return array

    def weights(self, name: str) -> Array:
        """The same, and sure to be float32."""
        return self._float32(name, self.constant(name))

    def place(self, tensor: Tensor, layout: Layout) -> str:
        """The smelt value that holds a tensor in that layout; converted if need be."""
        if layout not in tensor.forms:
            if tensor.array is not None:
                array = self._float32(tensor.name, tensor.array)
                key = (tensor.name, tensor.variant, tensor.onnx, layout)
                tensor.forms[layout] = self.store(tensor.name, key, lambda: layout.array(array))
            else:
                tensor.forms[layout] = self._converted(tensor, layout)
        return tensor.forms[layout]

    def store(self, stem: str, key: Hashable, make: Callable[[], Array]) -> str:
        """A constant of smelt, made once for a key; its name begins with the stem."""
        if key not in self.stored:
            array = make()
            self.allow(array.size, array.itemsize)
            self.stored[key] = self.builder.constant(stem, array)
        return self.stored[key]

    def emit(
        self,
        operator: str,
        inputs: Sequence[str | None],
        attributes: Mapping[str, Attribute],
        output: str | None = None,
        name: str | None = None,
    ) -> str:
        """A node; unless it is named as the foreign operator's result, its output is one on the way there."""
        given = list(inputs)
        while given and given[-1] is None:
            given.pop()
        stem = output or f"{self.output}/{operator}"
        result = self.builder.add(operator, given, attributes, outputs=[stem], name=name or stem)
        value = self.builder.values[result]
        if value.elements > MAX_ELEMENTS:
            raise FormatError(f"{self.label}: its result {list(value.shape)} is too large")
        return result

    def allow(self, elements: int, item_bytes: int) -> None:
        """Raise FormatError when so much more data is too much for this file."""
        self.budget_bytes -= elements * item_bytes
        if self.budget_bytes < 0:
            raise FormatError(f"{self.label}: the constants that the model computes are too large")

    def wants_channels_last(self) -> bool:
        """Whether all that reads the operator's result would have it in NHWC."""
        return self.wants.get(self.output) is True

    def _float32(self, name: str, array: Array) -> Array:
        if array.dtype != np.float32:
            raise UnsupportedError(f"{self.label}: '{name}' is {array.dtype}; only float32 is supported")
        return array

    def _converted(self, tensor: Tensor, layout: Layout) -> str:
        """Nodes from the layout a tensor was computed in to another, by way of the file's own."""
        source, name = next(iter(tensor.forms.items()))
        if source.keeps_order and layout.keeps_order:
            return self._shaped(name, layout.shape, f"{tensor.name}/reshape")
        base = natural(tensor.onnx)
        if source != base and layout != base:
            middle = Tensor(tensor.name, tensor.onnx, forms={base: self.place(tensor, base)})
            return self._converted(middle, layout)
        if source != base:
            inner = tuple(source.factors[axis] for axis in source.permutation)
            name = self._shaped(name, inner, f"{tensor.name}/rows")
            order, stem = inverse(source.permutation), f"{tensor.name}/channels_first"
        else:
            name = self._shaped(name, layout.factors, f"{tensor.name}/rows")
            order, stem = layout.permutation, f"{tensor.name}/channels_last"
        name = self.emit("transpose", (name,), {"permutation": order}, stem)
        return self._shaped(name, layout.shape, f"{tensor.name}/reshape")

    def _shaped(self, name: str, shape: tuple[int, ...], stem: str) -> str:
        if self.builder.values[name].shape == shape:
            return name
        return self.emit("reshape", (name,), {"shape": shape}, stem)

    def _check_operators(self) -> None:
        """Raise UnsupportedError with all operators of the file that nothing here reads."""
        known = OPERATORS.keys() | FOLDING.keys()
        unknown = [
            f"{node.domain + '.' if node.domain not in _DOMAINS else ''}{node.op_type} '{_name(node)}'"
            for node in self.proto.node
            if node.domain not in _DOMAINS or node.op_type not in known
        ]
        if unknown:
            more = f" and {len(unknown) - _LISTED} more" if len(unknown) > _LISTED else ""
            raise UnsupportedError(f"operators that are not supported: {', '.join(unknown[:_LISTED])}{more}")

    def _layout_wishes(self) -> dict[str, bool]:
        """For each tensor whether its readers would have it in NHWC (True) or as it is in the file (False).

        Readers that take any layout pass on the wish for their result; a tensor that nobody has a wish for
        is absent.
        """
        wishes: dict[str, bool] = {}
        for node in reversed(self.proto.node):
            for index, name in enumerate(node.input):
                wish: bool | None = False
                if node.op_type in ELEMENTWISE:
                    wish = wishes.get(node.output[0]) if node.output else None
                elif node.op_type in SPATIAL:
                    wish = index == 0
                elif node.op_type == "Shape":
                    wish = None
                if wish is not None:
                    wishes[name] = wishes.get(name, True) and wish
        return wishes

    def _input(self, value: Any) -> None:
        if not value.name or value.name in self.tensors:
            raise FormatError(f"input '{value.name}' has no name, or is there twice")
        shape = input_shape(value, self.shapes)
        if self.wants.get(value.name) is not True or len(shape) not in (3, 4):
            name = self.builder.input(value.name, DType.F32, shape)
            self.tensors[name] = Tensor(name, shape, forms={natural(shape): name})
            return
        layout = channels_last(shape)
        moved = (shape[0], *shape[2:], shape[1])
        name = self.builder.input(value.name, DType.F32, moved)
        self.builder.metadata[f"layout:{name}"] = _layout_name(shape)
        self.output = name
        held = self._shaped(name, layout.shape, f"{name}/image")
        self.tensors[name] = Tensor(name, shape, forms={layout: held})

    def _node(self, node: Any) -> None:
        self.label = f"{node.op_type} '{_name(node)}'"
        if not node.output or not node.output[0]:
            raise FormatError(f"{self.label}: has no output")
        self.output, self.node_name = node.output[0], _name(node)
        if any(node.output[1:]):
            more = ", ".join(filter(None, node.output[1:]))
            raise UnsupportedError(f"{self.label}: outputs after the first ({more}) are not supported")
        if self.output in self.tensors or self.output in self.initializers:
            raise FormatError(f"{self.label}: computes '{self.output}', which is there already")
        attributes = attribute_values(node, self.folder, self.label)
        inputs = [name or None for name in node.input]
        while inputs and inputs[-1] is None:
            inputs.pop()
        given = [None if name is None else self.tensor(name) for name in inputs]
        if node.op_type in FOLDING and all(t is None or t.array is not None for t in given):
            array = self._fold(node.op_type, [None if t is None else t.array for t in given], attributes)
            self.tensors[self.output] = Tensor(self.output, array.shape, array)
        elif node.op_type in OPERATORS:
            self.tensors[self.output] = self._result(OPERATORS.call(node.op_type, self, inputs, attributes))
        else:
            raise UnsupportedError(f"{self.label}: is supported only on constants")

    def _fold(
        self, operator: str, inputs: Sequence[Array | None], attributes: Mapping[str, tuple[int, Any]]
    ) -> Array:
        try:
            array: Array = np.asarray(FOLDING.call(operator, self, inputs, attributes))
        except TypeError as error:  # numpy's answer to types that do not go together
            raise FormatError(f"{self.label}: {error}") from error
        self.allow(array.size, array.itemsize)
        return array

    def _result(self, result: Translated | Folded | Tensor) -> Tensor:
        if isinstance(result, Tensor):
            return result
        if isinstance(result, Folded):
            return Tensor(self.output, result.array.shape, result.array)
        name = self.emit(result.operator, result.inputs, result.attributes, self.output, self.node_name)
        layout = result.layout(self.builder.values[name].shape)
        return Tensor(self.output, layout.onnx, forms={layout: name})

    def _finished(self) -> Graph:
        """The graph with its outputs, which keep the file's names."""
        outputs: dict[str, str] = {}
        taken: set[str] = set()
        for value in self.proto.output:
            if value.name in outputs:
                raise FormatError(f"output '{value.name}' is there twice")
            self.label, self.output = f"output '{value.name}'", value.name
            outputs[value.name] = self._output(self.tensor(value.name), taken)
            taken.add(outputs[value.name])
        if not outputs:
            raise FormatError("the model has no outputs")
        graph = self.builder.build(list(outputs.values()))
        inputs = set(graph.inputs)
        names = {held: name for name, held in outputs.items() if held != name and name not in inputs}
        used = graph.values.keys() | names.values()
        for name in sorted(graph.values.keys() & set(names.values()) - names.keys()):
            names[name] = next(new for i in count(1) if (new := f"{name}_{i}") not in used)
            used.add(names[name])
        return renamed(graph, names)

    def _output(self, tensor: Tensor, taken: set[str]) -> str:
        """The value that is a graph output: not an input, not a constant, not another output's."""
        layout = tensor.layout
        if natural(tensor.onnx) in tensor.forms or not layout.is_channels_last:
            layout = natural(tensor.onnx)
        name = self.place(tensor, layout)
        if layout.is_channels_last:
            self.builder.metadata[f"layout:{self.output}"] = _layout_name(tensor.onnx)
            moved = (tensor.onnx[0], *tensor.onnx[2:], tensor.onnx[1])
            name = self._shaped(name, moved, f"{self.output}/signal")
        if name in taken or name in self.builder.inputs or name in self.builder.constants:
            return self.emit("reshape", (name,), {"shape": self.builder.values[name].shape}, self.output)
        return name


def renamed(graph: Graph, names: Mapping[str, str]) -> Graph:
    """The graph with other value names; `names` maps old to new ones and must keep all distinct."""

    def new(name: str) -> str:
        return names.get(name, name)

    nodes = [
        replace(
            node,
            inputs=tuple(None if i is None else new(i) for i in node.inputs),
            outputs=tuple(map(new, node.outputs)),
        )
        for node in graph.nodes
    ]
    return Graph(
        name=graph.name,
        values={new(name): replace(value, name=new(name)) for name, value in graph.values.items()},
        nodes=tuple(nodes),
        inputs=tuple(map(new, graph.inputs)),
        outputs=tuple(map(new, graph.outputs)),
        constants={new(name): array for name, array in graph.constants.items()},
        metadata=graph.metadata,
    )


def _name(node: Any) -> str:
    return str(node.name or (node.output[0] if node.output else "") or "?")


def _layout_name(shape: Sequence[int]) -> bytes:
    return b"NCHW" if len(shape) == 4 else b"NCL"
