"""Flash and cycles of forests on Cortex-M4 and Cortex-M0+, beside C that other packages make of them.

    python benchmarks/trees.py [--markdown FILE] [--rivals]

Needs scikit-learn and arm-none-eabi-gcc; --rivals the packages emlearn and m2cgen too.  Cycles are averages over
samples of the data set.  Flash is code and tables, with what is linked from libgcc.  A rival's function is called by an
empty program, whose flash is taken off.
"""

from __future__ import annotations

import argparse
import importlib
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from rich.console import Console
from rich.table import Table

import smelt
from smelt.engines.elf import elf_sizes
from smelt.engines.machine import Machine
from smelt.engines.profile import profile
from smelt.engines.toolchain import find_toolchain
from smelt.errors import CompileError
from smelt.targets import Target, find_target

CORES = ("cortex-m4", "cortex-m0plus")
SAMPLES = 8


@dataclass(frozen=True)
class Row:
    """One model on one core, as made by one package."""

    model: str
    core: str
    maker: str
    flash_bytes: int | None
    cycles: float | None


def models() -> Iterator[tuple[str, Any, NDArray[np.float32]]]:
    """Fitted forests with the samples that they are run on."""
    datasets, ensemble = (
        importlib.import_module("sklearn.datasets"),
        importlib.import_module("sklearn.ensemble"),
    )
    forest, boosting = ensemble.RandomForestClassifier, ensemble.GradientBoostingClassifier
    for name, load, estimator in (
        ("digits, 10 trees", datasets.load_digits, forest(10, random_state=0)),
        ("digits, 100 trees", datasets.load_digits, forest(100, random_state=0)),
        ("breast cancer, 100 trees", datasets.load_breast_cancer, forest(100, random_state=0)),
        ("breast cancer, 100 boosted", datasets.load_breast_cancer, boosting(random_state=0)),
    ):
        x, y = load(return_X_y=True)
        rows = x.astype(np.float32)
        yield name, estimator.fit(rows, y), rows[:: len(rows) // SAMPLES][:SAMPLES]


def of_smelt(name: str, model: Any, rows: NDArray[np.float32], target: Target) -> Row:
    """The label alone, as rivals give it."""
    graph = smelt.from_sklearn(model)
    graph = smelt.optimize(graph.replaced(outputs=["label"]))
    results = [profile(graph, target, inputs={"x": row[None]}).totals for row in rows]
    cycles = [result.estimated_cycles or result.instructions for result in results]
    return Row(name, target.name, "smelt", results[0].flash_bytes, float(np.mean(cycles)))


def of_rival(
    name: str, source: str, maker: str, rows: NDArray[Any], target: Target, folders: list[Path]
) -> Row:
    """C with a function `run(features, result)`; without figures where the compiler refuses it."""
    try:
        return _measured(name, source, maker, rows, target, folders)
    except CompileError:
        return Row(name, target.name, maker, None, None)


def _measured(
    name: str, source: str, maker: str, rows: NDArray[Any], target: Target, folders: list[Path]
) -> Row:
    with tempfile.TemporaryDirectory(prefix="smelt-trees-") as temporary:
        flash = _flash(source, target, folders, Path(temporary) / "with")
        empty = "void run(const void *x, void *y); void run(const void *x, void *y) { (void)x; (void)y; }\n"
        flash -= _flash(empty, target, [], Path(temporary) / "without")
        machine = Machine(Path(temporary) / "with" / "image.elf", target)
        memory, _ = machine.symbol("memory")
        counts = []
        for row in rows:
            machine.write(memory, row.tobytes())
            result = machine.call("run", memory, memory + row.nbytes, count=True)
            counts.append(result.estimated_cycles or 0)
    return Row(name, target.name, maker, flash, float(np.mean(counts)))


def _flash(source: str, target: Target, folders: list[Path], folder: Path) -> int:
    folder.mkdir()
    main = "unsigned char memory[4096];\nint main(void);\nint main(void) { run(memory, memory + 2048); return 0; }\n"
    (folder / "image.c").write_text(source + main)
    find_toolchain(target, "gcc").compile_firmware(
        [folder / "image.c"], folders, folder / "image.elf", extra_flags=["-w"], keep=["run"]
    )
    return elf_sizes(folder / "image.elf").flash_bytes


def rivals(name: str, model: Any, rows: NDArray[np.float32], target: Target) -> Iterator[Row]:
    """What the packages emlearn (if/else and tables, both votes) and m2cgen (double) make."""
    emlearn, m2cgen = importlib.import_module("emlearn"), importlib.import_module("m2cgen")
    run = "void run(const void *x, void *y);\nvoid run(const void *x, void *y) {{ {} }}\n"
    if "Forest" in type(model).__name__:
        folder = [Path(str(emlearn.includedir))]
        kinds = (
            ("float", "inline", "float"),
            ("int16_t", "loadable", "int16_t"),
            ("int16_t", "inline", "int16_t"),
        )
        for dtype, method, c_type in kinds:
            converted = emlearn.convert(model, method=method, dtype=dtype)
            call = run.format(f"*(int *)y = m_predict((const {c_type} *)x, {rows.shape[1]});")
            source = "#include <stdint.h>\n" + converted.save(name="m", format="c")
            data = rows.astype(np.int16 if dtype == "int16_t" else np.float32)
            yield of_rival(name, source + call, f"emlearn {method} {dtype}", data, target, folder)
    if "Forest" not in type(model).__name__:
        return
    source = m2cgen.export_to_c(model) + run.format("score((double *)x, (double *)y);")
    yield of_rival(name, source, "m2cgen double", rows.astype(np.float64), target, [])


@cache
def _console() -> Console:
    return Console(width=110)


def _texts(row: Row) -> tuple[str, str]:
    if row.flash_bytes is None or row.cycles is None:
        return "does not compile", "-"
    return f"{row.flash_bytes:,}", f"{row.cycles:,.0f}"


def main() -> None:
    """Measure and print; with --markdown also write the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--markdown", type=Path)
    parser.add_argument("--rivals", action="store_true")
    options = parser.parse_args()
    rows: list[Row] = []
    for name, model, samples in models():
        for core in CORES:
            rows.append(of_smelt(name, model, samples, find_target(core)))
            _console().print(rows[-1])
            if options.rivals and not name.startswith(
                "digits, 100"
            ):  # hours of compiling, megabytes of flash
                rows += rivals(name, model, samples, find_target(core))
    table = Table("model", "core", "made by", "flash bytes", "cycles")
    for row in rows:
        table.add_row(row.model, row.core, row.maker, *_texts(row))
    _console().print(table)
    if options.markdown:
        lines = ["| model | core | made by | flash bytes | cycles |", "|---|---|---|---|---|"]
        lines += [f"| {r.model} | {r.core} | {r.maker} | {' | '.join(_texts(r))} |" for r in rows]
        options.markdown.write_text("\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
