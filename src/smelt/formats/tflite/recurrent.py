"""Recurrent layers in TFLite: UNIDIRECTIONAL_SEQUENCE_LSTM in and out; what it cannot say is written step by step."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from smelt.errors import UnsupportedError
from smelt.formats.tflite.schema import TFLITE, ActivationFunctionType, BuiltinOperator
from smelt.formats.tflite.translation import Surroundings, Translated, reads
from smelt.formats.tflite.translation import activation as fused
from smelt.formats.tflite.writing import FUSED, Writer, Written, tensors_of, version_of
from smelt.formats.tflite.written_operators import WRITTEN
from smelt.ir import Array, Attribute, DType, Graph, Node, Quantization, Value
from smelt.operators import Call, call_of
from smelt.operators.recurrent.unrolled import unroll_nodes

_ACTIVATIONS = {ActivationFunctionType.TANH: "tanh", ActivationFunctionType.RELU: "relu"}
_GATES = ("input", "forget", "cell", "output")

STATEFUL = frozenset([BuiltinOperator.SVDF, BuiltinOperator.UNIDIRECTIONAL_SEQUENCE_LSTM])
"""Operators that may read variable tensors."""


@reads(BuiltinOperator.UNIDIRECTIONAL_SEQUENCE_LSTM)
def _lstm(
    _: Surroundings,
    *inputs: str | None,
    fused_activation_function: ActivationFunctionType,
    cell_clip: float,
    proj_clip: float,
    time_major: bool,
    diagonal_recurrent_tensors: bool,
) -> Translated:
    """The states, which TFLite keeps from one invoke to the next until they are reset, begin at zero each time."""
    given = [*inputs, *[None] * 24][:24]
    extras = {
        "peepholes": given[9:12],
        "a projection": given[16:18],
        "layer normalization": given[20:24],
    }
    for what, names in extras.items():
        if any(name is not None for name in names):
            raise UnsupportedError(f"{_.label}: an LSTM with {what} is not supported")
    weights = [*given[1:9], *given[12:16]]
    if any(name is None for name in weights):
        raise UnsupportedError(f"{_.label}: an LSTM that couples input and forget gate is not supported")
    if time_major or diagonal_recurrent_tensors or cell_clip or proj_clip:
        raise UnsupportedError(
            f"{_.label}: an LSTM with time as first dimension, clipping or diagonal weights is not supported"
        )
    if fused_activation_function not in _ACTIVATIONS:
        raise UnsupportedError(f"{_.label}: the activation {fused_activation_function} is not supported")
    for name in given[18:20]:
        if name is None or not _.is_variable(name):
            raise UnsupportedError(f"{_.label}: the state '{name}' is no variable tensor")
    parts = [_.constant(name) for name in weights]
    if any(part.dtype != np.float32 for part in parts) or _.value(str(given[0])).dtype is not DType.F32:
        raise UnsupportedError(f"{_.label}: only float32 LSTMs are supported; use the float file")
    arrays = {
        role: np.concatenate(parts[4 * k : 4 * k + 4])
        for k, role in enumerate(("kernel", "recurrent", "bias"))
    }
    names = [_.new_constant(role, array) for role, array in arrays.items()]
    activation = _ACTIVATIONS[fused_activation_function]
    return Translated("lstm", (given[0], *names), {"returns": "sequence", "activation": activation})


@reads(BuiltinOperator.SVDF)
def _svdf(
    _: Surroundings,
    x: str,
    features: str,
    time: str,
    bias: str | None,
    state: str,
    *,
    rank: int,
    fused_activation_function: ActivationFunctionType,
) -> Translated:
    """The state, too, begins at zero each time.  That of integers has no activation, as in TensorFlow Lite Micro."""
    kept = _.value(state)
    if not _.is_variable(state) or kept.dtype is not _.value(time).dtype:
        raise UnsupportedError(
            f"{_.label}: the state '{state}' is no variable tensor of the type of '{time}'"
        )
    is_real = _.value(x).dtype.is_float
    attributes: dict[str, Attribute] = {
        "rank": rank,
        "activation": fused(_, fused_activation_function) if is_real else "none",
    }
    if kept.quantization is not None:
        attributes |= {
            "state_scale": kept.quantization.scale,
            "state_zero_point": kept.quantization.zero_point,
        }
    return Translated("svdf", (x, features, time, bias), attributes)


def _write_svdf(writer: Writer, call: Call) -> Written:
    a, (batches, _), (filters, memory) = call.attributes, call.input(0).shape, call.input(2).shape
    dtype = call.input(2).dtype
    known = None if dtype.is_float else Quantization.per_tensor(a.state_scale, a.state_zero_point)
    state = Value(f"{call.output.name}/state", dtype, (batches, filters * memory), known)
    inputs = [*tensors_of(writer, call, 4), writer.add_tensor(state, None, variable=True)]
    # LiteRT insists on the activation of integers that it then leaves out
    fused_activation = FUSED[a.activation] if dtype.is_float else ActivationFunctionType.RELU
    options = TFLITE.record("SVDFOptions", rank=a.rank, fused_activation_function=fused_activation)
    return Written(BuiltinOperator.SVDF, version_of(call, 1, 3), inputs, options)


def in_tflite_terms(graph: Graph) -> Graph:
    """The graph with recurrent layers as TFLite can say them: LSTMs that give their sequence, others unrolled."""
    for node in graph.nodes:
        if node.operator == "lstm" and _is_built_in(call_of(graph, node)):
            graph = _with_sequence(graph, node)
    return unroll_nodes(graph, lambda call: not _is_built_in(call))


def _is_built_in(call: Call) -> bool:
    """Whether UNIDIRECTIONAL_SEQUENCE_LSTM computes it, once reversals and the choice of outputs are other nodes."""
    a = call.attributes
    constant = all(call.constant(k) is not None for k in (1, 2)) and (
        not call.has(3) or call.constant(3) is not None
    )
    usual = a.gate_activation == "logistic" and a.activation in _ACTIVATIONS.values()
    return (
        call.node.operator == "lstm"
        and constant
        and usual
        and not (call.has(4) or call.has(5))
        and a.returns != "all"
    )


def _with_sequence(graph: Graph, node: Node) -> Graph:
    """The LSTM goes forward and gives its sequence; gathers turn data around, a slice cuts the last output."""
    call = call_of(graph, node)
    a, (batch, time, features) = call.attributes, call.input(0).shape
    units = call.input(2).shape[1]
    taken: list[str] = []
    values: list[Value] = []
    constants: dict[str, Array] = {}

    def tensor(role: str, shape: Sequence[int], dtype: DType = DType.F32) -> str:
        taken.append(graph.fresh_name(f"{node.outputs[0]}/{role}", taken=taken))
        values.append(Value(taken[-1], dtype, tuple(shape)))
        return taken[-1]

    nodes: list[Node] = []
    data, output = str(node.inputs[0]), node.outputs[0]
    turn = None
    if a.reverse:
        turn = tensor("turn", (time,), DType.S32)
        constants[turn] = np.arange(time, dtype=np.int32)[::-1].copy()
        turned = tensor("turned", (batch, time, features))
        nodes.append(Node("gather", (data, turn), (turned,), {"axis": 1}, turned))
        data = turned
    plain = a.returns == "sequence" and not a.reverse
    sequence = output if plain else tensor("sequence", (batch, time, units))
    attributes = {**node.attributes, "returns": "sequence", "reverse": False}
    nodes.append(Node("lstm", (data, *node.inputs[1:]), (sequence,), attributes, node.name))
    if a.returns == "sequence" and turn is not None:
        nodes.append(Node("gather", (sequence, turn), (output,), {"axis": 1}, output))
    elif a.returns == "last":
        cut = tensor("cut", (batch, 1, units))
        where = {"begin": (0, time - 1, 0), "end": (batch, time, units), "stride": (1, 1, 1)}
        nodes.append(Node("strided_slice", (sequence,), (cut,), where, cut))
        nodes.append(Node("reshape", (cut,), (output,), {"shape": (batch, units)}, output))
    at = graph.nodes.index(node)
    return graph.replaced(
        nodes=[*graph.nodes[:at], *nodes, *graph.nodes[at + 1 :]], values=values, constants=constants
    )


def _write_lstm(writer: Writer, call: Call) -> Written:
    kernel, recurrent, bias = (call.constant(k) for k in (1, 2, 3))
    assert kernel is not None
    assert recurrent is not None
    units, batch = recurrent.shape[1], call.input(0).shape[0]
    zeros = np.zeros(4 * units, np.float32)
    parts = {"kernel": kernel, "recurrent": recurrent, "bias": zeros if bias is None else bias}
    written = {
        role: [
            writer.constant(call, f"{role}_{gate}", array[k * units : (k + 1) * units])
            for k, gate in enumerate(_GATES)
        ]
        for role, array in parts.items()
    }
    states = [
        writer.add_tensor(Value(f"{call.output.name}/{role}", DType.F32, (batch, units)), None, variable=True)
        for role in ("output_state", "cell_state")
    ]
    none = -1
    inputs = [
        *(writer.tensor(call.input(0).name), *written["kernel"], *written["recurrent"]),
        *(none, none, none, *written["bias"], none, none, *states, none, none, none, none),
    ]
    activation = {name: kind for kind, name in _ACTIVATIONS.items()}[call.attributes.activation]
    options = TFLITE.record(
        "UnidirectionalSequenceLSTMOptions", fused_activation_function=activation, time_major=False
    )
    return Written(BuiltinOperator.UNIDIRECTIONAL_SEQUENCE_LSTM, 1, inputs, options)


WRITTEN["lstm"] = _write_lstm
WRITTEN["svdf"] = _write_svdf
