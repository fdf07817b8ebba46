"""Layers of different precision: by hand, by fallback, under a budget."""

from __future__ import annotations

from itertools import product
from pathlib import Path

import numpy as np
import pytest

import smelt
from smelt.errors import FormatError, QuantizationError, UsageError
from smelt.ir import Array, DType, Graph
from smelt.operators.builder import GraphBuilder
from smelt.operators.evaluate import evaluate_graph
from smelt.quantize import Mixed
from smelt.quantize.knapsack import Choice, choose
from smelt.quantize.mixed import by_hand
from smelt.quantize.noise import noise_ratio, wanted_numbers
from smelt.quantize.precision import find_precision
from smelt.quantize.prices import Price, price
from smelt.quantize.samples import to_input
from smelt.targets import find_target

NAMES = ("first", "second", "third")


def network() -> Graph:
    """Three dense layers; the second has an output whose outliers take its range."""
    build, rng = GraphBuilder("three"), np.random.default_rng(0)
    x = build.input("x", DType.F32, (1, 16))
    for name in NAMES:
        weights = rng.normal(size=(16, 16)).astype(np.float32) / 4
        if name == "second":
            weights[3] *= 200
        if name == "third":
            weights[:, 3] /= 200
        x = build.add("fully_connected", [x, build.constant(f"{name}_w", weights)], name=name)
    return build.build([x])


def samples(count: int = 16, seed: int = 0) -> list[dict[str, Array]]:
    return [{"x": x} for x in np.random.default_rng(seed).normal(size=(count, 1, 16)).astype(np.float32)]


def quantized(mixed: Mixed, told: list[str] | None = None, scheme: str = "int8") -> Graph:
    said = [] if told is None else told
    return smelt.quantize_graph(
        network(), scheme, samples(), calibrator="min-max", improve=(), mixed=mixed, tell=said.append
    )


def types(graph: Graph) -> dict[str, tuple[DType, DType]]:
    """Of each dense layer's weights and output."""
    return {
        node.outputs[0]: (graph.values[node.inputs[1] or ""].dtype, graph.values[node.outputs[0]].dtype)
        for node in graph.nodes
        if node.operator == "fully_connected"
    }


def quality(graph: Graph) -> float:
    unseen = samples(seed=1)
    return noise_ratio(graph, unseen, wanted_numbers(network(), unseen))


# ---- by hand


def test_by_hand() -> None:
    result = quantized(Mixed({"*": "int16x8", "first": "int4", "third": "float32"}))
    assert types(result) == {
        "first": (DType.S4, DType.S8),
        "second": (DType.S8, DType.S16),
        "third": (DType.F32, DType.F32),
    }
    assert [n.operator for n in result.nodes].count("fully_connected") == 3
    with smelt.open_engine("native", result) as engine:
        given = {"x": to_input(result.values["x"], samples()[0]["x"])}
        wanted, found = (
            evaluate_graph(result, given)[result.outputs[0]],
            next(iter(engine.run(given).values())),
        )
        assert np.abs(wanted.astype(float) - found.astype(float)).max() <= 1


def test_the_first_of_joined_names_is_enough() -> None:
    build = GraphBuilder("joined")
    x = build.input("x", DType.F32, (1, 4))
    graph = build.build([build.add("relu", [x], name="net/act;net/act/again;net/bias")])
    precision = {graph.outputs[0]: find_precision("int8")}
    for pattern in ("net/act", "net/*", "*bias"):
        assert by_hand(graph, precision, {pattern: "int16x8"})[graph.outputs[0]].name == "int16x8"
    with pytest.raises(UsageError, match=r"there are net/act, …"):
        by_hand(graph, precision, {"bias": "int16x8"})


def test_a_file_of_layers(tmp_path: Path) -> None:
    path = tmp_path / "layers.toml"
    path.write_text('[layers]\n"sec*" = "int16x8"\n')
    assert types(quantized(Mixed(Mixed.read_layers(path))))["second"] == (DType.S8, DType.S16)
    for text in ("[layers", "[other]\n", "[layers]\na = 3\n", 'layers = "int8"\n'):
        path.write_text(text)
        with pytest.raises(FormatError, match=r"layers\.toml"):
            Mixed.read_layers(path)
    with pytest.raises(FormatError, match="cannot read"):
        Mixed.read_layers(tmp_path / "none.toml")


def test_names_that_fit_nothing() -> None:
    with pytest.raises(UsageError, match="no layer is called 'fourth'; there are first, second"):
        quantized(Mixed({"fourth": "int8"}))
    with pytest.raises(UsageError, match="no layer precision is called 'int9'; there are float32, int8"):
        quantized(Mixed({"first": "int9"}))
    with pytest.raises(UsageError, match="dynamic has one precision"):
        quantized(Mixed({"first": "int8"}), scheme="dynamic")


