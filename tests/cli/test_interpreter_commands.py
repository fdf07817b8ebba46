"""The commands of smelt's interpreter: arena, resolver, runtime."""

from __future__ import annotations

from pathlib import Path

from command_line import Command, refused

from smelt.formats.tflite import write_tflite
from smelt.ir import DType
from smelt.operators.builder import GraphBuilder


def test_arena(command: Command, files: Path) -> None:
    model = files / "plain_int8.tflite"
    printed = command("arena", model, "--target", "cortex-m0plus", "--json").json
    sections = ("state_bytes", "kept_bytes", "planned_bytes")
    assert printed["arena_bytes"] == sum(printed[name] for name in sections)
    assert f"arena {printed['arena_bytes']:,} bytes" in command("arena", model).out
    less = command("arena", model, "--multipliers-at-invoke", "--json").json
    assert less["kept_bytes"] < printed["kept_bytes"]
    refused(command("arena", model, "--target", "z80"), says=["z80"])


def test_resolver_and_runtime(command: Command, files: Path, tmp_path: Path) -> None:
    header, folder = tmp_path / "ops.h", tmp_path / "interpreter"
    assert command("resolver", files / "plain_int8.tflite", "-o", header).code == 0
    assert "&smelt_operator_conv_2d_s8," in header.read_text()
    assert "OPS_COUNT" in header.read_text()
    written = command("runtime", "-o", folder, "--json").json
    assert set(written["files"]) == {str(path.relative_to(folder)) for path in folder.rglob("*.*")}
    (folder / "CMakeLists.txt").write_text("mine")
    refused(command("runtime", "-o", folder), says=["CMakeLists.txt", "changed since smelt wrote it"])
    refused(
        command("resolver", files / "plain_int8.tflite", "-o", files / "plain_int8.tflite"), says=["input"]
    )


def test_operators_that_the_interpreter_has_not_are_named(command: Command, tmp_path: Path) -> None:
    build = GraphBuilder("waves")
    x = build.input("x", DType.F32, (1, 4))
    graph = build.build([build.add("cumsum", [x], {"axis": 1, "exclusive": False, "reverse": False})])
    (tmp_path / "waves.tflite").write_bytes(write_tflite(graph))
    says = ["CUMSUM of float32", "smelt compile"]
    refused(command("arena", tmp_path / "waves.tflite"), says=says)
    refused(
        command("resolver", tmp_path / "waves.tflite", "-o", tmp_path / "ops.h"), says=["waves.tflite", *says]
    )
    assert not (tmp_path / "ops.h").exists()
