"""Two models that never run at once: what each keeps in an arena of its own, what they plan in one memory."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from small_models import plain_int8
from test_custom_and_variables import SANITIZERS
from test_interpreter import CASES
from test_two_models import ROUNDS

from smelt.codegen.interpreter import needed_operators
from smelt.engines.interpreted import InterpretedEngine, write_interpreter
from smelt.formats.tflite import read_tflite, write_tflite

STATEFUL = "svdf_plain_s8_s16"


def outputs(model: bytes) -> Iterator[bytes]:
    """Of the model alone, for the inputs that the program makes, one after the other."""
    graph = read_tflite(model)
    value = graph.values[graph.inputs[0]]
    with InterpretedEngine(model, graph) as engine:
        for round_ in range(ROUNDS):
            data = ((7 * np.arange(value.bytes) + round_) % 256).astype(np.uint8).view(value.dtype.numpy)
            yield engine.step({value.name: data.reshape(value.shape)})[graph.outputs[0]].tobytes()


def test_two_models_in_turn(tmp_path: Path) -> None:
    compiler = shutil.which("gcc")
    if compiler is None:
        pytest.skip("gcc is not here, whose sanitizers are used")
    models = [write_tflite(graph) for graph in (plain_int8(), CASES[STATEFUL].graph())]
    paths = [tmp_path / f"{k}.tflite" for k in range(len(models))]
    for path, model in zip(paths, models, strict=True):
        path.write_bytes(model)
    needed = sorted(
        {*needed_operators(models[0]), *needed_operators(models[1])}, key=lambda row: row.registration
    )
    sources = [path for path in write_interpreter(tmp_path / "c", needed) if path.name != "interpreted.c"]
    main = Path(__file__).with_name("shared_memory.c")
    flags = ("-std=c11", "-Wall", "-Wextra", "-Werror", "-O1", *SANITIZERS, f"-I{tmp_path / 'c'}")
    subprocess.run([compiler, *flags, main, *sources, "-o", tmp_path / "shared", "-lm"], check=True)
    done = subprocess.run([tmp_path / "shared", *paths], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-3000:]
    expected = list(zip(*map(outputs, models), strict=True))
    assert [bytes.fromhex(line) for line in done.stdout.split()] == [
        output for both in expected for output in both
    ]
