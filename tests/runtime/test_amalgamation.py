"""The interpreter as one smelt.h and one smelt.c: without a warning, and the same outputs."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest
from small_models import plain_int8
from test_interpreter import CASES
from test_two_models import ROUNDS, WARNINGS, outputs, run
from typer.testing import CliRunner

from smelt.cli.main import app
from smelt.codegen.amalgamation import own_names_marked
from smelt.engines.toolchain import find_toolchain
from smelt.formats.tflite import write_tflite
from smelt.targets import find_target


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("amalgamation") / "interpreter"
    done = CliRunner().invoke(app, ["runtime", "--amalgamate", "-o", str(path)])
    assert done.exit_code == 0, done.output
    return path


@pytest.mark.parametrize("compilers", [("gcc", "g++"), ("clang", "clang++")], ids=["gcc", "clang"])
def test_two_models(compilers: tuple[str, str], folder: Path, tmp_path: Path) -> None:
    missing = [name for name in compilers if shutil.which(name) is None]
    if missing:
        pytest.skip(f"{missing[0]} is not here")
    assert {path.name for path in folder.glob("*.[ch]")} == {"smelt.c", "smelt.h", "smelt_all_operators.h"}
    (tmp_path / "smelt_interpreter.h").write_text(
        '#include "smelt.h"\n'
    )  # the name that the program includes
    flags = [*WARNINGS, "-O1", "-I", folder, "-I", tmp_path]
    run([compilers[0], "-std=c99", *flags, "-c", folder / "smelt.c", "-o", tmp_path / "smelt.o"])
    main = Path(__file__).with_name("two_models.cpp")
    program = tmp_path / "two_models"
    run([compilers[1], "-std=c++11", *flags, main, tmp_path / "smelt.o", "-lm", "-o", program])
    graphs = (plain_int8(), CASES["softmax_s8_0"].graph())
    paths = [tmp_path / f"{k}.tflite" for k in range(2)]
    for graph, path in zip(graphs, paths, strict=True):
        path.write_bytes(write_tflite(graph))
    found = [bytes.fromhex(line) for line in run([program, *paths]).split()]
    assert found == [outputs(graph, round_) for round_ in range(ROUNDS) for graph in graphs]


@pytest.mark.parametrize("target", ["cortex-m4", "cortex-m0plus"])
@pytest.mark.parametrize("defines", [(), ("SMELT_NO_MESSAGES",)], ids=["messages", "no_messages"])
def test_no_warning(target: str, defines: tuple[str, ...], folder: Path, tmp_path: Path) -> None:
    toolchain = find_toolchain(find_target(target))
    main = tmp_path / "main.c"
    main.write_text(
        '#include "smelt.h"\n#include "smelt_all_operators.h"\n'
        "int main(void);\nint main(void) {\n    return smelt_all_operators[0]->run == 0;\n}\n"
    )
    flags = toolchain.warning_flags
    toolchain.compile_firmware(
        [folder / "smelt.c", main],
        [folder],
        tmp_path / "x.elf",
        optimize="-Os",
        defines=defines,
        extra_flags=flags,
    )


def test_only_a_file_s_own_names_are_marked() -> None:
    text = (
        "#define TWICE(x) (2 * (x)) /* size */\nenum { size = 3 };\nstruct pair {\n    int size;\n};\n"
        'static int run(const struct pair *pair) {\n    return TWICE(pair->size) + size + "run"[0];\n}\n'
        "static const char table[2] = {1, 2};\nint smelt_run(void);\n"
    )
    found = own_names_marked("a", text)
    assert 'return TWICE_a(pair_a->size) + size_a + "run"[0];' in found
    assert "static int run_a(const struct pair_a *pair_a)" in found
    assert "table_a[2]" in found
    assert "(2 * (x)) /* size */" in found
    assert not re.search("smelt_run_a", found)
