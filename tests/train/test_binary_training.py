"""A network of binary weights, trained straight through on the handwritten digits, on planes of bits in C."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import smelt
from smelt.codegen import Options, generate
from smelt.engines.native import NativeEngine
from smelt.ir import Array, DType, Graph
from smelt.quantize.samples import to_input
from smelt.targets import find_target

pytest.importorskip("torch", reason="torch is not installed")
pytest.importorskip("sklearn", reason="scikit-learn is not installed")

from smelt.train import cross_entropy, qat
from smelt.train.loop import adam

DIGITS = Path(__file__).parents[2] / "examples/digits"
TYPES = {"binary": DType.S1}


def _split() -> Any:
    spec = importlib.util.spec_from_file_location("digits_data", DIGITS / "data.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.load_digits_split()


def _right(graph: Graph, images: Array, labels: Array) -> float:
    with NativeEngine(graph) as engine:
        value = graph.values[graph.inputs[0]]
        found = [engine.run({value.name: to_input(value, image[None])})[graph.outputs[0]] for image in images]
    return float(np.mean([answer.argmax() for answer in found] == labels))


@pytest.mark.parametrize("scheme", TYPES)
def test_training_brings_back_what_signs_lose(scheme: str) -> None:
    images, labels, unseen, wanted = _split()
    graph = smelt.optimize(smelt.load(DIGITS / "digits.onnx"))
    start = smelt.quantize_graph(graph, scheme, images[:64], improve=(), tell=lambda text: None)
    found = qat(
        graph,
        {"x": images, "y": labels},
        scheme,
        start=start,
        loss=cross_entropy,
        epochs=8,
        optimizer=adam(0.004),
    )
    weights = [v for n, v in found.values.items() if n in found.constants and len(v.shape) > 1]
    assert weights
    assert TYPES[scheme] in {value.dtype for value in weights}
    before, after = _right(start, unseen, wanted), _right(found, unseen, wanted)
    assert after > before
    assert after >= 0.8
    sources = generate(found, find_target("cortex-m0plus"), "model", options=Options(optimize="size")).sources
    assert any("planes_s8" in path for path in sources)
