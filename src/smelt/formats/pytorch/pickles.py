"""PyTorch's pickles, read by a machine that knows the few instructions they need and calls nothing of the file's.

Instructions are decoded by the standard library's pickletools, which runs nothing.  Classes of the file become
`Thing`s, tensors arrays; a name outside the lists below ends the reading.
"""

from __future__ import annotations

import io
import pickletools
import re
from collections.abc import Callable, Hashable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from smelt.errors import FormatError, SmeltError, UnsupportedError
from smelt.formats.pytorch.archive import Archive
from smelt.formats.pytorch.storage import BFLOAT16, STORAGES, QuantizedArray, elements, view, whole
from smelt.ir import Array

_MOST_STEPS = 1 << 20
_MARK = object()


@dataclass(frozen=True)
class Name:
    """A module and a name in it that the pickle refers to; it stands for nothing by itself."""

    module: str
    name: str

    def __str__(self) -> str:
        return f"{self.module}.{self.name}"


@dataclass(eq=False)
class Thing:
    """An object of one of the file's own classes: its attributes in the order of the file, or its state."""

    type: str
    attributes: dict[str, Any] = field(default_factory=dict)
    state: Any = None


@dataclass(frozen=True)
class _Storage:
    key: str
    kind: str
    elements: Array


def unpickled(archive: Archive, record: str, *, shapes_only: bool = False) -> Any:
    """What a pickle of the archive describes, tensors with their contents from the records beside it.

    `shapes_only`: the contents are not there, and tensors are broadcast zeros.

    Raises FormatError for damaged pickles and for those that want what a model does not need.
    """
    return _Machine(archive, record, shapes_only).run(archive.read(record))


def names_in(data: bytes) -> list[Name]:
    """The names that a pickle refers to, as far as it can be decoded."""
    found: list[Name] = []
    try:
        for opcode, argument, _ in pickletools.genops(io.BytesIO(data)):
            if opcode.name == "GLOBAL" and isinstance(argument, str):
                found.append(Name(*argument.split(" ", 1)))
            if len(found) > _MOST_STEPS:
                break
    except Exception:  # pickletools raises what it likes on damaged data
        return found
    return found


class _Machine:
    """One run over one pickle: a stack, a memo, and a method an instruction."""

    def __init__(self, archive: Archive, record: str, shapes_only: bool) -> None:
        self._archive, self._record, self._shapes_only = archive, record, shapes_only
        folder = record.rpartition(".")[0]
        self._folder = "constants" if folder == "bytecode" else folder
        self._stack: list[Any] = []
        self._memo: dict[int, Any] = {}
        self._storages: dict[str, _Storage] = {}
        self._tensors: dict[Hashable, Array] = {}

    def run(self, data: bytes) -> Any:
        try:
            for step, (opcode, argument, _) in enumerate(pickletools.genops(io.BytesIO(data))):
                if opcode.name == "STOP":
                    return self._stack.pop()
                act = _ACTIONS.get(opcode.name)
                if act is None or step > _MOST_STEPS:
                    raise FormatError(
                        f"'{self._record}' uses the pickle instruction {opcode.name}, as no model does"
                    )
                act(self, argument)
        except SmeltError:
            raise
        except Exception as error:  # whatever a damaged pickle makes of Python's containers
            raise FormatError(
                f"the pickle '{self._record}' is damaged: {str(error)[:200] or type(error).__name__}"
            ) from error
        raise FormatError(f"the pickle '{self._record}' has no end")

    def push(self, value: Any) -> None:
        self._stack.append(value)

    def pop(self) -> Any:
        value = self._stack.pop()
        if value is _MARK:
            raise ValueError("a mark where a value is needed")
        return value

    def since_mark(self) -> list[Any]:
        items = []
        while (value := self._stack.pop()) is not _MARK:
            items.append(value)
        return items[::-1]

    def tuple_of(self, count: int) -> None:
        items = [self.pop() for _ in range(count)]
        self.push(tuple(items[::-1]))

    def put(self, index: int) -> None:
        self._memo[index] = self._stack[-1]

    def get(self, index: int) -> None:
        self.push(self._memo[index])

    def set_items(self, items: list[Any]) -> None:
        target = self._stack[-1]
        if not isinstance(target, dict) or len(items) % 2:
            raise ValueError("items are set in what is no dictionary")
        target.update(zip(items[::2], items[1::2], strict=True))

    def append(self, items: list[Any]) -> None:
        target = self._stack[-1]
        if not isinstance(target, list):
            raise ValueError("items are appended to what is no list")
        target.extend(items)

    def find(self, argument: str) -> None:
        module, _, name = argument.partition(" ")
        found = Name(module, name)
        if (
            found not in _CALLS
            and not (module == "torch" and name in (*STORAGES, *_WORDS))
            and not _is_own(module)
        ):
            raise FormatError(
                f"'{self._record}' asks for '{module}.{name}', which no model needs: the file may be hostile. "
                "Nothing of it was run; if you trust it, load it in PyTorch and export it with torch.export.save"
            )
        self.push(found)

    def new(self) -> None:
        arguments, kind = self.pop(), self.pop()
        if not isinstance(kind, Name) or not _is_own(kind.module) or arguments:
            raise ValueError(f"makes an object of {kind}")
        self.push(Thing(str(kind)))

    def reduce(self) -> None:
        arguments, called = self.pop(), self.pop()
        if not isinstance(called, Name) or not isinstance(arguments, tuple):
            raise ValueError(f"calls {called}")
        if called in _CALLS:
            self.push(_CALLS[called](self, *arguments))
        elif _is_own(called.module):
            self.push(Thing(str(called), state=arguments))
        else:
            raise ValueError(f"calls {called}")

    def build(self) -> None:
        state, target = self.pop(), self._stack[-1]
        if isinstance(target, Thing) and isinstance(state, dict) and all(isinstance(k, str) for k in state):
            target.attributes.update(state)
        elif isinstance(target, Thing):
            target.state = state
        elif not isinstance(target, dict):  # an OrderedDict's own attributes (a state dict's `_metadata`)
            raise ValueError("state for what is no object")

    def persistent(self) -> None:
        kind, storage, key, _place, count = self.pop()
        name = storage.name if isinstance(storage, Name) else ""
        if kind != "storage" or name not in STORAGES or not re.fullmatch(r"[\w.]+", str(key)):
            raise ValueError(f"refers to {kind} {key}")
        if self._shapes_only and STORAGES[name] == BFLOAT16:
            raise UnsupportedError(
                "the model was traced with bfloat16 inputs; call model.float() before tracing it"
            )
        if self._shapes_only:
            self._storages[key] = _Storage(key, STORAGES[name], elements(bytes(8), STORAGES[name])[:1])
        elif key not in self._storages:
            record = f"{self._folder}/{key}"
            data = self._archive.read(record if record in self._archive else f"data/{key}")
            kind = STORAGES[name]
            if count * (2 if kind == BFLOAT16 else np.dtype(kind).itemsize) > len(data):
                raise FormatError(f"the storage '{record}' has {len(data)} bytes for {count} elements")
            self._storages[key] = _Storage(key, kind, elements(data, kind))
        self.push(self._storages[key])

    def tensor(self, storage: Any, offset: int, sizes: Any, strides: Any, *_: Any) -> Array:
        """The same view of the same storage is the same array, so that tied weights stay one."""
        if not isinstance(storage, _Storage):
            raise ValueError("a tensor without a storage")
        if self._shapes_only:
            return np.broadcast_to(storage.elements, whole(sizes, "an example input"))
        key = (storage.key, offset, tuple(sizes), tuple(strides))
        if key not in self._tensors:
            self._tensors[key] = view(
                storage.elements, offset, sizes, strides, f"the tensor in storage '{storage.key}'"
            )
        return self._tensors[key]

    def quantized(
        self, storage: Any, offset: int, sizes: Any, strides: Any, scheme: Any, *_: Any
    ) -> QuantizedArray:
        integers = self.tensor(storage, offset, sizes, strides)
        if len(scheme) == 3:
            return QuantizedArray(integers, (float(scheme[1]),), (int(scheme[2]),))
        scales, zeros, axis = scheme[1:]
        return QuantizedArray(
            integers,
            tuple(float(s) for s in np.ravel(scales)),
            tuple(int(z) for z in np.ravel(zeros)),
            int(axis),
        )


