"""Model files as bytes: read whole, written whole or not at all."""

from __future__ import annotations

import io
import os
import tempfile
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from smelt.errors import FormatError, UsageError


@dataclass(frozen=True)
class ModelFile:
    """What a recognizer looks at: where the file lies, and its contents (empty for a folder)."""

    path: Path
    data: bytes

    @property
    def is_folder(self) -> bool:
        """Whether the model is a folder of files."""
        return self.path.is_dir()

    @cached_property
    def members(self) -> tuple[str, ...]:
        """The names in a zip archive, in its order; none when the file is no such archive."""
        if not self.data.startswith(b"PK"):
            return ()
        try:
            with zipfile.ZipFile(io.BytesIO(self.data)) as archive:
                return tuple(archive.namelist())
        except (zipfile.BadZipFile, ValueError, NotImplementedError, OSError):
            return ()


def open_model(path: Path) -> ModelFile:
    """A model file or folder; FormatError in words when it cannot be read."""
    try:
        is_folder = path.is_dir()
    except OSError as error:
        raise FormatError(f"cannot read '{path}': {error.strerror or error}") from error
    return ModelFile(path, b"" if is_folder else read_bytes(path))


def read_bytes(path: Path) -> bytes:
    """The contents of a file; FormatError in words when it cannot be read."""
    try:
        if path.is_dir():
            raise FormatError(f"'{path}' is a folder, not a model file")
        if path.is_char_device() or path.is_block_device() or path.is_fifo() or path.is_socket():
            raise FormatError(f"'{path}' is a device or a pipe, not a model file")
        return path.read_bytes()
    except OSError as error:
        raise FormatError(f"cannot read '{path}': {error.strerror or error}") from error


def write_bytes(path: Path, data: bytes) -> None:
    """Write a file under a temporary name, then rename it, so that no half-written file is left."""
    write_files({path: data})


def write_files(contents: Mapping[Path, bytes]) -> None:
    """Write all files under temporary names, then rename them: without room for one, none is there."""
    staged: dict[Path, Path] = {}
    path = next(iter(contents))
    try:
        for path, data in contents.items():
            path.parent.mkdir(parents=True, exist_ok=True)
            handle, temporary = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
            staged[path] = Path(temporary)
            with os.fdopen(handle, "wb") as stream:
                stream.write(data)
            umask = os.umask(0)
            os.umask(umask)
            os.chmod(temporary, 0o666 & ~umask)
        for path, staging in staged.items():
            os.replace(staging, path)
    except OSError as error:
        for left in staged.values():
            left.unlink(missing_ok=True)
        raise UsageError(f"cannot write '{path}': {error.strerror or error}") from error


def stored_bytes(path: Path) -> int:
    """The size of a model file, or of all files in a model's folder."""
    if path.is_dir():
        return sum(file.stat().st_size for file in path.rglob("*") if file.is_file())
    return path.stat().st_size
