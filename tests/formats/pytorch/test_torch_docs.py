"""The page on PyTorch models names the operators that are read."""

from __future__ import annotations

import re
from pathlib import Path

from smelt.formats.pytorch.operators import OPERATORS

PAGE = Path(__file__).parents[3] / "docs" / "reading_pytorch.md"


def test_the_page_lists_the_operators() -> None:
    listed = set()
    for paragraph in PAGE.read_text().partition("## Operators")[2].split("\n\n"):
        first, *names = re.findall(r"`(\w+)`", paragraph) or [""]
        if first in ("aten", "quantized", "quantized_decomposed"):
            listed |= {f"{first}.{name}" for name in names}
    assert listed == set(OPERATORS)
