"""Ways to run a model, behind one interface."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

from smelt.engines.engine import Engine
from smelt.errors import UsageError
from smelt.ir import Graph
from smelt.passes import optimize

_Opener = Callable[[Graph, str, Path | None], Engine]


def open_engine(
    name: str,
    graph: Graph,
    *,
    target: str | None = None,
    path: Path | None = None,
    optimized: bool = False,
) -> Engine:
    """A model ready to run on the engine of that name.

    `target` chooses the core for emulated (default cortex-m4).  interpreted, litert, tflm and onnxruntime run the
    file at `path` when it is of their format, and otherwise what smelt's writer of that format makes of
    the graph, tvm what the .onnx writer makes, torch the module that smelt makes.
    With `optimized` every engine but reference that does not run the file itself gets the graph optimized, as
    `smelt convert` and `smelt compile` do.
    Raises UsageError for unknown names, MissingExtraError for packages that are not installed, UnsupportedError
    for an operator that the engine's format cannot say, EngineError where the engine refuses the model.
    """
    if name not in _OPENERS:
        raise UsageError(f"there is no engine '{name}'; there are: {', '.join(ENGINES)}")
    own = _of_format(_FILES[name], path) if name in _FILES else None
    if optimized and name != "reference" and own is None:
        graph = optimize(graph)
    return _OPENERS[name](graph, target or "cortex-m4", own)


def tflite_file(graph: Graph, path: Path) -> bytes:
    """The .tflite file at `path`, or what smelt makes of a model of another format, `graph`: optimized."""
    own = _of_format(".tflite", path)
    return _tflite(graph if own else optimize(graph), own)


def _reference(graph: Graph, target: str, path: Path | None) -> Engine:
    from smelt.engines.reference import ReferenceEngine

    return ReferenceEngine(graph)


def _native(graph: Graph, target: str, path: Path | None) -> Engine:
    from smelt.engines.native import NativeEngine

    return NativeEngine(graph)


def _emulated(graph: Graph, target: str, path: Path | None) -> Engine:
    from smelt.engines.emulated import EmulatedEngine
    from smelt.targets import find_target

    return EmulatedEngine(graph, find_target(target))


def _litert(graph: Graph, target: str, path: Path | None) -> Engine:
    from smelt.engines.litert import LiteRTEngine

    return LiteRTEngine(_tflite(graph, path))


def _tflm(graph: Graph, target: str, path: Path | None) -> Engine:
    from smelt.engines.tflm import TflmEngine

    return TflmEngine(_tflite(graph, path), graph)


def _interpreted(graph: Graph, target: str, path: Path | None) -> Engine:
    from smelt.engines.interpreted import InterpretedEngine

    return InterpretedEngine(_tflite(graph, path), graph)


def _onnxruntime(graph: Graph, target: str, path: Path | None) -> Engine:
    from smelt.engines.onnxruntime import OnnxRuntimeEngine
    from smelt.formats.onnx import write_onnx

    return OnnxRuntimeEngine(path or write_onnx(graph), graph)


def _tvm(graph: Graph, target: str, path: Path | None) -> Engine:
    from smelt.engines.tvm import TvmEngine

    return TvmEngine(graph)


def _torch(graph: Graph, target: str, path: Path | None) -> Engine:
    from smelt.engines.torch import TorchEngine

    # never the file itself: PyTorch's loaders run what is pickled in it
    return TorchEngine(graph)


def _tflite(graph: Graph, path: Path | None) -> bytes:
    from smelt.formats import load_tflite
    from smelt.formats.tflite import write_tflite

    return (load_tflite(path) if path else None) or write_tflite(graph)


def _of_format(suffix: str, path: Path | None) -> Path | None:
    """The file, if it is of the format with that suffix, as `load` sees it; a C array is a .tflite file."""
    from smelt.formats import format_of

    row = format_of(path) if path else None
    return path if row and (suffix in row.suffixes or (row.wrap and suffix == ".tflite")) else None


_FILES: Mapping[str, str] = {
    "interpreted": ".tflite",
    "litert": ".tflite",
    "tflm": ".tflite",
    "onnxruntime": ".onnx",
}
"""The engines that run files of a format as they are."""

_OPENERS: Mapping[str, _Opener] = {
    "reference": _reference,
    "native": _native,
    "emulated": _emulated,
    "interpreted": _interpreted,
    "litert": _litert,
    "tflm": _tflm,
    "onnxruntime": _onnxruntime,
    "tvm": _tvm,
    "torch": _torch,
}

ENGINES = tuple(_OPENERS)
"""The engines' names."""

__all__ = ["ENGINES", "Engine", "open_engine", "tflite_file"]
