"""What a FlatBuffer schema says, and the records that files of that schema hold.

A `Schema` is parsed from compact strings (see `Schema.parse`). A `Record` is one table of a file: a frozen
value with one attribute a field, built by `Schema.record`, read by `read_flatbuffer`, written by
`write_flatbuffer`.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum, IntEnum
from typing import Any

import numpy as np
import numpy.typing as npt

from smelt.errors import FormatError

SCALARS: Mapping[str, np.dtype[Any]] = {
    "bool": np.dtype("?"),
    "byte": np.dtype("i1"),
    "ubyte": np.dtype("u1"),
    "short": np.dtype("<i2"),
    "ushort": np.dtype("<u2"),
    "int": np.dtype("<i4"),
    "uint": np.dtype("<u4"),
    "long": np.dtype("<i8"),
    "ulong": np.dtype("<u8"),
    "float": np.dtype("<f4"),
    "double": np.dtype("<f8"),
}
"""Scalar type names of the schema language, with their layout in a file."""


class Kind(Enum):
    """What a field holds."""

    SCALAR = "scalar"
    STRING = "string"
    VECTOR = "vector of scalars"
    TABLE = "table"
    TABLES = "vector of tables"
    UNION = "union"


@dataclass(frozen=True, slots=True)
class Field:
    """One field of a table.

    `slot` is its place in the vtable (a union has its type number one slot before), `scalar` the name of its
    scalar or element type, `tables` the table it refers to or the members of the union in order, `alignment`
    the least alignment of a vector's data in bytes.
    """

    name: str
    slot: int
    kind: Kind
    scalar: str = ""
    enum: type[IntEnum] | None = None
    tables: tuple[str, ...] = ()
    default: Any = None
    alignment: int = 1

    @property
    def absent(self) -> Any:
        """What reading the field of a record gives when the file does not have it."""
        match self.kind:
            case Kind.STRING:
                return ""
            case Kind.VECTOR:
                return np.empty(0, SCALARS[self.scalar])
            case Kind.TABLES:
                return ()
            case _:
                return self.default


@dataclass(frozen=True, slots=True)
class Table:
    """The name and the fields of a table; `index` gives a field's place in `fields`."""

    name: str
    fields: tuple[Field, ...]
    index: Mapping[str, int]

    @property
    def slots(self) -> int:
        """How many vtable slots the fields take."""
        return max((field.slot + 1 for field in self.fields), default=0)

    def record(self, /, **values: Any) -> Record:
        """Make a record of this table; see `Schema.record`."""
        if unknown := values.keys() - self.index.keys():
            raise TypeError(f"{self.name} has no field {', '.join(sorted(unknown))}")
        return Record(self, tuple(_checked(self, field, values.get(field.name)) for field in self.fields))


class Record:
    """One table of a FlatBuffer: a frozen value whose attributes are the fields of the table.

    Scalars are `bool`, `int`, `float` or a member of their enum; strings are `str`; vectors of scalars are
    read-only 1-D arrays; tables and unions are records or None (the record's `table_name` tells which member
    of the union); vectors of tables are tuples. A field that is absent reads as its default: the schema's for
    a scalar, else "", an empty array, () or None; `has` tells absent from empty. Records with the same
    contents are equal (NaN too).
    """

    __slots__ = ("_table", "_values")

    _table: Table
    _values: tuple[Any, ...]

    def __init__(self, table: Table, values: tuple[Any, ...]) -> None:
        object.__setattr__(self, "_table", table)
        object.__setattr__(self, "_values", values)

    @property
    def table_name(self) -> str:
        """The name of the table in the schema, as in "Conv2DOptions"."""
        return self._table.name

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        place = self._table.index.get(name)
        if place is None:
            raise AttributeError(f"{self._table.name} has no field {name}")
        value = self._values[place]
        return self._table.fields[place].absent if value is None else value

    def __setattr__(self, name: str, value: object) -> None:
        raise AttributeError(f"records are frozen; use replace({name}=...)")

    def __reduce__(self) -> tuple[Any, ...]:
        return Record, (self._table, self._values)

    def __dir__(self) -> list[str]:
        return [*super().__dir__(), *self._table.index]

    def has(self, name: str) -> bool:
        """Whether a field that is no scalar is present, be it empty; a scalar always has a value."""
        return self._values[self._table.index[name]] is not None

    def replace(self, /, **changes: Any) -> Record:
        """Make a record with some fields changed; None removes a field, or resets a scalar to its default."""
        values = {field.name: value for field, value in zip(self._table.fields, self._values, strict=True)}
        return self._table.record(**(values | changes))

    def __eq__(self, other: object) -> bool:
        if self is other:
            return True
        if not isinstance(other, Record):
            return NotImplemented
        return self.table_name == other.table_name and all(map(_same, self._values, other._values))

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        shown = (
            f"{field.name}={_shown(value)}"
            for field, value in zip(self._table.fields, self._values, strict=True)
            if value is not None and (field.kind is not Kind.SCALAR or value != field.default)
        )
        return f"{self.table_name}({', '.join(shown)})"


