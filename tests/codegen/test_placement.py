"""The placement macros reach every function and every table of a generated project."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest
from case_graphs import all_cases, merged
from small_models import small_int8

import smelt
from smelt.ir import Graph

SECTIONS = (
    '-DSMELT_CODE_SECTION=__attribute__((section(".itcm")))',
    '-DSMELT_WEIGHTS_SECTION=__attribute__((section(".weights")))',
    '-DSMELT_ARENA_SECTION=__attribute__((section(".dtcm")))',
)


def every_operator() -> Graph:
    """All cases of all families in one graph."""
    return merged("every_operator", [case.graph() for cases in all_cases().values() for case in cases])


def symbols(gcc: str, folder: Path, project: smelt.Project, optimize: str) -> list[tuple[str, str, str]]:
    """(section, kind, name) of what the project's objects define; kind F function, O object."""
    found = []
    for index, source in enumerate([*project.sources, "main.c"]):
        output = folder / f"{index}.o"
        flags = [
            *project.program.target.gcc_flags,
            "-std=c99",
            "-Wall",
            "-Wextra",
            "-Werror",
            optimize,
            *SECTIONS,
        ]
        subprocess.run([gcc, *flags, "-I", folder, "-c", folder / source, "-o", output], check=True)
        listed = subprocess.run(
            [gcc.removesuffix("gcc") + "objdump", "-t", output], capture_output=True, text=True, check=True
        )
        # 00000000 l     F .itcm  00000020 name
        pattern = r"^[0-9a-f]{8} [lgw].{5}([FO]) (\S+)\s+[0-9a-f]+ (?:\.hidden )?(\S+)$"
        found += [
            (section, kind, name)
            for kind, section, name in re.findall(pattern, listed.stdout, re.MULTILINE)
            if source != "main.c" or name == "arena"
        ]
    return found


@pytest.mark.parametrize("optimize", ["-O0", "-O2"])
@pytest.mark.parametrize("model", [small_int8, every_operator])
def test_everything_lands_in_its_section(tmp_path: Path, model: object, optimize: str) -> None:
    """At -O0 nothing is inlined: small helper functions count, too."""
    gcc = shutil.which("arm-none-eabi-gcc")
    if gcc is None:
        pytest.skip("arm-none-eabi-gcc is not installed")
    assert callable(model)
    # keep_all: the best order of hundreds of operators that have nothing to do with each other is not the question
    project = smelt.generate(model(), smelt.find_target("cortex-m0plus"), keep_all=model is every_operator)
    smelt.write_project(project, tmp_path / "c")
    found = symbols(gcc, tmp_path / "c", project, optimize)
    functions = {name: section for section, kind, name in found if kind == "F"}
    assert f"{project.name}_invoke" in functions
    assert len(functions) > 5
    assert {name: section for name, section in functions.items() if section != ".itcm"} == {}
    tables = {name: section for section, kind, name in found if kind == "O" and name != "arena"}
    assert len(tables) > 10
    assert {name: section for name, section in tables.items() if section != ".weights"} == {}
    assert (".dtcm", "O", "arena") in found
