"""The zip archives that PyTorch writes: records read one by one, and never more than the file can honestly hold."""

from __future__ import annotations

import io
import zipfile
import zlib

from smelt.errors import FormatError

_ROOM_BYTES = 1 << 25
"""Source code may be deflated, so that records are larger than the file by some megabytes, but not by gigabytes."""

_ERRORS = (
    zipfile.BadZipFile,
    zlib.error,
    OSError,
    EOFError,
    KeyError,
    ValueError,
    RuntimeError,
    OverflowError,
)
"""What zipfile raises on damaged archives (NotImplementedError and UnicodeError are among these)."""


class Archive:
    """The records of an archive by name, without the folder that all of them lie in.

    Raises FormatError for damaged archives, also later while reading.
    """

    def __init__(self, data: bytes) -> None:
        try:
            self._zip = zipfile.ZipFile(io.BytesIO(data))
            paths = [info.filename for info in self._zip.infolist()]
        except _ERRORS as error:
            raise FormatError(f"the zip archive is damaged: {error}") from error
        self._root = paths[0].partition("/")[0] + "/" if paths else ""
        self.names = tuple(path.removeprefix(self._root) for path in paths if path.startswith(self._root))
        self._known = frozenset(self.names)
        self._budget_bytes = len(data) + _ROOM_BYTES
        if "byteorder" in self and self.read("byteorder") != b"little":
            raise FormatError("the file was written on a big-endian computer, which smelt does not read")

    def __contains__(self, name: str) -> bool:
        return name in self._known

    def read(self, name: str) -> bytes:
        """The bytes of a record; FormatError where it is missing, damaged or too large for the file."""
        if name not in self._known:
            raise FormatError(f"the archive has no record '{name}'")
        try:
            info = self._zip.getinfo(self._root + name)
            self._budget_bytes -= info.file_size
            if self._budget_bytes < 0:
                raise FormatError(
                    f"the record '{name}' claims {info.file_size} bytes, more than the file holds"
                )
            return self._zip.read(info)
        except _ERRORS as error:
            raise FormatError(f"the record '{name}' is damaged: {error}") from error
