"""The C kernels of one operator family, compiled for this computer and called as `lower` says."""

from __future__ import annotations

import ctypes
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from smelt.ir import Array, Graph
from smelt.operators import Call, call_of, choose_kernel, find_operator
from smelt.operators.evaluate import evaluate_graph
from smelt.operators.operator import Input, Kernel, Output, Parameters, Scratch, Table
from smelt.targets import find_target

RUNTIME = Path(find_operator("relu").folder).parent.parent / "runtime"
WARNINGS = ("-std=c99", "-Wall", "-Wextra", "-Wconversion", "-Wshadow", "-pedantic", "-Werror")
SANITIZERS = ("-fsanitize=address,undefined", "-fno-sanitize-recover=all")
SANITIZE = "SMELT_TEST_SANITIZE"


def compile_command(compiler: str, folder: Path) -> list[str]:
    """The compiler with the warning flags and the folders of headers."""
    return [compiler, *WARNINGS, f"-I{folder}", f"-I{RUNTIME / 'primitives'}", f"-I{RUNTIME / 'include'}"]


def host_sources(folder: Path) -> list[Path]:
    """The kernels of a family that compile everywhere; those for Helium vectors need an Arm compiler.

    What the interpreter adds is no kernel and has tests of its own (tests/runtime).
    """
    paths = sorted(folder.glob("*.c"))
    return [p for p in paths if not p.stem.endswith("__arm_mve") and not p.stem.startswith("interpreted_")]


@cache
def _library(folder: Path) -> ctypes.CDLL:
    compiler = shutil.which("gcc")
    if compiler is None:
        pytest.skip("no gcc on PATH")
    flags = ["-O1", "-g", *(SANITIZERS if os.environ.get(SANITIZE) else ())]
    with tempfile.TemporaryDirectory() as scratch:
        library = Path(scratch) / "kernels.so"
        sources = sorted(map(str, host_sources(folder)))
        command = [
            *compile_command(compiler, folder),
            *flags,
            "-shared",
            "-fPIC",
            "-o",
            str(library),
            *sources,
        ]
        subprocess.run(command, check=True)
        return ctypes.CDLL(str(library))


def run_kernel(graph: Graph, inputs: Mapping[str, Array]) -> Array:
    """The output of a one-node graph as its portable C kernel computes it."""
    (node,) = graph.nodes
    call = call_of(graph, node)
    target = find_target("host")
    lowering = choose_kernel(call, target).lower(call, target)
    output = np.full(call.output.shape, 77, call.output.dtype.numpy)
    keep: list[Any] = []
    arguments = [_argument(item, call, graph, inputs, output, keep) for item in lowering.arguments]
    function = getattr(_library(find_operator(node.operator).folder), lowering.function)
    function.restype = None
    function(*arguments)
    return output


def run_by_input_rows(
    graph: Graph, inputs: Mapping[str, Array], kernel: Kernel, steps: Sequence[int], ring: int
) -> Array:
    """The output of a kernel that accumulates, given so many rows of its input at a time, through a ring of rows."""
    (node,) = graph.nodes
    call = call_of(graph, node)
    lowering = kernel.lower(call, find_target("host"))
    output = np.full(call.output.shape, 77, call.output.dtype.numpy)
    (source,) = inputs.values()
    kept = np.full((1, ring, *source.shape[2:]), 99, source.dtype)
    scratch = np.full(kernel.scratch_bytes(call, find_target("host")), 0x5A, np.uint8)
    keep: list[Any] = []
    arguments = [
        ctypes.c_void_p(scratch.ctypes.data)
        if isinstance(item, Scratch)
        else ctypes.c_void_p(kept.ctypes.data)
        if isinstance(item, Input)
        else _argument(item, call, graph, inputs, output, keep)
        for item in lowering.arguments
    ]
    function = getattr(_library(find_operator(node.operator).folder), lowering.function)
    function.restype = None
    row = 0
    for count in steps:
        for r in range(row, row + count):
            kept[0, r % ring] = source[0, r]
        function(*arguments, ctypes.c_int32(row), ctypes.c_int32(count), ctypes.c_int32(ring))
        row += count
    return output


def _argument(
    item: object, call: Call, graph: Graph, inputs: Mapping[str, Array], output: Array, keep: list[Any]
) -> ctypes.c_void_p:
    if isinstance(item, Output):
        return ctypes.c_void_p(output.ctypes.data)
    if isinstance(item, Input):
        name = call.input(item.index).name
        array = np.array({**graph.constants, **inputs}[name], order="C")
        keep.append(array)
        return ctypes.c_void_p(array.ctypes.data)
    assert isinstance(item, Parameters)
    struct = _struct(item, keep)
    keep.append(struct)
    return ctypes.cast(ctypes.pointer(struct), ctypes.c_void_p)


