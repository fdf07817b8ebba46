"""Options in TOML files."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

from smelt.errors import FormatError


def read_toml(path: Path) -> dict[str, Any]:
    """What a TOML file says; FormatError where it is none."""
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise FormatError(f"cannot read '{path}': {error.strerror or error}") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise FormatError(f"'{path}' is not a readable TOML file: {error}") from error


def read_table(path: Path, name: str, holds: str) -> dict[str, Any]:
    """The only table of a TOML file; FormatError, which says what it `holds`, where there is another or none."""
    document = read_toml(path)
    table = document.get(name)
    if set(document) != {name} or not isinstance(table, dict):
        raise FormatError(f"'{path}' wants one table, [{name}], {holds}")
    return table
