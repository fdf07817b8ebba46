"""smelt's recurrent operators as Keras's layers; the functions are as in written_layers.py."""

from __future__ import annotations

from typing import Any

from smelt.formats.keras.writing import Result, Written
from smelt.formats.keras.written_layers import data_of, writes
from smelt.operators.operator import Call

_RECURRENT = {"lstm": "LSTM", "gru": "GRU", "rnn": "SimpleRNN"}
_GATES = {"logistic": "sigmoid", "tanh": "tanh", "relu": "relu", "linear": "linear"}


@writes(*_RECURRENT)
def _recurrent(_: Written, call: Call) -> list[Result]:
    a, kind = call.attributes, _RECURRENT[call.node.operator]
    if a.activation not in _GATES or (kind != "SimpleRNN" and a.gate_activation not in _GATES):
        raise _.unsupported(f"the activation '{a.activation}' or '{a.gate_activation}'")
    kernel, recurrent = (_.weights_of(name) for name in call.node.inputs[1:3])
    bias = _.weights_of(call.node.inputs[3]) if call.has(3) else None
    states = [_.operand(str(name)) for name in call.node.inputs[4:] if name]
    if any(not isinstance(state, Result) and state.any() for state in states):
        raise _.unsupported("a constant initial state")
    states = [state for state in states if isinstance(state, Result)]
    if len(states) == 1 and kind == "LSTM":
        raise _.unsupported("one initial state without the other")
    config: dict[str, Any] = {
        "units": recurrent.shape[1], "activation": _GATES[a.activation], "use_bias": bias is not None,
        "return_sequences": a.returns != "last", "return_state": a.returns == "all", "go_backwards": bool(a.reverse),
    }  # fmt: skip
    if kind != "SimpleRNN":
        config["recurrent_activation"] = _GATES[a.gate_activation]
    if kind == "GRU":
        config["reset_after"] = bool(a.reset_after)
    arrays = [kernel.T, recurrent.T]
    if bias is not None:
        arrays.append(bias.reshape(2, -1) if config.get("reset_after") else bias.reshape(-1))
    keywords = {"initial_state": states} if states else {}
    results = _.add(kind, config, [data_of(_, call)], list(call.outputs), arrays, keywords=keywords)
    if a.reverse and a.returns != "last":
        # Keras has the sequence in the order of computation.
        results[0] = _.operation("Flip", results[:1], call.output, {"axis": 1})
    return results
