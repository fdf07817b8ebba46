"""Tensors whose data is in a file beside the model."""

from __future__ import annotations

import os
import stat
from pathlib import Path
from typing import Any

from smelt.errors import FormatError


def external_data(tensor: Any, folder: Path | None, wanted: int, where: str) -> bytes:
    """The `wanted` bytes that a TensorProto has in another file.

    Only regular files in the model's folder, or below it, are read.  Raises FormatError naming the file when
    it lies elsewhere, is not there, or is too short.
    """
    entries = {str(entry.key): str(entry.value) for entry in tensor.external_data}
    location = entries.get("location", "")
    offset = _number(entries.get("offset", "0"), where)
    length = _number(entries.get("length", str(wanted)), where)
    if length != wanted:
        raise FormatError(f"{where}: needs {wanted} bytes, its part of '{location}' has {length}")
    if folder is None:
        raise FormatError(
            f"{where}: its data is in another file, '{location}', and the model was not read from a folder; "
            f"give the path of the model"
        )
    path = _inside(folder, location, where)
    try:
        handle = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0))
        with os.fdopen(handle, "rb") as stream:
            if not stat.S_ISREG(os.fstat(stream.fileno()).st_mode):
                raise FormatError(f"{where}: its data is in '{path}', which is no file")
            if os.fstat(stream.fileno()).st_size < offset + wanted:
                raise FormatError(
                    f"{where}: its data is in '{path}', which is too short: needs {offset + wanted} bytes"
                )
            stream.seek(offset)
            return stream.read(wanted)
    except OSError as error:
        raise FormatError(
            f"{where}: its data is in '{path}', which cannot be read ({error.strerror or error}); that file "
            f"belongs to the model and has to lie beside it"
        ) from error


def _inside(folder: Path, location: str, where: str) -> Path:
    """The file's path; FormatError when that is not in the model's folder, links followed."""
    path = folder / location
    try:
        inside = path.resolve().is_relative_to(folder.resolve())
    except (OSError, ValueError, RuntimeError):
        inside = False
    if not location or not inside or Path(location).is_absolute():
        raise FormatError(
            f"{where}: its data is said to be in '{location}', which is outside the model's folder"
        )
    return path


def _number(text: str, where: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) < 19):
        raise FormatError(f"{where}: '{text}' is no place in a file")
    return int(text)
