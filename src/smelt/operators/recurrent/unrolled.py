"""Recurrent layers step by step in operators that every format has: fully_connected, add, mul, logistic and the like.

Formats without an operator for a layer write it so; the pass fuse-recurrent finds the layer again, by unrolling what it
takes for one and comparing.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from smelt.errors import UnsupportedError
from smelt.ir import Array, Attribute, DType, Graph, Node, Value
from smelt.operators import call_of
from smelt.operators.builder import GraphBuilder
from smelt.operators.operator import Call
from smelt.operators.recurrent import GATES

Emit = Callable[[str, Sequence[str | None], Mapping[str, Attribute]], str]
"""(operator, inputs, attributes) → the output of a node that computes it."""

Constant = Callable[[str, Array], str]
"""(role, contents) → a constant."""

_ACTIVATIONS = {"tanh": "tanh", "relu": "relu", "logistic": "logistic", "linear": None}


@dataclass(frozen=True)
class Layer:
    """A recurrent layer that goes forward: sizes, activations, and its arrays as smelt.operators.recurrent has them.

    `data`, `state` and `cell` name tensors; states that are absent are zero.
    """

    operator: str
    batch: int
    time: int
    units: int
    data: str
    kernel: Array
    recurrent: Array
    bias: Array | None
    state: str | None = None
    cell: str | None = None
    activation: str = "tanh"
    gate_activation: str = "logistic"
    reset_after: bool = False


@dataclass(frozen=True)
class Steps:
    """The tensors of an unrolled layer: the output of every step, all of them as a sequence, the last cell state."""

    states: tuple[str, ...]
    sequence: str
    cell: str | None


def unrolled(layer: Layer, emit: Emit, constant: Constant, *, sequence: bool = True) -> Steps:
    """The layer as nodes that `emit` makes; without `sequence` that of the result is its last output."""
    return _Unrolling(layer, emit, constant).run(sequence)


class _Unrolling:
    def __init__(self, layer: Layer, emit: Emit, constant: Constant) -> None:
        self.layer, self.emit, self.constant = layer, emit, constant
        gates, units = GATES[layer.operator], layer.units
        bias = np.zeros(gates * units, np.float32) if layer.bias is None else layer.bias
        self.kernel = constant("kernel", layer.kernel)
        self.bias = constant("bias", bias[: gates * units])
        self.recurrent: dict[str, str] = {}
        if layer.operator == "gru" and not layer.reset_after:
            self.recurrent["gates"] = constant("recurrent_gates", layer.recurrent[: 2 * units])
            self.recurrent["new"] = constant("recurrent_new", layer.recurrent[2 * units :])
        else:
            self.recurrent["gates"] = constant("recurrent", layer.recurrent)
        self.recurrent_bias = None
        if layer.reset_after:
            after = bias[gates * units :] if layer.bias is not None else np.zeros(gates * units, np.float32)
            self.recurrent_bias = constant("recurrent_bias", after)

    def run(self, sequence: bool) -> Steps:
        layer, units = self.layer, self.layer.units
        attributes = {"keep_dims": True}
        projected = self.emit("fully_connected", (layer.data, self.kernel, self.bias), attributes)
        zeros = np.zeros((layer.batch, units), np.float32)
        state = layer.state or self.constant("state", zeros)
        cell = (layer.cell or self.constant("state", zeros)) if layer.operator == "lstm" else None
        step = {"gru": self._gru, "rnn": self._rnn, "lstm": self._lstm}[layer.operator]
        states = []
        for at in range(layer.time):
            x = self._row(projected, at)
            state, cell = step(x, state, cell)
            states.append(state)
        return Steps(tuple(states), self._sequence(states) if sequence else state, cell)

    def _row(self, projected: str, at: int) -> str:
        layer = self.layer
        width = GATES[layer.operator] * layer.units
        cut = {"begin": (0, at, 0), "end": (layer.batch, at + 1, width), "stride": (1, 1, 1)}
        row = self.emit("strided_slice", (projected,), cut) if layer.time > 1 else projected
        return self.emit("reshape", (row,), {"shape": (layer.batch, width)})

    def _sequence(self, states: Sequence[str]) -> str:
        shape = (self.layer.batch, 1, self.layer.units)
        rows = [self.emit("reshape", (state,), {"shape": shape}) for state in states]
        return self.emit("concatenation", rows, {"axis": 1}) if len(rows) > 1 else rows[0]

    def _gates(self, x: str, first: int, last: int) -> str:
        """Gates `first` up to `last` (excluded) of a row of them."""
        units = self.layer.units
        cut = {"begin": (0, first * units), "end": (self.layer.batch, last * units), "stride": (1, 1)}
        return self.emit("strided_slice", (x,), cut)

    def _product(self, state: str, weights: str) -> str:
        return self.emit("fully_connected", (state, self.recurrent[weights], self.recurrent_bias), {})

    def _activated(self, kind: str, x: str) -> str:
        operator = _ACTIVATIONS[kind]
        return x if operator is None else self.emit(operator, (x,), {})

    def _add(self, a: str, b: str) -> str:
        return self.emit("add", (a, b), {})

    def _mul(self, a: str, b: str) -> str:
        return self.emit("mul", (a, b), {})

    def _rnn(self, x: str, state: str, cell: str | None) -> tuple[str, str | None]:
        return self._activated(self.layer.activation, self._add(x, self._product(state, "gates"))), None

    def _gru(self, x: str, state: str, cell: str | None) -> tuple[str, str | None]:
        product = self._product(state, "gates")
        before = self._gates(product, 0, 2) if self.layer.reset_after else product
        gates = self._activated(self.layer.gate_activation, self._add(self._gates(x, 0, 2), before))
        update, reset = self._gates(gates, 0, 1), self._gates(gates, 1, 2)
        if self.layer.reset_after:
            candidate = self._mul(reset, self._gates(product, 2, 3))
        else:
            candidate = self._product(self._mul(reset, state), "new")
        new = self._activated(self.layer.activation, self._add(self._gates(x, 2, 3), candidate))
        return self._add(new, self._mul(update, self.emit("sub", (state, new), {}))), None

    def _lstm(self, x: str, state: str, cell: str | None) -> tuple[str, str | None]:
        assert cell is not None
        total, gate = self._add(x, self._product(state, "gates")), self.layer.gate_activation
        i, f, o = (self._activated(gate, self._gates(total, k, k + 1)) for k in (0, 1, 3))
        g = self._activated(self.layer.activation, self._gates(total, 2, 3))
        cell = self._add(self._mul(f, cell), self._mul(i, g))
        return self._mul(o, self._activated(self.layer.activation, cell)), cell


def layer_of(call: Call) -> Layer:
    """The layer that a call of a recurrent operator is; UnsupportedError for what has no unrolled form."""
    a, constants = call.attributes, [call.constant(k) for k in range(4)]
    kernel, recurrent, bias = constants[1:]
    if kernel is None or recurrent is None or (call.has(3) and bias is None):
        raise UnsupportedError(f"{call.node.label}: its weights are computed; unrolling it needs constants")
    if not {a.activation, a.gate_activation} <= _ACTIVATIONS.keys():
        raise UnsupportedError(
            f"{call.node.label}: has no unrolled form with activations {a.activation} and {a.gate_activation}"
        )
    batch, time, _ = call.input(0).shape
    return Layer(
        call.node.operator,
        batch,
        time,
        recurrent.shape[1],
        call.input(0).name,
        kernel,
        recurrent,
        bias,
        call.input(4).name if call.has(4) else None,
        call.input(5).name if call.has(5) else None,
        a.activation,
        a.gate_activation,
        bool(getattr(a, "reset_after", False)),
    )


def unroll_nodes(graph: Graph, wanted: Callable[[Call], bool]) -> Graph:
    """The graph with those recurrent layers unrolled that `wanted` says."""
    for node in graph.nodes:
        if node.operator in GATES and wanted(call_of(graph, node)):
            graph = _with_unrolled(graph, node)
    return graph


def _with_unrolled(graph: Graph, node: Node) -> Graph:
    call = call_of(graph, node)
    layer, attributes = layer_of(call), call.attributes
    builder = GraphBuilder(graph.name)
    for name in (layer.data, layer.state, layer.cell):
        if name is not None and name not in builder.values:
            builder.input(name, DType.F32, graph.values[name].shape)
    renamed: dict[str, str] = {}
    stem = node.name or node.outputs[0]
    known: dict[bytes, str] = {}

    def constant(role: str, array: Array) -> str:
        key = role.encode() + array.tobytes()
        if key not in known:
            known[key] = builder.constant(_fresh(graph, builder, f"{stem}/{role}"), array)
        return known[key]

    def emit(operator: str, inputs: Sequence[str | None], options: Mapping[str, Attribute]) -> str:
        return builder.add(operator, inputs, options, outputs=[_fresh(graph, builder, f"{stem}/{operator}")])

    data = layer.data
    turn = np.arange(layer.time, dtype=np.int32)[::-1].copy()
    if attributes.reverse:
        data = emit("gather", (data, constant("turn", turn)), {"axis": 1})
    returns = attributes.returns
    steps = unrolled(replace(layer, data=data), emit, constant, sequence=returns != "last")
    sequence = steps.sequence
    if attributes.reverse and returns != "last":
        sequence = emit("gather", (sequence, constant("turn", turn)), {"axis": 1})
    results = {"sequence": (sequence,), "last": (steps.states[-1],)}.get(
        returns, (sequence, steps.states[-1], steps.cell)
    )
    renamed.update(
        {made: name for made, name in zip(results, node.outputs, strict=False) if made is not None}
    )
    return _spliced(graph, node, builder, renamed)


def _fresh(graph: Graph, builder: GraphBuilder, stem: str) -> str:
    return graph.fresh_name(stem, taken=builder.values)


def _spliced(graph: Graph, node: Node, builder: GraphBuilder, renamed: Mapping[str, str]) -> Graph:
    """The builder's nodes in place of one, results under its names."""

    def name(old: str | None) -> str | None:
        return None if old is None else renamed.get(old, old)

    made = [
        Node(
            n.operator,
            tuple(name(i) for i in n.inputs),
            tuple(str(name(o)) for o in n.outputs),
            n.attributes,
            str(name(n.outputs[0])),
        )
        for n in builder.nodes
    ]
    at = graph.nodes.index(node)
    values = [
        Value(renamed.get(v.name, v.name), v.dtype, v.shape)
        for v in builder.values.values()
        if v.name not in graph.values
    ]
    return graph.replaced(
        nodes=[*graph.nodes[:at], *made, *graph.nodes[at + 1 :]], values=values, constants=builder.constants
    )
