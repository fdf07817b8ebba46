"""Model files in and out; the format is recognized from the content."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from smelt.errors import FormatError, SmeltError, UsageError
from smelt.formats.few_bits import refuse_few_bits
from smelt.formats.files import ModelFile, open_model, read_bytes, stored_bytes, write_bytes, write_files
from smelt.formats.objects import from_object
from smelt.formats.table import (
    FORMATS,
    Choices,
    Format,
    listed,
    readable_suffixes,
    recognized,
    writable_suffixes,
)
from smelt.ir import Array, Graph


def load(
    source: Any,
    *,
    shapes: Mapping[str, Sequence[int]] | None = None,
    constants: Mapping[str, Array] | None = None,
    signature: str | None = None,
    example_inputs: Sequence[Any] | None = None,
) -> Graph:
    """Read a model: a file's or folder's path, a file's bytes, or a live model of another package.

    `shapes` fixes symbolic input shapes by input name, in the file's order of dimensions.  `constants` makes
    inputs into constants with these contents.  `signature` chooses one of a file's entry points.
    `example_inputs` are what a torch.nn.Module is traced with.  The graph is named after the file.  UsageError
    for a choice that the format has not; FormatError or UnsupportedError, both naming the file.
    """
    choices = Choices(shapes or {}, constants or {}, signature)
    if isinstance(source, bytes):
        return _read(ModelFile(Path("model"), source), choices)
    if isinstance(source, str | Path):
        return _read(open_model(Path(source)), choices)
    return from_object(source, choices, example_inputs)


def _read(model: ModelFile, choices: Choices) -> Graph:
    row = recognized(model)
    if row is None or row.read is None:
        kind = "folder" if model.is_folder else "file"
        raise FormatError(
            f"'{model.path}' is a {kind} that holds no model that smelt reads; it reads {readable_suffixes()}"
        )
    try:
        for choice in choices.made:
            if choice not in row.understands:
                raise UsageError(f"a {row.title} model has no {choice} to choose; only other formats do")
        name = model.path.stem or "model"
        return replace(row.read(model, name, choices), name=name)
    except SmeltError as error:
        raise type_preserving(error, f"{model.path}: {error}") from error


def format_of(path: Path) -> Format | None:
    """The format of a model file, as `load` recognizes it; FormatError when it cannot be read."""
    return recognized(open_model(path))


def type_preserving(error: SmeltError, message: str) -> SmeltError:
    """The same kind of error with another message."""
    result = error.__class__.__new__(error.__class__)
    SmeltError.__init__(result, message)
    vars(result).update(vars(error))
    return result


def save(graph: Graph, path: Path | str) -> None:
    """Write a model file; the suffix chooses the format.

    The file appears whole or not at all.  UsageError for suffixes that are not written; UnsupportedError
    naming the operator that the format cannot say.
    """
    path = Path(path)
    row = _written(path)
    if row.wrap is not None:
        from smelt.formats.tflite import write_tflite

        save_tflite(write_tflite(refuse_few_bits(graph)), graph.name, path)
    elif row.write is not None:
        write_bytes(path, row.write(refuse_few_bits(graph)))


def _written(path: Path) -> Format:
    """The format to write to a path; UsageError."""
    rows = (row for row in FORMATS if row.write or row.wrap)
    row = next((row for row in rows if path.suffix.lower() in row.suffixes), None)
    if row is None:
        raise UsageError(f"cannot write '{path}': the output's suffix must be {writable_suffixes()}")
    return row


def load_tflite(path: Path) -> bytes | None:
    """The .tflite file at `path`, or in the C array there, as it is; None for other formats.

    FormatError for a C array that holds no .tflite file.
    """
    model = open_model(path)
    row = recognized(model)
    if row is None or row.read is None:
        return None
    if ".tflite" in row.suffixes:
        return model.data
    if row.wrap is None:
        return None
    from smelt.formats.c_array import read_c_array

    try:
        return read_c_array(model.data)
    except FormatError as error:
        raise FormatError(f"{path}: {error}") from error


def files_of_tflite(path: Path) -> tuple[Path, ...]:
    """What `save_tflite` writes for that output; nothing for formats that do not hold a .tflite file as it is."""
    row = _written(path)
    if ".tflite" in row.suffixes:
        return (path,)
    return () if row.wrap is None else tuple(path.with_name(name) for name in row.wrap(b"", "", path))


def save_tflite(data: bytes, title: str, path: Path) -> None:
    """Write a .tflite file as it is, or a C array of it that is called `title`, as the suffix says."""
    row = _written(path)
    named = {path.name: data} if row.wrap is None else row.wrap(data, title, path)
    write_files({path.with_name(name): content for name, content in named.items()})


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
        if name in result:
            raise UsageError(f"--shape {text}: the shape of '{name}' is given twice")
        result[name] = shape
    return result


def parse_constants(texts: Sequence[str] | None) -> dict[str, Array] | None:
    """Contents of inputs from texts as 'axes=[1,2]' or 'ratio=0.5': int64, float32 or bool.

    UsageError when one cannot be understood.
    """
    if not texts:
        return None
    result: dict[str, Array] = {}
    for text in texts:
        name, _, numbers = text.partition("=")
        try:
            array = np.asarray(json.loads(numbers))
        except (ValueError, OverflowError, RecursionError):
            array = np.asarray("")
        if not name or array.dtype.kind not in "ifb":
            raise UsageError(
                f"--constant {text}: write the input's name and its contents, for example axes=[1,2]"
            )
        result[name] = array.astype(np.float32) if array.dtype.kind == "f" else array
    return result


__all__ = [
    "files_of_tflite",
    "format_of",
    "listed",
    "load",
    "load_tflite",
    "parse_constants",
    "parse_shapes",
    "read_bytes",
    "save",
    "save_tflite",
    "stored_bytes",
    "write_bytes",
]
