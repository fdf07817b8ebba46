"""smelt_micro.h, the interpreter in the names of TensorFlow Lite Micro: outputs, descriptions and errors in C++."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest
from small_models import plain_int8

from smelt.codegen import write_folder
from smelt.codegen.interpreter import runtime_project
from smelt.codegen.micro_names import micro_name
from smelt.formats.tflite import read_tflite, write_tflite
from smelt.operators.evaluate import evaluate_graph
from smelt.operators.interpreted import all_interpreted

WARNINGS = ("-Wall", "-Wextra", "-Wconversion", "-Wshadow", "-pedantic", "-Werror")
BARE = ("-std=c++11", "-fno-exceptions", "-fno-rtti")


def run(*command: str | Path) -> str:
    done = subprocess.run([*map(str, command)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-3000:] + done.stdout[-500:]
    return done.stdout


@pytest.mark.parametrize("compilers", [("gcc", "g++"), ("clang", "clang++")], ids=["gcc", "clang"])
def test_a_model_in_their_names(compilers: tuple[str, str], tmp_path: Path) -> None:
    missing = [name for name in compilers if shutil.which(name) is None]
    if missing:
        pytest.skip(f"{missing[0]} is not here")
    folder = tmp_path / "interpreter"
    write_folder(runtime_project(), folder)
    model = write_tflite(plain_int8())
    (tmp_path / "m.tflite").write_bytes(model)
    objects = tmp_path / "objects"
    objects.mkdir()
    for source in sorted(folder.glob("*.c")):
        run(compilers[0], "-std=c99", "-O0", f"-I{folder}", "-c", source, "-o", objects / f"{source.stem}.o")
    main = Path(__file__).with_name("micro.cpp")
    sanitizer = "-fsanitize=undefined" if compilers[0] == "gcc" else "-O1"
    flags = (*BARE, *WARNINGS, sanitizer, f"-I{folder}")
    run(compilers[1], *flags, main, *objects.glob("*.o"), "-lm", "-o", tmp_path / "micro")
    said = run(tmp_path / "micro", tmp_path / "m.tflite").splitlines()

    graph = read_tflite(model)
    x, y = (graph.values[names[0]] for names in (graph.inputs, graph.outputs))
    expected = evaluate_graph(graph, {x.name: np.full(x.shape, 7, np.int8)})[y.name]
    once = [f"type 9 rank {len(v.shape)} last {v.shape[-1]} bytes {v.bytes}" for v in (x, y)]
    once += [str(number) for number in expected.ravel()]
    first = next(node for node in graph.nodes).operator.upper()
    rest = ["status -1 at -1 ", *once, f"status -4 at 0 {first}", "status -3 at -1 ", "1 0 1"]
    assert said == [*once, *rest, "full -1.250 7 ff z%"]


def test_names() -> None:
    theirs = (
        "conv_2d depthwise_conv_2d fully_connected average_pool_2d relu6 batch_matmul resize_nearest_neighbor"
    )
    names = "AddConv2D AddDepthwiseConv2D AddFullyConnected AddAveragePool2D AddRelu6 AddBatchMatMul"
    assert [micro_name(name) for name in theirs.split()] == [*names.split(), "AddResizeNearestNeighbor"]
    text = runtime_project()["smelt_micro_operators.h"]
    for row in all_interpreted():
        assert f"TfLiteStatus {micro_name(row.name, row.custom)}() {{" in text
        assert f"&{row.registration}," in text
