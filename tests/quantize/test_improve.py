"""Accuracy without training: each improvement helps where it should, and is dropped where it does not."""

from __future__ import annotations

from dataclasses import replace
from itertools import product

import numpy as np
import pytest
from small_models import small_float, small_samples

import smelt
from smelt.errors import UsageError
from smelt.ir import Array, DType, Graph
from smelt.operators import call_of
from smelt.operators.builder import GraphBuilder
from smelt.operators.evaluate import evaluate_graph
from smelt.quantize import SCHEMES
from smelt.quantize.fields import Fields
from smelt.quantize.layer_rounding import LayerRounding
from smelt.quantize.moments import Sums
from smelt.quantize.noise import decibels, noise_ratio, wanted_numbers
from smelt.quantize.prepare import channel_factors, equalize, means_of_whole_maps
from smelt.quantize.rounding import ROUNDINGS, error

Samples = list[dict[str, Array]]


def quality(graph: Graph, result: Graph, samples: Samples) -> float:
    return decibels(noise_ratio(result, samples, wanted_numbers(graph, samples)))


def correlated(count: int, seed: int, size: int = 24) -> Array:
    """Inputs that go together, which is where rounding weight by weight pays."""
    rng = np.random.default_rng(seed)
    mixing = np.random.default_rng(99).normal(size=(4, size))
    return (rng.normal(size=(count, 4)) @ mixing + rng.normal(size=(count, size)) / 4 + 1).astype(np.float32)


def layers(size: int = 24) -> Graph:
    build, rng = GraphBuilder("layers"), np.random.default_rng(0)
    x = build.input("x", DType.F32, (1, size))
    for name in ("a", "b", "c"):
        w = build.constant(f"{name}_w", rng.normal(size=(size, size)).astype(np.float32) / 5)
        x = build.add("fully_connected", [x, w], {"activation": "relu"}, name=name)
    return build.build([x])


def given(count: int, seed: int) -> Samples:
    return [{"x": x[None]} for x in correlated(count, seed)]


# ---- rounding


@pytest.mark.parametrize("name", ROUNDINGS)
def test_rounding_stays_in_range_and_beats_nearest(name: str) -> None:
    rng = np.random.default_rng(1)
    x = correlated(200, 3).astype(np.float64)
    moments = (x.T @ x / len(x) + 0.01 * np.eye(24)) * np.array([1.0, 3.0])[:, None, None]
    target = rng.normal(size=(2, 10, 24))
    scales = np.abs(target).max(axis=2) / 7
    errors = {
        each: error(ROUNDINGS[each](target, scales, moments, 7) * scales[:, :, None], target, moments)
        for each in (name, "nearest")
    }
    integers = ROUNDINGS[name](target, scales, moments, 7)
    assert (integers == np.round(integers)).all()
    assert np.abs(integers).max() <= 7
    if name != "nearest":
        assert errors[name].sum() < 0.5 * errors["nearest"].sum()
    if "learned" in name:
        assert (errors[name] <= errors["nearest"] * (1 + 1e-9)).all()


def test_learned_rounding_against_all_choices() -> None:
    """Of five weights: within a tenth of the best of all neighbours up and down, in the mean of many."""
    rng = np.random.default_rng(2)
    found, best = 0.0, 0.0
    for _ in range(20):
        x = rng.normal(size=(50, 2)) @ rng.normal(size=(2, 5)) + rng.normal(size=(50, 5)) / 3
        moments, target, scales = (x.T @ x)[None], rng.normal(size=(1, 1, 5)) * 4, np.ones((1, 1))
        found += float(error(ROUNDINGS["gptq-learned"](target, scales, moments, 99), target, moments)[0, 0])
        choices = np.floor(target) + np.array(list(product((0.0, 1.0), repeat=5)))
        best += float(error(choices, target, moments).min())
    assert found <= 1.1 * best


def test_few_samples_are_damped() -> None:
    """Of what few samples say of many weights less is believed, and unseen results are nearer for it."""
    rng = np.random.default_rng(4)
    weights = rng.normal(size=(1, 6, 24))
    scales = np.abs(weights).max(axis=2) / 7
    build = GraphBuilder("one")
    operands = [build.input("x", DType.F32, (1, 24)), build.constant("w", weights[0].astype(np.float32))]
    graph = build.build([build.add("fully_connected", operands, name="y")])
    fields = Fields(call_of(graph, graph.nodes[0]))

    def sums(count: int, seed: int) -> Sums:
        result, noise = Sums(fields, weights), np.random.default_rng(seed + 100)
        for x in correlated(count, seed):
            # before this layer others have made errors
            result.add(x[None], (0.9 * x + noise.normal(size=24) / 4)[None])
        return result

    unseen = sums(400, 9).moments(centred=True)
    halves = sums(10, 1), sums(10, 2)
    seen = [half.moments(centred=True) for half in halves]
    both = halves[0].moments(halves[1], centred=True)
    layer = LayerRounding(weights, 7, ROUNDINGS["gptq-learned"], 4)
    integers, chosen = layer.rounded(scales, both, seen)
    believed, moments = both.aim(weights, 0.001)
    errors = {
        "damped": integers * chosen[:, :, None],
        "believed": ROUNDINGS["gptq-learned"](believed, scales, moments, 7) * scales[:, :, None],
        "nearest": ROUNDINGS["nearest"](weights, scales, moments, 7) * scales[:, :, None],
    }
    found = {name: unseen.error(each) for name, each in errors.items()}
    assert found["damped"] < min(found["believed"], found["nearest"])


