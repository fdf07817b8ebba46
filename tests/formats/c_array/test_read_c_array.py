"""A .tflite file comes out of a C array as it went in, whoever wrote the array; other files are refused in words."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from small_models import small_int8

import smelt
from smelt.errors import FormatError
from smelt.formats.tflite import write_tflite

MODEL = write_tflite(small_int8())


def convert(source: Path, output: Path, *options: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "smelt", "convert", source, "-o", output, *options]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def decimal(data: bytes) -> str:
    return (
        "static const char m[ ] PROGMEM = {" + ",".join(str(b - 256 if b > 127 else b) for b in data) + ", };"
    )


def in_columns(data: bytes) -> str:
    rows = "".join(
        f"  0X{byte:02X}u,{' // a, comment }' if k % 7 == 0 else ''}\n" for k, byte in enumerate(data)
    )
    return (
        f'#include "m.h"\nalignas(16) const unsigned char g_model[{len(data)}] = {{\n{rows}}};\nint n = 3;\n'
    )


def in_braces(data: bytes) -> str:
    table = "const int sizes[2] = {1, 2};\n/* other[] = {7 */\n"
    numbers = ", ".join(f"{byte:#b}" if k % 2 else f"0{byte:o}" for k, byte in enumerate(data))
    return f"{table}constexpr std::uint8_t model[] __attribute__((aligned(16))) {{{numbers}}};"


@pytest.mark.parametrize("style", [decimal, in_columns, in_braces])
@pytest.mark.parametrize("suffix", [".h", ".cc"])
def test_formatting(style: Callable[[bytes], str], suffix: str, tmp_path: Path) -> None:
    source, output = tmp_path / f"m{suffix}", tmp_path / "m.tflite"
    source.write_text(style(MODEL))
    assert convert(source, output).returncode == 0
    assert output.read_bytes() == MODEL
    assert [node.operator for node in smelt.load(source).nodes] == [n.operator for n in small_int8().nodes]


def test_xxd(tmp_path: Path) -> None:
    if shutil.which("xxd") is None:
        pytest.skip("xxd is not here")
    (tmp_path / "a.tflite").write_bytes(MODEL)
    with (tmp_path / "a.c").open("wb") as stream:
        subprocess.run(["xxd", "-i", "a.tflite"], cwd=tmp_path, stdout=stream, check=True)
    assert convert(tmp_path / "a.c", tmp_path / "b.tflite").returncode == 0
    assert (tmp_path / "b.tflite").read_bytes() == MODEL


@pytest.mark.parametrize("suffix", [".h", ".hpp", ".c", ".cc", ".cpp"])
def test_there_and_back(suffix: str, tmp_path: Path) -> None:
    # bytes that smelt's writer would not write: behind the last part of the file
    original = MODEL + b"a tail"
    (tmp_path / "m.tflite").write_bytes(original)
    array = tmp_path / f"data{suffix}"
    assert convert(tmp_path / "m.tflite", array).returncode == 0
    assert convert(array, tmp_path / "back.tflite").returncode == 0
    assert (tmp_path / "back.tflite").read_bytes() == original
    assert convert(tmp_path / "m.tflite", array, "--passes", "").returncode == 0
    assert smelt.formats.load_tflite(array) != original


def test_the_header_beside_a_source_is_no_input(tmp_path: Path) -> None:
    (tmp_path / "m.h").write_text(decimal(MODEL))
    done = convert(tmp_path / "m.h", tmp_path / "m.c")
    assert done.returncode == 2
    assert "is an input" in done.stderr
    assert sorted(tmp_path.iterdir()) == [tmp_path / "m.h"]


REFUSED = {
    "int main(void) { return 0; }": "no array of numbers",
    "extern const unsigned char m[40];": "another file defines",
    "const int a[] = {1, 2, 3};": "no array in it holds a .tflite file; there are: a",
    decimal(MODEL)[:-20]: "is cut off",
    decimal(MODEL) + decimal(MODEL).replace(" m[", " n["): "several models: m, n",
    decimal(MODEL).replace("m[ ]", f"m[{len(MODEL) + 1}]"): "a part is missing",
    decimal(MODEL).replace(", };", ", LAST};"): "no byte: 'LAST'",
    decimal(MODEL).replace(", };", ", 256};"): "no byte: '256'",
    decimal(MODEL[:40]): "at byte 32 of a file of 40 bytes",
}


@pytest.mark.parametrize("text", REFUSED, ids=range(len(REFUSED)))
def test_refused(text: str, tmp_path: Path) -> None:
    (tmp_path / "m.c").write_text(text)
    with pytest.raises(FormatError, match=REFUSED[text]) as caught:
        smelt.load(tmp_path / "m.c")
    assert "m.c: " in str(caught.value)
    done = convert(tmp_path / "m.c", tmp_path / "m.tflite")
    assert (done.returncode, done.stderr.count("\n")) == (2, 1)
    assert "m.c: " in done.stderr
    assert not (tmp_path / "m.tflite").exists()
