"""TensorFlow Lite Micro and LiteRT as judges of graphs, through smelt's own .tflite writer."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import pytest

from smelt.formats.tflite import write_tflite
from smelt.ir import Array, DType, Graph
from smelt.operators import call_of


def run_micro(graph: Graph, inputs: Mapping[str, Array], model: bytes | None = None) -> list[Array]:
    """The outputs as TensorFlow Lite Micro computes them; skips the test without the package."""
    runtime = pytest.importorskip("tflite_micro.python.tflite_micro.runtime")
    interpreter = runtime.Interpreter.from_bytes(model or write_tflite(graph), arena_size=1 << 20)
    for index, name in enumerate(graph.inputs):
        interpreter.set_input(inputs[name], index)
    interpreter.invoke()
    return [np.array(interpreter.get_output(index)) for index in range(len(graph.outputs))]


def run_litert(graph: Graph, inputs: Mapping[str, Array], model: bytes | None = None) -> list[Array]:
    """The outputs as LiteRT's reference kernels compute them; skips the test without the package."""
    litert = pytest.importorskip("ai_edge_litert.interpreter")
    interpreter = litert.Interpreter(
        model_content=model or write_tflite(graph),
        experimental_op_resolver_type=litert.OpResolverType.BUILTIN_REF,
    )
    interpreter.allocate_tensors()
    for detail, name in zip(interpreter.get_input_details(), graph.inputs, strict=True):
        interpreter.set_tensor(detail["index"], inputs[name])
    interpreter.invoke()
    return [np.array(interpreter.get_tensor(d["index"])) for d in interpreter.get_output_details()]


def with_whole_bytes(graph: Graph) -> Graph:
    """The graph with weights of one and two bits, which TensorFlow Lite has not, as int8."""
    few = (DType.S1, DType.S2)
    values = [replace(v, dtype=DType.S8) if v.dtype in few else v for v in graph.values.values()]
    return graph.replaced(values=values)


def assert_judged(graph: Graph, inputs: Mapping[str, Array], meaning: Array) -> None:
    """Integers: TensorFlow Lite Micro's bytes; float: LiteRT within 1e-6 of the largest magnitude.

    LiteRT too where TensorFlow Lite Micro has no kernel: dense int4 weights with a scale an output.
    """
    graph = with_whole_bytes(graph)
    weights = call_of(graph, graph.nodes[0]).input(1)
    dense_int4 = weights.dtype is DType.S4 and graph.nodes[0].operator == "fully_connected"
    if (
        dense_int4
        and meaning.dtype.kind == "i"
        and weights.quantization
        and weights.quantization.axis is not None
    ):
        np.testing.assert_array_equal(run_litert(graph, inputs)[0].reshape(meaning.shape), meaning)
        return
    if meaning.dtype.kind == "i":
        np.testing.assert_array_equal(run_micro(graph, inputs)[0].reshape(meaning.shape), meaning)
        return
    (judged,) = run_litert(graph, inputs)
    assert judged.shape == meaning.shape
    largest = float(np.abs(meaning).max())
    np.testing.assert_allclose(meaning, judged, rtol=0, atol=1e-6 * largest)


def assert_computes(output: Array, meaning: Array, label: str) -> None:
    """Integers: equal; float: within 1e-5 of the largest magnitude, as float32 sums in another order are."""
    assert output.shape == meaning.shape, label
    if meaning.dtype.kind == "i":
        np.testing.assert_array_equal(output, meaning, label)
        return
    largest = float(np.abs(meaning).max())
    np.testing.assert_allclose(output, meaning, rtol=0, atol=1e-5 * largest, err_msg=label)