@pytest.mark.parametrize(
    ("operator", "data", "weights", "attributes"),
    [
        (
            "conv_2d",
            (1, 7, 6, 4),
            (6, 3, 2, 2),
            {"stride": (2, 1), "padding": (1, 1, 0, 1), "dilation": (1, 2)},
        ),
        ("depthwise_conv_2d", (1, 7, 6, 3), (1, 3, 2, 6), {"padding": (1, 0, 0, 1), "multiplier": 2}),
        ("fully_connected", (2, 8), (5, 8), {}),
    ],
)
def test_fields_are_what_weights_meet(
    operator: str, data: tuple[int, ...], weights: tuple[int, ...], attributes: dict[str, object]
) -> None:
    rng = np.random.default_rng(0)
    x, w = rng.normal(size=data).astype(np.float32), rng.normal(size=weights).astype(np.float32)
    build = GraphBuilder("one")
    operands = [build.input("x", DType.F32, data), build.constant("w", w)]
    graph = build.build([build.add(operator, operands, attributes, name="y")])  # type: ignore[arg-type]
    fields = Fields(call_of(graph, graph.nodes[0]))
    assert (fields.stored(fields.weights(w)) == w).all()
    found = np.einsum("gpf,gof->pgo", fields.data(x), fields.weights(w))
    wanted = evaluate_graph(graph, {"x": x})["y"]
    np.testing.assert_allclose(found.reshape(wanted.shape), wanted, atol=1e-5)


# ---- improvements


@pytest.mark.parametrize(
    ("names", "gain"),
    [(("bias",), 0.5), (("learned",), 0.3), (("gptq",), 0.5), (("bias", "gptq", "learned"), 1.0)],
)
def test_each_helps_on_samples_not_seen(names: tuple[str, ...], gain: float) -> None:
    graph = layers()
    plain, better = (
        smelt.quantize_graph(graph, "int8", given(64, 1), calibrator="min-max", improve=each)
        for each in ((), names)
    )
    assert quality(graph, better, given(64, 2)) > quality(graph, plain, given(64, 2)) + gain


@pytest.mark.parametrize("scheme", [scheme for scheme, row in SCHEMES.items() if row.improvements])
def test_the_defaults_of_every_scheme_help(scheme: str) -> None:
    graph = small_float()
    samples = list(smelt.samples_for(graph, {"x": small_samples(40)}))
    seen, unseen = samples[:24], samples[24:]
    plain = smelt.quantize_graph(graph, scheme, seen, improve=(), tell=str)
    better = smelt.quantize_graph(graph, scheme, seen, tell=str)
    gain = quality(graph, better, unseen) - quality(graph, plain, unseen)
    # what changes biases alone is kept for binary weights where it helps on samples not seen, which it need not
    assert gain >= 0 if scheme == "binary" else gain > 0


def test_a_mean_has_a_scale_of_its_own() -> None:
    build, rng = GraphBuilder("pooled"), np.random.default_rng(0)
    x = build.input("x", DType.F32, (1, 8, 8, 4))
    pooled = build.add("average_pool_2d", [x], {"filter": (8, 8), "stride": (8, 8)}, name="pooled")
    graph = build.build([build.add("reshape", [pooled], {"shape": (1, 4)}, name="y")])
    changed = means_of_whole_maps(graph)
    assert [node.operator for node in changed.nodes] == ["mean", "reshape"]
    samples = [{"x": rng.normal(size=(1, 8, 8, 4)).astype(np.float32)} for _ in range(12)]
    for sample in samples:
        wanted, found = evaluate_graph(graph, sample)["y"], evaluate_graph(changed, sample)["y"]
        np.testing.assert_allclose(found, wanted, atol=1e-6)
    qualities = [
        quality(graph, smelt.quantize_graph(graph, "int8", samples, improve=names), samples)
        for names in ((), ("means",))
    ]
    assert qualities[1] > qualities[0] + 6


@pytest.mark.parametrize("attributes", [{"filter": (4, 8)}, {"filter": (8, 8), "activation": "relu"}])
def test_other_pools_stay(attributes: dict[str, object]) -> None:
    build = GraphBuilder("pooled")
    x = build.input("x", DType.F32, (1, 8, 8, 4))
    pool = build.add("average_pool_2d", [x], {"stride": (4, 8), **attributes})  # type: ignore[dict-item]
    graph = build.build([pool])
    assert means_of_whole_maps(graph).nodes[0].operator == "average_pool_2d"


