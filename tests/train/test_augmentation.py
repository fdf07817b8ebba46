"""Augmentation: what each change does to samples, and what it refuses."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from smelt.errors import UsageError
from smelt.ir import DType, Graph
from smelt.operators.builder import GraphBuilder

torch = pytest.importorskip("torch", reason="torch is not installed")

from smelt.train import (  # noqa: E402
    TECHNIQUES,
    Augmentation,
    Compression,
    Recipe,
    Stage,
    Training,
    read_recipe,
    training_data,
)


def images(count: int = 64) -> torch.Tensor:
    """Random images of 6 by 5 with 2 channels, each number another."""
    return torch.from_numpy(np.random.default_rng(3).normal(size=(count, 6, 5, 2)).astype(np.float32))


def changed(augmentation: Augmentation, x: torch.Tensor, seed: int = 0) -> torch.Tensor:
    (found,) = augmentation((x,), torch.Generator().manual_seed(seed))
    return found


@pytest.mark.parametrize("name", ["mirror", "shift", "erase", "delay", "gain", "noise", "mix"])
def test_the_same_seed_gives_the_same_samples(name: str) -> None:
    augmentation = Augmentation(**{name: {"gain": 0.5, "noise": 0.5, "mix": 0.5}.get(name, 2)})
    x = images()
    before = x.clone()
    found = changed(augmentation, x)
    assert found.shape == x.shape
    assert torch.equal(x, before)
    assert not torch.equal(found, x)
    assert torch.equal(found, changed(augmentation, x))
    assert not torch.equal(found, changed(augmentation, x, seed=1))


def test_half_of_the_images_are_mirrored() -> None:
    x = images()
    found = changed(Augmentation(mirror=True), x)
    as_it_was = (found == x).flatten(1).all(1)
    mirrored = (found == x.flip(2)).flatten(1).all(1)
    assert (as_it_was ^ mirrored).all()
    assert 16 < int(mirrored.sum()) < 48


def test_images_are_shifted_and_their_edges_repeated() -> None:
    x = images()
    seen = set()
    for image, found in zip(x, changed(Augmentation(shift=1), x), strict=True):
        padded = torch.nn.functional.pad(image.permute(2, 0, 1), (1, 1, 1, 1), mode="replicate").permute(
            1, 2, 0
        )
        places = [
            (row, column)
            for row in range(3)
            for column in range(3)
            if torch.equal(found, padded[row : row + 6, column : column + 5])
        ]
        assert len(places) == 1
        seen.update(places)
    assert len(seen) == 9


def test_series_are_delayed_along_time_alone() -> None:
    x = torch.arange(8.0).reshape(1, 8, 1).expand(200, 8, 3)
    found = changed(Augmentation(delay=2), x)
    assert {tuple(each[:, 0].tolist()) for each in found} == {
        tuple(np.clip(np.arange(8) + step, 0, 7).tolist()) for step in range(-2, 3)
    }
    assert torch.equal(found[..., :1].expand_as(found), found)


def test_a_square_is_erased() -> None:
    x = images()
    erased = (changed(Augmentation(erase=2), x) != x).all(-1)
    counts = erased.flatten(1).sum(1)
    assert set(counts.tolist()) == {1, 2, 4}
    assert torch.allclose(
        changed(Augmentation(erase=2), x)[erased][:, 0],
        x.mean((1, 2, 3)).repeat_interleave(counts),
        atol=1e-6,
    )


def test_gain_noise_and_mixture_are_as_large_as_they_say() -> None:
    x = images(2000)
    factors = (changed(Augmentation(gain=0.2), x) / x).flatten(1)
    assert torch.allclose(factors, factors[:, :1], rtol=1e-4)
    assert 0.8 <= float(factors.min()) < 0.81
    assert 1.19 < float(factors.max()) < 1.2001
    noise = changed(Augmentation(noise=0.1), 50 * x) - 50 * x
    assert float(noise.std() / (50 * x).std(dim=(1, 2, 3), correction=0).mean()) == pytest.approx(
        0.1, rel=0.05
    )
    constant = torch.arange(8.0).reshape(8, 1, 1, 1).expand(8, 6, 5, 2)
    mixed = changed(Augmentation(mix=0.5), constant)
    assert torch.allclose(mixed, mixed[:, :1, :1, :1].expand_as(mixed))
    assert not torch.equal(mixed, constant)
    assert float(mixed.mean()) == pytest.approx(3.5, abs=1.5)


def test_integers_are_moved_but_not_mixed() -> None:
    x = torch.randint(0, 255, (8, 6, 5, 1), dtype=torch.uint8)
    assert torch.equal(changed(Augmentation(gain=0.5, noise=1.0, mix=0.5), x), x)
    assert changed(Augmentation(mirror=True, shift=1, erase=2), x).dtype is torch.uint8


def network(*shape: int) -> Graph:
    """A dense layer."""
    build, rng = GraphBuilder("dense"), np.random.default_rng(0)
    x = build.input("x", DType.F32, (1, *shape))
    flat = build.add("reshape", [x], {"shape": (1, int(np.prod(shape)))})
    weights = build.constant("w", rng.normal(size=(3, int(np.prod(shape)))).astype(np.float32))
    bias = build.constant("b", np.zeros(3, np.float32))
    return build.build([build.add("softmax", [build.add("fully_connected", [flat, weights, bias])])])


def test_what_fits_no_input_is_refused() -> None:
    Augmentation(mirror=True, noise=0.1).check(network(6, 5, 2))
    with pytest.raises(UsageError, match=r"mirror changes images .* 'dense' has the inputs \[1, 8\]"):
        Augmentation(mirror=True).check(network(8))
    for wrong in ({"shift": -1}, {"gain": 1.0}, {"mix": 0.6}, {"noise": float("nan")}):
        with pytest.raises(UsageError, match=r"\[augment\] has"):
            Augmentation(**wrong)


RECIPE = """
[augment]
mirror = true
noise = 0.1
[[stage]]
technique = "prune"
channels = 0.1
"""


def test_recipes_say_how(tmp_path: Path) -> None:
    path = tmp_path / "recipe.toml"
    path.write_text(RECIPE)
    assert read_recipe(path, TECHNIQUES).augment == Augmentation(mirror=True, noise=0.1)
    for wrong, reason in (
        ("mirror = 1", "mirror is true or false"),
        ("blur = 1", r"\[augment\] knows no 'blur'; it knows mirror, shift"),
        ("shift = 1.5", "shift is an integer"),
    ):
        path.write_text(RECIPE.replace("mirror = true", wrong))
        with pytest.raises(UsageError, match=reason):
            read_recipe(path, TECHNIQUES)


def test_stages_train_on_changed_samples(tmp_path: Path) -> None:
    rng, graph = np.random.default_rng(1), network(6, 5, 2)
    data = training_data(graph, {"x": rng.normal(size=(40, 6, 5, 2)), "y": rng.integers(0, 3, 40)})
    stage = Stage("sparsify", {"share": 0.2}, Training(epochs=1))

    def weights(name: str, augment: Augmentation) -> bytes:
        recipe = Recipe((stage,), augment=augment)
        (done,) = Compression(graph, recipe, data, tmp_path / name).run()
        return done.graph.constants["w"].tobytes()

    plain, noisy = weights("plain", Augmentation()), weights("noisy", Augmentation(noise=0.5))
    assert plain != noisy
    assert noisy == weights("again", Augmentation(noise=0.5))
    with pytest.raises(UsageError, match="shift changes images"):
        Compression(network(8), Recipe((stage,), augment=Augmentation(shift=1)), data, tmp_path / "no").run()
