"""smelt compress: what it writes, what it prints, what it refuses."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from small_models import small_float, small_samples

import smelt
from smelt.cli.main import main
from smelt.ir import DType

for module in ("torch", "matplotlib", "unicorn"):
    pytest.importorskip(module, reason=f"{module} is not installed")

from smelt.train import make_student  # noqa: E402

RECIPE = """
[training]
epochs = 1
[[stage]]
technique = "prune"
cycles = 0.8
[[stage]]
technique = "qat"
"""
Compress = Callable[..., tuple[int, str, str]]


@pytest.fixture
def compress(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Compress:
    """Runs `smelt compress model.tflite … ARGUMENTS`: the exit code, and what it wrote."""
    smelt.save(make_student("cnn", small_float(), depth=2), tmp_path / "model.tflite")
    x = small_samples(40)
    labels = np.random.default_rng(1).integers(0, 5, len(x))
    np.savez(tmp_path / "train.npz", x=x, y=labels)
    np.savez(tmp_path / "unlabelled.npz", x=x)
    (tmp_path / "recipe.toml").write_text(RECIPE)

    def call(*arguments: str | Path, train: str = "train.npz") -> tuple[int, str, str]:
        said = ["--recipe", tmp_path / "recipe.toml", "--train", tmp_path / train, "-o", tmp_path / "out"]
        words = ["compress", tmp_path / "model.tflite", *said, *arguments]
        monkeypatch.setattr(sys, "argv", ["smelt", *map(str, words)])
        code: object = 0
        try:
            main()
        except SystemExit as exit_:
            code = exit_.code
        return int(str(code or 0)), *capsys.readouterr()

    return call


def test_a_recipe_gives_a_model_firmware_and_a_report(compress: Compress, tmp_path: Path) -> None:
    code, out, said = compress("--evaluate", tmp_path / "train.npz", "--json")
    assert code == 0, said
    rows = json.loads(out)
    assert [row["label"] for row in rows] == ["original", "1-prune", "2-qat"]
    assert rows[1]["cycles"] <= 0.8 * rows[0]["cycles"]
    assert rows == json.loads((tmp_path / "out/log.json").read_text())
    model = smelt.load(tmp_path / "out/model.tflite")
    assert model.values[model.inputs[0]].dtype is DType.S8
    labelled = dict(np.load(tmp_path / "train.npz"))
    with smelt.open_engine("reference", model) as engine:
        name, output = engine.inputs[0].name, engine.outputs[0].name
        samples = smelt.samples_for(model, {"x": labelled["x"]})
        found = [int(np.argmax(engine.run({name: sample[name]})[output])) for sample in samples]
    assert rows[2]["tested"] == pytest.approx(np.mean(found == labelled["y"]))
    assert (tmp_path / "out/firmware/model.c").exists()
    assert (tmp_path / "out/pareto.png").read_bytes().startswith(b"\x89PNG")
    page = (tmp_path / "out/report.html").read_text()
    assert "<svg" in page
    assert all(row["label"] in page for row in rows)

    before = (tmp_path / "out/model.tflite").read_bytes()
    code, table, _ = compress()
    assert code == 0
    assert "1-prune" in table
    assert (tmp_path / "out/model.tflite").read_bytes() == before


def test_without_labels_there_is_no_accuracy(compress: Compress, tmp_path: Path) -> None:
    code, out, said = compress("--json", train="unlabelled.npz")
    assert code == 0, said
    assert {row["chosen_by"] for row in json.loads(out)} == {None}


def test_refusals(compress: Compress, tmp_path: Path) -> None:
    code, _, said = compress("--evaluate", tmp_path / "unlabelled.npz")
    assert (code, "integer class labels" in said) == (2, True)
    (tmp_path / "recipe.toml").write_text(RECIPE.replace("0.8", "0.0001"))
    code, _, said = compress()
    assert code == 2
    assert said.startswith("stage 1 of 2: prune\nsmelt: stage 1 (prune): pruning reaches")
    assert not (tmp_path / "out/model.tflite").exists()
    (tmp_path / "recipe.toml").write_text("[[stage]]\ntechnique = 'shrink'")
    code, _, said = compress()
    assert (code, "there are prune" in said) == (2, True)
    (tmp_path / "out").rename(tmp_path / "stages so far")
    (tmp_path / "out").write_text("a file")
    code, _, said = compress()
    assert (code, "is a file: give a folder" in said) == (2, True)
    assert (tmp_path / "out").read_text() == "a file"
