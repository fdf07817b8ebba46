"""Files that a command writes are none that it reads."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

from smelt.errors import UsageError


def check_output(output: Path | None, inputs: Iterable[Path | None]) -> None:
    """UsageError when an output is one of the inputs, whatever links lead there."""
    # unlike Path.resolve, realpath bears links that go round
    if output and os.path.realpath(output) in {os.path.realpath(path) for path in inputs if path}:
        raise UsageError(
            f"the output '{output}' is an input: choose another name, inputs are never overwritten"
        )


def check_folder(output: Path) -> None:
    """UsageError when a folder to write is a file."""
    if output.exists() and not output.is_dir():
        raise UsageError(f"the output '{output}' is a file: give a folder, or one that is to be made")
