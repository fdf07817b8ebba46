"""Training that was interrupted and goes on gives what it would have given."""

from __future__ import annotations

from pathlib import Path

import pytest

from smelt.errors import FormatError, UsageError
from smelt.ir import Graph, graphs_equal

torch = pytest.importorskip("torch", reason="torch is not installed")

from tests.train.test_loop import classifier, quick, ring  # noqa: E402

from smelt.train import Epoch, cross_entropy, fit, to_graph, to_module, training_data  # noqa: E402


class Killed(Exception):
    """Somebody pulled the plug."""


def trained(path: Path | None, stop_after: int | None = None, epochs: int = 6) -> tuple[Graph, list[Epoch]]:
    graph = classifier()
    module = to_module(graph)

    def watch(epoch: Epoch) -> None:
        if epoch.number == stop_after:
            raise Killed

    noise = lambda inputs, generator: (inputs[0] + 0.05 * torch.randn(inputs[0].shape, generator=generator),)  # noqa: E731
    done = fit(
        module,
        training_data(graph, ring()),
        cross_entropy,
        optimizer=quick(),
        epochs=epochs,
        seed=4,
        augment=noise,
        progress=watch,
        checkpoint=path,
    )
    return to_graph(module), done.epochs


@pytest.mark.parametrize("killed", [0, 2, 5])
def test_killed_and_started_again_gives_the_same_weights(tmp_path: Path, killed: int) -> None:
    path = tmp_path / "deep" / "training.pt"
    expected, epochs = trained(None)
    with pytest.raises(Killed):
        trained(path, stop_after=killed)
    found, again = trained(path)
    assert graphs_equal(found, expected)
    assert again[1:] == epochs[1:]
    assert not graphs_equal(found, classifier())


def test_what_is_finished_is_not_trained_again(tmp_path: Path) -> None:
    path = tmp_path / "training.pt"
    first, _ = trained(path)
    seen: list[Epoch] = []
    module = to_module(classifier())
    fit(
        module,
        training_data(classifier(), ring()),
        cross_entropy,
        optimizer=quick(),
        epochs=6,
        seed=4,
        progress=seen.append,
        checkpoint=path,
    )
    assert not seen
    assert graphs_equal(to_graph(module), first)


def test_checkpoints_of_other_settings_and_other_files_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "training.pt"
    trained(path)
    with pytest.raises(UsageError, match="training steps"):
        trained(path, epochs=7)
    with pytest.raises(FormatError, match="cannot read"):
        trained(tmp_path)
    data = path.read_bytes()
    for damaged in (b"", b"no checkpoint", data[: len(data) // 2], data.replace(b"epochs", b"epochz")):
        path.write_bytes(damaged)
        with pytest.raises(FormatError, match="remove it to begin anew"):
            trained(path)
