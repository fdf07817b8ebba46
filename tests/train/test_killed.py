"""`smelt compress` killed in the middle of a stage, by the signal that no program can catch, and started again."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from small_models import small_float, small_samples

import smelt

for package in ("torch", "matplotlib", "unicorn"):
    pytest.importorskip(package, reason=f"{package} is not installed")

from smelt.train import make_student  # noqa: E402

RECIPE = """
seed = 4

[training]
batch_size = 2
epochs = 60

[[stage]]
technique = "prune"
channels = 0.2

[[stage]]
technique = "qat"
epochs = 2
"""


def start(folder: Path, output: str) -> subprocess.Popen[str]:
    names = ("model.tflite", "recipe.toml", "train.npz")
    model, recipe, train = (str(folder / name) for name in names)
    words = ["compress", model, "--recipe", recipe, "--train", train, "-o", str(folder / output), "--json"]
    return subprocess.Popen(
        [sys.executable, "-m", "smelt", *words],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
    )


def finished(process: subprocess.Popen[str]) -> list[dict[str, float]]:
    out, said = process.communicate(timeout=300)
    assert process.returncode == 0, said
    return list(json.loads(out))


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="no SIGKILL on this system")
def test_the_same_weights_after_a_kill(tmp_path: Path) -> None:
    smelt.save(make_student("cnn", small_float(), depth=2), tmp_path / "model.tflite")
    x = small_samples(40)
    np.savez(tmp_path / "train.npz", x=x, y=np.random.default_rng(1).integers(0, 5, len(x)))
    (tmp_path / "recipe.toml").write_text(RECIPE)
    whole = finished(start(tmp_path, "whole"))

    process, stages = start(tmp_path, "killed"), tmp_path / "killed/stages"
    while not (stages / "1-prune.pt").exists() and process.poll() is None:
        time.sleep(0.005)
    process.kill()
    assert process.wait() == -signal.SIGKILL
    process.communicate()
    assert not (stages / "1-prune.json").exists()  # it was in the middle
    assert not (tmp_path / "killed/model.tflite").exists()

    again = finished(start(tmp_path, "killed"))
    for one, other in zip(whole, again, strict=True):
        assert {**one, "seconds": 0} == {**other, "seconds": 0}
    models = [(tmp_path / folder / "model.tflite").read_bytes() for folder in ("whole", "killed")]
    assert models[0] == models[1]
