"""Reading a .tflite file into a Graph."""

from __future__ import annotations

import json
import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from types import SimpleNamespace
from typing import Any

from smelt.errors import FormatError, GraphError, UnsupportedError
from smelt.formats.tflite import recurrent
from smelt.formats.tflite.custom import read_custom
from smelt.formats.tflite.flatbuffer import read_flatbuffer
from smelt.formats.tflite.flexbuffer import read_flexbuffer
from smelt.formats.tflite.operators import FUNCTIONS
from smelt.formats.tflite.schema import TFLITE, BuiltinOperator
from smelt.formats.tflite.tensors import contents, described, refusal, tensor_names
from smelt.formats.tflite.translation import Folded, Result, Translated, translate
from smelt.ir import Array, DType, Graph, Node, Quantization, Value
from smelt.operators import verify_graph
from smelt.operators.registered import find_registered

SIGNATURE = "tflite:signature"
"""The key of graph metadata that keeps a file's signature: JSON of its key, and its names of inputs and outputs."""

_MOST_INLINED = 100_000  # operators of called subgraphs; a damaged file may call one from another without end
_DEEPEST = 16

ETHOS_U = "ethos-u"
"""The custom operator that Arm's compiler Vela makes of what an Ethos-U computes."""

_FOR_ETHOS_U = (
    "; 'ethos-u' is a program for an Ethos-U, which needs Arm's driver and runtime: `smelt convert` to .tflite or a C "
    "array leaves such a file as it is"
)


def read_tflite(data: bytes, name: str | None = None, signature: str | None = None) -> Graph:
    """The graph in a .tflite file.

    `name` is the graph's name (default: the subgraph's, else "model").  `signature` is the key of the entry point that
    is read (default: the file's first subgraph).  Constants are views of `data`; sparse ones are made dense, with a
    warning.  Raises FormatError for damaged files, UnsupportedError for what smelt does not do.
    """
    model = read_flatbuffer(data, TFLITE)
    if not model.subgraphs:
        raise UnsupportedError("the model has no subgraph")
    entry = _signature(model, signature)
    try:
        return verify_graph(_Reader(model, name, entry).read())
    except GraphError as error:
        raise FormatError(f"the model contradicts itself: {error}") from error
    except (ValueError, IndexError, OverflowError, ArithmeticError) as error:
        raise FormatError(f"the model holds values that make no sense: {error}") from error


def _signature(model: Any, wanted: str | None) -> Any:
    """The signature of that key; without one that of the first subgraph, or None."""
    signatures = {str(s.signature_key): s for s in model.signature_defs}
    if wanted is None:
        return next((s for s in signatures.values() if s.subgraph_index == 0), None)
    if wanted not in signatures:
        known = ", ".join(signatures) or "none"
        raise UnsupportedError(f"the model has no signature '{wanted}'; it has: {known}")
    return signatures[wanted]


@dataclass
class _Scope:
    """A subgraph that is being read: the names of its tensors, by index."""

    subgraph: Any
    names: list[str]
    depth: int = 0
    once: bool = False

    def named(self, index: int, where: str) -> str:
        """The name of a tensor."""
        if not 0 <= index < len(self.names):
            raise FormatError(f"{where}: tensor {index} does not exist; there are {len(self.names)}")
        return self.names[index]


