"""Keras's recurrent layers, Bidirectional, TimeDistributed and attention."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from smelt.errors import UnsupportedError
from smelt.formats.keras.activations import RECURRENT, activation_name
from smelt.formats.keras.building import Layer
from smelt.formats.keras.layers import LAYERS, translate
from smelt.ir import Attribute

_OPERATORS = {"LSTM": ("lstm", 4), "GRU": ("gru", 3), "SimpleRNN": ("rnn", 1)}


def _recurrent(
    _: Layer, *inputs: str, kind: str, activation: Any = "tanh", recurrent_activation: Any = "sigmoid",
    return_sequences: bool = False, return_state: bool = False, go_backwards: bool = False,
    stateful: bool = False, reset_after: bool = False, use_bias: bool = True, flip: bool | None = None,
) -> str | Sequence[str]:  # fmt: skip
    """`flip`: outputs of a reversed layer in order of time (Bidirectional), not in that of computation."""
    operator, gates = _OPERATORS[kind]
    x, *states = inputs
    if stateful or len(states) not in (0, 2 if kind == "LSTM" else 1):
        raise _.unsupported(f"stateful, or {len(states)} initial states,")
    features = _.shape(x)[-1]
    kernel = _.weights("kernel", (features, None))
    recurrent = _.weights("recurrent_kernel", (kernel.shape[1] // gates, kernel.shape[1]))
    bias = _.array("bias") if use_bias else None
    returns = "all" if return_state else "sequence" if return_sequences else "last"
    attributes: dict[str, Attribute] = {
        "returns": returns, "reverse": go_backwards, "activation": _named(_, activation),
    }  # fmt: skip
    if kind != "SimpleRNN":
        attributes["gate_activation"] = _named(_, recurrent_activation)
    if kind == "GRU":
        attributes["reset_after"] = reset_after
    given = (
        x,
        _.constant("kernel", kernel.T),
        _.constant("recurrent_kernel", recurrent.T),
        None if bias is None else _.constant("bias", bias.reshape(-1)),
        *states,
    )
    result = _.emit(operator, given, attributes)
    outputs = _.builder.nodes[-1].outputs
    if return_sequences and go_backwards and not flip:
        steps = _.shape(result)[1]
        spans = [range(n) for n in _.shape(result)]
        result = _.spans(result, [spans[0], range(steps)[::-1], spans[2]])
    if not return_state:
        return result
    return [result if return_sequences else outputs[1], *outputs[1:]]


def _named(_: Layer, activation: Any) -> str:
    name = activation_name(activation)
    if name == "hard_sigmoid" and _.keras == 2:
        return name
    if name not in RECURRENT:
        raise _.unsupported(f"the activation '{name}' in a recurrent layer")
    return RECURRENT[name]


def _reader(kind: str) -> None:
    def function(
        _: Layer, *inputs: str, activation: Any = "tanh", recurrent_activation: Any = "sigmoid",
        return_sequences: bool = False, return_state: bool = False, go_backwards: bool = False,
        stateful: bool = False, reset_after: bool = False, use_bias: bool = True,
    ) -> str | Sequence[str]:  # fmt: skip
        return _recurrent(
            _, *inputs, kind=kind, activation=activation, recurrent_activation=recurrent_activation,
            return_sequences=return_sequences, return_state=return_state, go_backwards=go_backwards,
            stateful=stateful, reset_after=reset_after, use_bias=use_bias, flip=_.flips,
        )  # fmt: skip

    LAYERS[kind] = function


for _kind in _OPERATORS:
    _reader(_kind)


def _part(_: Layer, place: str) -> dict[str, Any]:
    return {
        key.removeprefix(f"{place}/"): array for key, array in _.arrays.items() if key.startswith(f"{place}/")
    }


def _bidirectional(
    _: Layer,
    x: str,
    *,
    layer: Mapping[str, Any],
    merge_mode: str | None = "concat",
    backward_layer: Any = None,
) -> str:
    kind, config = layer["class_name"], dict(layer["config"])
    if kind not in _OPERATORS:
        raise _.unsupported(f"Bidirectional of {kind}")
    results = []
    for place, backwards in (("forward_layer/cell", False), ("backward_layer/cell", True)):
        path = (_.name, place.partition("/")[0])
        inner = Layer(_.builder, path, kind, _part(_, place), flips=True, keras=_.keras)
        result = translate(inner, kind, {**config, "go_backwards": backwards}, (x,))
        if not isinstance(result, str):
            raise _.unsupported("return_state in Bidirectional")
        results.append(result)
    if merge_mode == "concat":
        return _.emit("concatenation", results, {"axis": len(_.shape(results[0])) - 1})
    if merge_mode in ("sum", "ave", "mul"):
        result = _.emit("mul" if merge_mode == "mul" else "add", results)
        return _.emit("mul", (result, _.number(0.5))) if merge_mode == "ave" else result
    raise _.unsupported(f"merge_mode {merge_mode!r}")


LAYERS["Bidirectional"] = _bidirectional


def _time_distributed(_: Layer, x: str, *, layer: Mapping[str, Any]) -> str:
    """The layer on all time steps as if they were samples."""
    batch, time, *rest = _.shape(x)
    kind = layer["class_name"]
    if kind not in LAYERS:
        raise UnsupportedError(f"{_.label}: of {kind}, which is not supported")
    inner = Layer(_.builder, (_.name, "layer"), kind, _part(_, "layer"), keras=_.keras)
    result = translate(inner, kind, layer["config"], (_.reshape(x, (batch * time, *rest)),))
    if not isinstance(result, str):
        raise UnsupportedError(f"{_.label}: of {kind} with several results, which is not supported")
    return _.reshape(result, (batch, time, *_.shape(result)[1:]))


LAYERS["TimeDistributed"] = _time_distributed
