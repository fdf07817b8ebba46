"""A .tflite file in smelt's own interpreter: on this computer, or on an emulated core."""

from __future__ import annotations

import ctypes
import shutil
import tempfile
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import lru_cache
from itertools import count
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from smelt.codegen.interpreter import needed_operators, operator_list, tensor_names
from smelt.codegen.sources import interpreter_files
from smelt.engines.engine import Engine
from smelt.engines.machine import CallResult, Machine
from smelt.engines.toolchain import FIRMWARE_FOLDER, Firmware, find_toolchain
from smelt.errors import EngineError
from smelt.ir import Array, Graph, Value
from smelt.operators.evaluate import check_input
from smelt.operators.interpreted import Interpreted, all_interpreted
from smelt.targets import Target, find_target

ALIGNMENT = 8
"""Of an arena, in bytes: SMELT_ARENA_ALIGNMENT."""

MULTIPLIERS_AT_INVOKE = 1
"""SMELT_MULTIPLIERS_AT_INVOKE."""

_LIBRARY = "interpreter.so"
_HARNESS = "interpreted.c"
_OPERATORS = "smelt_interpreted_operators"
_NUMBERS = ("used", "missing", "state", "kept", "planned", "tensors", "scratch", "node")
_FUNCTIONS = (
    "interpreted_initialize",
    "interpreted_tensor",
    "interpreted_invoke",
    "interpreted_reset",
    "interpreted_number",
    "interpreted_item",
    "model",
    "arena",
    "last_error",
)
_PLACES = ("file", "kept", "planned", "unused")
_ERROR_ARENA = -1
_FIRST_ARENA = 1 << 16
_LARGEST_ARENA = 1 << 28


@dataclass(frozen=True)
class ArenaUse:
    """Bytes of an interpreter's arena: `state` for records of tensors and operators, `kept` by operators from one
    invocation to the next, `planned` for tensors and scratch memory, of which `tensors` and `scratch` are the most
    that one operator needs."""

    state: int
    kept: int
    planned: int
    tensors: int
    scratch: int

    @property
    def bytes(self) -> int:
        """Of all parts."""
        return self.state + self.kept + self.planned

    def to_json(self) -> dict[str, int]:
        """Plain data."""
        parts = {f"{name}_bytes": number for name, number in asdict(self).items()}
        return {"arena_bytes": self.bytes, "alignment_bytes": ALIGNMENT, **parts}


@dataclass(frozen=True)
class ArenaItem:
    """A tensor, or the scratch memory of operator `first`, which has no name.

    `place` is "file", "kept", "planned" or "unused"; `offset` and `bytes` are those in the file or the arena.  It is
    needed from the call of operator `first` to that of `last`; the number of operators stands for what follows them.
    """

    name: str
    place: str
    offset: int
    bytes: int
    first: int
    last: int


def write_interpreter(folder: Path, operators: Sequence[Interpreted]) -> tuple[Path, ...]:
    """The interpreter's C files with these operators, in a new folder; returns those to compile."""
    folder.mkdir(parents=True)
    for name, text in interpreter_files(operators).items():
        (folder / name).write_text(text, encoding="utf-8")
    listed = operator_list(_OPERATORS, operators, "What this program uses.")
    (folder / f"{_OPERATORS}.h").write_text(listed, encoding="utf-8")
    shutil.copy(FIRMWARE_FOLDER / _HARNESS, folder)
    return tuple(sorted(folder.glob("*.c")))


class _Host(ABC):
    """The harness of `firmware/interpreted.c` somewhere, with a model and an arena."""

    @abstractmethod
    def call(self, function: str, *arguments: int) -> int:
        """Call one of its functions; the result as a signed 32-bit number, or a pointer of any size."""

    @abstractmethod
    def initialize(self, arena_bytes: int, options: int) -> int:
        """The status of initializing with an arena of that size."""

    @abstractmethod
    def read(self, address: int, count: int) -> bytes:
        """Bytes of its memory."""

    @abstractmethod
    def write(self, address: int, data: bytes) -> None:
        """Set bytes of its memory."""

    @abstractmethod
    def texts(self) -> tuple[str, str]:
        """The message of the last error, and the name of its operator."""


