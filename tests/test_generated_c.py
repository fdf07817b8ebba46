"""The generated C: no warning on any compiler, clean under sanitizers, reproducible, safe names and folders."""

from __future__ import annotations

import errno
import hashlib
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Sequence
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from case_graphs import all_cases, merged
from shared_files import shared_folder
from small_models import small_float, small_int8

import smelt
from smelt.codegen import Project
from smelt.engines.toolchain import find_toolchain
from smelt.errors import SmeltError, UsageError
from smelt.ir import DType, Graph
from smelt.operators.builder import GraphBuilder

INT8_MODELS = (
    "mlperf_tiny/kws_int8",
    "mlperf_tiny/vww_int8",
    "mlperf_tiny/resnet8_int8",
    "mlperf_tiny/ad_int8",
    "mlperf_tiny/sww_int8",
    "tflm/micro_speech_int8",
    "tflm/hello_world_int8",
)
MODELS = (*INT8_MODELS, "mlperf_tiny/kws_float32", "every_operator", "small_int8", "small_float")
LANGUAGE = ("-std=c99", *find_toolchain(smelt.find_target("host")).warning_flags)
SANITIZERS = ("-g", "-fsanitize=address,undefined", "-fno-sanitize-recover=all", "-fno-omit-frame-pointer")
# What the integer path may call: memory functions, and arithmetic that the core has no instruction for.
ALLOWED_CALL = re.compile(
    r"mem(cpy|move|set)|__aeabi_(mem(cpy|move|set|clr)[48]?|u?l(div|mod|divmod)|lmul|u?idiv(mod)?|lasr|llsl|llsr|lcmp)"
    r"|__gnu_thumb1_case_\w+"
)


@cache
def graph_of(model: str) -> Graph:
    """The graph of a shared model (skipping where there is none) or one that the tests build."""
    if model == "every_operator":
        return merged(model, [case.graph() for cases in all_cases().values() for case in cases])
    if "/" not in model:
        return small_int8() if model == "small_int8" else small_float()
    shared = shared_folder()
    if shared is None:
        pytest.skip("the folder shared/ with real models is not beside the repository (set SMELT_SHARED)")
    return smelt.optimize(smelt.load(shared / "models" / f"{model}.tflite"))


@cache
def project_of(model: str, target: str) -> Project:
    # Planning 300 operators that have nothing to do with each other in the best order would take long.
    return smelt.generate(graph_of(model), smelt.find_target(target), keep_all=model == "every_operator")


def written(project: Project, folder: Path) -> Path:
    smelt.write_project(project, folder)
    return folder


def compiled(command: Sequence[str], project: Project, root: Path, *, main: bool = True) -> list[Path]:
    """One object a source; a warning is an error."""
    objects = []
    for index, source in enumerate([*project.sources, *(["main.c"] if main else [])]):
        objects.append(root / f"{index}.o")
        run([*command, *LANGUAGE, "-I", str(root), "-c", str(root / source), "-o", str(objects[-1])])
    return objects


def run(command: Sequence[str], **options: object) -> str:
    done = subprocess.run(command, capture_output=True, text=True, check=False, **options)  # type: ignore[call-overload]
    assert done.returncode == 0, f"{' '.join(command)}\n{done.stdout[-3000:]}{done.stderr[-3000:]}"
    return str(done.stdout)


def needs(program: str) -> str:
    path = shutil.which(program)
    if path is None:
        pytest.skip(f"{program} is not installed")
    return path


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("compiler", ["gcc", "clang"])
def test_compiles_without_a_warning_on_the_host(tmp_path: Path, model: str, compiler: str) -> None:
    project = project_of(model, "host")
    assert compiled([needs(compiler), "-O2"], project, written(project, tmp_path / "c"))


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("target", ["cortex-m0plus", "cortex-m4"])
def test_compiles_without_a_warning_for_arm(tmp_path: Path, model: str, target: str) -> None:
    """And the objects of an integer model call nothing but memory functions and integer arithmetic."""
    gcc = needs("arm-none-eabi-gcc")
    project = project_of(model, target)
    root = written(project, tmp_path / "c")
    flags = smelt.find_target(target).gcc_flags
    compiled([gcc, *flags, "-O2", "-ffreestanding"], project, root)
    if "int8" in model:
        library = compiled([gcc, *flags, "-O2"], project, root, main=False)
        symbols = [line.split() for line in run([needs("arm-none-eabi-nm"), *map(str, library)]).splitlines()]
        wanted = {parts[-1] for parts in symbols if len(parts) == 2 and parts[0] == "U"}
        defined = {parts[2] for parts in symbols if len(parts) == 3}
        assert f"{project.name}_invoke" in defined
        assert not {name for name in wanted - defined if not ALLOWED_CALL.fullmatch(name)}
        # nothing that changes lives outside the arena
        assert not {parts[2] for parts in symbols if len(parts) == 3 and parts[1] in "bBdDC"}