@dataclass(frozen=True, slots=True)
class Schema:
    """The tables of a file format, the name of the table at the root, and the four bytes that mark a file."""

    tables: Mapping[str, Table]
    root: str
    identifier: bytes

    def record(self, table_name: str, /, **values: Any) -> Record:
        """Make a record of a table; fields that are left out or None are absent, scalars take their default.

        Vectors of scalars may be given as sequences, 1-D arrays or (of bytes) anything with a buffer; an
        array that has the right dtype already is not copied. Raises FormatError when a number does not fit
        its field, TypeError when the field does not exist or the value is of the wrong kind.
        """
        return self.tables[table_name].record(**values)

    @classmethod
    def parse(
        cls,
        tables: Mapping[str, str],
        enums: Mapping[str, tuple[type[IntEnum], ...]],
        unions: Mapping[str, str],
        *,
        root: str,
        identifier: bytes,
    ) -> Schema:
        """Parse a schema from strings.

        `tables` maps a name to its fields in slot order, `name:type`, `name:type=default` or, for a vector
        whose data is aligned to more than its elements are, `name:[type]@bytes`; `-` is the slot of a
        deprecated field. A type is a scalar (`SCALARS`), an enum, `string`, a table, a union, or `[scalar]`,
        `[enum]`, `[table]`. `enums` lists the enums by the scalar that stores them. `unions` maps a name to
        its members, numbered from 1; a member that `tables` does not have is a table without fields.
        """
        scalar_of = {enum.__name__: (scalar, enum) for scalar, group in enums.items() for enum in group}
        members = {name: tuple(text.split()) for name, text in unions.items()}
        texts = {name: "" for names in members.values() for name in names} | dict(tables)
        parsed: dict[str, Table] = {}
        for name, text in texts.items():
            fields: list[Field] = []
            slot = 0
            for token in text.split():
                if token != "-":
                    fields.append(_parse_field(token, slot, scalar_of, members, texts))
                    slot = fields[-1].slot
                slot += 1
            parsed[name] = Table(name, tuple(fields), {field.name: i for i, field in enumerate(fields)})
        return cls(parsed, root, identifier)


def _parse_field(
    token: str,
    slot: int,
    enums: Mapping[str, tuple[str, type[IntEnum]]],
    unions: Mapping[str, tuple[str, ...]],
    tables: Mapping[str, str],
) -> Field:
    token, _, default = token.partition("=")
    token, _, alignment = token.partition("@")
    name, _, kind = token.partition(":")
    element = kind.strip("[]")
    scalar, enum = enums.get(element, (element, None))
    if scalar in SCALARS:
        if kind != element:
            return Field(name, slot, Kind.VECTOR, scalar, alignment=int(alignment or 1))
        return Field(name, slot, Kind.SCALAR, scalar, enum, default=_parse_default(default, scalar, enum))
    if kind == "string":
        return Field(name, slot, Kind.STRING)
    if kind in unions:
        return Field(name, slot + 1, Kind.UNION, tables=unions[kind])
    if element not in tables:
        raise ValueError(f"the schema does not say what {element} is (field {name})")
    return Field(name, slot, Kind.TABLE if kind == element else Kind.TABLES, tables=(element,))


