"""Code bytes of every C kernel on Cortex-M0+ and Cortex-M4, for size (-Os) and for speed (-O2).

    python benchmarks/operators.py [--markdown FILE]

Needs arm-none-eabi-gcc. A kernel is its source files compiled alone: what they call in the C library or in
libgcc is not in it, and what a model does not use of it is not linked.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from rich.console import Console
from rich.table import Table

from smelt.codegen.sources import RUNTIME
from smelt.engines.toolchain import find_toolchain
from smelt.errors import SmeltError
from smelt.operators import all_operators
from smelt.targets import Target, find_target

CORES = ("cortex-m0plus", "cortex-m4")
LEVELS = ("-Os", "-O2")


@dataclass(frozen=True)
class Source:
    """A C file, and the folder of the operator family that it is compiled for."""

    path: Path
    family: Path


def kernels() -> dict[str, tuple[Source, ...]]:
    """Kernel name → its files, for every kernel of every operator."""
    found: dict[str, tuple[Source, ...]] = {}
    for operator in all_operators().values():
        places = (operator.folder, RUNTIME / "primitives")
        for kernel in operator.kernels:
            paths = [next(p / s for p in places if (p / s).is_file()) for s in kernel.sources]
            found[kernel.name] = tuple(Source(path, operator.folder) for path in paths)
    return dict(sorted(found.items()))


@cache
def code_bytes(source: Source, target: Target, level: str) -> int:
    """Instructions, literals and constants of one file; raises CompileError without arm-none-eabi-gcc."""
    compiler = find_toolchain(target, "gcc")
    folders = (source.family, RUNTIME / "primitives", RUNTIME / "include")
    with tempfile.TemporaryDirectory(prefix="smelt-benchmark-") as temporary:
        output = Path(temporary) / "kernel.o"
        flags = [*target.gcc_flags, "-std=c99", "-ffp-contract=off", level, *(f"-I{f}" for f in folders)]
        command = [*compiler.command, *flags, "-c", str(source.path), "-o", str(output)]
        subprocess.run(command, check=True)
        size = [f"{target.gcc_prefix}size", str(output)]
        listing = subprocess.run(size, check=True, capture_output=True, text=True).stdout
    return int(listing.splitlines()[1].split()[0])


def size_row(name: str, sources: tuple[Source, ...]) -> list[str]:
    """The cells of one kernel; "–" where the core has no such instructions."""
    cells = [f"`{name}`"]
    for core in CORES:
        target = find_target(core)
        runs = not name.endswith("__arm_dsp") or target.has("dsp")
        for level in LEVELS:
            total = sum(code_bytes(source, target, level) for source in sources) if runs else None
            cells.append("–" if total is None else f"{total:,}")
    return cells


def main() -> int:
    """Compile, print, write; the exit status."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--markdown", type=Path, metavar="FILE")
    options = parser.parse_args()
    try:
        rows = [size_row(name, sources) for name, sources in kernels().items()]
        version = find_toolchain(find_target(CORES[0]), "gcc").version
    except SmeltError as error:
        print(error, file=sys.stderr)
        return 2
    headings = ["kernel", *(f"{core} {level}" for core in CORES for level in LEVELS)]
    table = Table(title=f"code bytes, {version}", title_justify="left")
    for index, heading in enumerate(headings):
        table.add_column(heading, justify="right" if index else "left")
    for row in rows:
        table.add_row(row[0].strip("`"), *row[1:])
    Console(width=None if sys.stdout.isatty() else 120).print(table)
    if options.markdown:
        lines = [headings, ["---", *["---:"] * (len(headings) - 1)], *rows]
        text = "\n".join("| " + " | ".join(cells) + " |" for cells in lines)
        options.markdown.write_text(f"{text}\n\nCode bytes with {version}.\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
