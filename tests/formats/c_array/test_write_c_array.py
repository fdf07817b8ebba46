"""The C array of a model compiles as C99, C11 and C++, is aligned, and holds the .tflite file."""

from __future__ import annotations

import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from small_models import small_int8

import smelt
from smelt.formats.tflite import write_tflite

STRICT = ["-Wall", "-Wextra", "-Wconversion", "-Wshadow", "-pedantic", "-Werror"]
DIALECTS = {"c99": ("gcc", "c"), "c11": ("gcc", "c"), "c++14": ("g++", "c++")}

DUMP = """
#include <stdio.h>
int main(void) {
    fwrite(the_model, 1, the_model_len, stdout);
    return (int)((size_t)the_model % 16);
}
"""


@pytest.mark.parametrize("dialect", DIALECTS)
@pytest.mark.parametrize("kind", ["header", "source"])
def test_it_compiles_and_holds_the_file(tmp_path: Path, dialect: str, kind: str) -> None:
    compiler, language = DIALECTS[dialect]
    if shutil.which(compiler) is None:
        pytest.skip(f"{compiler} is not installed")
    graph = replace(small_int8(), name="the model")
    expected = write_tflite(graph)
    if kind == "header":
        smelt.save(graph, tmp_path / "model.h")
        (tmp_path / "main.c").write_text(f'#include "model.h"\n{DUMP}')
        sources = ["main.c"]
    else:
        smelt.save(graph, tmp_path / "model.c")
        (tmp_path / "main.c").write_text(f'#include "model.h"\n{DUMP}')
        sources = ["main.c", "model.c"]
    command = [compiler, f"-std={dialect}", "-x", language, *STRICT, *sources, "-o", "dump"]
    subprocess.run(command, cwd=tmp_path, check=True)
    assert subprocess.run([tmp_path / "dump"], capture_output=True, check=True).stdout == expected


@pytest.mark.parametrize("name", ["a*/b", "7 segments", "größe", "", "*"])
def test_any_name_becomes_an_identifier(tmp_path: Path, name: str) -> None:
    smelt.save(replace(small_int8(), name=name), tmp_path / "model.h")
    (tmp_path / "main.c").write_text('#include "model.h"\nint main(void) { return 0; }\n')
    subprocess.run(["gcc", "-std=c99", "-Wno-unused", "-Werror", "-c", "main.c"], cwd=tmp_path, check=True)


def test_without_room_for_the_array_there_is_no_header(tmp_path: Path) -> None:
    """Files of this process can have 4 KiB at most: the header would fit."""
    (tmp_path / "model.tflite").write_bytes(write_tflite(small_int8()))
    program = (
        "import resource, signal, sys; from smelt.cli.main import main; signal.signal(signal.SIGXFSZ, signal.SIG_IGN); "
        "resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096)); "
        "sys.argv[1:] = ['convert', 'model.tflite', '-o', 'out/model.cc']; main()"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.returncode == 2, done.stderr
    assert "cannot write 'out/model.cc': File too large" in " ".join(done.stderr.split())
    assert list((tmp_path / "out").iterdir()) == []
