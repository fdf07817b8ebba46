"""Damaging model files: mutations, and a worker process that says what became of each damaged file."""

from __future__ import annotations

import io
import json
import os
import random
import struct
import subprocess
import sys
import zipfile
from collections.abc import Sequence
from pathlib import Path

WORKER = Path(__file__).with_name("hostile_worker.py")
EXTREMES = (0, 1, -1, 0x7F, 0xFF, 0x7FFF, 0xFFFF, 0x7FFFFFFF, -0x80000000, 0x10000, 0x1000000, 0xFFFFFFFF)
VARINTS = (b"\x00", b"\x7f", b"\xff\xff\xff\xff\x07", b"\xff" * 9 + b"\x01", b"\x80\x80\x80\x80\x10")


def flip_bits(rng: random.Random, data: bytearray) -> bytearray:
    for _ in range(rng.choice((1, 1, 2, 8, 40))):
        data[rng.randrange(len(data))] ^= 1 << rng.randrange(8)
    return data


def truncate(rng: random.Random, data: bytearray) -> bytearray:
    return data[: rng.randrange(len(data))]


def splice(rng: random.Random, data: bytearray) -> bytearray:
    size = rng.choice((4, 8, 16, 64, 300))
    source, place = (rng.randrange(max(len(data) - size, 1)) for _ in range(2))
    chunk = data[source : source + size]
    return data[:place] + chunk + data[place + (size if rng.random() < 0.5 else 0) :]


def put_extreme_integers(rng: random.Random, data: bytearray) -> bytearray:
    for _ in range(rng.choice((1, 1, 2, 5))):
        size = rng.choice((1, 2, 4, 4, 8))
        place = rng.randrange(0, max(len(data) - 8, 1), rng.choice((1, 4)))
        data[place : place + size] = struct.pack("<q", rng.choice(EXTREMES))[:size]
    return data


def put_varints(rng: random.Random, data: bytearray) -> bytearray:
    number = rng.choice(VARINTS)
    place = rng.randrange(len(data))
    data[place : place + rng.choice((1, len(number)))] = number
    return data


KINDS = (flip_bits, truncate, splice, put_extreme_integers, put_extreme_integers, put_varints)


def damaged(rng: random.Random, data: bytes) -> bytes:
    """A damaged copy."""
    return bytes(rng.choice(KINDS)(rng, bytearray(data))) if data else data


def damaged_inside(rng: random.Random, data: bytes) -> bytes:
    """A damaged copy; of an archive every other time a member is damaged, so that checksums do not catch it."""
    if not data.startswith(b"PK") or rng.random() < 0.5:
        return damaged(rng, data)
    stream = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as source, zipfile.ZipFile(stream, "w") as target:
        names = source.namelist()
        chosen = rng.choice(names)
        for name in names:
            content = source.read(name)
            target.writestr(name, damaged(rng, content) if name == chosen else content)
    return stream.getvalue()


def outcomes(files: Sequence[Path], *, load_only: bool = False) -> dict[Path, str]:
    """What the worker says of each file; "killed" with its last words for one that ended it."""
    found: dict[Path, str] = {}
    environment = {**os.environ, "OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}
    options = ["--load-only"] if load_only else []
    while len(found) < len(files):
        rest = [str(path) for path in files if path not in found]
        done = subprocess.run(
            [sys.executable, str(WORKER), *options, *rest],
            capture_output=True, text=True, env=environment, check=False,
        )  # fmt: skip
        for line in done.stdout.splitlines():
            name, _, result = line.partition("\t")
            found[Path(name)] = json.loads(result) if result else f"killed: {done.stderr[-3000:]}"
        assert done.stdout, done.stderr
    return found


def complaints(results: dict[Path, str]) -> str:
    """The files that were not refused in words, the first five with what became of them; empty when all were."""
    bad = {
        path.name: text
        for path, text in results.items()
        if text.startswith(("killed", "Traceback")) or " " in text
    }
    report = "\n\n".join(f"{name}:\n{text}" for name, text in list(bad.items())[:5])
    return f"{len(bad)} of {len(results)} files, for example\n{report}" if bad else ""
