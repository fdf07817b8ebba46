"""Data and expected results for the tests of one-node graphs."""

from __future__ import annotations

import numpy as np

from smelt.ir import Array, Graph, Quantization
from smelt.operators.builder import random_array
from smelt.operators.case import Case, Tensor, quantized
from smelt.operators.evaluate import evaluate_graph

ALL_S8 = np.arange(-128, 128).astype(np.int8)


def one_node(
    operator: str, inputs: tuple[Tensor, ...], output: tuple[float, int] | None = None, **attributes: object
) -> Graph:
    """A graph of one operator; `output` is the output's scale and zero point."""
    quantization = Quantization.per_tensor(*output) if output else None
    return Case(operator, operator, inputs, attributes, quantization).graph()  # type: ignore[arg-type]


def bytes_256(scale: float, zero_point: int) -> tuple[Tensor, ...]:
    """The description of an input that holds every int8 value once."""
    return (quantized((256,), scale, zero_point),)


def data_for(graph: Graph, seed: int = 0) -> dict[str, Array]:
    """Random inputs of a graph, by name."""
    return {name: random_array(graph.values[name], seed + i) for i, name in enumerate(graph.inputs)}


def meaning(graph: Graph, inputs: dict[str, Array]) -> Array:
    """The one output as the operator's numpy meaning gives it."""
    (output,) = evaluate_graph(graph, inputs).values()
    return output


def assert_agrees(actual: Array, expected: Array, label: str = "") -> None:
    """Integers must be equal; floats within 1e-6 of the largest magnitude."""
    assert actual.shape == expected.shape, label
    if expected.dtype.kind != "f":
        np.testing.assert_array_equal(actual, expected, label)
        return
    largest = float(np.abs(expected).max(initial=0.0))
    np.testing.assert_allclose(actual, expected, rtol=0, atol=1e-6 * largest, err_msg=label)