def outlier_channel(dead: bool = False) -> Graph:
    """Channel 3 of the tensor between the layers is a thousand times larger than the others."""
    build, rng = GraphBuilder("outlier"), np.random.default_rng(0)
    x = build.input("x", DType.F32, (1, 4, 4, 3))
    first = rng.normal(size=(8, 1, 1, 3)).astype(np.float32)
    first[3] *= 1000
    second = rng.normal(size=(4, 3, 3, 8)).astype(np.float32)
    second[..., 3] /= 1000
    if dead:
        first[5] = 0
    hidden = build.add("conv_2d", [x, build.constant("w1", first)], {"activation": "relu"}, name="hidden")
    return build.build([build.add("conv_2d", [hidden, build.constant("w2", second)], name="y")])


def images(count: int, seed: int) -> Samples:
    rng = np.random.default_rng(seed)
    return [{"x": x} for x in rng.normal(size=(count, 1, 4, 4, 3)).astype(np.float32)]


@pytest.mark.parametrize("dead", [False, True])
def test_equalization_saves_a_network_with_an_outlier_channel(dead: bool) -> None:
    graph = outlier_channel(dead)
    changed = equalize(graph, images(8, 0))
    for sample in images(4, 1):
        wanted, found = evaluate_graph(graph, sample)["y"], evaluate_graph(changed, sample)["y"]
        np.testing.assert_allclose(found, wanted, rtol=1e-5, atol=1e-5)
    assert channel_factors(changed)["hidden"][3] == 1
    assert channel_factors(changed)["hidden"][0] < 1 / 16
    plain = smelt.quantize_graph(graph, "int8", images(16, 0), improve=())
    better = smelt.quantize_graph(graph, "int8", images(16, 0), improve=("equalization",))
    assert quality(graph, plain, images(16, 1)) < 15
    assert quality(graph, better, images(16, 1)) > 22


def test_equalization_leaves_alone_what_it_must() -> None:
    build, rng = GraphBuilder("kept"), np.random.default_rng(0)
    x = build.input("x", DType.F32, (1, 8))
    w = [build.constant(f"w{i}", rng.normal(size=(8, 8)).astype(np.float32)) for i in range(3)]
    clamped = build.add("fully_connected", [x, w[0]], {"activation": "relu6"}, name="clamped")
    twice = build.add("fully_connected", [clamped, w[1]], name="twice")
    graph = build.build([build.add("fully_connected", [twice, w[2]]), twice])
    changed = equalize(graph, [{"x": np.ones((1, 8), np.float32)}])
    assert channel_factors(changed) == {}
    assert all((changed.constants[n] == a).all() for n, a in graph.constants.items())


@pytest.mark.parametrize(
    "text", [b"", b"[1]", b"\xff", b"[" * 5000, b'{"hidden": 3}', b'{"hidden": [1]}', b'{"hidden": [1e999]}',
             b'{"hidden": [99999999, 0, 0, 0, 0, 0, 0, 0]}', b'{"none": [0]}'],
    ids=range(9),
)  # fmt: skip
def test_metadata_of_others_are_no_factors(text: bytes) -> None:
    assert channel_factors(replace(outlier_channel(), metadata={"smelt.equalized": text})) == {}


# ---- nothing gets worse in silence


def test_what_is_worse_on_samples_not_seen_is_dropped_and_said() -> None:
    """Three quarters of the samples say something about the inputs that the others do not keep."""
    graph, told = layers(), list[str]()
    rng = np.random.default_rng(5)
    # mean errors of inputs that are all alike, against those of any other
    alike = correlated(1, 1)[0]
    samples: Samples = []
    for index in range(32):
        x = alike if index % 4 != 3 else rng.uniform(-3, 3, size=24).astype(np.float32) * (1 + index)
        samples.append({"x": x[None]})
    result = smelt.quantize_graph(graph, "int8", samples, improve=("bias",), tell=told.append)
    plain = smelt.quantize_graph(graph, "int8", samples, improve=())
    unseen = samples[3::4]
    assert quality(graph, result, unseen) >= quality(graph, plain, unseen)
    if told:
        assert told[0].startswith("weights and biases are not improved: on samples not seen")


def test_few_samples_are_not_learned_from() -> None:
    told: list[str] = []
    result = smelt.quantize_graph(layers(), "int8", given(7, 1), improve=("bias",), tell=told.append)
    plain = smelt.quantize_graph(layers(), "int8", given(7, 1), improve=())
    assert told == ["weights and biases are not improved: that takes 8 samples, given 7"]
    assert all((result.constants[n] == a).all() for n, a in plain.constants.items())


def test_unknown_improvements() -> None:
    with pytest.raises(UsageError, match="no improvement is called 'magic'; there are means"):
        smelt.quantize_graph(layers(), "int8", given(8, 1), improve=("magic",))