@pytest.mark.parametrize("model", MODELS)
def test_runs_clean_under_sanitizers(tmp_path: Path, model: str) -> None:
    """Exit status 0 says that the golden vectors match, too."""
    compiler = needs("clang")
    project = project_of(model, "host")
    root = written(project, tmp_path / "c")
    objects = compiled([compiler, "-O1", *SANITIZERS], project, root)
    program = tmp_path / "program"
    run([compiler, *SANITIZERS, *map(str, objects), "-lm", "-o", str(program)])
    run([str(program)])


def test_self_check_notices_a_wrong_result(tmp_path: Path) -> None:
    """However many elements differ: 256 must not look like 0 in an exit status."""
    build = GraphBuilder("many")
    name = build.input("x", DType.F32, (1, 256))
    project = smelt.generate(build.build([build.add("relu", [name])]), smelt.find_target("host"))
    root = written(project, tmp_path / "c")
    golden = root / "many_golden.h"
    text = golden.read_text()
    start = text.index("many_output_golden")
    golden.write_text(text[:start] + re.sub(r"\d\.\d+f|\b0\.0f", "77.0f", text[start:]))
    program = tmp_path / "program"
    run(
        [
            needs("gcc"),
            "-I",
            str(root),
            *(str(root / s) for s in [*project.sources, "main.c"]),
            "-o",
            str(program),
        ]
    )
    assert subprocess.run([str(program)], check=False).returncode == 100


@pytest.mark.parametrize("model", ["small_int8", "small_float"])
def test_cmake_builds_and_ctest_passes(tmp_path: Path, model: str) -> None:
    cmake, ctest = needs("cmake"), needs("ctest")
    root = written(project_of(model, "host"), tmp_path / "c")
    build = str(tmp_path / "build")
    run([cmake, "-S", str(root), "-B", build])
    run([cmake, "--build", build])
    assert "100% tests passed" in run([ctest, "--test-dir", build])


DIGEST_PROGRAM = """
import hashlib, sys
sys.path.insert(0, sys.argv[1])
from small_models import small_int8
import smelt
for target in ("host", "cortex-m4", "cortex-m0plus"):
    files = smelt.generate(small_int8(), smelt.find_target(target)).files
    print(hashlib.sha256(repr(sorted(files.items())).encode()).hexdigest())
"""


def test_the_same_input_gives_the_same_bytes() -> None:
    digests = []
    for target in ("host", "cortex-m4", "cortex-m0plus"):
        twice = [dict(smelt.generate(small_int8(), smelt.find_target(target)).files) for _ in range(2)]
        assert twice[0] == twice[1]
        digests.append(hashlib.sha256(repr(sorted(twice[0].items())).encode()).hexdigest())
    for seed in ("1", "2"):
        environment = {**os.environ, "PYTHONHASHSEED": seed}
        command = [sys.executable, "-c", DIGEST_PROGRAM, str(Path(__file__).parent)]
        assert run(command, env=environment).split() == digests


@pytest.mark.parametrize("model", ["mlperf_tiny/kws_int8", "mlperf_tiny/resnet8_int8"])
def test_real_models_give_the_same_bytes_again(model: str) -> None:
    target = smelt.find_target("cortex-m4")
    again = smelt.generate(smelt.optimize(graph_of(model)), target)
    assert dict(again.files) == dict(project_of(model, "cortex-m4").files)


WEIRD_NAMES = (
    "",
    " ",
    "a b",
    'say "hi"',
    "end */ int x; /*",
    "/* */ */ /**/",
    "back\\slash\\",
    "line\nbreak\r\n#error no",
    "what??/\n",
    "größe 网络 \u202e",
    "1st",
    "int",
    "main",
    "string",
    "stdint",
    "smelt",
    "smelt_status",
    "model",
    "%s%n",
    "{{ name }}",
    "arena",
    "a" * 300,
)


