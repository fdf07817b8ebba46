"""Plans of the arena that are stored in the file: taken where they are right, and ignored where they are not."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from small_models import plain_int8
from test_custom_and_variables import SANITIZERS
from test_two_models import outputs
from typer.testing import CliRunner

from smelt.cli.main import app
from smelt.codegen.interpreter import needed_operators
from smelt.codegen.sources import RUNTIME
from smelt.engines.interpreted import ArenaUse, InterpretedEngine, write_interpreter
from smelt.engines.stored_plan import ANYWHERE, KERNEL_CONTRACT, PLAN, put_plan, with_stored_plan
from smelt.errors import UsageError
from smelt.formats.tflite import read_tflite, write_tflite
from smelt.formats.tflite.flatbuffer import read_flatbuffer, write_flatbuffer
from smelt.formats.tflite.schema import TFLITE
from smelt.targets import find_target

ROOM = 64
HEADER = 5
PLAIN = plain_int8()
MODEL = write_tflite(PLAIN)
TENSORS = len(read_flatbuffer(MODEL, TFLITE).subgraphs[0].tensors)


@pytest.fixture(scope="module")
def greedy() -> ArenaUse:
    with InterpretedEngine(MODEL, read_tflite(MODEL)) as engine:
        return engine.arena


@pytest.fixture(scope="module")
def words() -> list[int]:
    """Of the plan that smelt stores for this computer."""
    with InterpretedEngine(MODEL, read_tflite(MODEL)) as engine:
        data, _ = with_stored_plan(MODEL, engine.arena_items(), find_target("host"))
    return np.frombuffer(read_tflite(data).metadata[PLAN], "<u4").tolist()


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Path:
    compiler = shutil.which("gcc")
    if compiler is None:
        pytest.skip("gcc is not here, whose sanitizers are used")
    folder = tmp_path_factory.mktemp("stored")
    sources = write_interpreter(folder / "c", needed_operators(MODEL))
    sources = tuple(path for path in sources if path.name != "interpreted.c")
    main = Path(__file__).with_name("stored_plan.c")
    flags = ("-std=c99", "-Wall", "-Wextra", "-Werror", "-O1", *SANITIZERS, f"-I{folder / 'c'}")
    subprocess.run([compiler, *flags, main, *sources, "-o", folder / "stored", "-lm"], check=True)
    return folder / "stored"


def planned(program: Path, models: Sequence[bytes], use: ArenaUse, folder: Path) -> list[int]:
    """The bytes of what is planned, of each model, whose outputs are right."""
    paths = [folder / f"{k}.tflite" for k in range(len(models))]
    for path, model in zip(paths, models, strict=True):
        path.write_bytes(model)
    done = subprocess.run(
        [program, str(use.bytes + ROOM), *paths], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr[-3000:]
    lines = [line.split() for line in done.stdout.splitlines()]
    assert len(lines) == len(models)
    assert {bytes.fromhex(found) for _, found in lines} == {outputs(PLAIN, 0)}
    return [int(number) for number, _ in lines]


def moved(words: Sequence[int], by: int) -> list[int]:
    """All further behind in the arena."""
    offsets = [word + by if word != ANYWHERE else word for word in words[HEADER:]]
    return [*words[:3], words[3] + by, words[4], *offsets]


def offline(offsets: Sequence[int]) -> bytes:
    """TensorFlow Lite Micro's own metadata."""
    tree = read_flatbuffer(MODEL, TFLITE)
    data = np.array([1, 0, len(offsets), *offsets], "<u4").view(np.uint8)
    buffers = [*tree.buffers, TFLITE.record("Buffer", data=data)]
    entry = TFLITE.record("Metadata", name="OfflineMemoryAllocation", buffer=len(buffers) - 1)
    return write_flatbuffer(tree.replace(buffers=buffers, metadata=[*tree.metadata, entry]), TFLITE)


def smallest_tensor() -> tuple[int, int]:
    """The number and the bytes of the smallest tensor that is planned."""
    with InterpretedEngine(MODEL, read_tflite(MODEL)) as engine:
        items = engine.arena_items()[:TENSORS]
    sizes = {k: item.bytes for k, item in enumerate(items) if item.place == "planned"}
    return min(sizes.items(), key=lambda pair: pair[1])


