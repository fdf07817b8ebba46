"""Small networks quantized by ONNX Runtime's own quantizer."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from onnx import helper
from onnx_models import model, weights

from smelt.ir import Array


def sized(*shape: int, seed: int = 0) -> Array:
    """Weights of a size that keeps activations near 1."""
    return (weights(*shape, seed=seed) / np.sqrt(np.prod(shape[1:]))).astype(np.float32)


def network() -> bytes:
    """Convolutions (relu, relu6, none; depthwise), a residual, pools, a concatenation, swish, dense layers, softmax."""
    nodes = [
        helper.make_node("Conv", ["x", "w1", "b1"], ["c1"], pads=[1, 1, 1, 1], name="stem"),
        helper.make_node("Relu", ["c1"], ["r1"]),
        helper.make_node("Conv", ["r1", "w2", "b2"], ["c2"], pads=[1, 1, 1, 1], group=8),
        helper.make_node("Clip", ["c2", "zero", "six"], ["r2"]),
        helper.make_node("Conv", ["r2", "w3", "b3"], ["c3"]),
        helper.make_node("Add", ["c3", "r1"], ["s"]),
        helper.make_node("MaxPool", ["s"], ["p"], kernel_shape=[2, 2], strides=[2, 2]),
        helper.make_node("AveragePool", ["s"], ["q"], kernel_shape=[2, 2], strides=[2, 2]),
        helper.make_node("Concat", ["p", "q"], ["t"], axis=1),
        helper.make_node("Sigmoid", ["t"], ["gate"]),
        helper.make_node("Mul", ["t", "gate"], ["swish"]),
        helper.make_node("GlobalAveragePool", ["swish"], ["g"]),
        helper.make_node("Flatten", ["g"], ["f"]),
        helper.make_node("Gemm", ["f", "w4", "b4"], ["d"], transB=1),
        helper.make_node("LeakyRelu", ["d"], ["l"], alpha=0.125),
        helper.make_node("MatMul", ["l", "w5"], ["e"]),
        helper.make_node("Softmax", ["e"], ["y"], axis=1),
    ]
    constants = {
        "w1": sized(8, 3, 3, 3), "b1": weights(8, seed=1), "w2": sized(8, 1, 3, 3, seed=2),
        "b2": weights(8, seed=3), "w3": sized(8, 8, 1, 1, seed=4), "b3": weights(8, seed=5),
        "w4": 3 * sized(12, 16, seed=6), "b4": weights(12, seed=7), "w5": sized(12, 5, seed=8),
        "zero": np.array(0, np.float32), "six": np.array(6, np.float32),
    }  # fmt: skip
    return model(nodes, {"x": [1, 3, 12, 10]}, ["y", "e"], constants)


class Samples:
    """What calibrates: normal images, called x."""

    def __init__(self, shape: tuple[int, ...]) -> None:
        rng = np.random.default_rng(3)
        self.left = [{"x": rng.normal(size=shape).astype(np.float32)} for _ in range(8)]

    def get_next(self) -> Any:
        return self.left.pop() if self.left else None


def quantized(
    data: bytes, folder: Path, *, operators: bool = False, unsigned: bool = False, per_channel: bool = True,
    unsigned_weights: bool = False, shape: tuple[int, ...] = (1, 3, 12, 10), **options: Any,
) -> bytes:  # fmt: skip
    """The model after quantize_static: as QDQ, or with quantized operators."""
    quantization = pytest.importorskip("onnxruntime.quantization", reason="quantizes the models")
    source, target = folder / "float.onnx", folder / "quantized.onnx"
    onnx.save_model(onnx.load_model_from_string(data), source)
    kinds = quantization.QuantType
    previous = logging.root.level
    logging.disable(logging.WARNING)
    try:
        quantization.quantize_static(
            str(source), str(target), Samples(shape),
            quant_format=quantization.QuantFormat.QOperator if operators else quantization.QuantFormat.QDQ,
            activation_type=kinds.QUInt8 if unsigned else kinds.QInt8,
            weight_type=kinds.QUInt8 if unsigned_weights else kinds.QInt8,
            per_channel=per_channel, **options,
        )  # fmt: skip
    finally:
        logging.disable(previous if previous > logging.WARNING else logging.NOTSET)
    return target.read_bytes()
