"""Engines of other people: they run files of their own format, and what smelt's writers make of the others."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from small_models import small_float, small_int8, small_samples

import smelt
from smelt.engines import ENGINES
from smelt.errors import UnsupportedError, UsageError
from smelt.formats.tflite import write_tflite
from smelt.ir import DType
from smelt.operators.evaluate import sample_inputs

MODULES = {
    "litert": "ai_edge_litert",
    "tflm": "tflite_micro",
    "onnxruntime": "onnxruntime",
    "tvm": "tvm",
    "torch": "torch",
}
DIGITS = Path(__file__).parents[2] / "examples" / "digits" / "digits.onnx"


def need(engine: str) -> None:
    """Skips the test where the engine's packages are not installed."""
    pytest.importorskip(MODULES[engine], reason=f"the engine {engine} is not installed")
    pytest.importorskip("onnx", reason="the extra onnx is not installed")


@pytest.mark.parametrize("engine", MODULES)
@pytest.mark.parametrize("suffix", [".tflite", ".onnx", None])
def test_a_model_of_any_format_is_converted_for_the_engine(
    tmp_path: Path, engine: str, suffix: str | None
) -> None:
    need(engine)
    graph = small_float()
    path = tmp_path / f"small{suffix}" if suffix else None
    if path:
        smelt.save(graph, path)
        graph = smelt.load(path)
    sample = small_samples(1)
    expected = smelt.open_engine("reference", graph).run({"image": sample})
    with smelt.open_engine(engine, graph, path=path) as opened:
        assert [value.shape for value in opened.inputs] == [(1, 8, 8, 3)]
        (output,) = opened.run({opened.inputs[0].name: sample}).values()
    np.testing.assert_allclose(output, *expected.values(), rtol=0, atol=1e-5 * np.max([*expected.values()]))


@pytest.mark.parametrize("engine", MODULES)
def test_a_quantized_model_keeps_its_integers(engine: str) -> None:
    need(engine)
    graph = small_int8()
    value = graph.values[graph.inputs[0]]
    assert value.quantization
    sample = np.random.default_rng(7).integers(-128, 128, value.shape).astype(np.int8)
    expected = smelt.open_engine("reference", graph).run({value.name: sample})[graph.outputs[0]]
    with smelt.open_engine(engine, graph) as opened:
        assert (opened.inputs[0].dtype, opened.outputs[0].dtype) == (DType.S8, DType.S8)
        (output,) = opened.run({opened.inputs[0].name: sample}).values()
    # real arithmetic between the quantized tensors differs by a step here and there
    steps = {"tflm": 0, "litert": 1, "onnxruntime": 3, "tvm": 3, "torch": 3}[engine]
    assert np.abs(output.astype(int) - expected).max() <= steps


def test_a_file_is_recognized_by_its_content(tmp_path: Path) -> None:
    need("onnxruntime")
    path = tmp_path / "digits.model"
    path.write_bytes(DIGITS.read_bytes())
    graph = smelt.load(path)
    given = path.read_bytes()
    with smelt.open_engine("onnxruntime", graph, path=path) as opened:
        # the file itself runs: it has its own names for tensors inside
        assert opened.inputs[0].name == graph.inputs[0]
    misnamed = tmp_path / "model.onnx"
    misnamed.write_bytes(write_tflite(small_float()))
    with smelt.open_engine("onnxruntime", smelt.load(misnamed), path=misnamed) as opened:
        assert opened.outputs[0].name == "scores"
    assert path.read_bytes() == given


def test_engines_get_what_convert_and_compile_make(tmp_path: Path) -> None:
    need("onnxruntime")
    graph = small_int8()
    path = tmp_path / "pairs.onnx"
    smelt.save(graph, path)
    pairs = smelt.load(path)
    sample = {"image": np.random.default_rng(7).integers(-128, 128, (1, 8, 8, 3)).astype(np.int8)}
    # float operators between pairs of quantize and dequantize, as the file says: they become int8 operators
    with pytest.raises(UnsupportedError, match=r"dequantize.*no C kernel"):
        smelt.open_engine("native", pairs, path=path)
    with (
        smelt.open_engine("native", graph) as expected,
        smelt.open_engine("native", pairs, path=path, optimized=True) as native,
        smelt.open_engine("onnxruntime", pairs, path=path, optimized=True) as itself,
        smelt.open_engine("onnxruntime", pairs, path=path) as plain,
    ):
        np.testing.assert_array_equal(native.run(sample)["scores"], expected.run(sample)["scores"])
        assert list(itself.run_all(sample)) == list(plain.run_all(sample))


def test_tensors_inside_are_shown_as_smelt_reads_them() -> None:
    need("onnxruntime")
    graph = small_float()
    sample = {"image": small_samples(1)}
    expected = smelt.open_engine("reference", graph).run_all(sample)
    with smelt.open_engine("onnxruntime", graph) as opened:
        shown = opened.run_all(sample)
    assert "scores" in shown
    assert len(shown) > 4
    for name, array in shown.items():
        np.testing.assert_allclose(array, expected[name], rtol=0, atol=1e-5 * np.abs(expected[name]).max())


def test_weights_in_files_beside_the_model(tmp_path: Path) -> None:
    need("onnxruntime")
    onnx = pytest.importorskip("onnx")
    path = tmp_path / "external.onnx"
    model = onnx.load(DIGITS)
    onnx.save(model, path, save_as_external_data=True, location="weights", size_threshold=0)
    graph = smelt.load(DIGITS)
    inputs = sample_inputs(graph)
    with (
        smelt.open_engine("onnxruntime", graph, path=path) as external,
        smelt.open_engine("onnxruntime", graph, path=DIGITS) as whole,
    ):
        for a, b in zip(external.run_all(inputs).values(), whole.run_all(inputs).values(), strict=True):
            np.testing.assert_array_equal(a, b)


def test_refusals(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(UsageError, match=f"no engine 'gpu'.*{ENGINES[0]}"):
        smelt.open_engine("gpu", small_float())
    need("onnxruntime")
    from smelt.formats.onnx import written_operators

    monkeypatch.delitem(written_operators.WRITTEN, "softmax")
    with pytest.raises(UnsupportedError, match=r"softmax.*onnx file cannot hold"):
        smelt.open_engine("onnxruntime", small_float())
