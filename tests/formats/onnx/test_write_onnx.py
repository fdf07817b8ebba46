"""Written .onnx files: ONNX Runtime computes what smelt does, and smelt reads back the same network."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pytest
from case_graphs import all_cases
from shared_files import shared_folder
from small_models import small_float, small_int8

import smelt
from smelt.errors import UnsupportedError
from smelt.formats.onnx import read_onnx, write_onnx
from smelt.formats.onnx.written_operators import WRITTEN
from smelt.ir import Array, DType, Graph
from smelt.operators.builder import GraphBuilder, random_array
from smelt.operators.case import Case
from smelt.operators.evaluate import evaluate_graph, sample_inputs

onnx = pytest.importorskip("onnx", reason="the extra onnx is not installed")
ort = pytest.importorskip("onnxruntime", reason="the extra compare is not installed")

CASES = {f"{family}:{case.name}": case for family, cases in all_cases().items() for case in cases}


def sayable(case: Case) -> bool:
    """Whether ONNX has what a case needs.

    It gathers without batch dimensions, quantizes no input by the image, and has biases of 32 bits at most and weights
    of 4 at least.
    """
    graph = case.graph()
    biases = {name for node in graph.nodes if node.operator.endswith("conv") for name in node.inputs[2:]}
    long = [
        array
        for name, array in graph.constants.items()
        if array.dtype == np.int64 and (graph.values[name].quantization or name in biases)
    ]
    few = any(value.dtype in (DType.S1, DType.S2) for value in graph.values.values())
    return (
        not few
        and all(np.abs(array).max(initial=0) < 2**31 for array in long)
        and all(
            node.operator in WRITTEN
            and not (node.operator == "gather" and node.attributes.get("batch_dims"))
            and node.attributes.get("quantize_input", "none") == "none"
            for node in graph.nodes
        )
    )


def moderate(graph: Graph) -> dict[str, Array]:
    """Inputs without overflow, whose result no two engines need to agree on."""
    inputs = dict(sample_inputs(graph))
    for name, array in inputs.items():
        if array.dtype.kind in "iu" and array.dtype.itemsize >= 4 and graph.values[name].quantization is None:
            inputs[name] = np.asarray(1 + array % 5, array.dtype)
        elif array.dtype.kind == "f" and any(node.operator == "cast" for node in graph.nodes):
            inputs[name] = np.abs(array)
    return inputs


def run(data: bytes, inputs: Mapping[str, Array]) -> list[Array]:
    """ONNX Runtime's outputs."""
    options = ort.SessionOptions()
    options.log_severity_level = 4
    # Otherwise it computes real layers with integer weights in integers.
    options.graph_optimization_level = ort.GraphOptimizationLevel.ORT_DISABLE_ALL
    session = ort.InferenceSession(data, options, providers=["CPUExecutionProvider"])
    return list(session.run(None, dict(inputs)))


def agrees(graph: Graph, name: str, ours: Array, theirs: Array) -> bool:
    """Equal; to 1e-5 of the largest when real, to one step when quantized (rounding is theirs).

    With 16 bits to a tenth of an int8 step: smelt interpolates functions in tables, as TensorFlow Lite Micro does.
    """
    if ours.shape != theirs.shape or ours.dtype != theirs.dtype:
        return False
    if ours.dtype.kind == "f":
        return bool(np.abs(ours - theirs).max(initial=0) <= 1e-5 * np.abs(ours).max(initial=0))
    steps = np.abs(ours.astype(np.int64) - theirs.astype(np.int64)).max(initial=0)
    allowed = 25 if ours.dtype == np.int16 else 1
    return bool(steps <= (allowed if graph.values[name].quantization else 0))


@pytest.mark.parametrize("name", [name for name, case in CASES.items() if sayable(case)])
def test_onnx_runtime_computes_the_same(name: str) -> None:
    if CASES[name].name in ("pow_u8", "minimum_u16", "pow_s32_shifts"):
        pytest.skip("ONNX Runtime has no kernel for these integers, or refuses negative powers")
    graph = CASES[name].graph()
    data = write_onnx(graph)
    if any(not array.all() for array in graph.constants.values()) and graph.nodes[0].operator in (
        "div",
        "floor_div",
        "floor_mod",
    ):
        pytest.skip("ONNX Runtime refuses constant divisors of zero")
    inputs = moderate(graph)
    expected = evaluate_graph(graph, inputs)
    for (output, ours), theirs in zip(expected.items(), run(data, inputs), strict=True):
        assert agrees(graph, output, ours, theirs), output


def operators(data: bytes) -> list[str]:
    return [node.op_type for node in onnx.load_from_string(data).graph.node]


