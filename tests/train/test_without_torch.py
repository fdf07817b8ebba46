"""Without torch, training says which extra brings it."""

from __future__ import annotations

import subprocess
import sys

PROGRAM = """
import sys
sys.modules["torch"] = None
from smelt.errors import MissingExtraError
try:
    import smelt.train
except MissingExtraError as error:
    print(error)
"""


def test_the_extra_is_named() -> None:
    done = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True, check=True)
    assert "pip install 'smelt[torch]'" in done.stdout
