"""Reading a SavedModel, a folder, or a frozen graph, a file, into a Graph."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from smelt.errors import FormatError, GraphError, UnknownInputError, UnsupportedError, UsageError
from smelt.formats.saved_model import (
    convolution,
    loops,
    more_operators,
    rearranging,
    recurrent,
)
from smelt.formats.saved_model.bundle import DTYPES, MAX_ELEMENTS, Bundle
from smelt.formats.saved_model.graph import Body, Library, by_name
from smelt.formats.saved_model.interpreter import Budget, Interpreter, Item
from smelt.formats.saved_model.operators import OPERATORS
from smelt.formats.saved_model.protobuf import Message
from smelt.formats.saved_model.variables import CALLS, saved_keys
from smelt.ir import Array, DType, Graph
from smelt.operators.builder import GraphBuilder

__all__ = ["read_frozen_graph", "read_saved_model"]
_TABLES = (convolution, loops, more_operators, rearranging, recurrent)
"""Imported so that their operators are known."""

DEFAULT_SIGNATURE = "serving_default"
_INTERNAL = "__saved_model"
_SERVING = "serve"
_DEEPEST_CALL = 16
_NUMBERED = re.compile(r"output_\d{1,9}")


@dataclass(frozen=True)
class Port:
    """An input or output: its name, and the tensor of the graph that it is."""

    name: str
    tensor: str
    dtype: int = 0
    shape: Sequence[int] | None = None


def read_saved_model(
    folder: Path,
    name: str = "model",
    shapes: Mapping[str, Sequence[int]] | None = None,
    signature: str | None = None,
) -> Graph:
    """The graph that a signature of a SavedModel computes; TensorFlow is not needed.

    `signature` chooses one (default: `serving_default`, or the only one).  `shapes` fixes sizes that the model
    leaves open, by input name; a batch that is left open is 1.  Inputs and outputs have the signature's names.

    Raises FormatError for damaged files, UnsupportedError for what smelt does not do, UsageError for a signature
    or a shape that does not fit.
    """
    path = folder / "saved_model.pb"
    try:
        data = path.read_bytes()
    except OSError as error:
        raise FormatError(f"cannot read '{path}': {error.strerror or error}") from error
    return _words(lambda: _saved_model(data, folder, name, dict(shapes or {}), signature))


def read_frozen_graph(
    data: bytes, name: str = "model", shapes: Mapping[str, Sequence[int]] | None = None
) -> Graph:
    """The graph in a frozen GraphDef: its inputs are placeholders, its outputs what nothing reads."""
    return _words(lambda: _frozen(data, name, dict(shapes or {})))


def _words(read: Any) -> Graph:
    try:
        with np.errstate(all="ignore"):
            graph: Graph = read()
            return graph
    except GraphError as error:
        raise FormatError(f"the model contradicts itself: {error}") from error
    except (KeyError, IndexError, TypeError, ValueError, AttributeError) as error:
        raise FormatError(f"the model holds values that make no sense: {error}") from error
    except (OverflowError, ArithmeticError, RecursionError, MemoryError) as error:
        raise FormatError(f"the model holds values that make no sense: {error}") from error


def _saved_model(
    data: bytes, folder: Path, name: str, shapes: dict[str, Sequence[int]], signature: str | None
) -> Graph:
    meta = _meta_graph(Message("SavedModel", data))
    library = Library(meta.graph_def)
    inputs, outputs = _ports(meta, signature)
    top = Body("", by_name(meta.graph_def.node, "the model"), (), [port.tensor for port in outputs])
    keys = saved_keys(top, library, meta.saver_def.restore)
    bundle: list[Bundle] = []

    def read_variable(variable: str) -> Array:
        if variable not in keys:
            raise FormatError(f"nothing restores the variable '{variable}'")
        if not bundle:
            bundle.append(Bundle(folder / "variables" / "variables"))
        return bundle[0].read(keys[variable])

    size = len(data) + sum(file.stat().st_size for file in (folder / "variables").glob("variables.data-*"))
    interpreter = Interpreter(
        GraphBuilder(name), library, OPERATORS, read_variable, Budget(8 * size + (1 << 26))
    )
    return _run(interpreter, top, inputs, outputs, shapes)


def _meta_graph(model: Message) -> Message:
    """The graph for serving; FormatError where there is none."""
    graphs: list[Message] = model.meta_graphs
    if not graphs:
        raise FormatError("the SavedModel holds no graph")
    chosen = [graph for graph in graphs if _SERVING in graph.info.tags]
    if not chosen and len(graphs) > 1:
        tags = "; ".join(", ".join(graph.info.tags) for graph in graphs)
        raise UnsupportedError(
            f"none of the SavedModel's graphs is tagged '{_SERVING}'; their tags are: {tags}"
        )
    return (chosen or graphs)[0]


def _ports(meta: Message, signature: str | None) -> tuple[list[Port], list[Port]]:
    """Inputs and outputs of the chosen signature, outputs in the order in which the function returns them."""
    known = {name: item for name, item in meta.signature_def.items() if not name.startswith(_INTERNAL)}
    chosen = signature or (DEFAULT_SIGNATURE if DEFAULT_SIGNATURE in known else None)
    if chosen is None and len(known) == 1:
        (chosen,) = known
    if chosen not in known:
        names = ", ".join(sorted(known)) or "none; save it with signatures=…, or with model.export('folder')"
        asked = (
            f"has no signature '{chosen}'"
            if chosen
            else f"has no signature '{DEFAULT_SIGNATURE}'; choose one"
        )
        raise UsageError(f"the SavedModel {asked}; its signatures are: {names}")
    found = known[chosen]

    def place(port: Port) -> tuple[str, int, str]:
        node, _, index = port.tensor.partition(":")
        return node, int(index or 0), port.name

    outputs = _listed(found.outputs)
    if all(_NUMBERED.fullmatch(port.name) for port in outputs):
        # TensorFlow sorts names as text, which puts output_10 before output_2.
        return _listed(found.inputs), sorted(outputs, key=lambda port: int(port.name.rpartition("_")[2]))
    return _listed(found.inputs), sorted(outputs, key=place)


def _listed(infos: Mapping[str, Message]) -> list[Port]:
    ports = []
    for name, info in infos.items():
        if not info.name:
            raise UnsupportedError(f"'{name}' of the signature is no plain tensor")
        known = None if info.shape.unknown_rank or not info.has("shape") else [d.size for d in info.shape.dim]
        ports.append(Port(name, info.name, info.dtype, known))
    return sorted(ports, key=lambda port: port.name)


def _frozen(data: bytes, name: str, shapes: dict[str, Sequence[int]]) -> Graph:
    graph = Message("GraphDef", data)
    nodes = by_name(graph.node, "the model")
    if not nodes:
        raise FormatError("the file holds no graph of TensorFlow")
    read = {text.removeprefix("^").partition(":")[0] for node in nodes.values() for text in node.input}
    idle = ("NoOp", "Placeholder", "Const", "Assert")
    outputs = [Port(n, n) for n, node in nodes.items() if n not in read and node.op not in idle]
    inputs = []
    for place, node in nodes.items():
        if node.op == "Placeholder":
            shape = node.attr["shape"].shape if "shape" in node.attr else None
            known = None if shape is None or shape.unknown_rank else [d.size for d in shape.dim]
            inputs.append(Port(place, place, node.attr["dtype"].type if "dtype" in node.attr else 0, known))
    if not outputs:
        raise FormatError("the graph computes nothing that is not read again")

    def none(variable: str) -> Array:
        raise UnsupportedError(
            f"the graph reads the variable '{variable}', whose value is in another file; freeze it, "
            "or save a SavedModel"
        )

    top = Body("", nodes, (), [port.tensor for port in outputs])
    budget = Budget(8 * len(data) + (1 << 26))
    interpreter = Interpreter(GraphBuilder(name), Library(graph), OPERATORS, none, budget)
    return _run(interpreter, top, inputs, outputs, shapes)


def _run(
    interpreter: Interpreter, top: Body, inputs: Sequence[Port], outputs: Sequence[Port],
    shapes: dict[str, Sequence[int]],
) -> Graph:  # fmt: skip
    builder = interpreter.builder
    ports = {port.tensor.partition(":")[0]: port for port in inputs}
    body = Body(top.name, top.nodes, list(ports), top.results)
    used = _taken(body, interpreter.library)
    known: dict[str, Item] = {}
    for node in dict.fromkeys([*(name for name in used if name in ports), *ports]):
        known[node] = _input(builder, ports[node], shapes)
    if unknown := shapes.keys() - set(builder.inputs):
        raise UnknownInputError(min(unknown), builder.inputs)
    results = [interpreter.tensor(item) for item in interpreter.run(body, known)]
    for port, result in zip(outputs, results, strict=True):
        if result in builder.constants:
            raise UnsupportedError(f"output '{port.name}' does not depend on any input")
    return _named(builder.build(results), [port.name for port in outputs])


def _taken(body: Body, library: Library) -> list[str]:
    """The arguments as what is called takes them; a signature has them in the order of the alphabet."""
    names = {name: name for name in body.arguments}
    taken: list[str] = []
    for _ in range(_DEEPEST_CALL):
        read = [(node, r.node) for node in body.order for r in body.inputs(node) if r.node in names]
        calls = {id(node): node for node, _name in read if node.op in CALLS}
        if len(calls) != 1 or len(calls) != len({id(node) for node, _name in read}):
            break
        (node,) = calls.values()
        taken = [names[name] for _node, name in read]
        inner = library.body(node.attr["f"].func.name if "f" in node.attr else "")
        given = zip(inner.arguments, body.inputs(node), strict=False)
        names = {argument: names[r.node] for argument, r in given if r.node in names}
        body = inner
    return taken


def _input(builder: GraphBuilder, port: Port, shapes: Mapping[str, Sequence[int]]) -> str:
    given, declared = shapes.get(port.name), port.shape
    dtype = DTYPES.get(port.dtype)
    if dtype is None:
        raise UnsupportedError(
            f"input '{port.name}': TensorFlow's data type {port.dtype} is not supported; numbers and bools are"
        )
    shape = [1, *declared[1:]] if declared and declared[0] == -1 else list(declared or ())
    if given is not None:
        fits = declared is None or (len(declared) == len(given) and all(
            d in (-1, n) for d, n in zip(declared, given, strict=True)
        ))  # fmt: skip
        if not fits or any(n < 1 for n in given):
            raise UsageError(
                f"input '{port.name}': the shape {list(given)} does not fit the model's {declared}"
            )
        shape = list(given)
    elif declared is None or -1 in shape:
        example = ",".join(str(16 if n == -1 else n) for n in shape) or "1,..."
        raise UsageError(
            f"input '{port.name}' has the shape {declared}: fix what is open, for example --shape {port.name}={example}"
        )
    if any(not 0 <= n <= MAX_ELEMENTS for n in shape) or np.prod(shape, dtype=float) > MAX_ELEMENTS:
        raise FormatError(f"input '{port.name}': its shape {shape} makes no sense")
    return builder.input(port.name, DType.of(np.empty(0, dtype)), shape)


def _named(graph: Graph, names: Sequence[str]) -> Graph:
    """The graph with its outputs under the signature's names, where these are free."""
    wanted = {
        old: new
        for old, new in zip(graph.outputs, names, strict=True)
        if new not in graph.values and old not in graph.inputs
    }
    values = {wanted.get(n, n): v for n, v in graph.values.items()}
    return Graph(
        name=graph.name,
        values={n: replace(v, name=n) for n, v in values.items()},
        nodes=tuple(
            replace(
                node,
                inputs=tuple(None if n is None else wanted.get(n, n) for n in node.inputs),
                outputs=tuple(wanted.get(n, n) for n in node.outputs),
            )
            for node in graph.nodes
        ),
        inputs=graph.inputs,
        outputs=tuple(wanted.get(n, n) for n in graph.outputs),
        constants=graph.constants,
        metadata=graph.metadata,
    )
