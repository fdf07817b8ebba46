"""TorchScript source, as it lies in `code/` of a .pt file: parsed by Python's own parser and walked, never compiled.

The walk is abstract: tensors have shapes, numbers are known, so conditions and loops are decided while walking.
"""

from __future__ import annotations

import ast
import math
import operator as python
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from smelt.errors import FormatError, UnsupportedError
from smelt.formats.pytorch.archive import Archive
from smelt.formats.pytorch.modules import Modules
from smelt.formats.pytorch.pickles import Thing, unpickled
from smelt.formats.pytorch.scalars import checked
from smelt.formats.pytorch.tracing import Tracer

_MOST_SOURCE_BYTES = 1 << 21
_MOST_STEPS = 400_000
_MOST_DEPTH = 60
_Environment = dict[str, Any]
_NUMBERS = {"inf": math.inf, "nan": math.nan}


class Source:
    """The classes and functions in an archive's code, by full name."""

    def __init__(self, archive: Archive) -> None:
        self.classes: dict[str, dict[str, ast.FunctionDef]] = {}
        self.tuples: dict[str, list[str]] = {}
        self.functions: dict[str, ast.FunctionDef] = {}
        room = _MOST_SOURCE_BYTES
        for name in archive.names:
            if name.startswith("code/") and name.endswith(".py"):
                text = archive.read(name)
                room -= len(text)
                if room < 0:
                    raise UnsupportedError("the file has more than 2 MB of TorchScript source")
                self._add(name.removeprefix("code/").removesuffix(".py").replace("/", "."), name, text)

    def _add(self, module: str, record: str, text: bytes) -> None:
        try:
            parsed = ast.parse(text.decode())
        except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
            raise FormatError(f"the source '{record}' is damaged: {str(error)[:200]}") from error
        for item in parsed.body:
            if isinstance(item, ast.FunctionDef):
                self.functions[f"{module}.{item.name}"] = item
            elif isinstance(item, ast.ClassDef):
                methods = {m.name: m for m in item.body if isinstance(m, ast.FunctionDef)}
                self.classes[f"{module}.{item.name}"] = methods
                if any(isinstance(b, ast.Name) and b.id == "NamedTuple" for b in item.bases):
                    fields = [
                        f.target.id
                        for f in item.body
                        if isinstance(f, ast.AnnAssign) and isinstance(f.target, ast.Name)
                    ]
                    self.tuples[f"{module}.{item.name}"] = fields

    def method(self, type: str, name: str) -> ast.FunctionDef:
        """A method of a class; FormatError when there is none."""
        if name not in self.classes.get(type, {}):
            raise FormatError(f"the file has no source for the method '{name}' of '{type}'")
        return self.classes[type][name]


class _Returned(Exception):
    """A return statement was reached."""

    def __init__(self, value: Any) -> None:
        super().__init__()
        self.value = value


