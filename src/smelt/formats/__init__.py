"""Model files in and out; the format is recognized from the content."""

from __future__ import annotations

import io
import os
import tempfile
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from smelt.errors import FormatError, SmeltError, UsageError
from smelt.ir import Graph


def load(path: Path | str, *, shapes: Mapping[str, Sequence[int]] | None = None) -> Graph:
    """Read a model file; the graph is named after the file.

    `shapes` fixes symbolic input shapes by input name (ONNX; UsageError for other formats).  Raises
    FormatError or UnsupportedError, both naming the file.
    """
    path = Path(path)
    data = read_bytes(path)
    name = path.stem or "model"
    try:
        if is_tflite(data):
            from smelt.formats.tflite import read_tflite

            if shapes:
                raise UsageError("a .tflite file's shapes are fixed; only symbolic ones (ONNX) can be chosen")
            return replace(read_tflite(data), name=name)
        if is_keras_archive(data):
            from smelt.formats.keras import read_keras

            return read_keras(data, name, shapes)
        if path.suffix == ".onnx" or is_onnx(data):
            from smelt.formats.onnx import read_onnx

            return replace(read_onnx(data, name, shapes=shapes, folder=path.parent), name=name)
    except SmeltError as error:
        raise type_preserving(error, f"{path}: {error}") from error
    raise FormatError(
        f"'{path}' is no model that smelt reads: it is neither a .tflite, nor an .onnx, .keras or .h5 file"
    )


def type_preserving(error: SmeltError, message: str) -> SmeltError:
    """The same kind of error with another message."""
    result = error.__class__.__new__(error.__class__)
    SmeltError.__init__(result, message)
    return result


def save(graph: Graph, path: Path | str) -> None:
    """Write a model file; the suffix chooses the format (.tflite).

    The file appears whole or not at all.  UsageError for other suffixes.
    """
    path = Path(path)
    if path.suffix != ".tflite":
        raise UsageError(f"cannot write '{path}': the output's suffix must be .tflite")
    from smelt.formats.tflite import write_tflite

    write_bytes(path, write_tflite(graph))


def read_bytes(path: Path) -> bytes:
    """The contents of a file; FormatError in words when it cannot be read."""
    try:
        if path.is_dir():
            raise FormatError(f"'{path}' is a folder, not a model file")
        if path.is_char_device() or path.is_block_device():
            raise FormatError(f"'{path}' is a device, not a model file")
        return path.read_bytes()
    except OSError as error:
        raise FormatError(f"cannot read '{path}': {error.strerror or error}") from error


def write_bytes(path: Path, data: bytes) -> None:
    """Write a file under a temporary name, then rename it, so that no half-written file is left."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, temporary = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    except OSError as error:
        raise UsageError(f"cannot write '{path}': {error.strerror or error}") from error
    try:
        with os.fdopen(handle, "wb") as stream:
            stream.write(data)
        umask = os.umask(0)
        os.umask(umask)
        os.chmod(temporary, 0o666 & ~umask)
        os.replace(temporary, path)
    except OSError as error:
        Path(temporary).unlink(missing_ok=True)
        raise UsageError(f"cannot write '{path}': {error.strerror or error}") from error


def is_tflite(data: bytes) -> bool:
    """Whether the content carries the .tflite identifier."""
    return data[4:8] == b"TFL3"


def is_keras_archive(data: bytes) -> bool:
    """Whether the content is an HDF5 file, or an archive with what a Keras model has in it."""
    if data.startswith(b"\x89HDF\r\n\x1a\n"):
        return True
    if not data.startswith(b"PK"):
        return False
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            return {"config.json", "model.weights.h5"} <= set(archive.namelist())
    except (zipfile.BadZipFile, ValueError):
        return False


def is_onnx(data: bytes) -> bool:
    """Whether the content starts as ONNX's protobuf does (field 1, ir_version, a small number)."""
    return len(data) > 2 and data[0] == 0x08 and 1 <= data[1] <= 32


def parse_shapes(texts: Sequence[str] | None) -> dict[str, tuple[int, ...]] | None:
    """Shapes from texts as 'x=1,28,28,1'; UsageError when one cannot be understood."""
    if not texts:
        return None
    result: dict[str, tuple[int, ...]] = {}
    for text in texts:
        name, _, numbers = text.partition("=")
        try:
            shape = tuple(int(n) for n in numbers.split(","))
        except ValueError:
            shape = ()
        if not name or not shape or min(shape) < 1:
            raise UsageError(f"--shape {text}: write the input's name and its shape, for example x=1,28,28,1")
        result[name] = shape
    return result


__all__ = ["load", "parse_shapes", "save"]
