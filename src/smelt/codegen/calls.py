"""The C text of layers: comments, kernel calls, and groups of layers that run row by row."""

from __future__ import annotations

from dataclasses import dataclass

from smelt.codegen.c_text import C_TYPES
from smelt.codegen.layers import Layer
from smelt.codegen.program import Group, Program
from smelt.codegen.tables import TableStore, table_name
from smelt.codegen.unpacked_calls import unpacked_call
from smelt.formats.c_array.names import comment_text
from smelt.ir import Value
from smelt.operators import find_operator
from smelt.operators.operator import Argument, Input, Output, Parameters, Scratch, Table
from smelt.operators.rows import row_count


@dataclass(frozen=True)
class CPart:
    """One statement of `invoke`, with its comment."""

    comment: str
    call: str


@dataclass(frozen=True)
class CGroup:
    """A function that runs some layers in turn."""

    function: str
    parameters: str
    comment: str
    schedule: tuple[int, ...]
    cases: tuple[CPart, ...]


def input_arguments(program: Program) -> dict[str, str]:
    """The parameters of `invoke` by the inputs that they point to; none where inputs live in the arena."""
    inputs = program.graph.inputs if program.external_input else ()
    return {name: "input" if len(inputs) == 1 else f"input_{at}" for at, name in enumerate(inputs)}