def test_a_plan_is_taken(program: Path, words: list[int], greedy: ArenaUse, tmp_path: Path) -> None:
    models = [put_plan(MODEL, moved(words, by)) for by in (0, 8, ROOM)]
    assert planned(program, models, greedy, tmp_path) == [words[3], words[3] + 8, words[3] + ROOM]
    small, size = smallest_tensor()
    offsets = [ANYWHERE] * TENSORS
    offsets[small] = greedy.planned
    assert planned(program, [offline(offsets)], greedy, tmp_path) == [greedy.planned + size]


def test_what_does_not_fit_is_ignored(
    program: Path, words: list[int], greedy: ArenaUse, tmp_path: Path
) -> None:
    right = moved(words, ROOM)
    where = [k for k in range(HEADER, len(right)) if right[k] != ANYWHERE]

    def changed(**changes: int) -> bytes:
        return put_plan(MODEL, [changes.get(f"w{k}", word) for k, word in enumerate(right)])

    with InterpretedEngine(MODEL, read_tflite(MODEL)) as engine:
        items = engine.arena_items()
    other_core, _ = with_stored_plan(MODEL, items, find_target("cortex-m4"))
    core = np.frombuffer(read_tflite(other_core).metadata[PLAN], "<u4")[1]
    tree = read_flatbuffer(put_plan(MODEL, right), TFLITE)
    another = write_flatbuffer(tree.replace(description="another model"), TFLITE)
    models = [
        changed(w0=KERNEL_CONTRACT + 1),
        changed(w1=int(core)),
        changed(w3=8),
        changed(w4=right[4] - 1),
        another,
        put_plan(MODEL, right[:-1]),
        put_plan(MODEL, moved(words, ROOM + 8)),
        put_plan(MODEL, moved(words, 4)),
        put_plan(MODEL, [*right[:HEADER], *(ROOM if word != ANYWHERE else word for word in right[HEADER:])]),
        *(changed(**{f"w{k}": 0xFFFFFFF8}) for k in where),
        offline(right[HEADER : HEADER + TENSORS - 1]),
        offline([ROOM] * TENSORS),
        offline([0x7FFFFFF8] * TENSORS),
    ]
    assert int(core) != right[1]
    assert planned(program, models, greedy, tmp_path) == [greedy.planned] * len(models)


def test_hostile_plans_do_no_harm(program: Path, words: list[int], greedy: ArenaUse, tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    values = [0, 8, 16, 64, 128, 1024, greedy.planned, 4, 0x3FFFFFF8, 0x7FFFFFFF, 0x80000000, ANYWHERE]
    models = []
    for k in range(150):
        hostile = moved(words, ROOM)
        hostile[3] = int(rng.choice([greedy.planned + ROOM, 0x7FFFFFFF, ANYWHERE]))
        for at in rng.integers(HEADER, len(hostile), 1 + k % 3):
            hostile[at] = int(rng.choice(values))
        models.append(put_plan(MODEL, hostile) if k % 2 else offline(hostile[HEADER : HEADER + TENSORS]))
    found = planned(program, models, greedy, tmp_path)
    assert greedy.planned in found
    assert max(found) > greedy.planned


def test_the_command_stores_one(words: list[int], tmp_path: Path) -> None:
    source, result = tmp_path / "model.tflite", tmp_path / "planned.tflite"
    source.write_bytes(MODEL)
    command = ["arena", str(source), "--target", "host", "--store-plan"]
    assert isinstance(CliRunner().invoke(app, command).exception, UsageError)
    assert not result.exists()
    done = CliRunner().invoke(app, [*command, "-o", str(result)])
    assert done.exit_code == 0, done.output
    assert np.frombuffer(read_tflite(result.read_bytes()).metadata[PLAN], "<u4").tolist() == words
    again = CliRunner().invoke(
        app, ["arena", str(result), "--target", "host", "--store-plan", "-o", str(source)]
    )
    assert again.exit_code == 0, again.output
    assert len(read_flatbuffer(source.read_bytes(), TFLITE).metadata) == 1


def test_the_contract_s_number_is_that_of_the_header() -> None:
    header = (RUNTIME / "optional" / "smelt_stored_plan.h").read_text(encoding="utf-8")
    assert re.findall(r"SMELT_KERNEL_CONTRACT = (\d+)", header) == [str(KERNEL_CONTRACT)]
