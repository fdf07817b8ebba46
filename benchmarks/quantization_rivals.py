"""Other quantizers on the same float model and samples: ONNX Runtime, ai-edge-quantizer, TensorFlow's own files."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

import smelt
from quantization_tasks import Answers, Task, answers, without_softmax
from smelt.formats.tflite.read import SIGNATURE
from smelt.ir import Array, Graph

TENSORFLOW = {
    "int8": "kws_int8",
    "int16x8": "kws_int16x8",
    "dynamic": "kws_dynamic_range",
    "float16": "kws_float16",
}
AI_EDGE_FILES = {"int4": "kws_int4_weights_int8", "weight-only-int4": "kws_weight_only_int4"}
"""Files of TensorFlow 2.21, calibrated on the first 100 of kws_test, and of ai-edge-quantizer 0.10 (whose int4 leaves
depthwise layers in float), by smelt's name of the scheme."""


def tensorflow(task: Task, shared: Path) -> Iterator[tuple[str, str, Answers]]:
    """Scheme, title and answers of the files that there are."""
    for title, files in (
        ("TensorFlow 2.21", TENSORFLOW),
        ("ai-edge-quantizer 0.10, its file", AI_EDGE_FILES),
    ):
        for scheme, name in files.items():
            path = shared / f"models/tf_converter/{name}.tflite"
            if task.name == "kws" and path.exists():
                yield scheme, title, answers(smelt.load(path), task.x)


def ai_edge(task: Task, python: Path) -> Iterator[tuple[str, str, Answers]]:
    """Each recipe of `ai_edge.py`, run by a Python that has the package."""
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        smelt.save(_with_signature(task.graph), folder / "float.tflite")
        np.save(folder / "samples.npy", _shaped(task))
        script = Path(__file__).with_name("ai_edge.py")
        (folder / "made").mkdir()
        command = [python, script, folder / "float.tflite", folder / "samples.npy", folder / "made"]
        subprocess.run([*map(str, command)], check=True, capture_output=True)
        for path in sorted((folder / "made").iterdir()):
            scheme, _, algorithm = path.stem.partition(" ")
            yield scheme, f"ai-edge-quantizer, {algorithm}", answers(smelt.load(path), task.x)


def _with_signature(graph: Graph) -> Graph:
    """The graph with a signature, without which ai-edge-quantizer calibrates nothing."""
    named = {"key": "serving_default", "inputs": {"x": graph.inputs[0]}, "outputs": {"y": graph.outputs[0]}}
    return replace(graph, metadata={**graph.metadata, SIGNATURE: json.dumps(named).encode()})


def onnx_runtime(task: Task) -> Iterator[tuple[str, str, Answers]]:
    """Static quantization to QDQ with weights per channel, by each method that takes the types; and dynamic."""
    from onnxruntime import quantization  # type: ignore[import-untyped]

    types, methods = quantization.QuantType, quantization.CalibrationMethod
    kinds = {
        "int8": (types.QInt8, types.QInt8),
        "int16x8": (types.QInt16, types.QInt8),
        "int4": (types.QInt8, types.QInt4),
    }
    ways = {"min-max": methods.MinMax, "entropy": methods.Entropy, "percentile": methods.Percentile}
    with tempfile.TemporaryDirectory() as temporary:
        source, made = Path(temporary) / "float.onnx", Path(temporary) / "made.onnx"
        smelt.save(without_softmax(task.graph), source)
        for scheme, (activations, weights) in kinds.items():
            for title, method in ways.items():
                quantization.quantize_static(
                    str(source),
                    str(made),
                    _Reader(source, _shaped(task)),
                    per_channel=True,
                    activation_type=activations,
                    weight_type=weights,
                    calibrate_method=method,
                )
                yield scheme, f"ONNX Runtime, {title}", _onnx_answers(made, task)
        # its convolutions of integers have no int8 weights
        for title, weights in (("uint8 weights", types.QUInt8), ("int8 weights", types.QInt8)):
            quantization.quantize_dynamic(str(source), str(made), per_channel=True, weight_type=weights)
            try:
                yield "dynamic", f"ONNX Runtime, {title}", _onnx_answers(made, task)
            except Exception as error:
                print(f"ONNX Runtime, dynamic, {title}: {error}", file=sys.stderr)


def _onnx_answers(path: Path, task: Task) -> Answers:
    """What ONNX Runtime computes."""
    from onnxruntime import InferenceSession

    session = InferenceSession(str(path))
    name, shape = session.get_inputs()[0].name, session.get_inputs()[0].shape
    outputs = [session.run(None, {name: sample.reshape(shape)})[0].ravel() for sample in task.x]
    logits = np.array(outputs, np.float64)
    return Answers(logits, logits.argmax(axis=1))


class _Reader:
    """The samples as ONNX Runtime asks for them."""

    def __init__(self, path: Path, samples: Array) -> None:
        from onnxruntime import InferenceSession

        given = InferenceSession(str(path)).get_inputs()[0]
        self.items = iter([{given.name: sample.reshape(given.shape)} for sample in samples])

    def get_next(self) -> dict[str, Any] | None:
        """The next sample, None after the last."""
        return next(self.items, None)


def _shaped(task: Task) -> Array:
    """The first draw, shaped as the input is."""
    shape = task.graph.values[task.graph.inputs[0]].shape
    return task.draws[0].reshape(-1, *shape[1:]).astype(np.float32)