_SCALARS: dict[str, Any] = {
    "float": ctypes.c_float,
    **{
        f"{sign}int{bits}_t": getattr(ctypes, f"c_{sign}int{bits}")
        for sign in ("", "u")
        for bits in (8, 16, 32)
    },
}


@cache
def _members(struct: str) -> tuple[tuple[str, Any], ...]:
    """The members of a struct in the order of its definition in a header; those of structs inside it one by one."""
    for header in (p for folder in ("operators", "runtime") for p in (RUNTIME.parent / folder).rglob("*.h")):
        found = re.search(rf"^{struct} \{{(.*?)^\}};", header.read_text(), re.MULTILINE | re.DOTALL)
        if found:
            break
    else:
        raise AssertionError(f"no header defines {struct}")
    members: list[tuple[str, Any]] = []
    for line in re.sub(r"/\*.*?\*/", "", found[1], flags=re.DOTALL).split(";")[:-1]:
        kind, names = re.fullmatch(r"\s*(?:const )?((?:struct )?\w+) (.*?)\s*", line, re.DOTALL).groups()  # type: ignore[union-attr]
        for name in (n.strip() for n in names.split(",")):
            if name.startswith("*"):
                members.append((name[1:], ctypes.c_void_p))
            elif kind.startswith("struct"):
                members += [(f"{name}.{inner}", c_type) for inner, c_type in _members(kind)]
            else:
                members.append((name, _SCALARS[kind]))
    return tuple(members)


def _struct(parameters: Parameters, keep: list[Any]) -> ctypes.Structure:
    members = _members(parameters.type)
    kind: type[ctypes.Structure] = type("Parameters", (ctypes.Structure,), {"_fields_": list(members)})
    struct = kind()
    for name, value in parameters.fields.items():
        if isinstance(value, Table):
            array = np.array(value.array, order="C")
            keep.append(array)
            setattr(struct, name, array.ctypes.data)
        elif value is not None:
            setattr(struct, name, value)
            assert getattr(struct, name) == value or isinstance(value, float), (
                f"{name} is too narrow for {value}"
            )
    return struct


def evaluate(graph: Graph, inputs: Mapping[str, Array]) -> Array:
    """The output of a one-node graph by its meaning."""
    return evaluate_graph(graph, inputs)[graph.outputs[0]]


def assert_same_bytes(actual: Array, expected: Array) -> None:
    """Both arrays have the same type, shape and bytes."""
    assert (actual.dtype, actual.shape) == (expected.dtype, expected.shape)
    np.testing.assert_array_equal(actual, expected)
    assert actual.tobytes() == expected.tobytes()


def assert_clean_under_sanitizers(test_file: str, tests: str) -> None:
    """Run tests of a file again with kernels under AddressSanitizer and UndefinedBehaviorSanitizer."""
    compiler = shutil.which("gcc")
    if compiler is None:
        pytest.skip("no gcc on PATH")
    found = subprocess.run(
        [compiler, "-print-file-name=libasan.so"], capture_output=True, text=True, check=True
    ).stdout.strip()
    if not Path(found).is_absolute():
        pytest.skip("gcc has no AddressSanitizer")
    environment = {
        **os.environ,
        SANITIZE: "1",
        "LD_PRELOAD": found,
        "PYTHONMALLOC": "malloc",
        "ASAN_OPTIONS": "detect_leaks=0",
    }
    result = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider", test_file, "-k", tests],
        env=environment,
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert result.returncode == 0, result.stdout[-2000:] + result.stderr[-4000:]


def device_symbols(folder: Path, core: str) -> dict[str, set[str]]:
    """Compile each kernel for a Cortex-M core without a warning; the functions that each file calls."""
    compiler, lister = shutil.which("arm-none-eabi-gcc"), shutil.which("arm-none-eabi-nm")
    if compiler is None or lister is None:
        pytest.skip("no arm-none-eabi-gcc on PATH")
    result = {}
    with tempfile.TemporaryDirectory() as scratch:
        for source in host_sources(folder):
            built = Path(scratch) / "kernel.o"
            flags = [f"-mcpu={core}", "-mthumb", "-Os", "-ffreestanding", "-c", "-o", str(built), str(source)]
            subprocess.run([*compile_command(compiler, folder), *flags], check=True)
            text = subprocess.run(
                [lister, "-u", str(built)], capture_output=True, text=True, check=True
            ).stdout
            result[source.name] = set(text.split()) - {"U"}
    return result


def assert_compiles_cleanly(compiler_name: str, folder: Path) -> None:
    """Each kernel compiles without a warning; skips without the compiler."""
    compiler = shutil.which(compiler_name)
    if compiler is None:
        pytest.skip(f"no {compiler_name} on PATH")
    sources = sorted(map(str, host_sources(folder)))
    assert sources
    subprocess.run([*compile_command(compiler, folder), "-O2", "-fsyntax-only", *sources], check=True)
