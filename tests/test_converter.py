"""The converter that users of TensorFlow Lite know."""

from __future__ import annotations

import enum
from pathlib import Path

import numpy as np
import pytest
from shared_files import shared_folder
from small_models import small_float, small_samples

import smelt
from smelt.errors import UsageError
from smelt.formats.onnx import write_onnx
from smelt.ir import DType
from smelt.operators.builder import GraphBuilder, random_array
from smelt.operators.evaluate import evaluate_graph

pytest.importorskip("onnx", reason="the extra onnx is not installed")


def converter() -> smelt.Converter:
    return smelt.Converter.from_onnx(write_onnx(small_float()))


def test_without_optimizations_the_model_stays_float() -> None:
    graph = smelt.load(converter().convert())
    assert [graph.values[n].dtype for n in (*graph.inputs, *graph.outputs)] == [DType.F32] * 2
    assert not any(value.quantization for value in graph.values.values())


@pytest.mark.parametrize("kind", [np.int8, "int8", np.dtype("int8")])
def test_int8_in_the_way_of_tensorflow(kind: object) -> None:
    work = converter()
    work.optimizations = [smelt.Optimize.DEFAULT]
    work.representative_dataset = lambda: ([sample[None]] for sample in small_samples(4))
    floating = smelt.load(work.convert())
    work.target_spec.supported_ops = [smelt.OpsSet.TFLITE_BUILTINS_INT8]
    work.inference_input_type = work.inference_output_type = kind
    integer = smelt.load(work.convert())
    for graph, dtype in ((floating, DType.F32), (integer, DType.S8)):
        assert [graph.values[n].dtype for n in (*graph.inputs, *graph.outputs)] == [dtype] * 2
        assert any(node.operator == "conv_2d" for node in graph.nodes)
        assert all(
            graph.values[node.inputs[0]].dtype is DType.S8
            for node in graph.nodes
            if node.operator == "conv_2d"
        )


@pytest.mark.parametrize("wanted", [np.uint8, np.complex64])
def test_unsigned_bytes_at_the_ends(wanted: type) -> None:
    work = converter()
    work.optimizations = [smelt.Optimize.DEFAULT]
    work.representative_dataset = small_samples(4)
    work.inference_input_type = work.inference_output_type = np.int8
    signed = smelt.load(work.convert())
    work.inference_input_type = work.inference_output_type = wanted
    if wanted is np.complex64:
        with pytest.raises(UsageError, match="int8, uint8 or float32, not complex64"):
            work.convert()
        return
    unsigned = smelt.load(work.convert())
    (x,), (u,) = signed.inputs, unsigned.inputs
    assert [unsigned.values[n].dtype for n in (*unsigned.inputs, *unsigned.outputs)] == [DType.U8] * 2
    sample = random_array(signed.values[x], 1)
    ours = evaluate_graph(signed, {x: sample})[signed.outputs[0]].astype(np.int32)
    theirs = evaluate_graph(unsigned, {u: (sample.astype(np.int32) + 128).astype(np.uint8)})
    assert np.array_equal(theirs[unsigned.outputs[0]], ours + 128)


def test_members_of_other_enumerations_are_known_by_name() -> None:
    theirs = enum.Enum("theirs", ["DEFAULT", "TFLITE_BUILTINS_INT8"])
    work = converter()
    work.optimizations = [theirs.DEFAULT]
    work.target_spec.supported_ops = [theirs.TFLITE_BUILTINS_INT8]
    work.representative_dataset = small_samples(2)
    assert any(value.quantization for value in smelt.load(work.convert()).values.values())


def test_wishes_that_contradict_each_other_are_refused() -> None:
    work = converter()
    work.inference_input_type = np.int8
    with pytest.raises(UsageError, match="a float model has float32"):
        work.convert()
    work.target_spec.supported_ops = [smelt.OpsSet.TFLITE_BUILTINS_INT8]
    with pytest.raises(UsageError, match="set `optimizations` too"):
        work.convert()
    work.optimizations = ["FASTER"]
    with pytest.raises(UsageError, match="no optimization FASTER"):
        work.convert()
    work.optimizations = [smelt.Optimize.DEFAULT]
    with pytest.raises(UsageError, match="set `representative_dataset`"):
        work.convert()
    work.target_spec.supported_ops = ["SELECT_TF_OPS"]
    with pytest.raises(UsageError, match="no operators of the set SELECT_TF_OPS"):
        work.convert()


def test_objects_of_unknown_kinds_are_refused() -> None:
    with pytest.raises(
        UsageError, match=r"smelt cannot load a pathlib\.PurePath|smelt cannot load a builtins\.dict"
    ):
        smelt.Converter.from_keras_model({})


def test_a_saved_model_in_three_lines() -> None:
    shared = shared_folder()
    if shared is None:
        pytest.skip("needs the shared models")
    folder = shared / "models" / "mlperf_tiny" / "kws_saved_model"
    graph = smelt.load(smelt.Converter.from_saved_model(folder).convert())
    expected = smelt.optimize(smelt.load(Path(shared) / "models" / "mlperf_tiny" / "kws_float32.tflite"))
    assert [node.operator for node in graph.nodes] == [node.operator for node in expected.nodes]


@pytest.mark.parametrize("kind", ["float32", "uint8"])
def test_quantized_models_take_samples_as_their_file_had_them(kind: str) -> None:
    build = GraphBuilder("image")
    x = build.input("x", DType.F32, (1, 6, 5, 3))
    weights = build.constant("w", np.random.default_rng(1).normal(size=(4, 3, 3, 3)).astype(np.float32))
    build.metadata["layout:x"] = b"NCHW"
    graph = build.build([build.add("conv_2d", [x, weights], outputs=["y"])])
    images = np.random.default_rng(2).normal(size=(3, 3, 6, 5)).astype(np.float32)
    work = smelt.Converter.from_onnx(write_onnx(graph))
    work.optimizations, work.representative_dataset = [smelt.Optimize.DEFAULT], images
    work.inference_input_type = kind
    quantized = smelt.load(work.convert())
    (sample, *_) = smelt.samples_for(quantized, {quantized.inputs[0]: images})
    assert sample[quantized.inputs[0]].shape == (1, 6, 5, 3)
