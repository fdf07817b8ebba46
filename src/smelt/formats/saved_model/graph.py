"""Graphs and functions of TensorFlow: nodes by name, in the order in which results need them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from smelt.errors import FormatError
from smelt.formats.saved_model.protobuf import Message


@dataclass(frozen=True)
class Reference:
    """One output of a node: the index-th of those called `output` (functions), or of all ("" in graphs)."""

    node: str
    output: str
    index: int


@dataclass(frozen=True)
class Body:
    """What is run: nodes by name, the names of its arguments, and references to its results."""

    name: str
    nodes: Mapping[str, Message]
    arguments: Sequence[str]
    results: Sequence[str]

    def reference(self, text: str) -> Reference:
        """A reference as the file writes it: `node`, `node:2` in graphs, `node:output:2` in functions."""
        name, *rest = text.split(":")
        if not rest:
            return Reference(name, "", 0)
        if not rest[-1].isdecimal() or len(rest) > 2 or len(rest[-1]) > 6:
            raise FormatError(f"'{text}' in '{self.name}' is no reference to a tensor")
        return Reference(name, rest[0] if len(rest) == 2 else "", int(rest[-1]))

    def inputs(self, node: Message) -> list[Reference]:
        """The tensors that a node reads."""
        return [self.reference(text) for text in node.input if not text.startswith("^")]

    @cached_property
    def steps(self) -> list[tuple[Message, list[Reference]]]:
        """The nodes in order, each with the tensors that it reads."""
        return [(node, self.inputs(node)) for node in self.order]

    @cached_property
    def references(self) -> list[Reference]:
        """The results."""
        return [self.reference(text) for text in self.results]

    @cached_property
    def order(self) -> list[Message]:
        """The nodes that the results need, each behind those it reads."""
        done, result = set(self.arguments), []
        open_: dict[str, None] = {}
        pending = [self.reference(text).node for text in reversed(self.results)]
        while pending:
            name = pending[-1]
            if name in done:
                pending.pop()
                continue
            if name not in self.nodes:
                raise FormatError(f"'{self.name}' reads '{name}', which is not there")
            missing = [r.node for r in reversed(self.inputs(self.nodes[name])) if r.node not in done]
            if not missing:
                done.add(name)
                result.append(self.nodes[pending.pop()])
                continue
            if name in open_:
                raise FormatError(
                    f"node '{name}' of '{self.name}' needs its own result; loops of TensorFlow 1 are not supported"
                )
            open_[name] = None
            pending += missing
        return result


def by_name(nodes: Iterable[Message], where: str) -> dict[str, Message]:
    """Nodes by their names, which must differ."""
    result: dict[str, Message] = {}
    for node in nodes:
        if node.name in result:
            raise FormatError(f"two nodes of '{where}' are called '{node.name}'")
        result[node.name] = node
    return result


class Library:
    """The functions of a graph, each taken apart when it is first called."""

    def __init__(self, graph: Message) -> None:
        self._messages = {function.signature.name: function for function in graph.library.function}
        self._bodies: dict[str, Body] = {}
        self.settings: dict[int, Mapping[str, Any]] = {}
        """What the operators' functions are given besides their inputs, by the node's identity."""

    def body(self, name: str) -> Body:
        """A function by name; FormatError where it is not there."""
        if name not in self._bodies:
            if name not in self._messages:
                raise FormatError(f"the model calls the function '{name}', which is not there")
            self._bodies[name] = _body(name, self._messages[name])
        return self._bodies[name]


def _body(name: str, function: Message) -> Body:
    results = []
    for result in function.signature.output_arg:
        if result.name not in function.ret:
            raise FormatError(f"the function '{name}' does not say what its result '{result.name}' is")
        results.append(function.ret[result.name])
    arguments = [argument.name for argument in function.signature.input_arg]
    return Body(name, by_name(function.node_def, name), arguments, results)
