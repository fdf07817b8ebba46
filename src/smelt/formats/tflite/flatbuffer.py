"""Reading FlatBuffers that nobody has vouched for, and writing them again.

Source: the FlatBuffers binary format, https://flatbuffers.dev/internals/. Every position and length that the
file states is checked before it is followed, and the work is bounded by the size of the file, so that a
damaged or hostile file costs a FormatError and no more.
"""

from __future__ import annotations

import struct
from typing import Any, NoReturn

import flatbuffers  # type: ignore[import-untyped]
import numpy as np
import numpy.typing as npt
from flatbuffers import number_types

from smelt.errors import FormatError, UnsupportedError
from smelt.formats.tflite.flatbuffer_schema import SCALARS, Field, Kind, Record, Schema, Table

MAX_TABLES = 1_000_000
"""The most tables a file may have, as in the C++ FlatBuffers verifier."""

MAX_DEPTH = 64
"""How deep tables may nest, as in the C++ FlatBuffers verifier."""


def read_flatbuffer(data: bytes | bytearray | memoryview, schema: Schema) -> Record:
    """Read the root table of a file and all below it.

    Arrays are views of `data`, which must not change while they are used. Fields that the schema does not
    know are passed over; invalid UTF-8 reads as backslash escapes. Tables that several offsets share are the
    same record. Raises FormatError that names table, field and path, as in "Operator.inputs (at
    Model.subgraphs[0].operators[3])".
    """
    return _Reader(data, schema).read()


def write_flatbuffer(tree: Record, schema: Schema, *, force_defaults: bool = False) -> bytes:
    """Write a tree whose root is the schema's root table, so that reading it gives an equal tree.

    The same tree gives the same bytes. Scalars that have their default are left out, or with `force_defaults`
    kept; equal vtables are shared, and so are records that are the same object. Raises UnsupportedError over
    2 GiB.
    """
    if tree.table_name != schema.root:
        raise TypeError(f"the root of a file is a {schema.root}, not a {tree.table_name}")
    builder = flatbuffers.Builder(4096)
    builder.ForceDefaults(force_defaults)
    try:
        root = _Writer(builder, schema).table(tree)
        builder.Finish(root, file_identifier=schema.identifier)
    except flatbuffers.builder.BuilderSizeError as error:
        raise UnsupportedError("a FlatBuffer cannot be larger than 2 GiB") from error
    return bytes(builder.Output())


# A bool is read as the byte that it is.
_CODES = {name: struct.Struct("<" + code) for name, code in zip(SCALARS, "BbBhHiIqQfd", strict=True)}
_UINT = struct.Struct("<I")
_INT = struct.Struct("<i")
_VTABLE = struct.Struct("<HH")


class _Place:
    """Where a table lies, after its vtable was checked: field offsets are within its `size` bytes."""

    __slots__ = ("offsets", "position", "size")

    def __init__(self, position: int, size: int, offsets: tuple[int, ...]) -> None:
        self.position = position
        self.size = size
        self.offsets = offsets


