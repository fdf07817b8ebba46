"""Recipes: what they say, and what is said of bad ones."""

from __future__ import annotations

from pathlib import Path

import pytest

from smelt.errors import FormatError, UsageError

pytest.importorskip("torch", reason="torch is not installed")

from smelt.train import TECHNIQUES, Recipe, Stage, Training, read_recipe

WHOLE = """
seed = 7
held_out = 0.2

[training]
epochs = 5
labels = 0.5

[[stage]]
technique = "prune"
cycles = 0.5
criterion = "l1"
epochs = 20

[[stage]]
technique = "qat"
scheme = "int4"
rate = 1
"""


def written(folder: Path, text: str) -> Path:
    path = folder / "recipe.toml"
    path.write_text(text)
    return path


def test_a_recipe_is_read(tmp_path: Path) -> None:
    assert read_recipe(written(tmp_path, WHOLE), TECHNIQUES) == Recipe(
        (
            Stage("prune", {"cycles": 0.5, "criterion": "l1"}, Training(epochs=20, labels=0.5)),
            Stage("qat", {"scheme": "int4"}, Training(epochs=5, labels=0.5, rate=1.0)),
        ),
        seed=7,
        held_out=0.2,
    )


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "at least one"),
        ("[[stage]]\n", "None; there are prune"),
        ("[[stage]]\ntechnique = 'shrink'", "'shrink'; there are prune"),
        (
            "[[stage]]\ntechnique = 'prune'\nsparsity = 1",
            r"stage 1 \(prune\) knows no 'sparsity'; it knows techn",
        ),
        ("[[stage]]\ntechnique = 'prune'\ncycles = 'few'", "cycles is a number, not 'few'"),
        ("[[stage]]\ntechnique = 'prune'\nmultiple = 1.5", "multiple is an integer, not 1.5"),
        ("[[stage]]\ntechnique = 'prune'\nmultiple = true", "multiple is an integer, not True"),
        ("[[stage]]\ntechnique = 'prune'\nchannels = [1]", "channels is a number or a table"),
        ("[[stage]]\ntechnique = 'prune'\nchannels = {a = 'x'}", "channels: a is a number, not 'x'"),
        ("[[stage]]\ntechnique = 'cluster'\nvalues = {a = 2.5}", "values: a is an integer, not 2.5"),
        ("stage = 3", "stages are tables"),
        ("training = 3\n[[stage]]\ntechnique = 'prune'", "training is a table"),
        ("[training]\nlabels = 2\n[[stage]]\ntechnique = 'prune'", "labels is"),
        ("[training]\nspeed = 2", "knows no 'speed'"),
        ("held_out = 1.0\n[[stage]]\ntechnique = 'prune'", "between 0 and 1"),
        ("[[stage]]\ntechnique = 'quantize'\nepochs = 3", r"stage 1 \(quantize\) knows no 'epochs'"),
        ("sed = 1", "the recipe knows no 'sed'"),
    ],
)
def test_bad_recipes_are_refused_in_words(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(UsageError, match=said):
        read_recipe(written(tmp_path, text), TECHNIQUES)


def test_files_that_are_no_recipes(tmp_path: Path) -> None:
    with pytest.raises(FormatError, match="not a readable TOML"):
        read_recipe(written(tmp_path, "stage = = 3"), TECHNIQUES)
    with pytest.raises(FormatError, match="cannot read"):
        read_recipe(tmp_path / "nothing.toml", TECHNIQUES)
    path = tmp_path / "binary.toml"
    path.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(FormatError, match="not a readable TOML"):
        read_recipe(path, TECHNIQUES)
