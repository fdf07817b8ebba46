"""The constant data of a program: each distinct array stored once, with the name the C code uses."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from smelt.codegen.c_text import C_TYPES, float_literal, initializer, integer_literal
from smelt.codegen.layers import Layer
from smelt.codegen.program import Program
from smelt.errors import CompileError
from smelt.ir import Array, DType
from smelt.operators.operator import Input, Parameters, Table, Unpacking


@dataclass(frozen=True)
class CTable:
    """A `static const` array of the generated source; aligned as its elements need, so that none is padded."""

    name: str
    c_type: str
    elements: int
    bytes: int
    text: str
    comment: str
    alignment: int


@dataclass(frozen=True)
class CParameters:
    """A `static const` parameter struct of one layer."""

    name: str
    type: str
    fields: tuple[tuple[str, str], ...]


class TableStore:
    """Collects arrays in the order they are first needed; equal arrays share one table."""

    def __init__(self) -> None:
        self.tables: list[CTable] = []
        self._names: dict[tuple[str, bytes], str] = {}

    def add(self, name: str, array: Array, comment: str = "") -> str:
        """Store an array, return the name of its table (of an equal one when there is one)."""
        key = (str(array.dtype), np.ascontiguousarray(array).tobytes())
        if key in self._names:
            return self._names[key]
        dtype = DType.of(array)
        stored = array.view(np.uint16) if dtype is DType.F16 else array
        elements, text = max(array.size, 1), initializer(stored)
        c_type = C_TYPES[dtype]
        self.tables.append(CTable(name, c_type, elements, array.nbytes, text, comment, stored.itemsize))
        self._names[key] = name
        return name


def layer_name(layer: Layer) -> str:
    """The stem of everything that belongs to a layer in the generated source."""
    return f"layer_{layer.index:02d}"


def collect(program: Program) -> tuple[TableStore, tuple[CParameters, ...]]:
    """All tables of a program, and the constant structs of its layers."""
    store = TableStore()
    structs: list[CParameters] = []
    for layer in program.layers:
        for name, array, comment in layer_constants(layer):
            store.add(name, array, comment)
        if layer.lowering is None:
            continue
        parameters = [a for a in layer.lowering.arguments if isinstance(a, Parameters)]
        if len(parameters) > 1:
            raise CompileError(f"{layer.node.label}: a kernel call has at most one parameter struct")
        for item in parameters:
            structs.append(_struct(layer, item, store))
        if layer.lowering.unpacking is not None:
            structs.append(_packed(layer, layer.lowering.unpacking, store, bool(parameters)))
    return store, tuple(structs)


def table_name(layer: Layer, role: str) -> str:
    """The name that a layer's table of this role would have."""
    return f"{layer_name(layer)}_{role}"


def packed_name(layer: Layer) -> str:
    """The name of the struct that describes a layer's packed weights."""
    return table_name(layer, "weights")


def layer_constants(layer: Layer) -> Iterator[tuple[str, Array, str]]:
    """Name, contents and comment of every array that a layer's kernel reads."""
    if layer.lowering is None:
        return
    for argument in layer.lowering.arguments:
        if isinstance(argument, Table):
            yield table_name(layer, argument.role), argument.array, argument.comment
        elif isinstance(argument, Input):
            array = layer.call.constant(argument.index)
            if array is not None:
                yield table_name(layer, f"input_{argument.index}"), array, ""
        elif isinstance(argument, Parameters):
            for value in argument.fields.values():
                if isinstance(value, Table):
                    yield table_name(layer, value.role), value.array, value.comment


def _struct(layer: Layer, parameters: Parameters, store: TableStore) -> CParameters:
    fields = []
    for name, value in parameters.fields.items():
        if isinstance(value, Table):
            text = store.add(table_name(layer, value.role), value.array)
        elif value is None:
            text = "NULL"
        elif isinstance(value, bool | int | np.integer):
            text = integer_literal(int(value))
        else:
            text = float_literal(float(value))
        fields.append((name, text))
    return CParameters(f"{layer_name(layer)}_parameters", parameters.type, tuple(fields))


def _packed(layer: Layer, how: Unpacking, store: TableStore, has_parameters: bool) -> CParameters:
    """The `struct smelt_packed_s8` of a layer."""
    copied = f"{layer_name(layer)}_parameters" if how.fields and has_parameters else None
    texts = {
        "stream": store.add(table_name(layer, how.stream.role), how.stream.array),
        "codes": store.add(table_name(layer, how.codes.role), how.codes.array),
        "parameters": f"&{copied}" if copied else "NULL",
        "coded": str(how.weights.coded),
        "repeats": str(how.weights.repeats),
        "head": str(how.weights.head),
        "before": str(how.weights.before),
        "after": str(how.weights.after),
        "tail": str(how.weights.tail),
        "parameters_at": str(how.parameters_at),
        "parameters_bytes": f"sizeof({copied})" if copied else "0",
        "prefix_bits": str(how.prefix_bits),
        "pairs": str(int(how.weights.pairs)),
    }
    return CParameters(packed_name(layer), "struct smelt_packed_s8", tuple(texts.items()))