class Walker:
    """Walks over functions, and applies each operator they call to the tracer."""

    def __init__(self, archive: Archive, tracer: Tracer, modules: Modules) -> None:
        self.source, self.tracer, self.modules = Source(archive), tracer, modules
        self._constants = unpickled(archive, "constants.pkl") if "constants.pkl" in archive else ()
        self._steps = self._depth = 0
        self._path = ""

    def run(self, method: str, arguments: Sequence[Any]) -> Any:
        """What a method of the whole model returns."""
        root = self.modules.root
        return self._invoke(self.source.method(root.type, method), [root, *arguments], {})

    def unpack(self, thing: Thing) -> None:
        """Let an object's own method unpack its state."""
        state = self._wrapped(self.modules.path(thing, ""), thing.state)
        self._invoke(self.source.method(thing.type, "__setstate__"), [thing, state], {})

    def _invoke(self, function: ast.FunctionDef, arguments: Sequence[Any], named: Mapping[str, Any]) -> Any:
        names = [a.arg for a in function.args.args]
        self._depth += 1
        if len(arguments) > len(names) or self._depth > _MOST_DEPTH:
            raise FormatError(f"'{function.name}' is called with {len(arguments)} arguments, or calls itself")
        env: _Environment = {**dict(zip(names, arguments, strict=False)), **named}
        defaults = function.args.defaults
        for name, default in zip(names[len(names) - len(defaults) :], defaults, strict=True):
            if name not in env:
                env[name] = self._value(default, env)
        if missing := [name for name in names if name not in env]:
            raise FormatError(f"'{function.name}' is called without '{missing[0]}'")
        path, self._path = self._path, self.modules.path(arguments[0] if arguments else None, self._path)
        try:
            self._block(function.body, env)
        except _Returned as returned:
            return returned.value
        finally:
            self._path = path
            self._depth -= 1
        return None

    def _block(self, statements: Sequence[ast.stmt], env: _Environment) -> None:
        for statement in statements:
            self._step()
            act = _STATEMENTS.get(type(statement))
            if act is None:
                raise FormatError(f"TorchScript has no statement {type(statement).__name__}")
            act(self, statement, env)

    def _step(self) -> None:
        self._steps += 1
        if self._steps > _MOST_STEPS:
            raise FormatError("the model's code runs too long")

    def _assign(self, statement: ast.Assign, env: _Environment) -> None:
        value = self._value(statement.value, env)
        for target in statement.targets:
            self._store(target, value, env)

    def _annotated(self, statement: ast.AnnAssign, env: _Environment) -> None:
        if statement.value is not None:
            self._store(statement.target, self._value(statement.value, env), env)

    def _store(self, target: ast.expr, value: Any, env: _Environment) -> None:
        if isinstance(target, ast.Name):
            env[target.id] = value
        elif isinstance(target, ast.Tuple):
            if not isinstance(value, list | tuple) or len(value) != len(target.elts):
                raise FormatError(f"{len(target.elts)} values are wanted of {value!r:.40}")
            for item, part in zip(target.elts, value, strict=True):
                self._store(item, part, env)
        elif isinstance(target, ast.Attribute):
            thing = self._value(target.value, env)
            if not isinstance(thing, Thing):
                raise FormatError(f"an attribute of {thing!r:.40} is set")
            self.modules.set(thing, target.attr, value)
        else:
            raise FormatError(f"TorchScript assigns nothing to {type(target).__name__}")

    def _if(self, statement: ast.If, env: _Environment) -> None:
        self._block(statement.body if self._truth(statement.test, env) else statement.orelse, env)

    def _truth(self, test: ast.expr, env: _Environment) -> bool:
        return bool(self.tracer.call("aten.Bool", [self._value(test, env)], {}, self._path))

    def _for(self, statement: ast.For, env: _Environment) -> None:
        loop = statement.iter
        if not (isinstance(loop, ast.Call) and isinstance(loop.func, ast.Name) and loop.func.id == "range"):
            raise FormatError("TorchScript loops over range only")
        bounds = [self._value(bound, env) for bound in loop.args]
        if not 1 <= len(bounds) <= 3 or not all(isinstance(b, int) for b in bounds) or bounds[2:] == [0]:
            raise FormatError(f"a loop over range({str(bounds)[1:-1]})")
        for index in range(*bounds):
            self._step()
            self._store(statement.target, index, env)
            self._block(statement.body, env)

    def _while(self, statement: ast.While, env: _Environment) -> None:
        while self._truth(statement.test, env):
            self._step()
            self._block(statement.body, env)

    def _return(self, statement: ast.Return, env: _Environment) -> None:
        raise _Returned(None if statement.value is None else self._value(statement.value, env))

    def _value(self, node: ast.expr, env: _Environment) -> Any:
        self._step()
        act = _EXPRESSIONS.get(type(node))
        if act is None:
            raise FormatError(f"TorchScript has no expression {type(node).__name__}")
        return act(self, node, env)

    def _named(self, node: ast.Name, env: _Environment) -> Any:
        if node.id in env:
            return env[node.id]
        if node.id in _NUMBERS:
            return _NUMBERS[node.id]
        raise FormatError(f"the model's code reads '{node.id}', which is nowhere set")

    def _attribute(self, node: ast.Attribute, env: _Environment) -> Any:
        dotted = _dotted(node)
        if dotted in self.source.functions:
            return self.source.functions[dotted]
        if dotted.startswith("CONSTANTS.c") and dotted[11:].isdecimal():
            index = int(dotted[11:])
            if not isinstance(self._constants, tuple) or index >= len(self._constants):
                raise FormatError(f"the file has no constant {index}")
            return self._wrapped(dotted, self._constants[index])
        return self._member(self._value(node.value, env), node.attr)

    def _member(self, value: Any, name: str) -> Any:
        if not isinstance(value, Thing):
            raise FormatError(f"the attribute '{name}' is wanted of {value!r:.40}")
        return self._wrapped(name, self.modules.get(value, name))

    def _wrapped(self, name: str, value: Any) -> Any:
        """A stored value with its tensors as the tracer knows them."""
        return self.modules.wrapped(self.tracer, name, value)

    def _subscript(self, node: ast.Subscript, env: _Environment) -> Any:
        return self.tracer.call(
            "aten.__getitem__", [self._value(node.value, env), self._value(node.slice, env)], {}
        )

    def _unary(self, node: ast.UnaryOp, env: _Environment) -> Any:
        name = {ast.USub: "aten.neg", ast.Not: "aten.__not__"}.get(type(node.op))
        if name is None:
            raise FormatError(f"TorchScript has no operator {type(node.op).__name__}")
        return self.tracer.call(name, [self._value(node.operand, env)], {}, self._path)

    def _compare(self, node: ast.Compare, env: _Environment) -> Any:
        sides = self._value(node.left, env), self._value(node.comparators[0], env)
        compare = {ast.Is: python.is_, ast.IsNot: python.is_not}.get(type(node.ops[0]))
        if compare is None or len(node.ops) != 1:
            raise FormatError(f"TorchScript has no comparison {type(node.ops[0]).__name__}")
        return compare(*sides)

    def _choice(self, node: ast.IfExp, env: _Environment) -> Any:
        return self._value(node.body if self._truth(node.test, env) else node.orelse, env)

    def _logic(self, node: ast.BoolOp, env: _Environment) -> bool:
        quantifier = all if isinstance(node.op, ast.And) else any
        return quantifier(self._truth(value, env) for value in node.values)

    def _dictionary(self, node: ast.Dict, env: _Environment) -> dict[Any, Any]:
        keys = [self._value(key, env) if key is not None else None for key in node.keys]
        if not all(isinstance(key, str | int | float | bool) for key in keys):
            raise FormatError("a dictionary has keys that are no words or numbers")
        return dict(zip(keys, (self._value(value, env) for value in node.values), strict=True))

    def _call(self, node: ast.Call, env: _Environment) -> Any:
        dotted = _dotted(node.func)
        special = _SPECIAL.get(dotted)
        if special is not None and dotted not in env:
            return special(self, node, env)
        arguments = [self._value(argument, env) for argument in node.args]
        named = {str(keyword.arg): self._value(keyword.value, env) for keyword in node.keywords}
        head, _, rest = dotted.partition(".")
        if head == "torch" and head not in env:
            return self.tracer.call(f"aten.{rest}", arguments, named, self._path)
        if head == "ops" and head not in env:
            return self.tracer.call(rest, arguments, named, self._path)
        if dotted in self.source.tuples:
            return tuple(arguments)
        target = env.get(dotted) or self.source.functions.get(dotted)
        if isinstance(target, ast.FunctionDef):
            return self._invoke(target, arguments, named)
        if isinstance(node.func, ast.Attribute) and head != "__torch__":
            thing = self._value(node.func.value, env)
            if isinstance(thing, Thing):
                return self._invoke(
                    self.source.method(thing.type, node.func.attr), [thing, *arguments], named
                )
        raise FormatError(f"the model's code calls '{dotted}', which is nowhere defined")

    def _second(self, node: ast.Call, env: _Environment) -> Any:
        """annotate(type, value) and unchecked_cast(type, value)."""
        if len(node.args) != 2:
            raise FormatError("annotate needs a type and a value")
        return self._value(node.args[1], env)

    def _getattr(self, node: ast.Call, env: _Environment) -> Any:
        if len(node.args) != 2 or not isinstance(node.args[1], ast.Constant):
            raise FormatError("getattr needs an object and a name")
        return self._member(self._value(node.args[0], env), str(node.args[1].value))

    def _uninitialized(self, node: ast.Call, env: _Environment) -> None:
        return None

    def _number_of(self, node: ast.Call, env: _Environment) -> Any:
        name = {"int": "aten.Int", "float": "aten.Float", "bool": "aten.Bool"}[_dotted(node.func)]
        return self.tracer.call(name, [self._value(argument, env) for argument in node.args], {}, self._path)