class _Reader:
    def __init__(self, data: bytes | bytearray | memoryview, schema: Schema) -> None:
        self.data = memoryview(data).cast("B")
        self.size = len(self.data)
        self.schema = schema
        self.records: dict[tuple[int, str], Record] = {}
        self.path: list[tuple[str, str]] = []
        # Offsets may be shared, but a sane file hardly does: what is visited is at most a few times the file.
        self.work = 3 * self.size + 4096

    def read(self) -> Record:
        if self.size < 8:
            raise FormatError(f"a file of {self.size} bytes is too short to be a FlatBuffer")
        identifier = bytes(self.data[4:8])
        if identifier != self.schema.identifier:
            raise FormatError(f"the file is marked {identifier!r}, expected was {self.schema.identifier!r}")
        self.array = np.frombuffer(self.data, np.uint8)
        self.array.flags.writeable = False
        self.path.append((self.schema.root, ""))
        root = self.follow(0)
        return self.table(root, self.schema.tables[self.schema.root])

    def fail(self, problem: str) -> NoReturn:
        """Raise, naming the innermost table and field, then the path that led to the table."""
        *outer, (table, field) = self.path
        path = ".".join([self.schema.root, *(step for _, step in outer)])
        name = f"{table}.{field}" if field else table
        raise FormatError(f"{name}: {problem}" + (f" (at {path})" if outer else ""))

    def spend(self, work: int) -> None:
        self.work -= work
        if self.work < 0 or len(self.records) > MAX_TABLES:
            self.fail("the file has more parts than its size allows; offsets overlap or repeat")

    def follow(self, position: int) -> int:
        """The target of the offset at a position in the file; four bytes can be read there."""
        offset: int = _UINT.unpack_from(self.data, position)[0]
        if not 4 <= offset <= self.size - 4 - position:
            self.fail(f"the offset {offset} at byte {position} leads out of the file of {self.size} bytes")
        return position + offset

    def length(self, position: int, item_bytes: int) -> int:
        """The length of the vector at a position, whose items are known to lie in the file then."""
        length: int = _UINT.unpack_from(self.data, position)[0]
        if length * item_bytes > self.size - 4 - position:
            self.fail(f"{length} items of {item_bytes} bytes at byte {position} exceed the file")
        return length

    def table(self, position: int, table: Table) -> Record:
        """Read the table at a position where four bytes can be read."""
        record = self.records.get((position, table.name))
        if record is None:
            if len(self.path) > MAX_DEPTH:
                self.fail(f"tables nest deeper than {MAX_DEPTH}")
            self.spend(16)
            place = self.place(position, table)
            values = []
            for field in table.fields:
                self.path[-1] = (table.name, field.name)
                values.append(self.field(place, field))
            record = self.records[position, table.name] = Record(table, tuple(values))
        return record

    def place(self, position: int, table: Table) -> _Place:
        """Check a table's vtable."""
        self.path[-1] = (table.name, "")
        vtable = position - _INT.unpack_from(self.data, position)[0]
        if not 0 <= vtable <= self.size - 4:
            self.fail(f"its vtable would be at byte {vtable} of a file of {self.size} bytes")
        vtable_bytes, size = _VTABLE.unpack_from(self.data, vtable)
        if vtable_bytes < 4 or vtable_bytes % 2 or vtable_bytes > self.size - vtable:
            self.fail(f"its vtable at byte {vtable} cannot be of {vtable_bytes} bytes")
        if size < 4 or size > self.size - position:
            self.fail(f"it cannot be of {size} bytes at byte {position} of a file of {self.size} bytes")
        slots = min((vtable_bytes - 4) // 2, table.slots)
        return _Place(position, size, struct.unpack_from(f"<{slots}H", self.data, vtable + 4))

    def inline(self, place: _Place, slot: int, item_bytes: int) -> int:
        """Where the table has the inline part of a field, or 0 if it does not have the field."""
        offset = place.offsets[slot] if slot < len(place.offsets) else 0
        if offset == 0:
            return 0
        if not 4 <= offset <= place.size - item_bytes:
            self.fail(f"it lies at byte {offset} of a table of {place.size} bytes")
        return place.position + offset

    def field(self, place: _Place, field: Field) -> Any:
        if field.kind is Kind.SCALAR:
            return self.scalar(place, field)
        if field.kind is Kind.UNION:
            return self.union(place, field)
        inline = self.inline(place, field.slot, 4)
        if not inline:
            return None
        position = self.follow(inline)
        match field.kind:
            case Kind.STRING:
                return self.string(position)
            case Kind.VECTOR:
                return self.vector(position, field)
            case Kind.TABLES:
                return self.table_vector(position, field)
            case _:
                return self.child(position, field.name, field.tables[0])

    def child(self, position: int, step: str, table_name: str) -> Record:
        """Read a table one step deeper."""
        here = self.path[-1]
        self.path[-1] = (here[0], step)
        self.path.append((table_name, ""))
        record = self.table(position, self.schema.tables[table_name])
        self.path.pop()
        self.path[-1] = here
        return record

    def scalar(self, place: _Place, field: Field) -> Any:
        code = _CODES[field.scalar]
        inline = self.inline(place, field.slot, code.size)
        if not inline:
            return field.default
        value = code.unpack_from(self.data, inline)[0]
        if field.enum is not None:
            try:
                return field.enum(value)
            except ValueError:
                self.fail(f"{value} is no {field.enum.__name__}; known are 0 to {len(field.enum) - 1}")
        return bool(value) if field.scalar == "bool" else value

    def string(self, position: int) -> str:
        length = self.length(position, 1)
        self.spend(4 + length)
        end = position + 4 + length
        if end >= self.size or self.data[end] != 0:
            self.fail(f"the string of {length} bytes at byte {position} does not end in a zero byte")
        return str(self.data[position + 4 : end], "utf-8", "backslashreplace")

    def vector(self, position: int, field: Field) -> npt.NDArray[Any]:
        dtype = SCALARS[field.scalar]
        length = self.length(position, dtype.itemsize)
        # Nothing is copied here, but whoever walks through the tree must not meet the same bytes forever.
        self.spend(length * dtype.itemsize)
        items: npt.NDArray[Any] = self.array[position + 4 : position + 4 + length * dtype.itemsize]
        if field.scalar == "bool":
            # A byte that is neither 0 nor 1 must not get into an array of bool.
            items = np.not_equal(items, 0)
            items.flags.writeable = False
        return items.view(dtype)

    def table_vector(self, position: int, field: Field) -> tuple[Record, ...]:
        length = self.length(position, 4)
        self.spend(4 * length)
        name = field.tables[0]
        rows = []
        for i in range(length):
            row = self.follow(position + 4 + 4 * i)
            known = self.records.get((row, name))
            rows.append(self.child(row, f"{field.name}[{i}]", name) if known is None else known)
        return tuple(rows)

    def union(self, place: _Place, field: Field) -> Record | None:
        inline_type = self.inline(place, field.slot - 1, 1)
        number = self.data[inline_type] if inline_type else 0
        if number == 0:
            return None
        if number > len(field.tables):
            self.fail(f"{number} is no type of this union; known are 0 to {len(field.tables)}")
        inline = self.inline(place, field.slot, 4)
        if not inline:
            self.fail(f"the union has the type {field.tables[number - 1]}, but no value")
        return self.child(self.follow(inline), field.name, field.tables[number - 1])


_FLAGS = {
    "bool": number_types.BoolFlags,
    "byte": number_types.Int8Flags,
    "ubyte": number_types.Uint8Flags,
    "short": number_types.Int16Flags,
    "ushort": number_types.Uint16Flags,
    "int": number_types.Int32Flags,
    "uint": number_types.Uint32Flags,
    "long": number_types.Int64Flags,
    "ulong": number_types.Uint64Flags,
    "float": number_types.Float32Flags,
    "double": number_types.Float64Flags,
}


class _Writer:
    def __init__(self, builder: Any, schema: Schema) -> None:
        self.builder = builder
        self.schema = schema
        self.written: dict[int, int] = {}

    def table(self, record: Record) -> int:
        """Write a record after all that it refers to; what comes back is the builder's offset of it."""
        if id(record) in self.written:
            return self.written[id(record)]
        table = self.schema.tables[record.table_name]
        parts = [
            (field, self.part(field, getattr(record, field.name)))
            for field in table.fields
            if field.kind is not Kind.SCALAR and record.has(field.name)
        ]
        self.builder.StartObject(table.slots)
        # From the largest to the smallest, as flatc does, so that nothing is padded in between.
        for item_bytes in (8, 4, 2, 1):
            for field in reversed(table.fields):
                if field.kind is Kind.SCALAR and SCALARS[field.scalar].itemsize == item_bytes:
                    value = getattr(record, field.name)
                    self.builder.PrependSlot(_FLAGS[field.scalar], field.slot, value, field.default)
            if item_bytes == 4:
                for field, part in reversed(parts):
                    self.builder.PrependUOffsetTRelativeSlot(field.slot, part, 0)
        for field, _ in reversed(parts):
            if field.kind is Kind.UNION:
                number = 1 + field.tables.index(getattr(record, field.name).table_name)
                self.builder.PrependUint8Slot(field.slot - 1, number, 0)
        offset: int = self.builder.EndObject()
        self.written[id(record)] = offset
        return offset

    def part(self, field: Field, value: Any) -> int:
        offset: int
        match field.kind:
            case Kind.STRING:
                offset = self.builder.CreateString(value.encode("utf-8", "backslashreplace"))
            case Kind.VECTOR:
                self.builder.Prep(max(field.alignment, value.itemsize, 4), value.nbytes)
                offset = self.builder.CreateNumpyVector(value)
            case Kind.TABLES:
                rows = [self.table(row) for row in value]
                self.builder.StartVector(4, len(rows), 4)
                for row in reversed(rows):
                    self.builder.PrependUOffsetTRelative(row)
                offset = self.builder.EndVector()
            case _:
                offset = self.table(value)
        return offset
