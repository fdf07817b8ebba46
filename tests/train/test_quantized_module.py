"""Quantized graphs as modules: integers exactly in evaluation, real numbers on their grid in training."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
import pytest
from shared_files import shared_folder
from small_models import small_float, small_int8, small_samples

import smelt
from smelt.ir import Array, DType, Graph, Node
from smelt.operators.builder import GraphBuilder, random_array
from smelt.operators.evaluate import evaluate_graph
from smelt.quantize.parameters import real
from smelt.quantize.samples import to_input

torch = pytest.importorskip("torch", reason="torch is not installed")

from smelt.train import to_graph, to_module  # noqa: E402
from smelt.train.grid import exactly, levels, on_grid, round_half_away, signs  # noqa: E402


def layers(name: str = "layers") -> Graph:
    """Grouped, dilated, strided and transposed convolutions, sub, mul, a mean, tanh, relu6 and a dense layer."""
    rng = np.random.default_rng(8)
    build = GraphBuilder(name)

    def weights(stem: str, *shape: int) -> str:
        return build.constant(stem, rng.normal(scale=0.4, size=shape).astype(np.float32))

    x = build.input("image", DType.F32, (1, 8, 8, 4))
    grouped = build.add(
        "conv_2d", [x, weights("g/w", 6, 3, 3, 2), weights("g/b", 6)], {"padding": (1, 1, 1, 1)}
    )
    wide = build.add(
        "depthwise_conv_2d",
        [grouped, weights("d/w", 1, 3, 3, 6)],
        {"padding": (2, 2, 2, 2), "dilation": (2, 2)},
    )
    gated = build.add("mul", [wide, build.add("tanh", [grouped])])
    strided = build.add(
        "conv_2d",
        [gated, weights("s/w", 5, 2, 2, 6), weights("s/b", 5)],
        {"stride": (2, 2), "activation": "relu6"},
    )
    pooled = build.add("average_pool_2d", [strided], {"filter": (2, 2), "stride": (2, 2)})
    less = build.add("sub", [pooled, build.constant("offset", np.full((1, 1, 1, 5), 0.25, np.float32))])
    mean = build.add("mean", [less], {"axes": (1, 2), "keep_dims": False})
    dense = build.add("fully_connected", [mean, weights("f/w", 1, 5), weights("f/b", 1)])
    return build.build([build.add("logistic", [dense], name="score")])


GRAPHS = {"small": (small_float, small_samples), "layers": (layers, None)}


def samples_of(name: str, count: int) -> Array:
    if name == "small":
        return small_samples(count)
    return np.random.default_rng(4).normal(size=(count, 8, 8, 4)).astype(np.float32)


@cache
def quantized(name: str, scheme: str) -> Graph:
    graph = GRAPHS[name][0]()
    return smelt.quantize_graph(
        graph, scheme, samples_of(name, 16), improve=("bias",), tell=lambda text: None
    )


def other_parameters(module: Any, seed: int = 2) -> None:
    """Weights, biases and scales as training might leave them."""
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for parameter in module.parameters():
            spread = parameter.abs().mean() if parameter.abs().sum() > 0 else 1.0
            parameter += (
                0.05 * spread * torch.randn(parameter.shape, generator=generator, dtype=parameter.dtype)
            )


def reference(graph: Graph, samples: Array) -> Array:
    """What the graph's meaning gives for real samples one by one, in real numbers."""
    (name,), (output,) = graph.inputs, graph.outputs
    found = [
        evaluate_graph(graph, {name: to_input(graph.values[name], each[None])})[output] for each in samples
    ]
    return np.concatenate([real(graph.values[output], array) for array in found]).astype(np.float32)