def _dotted(node: ast.expr) -> str:
    parts: list[str] = []
    while isinstance(node, ast.Attribute):
        parts.append(node.attr)
        node = node.value
    return ".".join([node.id if isinstance(node, ast.Name) else "?", *parts[::-1]])


def _constant(walker: Walker, node: ast.Constant, env: _Environment) -> Any:
    if isinstance(node.value, bytes | complex) or node.value is ...:
        raise FormatError(f"TorchScript has no constant {node.value!r:.40}")
    return checked("a constant of the code", node.value)


def _listed(walker: Walker, node: ast.List, env: _Environment) -> list[Any]:
    return [walker._value(item, env) for item in node.elts]


def _tupled(walker: Walker, node: ast.Tuple, env: _Environment) -> tuple[Any, ...]:
    return tuple(walker._value(item, env) for item in node.elts)


_Act = Callable[[Walker, Any, _Environment], Any]

_STATEMENTS: dict[type[ast.AST], _Act] = {
    ast.Assign: Walker._assign,
    ast.AnnAssign: Walker._annotated,
    ast.Expr: lambda walker, statement, env: walker._value(statement.value, env),
    ast.If: Walker._if,
    ast.For: Walker._for,
    ast.While: Walker._while,
    ast.Return: Walker._return,
    ast.Pass: lambda walker, statement, env: None,
}

_EXPRESSIONS: dict[type[ast.AST], _Act] = {
    ast.Constant: _constant,
    ast.Name: Walker._named,
    ast.Attribute: Walker._attribute,
    ast.List: _listed,
    ast.Tuple: _tupled,
    ast.Dict: Walker._dictionary,
    ast.Subscript: Walker._subscript,
    ast.UnaryOp: Walker._unary,
    ast.Compare: Walker._compare,
    ast.IfExp: Walker._choice,
    ast.BoolOp: Walker._logic,
    ast.Call: Walker._call,
}

_SPECIAL: dict[str, _Act] = {
    "annotate": Walker._second,
    "unchecked_cast": Walker._second,
    "uninitialized": Walker._uninitialized,
    "getattr": Walker._getattr,
    "int": Walker._number_of,
    "float": Walker._number_of,
    "bool": Walker._number_of,
}