def test_a_layer_that_cannot() -> None:
    build = GraphBuilder("island")
    graph = build.build([build.add("exp", [build.input("x", DType.F32, (1, 16))], name="wave")])
    with pytest.raises(UsageError, match="layer 'wave' cannot be int8: exp has no int8 form"):
        smelt.quantize_graph(graph, "int8", samples(), mixed=Mixed({"wave": "int8"}), tell=lambda text: None)


# ---- fallback


@pytest.mark.parametrize("wider", ["int16x8", "float32"])
def test_the_layers_that_hurt_most_fall_back(wider: str) -> None:
    """The second layer's result, which must stay wide for the third to gain by it."""
    told: list[str] = []
    plain, result = quantized(Mixed()), quantized(Mixed(fallback=2, wider=wider), told)
    assert next(name for name, (_, output) in types(result).items() if output is not DType.S8) == "second"
    assert quality(result) < quality(plain) / 10
    assert told[0].startswith("before fallback: ")
    assert told[1].startswith(f"fallback to {wider} of 'second', 'third': ")
    assert "bytes of constants" in told[1]


def test_no_layer_falls_back_where_none_would_gain() -> None:
    told: list[str] = []
    result = quantized(Mixed(fallback=1), told)
    if not any("fallback to" in text for text in told):
        assert told[-1].startswith("no layer falls back")
        assert types(result) == types(quantized(Mixed()))


# ---- budgets


@pytest.mark.parametrize("seed", range(5))
def test_the_knapsack_against_all_choices(seed: int) -> None:
    rng = np.random.default_rng(seed)
    layers = [
        [Choice((int(rng.integers(0, 50)), int(rng.integers(0, 50))), float(rng.random())) for _ in range(3)]
        for _ in range(5)
    ]
    limits = (100, 120)
    possible = [
        sum(layer[i].noise for layer, i in zip(layers, chosen, strict=True))
        for chosen in product(range(3), repeat=5)
        if all(
            sum(layer[i].costs[k] for layer, i in zip(layers, chosen, strict=True)) <= limits[k]
            for k in range(2)
        )
    ]
    found = choose(layers, limits)
    assert (found is None) == (not possible)
    if found is None:
        return
    assert sum(layer[i].noise for layer, i in zip(layers, found, strict=True)) == pytest.approx(min(possible))
    assert choose(layers, (-1, 0)) is None


@pytest.mark.parametrize("budget", [{"size": 700}, {"size": 900, "ram": 40}, {"ram": 64}])
def test_budgets_are_kept(budget: dict[str, int]) -> None:
    told: list[str] = []
    result = quantized(Mixed(budget=budget), told)
    found = price(result, find_target("cortex-m4"))
    assert all(getattr(found, kind) <= limit for kind, limit in budget.items())
    assert told[0].startswith("within the budget: ")
    assert len(told) == 4


def test_more_budget_is_less_noise() -> None:
    noises = [quality(quantized(Mixed(budget={"size": size}))) for size in (700, 1000, 5000)]
    assert noises[0] > noises[1] >= noises[2]


def dearer(graph: Graph) -> Price:
    """A measurement that finds a third more than the estimates."""
    found = price(graph, find_target("cortex-m4"))
    return Price(found.size * 4 // 3, found.ram * 4 // 3, None)


def test_budgets_are_held_by_what_is_measured() -> None:
    told: list[str] = []
    assert dearer(quantized(Mixed(budget={"size": 700}))).size > 700
    result = quantized(Mixed(budget={"size": 700}, measure=dearer), told)
    assert dearer(result).size <= 700
    measured = [text for text in told if text.startswith("budget: size ")]
    assert len(measured) > 1
    assert measured[-1] == f"budget: size {dearer(result).size:,} of 700"


def test_measured_budgets_that_cannot_be_held() -> None:
    # int4 throughout is within 400 as estimated, and not as measured
    with pytest.raises(QuantizationError, match=r"nothing is cheaper than size 512 of 400: no assignment"):
        quantized(Mixed(budget={"size": 400}, measure=dearer))
    with pytest.raises(QuantizationError, match="measurement does not say"):
        quantized(Mixed(budget={"cycles": 10**7}, measure=dearer))


def test_budgets_that_cannot_be_kept() -> None:
    with pytest.raises(QuantizationError, match="size of at most 10; int4 throughout has size"):
        quantized(Mixed(budget={"size": 10}))
    with pytest.raises(UsageError, match="no budget for 'money', only for size, ram, cycles"):
        quantized(Mixed(budget={"money": 10}))
