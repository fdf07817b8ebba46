"""Writes docs/operators.md from the operators themselves; `--check` only says whether it is up to date."""

from __future__ import annotations

import importlib
import importlib.util
import sys
from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path

from smelt.formats.tflite.write import WRITABLE
from smelt.ir import DType
from smelt.operators import all_operators, call_of, candidate_kernels
from smelt.operators.case import Case
from smelt.operators.interpreted import all_interpreted
from smelt.targets import find_target

DOCUMENT = Path(__file__).parents[1] / "docs" / "operators.md"
HEAD = """# Operators

Made by `python tools/write_operator_table.py` from the operator folders. Every operator runs on the engine
`reference` (its numpy meaning). The other columns say for which types of the first input it runs elsewhere:

* **C**: compiled, by a kernel in portable C, on this computer (`native`), on emulated cores and on every device. Each
  of the cases in the operators' folders is compared with the meaning.
* **DSP**, **MVE**: by a kernel for cores with Arm's DSP extension (Cortex-M4, M7, M33), or with Helium (Cortex-M55).
* **interpreted**: in smelt's interpreter ([interpreter.md](interpreter.md)); `any`: every type of whole bytes.
* **.tflite**: whether smelt writes it.

`-` is nowhere; `alias` needs no code, the output is the input's memory. int8 meanings are those of TensorFlow Lite
Micro, bit for bit.

| operator | what it computes | C | DSP | MVE | interpreted | .tflite |
|---|---|---|---|---|---|---|
"""
CORES = {"C": ("cortex-m3", ""), "DSP": ("cortex-m4", "__arm_dsp"), "MVE": ("cortex-m55", "__arm_mve")}
ORDER = [dtype.value for dtype in DType]


def cases() -> dict[str, list[Case]]:
    """The cases in the operators' folders, by operator."""
    found: dict[str, list[Case]] = defaultdict(list)
    for folder in sorted({operator.folder.name for operator in all_operators().values()}):
        name = f"smelt.operators.{folder}.cases"
        if importlib.util.find_spec(name):
            for case in importlib.import_module(name).CASES:
                found[case.operator].append(case)
    return found


def compiled(cases_of_one: Iterable[Case]) -> dict[str, set[str]]:
    """The types of the first input for which there are kernels, by the columns of CORES."""
    found: dict[str, set[str]] = {column: set() for column in CORES}
    for case in cases_of_one:
        first = next((tensor for tensor in case.inputs if tensor is not None), None)
        if first is None:
            continue
        graph = case.graph()
        call = call_of(graph, graph.nodes[0])
        for column, (core, ending) in CORES.items():
            if first.dtype.value not in found[column]:
                kernels = candidate_kernels(call, find_target(core))
                if any(kernel.name.endswith(ending) for kernel in kernels):
                    found[column].add(first.dtype.value)
    return found


def listed(types: Iterable[str]) -> str:
    """Types in the order of the IR."""
    return ", ".join(sorted(types, key=ORDER.index)) or "-"


def text() -> str:
    """The document."""
    interpreted: dict[str, set[str | None]] = defaultdict(set)
    for row in all_interpreted():
        interpreted[row.name].add(row.dtype.value if row.dtype else None)
    rows, known = [], cases()
    for name, operator in all_operators().items():
        columns = [listed(types) for types in compiled(known[name]).values()]
        if operator.traits.alias:
            columns = ["alias"] * len(CORES)
        here = interpreted[name]
        columns.append("any" if None in here else listed(filter(None, here)))
        columns.append("written" if name in WRITABLE else "-")
        rows.append(f"| `{name}` | {operator.summary.replace('|', chr(92) + '|')} | {' | '.join(columns)} |")
    return HEAD + "\n".join(rows) + "\n"


def main() -> int:
    """Write or check the document."""
    if "--check" in sys.argv[1:]:
        return int(not DOCUMENT.exists() or DOCUMENT.read_text(encoding="utf-8") != text())
    DOCUMENT.write_text(text(), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
