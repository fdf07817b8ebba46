"""Ways to run a model, behind one interface."""

from __future__ import annotations

from pathlib import Path

from smelt.engines.engine import Engine
from smelt.errors import UsageError
from smelt.ir import Graph

ENGINES = ("reference", "native", "emulated", "litert", "tflm", "onnxruntime")


def open_engine(name: str, graph: Graph, *, target: str | None = None, path: Path | None = None) -> Engine:
    """A model ready to run on the engine of that name.

    `target` chooses the core for emulated (default cortex-m4).  litert, tflm and onnxruntime run the
    file at `path` when it is of their format; litert and tflm otherwise run what smelt's .tflite
    writer makes of the graph.
    Raises UsageError for unknown names, MissingExtraError for packages that are not installed.
    """
    from smelt.targets import find_target

    if name == "reference":
        from smelt.engines.reference import ReferenceEngine

        return ReferenceEngine(graph)
    if name == "native":
        from smelt.engines.native import NativeEngine

        return NativeEngine(graph)
    if name == "emulated":
        from smelt.engines.emulated import EmulatedEngine

        return EmulatedEngine(graph, find_target(target or "cortex-m4"))
    if name in ("litert", "tflm"):
        return _open_tflite(name, graph, path)
    if name == "onnxruntime":
        from smelt.engines.onnxruntime import OnnxRuntimeEngine

        if path is None or path.suffix != ".onnx":
            raise UsageError("the engine onnxruntime runs .onnx files only")
        return OnnxRuntimeEngine(path.read_bytes(), graph)
    raise UsageError(f"there is no engine '{name}'; there are: {', '.join(ENGINES)}")


def _open_tflite(name: str, graph: Graph, path: Path | None) -> Engine:
    from smelt.formats import read_bytes
    from smelt.formats.tflite import write_tflite

    data = read_bytes(path) if path is not None else b""
    if data[4:8] != b"TFL3":
        data = write_tflite(graph)
    if name == "litert":
        from smelt.engines.litert import LiteRTEngine

        return LiteRTEngine(data)
    from smelt.engines.tflm import TflmEngine

    return TflmEngine(data, graph)


__all__ = ["ENGINES", "Engine", "open_engine"]
