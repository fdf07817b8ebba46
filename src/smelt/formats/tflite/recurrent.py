"""Recurrent layers in TFLite: UNIDIRECTIONAL_SEQUENCE_LSTM in and out; what it cannot say is written step by step."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace

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
_STATES = ("output_state", "cell_state")

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
    is_real = _.value(str(given[0])).dtype.is_float
    if time_major or diagonal_recurrent_tensors or (cell_clip and is_real) or proj_clip:
        raise UnsupportedError(
            f"{_.label}: an LSTM with time as first dimension, clipping or diagonal weights is not supported"
        )
    if fused_activation_function not in _ACTIVATIONS:
        raise UnsupportedError(f"{_.label}: the activation {fused_activation_function} is not supported")
    for name in given[18:20]:
        if name is None or not _.is_variable(name):
            raise UnsupportedError(f"{_.label}: the state '{name}' is no variable tensor")
    if not is_real:
        if fused_activation_function != ActivationFunctionType.TANH:
            raise UnsupportedError(f"{_.label}: the activation of an LSTM of integers must be tanh")
        return _integers(_, [str(name) for name in given[:20]], cell_clip)
    parts = [_.constant(name) for name in weights]
    if any(part.dtype != np.float32 for part in parts) or _.value(str(given[0])).dtype is not DType.F32:
        raise UnsupportedError(
            f"{_.label}: only LSTMs of float32, int8 and int16 are supported, not of real data and int8 weights"
        )
    arrays = {
        role: np.concatenate(parts[4 * k : 4 * k + 4])
        for k, role in enumerate(("kernel", "recurrent", "bias"))
    }
    names = [_.new_constant(role, array) for role, array in arrays.items()]
    activation = _ACTIVATIONS[fused_activation_function]
    return Translated("lstm", (given[0], *names), {"returns": "sequence", "activation": activation})


def _integers(_: Surroundings, given: list[str], cell_clip: float) -> Translated:
    """Weights of int8, a scale a gate; the output has the parameters of the state, the cell is int16."""
    state, cell = _.value(given[18]), _.value(given[19])
    cell_scale = 0.0 if cell.quantization is None else cell.quantization.scale
    fraction, exponent = math.frexp(cell_scale)
    types = {_.value(given[k]).dtype for k in (0, 18)}
    if (
        types not in ({DType.S8}, {DType.S16})
        or cell.dtype is not DType.S16
        or fraction != 0.5
        or not 0 <= 1 - exponent <= 15
    ):
        raise UnsupportedError(
            f"{_.label}: needs data and a state of int8 or int16, and an int16 cell of a scale that is a power of two"
        )
    names = []
    for role, first in (("kernel", 1), ("recurrent", 5)):
        parts = [_.constant(name) for name in given[first : first + 4]]
        known = [_.value(name).quantization for name in given[first : first + 4]]
        if any(part.dtype != np.int8 for part in parts) or any(
            k is None or k.axis is not None for k in known
        ):
            raise UnsupportedError(f"{_.label}: the weights must be of int8, with a scale a gate")
        rows = [(k.scale, k.zero_point) for k, part in zip(known, parts, strict=True) if k for _row in part]
        scales, zero_points = (tuple(column) for column in zip(*rows, strict=True))
        if any(zero_points):
            raise UnsupportedError(f"{_.label}: the weights must be symmetric")
        names.append(_.new_constant(role, np.concatenate(parts), Quantization(scales, zero_points, 0)))
    biases = np.concatenate([_.constant(name) for name in given[12:16]])
    names.append(_.new_constant("bias", biases))
    if state.quantization != _.outputs[0].quantization:
        raise UnsupportedError(f"{_.label}: output and state must have equal scales and zero points")
    clip = min(int(np.float64(cell_clip) / cell_scale), 32767)
    return Translated("quantized_lstm", (given[0], *names), {"cell_bits": 1 - exponent, "cell_clip": clip})


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
    recurrent, bias = call.constant(2), call.constant(3)
    assert recurrent is not None
    biases = np.zeros(len(recurrent), np.float32) if bias is None else bias
    batch, units = call.input(0).shape[0], recurrent.shape[1]
    states = {role: Value(role, DType.F32, (batch, units)) for role in _STATES}
    activation = {name: kind for kind, name in _ACTIVATIONS.items()}[call.attributes.activation]
    return _written(writer, call, biases, states, activation, 0.0)


def _write_quantized_lstm(writer: Writer, call: Call) -> Written:
    biases, a = call.constant(3), call.attributes
    assert biases is not None
    shape, cell_scale = (call.input(0).shape[0], call.output.shape[2]), 2.0**-a.cell_bits
    states = {
        _STATES[0]: Value(_STATES[0], call.output.dtype, shape, call.output.quantization),
        _STATES[1]: Value(_STATES[1], DType.S16, shape, Quantization.per_tensor(cell_scale)),
    }
    return _written(writer, call, biases, states, ActivationFunctionType.TANH, a.cell_clip * cell_scale)


def _written(
    writer: Writer,
    call: Call,
    bias: Array,
    states: Mapping[str, Value],
    activation: ActivationFunctionType,
    cell_clip: float,
) -> Written:
    """The weights of each gate as a tensor; quantized ones with the scale of their first row."""
    kernel, recurrent = call.constant(1), call.constant(2)
    assert kernel is not None
    assert recurrent is not None
    units = recurrent.shape[1]
    written: dict[str, list[int]] = {}
    for index, (role, array) in enumerate(
        {"kernel": kernel, "recurrent": recurrent, "bias": bias}.items(), 1
    ):
        known = None if not call.has(index) else call.input(index).quantization
        scales = [
            None if known is None else Quantization.per_tensor(known.scales[k * units]) for k in range(4)
        ]
        written[role] = [
            writer.constant(call, f"{role}_{gate}", array[k * units : (k + 1) * units], scales[k])
            for k, gate in enumerate(_GATES)
        ]
    variables = [
        writer.add_tensor(replace(value, name=f"{call.output.name}/{role}"), None, variable=True)
        for role, value in states.items()
    ]
    none = -1
    inputs = [
        *(writer.tensor(call.input(0).name), *written["kernel"], *written["recurrent"]),
        *(none, none, none, *written["bias"], none, none, *variables, none, none, none, none),
    ]
    options = TFLITE.record(
        "UnidirectionalSequenceLSTMOptions",
        fused_activation_function=activation,
        cell_clip=cell_clip,
        time_major=False,
    )
    version = 1 if call.input(0).dtype.is_float else 3
    return Written(BuiltinOperator.UNIDIRECTIONAL_SEQUENCE_LSTM, version, inputs, options)


WRITTEN["lstm"] = _write_lstm
WRITTEN["svdf"] = _write_svdf
WRITTEN["quantized_lstm"] = _write_quantized_lstm
