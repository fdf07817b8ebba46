"""Fuzzes the interpreter: `python tests/runtime/fuzz/run.py MINUTES [--keep]`; needs clang.

Runs libFuzzer on load and invoke under AddressSanitizer and UndefinedBehaviorSanitizer, with every operator registered.
It starts from one small model of every operator and type, and from what is kept in corpus.tar.xz.  A finding stops it
and is left in the folder that it prints.  `--keep` then makes corpus.tar.xz anew, from what still adds code.
"""

from __future__ import annotations

import argparse
import io
import os
import subprocess
import sys
import tarfile
from dataclasses import replace
from pathlib import Path

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parents[1]))

import numpy as np  # noqa: E402 - behind the path
from case_graphs import all_cases  # noqa: E402 - of tests/
from small_models import plain_int8  # noqa: E402

from smelt.engines.interpreted import InterpretedEngine, write_interpreter  # noqa: E402
from smelt.engines.stored_plan import PLAN, put_plan, with_stored_plan  # noqa: E402
from smelt.errors import SmeltError  # noqa: E402
from smelt.formats.tflite import read_tflite, write_tflite  # noqa: E402
from smelt.formats.tflite.flatbuffer import read_flatbuffer  # noqa: E402
from smelt.formats.tflite.schema import TFLITE  # noqa: E402
from smelt.operators.interpreted import all_interpreted  # noqa: E402
from smelt.targets import find_target  # noqa: E402

CORPUS = HERE / "corpus.tar.xz"
LARGEST_SEED = 4096
LARGEST_CORPUS = 1_500_000
# shifts of negative numbers are meant, and what every compiler here does with them
SANITIZERS = ("-fsanitize=address,undefined", "-fno-sanitize-recover=all", "-fno-sanitize=shift-base")


def build(folder: Path, *, main: Path | None = None, compiler: str = "clang") -> Path:
    """The harness as a program: of libFuzzer, or around another `main`."""
    sources = write_interpreter(folder / "c", all_interpreted())
    sources = tuple(path for path in sources if path.name != "interpreted.c")
    first = "-fsanitize=fuzzer" if main is None else str(main)
    flags = ("-std=c11", "-g", "-O1", *SANITIZERS, "-I", str(folder / "c"), first)
    harness = str(HERE / "fuzz_interpreter.c")
    program = folder / "fuzz"
    subprocess.run([compiler, *flags, harness, *map(str, sources), "-o", str(program), "-lm"], check=True)
    return program


def seeds() -> dict[str, bytes]:
    """Up to three small models of every operator of the interpreter and type, by name."""
    known = {(row.name, row.dtype) for row in all_interpreted()}
    found: dict[str, bytes] = {}
    for case in (case for cases in all_cases().values() for case in cases):
        if case.inputs[0] is None or (case.operator, case.inputs[0].dtype) not in known:
            continue
        kind = f"{case.operator}_{case.inputs[0].dtype.value}"
        if sum(name.startswith(f"{kind}.") for name in found) < 3:
            try:
                model = write_tflite(case.graph())
            except SmeltError:
                continue
            if len(model) <= LARGEST_SEED:
                found[f"{kind}.{case.name}"] = b"\4" + model
    return found | {f"stored_plan.{name}": b"\4" + model for name, model in stored_plans().items()}


def stored_plans() -> dict[str, bytes]:
    """A small model with plans of the arena: right, of another core, hostile, and TensorFlow Lite Micro's own."""
    model = write_tflite(plain_int8())
    tensors = len(read_flatbuffer(model, TFLITE).subgraphs[0].tensors)
    with InterpretedEngine(model, read_tflite(model)) as engine:
        items = engine.arena_items()
    found = {name: with_stored_plan(model, items, find_target(name))[0] for name in ("host", "cortex-m55")}
    words = np.frombuffer(read_tflite(found["host"]).metadata[PLAN], "<u4").tolist()
    for name, place in (("all_at_once", 0), ("outside", 0xFFFFFFF8)):
        found[name] = put_plan(model, [*words[:3], 0xFFFFFFFF, words[4], *([place] * words[4])])
    offline = np.array([1, 0, tensors, *words[5 : 5 + tensors]], "<u4").tobytes()
    graph = read_tflite(model)
    found["offline"] = write_tflite(replace(graph, metadata={"OfflineMemoryAllocation": offline}))
    return found


def unpack(folder: Path) -> None:
    """What is kept, and the seeds, as files."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, data in seeds().items():
        (folder / name).write_bytes(data)
    if CORPUS.exists():
        with tarfile.open(CORPUS) as archive:
            for entry in archive:
                data = archive.extractfile(entry)
                (folder / Path(entry.name).name).write_bytes(data.read() if data else b"")


def pack(folder: Path) -> None:
    """Files into corpus.tar.xz, the smallest first, as many as fit unpacked."""
    left = LARGEST_CORPUS
    with tarfile.open(CORPUS, "w:xz") as archive:
        for path in sorted(folder.iterdir(), key=lambda path: (path.stat().st_size, path.name)):
            entry = tarfile.TarInfo(path.name)
            entry.size = path.stat().st_size
            left -= entry.size
            if left >= 0:
                archive.addfile(entry, io.BytesIO(path.read_bytes()))


def main() -> int:
    """Build, run, and keep what was found if asked."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("minutes", type=float)
    arguments.add_argument("--keep", action="store_true")
    arguments.add_argument("--folder", type=Path, default=Path("build/fuzz"))
    options = arguments.parse_args()
    folder = options.folder.resolve()
    folder.mkdir(parents=True)
    os.nice(10)
    program, corpus, small = build(folder), folder / "corpus", folder / "small"
    unpack(corpus)
    sys.stdout.write(f"{len(list(corpus.iterdir()))} models to begin with, in {folder}\n")
    flags = ("-max_len=8192", "-timeout=20", "-rss_limit_mb=2048", "-print_final_stats=1", "-verbosity=1")
    flags = (*flags, f"-artifact_prefix={folder}/finding-", f"-max_total_time={int(60 * options.minutes)}")
    status = subprocess.run([program, *flags, corpus], check=False).returncode
    if status == 0 and options.keep:
        small.mkdir()
        subprocess.run([program, "-merge=1", "-max_len=8192", small, corpus], check=True)
        pack(small)
    return status


if __name__ == "__main__":
    sys.exit(main())
