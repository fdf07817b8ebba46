"""Ways to train: a step of the user's own, mixed precision, other devices."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from random_networks import RandomNetwork
from small_models import small_float

from smelt.errors import TrainingError, UsageError
from smelt.ir import Graph

torch = pytest.importorskip("torch", reason="torch is not installed")

from tests.train.test_loop import accuracy, classifier, quick, ring  # noqa: E402
from torch._subclasses.fake_tensor import FakeTensor, FakeTensorMode  # noqa: E402

from smelt.train import Batch, cross_entropy, fit, to_graph, to_module, training_data  # noqa: E402


def plain_step(module: Any, batch: Batch, optimizer: Any) -> Any:
    """What the loop does by itself."""
    optimizer.zero_grad()
    loss = cross_entropy(module(*batch.inputs), batch)
    loss.backward()
    optimizer.step()
    return loss


def weights(graph: Graph, **options: Any) -> Any:
    module = to_module(graph)
    result = fit(
        module, training_data(graph, ring(200)), cross_entropy, epochs=3, optimizer=quick(), **options
    )
    return to_graph(module).constants["hidden/w"], result


def test_a_step_of_ones_own() -> None:
    usual, result = weights(classifier())
    same, own = weights(classifier(), train_step=plain_step)
    np.testing.assert_array_equal(usual, same)
    assert own.epochs[1:] == result.epochs[1:]
    clipped: list[float] = []

    def clipping(module: Any, batch: Batch, optimizer: Any) -> Any:
        optimizer.zero_grad()
        loss = cross_entropy(module(*batch.inputs), batch)
        loss.backward()
        clipped.append(float(torch.nn.utils.clip_grad_norm_(module.parameters(), 1e-3)))
        optimizer.step()
        return loss

    other, _ = weights(classifier(), train_step=clipping)
    assert len(clipped) == 3 * 6
    assert not np.array_equal(other, usual)
    with pytest.raises(TrainingError, match="the loss is nan"):
        weights(classifier(), train_step=lambda *_: torch.tensor(float("nan")))


def test_mixed_precision_trains_and_scores_in_float32() -> None:
    graph, seen = classifier(), []

    def loss(outputs: Any, batch: Batch) -> Any:
        seen.append(outputs.dtype)
        return cross_entropy(outputs, batch)

    module, data = to_module(graph), training_data(graph, ring())
    result = fit(module, data, loss, optimizer=quick(), epochs=20, mixed_precision=True)
    assert set(seen) == {torch.bfloat16, torch.float32}
    assert seen[0] is torch.float32  # the score of the start
    assert accuracy(module, data) > 0.9
    assert all(parameter.dtype is torch.float32 for parameter in module.parameters())
    assert result.best.score < result.epochs[0].score


def test_gradients_of_float16_are_scaled(monkeypatch: pytest.MonkeyPatch) -> None:
    """The GPU's way, on a device that says that it is one."""
    from smelt.train import loop

    class Scaler:
        steps = 0

        def __init__(self, kind: str) -> None:
            assert kind == "cuda"

        def scale(self, loss: Any) -> Any:
            return 1024 * loss

        def step(self, optimizer: Any) -> None:
            Scaler.steps += 1
            for group in optimizer.param_groups:
                for parameter in group["params"]:
                    parameter.grad /= 1024
            optimizer.step()

        def update(self) -> None:
            pass

    class Autocast:
        def __init__(self, kind: str, dtype: Any, enabled: bool) -> None:
            assert (kind, dtype, enabled) == ("cuda", torch.float16, True)

        def __enter__(self) -> None:
            pass

        def __exit__(self, *_: object) -> None:
            pass

    class Input:
        device = torch.device("cuda")

        def __init__(self, tensor: Any) -> None:
            self.tensor = tensor

    monkeypatch.setattr(loop.torch.amp, "GradScaler", Scaler)
    monkeypatch.setattr(loop.torch, "autocast", Autocast)
    layer = torch.nn.Linear(2, 1)
    before = layer.weight.detach().clone()
    step = loop._Step(lambda outputs, batch: outputs.mean(), True)
    optimizer = torch.optim.SGD(layer.parameters(), 0.5)
    x = torch.tensor([[1.0, 2.0]])
    step(lambda given: layer(given.tensor), Batch((Input(x),)), optimizer)  # type: ignore[arg-type]
    assert Scaler.steps == 1
    torch.testing.assert_close(layer.weight, before - 0.5 * x)


def test_the_module_comes_back_from_its_device() -> None:
    usual, _ = weights(classifier())
    there, _ = weights(classifier(), device="cpu")
    np.testing.assert_array_equal(usual, there)
    if not torch.cuda.is_available():
        with pytest.raises(UsageError, match="cannot train on device 'cuda'"):
            weights(classifier(), device="cuda")
    with pytest.raises(UsageError, match="cannot train on device 'tpus'"):
        weights(classifier(), device="tpus")


def networks() -> dict[str, Graph]:
    """What torch computes on an imagined device: no slices; and its GRU is another than the random networks'."""
    found = {f"random {seed}": RandomNetwork(seed).graph for seed in range(24)}
    left_out = {"gru", "strided_slice"}
    said = {name: graph for name, graph in found.items() if not left_out & {n.operator for n in graph.nodes}}
    return {"small": small_float(), **said}


@pytest.mark.parametrize("name", networks())
def test_nothing_of_a_module_stays_on_the_cpu(name: str) -> None:
    """On a GPU that torch only imagines: it refuses operators whose tensors are on two devices."""
    graph = networks()[name]
    module = to_module(graph)
    module.running(3)
    imagined = FakeTensorMode(allow_non_fake_inputs=False)

    def there(tensor: Any) -> Any:
        empty = torch.empty(tensor.shape, dtype=tensor.dtype, device="meta")
        return FakeTensor(imagined, empty, torch.device("cuda:0"))

    for each in (module._parameters, module._buffers):
        each.update({key: there(tensor) for key, tensor in each.items()})
    x = torch.empty((3, *graph.values[graph.inputs[0]].shape[1:]))
    with imagined:
        result = module(there(x))
    assert result.device.type == "cuda"