class _Library(_Host):
    """In this process."""

    def __init__(self, folder: Path, model: bytes, operators: Sequence[Interpreted]) -> None:
        # a copy: a library that is loaded twice has its variables once
        folder.mkdir()
        path = shutil.copy(Path(_compiled(tuple(operators)).name) / _LIBRARY, folder)
        self._library = ctypes.CDLL(str(path))
        self._model = _aligned(len(model))
        self._model[:] = np.frombuffer(model, np.uint8)
        self._arena = _aligned(1)

    def call(self, function: str, *arguments: int) -> int:
        called = getattr(self._library, function)
        called.restype = ctypes.c_void_p if function == "interpreted_tensor" else ctypes.c_int32
        called.argtypes = [ctypes.c_uint64] * len(arguments)
        return called(*arguments) or 0

    def initialize(self, arena_bytes: int, options: int) -> int:
        self._arena = _aligned(arena_bytes)
        model, arena = self._model, self._arena
        return self.call(
            "interpreted_initialize", model.ctypes.data, len(model), arena.ctypes.data, arena_bytes, options
        )

    def read(self, address: int, count: int) -> bytes:
        return ctypes.string_at(address, count)

    def write(self, address: int, data: bytes) -> None:
        ctypes.memmove(address, data, len(data))

    def texts(self) -> tuple[str, str]:
        error = (ctypes.c_int32 * 3).in_dll(self._library, "last_error")
        place = ctypes.addressof(error) + 2 * ctypes.sizeof(ctypes.c_void_p)
        message, name = (ctypes.c_char_p * 2).from_address(place)
        return (message or b"").decode(), (name or b"").decode(errors="replace")


class _Firmware(_Host):
    """On an emulated core; model and arena are variables in RAM."""

    def __init__(
        self,
        folder: Path,
        model: bytes,
        operators: Sequence[Interpreted],
        target: Target,
        optimize: str,
        arena: int,
        messages: bool,
    ) -> None:
        sources = write_interpreter(folder / "c", operators)
        self.elf = folder / "interpreter.elf"
        defines = (f"SMELT_MODEL_BYTES={len(model)}", f"SMELT_ARENA_BYTES={arena}")
        quiet = () if messages else ("SMELT_NO_MESSAGES",)
        self.firmware = find_toolchain(target).compile_firmware(
            sources, [folder / "c"], self.elf, optimize=optimize, defines=(*defines, *quiet), keep=_FUNCTIONS
        )
        self.machine = Machine(self.elf, target)
        self._model = self.machine.symbol("model")[0]
        self._bytes = len(model)
        self.machine.write(self._model, model)

    def call(self, function: str, *arguments: int) -> int:
        return self.machine.call(function, *arguments).return_value

    def initialize(self, arena_bytes: int, options: int) -> int:
        arena = self.machine.symbol("arena")[0]
        return self.call("interpreted_initialize", self._model, self._bytes, arena, arena_bytes, options)

    def read(self, address: int, count: int) -> bytes:
        return self.machine.read(address & 0xFFFFFFFF, count)

    def write(self, address: int, data: bytes) -> None:
        self.machine.write(address & 0xFFFFFFFF, data)

    def texts(self) -> tuple[str, str]:
        error = self.machine.symbol("last_error")[0]
        message, name = (int.from_bytes(self.machine.read(error + k, 4), "little") for k in (12, 16))
        return self._text(message), self._text(name)

    def _text(self, address: int) -> str:
        return self.machine.read(address, 80).split(b"\0")[0].decode(errors="replace") if address else ""


@lru_cache(maxsize=4)
def _compiled(operators: tuple[Interpreted, ...]) -> tempfile.TemporaryDirectory[str]:
    """A folder with the interpreter as a library for this computer; kept until this process ends."""
    folder = tempfile.TemporaryDirectory(prefix="smelt-interpreter-")
    code = Path(folder.name) / "c"
    sources = write_interpreter(code, operators)
    find_toolchain(find_target("host")).compile_shared_library(sources, [code], Path(folder.name) / _LIBRARY)
    return folder


def _aligned(size: int) -> NDArray[np.uint8]:
    memory = np.zeros(size + 64, np.uint8)
    start = -memory.ctypes.data % 64
    return memory[start : start + size]


