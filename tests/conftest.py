"""Fixtures that all tests share."""

from __future__ import annotations

from pathlib import Path

import pytest
from shared_files import shared_folder


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder with real models and data; skips the test where it is absent."""
    folder = shared_folder()
    if folder is None:
        pytest.skip("the folder shared/ with real models is not beside the repository (set SMELT_SHARED)")
    return folder
