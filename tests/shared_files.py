"""Where the real models and data are that tests use when they are there."""

from __future__ import annotations

import os
from pathlib import Path


def shared_folder() -> Path | None:
    """The folder with real models and data: $SMELT_SHARED, or `shared` beside the repository."""
    folder = Path(os.environ.get("SMELT_SHARED", Path(__file__).parents[2] / "shared"))
    return folder if (folder / "models").is_dir() else None