class InterpretedEngine(Engine):
    """Runs a .tflite file in smelt's interpreter.

    `graph` is the same file as read by smelt: it gives the tensors their names.  `target` None: compiled for this
    computer; the arena has the same layout everywhere.  `operators`: those registered, by default all that there are.
    `optimize` and `messages` (of errors) say how the firmware of a target is compiled.
    UnsupportedError names what the interpreter has not, EngineError says why it refuses the model.
    """

    name = "interpreted"

    def __init__(
        self,
        model: bytes,
        graph: Graph,
        target: Target | None = None,
        *,
        options: int = 0,
        operators: Sequence[Interpreted] | None = None,
        optimize: str = "-O2",
        messages: bool = True,
    ) -> None:
        self.graph = graph
        self.inputs = tuple(graph.values[n] for n in graph.inputs)
        self.outputs = tuple(graph.values[n] for n in graph.outputs)
        self._names = tensor_names(model)
        self._folder = Path(tempfile.mkdtemp(prefix="smelt-interpreted-"))
        try:
            chosen = needed_operators(model) if operators is None else operators
            host = all_interpreted() if operators is None else operators
            self.host: _Host = _Library(self._folder / "host", model, host)
            self.arena = self._fit(options)
            if target is not None:
                self.host = _Firmware(
                    self._folder / "core", model, chosen, target, optimize, self.arena.bytes, messages
                )
                self._initialize(self.arena.bytes, options)
        except BaseException:
            self.close()
            raise

    def _fit(self, options: int) -> ArenaUse:
        """Initialize with just enough memory."""
        size = _FIRST_ARENA
        while (status := self.host.initialize(size, options)) == _ERROR_ARENA and size < _LARGEST_ARENA:
            size += self._number("missing")
        if status == 0:
            size = self._number("used")
            status = self.host.initialize(size, options)
        self._check(status)
        return ArenaUse(*(self._number(part) for part in _NUMBERS[2:7]))

    def _initialize(self, size: int, options: int) -> None:
        self._check(self.host.initialize(size, options))

    def _number(self, what: str) -> int:
        return self.host.call("interpreted_number", _NUMBERS.index(what)) & 0xFFFFFFFF

    def _check(self, status: int) -> None:
        if status != 0:
            node = self._number("node")
            message, name = self.host.texts()
            where = f", operator {node}, {name}" if name else ""
            raise EngineError(f"smelt's interpreter refuses the model (status {status}{where}): {message}")

    def _places(self, inputs: Mapping[str, Array]) -> None:
        for index, value in enumerate(self.inputs):
            array = np.ascontiguousarray(check_input(self.graph, value.name, inputs))
            self.host.write(self._place(0, index, value), array.tobytes())

    def _place(self, is_output: int, index: int, value: Value) -> int:
        place = self.host.call("interpreted_tensor", is_output, index, value.bytes)
        if place == 0:
            raise EngineError(
                f"'{value.name}' has not the size in the file that it has here: {value.bytes} bytes"
            )
        return place

    def arena_items(self) -> tuple[ArenaItem, ...]:
        """Every tensor of the file, in its order, then the operators' scratch memory where they need some."""
        found: list[ArenaItem] = []
        for index in count():
            place, *numbers = (self.host.call("interpreted_item", index, which) for which in range(5))
            if place < 0:
                return tuple(found)
            name = self._names[index] if index < len(self._names) else ""
            if name or numbers[1]:
                found.append(ArenaItem(name, _PLACES[place], *numbers))
        raise AssertionError("without an end")

    def run(self, inputs: Mapping[str, Array]) -> dict[str, Array]:
        """The outputs for one set of inputs, by name; what the last run left in variables is forgotten."""
        self._check(self.host.call("interpreted_reset"))
        return self.step(inputs)

    def step(self, inputs: Mapping[str, Array]) -> dict[str, Array]:
        """As `run`, with variables as the last run left them."""
        self._places(inputs)
        self._check(self.host.call("interpreted_invoke"))
        results = {}
        for index, value in enumerate(self.outputs):
            data = np.frombuffer(self.host.read(self._place(1, index, value), value.bytes), value.dtype.numpy)
            results[value.name] = data.reshape(value.shape).copy()
        return results

    def count(self, inputs: Mapping[str, Array]) -> CallResult:
        """Run once on an emulated core and count instructions, cycles and stack; EngineError on this computer."""
        if not isinstance(self.host, _Firmware):
            raise EngineError("Only an emulated core counts its instructions.")
        self._places(inputs)
        return self.host.machine.call("interpreted_invoke", count=True)

    @property
    def firmware(self) -> Firmware:
        """The image that an emulated core runs; EngineError on this computer."""
        if not isinstance(self.host, _Firmware):
            raise EngineError("Only an emulated core runs an image.")
        return self.host.firmware

    def run_all(self, inputs: Mapping[str, Array]) -> dict[str, Array]:
        """Not possible: the interpreter reuses its memory. Raises EngineError."""
        raise EngineError(
            "smelt's interpreter does not keep intermediate tensors; use the engine reference, native or emulated"
        )

    def close(self) -> None:
        """Remove the folder with what was compiled."""
        shutil.rmtree(self._folder, ignore_errors=True)