@pytest.mark.parametrize("name", [name for name, case in CASES.items() if not sayable(case)])
def test_what_onnx_cannot_say_is_refused_by_name(name: str) -> None:
    graph = CASES[name].graph()
    with pytest.raises(UnsupportedError, match=graph.nodes[0].operator):
        write_onnx(graph)


def test_a_convolutional_network_has_one_transpose_at_its_entry() -> None:
    kinds = operators(write_onnx(small_float()))
    assert kinds.count("Transpose") == 1


def test_it_is_read_back_without_transposes() -> None:
    graph = smelt.optimize(small_float())
    again = smelt.optimize(read_onnx(write_onnx(graph)))
    assert [n.operator for n in again.nodes] == [n.operator for n in graph.nodes]
    (x,), (y,) = graph.inputs, graph.outputs
    sample = random_array(graph.values[x], 1)
    ours = evaluate_graph(graph, {x: sample})[y]
    assert np.allclose(ours, evaluate_graph(again, {again.inputs[0]: sample})[again.outputs[0]], atol=1e-6)


def test_inputs_and_outputs_that_came_with_channels_first_go_so() -> None:
    build = GraphBuilder("image")
    x = build.input("x", DType.F32, (1, 6, 5, 3))
    weights = build.constant("w", np.random.default_rng(1).normal(size=(4, 3, 3, 3)).astype(np.float32))
    y = build.add("conv_2d", [x, weights], {"activation": "relu6"}, outputs=["y"])
    build.metadata |= {"layout:x": b"NCHW", "layout:y": b"NCHW"}
    graph = build.build([y])
    data = write_onnx(graph)
    assert operators(data) == ["Conv", "Clip"]
    sample = random_array(graph.values["x"], 3)
    (theirs,) = run(data, {"x": sample.transpose(0, 3, 1, 2)})
    assert np.allclose(evaluate_graph(graph, {"x": sample})["y"], theirs.transpose(0, 2, 3, 1), atol=1e-5)
    again = read_onnx(data)
    assert again.metadata == graph.metadata
    assert [n.operator for n in smelt.optimize(again).nodes] == ["conv_2d"]


def test_a_quantized_network_is_within_a_few_steps() -> None:
    graph = small_int8()
    inputs = {name: random_array(graph.values[name], 4) for name in graph.inputs}
    ours = evaluate_graph(graph, inputs)
    for (name, expected), theirs in zip(ours.items(), run(write_onnx(graph), inputs), strict=True):
        assert theirs.dtype == expected.dtype
        assert np.abs(expected.astype(int) - theirs.astype(int)).max() <= 2, name


def test_a_quantized_network_is_read_back_exactly() -> None:
    graph = smelt.optimize(small_int8())
    again = smelt.optimize(read_onnx(write_onnx(graph)))
    assert [node.operator for node in again.nodes] == [node.operator for node in graph.nodes]
    same_results(graph, again)


@pytest.mark.parametrize("model", ["kws", "resnet8", "ad", "vww", "sww"])
def test_real_int8_models_survive_the_way_through_onnx(model: str) -> None:
    shared = shared_folder()
    if shared is None:
        pytest.skip("needs the shared models")
    graph = smelt.optimize(smelt.load(shared / "models" / "mlperf_tiny" / f"{model}_int8.tflite"))
    again = smelt.optimize(read_onnx(write_onnx(graph)))
    assert len(again.nodes) == len(graph.nodes)
    same_results(graph, again)


def same_results(graph: Graph, again: Graph) -> None:
    for seed in range(3):
        inputs = {name: random_array(graph.values[name], seed) for name in graph.inputs}
        renamed = dict(zip(again.inputs, inputs.values(), strict=True))
        ours, theirs = evaluate_graph(graph, inputs), evaluate_graph(again, renamed)
        for expected, result in zip(ours.values(), theirs.values(), strict=True):
            assert np.array_equal(expected, result)


def test_the_same_graph_gives_the_same_bytes() -> None:
    assert write_onnx(small_int8()) == write_onnx(small_int8())
    onnx.checker.check_model(onnx.load_from_string(write_onnx(small_int8())), full_check=True)


def test_a_tensor_may_be_given_out_twice() -> None:
    build = GraphBuilder("twice")
    y = build.add("relu", [build.input("x", DType.F32, (1, 3))], outputs=["y"])
    graph = build.build([y, y])
    results = run(write_onnx(graph), {"x": np.array([[-1, 0, 2]], np.float32)})
    assert [result.tolist() for result in results] == [[[0, 0, 2]]] * 2
    assert len(read_onnx(write_onnx(graph)).outputs) == 2