def _is_own(module: str) -> bool:
    return module.split(".")[0] == "__torch__"


def _listed(machine: _Machine, items: Any) -> list[Any]:
    return list(items)


def _first(machine: _Machine, value: Any, *_: Any) -> Any:
    return value


def _dictionary(machine: _Machine, items: Any = ()) -> dict[Any, Any]:
    return dict(items)


_WORDS = ("per_tensor_affine", "per_channel_affine")

_CALLS: dict[Name, Callable[..., Any]] = {
    Name("torch._utils", "_rebuild_tensor_v2"): _Machine.tensor,
    Name("torch._utils", "_rebuild_qtensor"): _Machine.quantized,
    Name("torch._utils", "_rebuild_parameter"): _first,
    Name("collections", "OrderedDict"): _dictionary,
    Name("torch.jit._pickle", "restore_type_tag"): _first,
    Name("torch", "device"): _first,
    **{Name("torch.jit._pickle", f"build_{k}list"): _listed for k in ("int", "double", "bool", "tensor")},
}

_ACTIONS: dict[str, Callable[[_Machine, Any], None]] = {
    "PROTO": lambda m, a: None,
    "MARK": lambda m, a: m.push(_MARK),
    "NONE": lambda m, a: m.push(None),
    "NEWTRUE": lambda m, a: m.push(True),
    "NEWFALSE": lambda m, a: m.push(False),
    "EMPTY_DICT": lambda m, a: m.push({}),
    "EMPTY_LIST": lambda m, a: m.push([]),
    "EMPTY_TUPLE": lambda m, a: m.push(()),
    "TUPLE": lambda m, a: m.push(tuple(m.since_mark())),
    "TUPLE1": lambda m, a: m.tuple_of(1),
    "TUPLE2": lambda m, a: m.tuple_of(2),
    "TUPLE3": lambda m, a: m.tuple_of(3),
    "SETITEM": lambda m, a: m.set_items([m.pop(), m.pop()][::-1]),
    "SETITEMS": lambda m, a: m.set_items(m.since_mark()),
    "APPEND": lambda m, a: m.append([m.pop()]),
    "APPENDS": lambda m, a: m.append(m.since_mark()),
    "GLOBAL": lambda m, a: m.find(a),
    "NEWOBJ": lambda m, a: m.new(),
    "REDUCE": lambda m, a: m.reduce(),
    "BUILD": lambda m, a: m.build(),
    "BINPERSID": lambda m, a: m.persistent(),
}
for _name in ("BININT", "BININT1", "BININT2", "LONG1", "BINFLOAT", "BINUNICODE", "SHORT_BINUNICODE"):
    _ACTIONS[_name] = lambda m, a: m.push(a)
for _name in ("BINPUT", "LONG_BINPUT"):
    _ACTIONS[_name] = lambda m, a: m.put(a)
for _name in ("BINGET", "LONG_BINGET"):
    _ACTIONS[_name] = lambda m, a: m.get(a)
