"""A Graph through TVM's compiler, by way of smelt's .onnx writer."""

from __future__ import annotations

import io
import os
import shutil
import tarfile
import tempfile
import warnings
from collections.abc import Mapping, Sequence
from contextlib import redirect_stdout
from pathlib import Path
from typing import Any, Literal

from smelt.errors import CompileError, UnsupportedError, require
from smelt.formats.onnx import write_onnx
from smelt.ir import Graph

_LINKERS = ("g++", "gcc", "clang++", "clang", "c++", "cc")
"""Any of which TVM calls; CXX and CC name others."""

TvmTarget = str | Mapping[str, str]


def write_tvm(graph: Graph, packed: Literal[".so", ".tar"] = ".so", target: TvmTarget = "llvm") -> bytes:
    """The graph, weights included, as a library for TVM's runtime: linked (.so), or the objects to link (.tar).

    In Python: `relax.VirtualMachine(tvm.runtime.load_module(path), tvm.cpu())["main"](input, …)`, with the inputs and
    outputs that `write_onnx` gives them.  `target` is a TVM target: "llvm" is this computer, others have the form
    {"kind": "llvm", "mtriple": "aarch64-linux-gnu"} and want .tar.  Raises UnsupportedError for what ONNX cannot
    say or TVM cannot compile, CompileError when nothing here links, MissingExtraError without the packages.
    """
    compiled = compile_tvm(graph, target)
    if packed == ".so" and not ({"CC", "CXX"} & os.environ.keys() or any(map(shutil.which, _LINKERS))):
        raise CompileError(
            "linking a library for TVM takes a C++ compiler; a .tar holds the objects unlinked"
        )
    with tempfile.TemporaryDirectory(prefix="smelt-tvm-") as folder:
        path = Path(folder) / f"model{packed}"
        try:
            compiled.export_library(str(path), **({"fcompile": _pack} if packed == ".tar" else {}))
        except Exception as error:  # what TVM and its helpers raise has no common parent
            raise CompileError(
                f"TVM cannot link a library for this target: {_last_line(error)}; a .tar holds the objects "
                "unlinked"
            ) from error
        return path.read_bytes()


def _pack(output: str, files: Sequence[str]) -> None:
    """The objects in a .tar without times or owners; TVM's own packing takes the programs tar and gzip."""
    with tarfile.open(output, "w") as archive:
        for path in sorted(map(Path, files)):
            entry = tarfile.TarInfo(path.name)
            entry.size = path.stat().st_size
            with path.open("rb") as stream:
                archive.addfile(entry, stream)


def compile_tvm(graph: Graph, target: TvmTarget = "llvm") -> Any:
    """The graph as a `tvm.runtime.Executable` with the function main, its operators fused, not tuned.

    UnsupportedError for what ONNX cannot say or TVM cannot compile; MissingExtraError without the packages.
    """
    tvm = require("tvm", "tvm", "compiling with TVM", "apache-tvm")
    frontend = require("tvm.relax.frontend.onnx", "tvm", "compiling with TVM", "apache-tvm")
    model = require("onnx", "tvm", "compiling with TVM").load_model_from_string(write_onnx(graph))
    try:
        # TVM prints what it fails at on standard output, which is for results here
        with redirect_stdout(io.StringIO()), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            fused = tvm.relax.get_pipeline("zero")(frontend.from_onnx(model))
            return tvm.compile(fused, tvm.target.Target(target))
    except Exception as error:  # as above
        raise UnsupportedError(f"TVM cannot compile this model: {_last_line(error)}") from error


def _last_line(error: Exception) -> str:
    """What an error says, without the trace of C++ calls before it."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return lines[-1] if lines else type(error).__name__
