"""smelt compress: what it writes, what it prints, what it refuses."""

from __future__ import annotations

import io
import json
import re
import shutil
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from rich.console import Console
from small_models import small_float, small_samples

import smelt
from smelt.cli import console
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


def test_each_error_of_training_is_a_paragraph_and_the_best_so_far_is_kept(
    compress: Compress, tmp_path: Path
) -> None:
    recipe = tmp_path / "recipe.toml"

    def refused(text: str, *arguments: str, train: str = "train.npz") -> str:
        shutil.rmtree(tmp_path / "out", ignore_errors=True)
        recipe.write_text(text)
        code, out, said = compress(*arguments, train=train)
        paragraph = said.split("smelt: ", 1)[1]
        assert (code, out, paragraph.strip().count("\n")) == (2, "", 0), said
        assert not (tmp_path / "out/model.tflite").exists()
        return paragraph

    first = "[training]\nepochs = 1\n[[stage]]\ntechnique = 'prune'\nchannels = 0.2\n"
    said = refused(first + "labels = 0.5", train="unlabelled.npz")
    assert "stage 1 (prune)" in said
    assert "labels" in said
    said = refused(first + "[[stage]]\ntechnique = 'low-rank'\nenergy = 0.9\nrate = 1e30\nepochs = 2")
    assert "stage 2 (low-rank): training stopped: the loss is" in said
    assert f"The best so far is '{tmp_path / 'out/so_far.tflite'}'" in said
    assert all(
        np.isfinite(array).all() for array in smelt.load(tmp_path / "out/so_far.tflite").constants.values()
    )
    said = refused(first + "[[stage]]\ntechnique = 'prune'\ncycles = 0.0001")
    assert "stage 2 (prune): pruning reaches" in said
    kept = smelt.load(tmp_path / "out/so_far.tflite")  # what the first stage left
    assert sum(map(np.size, kept.constants.values())) < sum(
        map(np.size, smelt.load(tmp_path / "model.tflite").constants.values())
    )
    assert "cannot train on device 'tpus'" in refused(first, "--device", "tpus")
    assert "stage 1 (prune) knows no 'cycle'" in refused("[[stage]]\ntechnique = 'prune'\ncycle = 1")
    # another recipe for the same folder: what is there is left alone
    recipe.write_text(first + "epochs = 2")
    before = sorted((tmp_path / "out").rglob("*")) if (tmp_path / "out").exists() else []
    assert (compress()[0], before) == (0, [])
    recipe.write_text(first)
    code, _, said = compress()
    assert (code, "another recipe" in said, (tmp_path / "out/so_far.tflite").exists()) == (2, True, False)


def test_why_there_is_no_tflite_is_said(compress: Compress, tmp_path: Path) -> None:
    (tmp_path / "recipe.toml").write_text("[[stage]]\ntechnique = 'quantize'\nscheme = 'binary'")
    code, _, said = compress()
    assert code == 0, said
    assert "there is no model.tflite, the firmware alone: " in said
    assert not (tmp_path / "out/model.tflite").exists()
    assert (tmp_path / "out/firmware/model.c").exists()


def test_after_zeros_it_is_said_what_the_device_makes_of_them(compress: Compress, tmp_path: Path) -> None:
    (tmp_path / "recipe.toml").write_text(
        "[training]\nepochs = 0\n[[stage]]\ntechnique = 'sparsify'\nkeep = 2\n[[stage]]\ntechnique = 'quantize'"
    )
    code, _, said = compress()
    assert code == 0, said
    assert "% zeros: " in said
    assert "Zeros gain nothing on cortex-m4 as it is compiled now" in said.replace("\n", " ")


def test_a_terminal_shows_epochs_and_the_time_left(
    compress: Compress, monkeypatch: pytest.MonkeyPatch
) -> None:
    screen = io.StringIO()
    monkeypatch.setattr(console, "stderr", Console(file=screen, force_terminal=True, width=100))
    code, _, _ = compress()
    assert code == 0
    shown = re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", screen.getvalue())
    assert re.search(r"1-prune .* 1/1 0:00:00", shown)
    assert re.search(r"2-qat .* 1/1 0:00:00", shown)
