"""The file's operators one after another: functions that the model or ONNX defines, and chosen branches, put in place.

What is inside a function or a branch gets names of its own, under a prefix.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from smelt.errors import FormatError, require

_DOMAINS = ("", "ai.onnx")
_DEEPEST = 24
"""Functions inside functions, and branches inside branches."""


@dataclass(frozen=True)
class Scope:
    """What names mean inside a function or branch: its own ones, then those around it.

    `attributes` are those of the function's call, by name; `opset` the version of ONNX's operators.
    """

    opset: int
    prefix: str = ""
    names: dict[str, str] = field(default_factory=dict)
    around: Scope | None = None
    attributes: Mapping[str, Any] | None = None
    depth: int = 0

    def meaning(self, name: Any) -> str:
        """The name that a tensor has in the whole model."""
        if not isinstance(name, str):  # protobuf hands out names that are no UTF-8 as bytes
            raise FormatError("the model has a name that is not UTF-8 text")
        scope: Scope | None = self
        while scope is not None:
            if name in scope.names:
                return scope.names[name]
            scope = scope.around
        return name

    def declare(self, name: Any) -> str:
        """The name of a tensor that is computed in here."""
        if name and self.prefix:
            self.names.setdefault(name, f"{self.prefix}{name}")
        return self.meaning(name)


@dataclass(frozen=True)
class Operation:
    """A node of the file with names that hold in the whole model; other domains' operators carry theirs."""

    operator: str
    name: str
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    attributes: tuple[Any, ...]
    scope: Scope

    @property
    def label(self) -> str:
        """For messages."""
        return f"{self.operator.split('.')[-1]} '{self.name}'"


def operation(node: Any, scope: Scope) -> Operation:
    """A NodeProto where it stands."""
    # ONNX allows a result to have a name that also exists around the branch; operands come first.
    inputs = tuple(map(scope.meaning, node.input))
    outputs = tuple(map(scope.declare, node.output))
    name = str(node.name) or next(filter(None, outputs), "") or "?"
    operator = node.op_type if node.domain in _DOMAINS else f"{node.domain}.{node.op_type}"
    if not isinstance(operator, str):
        raise FormatError("the model has a name that is not UTF-8 text")
    return Operation(operator, name, inputs, outputs, tuple(_attributes(node, scope)), scope)


def _attributes(node: Any, scope: Scope) -> Iterator[Any]:
    """The node's attributes; those that stand for one of the function's are replaced, or left out."""
    for attribute in node.attribute:
        if not attribute.ref_attr_name:
            yield attribute
        elif scope.attributes is not None and attribute.ref_attr_name in scope.attributes:
            given = scope.attributes[attribute.ref_attr_name]
            named = given.__class__()
            named.CopyFrom(given)
            named.name = attribute.name
            yield named


class Inliner:
    """Puts functions in place; raises FormatError where a small file would become an endless one."""

    def __init__(self, model: Any, opset: int) -> None:
        self.opset = opset
        self.functions = {(f.domain, f.name): f for f in model.functions}
        self.left = 20 * len(model.graph.node) + 8_000
        self._count = 0

    def operations(self, nodes: Sequence[Any], scope: Scope) -> list[Operation]:
        """The operations of nodes, in order, with the model's own functions in place."""
        result: list[Operation] = []
        for node in nodes:
            self.spend("the model")
            made = operation(node, scope)
            function = self.functions.get((node.domain, node.op_type))
            result += [made] if function is None else self.called(function, made)
        return result

    def spend(self, label: str) -> None:
        """Count an operation, or a round of a loop; FormatError when there are too many."""
        self.left -= 1
        if self.left < 0:
            raise FormatError(f"{label}: its functions and loops make too many operations")

    def called(self, function: Any, call: Operation, opset: int | None = None) -> list[Operation]:
        """The operations of a FunctionProto, called by an operation."""
        versions = {entry.domain: entry.version for entry in function.opset_import}
        given = {attribute.name: attribute for attribute in function.attribute_proto}
        given |= {attribute.name: attribute for attribute in call.attributes}
        scope = self._inner(call, opset or versions.get("", versions.get("ai.onnx", self.opset)), given)
        if len(call.inputs) > len(function.input) or len(call.outputs) > len(function.output):
            raise FormatError(f"{call.label}: has more inputs or outputs than its function")
        inputs = (*call.inputs, *[""] * len(function.input))
        scope.names.update(zip(function.input, inputs, strict=False))
        scope.names.update(
            (inner, outer) for inner, outer in zip(function.output, call.outputs, strict=False) if outer
        )
        if clash := set(function.input) & set(function.output):
            raise FormatError(f"{call.label}: its function hands '{min(clash)}' through")
        return self.operations(function.node, scope)

    def branch(self, graph: Any, call: Operation) -> tuple[list[Operation], Scope]:
        """The operations of a subgraph, which sees the names around it, and its scope."""
        scope = self._inner(call, call.scope.opset, call.scope.attributes, call.scope)
        for tensor in (*graph.initializer, *graph.input):
            scope.declare(tensor.name)
        return self.operations(graph.node, scope), scope

    def _inner(
        self, call: Operation, opset: int, attributes: Mapping[str, Any] | None, around: Scope | None = None
    ) -> Scope:
        if call.scope.depth >= _DEEPEST:
            raise FormatError(f"{call.label}: functions or branches are nested too deeply")
        self._count += 1
        prefix = f"{call.name}/{self._count}/"
        return Scope(opset, prefix, {}, around, attributes, call.scope.depth + 1)


def has_own_function(operator: str, opset: int) -> bool:
    """Whether ONNX defines an operator by others."""
    return _schema_with_function(operator, opset) is not None


def _schema_with_function(operator: str, opset: int) -> Any:
    definitions = require("onnx", "onnx", "reading .onnx files").defs
    if not definitions.has(operator):
        return None
    try:
        schema = definitions.get_schema(operator, opset)
    except definitions.SchemaError:
        return None
    return schema if schema.has_function or schema.has_context_dependent_function else None


def own_function(call: Operation, types: Sequence[tuple[int, Sequence[int]] | None]) -> Any | None:
    """The FunctionProto by which ONNX defines an operator on inputs of these types (number, shape), or None."""
    onnx = require("onnx", "onnx", "reading .onnx files")
    schema = _schema_with_function(call.operator, call.scope.opset)
    if schema is None:
        return None
    if schema.has_function:
        version = _version(schema.function_opset_versions, call.scope.opset)
        data = schema.get_function_with_opset_version(version)
    else:
        node = onnx.NodeProto(op_type=call.operator, input=call.inputs, output=call.outputs)
        node.attribute.extend(call.attributes)
        described = [
            onnx.TypeProto() if kind is None else onnx.helper.make_tensor_type_proto(*kind) for kind in types
        ]
        version = _version(schema.context_dependent_function_opset_versions, call.scope.opset)
        data = schema.get_context_dependent_function_with_opset_version(
            version, node.SerializeToString(), [kind.SerializeToString() for kind in described]
        )
    if not data:
        return None
    function = onnx.FunctionProto()
    function.ParseFromString(data)
    # The attributes' defaults are in the schema, not in the function.
    function.attribute_proto.extend(
        attribute.default_value for attribute in schema.attributes.values() if attribute.default_value.name
    )
    return function


def _version(versions: Sequence[int], opset: int) -> int:
    return max((version for version in versions if version <= opset), default=min(versions))
