"""The folder that `smelt runtime` writes: without a warning in C and C++, and two models at once in one program."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterable
from pathlib import Path

import numpy as np
import pytest
from small_models import plain_int8
from test_interpreter import CASES

from smelt.codegen import write_folder
from smelt.codegen.interpreter import runtime_project
from smelt.formats.tflite import write_tflite
from smelt.ir import Graph
from smelt.operators.evaluate import evaluate_graph

WARNINGS = ("-Wall", "-Wextra", "-Wconversion", "-Wshadow", "-pedantic", "-Werror")
ROUNDS = 3


def run(command: Iterable[str | Path]) -> str:
    done = subprocess.run([*map(str, command)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-3000:]
    return done.stdout


def outputs(graph: Graph, round_: int) -> bytes:
    """Of the meaning of the operators, for the inputs that the program makes."""
    value = graph.values[graph.inputs[0]]
    data = ((7 * np.arange(value.bytes) + round_) % 256).astype(np.uint8).view(value.dtype.numpy)
    return evaluate_graph(graph, {value.name: data.reshape(value.shape)})[graph.outputs[0]].tobytes()


@pytest.mark.parametrize("compilers", [("gcc", "g++"), ("clang", "clang++")], ids=["gcc", "clang"])
def test_two_models_at_once(compilers: tuple[str, str], tmp_path: Path) -> None:
    missing = [name for name in compilers if shutil.which(name) is None]
    if missing:
        pytest.skip(f"{missing[0]} is not here")
    folder = tmp_path / "interpreter"
    write_folder(runtime_project(), folder)
    flags = [*WARNINGS, "-O1", "-I", folder]
    objects = tmp_path / "objects"
    objects.mkdir()
    for source in sorted(folder.glob("*.c")):
        run([compilers[0], "-std=c99", *flags, "-c", source, "-o", objects / f"{source.stem}.o"])
    program = tmp_path / "two_models"
    main = Path(__file__).with_name("two_models.cpp")
    run([compilers[1], "-std=c++11", *flags, main, *objects.glob("*.o"), "-lm", "-o", program])

    graphs = (plain_int8(), CASES["softmax_s8_0"].graph())
    paths = [tmp_path / f"{k}.tflite" for k in range(2)]
    for graph, path in zip(graphs, paths, strict=True):
        path.write_bytes(write_tflite(graph))
    found = [bytes.fromhex(line) for line in run([program, *paths]).split()]
    assert found == [outputs(graph, round_) for round_ in range(ROUNDS) for graph in graphs]