def assert_exact(graph: Graph, samples: Array) -> Graph:
    """The module is the graph at first; with other parameters it computes what its graph means, in both."""
    module = to_module(graph)
    same = to_graph(module)
    assert (same.nodes, dict(same.values), same.metadata) == (graph.nodes, dict(graph.values), graph.metadata)
    for name, array in graph.constants.items():
        np.testing.assert_array_equal(same.constants[name], array)
    other_parameters(module)
    changed = to_graph(module)
    assert any(not np.array_equal(changed.constants[n], a) for n, a in graph.constants.items())
    with torch.no_grad():
        found = module(torch.from_numpy(samples)).numpy()
    np.testing.assert_array_equal(found, reference(changed, samples))
    return changed


SCHEMES = ("int8", "int4", "int16x8", "ternary", "binary")


@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize("name", GRAPHS)
def test_evaluation_is_the_meaning_of_the_integers(name: str, scheme: str) -> None:
    assert_exact(quantized(name, scheme), samples_of(name, 5))


def alone(graph: Graph, node: Node) -> Graph:
    """One node, its computed inputs given."""
    given = [name for name in dict.fromkeys(node.inputs) if name and name not in graph.constants]
    return graph.replaced(nodes=[node], inputs=given, outputs=node.outputs)


def assert_followed(graph: Graph, count: int = 60) -> None:
    """In training each layer agrees with its integers on the same inputs: 99.9 % of values, one step on the rest."""
    for node in graph.nodes:
        one = alone(graph, node)
        module = to_module(one)
        module.train()
        value = one.values[node.outputs[0]]
        wrong, total = 0, 0
        for seed in range(max(1, min(count, 6_000 // max(value.elements, 1)))):
            inputs = {name: random_array(one.values[name], seed) for name in one.inputs}
            wanted = evaluate_graph(one, inputs)[node.outputs[0]]
            found = module(*(torch.from_numpy(inputs[name]) for name in one.inputs)).detach().numpy()
            scale = value.quantization.scale if value.quantization else 1.0
            steps = np.abs(found.astype(np.float64) - real(value, wanted)) / scale
            assert steps.max() < 1.01, node.label
            wrong, total = wrong + int((steps > 0.01).sum()), total + steps.size
        assert wrong <= 0.001 * total, f"{node.label}: {wrong} of {total}"


@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize("name", GRAPHS)
def test_training_follows_the_integers(name: str, scheme: str) -> None:
    module = to_module(quantized(name, scheme))
    other_parameters(module)
    assert_followed(to_graph(module))


@pytest.mark.parametrize("model", ["kws", "resnet8"])
def test_shared_models_in_evaluation_and_in_training(model: str) -> None:
    shared = shared_folder()
    if shared is None:
        pytest.skip("no ../shared models here")
    graph = smelt.load(shared / f"models/mlperf_tiny/{model}_int8.tflite")
    shape = graph.values[graph.inputs[0]].shape[1:]
    low, high = (0, 255) if model == "resnet8" else (-40, 40)
    samples = np.random.default_rng(0).uniform(low, high, (3, *shape)).astype(np.float32)
    assert_followed(assert_exact(graph, samples), 3)


def test_both_forwards_have_gradients_for_every_parameter() -> None:
    samples, found = torch.from_numpy(small_samples(4)), []
    module = to_module(quantized("small", "int4"), outputs=["logits"])
    other_parameters(module)
    for training in (True, False):
        module.train(training)
        module.zero_grad()
        module(samples).square().sum().backward()
        found.append({name: p.grad for name, p in module.named_parameters()})
    for name, gradient in found[0].items():
        assert gradient is not None and gradient.abs().sum() > 0, name  # noqa: PT018
        # not the same numbers: a value that is a step away lies on the other side of a rectifier
        torch.testing.assert_close(gradient, found[1][name], rtol=0.2, atol=0.2 * float(gradient.abs().max()))


def test_scales_stay_where_they_are_not_learned() -> None:
    from smelt.train import QuantizedModule

    graph = quantized("small", "int8")
    module = QuantizedModule(graph, learn_ranges=False)
    other_parameters(module)
    changed = to_graph(module)
    activations = [v for v in graph.values.values() if v.name not in graph.constants]
    assert all(changed.values[v.name] == v for v in activations)
    learned = to_module(graph)
    other_parameters(learned)
    moved = to_graph(learned)
    assert any(moved.values[v.name] != v for v in activations)
    assert moved.values[moved.inputs[0]] == graph.values[graph.inputs[0]]
    joined = next(node for node in moved.nodes if node.operator == "concatenation")
    assert len({moved.values[name].quantization for name in (*joined.inputs, *joined.outputs) if name}) == 1


def test_weights_alone_are_trained_in_float_layers() -> None:
    graph = smelt.quantize_graph(small_float(), "weight-only-int4", improve=())
    module = to_module(graph)
    other_parameters(module)
    changed = to_graph(module)
    narrow = [value.name for value in changed.values.values() if value.dtype is DType.S4]
    assert len(narrow) == 3
    assert not any(np.array_equal(changed.constants[name], graph.constants[name]) for name in narrow)
    samples = small_samples(3)
    with torch.no_grad():
        found = module(torch.from_numpy(samples)).numpy()
    np.testing.assert_allclose(found, reference(changed, samples), rtol=1e-6, atol=1e-7)


def test_integers_are_taken_as_they_are() -> None:
    graph = small_int8()
    integers = np.random.default_rng(0).integers(-128, 128, (2, 8, 8, 3)).astype(np.int8)
    with torch.no_grad():
        found = to_module(graph)(torch.from_numpy(integers)).numpy()
    numbers = real(graph.values[graph.inputs[0]], integers).astype(np.float32)
    np.testing.assert_array_equal(found, reference(graph, numbers))


def test_numbers_on_a_grid_and_their_gradients() -> None:
    x = torch.tensor([-3.0, -0.5, 0.26, 0.25, 0.74, 9.0], requires_grad=True)
    scale = torch.tensor(0.5, requires_grad=True)
    found = on_grid(x, scale, 0, -4, 3)
    assert found.tolist() == [-2.0, -0.5, 0.5, 0.5, 0.5, 1.5]
    found.sum().backward()
    assert x.grad.tolist() == [0, 1, 1, 1, 1, 0]
    moved = [-4.0, 0.0, 1 - 0.52, 1 - 0.5, 1 - 1.48, 3.0]
    assert float(scale.grad) == pytest.approx(sum(moved) / (6 * 3) ** 0.5)
    assert levels(found, scale).tolist() == [-4, -1, 1, 1, 1, 3]
    passed = exactly(x, torch.full((6,), 7.0))
    assert passed.tolist() == [7.0] * 6
    (gradient,) = torch.autograd.grad(passed.sum(), x)
    assert gradient.tolist() == [1.0] * 6


def test_signs_and_their_gradients() -> None:
    x = torch.tensor([-3.0, -0.25, 0.0, 0.5, 4.0], requires_grad=True)
    scale = torch.tensor(0.5, requires_grad=True)
    found = signs(x, scale)
    assert found.tolist() == [-0.5, -0.5, 0.5, 0.5, 0.5]
    found.sum().backward()
    assert x.grad.tolist() == [0, 1, 1, 1, 0]
    assert float(scale.grad) == 1


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_ties_are_rounded_away_from_zero(dtype: Any) -> None:
    given = torch.tensor(
        [-2.5, -1.5, -0.5, -0.25, 0.0, 0.5, 1.25, 2.5, 2.0**20 + 0.5, -(2.0**23)], dtype=dtype
    )
    wanted = [-3.0, -2.0, -1.0, 0.0, 0.0, 1.0, 1.0, 3.0, 2.0**20 + 1, -(2.0**23)]
    kept = given.clone()
    assert round_half_away(given).tolist() == wanted
    assert torch.equal(given, kept)


def test_the_gradient_of_levels_is_that_of_a_division() -> None:
    x, scale = torch.tensor([[1.0, -0.5], [0.5, 2.0]], requires_grad=True), torch.tensor([0.25, 0.5])
    levels(x, scale).backward(torch.ones(2, 2))
    assert torch.equal(x.grad, torch.tensor([[4.0, 2.0], [4.0, 2.0]]))
