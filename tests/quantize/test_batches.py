"""Many samples at once give what each gives alone."""

from __future__ import annotations

import numpy as np
import pytest
from small_models import small_float, small_samples

import smelt
from smelt.ir import DType, Graph
from smelt.operators.builder import GraphBuilder
from smelt.operators.evaluate import evaluate_graph
from smelt.quantize import SCHEMES
from smelt.quantize.batches import all_tensors, rebatched
from smelt.quantize.samples import to_input


@pytest.mark.parametrize("scheme", [None, *SCHEMES])
def test_a_batch_is_its_samples(scheme: str | None) -> None:
    graph = small_float()
    samples = list(smelt.samples_for(graph, {"x": small_samples(19)}))
    if scheme:
        graph = smelt.quantize_graph(graph, scheme, samples, tell=lambda text: None)
    given = [
        {n: to_input(graph.values[n], a) for n, a in zip(graph.inputs, sample.values(), strict=True)}
        for sample in samples
    ]
    assert rebatched(graph, 4) is not None
    names = [node.outputs[0] for node in graph.nodes]
    for sample, found in zip(given, all_tensors(graph, given, names), strict=True):
        wanted: dict[str, np.ndarray] = {}
        evaluate_graph(graph, sample, wanted.__setitem__)
        for name in names:
            assert found[name].shape == wanted[name].shape
            tolerance = 1e-5 * np.abs(wanted[name]).max() if wanted[name].dtype.kind == "f" else 0
            np.testing.assert_allclose(
                found[name].astype(float), wanted[name].astype(float), rtol=0, atol=tolerance
            )


def mixing() -> Graph:
    """Sums over the batch."""
    build = GraphBuilder("mixing")
    x = build.input("x", DType.F32, (1, 4))
    return build.build([build.add("mean", [x], {"axes": (0,), "keep_dims": True}, name="y")])


def transposing() -> Graph:
    """Of one sample alone a view, of several not: a reshape that moves the batch."""
    build = GraphBuilder("transposing")
    x = build.input("x", DType.F32, (1, 4, 1))
    moved = build.add("transpose", [x], {"permutation": (2, 1, 0)})
    return build.build([build.add("reshape", [moved], {"shape": (1, 4)}, name="y")])


@pytest.mark.parametrize("make", [mixing, transposing])
def test_what_mixes_samples_runs_one_by_one(make: object) -> None:
    graph = make()  # type: ignore[operator]
    rng = np.random.default_rng(0)
    samples = [{"x": rng.normal(size=graph.values["x"].shape).astype(np.float32)} for _ in range(9)]
    for sample, found in zip(samples, all_tensors(graph, samples, ["y"]), strict=True):
        np.testing.assert_array_equal(found["y"], evaluate_graph(graph, sample)["y"])