class _Reader:
    """Builds the graph; also the surroundings that `operators.py` asks about one operator."""

    def __init__(self, model: Any, name: str | None, signature: Any) -> None:
        self.model = model
        self.signature = signature
        self.values: dict[str, Value] = {}
        self.constants: dict[str, Array] = {}
        self.nodes: list[Node] = []
        self.variables: set[str] = set()
        self.refused: dict[str, str] = {}
        self.handles: dict[str, str] = {}
        self.resources: dict[str, str] = {}
        self.inlined = 0
        self.label = ""
        self.outputs: Sequence[Value] = ()
        index = 0 if signature is None else int(signature.subgraph_index)
        self.main = self._scope(self._subgraph(index, "the signature"), "", {})
        self.name = name or self.main.subgraph.name or "model"

    def read(self) -> Graph:
        """Operators in order."""
        self._run(self.main)
        inputs = tuple(self._real(self.main, i, "graph input") for i in self.main.subgraph.inputs)
        outputs = tuple(self._real(self.main, i, "graph output") for i in self.main.subgraph.outputs)
        graph = Graph(
            name=self.name,
            values=self.values,
            nodes=tuple(self.nodes),
            inputs=inputs,
            outputs=outputs,
            constants=self.constants,
            metadata=self._metadata(),
        )
        return graph.replaced()

    def value(self, name: str) -> Value:
        """The described tensor."""
        return self.values[name]

    def constant(self, name: str | None) -> Array:
        """The contents of a constant tensor."""
        if name is None or name not in self.constants:
            raise UnsupportedError(f"{self.label}: input '{name}' must be a constant")
        return self.constants[name]

    def is_constant(self, name: str) -> bool:
        """Whether the tensor is a constant."""
        return name in self.constants

    def is_variable(self, name: str) -> bool:
        """Whether the tensor keeps its contents from one invoke to the next."""
        return name in self.variables

    def new_constant(self, role: str, array: Array, quantization: Quantization | None = None) -> str:
        """A constant that the file has in another form."""
        name = self._unique(f"{self.outputs[0].name}/{role}")
        self.values[name] = Value(name, DType.of(array), tuple(array.shape), quantization)
        self.constants[name] = array
        return name

    def step(self, translated: Translated, shape: Sequence[int]) -> str:
        """What an operator makes on the way."""
        source = self.values[translated.inputs[0] or ""]
        name = self._unique(f"{self.outputs[0].name}/{translated.operator}")
        self.values[name] = replace(source, name=name, shape=tuple(shape))
        self._node(translated, (name,))
        return name

    def _unique(self, stem: str) -> str:
        name, number = stem, 0
        while name in self.values or name in self.refused:
            number += 1
            name = f"{stem}_{number}"
        return name

    def _subgraph(self, index: int, where: str) -> Any:
        if not 0 <= index < len(self.model.subgraphs):
            raise FormatError(
                f"{where}: subgraph {index} does not exist; there are {len(self.model.subgraphs)}"
            )
        return self.model.subgraphs[index]

    def _scope(self, subgraph: Any, prefix: str, bound: Mapping[int, str]) -> _Scope:
        """Describe the tensors of a subgraph; those that are bound are known under other names."""
        self._check_operators(subgraph)
        names = tensor_names(subgraph)
        scope = _Scope(subgraph, names)
        for index, tensor in enumerate(subgraph.tensors):
            if index in bound:
                names[index] = bound[index]
                continue
            name = self._unique(prefix + names[index]) if prefix else names[index]
            names[index] = name
            self._tensor(name, tensor, subgraph)
        return scope

    def _tensor(self, name: str, tensor: Any, subgraph: Any) -> None:
        reason = refusal(tensor)
        if reason is not None:
            self.refused[name] = reason
            return
        value = described(name, tensor, lambda index: self._parameters(name, subgraph, index))
        array = contents(self.model, value, tensor)
        self.values[name] = value
        if tensor.is_variable:
            self.variables.add(name)
        if array is not None:
            self.constants[name] = array
        if array is not None and tensor.sparsity is not None:
            warnings.warn(f"tensor '{name}' is sparse in the file; smelt keeps it dense", stacklevel=4)

    def _parameters(self, name: str, subgraph: Any, index: int) -> Array:
        """The contents of a tensor that holds scales or zero points of another."""
        if not 0 <= index < len(subgraph.tensors) or refusal(subgraph.tensors[index]) is not None:
            raise FormatError(f"tensor '{name}': its parameters are in tensor {index}, which cannot be read")

        def nested(other: int) -> Array:
            raise FormatError(f"tensor '{name}': its parameters are quantized themselves")

        tensor = subgraph.tensors[index]
        array = contents(self.model, described(f"parameters of {name}", tensor, nested), tensor)
        if array is None:
            raise FormatError(f"tensor '{name}': its parameters in tensor {index} are no constant")
        return array

    def _real(self, scope: _Scope, index: int, where: str) -> str:
        """The name of a tensor that can be computed with."""
        name = scope.named(index, where)
        if name in self.refused:
            raise UnsupportedError(f"{where}: tensor '{name}': {self.refused[name]}")
        return name

    def _run(self, scope: _Scope) -> None:
        for op in scope.subgraph.operators:
            code = self._code(op.opcode_index)
            structure = _STRUCTURE.get(code)
            if structure is not None:
                self.label = code.name
                structure(self, scope, op)
            else:
                self._operator(scope, code, op)

    def _operator(self, scope: _Scope, code: BuiltinOperator, op: Any) -> None:
        first = scope.named(op.outputs[0], code.name) if len(op.outputs) else "?"
        self.label = f"{code.name} '{first}'"
        outputs = tuple(self._real(scope, i, self.label) for i in op.outputs)
        self.outputs = tuple(self.values[n] for n in outputs)
        if not outputs:
            raise FormatError(f"{self.label}: the operator has no output")
        inputs = [None if i == -1 else self._real(scope, i, self.label) for i in op.inputs]
        self._check_variables(code, inputs)
        registered = find_registered(self._custom(op)) if code is BuiltinOperator.CUSTOM else None
        if registered:
            result: Result = read_custom(self.label, registered, inputs, op)
        elif code is BuiltinOperator.CUSTOM:
            options = read_flexbuffer(op.custom_options.tobytes()) if len(op.custom_options) else {}
            result = translate(self._custom(op), self, inputs, SimpleNamespace(options=options))
        else:
            result = translate(code, self, inputs, op.builtin_options)
        if isinstance(result, Folded):
            if (
                result.array.shape != self.outputs[0].shape
                or result.array.dtype != self.outputs[0].dtype.numpy
            ):
                raise FormatError(f"{self.label}: the output is described with another type or shape")
            self.constants[outputs[0]] = result.array
            return
        if isinstance(result, Translated):
            self._node(result, outputs)
            return
        if len(result) != len(outputs):
            raise FormatError(f"{self.label}: has {len(outputs)} outputs, needs {len(result)}")
        for translated, name in zip(result, outputs, strict=True):
            self._node(translated, (name,))

    def _node(self, translated: Translated, outputs: tuple[str, ...]) -> None:
        given = tuple(translated.inputs)
        while given and given[-1] is None:
            given = given[:-1]
        self.nodes.append(Node(translated.operator, given, outputs, translated.attributes, outputs[0]))

    def _check_variables(self, code: BuiltinOperator, inputs: Sequence[str | None]) -> None:
        if code in recurrent.STATEFUL:
            return
        for name in inputs:
            if name is not None and name not in self.constants and self.is_variable(name):
                raise UnsupportedError(
                    f"{self.label}: reads the variable '{name}', which keeps its contents from one invoke to the next; "
                    "make it an input and an output of the model"
                )

    def _inline(self, scope: _Scope, op: Any, index: int, given: Sequence[int]) -> None:
        """Read the operators of another subgraph in place of one that calls it."""
        inner = self._subgraph(int(index), self.label)
        self.inlined += len(inner.operators) + len(inner.tensors)
        if scope.depth >= _DEEPEST or self.inlined > _MOST_INLINED:
            raise FormatError(f"{self.label}: subgraphs call one another without end")
        if len(inner.inputs) != len(given) or len(inner.outputs) != len(op.outputs):
            raise FormatError(f"{self.label}: subgraph {index} has other inputs or outputs than it is given")
        where = f"subgraph {index}"
        bound = {int(i): scope.named(o, where) for i, o in zip(inner.inputs, given, strict=True)}
        computed = {int(i) for o in inner.operators for i in o.outputs}
        results = list(zip((int(i) for i in inner.outputs), op.outputs, strict=True))
        for i, o in results:
            if i in computed and i not in bound:
                bound[i] = scope.named(o, where)
        prefix = f"{scope.named(op.outputs[0], where)}/" if len(op.outputs) else f"{where}/"
        called = self._scope(inner, prefix, bound)
        called.depth, called.once = (
            scope.depth + 1,
            scope.once or self.label == BuiltinOperator.CALL_ONCE.name,
        )
        self._run(called)
        for i, o in results:
            scope.named(o, where)
            scope.names[o] = called.named(i, where)

    def _if(self, scope: _Scope, op: Any) -> None:
        condition = self._real(scope, op.inputs[0], self.label) if len(op.inputs) else ""
        if condition not in self.constants or self.constants[condition].size != 1:
            raise UnsupportedError(
                f"{self.label}: the condition '{condition}' is computed; smelt takes a branch only where it is constant"
            )
        options = self._options(op, "IfOptions")
        taken = bool(self.constants[condition].reshape(-1)[0])
        index = options.then_subgraph_index if taken else options.else_subgraph_index
        self._inline(scope, op, index, op.inputs[1:])

    def _call(self, scope: _Scope, op: Any) -> None:
        self._inline(scope, op, self._options(op, "CallOptions").subgraph, op.inputs)

    def _call_once(self, scope: _Scope, op: Any) -> None:
        self._inline(scope, op, self._options(op, "CallOnceOptions").init_subgraph_index, ())

    def _composite(self, scope: _Scope, op: Any) -> None:
        options = op.builtin_options_2
        if options is None or options.table_name != "StableHLOCompositeOptions":
            raise FormatError(f"{self.label}: has the options of another operator")
        self._inline(scope, op, options.decomposition_subgraph_index, op.inputs)

    def _options(self, op: Any, table: str) -> Any:
        if op.builtin_options is None or op.builtin_options.table_name != table:
            raise FormatError(f"{self.label}: has the options of another operator")
        return op.builtin_options

    def _var_handle(self, scope: _Scope, op: Any) -> None:
        options = self._options(op, "VarHandleOptions")
        for index in op.outputs:
            self.handles[scope.named(index, self.label)] = f"{options.container}/{options.shared_name}"

    def _resource(self, scope: _Scope, op: Any) -> str:
        handle = scope.named(op.inputs[0], self.label) if len(op.inputs) else ""
        if handle not in self.handles:
            raise FormatError(f"{self.label}: '{handle}' is no handle of a variable")
        return self.handles[handle]

    def _assign_variable(self, scope: _Scope, op: Any) -> None:
        resource = self._resource(scope, op)
        value = self._real(scope, op.inputs[1], self.label) if len(op.inputs) > 1 else ""
        if not scope.once or value not in self.constants:
            raise UnsupportedError(
                f"{self.label}: the variable '{resource}' keeps what is computed from one invoke to the next; make it "
                "an input and an output of the model"
            )
        self.resources[resource] = value

    def _read_variable(self, scope: _Scope, op: Any) -> None:
        resource = self._resource(scope, op)
        if resource not in self.resources:
            raise UnsupportedError(f"{self.label}: the variable '{resource}' is read before it has a value")
        for index in op.outputs:
            scope.named(index, self.label)
            scope.names[index] = self.resources[resource]

    def _check_operators(self, subgraph: Any) -> None:
        """All operators that smelt has not, in one error, before anything else is read."""
        missing: dict[str, int] = {}
        for op in subgraph.operators:
            code = self._code(op.opcode_index)
            key = self._custom(op) if code is BuiltinOperator.CUSTOM else code
            registered = isinstance(key, str) and find_registered(key)
            if key not in FUNCTIONS and key not in _STRUCTURE and not registered:
                name = key.name if isinstance(key, BuiltinOperator) else f"custom operator '{key}'"
                missing[name] = missing.get(name, 0) + 1
        if missing:
            listed = ", ".join(f"{name} ({count}x)" if count > 1 else name for name, count in missing.items())
            hint = _FOR_ETHOS_U if f"custom operator '{ETHOS_U}'" in missing else ""
            raise UnsupportedError(f"the model uses operators that smelt does not support: {listed}{hint}")

    def _custom(self, op: Any) -> str:
        return str(self.model.operator_codes[op.opcode_index].custom_code)

    def _code(self, index: int) -> BuiltinOperator:
        codes = self.model.operator_codes
        if not 0 <= index < len(codes):
            raise FormatError(f"operator code {index} does not exist; there are {len(codes)}")
        number = max(int(codes[index].builtin_code), codes[index].deprecated_builtin_code)
        try:
            return BuiltinOperator(number)
        except ValueError as error:
            raise UnsupportedError(f"operator code {number} is newer than this version of smelt") from error

    def _metadata(self) -> dict[str, bytes]:
        result: dict[str, bytes] = {}
        for item in self.model.metadata:
            if 0 <= item.buffer < len(self.model.buffers):
                result[item.name] = self.model.buffers[item.buffer].data.tobytes()
        if self.signature is not None:
            sides = {"inputs": self.signature.inputs, "outputs": self.signature.outputs}
            named = {
                side: {item.name: self.main.named(item.tensor_index, "signature") for item in items}
                for side, items in sides.items()
            }
            kept = {"key": self.signature.signature_key, **named}
            result[SIGNATURE] = json.dumps(kept, sort_keys=True).encode()
        return result


_STRUCTURE: Mapping[BuiltinOperator, Callable[[_Reader, _Scope, Any], None]] = {
    BuiltinOperator.IF: _Reader._if,
    BuiltinOperator.CALL: _Reader._call,
    BuiltinOperator.CALL_ONCE: _Reader._call_once,
    BuiltinOperator.STABLEHLO_COMPOSITE: _Reader._composite,
    BuiltinOperator.VAR_HANDLE: _Reader._var_handle,
    BuiltinOperator.ASSIGN_VARIABLE: _Reader._assign_variable,
    BuiltinOperator.READ_VARIABLE: _Reader._read_variable,
}
"""Operators that say which others are computed, or name tensors."""
