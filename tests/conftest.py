"""Fixtures that all tests share."""

from __future__ import annotations

import os
from pathlib import Path

import pytest


def shared_folder() -> Path | None:
    """The folder with real models and data: $SMELT_SHARED, or `shared` beside the repository."""
    folder = Path(os.environ.get("SMELT_SHARED", Path(__file__).parents[2] / "shared"))
    return folder if (folder / "models").is_dir() else None


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder with real models and data; skips the test where it is absent."""
    folder = shared_folder()
    if folder is None:
        pytest.skip("the folder shared/ with real models is not beside the repository (set SMELT_SHARED)")
    return folder