def _parse_default(text: str, scalar: str, enum: type[IntEnum] | None) -> Any:
    if enum is not None:
        return enum[text] if text else enum(0)
    if scalar == "bool":
        return text == "true"
    return float(text or 0) if SCALARS[scalar].kind == "f" else int(text or 0)


def _same(left: Any, right: Any) -> bool:
    if left is right:
        return True
    if isinstance(left, np.ndarray) and isinstance(right, np.ndarray):
        return left.size == right.size and np.array_equal(left.view(np.uint8), right.view(np.uint8))
    if isinstance(left, tuple) and isinstance(right, tuple):
        return len(left) == len(right) and all(map(_same, left, right))
    if isinstance(left, np.ndarray) or isinstance(right, np.ndarray):
        return False
    return bool(left == right or (left != left and right != right))


def _shown(value: Any) -> str:
    if isinstance(value, IntEnum):
        return value.name
    if isinstance(value, np.ndarray):
        return f"[{value.size} x {value.dtype}]" if value.size > 8 else str(value.tolist())
    if isinstance(value, tuple):
        return f"<{len(value)} {value[0].table_name}>" if value else "()"
    return repr(value)


def _checked(table: Table, field: Field, value: Any) -> Any:
    """Bring a value to the form in which records keep it."""
    if value is None:
        return field.default
    match field.kind:
        case Kind.SCALAR:
            return _checked_scalar(table, field, value)
        case Kind.VECTOR:
            return _checked_vector(table, field, value)
        case Kind.STRING if isinstance(value, str):
            return value
        case Kind.TABLE | Kind.UNION if isinstance(value, Record) and value.table_name in field.tables:
            return value
        case Kind.TABLES:
            rows = tuple(value)
            if all(isinstance(row, Record) and row.table_name in field.tables for row in rows):
                return rows
    raise TypeError(f"{table.name}.{field.name} is a {field.kind.value}, it cannot be {value!r}")


def _checked_scalar(table: Table, field: Field, value: Any) -> Any:
    dtype = SCALARS[field.scalar]
    if field.enum is not None:
        try:
            return field.enum(value)
        except ValueError as error:
            raise FormatError(f"{table.name}.{field.name}: no {field.enum.__name__} is {value!r}") from error
    if dtype.kind == "b":
        return bool(value)
    if dtype.kind == "f":
        with np.errstate(over="ignore"):
            stored = float(dtype.type(value))
        fits = math.isinf(stored) == math.isinf(value)
    else:
        stored = operator.index(value)
        fits = np.iinfo(dtype).min <= stored <= np.iinfo(dtype).max
    if not fits:
        raise FormatError(f"{table.name}.{field.name}: {value!r} does not fit into {field.scalar}")
    return stored


def _checked_vector(table: Table, field: Field, value: Any) -> npt.NDArray[Any]:
    dtype = SCALARS[field.scalar]
    if isinstance(value, bytes | bytearray | memoryview):
        given: npt.NDArray[Any] = np.frombuffer(value, np.uint8)
    else:
        given = np.asarray(value)
    if given.size == 0:
        given = np.empty(0, dtype)
    if given.ndim != 1 or given.dtype.kind not in ("biuf" if dtype.kind == "f" else "biu"):
        raise TypeError(
            f"{table.name}.{field.name} is a 1-D vector of {field.scalar}, it cannot be {value!r}"
        )
    if given.dtype == dtype:
        stored = np.ascontiguousarray(given).view()
    else:
        with np.errstate(over="ignore"):
            stored = given.astype(dtype)
        if dtype.kind == "f":
            fits = bool((np.isinf(stored) == np.isinf(given)).all())
        else:
            low, high = (0, 1) if dtype.kind == "b" else (np.iinfo(dtype).min, np.iinfo(dtype).max)
            fits = low <= int(given.min()) and int(given.max()) <= high
        if not fits:
            raise FormatError(
                f"{table.name}.{field.name}: a number does not fit into {field.scalar}: {given!r}"
            )
    stored.flags.writeable = False
    return stored
