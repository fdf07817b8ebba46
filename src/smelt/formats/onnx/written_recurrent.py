"""smelt's recurrent layers as ONNX's LSTM, GRU and RNN."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from smelt.errors import UnsupportedError
from smelt.formats.onnx.write import Writer
from smelt.operators import Call

_ACTIVATIONS = {
    "tanh": "Tanh", "relu": "Relu", "logistic": "Sigmoid", "hard_sigmoid": "HardSigmoid", "linear": "Affine",
}  # fmt: skip
_GATES = {"lstm": (0, 3, 1, 2), "gru": (0, 1, 2), "rnn": (0,)}
"""ONNX's order of gates as indices of smelt's."""


def recurrent(_: Writer, call: Call) -> None:
    a, operator = call.attributes, call.node.operator
    batch, _time, features = call.input(0).shape
    units, gates = call.input(2).shape[1], _GATES[operator]
    arrays = [call.constant(index) if call.has(index) else None for index in (1, 2, 3)]
    kernel, recurrent, bias = arrays
    if kernel is None or recurrent is None or (bias is None and call.has(3)):
        raise UnsupportedError(f"{call.node.label}: is written with constant weights only")
    stem = call.node.outputs[0]

    def ordered(
        array: np.ndarray[tuple[int, ...], np.dtype[np.generic]], *rest: int
    ) -> np.ndarray[tuple[int, ...], np.dtype[np.generic]]:
        return array.reshape(-1, len(gates), units, *rest)[:, gates].reshape(1, -1, *rest)

    both = np.zeros(2 * len(gates) * units, np.float32)
    if bias is not None:
        both[: bias.size] = bias
    sequence = _.emit("Transpose", [_.real(call.input(0).name)], perm=[1, 0, 2])
    inputs = [
        sequence,
        _.constant(f"{stem}/w", ordered(kernel, features)),
        _.constant(f"{stem}/r", ordered(recurrent, units)),
        _.constant(f"{stem}/b", ordered(both).reshape(1, -1)),
        "",
    ]
    inputs += [
        _.reshaped(_.real(call.input(k).name), (1, batch, units)) if call.has(k) else "" for k in (4, 5)
    ][: 2 if operator == "lstm" else 1]
    while not inputs[-1]:
        inputs.pop()
    activations = [_ACTIVATIONS[a.activation]]
    if operator != "rnn":
        activations = [_ACTIVATIONS[a.gate_activation], *activations * (2 if operator == "lstm" else 1)]
    attributes: dict[str, Any] = {
        "hidden_size": units, "activations": activations, "direction": "reverse" if a.reverse else "forward",
    }  # fmt: skip
    if operator == "gru":
        attributes["linear_before_reset"] = int(a.reset_after)
    if "Affine" in activations:
        attributes["activation_alpha"] = [1.0] * activations.count("Affine")
    _recurrent_results(_, call, inputs, attributes)


def _recurrent_results(_: Writer, call: Call, inputs: Sequence[str], attributes: Mapping[str, Any]) -> None:
    """The sequence [time, direction, batch, units], the last state and the last cell state, as smelt has them."""
    stem, operator, returns = call.node.outputs[0], call.node.operator, call.attributes.returns
    names = [_.fresh(f"{stem}/{part}") for part in ("sequence", "state", "cell")][
        : 3 if operator == "lstm" else 2
    ]
    wanted = {"sequence": {0: 0}, "last": {1: 0}, "all": {0: 0, 1: 1, 2: 2}}[returns]
    outputs = [name if index in wanted else "" for index, name in enumerate(names)]
    while not outputs[-1]:
        outputs.pop()
    _.emit_all(operator.upper(), inputs, outputs, **attributes)
    for index, name in enumerate(outputs):
        if not name:
            continue
        value = call.outputs[wanted[index]]
        if index == 0:
            squeezed = _.emit("Squeeze", [name, _.integers(f"{stem}/axes", [1])])
            _.result(value, "Transpose", [squeezed], perm=[1, 0, 2])
        else:
            _.result(value, "Squeeze", [name, _.integers(f"{stem}/axes", [0])])
