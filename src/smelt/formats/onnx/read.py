"""Reading an .onnx file into a Graph."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from smelt.errors import FormatError, GraphError, UnsupportedError
from smelt.formats.channels_first.layout import Tensor
from smelt.formats.channels_first.quantized import as_in_the_file, as_plain_integers, is_quantized
from smelt.formats.channels_first.shapes import integers
from smelt.formats.channels_first.tensors import Tensors
from smelt.formats.channels_first.translation import Result, kept
from smelt.formats.channels_first.wishes import Reader, Wish, layout_wishes
from smelt.formats.onnx.arithmetic import cast_to
from smelt.formats.onnx.control_flow import CONTROL_FLOW, read_control_flow
from smelt.formats.onnx.inlining import Inliner, Operation, Scope, has_own_function, own_function
from smelt.formats.onnx.inputs import Inputs, declared_dtype
from smelt.formats.onnx.model import attribute_values, opset_of, parse_model, tensor_array, type_number
from smelt.formats.onnx.quantized import reads_shifted
from smelt.formats.onnx.schema import Row
from smelt.formats.onnx.tables import FOLDING, OPERATORS
from smelt.ir import Array, DType, Graph

_LISTED = 20


def read_onnx(
    data: bytes,
    name: str | None = None,
    shapes: Mapping[str, Sequence[int]] | None = None,
    folder: Path | None = None,
    constants: Mapping[str, Array] | None = None,
) -> Graph:
    """The graph in an .onnx file: operators of opset 6 and up, all shapes static.

    `name` is the graph's name (default: the file's, else "model").  `shapes` fixes symbolic input shapes, in
    the file's order of dimensions; a symbolic batch is 1.  `constants` makes inputs into constants with these
    contents.  `folder` is where the file lies, and files with more of its data.

    Images are NHWC and signals NLC in the graph: an input that convolutions and pools read, and an output
    that they compute, has its channels last where the file has them second; `metadata["layout:<name>"]` is
    then b"NCHW" or b"NCL".  Inputs and outputs keep their names and order.

    Raises FormatError for damaged files, UnsupportedError for what smelt does not do, UsageError for shapes
    and constants that do not fit.
    """
    try:
        with np.errstate(all="ignore"):
            model = parse_model(data)
            inputs = Inputs(model.graph, dict(shapes or {}), dict(constants or {}))
            return _Reader(model, name, inputs, folder, len(data)).read()
    except GraphError as error:
        raise FormatError(f"the model contradicts itself: {error}") from error
    except (ValueError, IndexError, OverflowError, ArithmeticError) as error:
        raise FormatError(f"the model holds values that make no sense: {error}") from error


class _Reader(Tensors):
    """Goes through the file's operators; also the surroundings that their rows and FOLDING's ask."""

    def __init__(
        self, model: Any, name: str | None, inputs: Inputs, folder: Path | None, file_bytes: int
    ) -> None:
        # What is computed from constants may be larger than the file, but a sane file's hardly is.
        super().__init__(name or model.graph.name or "model", 8 * file_bytes + (1 << 26))
        self.proto = model.graph
        self.given = inputs
        self.folder = folder
        opset = opset_of(model)
        self.inliner = Inliner(model, opset)
        self.operations = self.inliner.operations(self.proto.node, Scope(opset))
        self.initializers: dict[str, Any] = {}
        self.plain: dict[str, Tensor] = {}
        self.reads_shifted = False
        self.sources: dict[str, tuple[str, ...]] = {}

    def read(self) -> Graph:
        """Inputs first, then operators in order."""
        for tensor in self.proto.initializer:
            if tensor.name in self.initializers:
                raise FormatError(f"initializer '{tensor.name}' is there twice")
            self.initializers[tensor.name] = tensor
        self._check_operators()
        self.wants = layout_wishes(self._reader_of(operation) for operation in reversed(self.operations))
        for value in self.given.declared:
            self._declare(value)
        self.given.check_names(self.builder.inputs)
        for operation in self.operations:
            self.read_operation(operation)
        outputs: dict[str, Tensor] = {}
        self.reads_shifted = True
        for value in self.proto.output:
            if value.name in outputs:
                raise FormatError(f"output '{value.name}' is there twice")
            self.begin(f"output '{value.name}'", value.name, (value.name,))
            outputs[value.name] = as_in_the_file(self, self.tensor(value.name))
        return self.finished(outputs)

    def tensor(self, name: str) -> Tensor:
        """A tensor of the file; FormatError when it is not there yet."""
        if name not in self.tensors and name in self.initializers:
            proto = self.initializers[name]
            array = tensor_array(proto, self.folder, f"initializer '{name}'")
            if proto.data_location:
                self.budget_bytes += 8 * array.nbytes
            self.tensors[name] = Tensor(name, array.shape, array)
        tensor = super().tensor(name)
        if self.reads_shifted or not is_quantized(self, tensor):
            return tensor
        if name not in self.plain:
            self.plain[name] = as_plain_integers(self, tensor)
        return self.plain[name]

    def not_constant(self, name: str) -> UnsupportedError:
        """The error for a tensor that must be a constant and is computed, with advice where inputs are the cause."""
        origins = self._origins(name)
        if not origins:
            return super().not_constant(name)
        first = origins[0]
        return UnsupportedError(
            f"{self.label}: input '{name}' must be a constant, but depends on the model's input "
            f"{', '.join(map(repr, origins))}; give its value: --constant {first}=VALUE, or "
            f"smelt.load(..., constants={{'{first}': ...}})"
        )

    def _origins(self, name: str) -> list[str]:
        """Up to three inputs of the model that a tensor is computed from; one on the way: the operator's."""
        known = name in self.sources or name in self.builder.inputs
        waiting = [name] if known else list(self.sources.get(next(filter(None, self.outputs), ""), ()))
        seen = set(waiting)
        while waiting:
            for source in self.sources.get(waiting.pop(), ()):
                if source not in seen:
                    seen.add(source)
                    waiting.append(source)
        return [name for name in self.builder.inputs if name in seen][:3]

    def _declare(self, value: Any) -> None:
        """A graph input, or the constant that is given for it."""
        if value.name in self.initializers:
            return
        self.begin(f"input '{value.name}'", value.name, (value.name,))
        array = self.given.constant(value)
        if array is not None:
            self.tensors[value.name] = Tensor(value.name, array.shape, array)
            self.allow(array.size, array.itemsize)
        else:
            self.input(value.name, declared_dtype(value), self.given.shape(value))

    def _check_operators(self) -> None:
        """Raise UnsupportedError with all operators of the file that nothing here reads."""
        unknown: dict[str, list[str]] = {}
        for operation in self.operations:
            if not self._is_known(operation):
                unknown.setdefault(operation.operator, []).append(operation.name)
        if unknown:
            listed = [
                f"{operator} '{names[0]}'" + (f" and {len(names) - 1} more of it" if len(names) > 1 else "")
                for operator, names in unknown.items()
            ]
            more = f" and {len(listed) - _LISTED} others" if len(listed) > _LISTED else ""
            raise UnsupportedError(f"operators that are not supported: {', '.join(listed[:_LISTED])}{more}")

    def _is_known(self, operation: Operation) -> bool:
        name, opset = operation.operator, operation.scope.opset
        row = OPERATORS.find(name, opset) or FOLDING.find(name, opset)
        return bool(row) or name in CONTROL_FLOW or has_own_function(name, opset)

    def _reader_of(self, operation: Operation) -> Reader:
        row = OPERATORS.find(operation.operator, operation.scope.opset)
        output = operation.outputs[0] if operation.outputs else ""
        wish = row.wish if row else Wish.FILE
        return Reader(operation.inputs, output, Wish.ANY if self._reshapes_pixels(operation) else wish)

    def _reshapes_pixels(self, operation: Operation) -> bool:
        """Whether dimensions of size 1 come or go behind the channels only: any layout will do."""
        if operation.operator not in ("Squeeze", "Unsqueeze"):
            return False
        axes = next((list(a.ints) for a in operation.attributes if a.name == "axes"), None)
        if axes is None and len(operation.inputs) == 2 and operation.inputs[1] in self.initializers:
            name = operation.inputs[1]
            axes = list(integers(tensor_array(self.initializers[name], self.folder, f"initializer '{name}'")))
        return bool(axes) and min(axes or [0]) > 1

    def read_operation(self, operation: Operation) -> None:
        """Read one operation; its results become tensors."""
        label, outputs = operation.label, operation.outputs
        if not any(outputs):
            raise FormatError(f"{label}: has no output")
        self.begin(label, operation.name, outputs)
        self.reads_shifted = reads_shifted(operation.operator)
        inputs = [name or None for name in operation.inputs]
        while inputs and inputs[-1] is None:
            inputs.pop()
        given = [None if name is None else self.tensor(name) for name in inputs]
        for name in filter(None, outputs):
            if name in self.tensors or name in self.initializers:
                raise FormatError(f"{label}: computes '{name}', which is there already")
            self.sources[name] = operation.inputs
        opset = operation.scope.opset
        row, folding = OPERATORS.find(operation.operator, opset), FOLDING.find(operation.operator, opset)
        if operation.operator in CONTROL_FLOW:
            read_control_flow(self, operation)
            return
        if row is None and folding is None:
            self._function(operation, given)
            return
        attributes = attribute_values(operation.attributes, self.folder, label)
        if folding and all(t is None or t.array is not None for t in given):
            array = self._fold(folding, [None if t is None else t.array for t in given], attributes)
            self.keep(Tensor(outputs[0], array.shape, array))
        elif row:
            self._row(row, inputs, attributes)
        else:
            for name in filter(None, inputs):
                self.constant(name)
            raise UnsupportedError(f"{label}: is supported only on constants")

    def _row(self, row: Row, inputs: Sequence[str | None], attributes: Mapping[str, tuple[int, Any]]) -> None:
        """An operator by its row; of half precision, where smelt has no such meaning, in float32."""
        halves = {name for name in inputs if name and self.dtype(self.tensor(name)) is DType.F16}
        try:
            self.keep(row.call(self, inputs, attributes))
        except UnsupportedError:
            if not halves:
                raise
            wide = [self._wide(name) if name in halves else name for name in inputs]
            results = row.call(self, wide, attributes)
            parts = results if isinstance(results, tuple) else (results,)
            self.keep(tuple(None if part is None else self._narrow(part) for part in parts))

    def _wide(self, name: str | None) -> str:
        """A tensor of half precision in float32, under a name of its own."""
        wide = f"{name}/float32"
        if wide not in self.tensors:
            self.tensors[wide] = kept(self, cast_to(self, self.tensor(str(name)), DType.F32))
        return wide

    def _narrow(self, result: Result) -> Tensor:
        """A result in half precision again, where it is a real number."""
        tensor = kept(self, result)
        return kept(self, cast_to(self, tensor, DType.F16)) if self.dtype(tensor) is DType.F32 else tensor

    def _fold(
        self, row: Row, inputs: Sequence[Array | None], attributes: Mapping[str, tuple[int, Any]]
    ) -> Array:
        try:
            array: Array = np.asarray(row.call(self, inputs, attributes))
        except TypeError as error:  # numpy's answer to types that do not go together
            raise FormatError(f"{self.label}: {error}") from error
        self.allow(array.size, array.itemsize)
        return array

    def _function(self, operation: Operation, given: Sequence[Tensor | None]) -> None:
        """An operator that ONNX defines by others."""
        types = [None if t is None else (type_number(self.dtype(t)), t.shape) for t in given]
        function = own_function(operation, types)
        if function is None:
            raise UnsupportedError(f"{operation.label}: is not supported on these inputs")
        for inner in self.inliner.called(function, operation, operation.scope.opset):
            self.read_operation(inner)
