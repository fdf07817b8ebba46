"""What fuzzing of the interpreter kept, and its seeds, once more under Address- and UndefinedBehaviorSanitizer."""

from __future__ import annotations

import importlib.util
import shutil
import subprocess
from pathlib import Path

import pytest

FOLDER = Path(__file__).with_name("fuzz")


def test_the_corpus_is_harmless(tmp_path: Path) -> None:
    if shutil.which("gcc") is None:
        pytest.skip("gcc is not here, whose sanitizers are used")
    spec = importlib.util.spec_from_file_location("fuzz_run", FOLDER / "run.py")
    assert spec
    assert spec.loader
    fuzz = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(fuzz)
    program = fuzz.build(tmp_path, main=FOLDER / "replay.c", compiler="gcc")
    fuzz.unpack(tmp_path / "corpus")
    files = sorted((tmp_path / "corpus").iterdir())
    done = subprocess.run([program, *files], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-3000:]
    assert int(done.stdout) == len(files) > len(fuzz.seeds())
