"""The tensors of a channels-first file while its graph is built: kept in layouts, converted where needed."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import replace
from itertools import count

from smelt.errors import FormatError, GraphError, UnsupportedError
from smelt.formats.channels_first.layout import Layout, Shape, Tensor, channels_last, inverse, natural
from smelt.formats.channels_first.shapes import MAX_ELEMENTS
from smelt.formats.channels_first.translation import Folded, Result, Results, Translated
from smelt.ir import Array, Attribute, DType, Graph, Quantization
from smelt.operators import find_operator, verify_graph
from smelt.operators.builder import GraphBuilder
from smelt.operators.operator import Call

_MOST_MACS = 1 << 26
"""An operator of constants that multiplies more often is left in the graph."""


class Tensors:
    """Builds the graph; what the functions that read one operator are given (`translation.Surroundings`).

    `label`, `node_name` and `outputs` (names) belong to the foreign operator that is being read; `wants` is what
    `wishes.layout_wishes` found; the constants that are made may take `budget_bytes`.
    """

    def __init__(self, name: str, budget_bytes: int) -> None:
        self.builder = GraphBuilder(name)
        self.tensors: dict[str, Tensor] = {}
        self.wants: Mapping[str, bool] = {}
        self.budget_bytes = budget_bytes
        self.label = "the model"
        self.node_name = ""
        self.outputs: tuple[str, ...] = ("",)
        self.shifted: set[str] = set()
        self._stored: dict[Hashable, str] = {}
        self._real: dict[str, Array] = {}

    def begin(self, label: str, node_name: str, outputs: Sequence[str]) -> None:
        """The next foreign operator: its label for messages, its name, the names of its results."""
        self.label, self.node_name, self.outputs = label, node_name, tuple(outputs)

    def tensor(self, name: str) -> Tensor:
        """A tensor of the file; FormatError when it is not there yet."""
        if name not in self.tensors:
            raise FormatError(f"{self.label}: reads '{name}' before anything computes it")
        return self.tensors[name]

    def constant(self, name: str) -> Array:
        """The contents of a constant tensor; UnsupportedError when it is computed."""
        array = self.tensor(name).array
        if array is None:
            raise self.not_constant(name)
        return array

    def not_constant(self, name: str) -> UnsupportedError:
        """The error for a tensor that must be a constant and is computed."""
        return UnsupportedError(f"{self.label}: input '{name}' must be a constant")

    def dtype(self, tensor: Tensor) -> DType:
        """A tensor's element type."""
        if tensor.array is not None:
            return DType.of(tensor.array)
        return self.builder.values[next(iter(tensor.forms.values()))].dtype

    def quantization(self, name: str) -> Quantization | None:
        """The quantization parameters of a smelt value."""
        return self.builder.values[name].quantization

    def has_quantization(self, name: str, quantization: Quantization) -> bool:
        """Whether a smelt value has these parameters; a graph input without any takes them."""
        value = self.builder.values[name]
        if value.quantization is None and name in self.builder.inputs:
            value = self.builder.values[name] = replace(value, quantization=quantization)
        return value.quantization == quantization

    def made(self, name: str, layout: Layout) -> Tensor:
        """The tensor that a smelt value holds in a layout; with its contents where they are known."""
        array = self.builder.constants.get(name)
        contents = None if array is None else layout.restored(array)
        return Tensor(name, layout.foreign, contents, {layout: name}, variant="made")

    def known(self, array: Array) -> Tensor:
        """A tensor with these contents, on the way to the foreign operator's result."""
        self.allow(array.size, array.itemsize)
        name = self.builder.constant(f"{self.outputs[0]}/constant", array)
        return self.made(name, natural(array.shape))

    def shape(self, name: str) -> Shape:
        """The shape of a smelt value."""
        return self.builder.values[name].shape

    def place(self, tensor: Tensor, layout: Layout) -> str:
        """The smelt value that holds a tensor in that layout; converted if need be."""
        if layout not in tensor.forms:
            array = tensor.array
            if array is not None:
                key = (tensor.name, tensor.variant, tensor.shape, layout)
                tensor.forms[layout] = self.rearranged(tensor, key, layout.array)
            else:
                tensor.forms[layout] = self._converted(tensor, layout)
        return tensor.forms[layout]

    def store(self, stem: str, key: Hashable, make: Callable[[], Array]) -> str:
        """A constant of smelt, made once for a key; its name begins with the stem."""
        if key not in self._stored:
            array = make()
            self.allow(array.size, array.itemsize)
            self._stored[key] = self.builder.constant(stem, array)
        return self._stored[key]

    def rearranged(self, tensor: Tensor, key: Hashable, transform: Callable[[Array], Array]) -> str:
        """A constant tensor with its elements in other places, made once for a key.

        A quantized one is stored as integers, and read through a dequantize node.
        """
        array = tensor.array
        assert array is not None
        integers = None if tensor.integers is None else tensor.integers.moved(transform)
        if integers is None:
            return self.store(tensor.name, key, lambda: transform(array))
        if key not in self._stored:
            self.allow(array.size, array.itemsize + integers.array.itemsize)
            held = self.builder.constant(tensor.name, integers.array, integers.quantization)
            (self._stored[key],) = self._node("dequantize", (held,), {}, (f"{held}/real",), fold=False)
            self._real[self._stored[key]] = transform(array)
        return self._stored[key]

    def emit(
        self,
        operator: str,
        inputs: Sequence[str | None],
        attributes: Mapping[str, Attribute],
        quantization: Quantization | None = None,
    ) -> str:
        """A node on the way to the foreign operator's result; its first output."""
        stems = (f"{self.outputs[0]}/{operator}",)
        return self._node(operator, inputs, attributes, stems, quantization=quantization)[0]

    def emit_all(
        self, operator: str, inputs: Sequence[str | None], attributes: Mapping[str, Attribute]
    ) -> tuple[str, ...]:
        """The same, all its outputs."""
        return self._node(operator, inputs, attributes, (f"{self.outputs[0]}/{operator}",))

    def allow(self, elements: int, item_bytes: int) -> None:
        """Raise FormatError when so much more data is too much for this file."""
        self.budget_bytes -= elements * item_bytes
        if self.budget_bytes < 0:
            raise FormatError(f"{self.label}: the constants that the model computes are too large")

    def wants_channels_last(self) -> bool:
        """Whether all that reads the operator's first result would have it in NHWC."""
        return self.wants.get(self.outputs[0]) is True

    def _node(
        self,
        operator: str,
        inputs: Sequence[str | None],
        attributes: Mapping[str, Attribute],
        stems: Sequence[str],
        name: str | None = None,
        fold: bool = True,
        quantization: Quantization | None = None,
    ) -> tuple[str, ...]:
        given = list(inputs)
        while given and given[-1] is None:
            given.pop()
        first = given[0] if given else None
        if first is not None and find_operator(operator).traits.same_quantization:
            quantization = self.builder.values[first].quantization
        try:
            self.builder.add(
                operator, given, attributes, quantization=quantization, outputs=stems, name=name or stems[0]
            )
        except UnsupportedError as error:
            raise UnsupportedError(f"{self.label}: {error}") from error
        except GraphError as error:
            types = {self.builder.values[i].dtype for i in given if i is not None}
            if types <= {DType.F32}:
                raise
            raise UnsupportedError(f"{self.label}: {error}") from error
        results = self.builder.nodes[-1].outputs
        for result in results:
            value = self.builder.values[result]
            if value.elements > MAX_ELEMENTS:
                raise FormatError(f"{self.label}: its result {list(value.shape)} is too large")
        if first in self.shifted and self.builder.values[results[0]].dtype.is_integer:
            self._mark_shifted(operator, results)
        if fold and all(i is None or i in self.builder.constants or i in self._real for i in given):
            self._fold_last()
        return results

    def _mark_shifted(self, operator: str, results: Sequence[str]) -> None:
        """What moves shifted integers gives shifted ones; only `quantize` makes others of them."""
        if find_operator(operator).traits.same_quantization:
            self.shifted.update(results)
        elif operator != "quantize":
            raise UnsupportedError(f"{self.label}: computes with quantized unsigned bytes as they are stored")

    def _fold_last(self) -> None:
        """Compute the last node, whose inputs are constants."""
        builder, node = self.builder, self.builder.nodes[-1]
        operator = find_operator(node.operator)
        arrays = [
            None if name is None else self._real[name] if name in self._real else builder.constants[name]
            for name in node.inputs
        ]
        call = Call(
            node=node,
            attributes=operator.parse(node),
            inputs=tuple(None if name is None else builder.values[name] for name in node.inputs),
            outputs=tuple(builder.values[name] for name in node.outputs),
            constants=tuple(arrays),
        )
        if operator.cost(call).macs > _MOST_MACS:
            return
        for value in call.outputs:
            self.allow(value.elements, value.dtype.numpy.itemsize)
        builder.nodes.pop()
        builder.constants.update(zip(node.outputs, operator.evaluate(call, arrays), strict=True))

    def _converted(self, tensor: Tensor, layout: Layout) -> str:
        """Nodes from the layout a tensor was computed in to another, by way of the file's own."""
        source, name = next(iter(tensor.forms.items()))
        if source.keeps_order and layout.keeps_order:
            return self._shaped(name, layout.shape, f"{tensor.name}/reshape")
        base = natural(tensor.shape)
        if source != base and layout != base:
            middle = Tensor(tensor.name, tensor.shape, forms={base: self.place(tensor, base)})
            return self._converted(middle, layout)
        if source != base:
            inner = tuple(source.factors[axis] for axis in source.permutation)
            name = self._shaped(name, inner, f"{tensor.name}/rows")
            order, stem = inverse(source.permutation), f"{tensor.name}/channels_first"
        else:
            name = self._shaped(name, layout.factors, f"{tensor.name}/rows")
            order, stem = layout.permutation, f"{tensor.name}/channels_last"
        (name,) = self._node("transpose", (name,), {"permutation": order}, (stem,))
        return self._shaped(name, layout.shape, f"{tensor.name}/reshape")

    def _shaped(self, name: str, shape: Shape, stem: str) -> str:
        if self.shape(name) == shape:
            return name
        return self._node("reshape", (name,), {"shape": shape}, (stem,))[0]

    def input(self, name: str, dtype: DType, shape: Shape) -> None:
        """Declare a graph input, channels last where its readers wish that; FormatError for a name taken."""
        if not name or name in self.tensors:
            raise FormatError(f"input '{name}' has no name, or is there twice")
        if self.wants.get(name) is not True or len(shape) not in (3, 4):
            self.builder.input(name, dtype, shape)
            self.tensors[name] = Tensor(name, shape, forms={natural(shape): name})
            return
        layout = channels_last(shape)
        self.builder.input(name, dtype, (shape[0], *shape[2:], shape[1]))
        self.builder.metadata[f"layout:{name}"] = layout_name(shape)
        held = self._shaped(name, layout.shape, f"{name}/image")
        self.tensors[name] = Tensor(name, shape, forms={layout: held})

    def keep(self, results: Results) -> None:
        """Take what a function returned for the foreign operator as its results.

        UnsupportedError where the file uses a result that there is none for.
        """
        tensors = self._tensors_of(results)
        for index, name in enumerate(self.outputs):
            tensor = tensors[index] if index < len(tensors) else None
            if name and tensor is None:
                more = ", ".join(filter(None, self.outputs[index:]))
                raise UnsupportedError(f"{self.label}: its output {index} ({more}) is not supported")
            if name and tensor is not None:
                self.tensors[name] = tensor

    def _tensors_of(self, results: Results) -> Sequence[Tensor | None]:
        if isinstance(results, Translated):
            return self._translated(results, self.outputs, self.node_name)
        if not isinstance(results, tuple):
            results = (results,)
        names = [*self.outputs, *[""] * len(results)]
        return [
            None if result is None else self._tensor_of(result, name)
            for result, name in zip(results, names, strict=False)
        ]

    def _tensor_of(self, result: Result, name: str) -> Tensor:
        if isinstance(result, Tensor):
            return result
        if isinstance(result, Folded):
            return Tensor(name, result.array.shape, result.array)
        return self._translated(result, (name,), name)[0]

    def _translated(self, result: Translated, outputs: Sequence[str], node_name: str) -> list[Tensor]:
        stems = [name or f"{outputs[0]}/{result.operator}" for name in outputs]
        names = self._node(
            result.operator,
            result.inputs,
            result.attributes,
            stems,
            node_name,
            quantization=result.quantization,
        )
        tensors = []
        for name, own in zip(names, [*outputs, *[""] * len(names)], strict=False):
            tensor = self.made(name, result.layout(self.shape(name)))
            tensors.append(replace(tensor, name=own, variant="") if own else tensor)
        return tensors

    def finished(self, wanted: Mapping[str, Tensor]) -> Graph:
        """The graph with these outputs, under these names."""
        outputs: dict[str, str] = {}
        taken: set[str] = set()
        for name, tensor in wanted.items():
            self.begin(f"output '{name}'", name, (name,))
            outputs[name] = self._output(tensor, taken)
            taken.add(outputs[name])
        if not outputs:
            raise FormatError("the model has no outputs")
        graph = self.builder.build(list(outputs.values()))
        inputs = set(graph.inputs)
        names = {held: name for name, held in outputs.items() if held != name and name not in inputs}
        used = graph.values.keys() | names.values()
        for name in sorted(graph.values.keys() & set(names.values()) - names.keys()):
            names[name] = next(new for i in count(1) if (new := f"{name}_{i}") not in used)
            used.add(names[name])
        return verify_graph(renamed(graph, names))

    def _output(self, tensor: Tensor, taken: set[str]) -> str:
        """The value that is a graph output: not an input, not a constant, not another output's."""
        name, layout = self.outputs[0], tensor.layout
        if natural(tensor.shape) in tensor.forms or not layout.is_channels_last:
            layout = natural(tensor.shape)
        held = self.place(tensor, layout)
        if layout.is_channels_last:
            self.builder.metadata[f"layout:{name}"] = layout_name(tensor.shape)
            moved = (tensor.shape[0], *tensor.shape[2:], tensor.shape[1])
            held = self._shaped(held, moved, f"{name}/signal")
        if held in taken or held in self.builder.inputs or held in self.builder.constants:
            return self._node("reshape", (held,), {"shape": self.shape(held)}, (name,), fold=False)[0]
        return held


def layout_name(shape: Sequence[int]) -> bytes:
    """What metadata "layout:<name>" says of a tensor that is channels last in the graph."""
    return b"NCHW" if len(shape) == 4 else b"NCL"


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
