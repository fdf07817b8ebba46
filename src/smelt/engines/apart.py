"""Calls in a process of their own, for what may crash: other people's engines."""

from __future__ import annotations

import io
import os
import pickle
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from types import MappingProxyType
from typing import Any, TypeVar

from smelt.errors import EngineError, SmeltError

Result = TypeVar("Result")
MAY_CRASH = ("litert", "tflm", "onnxruntime", "tvm", "torch")
"""The engines that run other people's machine code."""


def call_apart(function: Callable[..., Result], *arguments: object) -> Result:
    """What a function of a module makes of arguments, computed in a new process.

    EngineError where that process crashes, or for a SmeltError of the function's.
    """
    with tempfile.TemporaryDirectory() as temporary:
        job, made = Path(temporary) / "job", Path(temporary) / "made"
        job.write_bytes(_pickled((function, arguments)))
        paths = os.pathsep.join(filter(None, sys.path))
        ended = subprocess.run(
            [sys.executable, "-c", "from smelt.engines.apart import main; main()", str(job), str(made)],
            env={**os.environ, "PYTHONPATH": paths},
            stderr=subprocess.PIPE,
            check=False,
        )
        if ended.returncode:
            raise EngineError(f"it crashed: {_cause(ended.returncode, ended.stderr)}")
        fine, result = pickle.loads(made.read_bytes())
    if not fine:
        raise EngineError(result)
    return result  # type: ignore[no-any-return]


def _pickled(data: object) -> bytes:
    """Graphs too, whose mappings are views that nobody can write through."""
    stream = io.BytesIO()
    pickler = pickle.Pickler(stream)
    pickler.dispatch_table = {MappingProxyType: lambda view: (_view, (dict(view),))}
    pickler.dump(data)
    return stream.getvalue()


def _view(mapping: dict[Any, Any]) -> MappingProxyType[Any, Any]:
    return MappingProxyType(mapping)


def _cause(code: int, said: bytes) -> str:
    """How a process ended: its signal, or its last line."""
    if code < 0:
        return f"{signal.Signals(-code).name}, in a process of its own"
    lines = said.decode(errors="replace").split("\n")
    return next((line for line in reversed(lines) if line.strip()), f"exit code {code}")


def main() -> None:
    """Compute what the first argument's file says, into the second's."""
    function, arguments = pickle.loads(Path(sys.argv[1]).read_bytes())
    try:
        answer = (True, function(*arguments))
    except SmeltError as error:
        answer = (False, str(error))
    Path(sys.argv[2]).write_bytes(_pickled(answer))
