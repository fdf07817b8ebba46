"""The operator of examples/user_operator, read, evaluated, compiled and interpreted; what cannot be registered."""

from __future__ import annotations

import importlib
import os
import re
import struct
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from flatbuffer_models import new, read, write

import smelt
from smelt.codegen import write_folder
from smelt.codegen.interpreter import amalgamated_project, resolver, runtime_project
from smelt.engines.interpreted import write_interpreter
from smelt.engines.toolchain import find_toolchain
from smelt.errors import CompileError, FormatError, UnsupportedError, UsageError
from smelt.formats.tflite import read_tflite, write_tflite
from smelt.formats.tflite.schema import ActivationFunctionType, BuiltinOperator
from smelt.operators import all_operators, registered
from smelt.operators.interpreted import Interpreted, all_interpreted
from smelt.operators.operator import Kernel, Operator

ROOT = Path(__file__).parents[2]
EXAMPLE = ROOT / "examples" / "user_operator"
FOLDER = EXAMPLE / "clip_operator"
LOW, HIGH = -0.5, 1.25
X = np.random.default_rng(6).normal(0, 2, (2, 3, 5)).astype(np.float32)


@pytest.fixture
def clip(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """The example's package, imported; what it registers is forgotten afterwards."""
    monkeypatch.setattr(registered, "_REGISTERED", {})
    monkeypatch.syspath_prepend(str(EXAMPLE))
    sys.modules.pop("clip_operator", None)
    all_operators.cache_clear()
    yield importlib.import_module("clip_operator")
    sys.modules.pop("clip_operator", None)
    all_operators.cache_clear()


def model(options: bytes = struct.pack("<ff", LOW, HIGH)) -> bytes:
    """x + x, then "Clip"."""
    tensors = [new("Tensor", name=name, shape=X.shape) for name in ("x", "sum", "y")]
    operators = [
        new(
            "Operator",
            inputs=[0, 0],
            outputs=[1],
            builtin_options=new("AddOptions", fused_activation_function=ActivationFunctionType.NONE),
        ),
        new("Operator", opcode_index=1, inputs=[1], outputs=[2], custom_options=options),
    ]
    codes = [
        new("OperatorCode"),
        new(
            "OperatorCode",
            deprecated_builtin_code=32,
            builtin_code=BuiltinOperator.CUSTOM,
            custom_code="Clip",
        ),
    ]
    graph = new("SubGraph", tensors=tensors, inputs=[0], outputs=[2], operators=operators)
    return write(new("Model", version=3, operator_codes=codes, subgraphs=[graph], buffers=[new("Buffer")]))


@pytest.mark.parametrize("engine", ["reference", "native", "interpreted", "emulated"])
def test_every_engine_runs_it(engine: str, clip: Any, tmp_path: Path) -> None:
    path = tmp_path / "model.tflite"
    path.write_bytes(model())
    opened = smelt.open_engine(engine, smelt.load(path), path=path, optimized=True)
    (found,) = opened.run({"x": X}).values()
    np.testing.assert_array_equal(found, np.clip(2 * X, np.float32(LOW), np.float32(HIGH)))


def test_the_interpreter_on_an_emulated_core_links_it(clip: Any) -> None:
    from smelt.engines.interpreted import InterpretedEngine

    engine = InterpretedEngine(model(), read_tflite(model()), smelt.find_target("cortex-m4"))
    np.testing.assert_array_equal(
        engine.run({"x": X})["y"], np.clip(2 * X, np.float32(LOW), np.float32(HIGH))
    )


def test_the_file_is_written_with_name_and_options(clip: Any) -> None:
    graph = read_tflite(model())
    assert graph.nodes[1].attributes == {"low": LOW, "high": HIGH}
    again = write_tflite(graph)
    tree = read(again)
    codes = [(code.builtin_code, code.custom_code) for code in tree.operator_codes]
    assert codes[1] == (BuiltinOperator.CUSTOM, "Clip")
    assert bytes(tree.subgraphs[0].operators[1].custom_options) == struct.pack("<ff", LOW, HIGH)
    assert read_tflite(again).nodes == graph.nodes


def test_the_compiled_project_has_the_users_files_and_no_warning(clip: Any, tmp_path: Path) -> None:
    project = smelt.generate(smelt.optimize(read_tflite(model())), smelt.find_target("cortex-m4"))
    for name in ("clip_f32.c", "clip.h"):
        assert project.files[f"smelt/{name}"] == (FOLDER / name).read_text(encoding="utf-8")
    assert "smelt/interpreted_clip_f32.c" not in project.files
    smelt.write_project(project, tmp_path)
    sources = [tmp_path / name for name in project.sources]
    compile_all(sources, [tmp_path, tmp_path / "smelt"])


def compile_all(sources: list[Path], includes: list[Path], language: str = "-std=c99") -> None:
    flags = find_toolchain(smelt.find_target("host")).warning_flags
    command = ["gcc", language, *flags, "-fsyntax-only", *(f"-I{folder}" for folder in includes), *sources]
    subprocess.run(command, check=True)


def test_resolver_runtime_and_amalgamation_have_it(clip: Any, tmp_path: Path) -> None:
    listed = resolver("ops", {"model.tflite": model()})
    assert "&smelt_operator_clip_f32.registration," in listed
    main = '#include "ops.h"\nint main(void);\nint main(void) {\n    return ops[0]->run == 0 || OPS_COUNT != 2;\n}\n'
    for name, files in (("runtime", runtime_project()), ("amalgamated", amalgamated_project())):
        folder = tmp_path / name
        write_folder(files, folder)
        (folder / "ops.h").write_text(listed, encoding="utf-8")
        first = '#include "smelt.h"\n' if name == "amalgamated" else ""
        (folder / "main.c").write_text(first + main, encoding="utf-8")
        own = [
            path
            for path in folder.glob("*.c")
            if path.name in ("main.c", "smelt.c", "interpreted_clip_f32.c")
        ]
        assert len(own) == 2
        compile_all(own, [folder])
    micro = (
        '#include "smelt_micro.h"\nint main() {\n    tflite::MicroMutableOpResolver<1> one;\n    '
        'return one.AddCustom("Clip", &smelt_operator_clip_f32) != kTfLiteOk;\n}\n'
    )
    (tmp_path / "runtime" / "main.cc").write_text(micro, encoding="utf-8")
    compile_cpp = ["g++", "-std=c++11", "-Wall", "-Werror", "-fsyntax-only", f"-I{tmp_path / 'runtime'}"]
    subprocess.run([*compile_cpp, tmp_path / "runtime" / "main.cc"], check=True)


def test_an_installed_package_is_found_by_the_command_line(tmp_path: Path) -> None:
    (tmp_path / "model.tflite").write_bytes(model())
    command = [sys.executable, "-m", "smelt", "resolver", tmp_path / "model.tflite", "-o", tmp_path / "ops.h"]
    done = subprocess.run(command, env=installed(tmp_path), capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert "smelt_operator_clip_f32" in (tmp_path / "ops.h").read_text(encoding="utf-8")


def test_a_package_that_cannot_be_imported_is_one_paragraph(tmp_path: Path) -> None:
    (tmp_path / "model.tflite").write_bytes(model())
    environment = installed(tmp_path)
    (tmp_path / "site" / "clip_operator.py").write_text(
        "import no_such_module_of_any_kind\n", encoding="utf-8"
    )
    command = [sys.executable, "-m", "smelt", "inspect", tmp_path / "model.tflite"]
    done = subprocess.run(command, env=environment, capture_output=True, text=True)
    assert done.returncode == 2
    assert "Traceback" not in done.stderr
    assert "the package 'clip-operator' cannot add its operators to smelt" in " ".join(done.stderr.split())


def installed(folder: Path) -> dict[str, str]:
    """The environment of a process for which the example is installed: its entry point is that of pyproject.toml."""
    wanted = (EXAMPLE / "pyproject.toml").read_text(encoding="utf-8")
    row = re.search(r'entry-points\."smelt.operators"\]\n(.+)\n', wanted)
    assert row
    information = folder / "site" / "clip_operator-1.0.dist-info"
    information.mkdir(parents=True)
    (information / "METADATA").write_text("Metadata-Version: 2.1\nName: clip-operator\nVersion: 1.0\n")
    (information / "entry_points.txt").write_text(f"[smelt.operators]\n{row[1].replace(chr(34), '')}\n")
    places = [str(folder / "site"), str(EXAMPLE), str(Path(smelt.__file__).parents[1])]
    return {**os.environ, "PYTHONPATH": os.pathsep.join(places)}


def test_without_it_the_file_is_refused_by_name() -> None:
    with pytest.raises(UnsupportedError, match=r"custom operator 'Clip'"):
        read_tflite(model())


def test_options_that_cannot_be_read_are_named(clip: Any) -> None:
    with pytest.raises(FormatError, match=r"3 bytes are not the options of the custom operator 'Clip'"):
        read_tflite(model(b"123"))


def test_registered_without_options_it_has_none(clip: Any) -> None:
    operator = all_operators()["clip"]
    smelt.register_operator(operator, custom="Clip", folder=FOLDER)
    with pytest.raises(FormatError, match="registered without options"):
        read_tflite(model())
    smelt.register_operator(
        operator, custom="Clip", folder=FOLDER, read_options=lambda _: {"low": 0.0, "high": 1.0}
    )
    with pytest.raises(UnsupportedError, match="with write_options"):
        write_tflite(read_tflite(model()))


def _changed(**changes: Any) -> Operator:
    return replace(all_operators()["clip"], **changes)


@pytest.mark.parametrize(
    ("operator", "options", "expected"),
    [
        ({"name": "Clip"}, {}, "'Clip' cannot be registered: a name is of lower-case letters"),
        ({"name": "distance"}, {}, "'distance' is an operator of smelt's"),
        ({"name": "clip"}, {"folder": EXAMPLE}, f"{FOLDER} has one of that name"),
        ({"name": "other"}, {}, "the custom name 'Clip' is that of 'clip'"),
        ({"name": "other"}, {"custom": "SignalEnergy"}, "'SignalEnergy' is an operator of smelt's"),
        ({"name": "other"}, {"custom": "add"}, "'add' is an operator of smelt's"),
        ({"name": "other"}, {"custom": ""}, "custom is the name that .tflite files have"),
        (
            {"name": "other", "kernels": (Kernel("a", ("absent.c",), "clip.h", bool, bool),)},
            {"custom": "Other"},
            f"its C file absent.c is not in {FOLDER}",
        ),
        (
            {"name": "other"},
            {"custom": "Other", "interpreted": (Interpreted("clip", None, ()),)},
            "every Interpreted must have its name, 'other'",
        ),
    ],
)
def test_a_wrong_registration_says_what_is_wrong(
    operator: dict[str, Any], options: dict[str, Any], expected: str, clip: Any
) -> None:
    before = dict(registered._REGISTERED)
    with pytest.raises(UsageError, match=re.escape(expected)):
        smelt.register_operator(_changed(**operator), **{"custom": "Clip", "folder": FOLDER, **options})
    assert before == registered._REGISTERED


def test_two_files_of_one_name_are_an_error_that_names_both(clip: Any, tmp_path: Path) -> None:
    taken = all_operators()["elu"]
    name = taken.kernels[0].sources[0]
    (tmp_path / name).write_text("int clip_of_another;\n", encoding="utf-8")
    operator = _changed(name="other", kernels=())
    rows = (Interpreted("other", smelt.DType.F32, (name,)),)
    smelt.register_operator(operator, custom="Other", folder=tmp_path, interpreted=rows)
    own = next(row for row in all_interpreted() if name in row.sources and row.folder == taken.folder)
    with pytest.raises(CompileError) as raised:
        write_interpreter(tmp_path / "c", [own, *(row for row in all_interpreted() if row.name == "other")])
    assert str(tmp_path / name) in str(raised.value)
    assert str(taken.folder / name) in str(raised.value)


def test_the_page_shows_the_example() -> None:
    page = (ROOT / "docs" / "user_operators.md").read_text(encoding="utf-8")
    shown = re.findall(r"^```(?:python|c|toml)\n(.*?)^```", page, re.MULTILINE | re.DOTALL)
    files = [path for path in sorted(EXAMPLE.rglob("*")) if path.suffix in (".py", ".c", ".h", ".toml")]
    assert len(files) == 5
    assert sorted(shown) == sorted(path.read_text(encoding="utf-8") for path in files)
