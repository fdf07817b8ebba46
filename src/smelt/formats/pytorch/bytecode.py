"""The lite interpreter's code, as it lies in `bytecode.pkl` of a .ptl file: a stack machine with registers.

It is executed abstractly: tensors have shapes, numbers are known, so jumps are decided while running.  Source:
`torch/csrc/jit/mobile/interpreter.cpp` and `torch/csrc/jit/runtime/instruction.h`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from smelt.errors import FormatError, UnsupportedError
from smelt.formats.pytorch.archive import Archive
from smelt.formats.pytorch.modules import Modules
from smelt.formats.pytorch.pickles import Thing, unpickled
from smelt.formats.pytorch.tracing import Tracer

_MOST_STEPS = 400_000
_VERSIONS = range(6, 16)
"""From 6 on operators carry the number of their arguments."""


_CREATING = ("dtype", "layout", "device", "pin_memory")
_KEYWORDS: dict[str, tuple[int, tuple[str, ...]]] = {
    "aten.arange": (1, _CREATING),
    "aten.arange.start": (2, _CREATING),
    "aten.arange.start_step": (3, _CREATING),
    "aten.to.dtype_layout": (1, (*_CREATING, "non_blocking", "copy", "memory_format")),
    "aten.mean": (1, ("dtype",)),
    "aten.sum": (1, ("dtype",)),
    "aten.prod": (1, ("dtype",)),
    "aten.var": (1, ("unbiased",)),
    "aten.std": (1, ("unbiased",)),
    "aten.var.correction": (2, ("correction", "keepdim")),
    "aten.std.correction": (2, ("correction", "keepdim")),
}
"""Overloads whose later arguments only their names tell from those of others: how many come first, and the names."""


@dataclass(frozen=True)
class Function:
    """A method: instructions, operators, constants, and the names of its arguments.

    An operator is its name, the name with its overload, and the number of its arguments.
    """

    name: str
    instructions: Sequence[tuple[str, int, int]]
    operators: Sequence[tuple[str, str, int]]
    constants: Sequence[Any]
    arguments: Sequence[tuple[str, str, Any]]


def functions(archive: Archive) -> dict[str, Function]:
    """The methods in an archive by full name; FormatError or UnsupportedError where it holds none that can be run."""
    code = unpickled(archive, "bytecode.pkl")
    if not isinstance(code, tuple) or not code or not isinstance(code[0], int):
        raise FormatError("bytecode.pkl holds no functions")
    if code[0] not in _VERSIONS:
        raise UnsupportedError(
            f"the bytecode has version {code[0]}; smelt reads {_VERSIONS[0]} to {_VERSIONS[-1]}. Write the file anew "
            "with a recent PyTorch: torch.jit.script(model)._save_for_lite_interpreter(path)"
        )
    try:
        return {item[0]: _function(*item) for item in code[1:]}
    except (TypeError, ValueError, KeyError, AttributeError, IndexError) as error:
        raise FormatError(f"bytecode.pkl is damaged: {str(error)[:200]}") from error


def _function(name: str, parts: Any, schema: Any = ()) -> Function:
    held = dict(parts)
    operators = []
    for operator in held["operators"]:
        if len(operator) < 3 or not isinstance(operator[2], int):
            raise ValueError(f"{operator[0]} without a number of arguments")
        called = str(operator[0]).replace("::", ".", 1)
        operators.append((called, f"{called}.{operator[1]}" if operator[1] else called, operator[2]))
    arguments = []
    for argument in dict(schema).get("arguments", ()):
        fields = dict(argument)
        arguments.append((str(fields["name"]), str(fields["type"]), fields["default_value"]))
    instructions = [(str(op), int(x), int(n)) for op, x, n in held["instructions"]]
    return Function(str(name), instructions, operators, tuple(held["constants"]), arguments)


class Machine:
    """Runs functions, and applies each operator they call to the tracer."""

    def __init__(self, known: dict[str, Function], tracer: Tracer, modules: Modules) -> None:
        self.known, self.tracer, self.modules = known, tracer, modules
        self._steps = 0

    def run(self, function: Function, arguments: Sequence[Any]) -> Any:
        """What a function returns."""
        return _Frame(self, function, arguments).run()

    def step(self) -> None:
        """Count an instruction."""
        self._steps += 1
        if self._steps > _MOST_STEPS:
            raise FormatError("the model's code runs too long")


class _Frame:
    """One function being run."""

    def __init__(self, machine: Machine, function: Function, arguments: Sequence[Any]) -> None:
        self.machine, self.function = machine, function
        self.stack: list[Any] = list(arguments)
        self.registers: dict[int, Any] = {}
        self.at = 0
        self.path = ""

    def run(self) -> Any:
        instructions = self.function.instructions
        try:
            while 0 <= self.at < len(instructions):
                self.machine.step()
                name, x, n = instructions[self.at]
                self.at += 1
                if name == "RET":
                    return self.stack.pop() if self.stack else None
                if name not in _ACTIONS:
                    raise UnsupportedError(f"the bytecode's instruction {name} is not supported")
                _ACTIONS[name](self, x, n)
        except (IndexError, KeyError, TypeError, ValueError) as error:
            raise FormatError(
                f"bytecode.pkl is damaged: {str(error)[:200] or type(error).__name__}"
            ) from error
        raise FormatError("bytecode.pkl is damaged: a function has no end")

    def pop(self, count: int) -> list[Any]:
        if not 0 <= count <= len(self.stack):
            raise FormatError(f"bytecode.pkl is damaged: {count} values are taken from {len(self.stack)}")
        taken = self.stack[len(self.stack) - count :]
        del self.stack[len(self.stack) - count :]
        return taken

    def push(self, value: Any) -> None:
        self.stack.append(value)

    def drop(self) -> None:
        self.pop(1)

    def store_all(self, x: int, n: int) -> None:
        for index, value in enumerate(self.pop(n)):
            self.registers[x + index] = value

    def load_constant(self, x: int, n: int) -> None:
        self.push(
            self.machine.modules.wrapped(self.machine.tracer, f"constant{x}", self.function.constants[x])
        )

    def get_attribute(self, x: int, n: int) -> None:
        """The slot is an index into the attributes in the order of data.pkl."""
        thing = self.stack.pop()
        if not isinstance(thing, Thing):
            raise ValueError("an attribute of what is no object")
        name = self.slot(thing, x)
        value = self.machine.modules.get(thing, name)
        if not isinstance(value, Thing):
            self.path = self.machine.modules.path(thing, self.path)
        self.push(self.machine.modules.wrapped(self.machine.tracer, name, value))

    def set_attribute(self, x: int, n: int) -> None:
        value, thing = self.stack.pop(), self.stack.pop()
        if not isinstance(thing, Thing):
            raise ValueError("an attribute of what is no object")
        self.machine.modules.set(thing, self.slot(thing, x), value)

    def slot(self, thing: Thing, x: int) -> str:
        """The attribute with that index; one that is unpacked from a state has only its index for a name."""
        return list(thing.attributes)[x] if thing.state is None else f"#{x}"

    def jump(self, x: int, n: int) -> None:
        self.at += x - 1

    def jump_if_false(self, x: int, n: int) -> None:
        if not self.query("aten.Bool", self.stack.pop()):
            self.at += x - 1

    def loop(self, x: int, n: int) -> None:
        """On the stack: rounds done, the most there may be, whether to go on, and what is carried around."""
        place = len(self.stack) - n - 1
        if place < 0:
            raise ValueError("a loop without its counters")
        done, most, condition = self.stack[place : place + 3]
        if done < most and self.query("aten.Bool", condition):
            self.stack[place : place + 3] = [done + 1, most, done]
        else:
            del self.stack[place : place + 3]
            self.jump(x, n)

    def query(self, operator: str, *arguments: Any) -> Any:
        return self.machine.tracer.call(operator, arguments, {}, self.path)

    def ask(self, operator: str, count: int) -> None:
        self.push(self.query(operator, *self.pop(count)))

    def unpack(self) -> None:
        value = self.stack.pop()
        if not isinstance(value, list | tuple):
            raise ValueError("parts of what has none")
        self.stack.extend(value)

    def dictionary(self, x: int, n: int) -> None:
        items = self.pop(n)
        self.push(dict(zip(items[::2], items[1::2], strict=True)))

    def operate(self, x: int, n: int) -> None:
        name, overload, count = self.function.operators[x]
        if name == "prim.TupleUnpack":
            self.unpack()
            return
        arguments, keywords = self.pop(count), {}
        if overload in _KEYWORDS:
            positional, names = _KEYWORDS[overload]
            keywords = dict(zip(names, arguments[positional:], strict=False))
            arguments = arguments[:positional]
        result = self.machine.tracer.call(name, arguments, keywords, self.path)
        if isinstance(result, tuple) and not name.startswith("prim.unchecked_cast"):
            self.stack.extend(result)  # operators with several results push each
        else:
            self.push(result)


_Act = Callable[[_Frame, int, int], None]

_ACTIONS: dict[str, _Act] = {
    "STORE": lambda f, x, n: f.registers.__setitem__(x, f.stack.pop()),
    "STOREN": _Frame.store_all,
    "LOAD": lambda f, x, n: f.push(f.registers[x]),
    "MOVE": lambda f, x, n: f.push(f.registers.pop(x)),
    "DROP": lambda f, x, n: f.drop(),
    "DROPR": lambda f, x, n: f.registers.pop(x, None),
    "LOADC": _Frame.load_constant,
    "GET_ATTR": _Frame.get_attribute,
    "SET_ATTR": _Frame.set_attribute,
    "JF": _Frame.jump_if_false,
    "JMP": _Frame.jump,
    "LOOP": _Frame.loop,
    "OP": _Frame.operate,
    "OPN": lambda f, x, n: f.ask(f.function.operators[x][0], n),
    "LIST_CONSTRUCT": lambda f, x, n: f.push(f.pop(n)),
    "LIST_UNPACK": lambda f, x, n: f.unpack(),
    "TUPLE_CONSTRUCT": lambda f, x, n: f.push(tuple(f.pop(x))),
    "NAMED_TUPLE_CONSTRUCT": lambda f, x, n: f.push(tuple(f.pop(n))),
    "TUPLE_INDEX": lambda f, x, n: f.ask("aten.__getitem__", 2),
    "TUPLE_SLICE": lambda f, x, n: f.push(f.stack.pop()[x : x + n]),
    "DICT_CONSTRUCT": _Frame.dictionary,
    "UN_INITIALIZED": lambda f, x, n: f.push(None),
    "FORMAT": lambda f, x, n: f.ask("aten.format", x),
    "WARN": lambda f, x, n: f.drop(),
    "RAISE_EXCEPTION": lambda f, x, n: f.query("prim.RaiseException", *f.pop(2)),
    "__IS__": lambda f, x, n: f.ask("aten.__is__", 2),
    "__ISNOT__": lambda f, x, n: f.ask("aten.__isnot__", 2),
    "__NOT__": lambda f, x, n: f.ask("aten.__not__", 1),
    "DTYPE": lambda f, x, n: f.ask("prim.dtype", 1),
    "DEVICE": lambda f, x, n: f.ask("prim.device", 1),
    "NUM_TO_TENSOR": lambda f, x, n: f.ask("prim.NumToTensor", 1),
    "DIM": lambda f, x, n: f.ask("aten.dim", 1),
    "__CONTAINS__": lambda f, x, n: f.ask("aten.__contains__", 2),
}
