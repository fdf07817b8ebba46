"""Recurrent layers in every direction, against ONNX Runtime."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pytest
from onnx import helper
from onnx_models import check, model, operators, weights

from smelt.errors import FormatError, SmeltError, UnsupportedError
from smelt.formats.onnx import read_onnx

GATES = {"LSTM": 4, "GRU": 3, "RNN": 1}
TIME, BATCH, FEATURES, UNITS = 5, 2, 3, 4


def layer(
    operator: str, *, states: bool = False, bias: bool = True, batch_first: bool = False, lengths: Any = None,
    peepholes: Any = None, outputs: int | None = None, **attributes: Any,
) -> bytes:  # fmt: skip
    """A model of one layer; `states`: initial ones are inputs."""
    gates, count = GATES[operator], 2 if attributes.get("direction") == "bidirectional" else 1
    constants = {
        "w": weights(count, gates * UNITS, FEATURES), "r": weights(count, gates * UNITS, UNITS, seed=1),
        "b": weights(count, 2 * gates * UNITS, seed=2),
    }  # fmt: skip
    names = ["x", "w", "r", "b" if bias else "", "", "", "", ""]
    inputs = {"x": (BATCH, TIME, FEATURES) if batch_first else (TIME, BATCH, FEATURES)}
    if lengths is not None:
        constants["n"], names[4] = np.array(lengths, np.int32), "n"
    if states:
        shape = (BATCH, count, UNITS) if batch_first else (count, BATCH, UNITS)
        for place, name in enumerate(["h", "c"] if operator == "LSTM" else ["h"]):
            inputs[name], names[5 + place] = shape, name
    if peepholes is not None:
        constants["p"], names[7] = peepholes, "p"
    results = ["y", "yh", "yc"][: outputs or (3 if operator == "LSTM" else 2)]
    if batch_first:
        attributes["layout"] = 1
    while not names[-1]:
        names.pop()
    node = helper.make_node(operator, names, results, hidden_size=UNITS, **attributes)
    return model([node], inputs, results, constants)


@pytest.mark.parametrize("direction", ["forward", "reverse", "bidirectional"])
@pytest.mark.parametrize("operator", GATES)
def test_directions_and_initial_states(operator: str, direction: str) -> None:
    check(layer(operator, direction=direction, states=True))


@pytest.mark.parametrize("operator", GATES)
def test_without_bias_and_states(operator: str) -> None:
    check(layer(operator, bias=False, lengths=[TIME] * BATCH))


@pytest.mark.parametrize("direction", ["forward", "bidirectional"])
def test_the_reset_gate_after_the_product(direction: str) -> None:
    check(layer("GRU", linear_before_reset=1, direction=direction))


def test_other_activations() -> None:
    check(layer("RNN", activations=["Relu"]))
    check(layer("LSTM", activations=["HardSigmoid", "Relu", "Relu"]))
    check(layer("GRU", activations=["sigmoid", "Relu", "Sigmoid", "Tanh"], direction="bidirectional"))


def test_batch_before_time() -> None:
    """ONNX Runtime has not this layout; the reference implementation of the onnx package has."""
    reference = pytest.importorskip("onnx.reference")
    from onnx_models import parsed

    from smelt.operators.evaluate import evaluate_graph

    for operator in GATES:
        data = layer(operator, batch_first=True)
        x = np.random.default_rng(0).normal(size=(BATCH, TIME, FEATURES)).astype(np.float32)
        y, last = reference.ReferenceEvaluator(parsed(data)).run(["y", "yh"], {"x": x})
        found = evaluate_graph(read_onnx(data), {"x": x})
        assert np.allclose(found["y"], y, atol=1e-6)
        assert np.allclose(found["yh"], last, atol=1e-6)


def test_zero_states_are_none() -> None:
    nodes = [
        helper.make_node(
            "Constant", [], ["z"], value=helper.make_tensor("z", 1, [1, 1, UNITS], [0.0] * UNITS)
        ),
        helper.make_node("LSTM", ["x", "w", "r", "", "", "z", "z"], ["", "yh"], hidden_size=UNITS),
    ]
    constants = {"w": weights(1, 4 * UNITS, FEATURES), "r": weights(1, 4 * UNITS, UNITS)}
    graph = check(model(nodes, {"x": [TIME, 1, FEATURES]}, ["yh"], constants))
    assert len(next(node for node in graph.nodes if node.operator == "lstm").inputs) == 3


REFUSED = {
    "clip": (layer("LSTM", clip=3.0), "'clip' is not supported"),
    "coupled gates": (layer("LSTM", input_forget=1), "'input_forget'"),
    "peepholes": (layer("LSTM", peepholes=weights(1, 3 * UNITS)), "'peepholes'"),
    "short sequences": (layer("GRU", lengths=[TIME, 2]), "sequence_lens"),
    "an activation": (layer("RNN", activations=["Elu"]), "the activation 'elu'"),
    "two activations": (layer("LSTM", activations=["Sigmoid", "Tanh", "Relu"]), "not supported together"),
    "parameters": (layer("RNN", activations=["Tanh"], activation_alpha=[0.5]), "'activation_alpha'"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_smelt_does_not_do_is_refused(name: str) -> None:
    data, words = REFUSED[name]
    with pytest.raises(UnsupportedError) as caught:
        read_onnx(data)
    assert words in str(caught.value)


def test_peepholes_of_zero_are_none() -> None:
    check(layer("LSTM", peepholes=np.zeros((1, 3 * UNITS), np.float32)))


@pytest.mark.parametrize(("which", "shape"), itertools.product("wrb", [(1, 3), (1, 16, 9), (2, 4, 4)]))
def test_weights_of_other_shapes(which: str, shape: tuple[int, ...]) -> None:
    constants = {"w": weights(1, 16, FEATURES), "r": weights(1, 16, UNITS), "b": weights(1, 32)}
    constants[which] = weights(*shape)
    node = helper.make_node("LSTM", ["x", "w", "r", "b"], ["y"])
    with pytest.raises(FormatError):
        read_onnx(model([node], {"x": [TIME, BATCH, FEATURES]}, ["y"], constants))


def test_computed_weights_are_refused() -> None:
    node = helper.make_node("RNN", ["x", "w", "r"], ["y"])
    with pytest.raises(SmeltError, match="'w' must be a constant"):
        read_onnx(model([node], {"x": [5, 1, 3], "w": [1, 4, 3]}, ["y"], {"r": weights(1, 4, 4)}))


def test_one_sample_needs_no_transpose() -> None:
    """Time before batch and back: with one sample these are other names of the same memory."""
    nodes = [
        helper.make_node("Transpose", ["x"], ["t"], perm=[1, 0, 2]),
        helper.make_node("LSTM", ["t", "w", "r"], ["s"], hidden_size=UNITS, direction="bidirectional"),
        helper.make_node("Transpose", ["s"], ["u"], perm=[0, 2, 1, 3]),
        helper.make_node("Reshape", ["u", "shape"], ["v"]),
        helper.make_node("Transpose", ["v"], ["y"], perm=[1, 0, 2]),
    ]
    constants = {
        "w": weights(2, 4 * UNITS, FEATURES), "r": weights(2, 4 * UNITS, UNITS), "shape": np.array([0, 0, -1])
    }  # fmt: skip
    graph = check(model(nodes, {"x": ["batch", TIME, FEATURES]}, ["y"], constants))
    assert "transpose" not in operators(graph)
