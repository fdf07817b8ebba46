"""Damaged models in the interpreter under AddressSanitizer and UndefinedBehaviorSanitizer."""

from __future__ import annotations

import shutil
import subprocess
from contextlib import suppress
from pathlib import Path

import pytest
from case_graphs import all_cases
from small_moves import BILINEAR, MOVES

from smelt.engines.interpreted import write_interpreter
from smelt.errors import UnsupportedError
from smelt.formats.tflite import write_tflite
from smelt.operators.interpreted import all_interpreted, find_interpreted

ATTEMPTS = 3000
SANITIZERS = ("-fsanitize=address,undefined", "-fno-sanitize-recover=all", "-fno-sanitize=shift-base")
CASES = {case.name: case for cases in all_cases().values() for case in cases}


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The harness with the interpreter and all its operators."""
    compiler = shutil.which("gcc")
    if compiler is None:
        pytest.skip("gcc is not here, whose sanitizers are used")
    folder = tmp_path_factory.mktemp("hostile")
    sources = write_interpreter(folder / "c", all_interpreted())
    sources = tuple(path for path in sources if path.name != "interpreted.c")
    harness = Path(__file__).with_name("hostile.c")
    flags = ("-std=c11", "-g", "-O1", *SANITIZERS, "-I", str(folder / "c"))
    command = [compiler, *flags, str(harness), *map(str, sources), "-o", str(folder / "hostile"), "-lm"]
    subprocess.run(command, check=True)
    return folder / "hostile"


def first_cases() -> list[str]:
    """One small case of every operator of the interpreter."""
    found: dict[str, str] = {}
    for name, case in CASES.items():
        data = case.inputs[0]
        key = f"{case.operator} {data.dtype if data else None}"
        if key not in found and data is not None and find_interpreted(case.operator, data.dtype):
            with suppress(UnsupportedError):
                write_tflite(case.graph())
                found[key] = name
    return sorted(found.values())


@pytest.mark.parametrize("name", first_cases())
def test_damaged_cases(name: str, program: Path, tmp_path: Path) -> None:
    run_damaged(write_tflite(CASES[name].graph()), program, tmp_path)


ONE_EACH = {move.code: move for move in (*MOVES.values(), *BILINEAR.values())}


@pytest.mark.parametrize("code", ONE_EACH)
def test_damaged_moves(code: str, program: Path, tmp_path: Path) -> None:
    run_damaged(ONE_EACH[code].model("int8"), program, tmp_path)


def run_damaged(model: bytes, program: Path, tmp_path: Path) -> None:
    (tmp_path / "model.tflite").write_bytes(model)
    done = subprocess.run(
        [program, tmp_path / "model.tflite", str(ATTEMPTS), "1"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr[-3000:]
    assert 0 < int(done.stdout) < ATTEMPTS  # some damage is harmless, some is not
