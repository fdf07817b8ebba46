"""The interpreter step by step and measured; where each tensor is in the arena."""

from __future__ import annotations

import json
import shutil
import subprocess
from itertools import combinations
from pathlib import Path

import numpy as np
import pytest
from small_models import plain_int8
from test_custom_and_variables import SANITIZERS
from typer.testing import CliRunner

from smelt.cli.main import app
from smelt.codegen.interpreter import needed_operators
from smelt.engines.interpreted import InterpretedEngine, write_interpreter
from smelt.formats.tflite import read_tflite, write_tflite
from smelt.operators.evaluate import evaluate_graph


def test_steps_and_ticks(tmp_path: Path) -> None:
    compiler = shutil.which("gcc")
    if compiler is None:
        pytest.skip("gcc is not here, whose sanitizers are used")
    model = write_tflite(plain_int8())
    (tmp_path / "model.tflite").write_bytes(model)
    sources = write_interpreter(tmp_path / "c", needed_operators(model))
    main = Path(__file__).with_name("optional_parts.c")
    flags = ("-std=c99", "-Wall", "-Wextra", "-Werror", "-O1", *SANITIZERS, f"-I{tmp_path / 'c'}")
    kept = [path for path in sources if path.name != "interpreted.c"]
    subprocess.run([compiler, *flags, main, *kept, "-o", tmp_path / "parts", "-lm"], check=True)
    command = [tmp_path / "parts", tmp_path / "model.tflite"]
    *outputs, ticks = subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines()

    graph = read_tflite(model)
    value = graph.values[graph.inputs[0]]
    data = (7 * np.arange(value.bytes) % 256).astype(np.uint8).view(value.dtype.numpy).reshape(value.shape)
    expected = evaluate_graph(graph, {value.name: data})[graph.outputs[0]]
    assert [bytes.fromhex(line) for line in outputs] == [expected.tobytes()] * 3
    measured = [int(number) for number in ticks.split()]
    assert len(measured) == len(graph.nodes) > 2
    # the last one has no room for its ticks, and the clock is read twice for each of the others
    assert measured == [5] * (len(measured) - 1) + [0]


def test_items_are_apart_and_fill_the_arena() -> None:
    model = write_tflite(plain_int8())
    graph = read_tflite(model)
    with InterpretedEngine(model, graph) as engine:
        items, use = engine.arena_items(), engine.arena
    planned = [item for item in items if item.place == "planned" and item.bytes]
    assert {*graph.inputs, *graph.outputs} <= {item.name for item in planned}
    assert max(item.offset + item.bytes for item in planned) == use.bytes
    assert min(item.offset for item in planned) == use.state + use.kept
    assert max(item.bytes for item in planned if not item.name) == use.scratch
    pairs = [(a, b) for a, b in combinations(planned, 2) if a.first <= b.last and b.first <= a.last]
    assert pairs
    assert all(a.offset + a.bytes <= b.offset or b.offset + b.bytes <= a.offset for a, b in pairs)
    for item in items:
        if item.place == "file" and item.name in graph.constants:
            assert item.bytes == graph.values[item.name].bytes
    (output,) = (item for item in planned if item.name == graph.outputs[0])
    assert output.last == len(graph.nodes)


def test_the_command_lists_them(tmp_path: Path) -> None:
    path = tmp_path / "model.tflite"
    path.write_bytes(write_tflite(plain_int8()))
    graph = read_tflite(path.read_bytes())
    done = CliRunner().invoke(app, ["arena", str(path), "--json"])
    assert done.exit_code == 0, done.output
    items = json.loads(done.output)["items"]
    assert {item["place"] for item in items} >= {"file", "planned"}
    done = CliRunner().invoke(app, ["arena", str(path), "--tensors"])
    assert done.exit_code == 0, done.output
    assert "scratch memory" in done.output
    for item in items:
        assert item["place"] != "planned" or not item["bytes"] or str(item["offset"]) in done.output
    assert graph.inputs[0][:8] in done.output