def weird_graph(name: str) -> Graph:
    """An integer network whose every name is `name` (made unique by number where it must be)."""
    build = GraphBuilder(name)
    quantization = smelt.Quantization.per_tensor(0.05, 3)
    x = build.input(name, DType.S8, (1, 4), quantization)
    weights = build.constant(name, np.eye(4, dtype=np.int8), smelt.Quantization.per_tensor(0.01))
    y = build.add("fully_connected", [x, weights], quantization=quantization, name=name)
    z = build.add("relu", [y], quantization=quantization, name=name)
    return build.build([z])


@pytest.mark.parametrize("name", WEIRD_NAMES, ids=range(len(WEIRD_NAMES)))
def test_any_name_gives_c_that_compiles(tmp_path: Path, name: str) -> None:
    project = smelt.generate(weird_graph(name), smelt.find_target("host"))
    assert re.fullmatch(r"[a-z_][a-z0-9_]*", project.name)
    root = written(project, tmp_path / "c")
    gcc = needs("gcc")
    objects = compiled([gcc, "-O1", "-Wcomment", "-Wtrigraphs"], project, root)
    program = tmp_path / "program"
    run([gcc, *map(str, objects), "-o", str(program)])
    run([str(program)])


@pytest.mark.parametrize("name", ["", "a b", "int", "string", "Upper", "../up", "1st"])
def test_a_name_that_is_asked_for_must_be_usable(name: str) -> None:
    with pytest.raises(UsageError, match="try '"):
        smelt.generate(small_int8(), smelt.find_target("host"), name)


def entries(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*"))


def test_a_foreign_folder_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.txt").write_text("years of work")
    with pytest.raises(UsageError, match="did not write"):
        smelt.write_project(project_of("small_int8", "host"), tmp_path / "mine")
    assert entries(tmp_path) == ["mine", "mine/thesis.txt"]
    (tmp_path / "file").write_text("x")
    with pytest.raises(UsageError, match="is a file"):
        smelt.write_project(project_of("small_int8", "host"), tmp_path / "file")
    assert (tmp_path / "file").read_text() == "x"


def test_an_own_folder_is_replaced_and_an_empty_one_filled(tmp_path: Path) -> None:
    (tmp_path / "c").mkdir()
    smelt.write_project(project_of("every_operator", "host"), tmp_path / "c")
    smelt.write_project(project_of("small_int8", "host"), tmp_path / "c")
    files = [str(p.relative_to(tmp_path / "c")) for p in (tmp_path / "c").rglob("*") if p.is_file()]
    assert sorted(files) == sorted(project_of("small_int8", "host").files)
    assert os.listdir(tmp_path) == ["c"]


def test_a_failure_leaves_nothing_half_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The disk fills up in the middle, or the last rename fails: the old folder is whole, nothing else is there."""
    old, new = project_of("small_float", "host"), project_of("small_int8", "host")
    smelt.write_project(old, tmp_path / "c")
    before = entries(tmp_path)
    write_text = Path.write_text

    def full_disk(path: Path, *args: object, **options: object) -> int:
        if path.name == "main.c":
            raise OSError(errno.ENOSPC, "No space left on device")
        return write_text(path, *args, **options)  # type: ignore[arg-type]

    with monkeypatch.context() as patch:
        patch.setattr(Path, "write_text", full_disk)
        with pytest.raises(SmeltError, match="No space left"):
            smelt.write_project(new, tmp_path / "c")
        with pytest.raises(SmeltError, match="No space left"):
            smelt.write_project(new, tmp_path / "new")
    assert entries(tmp_path) == before
    rename = os.rename

    def refuses(source: Path, target: Path) -> None:
        if Path(target) == tmp_path / "c" and Path(source).name != "was":
            raise OSError(errno.EACCES, "Permission denied")
        rename(source, target)

    with monkeypatch.context() as patch:
        patch.setattr(os, "rename", refuses)
        with pytest.raises(SmeltError, match="Permission denied"):
            smelt.write_project(new, tmp_path / "c")
    assert entries(tmp_path) == before
    assert (tmp_path / "c" / "small.c").read_text() == old.files["small.c"]
