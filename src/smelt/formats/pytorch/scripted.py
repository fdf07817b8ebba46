"""TorchScript files, full (.pt) and for the lite interpreter (.ptl): their inputs, their outputs, and a run."""

from __future__ import annotations

import ast
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from smelt.errors import FormatError, UnsupportedError
from smelt.formats.channels_first.shapes import checked_shape
from smelt.formats.pytorch.archive import Archive
from smelt.formats.pytorch.bytecode import Machine, functions
from smelt.formats.pytorch.modules import Modules
from smelt.formats.pytorch.naming import check_names, input_shape, output_names
from smelt.formats.pytorch.pickles import unpickled
from smelt.formats.pytorch.script import Walker
from smelt.formats.pytorch.tracing import Tracer
from smelt.ir import DType


def trace_script(
    archive: Archive, tracer: Tracer, shapes: Mapping[str, Sequence[int]], integers: frozenset[str]
) -> None:
    """Walk over a TorchScript file's forward method, and declare its inputs and outputs.

    `integers` are inputs of indices, which the file does not tell from others.
    """
    modules = _modules(archive)
    walker = Walker(archive, tracer, modules)
    for thing in modules.waiting():
        if "__setstate__" in walker.source.classes.get(thing.type, {}):
            walker.unpack(thing)
    forward = walker.source.method(modules.root.type, "forward")
    names = [a.arg for a in forward.args.args[1:]]
    types = [ast.unparse(a.annotation) if a.annotation else "Tensor" for a in forward.args.args[1:]]
    defaulted = len(names) - len(forward.args.defaults)
    wanted = [(n, t, index >= defaulted) for index, (n, t) in enumerate(zip(names, types, strict=True))]
    examples = _examples(archive)
    given = _declared(tracer, [w for w in wanted if not w[2] or w[0] in shapes], shapes, integers, examples)
    if any(optional for name, kind, optional in wanted if name in shapes):
        raise UnsupportedError("optional inputs of the forward method are left at their defaults")
    _finish(tracer, walker.run("forward", given))


def trace_lite(
    archive: Archive, tracer: Tracer, shapes: Mapping[str, Sequence[int]], integers: frozenset[str]
) -> None:
    """The same of a lite-interpreter file, whose code is bytecode."""
    modules = _modules(archive)
    known = functions(archive)
    machine = Machine(known, tracer, modules)
    for thing in modules.waiting():
        if f"{thing.type}.__setstate__" in known:
            state = modules.wrapped(tracer, modules.path(thing, ""), thing.state)
            machine.run(known[f"{thing.type}.__setstate__"], [thing, state])
    forward = known.get(f"{modules.root.type}.forward")
    if forward is None:
        raise FormatError("the file has no bytecode for the method 'forward'")
    arguments = forward.arguments[1:]
    wanted = [(name, kind, default is not None) for name, kind, default in arguments]
    given = _declared(tracer, [w for w in wanted if not w[2]], shapes, integers, _examples(archive))
    defaults = [default for _name, _kind, default in arguments if default is not None]
    _finish(tracer, machine.run(forward, [modules.root, *given, *defaults]))


def _modules(archive: Archive) -> Modules:
    modules = Modules(unpickled(archive, "data.pkl"))
    if modules.root.attributes.get("training") is True:
        raise UnsupportedError(
            "the model was saved in training mode; call model.eval() before scripting or tracing it"
        )
    return modules


def _examples(archive: Archive) -> list[tuple[tuple[int, ...], DType]]:
    """Shapes and types of the inputs that the model was traced with, where the file keeps them."""
    if "traced_inputs.pkl" not in archive:
        return []
    found = unpickled(archive, "traced_inputs.pkl", shapes_only=True)
    inputs = found.get("forward") if isinstance(found, dict) else None
    examples = []
    for item in inputs if isinstance(inputs, list | tuple) else ():
        if not isinstance(item, np.ndarray):
            return []
        examples.append((item.shape, DType.of(item)))
    return examples


def _declared(
    tracer: Tracer,
    wanted: Sequence[tuple[str, str, bool]],
    shapes: Mapping[str, Sequence[int]],
    integers: frozenset[str],
    examples: Sequence[tuple[tuple[int, ...], DType]],
) -> list[Any]:
    check_names(shapes, [name for name, _kind, _optional in wanted])
    known = examples if len(examples) == len(wanted) else [None] * len(wanted)
    given = []
    for (name, kind, _optional), example in zip(wanted, known, strict=True):
        if kind.partition(".")[0] not in ("Tensor", "Optional[Tensor]", "torch"):
            raise UnsupportedError(f"the input '{name}' is of the type {kind}; only tensors are supported")
        dtype = DType.S64 if name in integers else DType.F32 if example is None else example[1]
        if name in shapes or example is None:
            shape = input_shape(name, None, shapes)
        else:
            shape = checked_shape(example[0], f"input '{name}'")
        if dtype is DType.F64:
            raise UnsupportedError(f"input '{name}' is float64; call model.float() before tracing")
        given.append(tracer.input(name, dtype, shape))
    return given


def _finish(tracer: Tracer, result: Any) -> None:
    """Declare what the model returns."""
    keys = [str(key) for key in result] if isinstance(result, dict) else None
    values = list(result.values()) if isinstance(result, dict) else _flat(result)
    tracer.finish(dict(zip(output_names(len(values), keys), values, strict=True)))


def _flat(value: Any) -> list[Any]:
    if isinstance(value, list | tuple):
        return [item for part in value for item in _flat(part)]
    return [value]