class CallWriter:
    """Writes the calls of one program; tables are looked up in the store that holds them."""

    def __init__(self, stem: str, program: Program, store: TableStore) -> None:
        self.stem = stem
        self.program = program
        self.store = store
        self.arguments = input_arguments(program)

    def part(self, part: Layer | Group) -> CPart:
        """A layer's call, or the call of a group's function."""
        if isinstance(part, Layer):
            return CPart(self._comment(part), self._call(part))
        arguments = ", ".join(["a", *self._read(part).values()])
        return CPart(f"{_numbers(part)} in turn", f"{self._function(part)}({arguments});")

    def group(self, group: Group) -> CGroup:
        """The function of a group: one case a layer, `row` being the layer's next row."""
        cases = [CPart(self._comment(layer), self._row_call(layer, "row", "1")) for layer in group.layers]
        rings = sorted(
            {
                f"{self.program.ring_rows[v.name]} rows of {_describe(v)}"
                for layer in group.layers
                for v in layer.call.outputs
                if self.program.ring_rows[v.name] < row_count(v)
            }
        )
        through = f", through {', '.join(rings)}" if rings else ""
        comment = f"{_numbers(group)} run in turn, a row at a time{through}."
        types = {name: C_TYPES[self.program.graph.values[name].dtype] for name in self.arguments}
        given = [f"const {types[name]} *{argument}" for name, argument in self._read(group).items()]
        parameters = ", ".join(["uint8_t *a", *given])
        return CGroup(self._function(group), parameters, comment, group.schedule, tuple(cases))

    def _function(self, group: Group) -> str:
        return f"{self.stem}_rows_{group.number}"

    def _read(self, group: Group) -> dict[str, str]:
        """The parameters of `invoke` that the layers of a group read."""
        read = {
            self.program.external.get(layer.call.input(argument.index).name)
            for layer in group.layers
            if layer.lowering
            for argument in layer.lowering.arguments
            if isinstance(argument, Input)
        }
        return {name: argument for name, argument in self.arguments.items() if name in read}

    def _comment(self, layer: Layer) -> str:
        call = layer.call
        activations = [
            _describe(v)
            for v, c in zip(call.inputs, call.constants, strict=True)
            if v is not None and c is None
        ]
        title = f'{layer.index:02d} {layer.node.operator} "{comment_text(layer.node.name)}"'
        shapes = f"{', '.join(activations)} -> {', '.join(_describe(v) for v in call.outputs)}"
        work = f", {layer.macs:,} MACs" if layer.macs else ""
        return f"{title}: {shapes}{work}"

    def _call(self, layer: Layer) -> str:
        if layer.lowering is None:
            source, result = layer.call.input(0), layer.call.output
            constant = layer.call.constant(0)
            origin = self._place(source) if constant is None else self._table(layer, Input(0))
            return f"memmove({self._place(result)}, {origin}, {result.bytes});"
        if layer.lowering.unpacking is not None:
            workspace = self.program.scratch_offsets[layer.index]
            return unpacked_call(layer, workspace, lambda argument: self._argument(layer, argument, None))
        if layer.by_rows:
            rows = layer.call.input(0) if layer.kernel and layer.kernel.accumulates else layer.call.output
            return self._row_call(layer, "0", str(row_count(rows)))
        arguments = ", ".join(self._argument(layer, a, None) for a in layer.lowering.arguments)
        return f"{layer.lowering.function}({arguments});"

    def _row_call(self, layer: Layer, first: str, count: str) -> str:
        """The call of a kernel's row function for `count` rows from `first` on."""
        assert layer.kernel is not None
        assert layer.lowering is not None
        output_row = None if layer.kernel.accumulates else first
        needs = find_operator(layer.node.operator).traits.needs
        arguments = []
        rings = []
        for argument in layer.lowering.arguments:
            text = self._argument(layer, argument, output_row)
            if isinstance(argument, Input) and (
                needs(layer.call, argument.index) is not None or layer.kernel.accumulates
            ):
                value = layer.call.input(argument.index)
                rings.append(str(self.program.ring_rows[value.name]))
                if layer.kernel.row_by_row:
                    text = self._pointer(value, "const ", first)
            arguments.append(text)
        if layer.kernel.row_by_row:
            return f"{layer.lowering.function}({', '.join(arguments)});"
        arguments += [first, count, *rings]
        return f"{layer.kernel.row_function}({', '.join(arguments)});"

    def _place(self, value: Value) -> str:
        """Where a tensor begins: in the arena, or in the caller's memory."""
        source = self.program.external.get(value.name)
        return f"a + {self.program.offsets[value.name]}" if source is None else self.arguments[source]

    def _pointer(self, value: Value, qualifier: str, first_row: str | None = None) -> str:
        """A tensor's place as a typed pointer; through void where the type wants more alignment than a byte."""
        if value.name in self.program.external:
            return self._place(value) + self._row(value, first_row, value.dtype.numpy.itemsize)
        through = f"({qualifier}void *)" if value.dtype.numpy.itemsize > 1 else ""
        place = self._place(value) + self._row(value, first_row)
        return f"({qualifier}{C_TYPES[value.dtype]} *){through}({place})"

    def _argument(self, layer: Layer, argument: Argument, first_row: str | None) -> str:
        if isinstance(argument, Output):
            value = layer.call.outputs[argument.index]
            return self._pointer(value, "", first_row)
        if isinstance(argument, Input):
            value = layer.call.input(argument.index)
            if layer.call.constant(argument.index) is not None:
                return self._table(layer, argument)
            return self._pointer(value, "const ")
        if isinstance(argument, Scratch):
            offset = self.program.scratch_offsets.get(layer.index)
            return "NULL" if offset is None else f"a + {offset}"
        if isinstance(argument, Parameters):
            return f"&{table_name(layer, 'parameters')}"
        if isinstance(argument, Table):
            return self._table(layer, argument)
        return "NULL" if argument is None else str(argument)

    def _row(self, value: Value, first_row: str | None, unit_bytes: int = 1) -> str:
        """What is added to a pointer to a tensor's place, in its units, to reach a row of its ring."""
        if first_row in (None, "0"):
            return ""
        row_bytes, ring = value.bytes // row_count(value), self.program.ring_rows[value.name]
        place = str(first_row) if ring == row_count(value) else f"{first_row} % {ring}"
        return f" + {place} * {row_bytes // unit_bytes}"

    def _table(self, layer: Layer, argument: Input | Table) -> str:
        if isinstance(argument, Table):
            return self.store.add(table_name(layer, argument.role), argument.array)
        array = layer.call.constant(argument.index)
        assert array is not None
        return self.store.add(table_name(layer, f"input_{argument.index}"), array)


def _describe(value: Value) -> str:
    return f"{value.dtype.value}[{','.join(map(str, value.shape))}]"


def _numbers(group: Group) -> str:
    return f"layers {', '.join(f'{layer.index:02d}' for layer in group.layers)}"
