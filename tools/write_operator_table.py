"""Writes docs/operators.md from the operators themselves; `--check` only says whether it is up to date."""

from __future__ import annotations

import sys
from pathlib import Path

from smelt.formats.tflite.write import WRITABLE
from smelt.operators import all_operators

DOCUMENT = Path(__file__).parents[1] / "docs" / "operators.md"
HEAD = """# Operators

Made by `python tools/write_operator_table.py` from the operator folders. Every operator runs on the engine
`reference` (its numpy meaning); the C kernels run compiled on this computer (`native`), on emulated cores and on the
device. A kernel with `__arm_dsp` is chosen for cores with Arm's DSP extension. int8 meanings are those of TensorFlow
Lite Micro, bit for bit.

| operator | what it computes | C kernels | .tflite |
|---|---|---|---|
"""


def text() -> str:
    """The document."""
    rows = []
    for name, operator in all_operators().items():
        names = dict.fromkeys(kernel.name for kernel in operator.kernels)
        kernels = ", ".join(f"`{kernel}`" for kernel in names)
        if operator.traits.alias:
            kernels = "none needed: the output is the input's memory"
        written = "written" if name in WRITABLE else "-"
        rows.append(f"| `{name}` | {operator.summary} | {kernels} | {written} |")
    return HEAD + "\n".join(rows) + "\n"


def main() -> int:
    """Write or check the document."""
    if "--check" in sys.argv[1:]:
        return int(not DOCUMENT.exists() or DOCUMENT.read_text(encoding="utf-8") != text())
    DOCUMENT.write_text(text(), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
