"""Every float model there is goes to torch and comes back: the same outputs, the same nodes."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from shared_files import shared_folder

import smelt
from smelt.errors import UnsupportedError
from smelt.ir import DType, Graph
from smelt.operators.builder import GraphBuilder
from smelt.operators.evaluate import evaluate_graph, sample_inputs

torch = pytest.importorskip("torch", reason="torch is not installed")

from smelt.train import to_graph, to_module  # noqa: E402

SHARED = (
    "mlperf_tiny/ad_float32.tflite",
    "mlperf_tiny/kws_float32.tflite",
    "mlperf_tiny/resnet8_float32.tflite",
    "mlperf_tiny/vww_float32.tflite",
    "mlperf_tiny/ad.h5",
    "mlperf_tiny/resnet8.h5",
    "mlperf_tiny/sww.h5",
    "mlperf_tiny/vww.h5",
    "mlperf_tiny/kws_saved_model",
    "tf_converter/ad_h5_float32.tflite",
    "tf_converter/resnet8_h5_float32.tflite",
    "tf_converter/sww_h5_float32.tflite",
    "tf_converter/vww_h5_float32.tflite",
    "tflm/hello_world_float.tflite",
)


def onnx_models() -> list[Path]:
    """What ONNX's own suite has of models that PyTorch's exporter wrote."""
    try:
        import onnx
    except ImportError:
        return []
    data = Path(onnx.__file__).parent / "backend/test/data"
    return sorted(
        path for kind in ("converted", "operator") for path in data.glob(f"pytorch-{kind}/*/model.onnx")
    )


def check_there_and_back(graph: Graph) -> None:
    """The module computes what the graph does, to 1e-5 of the largest output, and gives it back."""
    inputs = sample_inputs(graph)
    wanted = evaluate_graph(graph, inputs)
    module = to_module(graph)
    with torch.no_grad():
        result = module(*(torch.from_numpy(np.array(inputs[name])) for name in graph.inputs))
    for name, tensor in zip(graph.outputs, result if isinstance(result, tuple) else (result,), strict=True):
        meant, found = wanted[name], tensor.numpy()
        assert found.shape == meant.shape
        largest = float(np.abs(meant.astype(np.float64)).max(initial=0))
        np.testing.assert_allclose(found, meant, rtol=0, atol=1e-5 * largest)
    back = to_graph(module)
    assert (back.nodes, back.inputs, back.outputs) == (graph.nodes, graph.inputs, graph.outputs)
    assert (dict(back.values), back.metadata) == (dict(graph.values), graph.metadata)
    for name, array in graph.constants.items():
        np.testing.assert_array_equal(back.constants[name], array)


@pytest.mark.parametrize("model", SHARED)
def test_shared_float_models(model: str) -> None:
    shared = shared_folder()
    if shared is None:
        pytest.skip("no ../shared models here")
    check_there_and_back(smelt.optimize(smelt.load(shared / "models" / model)))


def test_no_shared_float_model_is_left_out() -> None:
    """Models whose tensors are all real are those above; kws_float16 and others hold integers or halves."""
    shared = shared_folder()
    if shared is None:
        pytest.skip("no ../shared models here")
    found = {f"{path.parent.name}/{path.name}" for path in (shared / "models").glob("*/*.h5")}
    for path in (shared / "models").glob("*/*.tflite"):
        graph = smelt.load(path)
        plain = all(
            value.quantization is None and value.dtype is not DType.F16 for value in graph.values.values()
        )
        found |= {f"{path.parent.name}/{path.name}"} if plain else set()
    found |= {
        f"{path.parent.parent.name}/{path.parent.name}"
        for path in (shared / "models").rglob("saved_model.pb")
    }
    assert found == set(SHARED)


@pytest.mark.parametrize("path", onnx_models(), ids=lambda path: path.parent.name)
def test_the_onnx_suites_models_from_pytorch(path: Path) -> None:
    # all of them are read: an UnsupportedError here is a failure
    graph = smelt.load(path)
    check_there_and_back(graph)
    check_there_and_back(smelt.optimize(graph))


def test_operators_without_words_in_torch_are_listed() -> None:
    build = GraphBuilder("shifts")
    x = build.input("x", DType.S32, (1, 4))
    places = build.constant("places", np.array([[1, 2, 3, 4]], np.int32))
    left = build.add("left_shift", [x, places], name="left")
    graph = build.build([build.add("right_shift", [left, places], name="right")])
    with pytest.raises(
        UnsupportedError, match=r"'shifts': torch has no words for left_shift 'left', right_shift 'right'"
    ):
        to_module(graph)
