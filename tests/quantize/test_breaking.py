"""A network built to break min-max, with data to match: every scheme copes, or refuses in words."""

from __future__ import annotations

import numpy as np
import pytest

import smelt
from smelt.errors import QuantizationError
from smelt.ir import Array, Graph
from smelt.ir.types import DType
from smelt.operators.builder import GraphBuilder
from smelt.quantize import CALIBRATORS, SCHEMES
from smelt.quantize.noise import decibels, noise_ratio, wanted_numbers
from smelt.report.quantization import quantization_report

Samples = list[dict[str, Array]]
INTEGER = [name for name, scheme in SCHEMES.items() if scheme.precision is not None]


def breaking(scale: float = 1.0) -> Graph:
    """One outlier channel, one dead, in a residual network; `scale` is that of all activations."""
    build, rng = GraphBuilder("breaking"), np.random.default_rng(0)
    x = build.input("x", DType.F32, (1, 6, 6, 4))
    first = rng.normal(size=(8, 3, 3, 4)).astype(np.float32) / 6
    first[2] *= 100
    first[5] = 0
    bias = (rng.normal(size=8) * scale / 4).astype(np.float32)
    bias[5] = 0
    deep = rng.normal(size=(1, 3, 3, 8)).astype(np.float32) / 3
    last = rng.normal(size=(8, 1, 1, 8)).astype(np.float32) / 3
    last[..., 2] /= 100
    same = {"padding": (1, 1, 1, 1), "activation": "relu"}
    parameters = [build.constant("w1", first), build.constant("b1", bias)]
    hidden = build.add("conv_2d", [x, *parameters], same, name="hidden")
    mixed = build.add("depthwise_conv_2d", [hidden, build.constant("w2", deep)], same, name="mixed")
    return build.build([build.add("conv_2d", [mixed, build.constant("w3", last)], name="y")])


def normal(count: int, seed: int, scale: float = 1.0) -> Samples:
    x = np.random.default_rng(seed).normal(scale=scale, size=(count, 1, 6, 6, 4))
    return [{"x": each} for each in x.astype(np.float32)]


def quality(graph: Graph, result: Graph, samples: Samples) -> float:
    return decibels(noise_ratio(result, samples, wanted_numbers(graph, samples)))


@pytest.mark.parametrize("scheme", SCHEMES)
def test_outlier_and_dead_channels(scheme: str) -> None:
    """With defaults; equalization is what saves int8."""
    result = smelt.quantize_graph(breaking(), scheme, normal(24, 1), tell=lambda text: None)
    least = {"int4": 9, "weight-only-int4": 9, "dynamic-int4": 9, "float16": 55}.get(scheme, 20)
    assert quality(breaking(), result, normal(8, 2)) > least


def test_the_report_shows_what_breaks_it() -> None:
    plain = smelt.quantize_graph(breaking(), "int8", normal(24, 1), calibrator="min-max", improve=())
    report = quantization_report(breaking(), plain, normal(8, 2))
    assert report.layers[0].noise.name in ("hidden", "mixed")
    assert "equalization" in report.layers[0].advice


@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize("scale", [1e-12, 1e9])
def test_scales_far_from_one(scheme: str, scale: float) -> None:
    """As good as at scale 1, to a few decibels."""
    result = smelt.quantize_graph(breaking(scale), scheme, normal(24, 1, scale), tell=lambda text: None)
    ordinary = smelt.quantize_graph(breaking(), scheme, normal(24, 1), tell=lambda text: None)
    found = quality(breaking(scale), result, normal(8, 2, scale))
    assert found > quality(breaking(), ordinary, normal(8, 2)) - 6


@pytest.mark.parametrize("scheme", INTEGER)
@pytest.mark.parametrize("value", [0.0, 1.0, -2.5])
def test_a_constant_input(scheme: str, value: float) -> None:
    same = [{"x": np.full((1, 6, 6, 4), value, np.float32)}] * 10
    result = smelt.quantize_graph(breaking(), scheme, same, tell=lambda text: None)
    assert quality(breaking(), result, same) > (6 if scheme == "int4" else 15)


@pytest.mark.parametrize("scheme", INTEGER)
@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_no_numbers_in_the_calibration_data(scheme: str, bad: float) -> None:
    samples = normal(10, 1)
    samples[7]["x"][0, 3, 3, 1] = bad
    with pytest.raises(QuantizationError, match=r"tensor 'x' becomes .* look for NaN, infinity"):
        smelt.quantize_graph(breaking(), scheme, samples)


@pytest.mark.parametrize("scheme", INTEGER)
@pytest.mark.parametrize("calibrator", [*CALIBRATORS, "auto"])
def test_an_empty_calibration_set(scheme: str, calibrator: str) -> None:
    with pytest.raises(QuantizationError, match="the calibration set is empty"):
        smelt.quantize_graph(breaking(), scheme, [], calibrator=calibrator)
