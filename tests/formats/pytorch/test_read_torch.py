"""PyTorch's three kinds of files, of the same small networks: what smelt computes is what torch computes."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import smelt
from smelt.engines.reference import ReferenceEngine
from smelt.ir import Array, Graph

torch = pytest.importorskip("torch", reason="torch is not installed")
pytestmark = pytest.mark.filterwarnings("ignore")

from small_torch import CONVOLUTIONAL, NAMES, expected, file_of, network  # noqa: E402
from torch_layers import LAYERS  # noqa: E402

TOLERANCE = 1e-5
ROUTES = ("live", "live_scripted", "exported", "traced", "scripted", "traced_lite", "scripted_lite")


def loaded(module: Any, inputs: tuple[Any, ...], route: str) -> Graph:
    """The graph that smelt reads; a scripted file does not know its input shapes."""
    if "live" in route:
        return smelt.from_torch(module if route == "live" else torch.jit.script(module), inputs)
    data = file_of(module, inputs, route)
    if "scripted" not in route:
        return smelt.load(data)
    with pytest.raises(smelt.SmeltError, match="does not say which shape its input"):
        smelt.load(data)
    name = "input" if isinstance(module, torch.nn.Sequential) else "x"
    return smelt.load(data, shapes={name: tuple(inputs[0].shape)})


def computed(graph: Graph, *inputs: Array) -> list[Array]:
    """What the graph computes, channels where PyTorch has them."""
    feed = {
        name: np.moveaxis(array, 1, -1) if f"layout:{name}" in graph.metadata else array
        for name, array in zip(graph.inputs, inputs, strict=True)
    }
    results = ReferenceEngine(graph).run(feed)
    return [
        np.moveaxis(results[name], -1, 1) if f"layout:{name}" in graph.metadata else results[name]
        for name in graph.outputs
    ]


def transposes(graph: Graph) -> int:
    return sum(node.operator == "transpose" for node in graph.nodes)


@pytest.mark.parametrize("name", NAMES)
def test_networks(name: str) -> None:
    module, inputs = network(name)
    wanted = expected(module, inputs)
    counts = set()
    for route in ROUTES:
        graph = smelt.optimize(loaded(module, inputs, route))
        (result,) = computed(graph, inputs[0].numpy())
        assert result.shape == wanted.shape
        assert np.abs(result - wanted).max() <= TOLERANCE * np.abs(wanted).max(), route
        if name in CONVOLUTIONAL:
            assert transposes(graph) == 0, route
        counts.add((len(graph.nodes), graph.inputs, graph.outputs))
    assert len(counts) == 1


def test_tied_weights_are_one_constant() -> None:
    class Tied(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.first = torch.nn.Linear(4, 4, bias=False)
            self.second = torch.nn.Linear(4, 4, bias=False)
            self.second.weight = self.first.weight

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return self.second(torch.relu(self.first(x)))

    module, inputs = Tied().eval(), (torch.randn(1, 4),)
    for route in ("exported", "traced", "traced_lite"):
        graph = loaded(module, inputs, route)
        assert len(graph.constants) == 1
        np.testing.assert_allclose(computed(graph, inputs[0].numpy())[0], expected(module, inputs), rtol=1e-5)


def test_views_of_a_storage_keep_offset_and_strides() -> None:
    class Views(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            whole = torch.arange(24, dtype=torch.float32).reshape(4, 6)
            self.register_buffer("part", whole[1:3, 2:5].t())

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return x + self.part

    module, inputs = Views().eval(), (torch.zeros(3, 2),)
    for route in ("exported", "traced", "traced_lite"):
        np.testing.assert_array_equal(
            computed(loaded(module, inputs, route), np.zeros((3, 2), np.float32))[0], module.part.numpy()
        )


@pytest.mark.parametrize("route", ["exported", "scripted", "scripted_lite"])
def test_training_mode_is_refused_with_advice(route: str) -> None:
    class Net(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.drop = torch.nn.Dropout(0.5)

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return self.drop(x)

    data = file_of(Net().train(), (torch.zeros(1, 3),), route)
    with pytest.raises(smelt.SmeltError, match=r"model\.eval\(\)"):
        smelt.load(data, shapes={"x": (1, 3)})


def test_what_is_unsupported_names_the_operator_and_the_module() -> None:
    class Inner(torch.nn.Module):
        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return torch.special.i0(x)

    class Net(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.odd = Inner()

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return self.odd(x)

    for route in ("exported", "traced"):
        with pytest.raises(smelt.SmeltError, match=r"i0 in module 'odd' is not supported"):
            smelt.load(file_of(Net().eval(), (torch.zeros(1, 3),), route))


def test_loops_and_dictionaries_of_scripts() -> None:
    from torch_scripts import Loops

    module = Loops().eval()
    x = torch.randn(2, 3)
    wanted = module(x)
    for route in ("scripted", "scripted_lite"):
        graph = smelt.load(file_of(module, (x,), route), shapes={"x": (2, 3)})
        assert graph.outputs == ("sum", "more")
        for name, result in zip(graph.outputs, computed(graph, x.numpy()), strict=True):
            np.testing.assert_allclose(result, wanted[name].numpy(), rtol=1e-5)


def test_other_files_of_torch_are_refused_with_what_to_do(tmp_path: Path) -> None:
    module = torch.nn.Sequential(torch.nn.Linear(2, 2))
    for content, words in ((module.state_dict(), "state dict"), (module, "pickled module")):
        for zipped in (True, False):
            path = tmp_path / "model.pt"
            torch.save(content, path, _use_new_zipfile_serialization=zipped)
            with pytest.raises(smelt.SmeltError, match=words if zipped else "bare pickle") as caught:
                smelt.load(path)
            assert "torch.export.save" in str(caught.value)


def test_live_modules_in_training_mode_are_evaluated_with_a_warning() -> None:
    module, inputs = network("cnn")
    wanted = expected(module, inputs)
    module.block.train()
    before = {name: part.training for name, part in module.named_modules()}
    with pytest.warns(UserWarning, match="training mode"):
        graph = smelt.from_torch(module, inputs)
    assert {name: part.training for name, part in module.named_modules()} == before
    np.testing.assert_allclose(computed(graph, inputs[0].numpy())[0], wanted, rtol=1e-4, atol=1e-5)


def test_arrays_and_exported_programs_are_taken_too() -> None:
    module, inputs = network("mlp")
    wanted = expected(module, inputs)
    program = torch.export.export(module, inputs)
    for graph in (
        smelt.from_torch(module, inputs[0].numpy()),
        smelt.from_torch(module, {"input": inputs[0]}),
        smelt.load(program),
        smelt.load(module, example_inputs=inputs),
    ):
        np.testing.assert_allclose(computed(graph, inputs[0].numpy())[0], wanted, rtol=1e-5)
    with pytest.raises(smelt.SmeltError, match="example_inputs are missing"):
        smelt.from_torch(module)


def test_symbolic_sizes_are_one_for_the_batch_and_asked_for_elsewhere() -> None:
    module, inputs = network("separable")
    batch, width = torch.export.Dim("batch"), torch.export.Dim("width", min=4, max=64)
    two = (inputs[0].expand(2, -1, -1, -1),)
    program = torch.export.export(module, two, dynamic_shapes=({0: batch, 3: width},))
    with pytest.raises(smelt.SmeltError, match="sizes that are not fixed"):
        smelt.from_torch(program)
    graph = smelt.from_torch(program, shapes={"x": (1, *inputs[0].shape[1:])})
    np.testing.assert_allclose(computed(graph, inputs[0].numpy())[0], expected(module, inputs), rtol=1e-4)


def test_indices_are_integers_whatever_the_file_says() -> None:
    class Words(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.table = torch.nn.Embedding(10, 4)

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return self.table(x).mean(1)

    module, inputs = Words().eval(), (torch.tensor([[1, 5, 9]]),)
    for route in ("exported", "traced", "traced_lite", "scripted_lite"):
        graph = smelt.load(file_of(module, inputs, route), shapes={"x": (1, 3)})
        np.testing.assert_allclose(computed(graph, inputs[0].numpy())[0], expected(module, inputs), rtol=1e-5)


def test_changes_in_place_are_followed_or_refused() -> None:
    class InPlace(torch.nn.Module):
        def __init__(self, through_view: bool) -> None:
            super().__init__()
            self.through_view = through_view

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            y = x * 2
            part = y[:, 1:]
            (part if self.through_view else y).add_(1)
            return y * 3

    inputs = (torch.randn(1, 4),)
    for route in ("exported", "traced"):
        graph = loaded(InPlace(False), inputs, route) if route == "exported" else None
        if graph is not None:
            wanted = expected(InPlace(False), inputs)
            np.testing.assert_allclose(computed(graph, inputs[0].numpy())[0], wanted, rtol=1e-5)
        with pytest.raises(smelt.SmeltError, match="in place"):
            smelt.load(file_of(InPlace(True).eval(), inputs, route))


@pytest.mark.parametrize("name", LAYERS)
def test_larger_layers(name: str) -> None:
    make, shape = LAYERS[name]
    torch.manual_seed(3)
    module, x = make().eval(), torch.randn(shape)
    with torch.no_grad():
        found = module(x)
    wanted = [tensor.numpy() for tensor in (found if isinstance(found, tuple) else (found,))]
    for route in ("exported", "traced_lite", "scripted"):
        with torch.no_grad():
            data = file_of(module, (x,), route)
        unknown = "src" if "encoder" in name else "x"
        graph = smelt.optimize(smelt.load(data, shapes={unknown: shape} if route == "scripted" else None))
        results = computed(graph, x.numpy())
        for result, meant in zip(results, wanted, strict=True):
            assert result.shape == meant.shape
            assert np.abs(result - meant).max() <= TOLERANCE * np.abs(meant).max(), route
        if len(shape) == 4 or name == "causal":
            assert transposes(graph) == 0, route


def test_blocks_without_gradients_are_read_in_place() -> None:
    class Net(torch.nn.Module):
        def forward(self, x: torch.Tensor) -> torch.Tensor:
            with torch.no_grad():
                y = x * 2 + 1
            return y - x

    inputs = (torch.randn(1, 4),)
    data = file_of(Net().eval(), inputs, "exported")
    assert b"wrap_with_set_grad_enabled" in data
    np.testing.assert_allclose(
        computed(smelt.load(data), inputs[0].numpy())[0], inputs[0].numpy() + 1, rtol=1e-5
    )


def test_frozen_modules() -> None:
    module, inputs = network("cnn")
    stream = io.BytesIO()
    torch.jit.save(torch.jit.freeze(torch.jit.script(module)), stream)
    graph = smelt.optimize(smelt.load(stream.getvalue(), shapes={"x": tuple(inputs[0].shape)}))
    np.testing.assert_allclose(
        computed(graph, inputs[0].numpy())[0], expected(module, inputs), rtol=1e-4, atol=1e-5
    )


def test_double_precision_is_refused_not_changed() -> None:
    for dtype in (torch.float64, torch.bfloat16):
        module, inputs = torch.nn.Linear(2, 2).eval().to(dtype), (torch.zeros(1, 2, dtype=dtype),)
        with pytest.raises(smelt.SmeltError, match="float"):
            smelt.load(file_of(module, inputs, "exported"))
        with pytest.raises(smelt.SmeltError, match="float"):
            smelt.load(file_of(module, inputs, "traced_lite"))
