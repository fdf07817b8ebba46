"""What the repository's own networks cost, stored: a change that makes them dearer is seen.

    python benchmarks/record.py [--check | --write]

A record (tests/records/*.json) holds for one compiler, target and version of smelt.  `--check` exits 1 when
instructions, code bytes or arena of a network have grown by more than 1 % over the record of this compiler;
`--write` stores the figures of now in place of it.  SMELT_TOOLCHAIN chooses the compiler.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any, get_args

import smelt
from record_models import MODELS
from smelt.codegen import Options, generate
from smelt.codegen.options import Optimize
from smelt.codegen.project import MANIFEST
from smelt.engines.profile import profile
from smelt.engines.toolchain import Toolchain, find_toolchain

RECORDS = Path(__file__).resolve().parents[1] / "tests" / "records"
TARGETS = ("cortex-m4", "cortex-m0plus", "cortex-m55", "rv32imc")
OPTIONS = tuple(Options(mode) for mode in get_args(Optimize))
STORED = ("instructions", "code_bytes", "weight_bytes", "arena_bytes", "stack_bytes")
GUARDED = ("instructions", "code_bytes", "arena_bytes")
TOLERANCE = 0.01

Figures = dict[str, dict[str, int]]
"""For each "network/optimize" the metrics in STORED."""


def key(toolchain: Toolchain) -> dict[str, str]:
    """What a record holds for."""
    return {
        "compiler": f"{toolchain.name} {toolchain.version}",
        "smelt": smelt.__version__,
        "target": toolchain.target.name,
    }


def measured(toolchain: Toolchain) -> Figures:
    """The figures of all networks with all options; builds that are the same are measured once."""
    found: Figures = {}
    for name, build in MODELS.items():
        graph = build()
        builds: dict[tuple[str, str], dict[str, int]] = {}
        for options in OPTIONS:
            project = generate(graph, toolchain.target, options=options)
            same = (project.files[MANIFEST], options.compiler_flag)
            if same not in builds:
                totals = profile(graph, toolchain.target, options=options, toolchain=toolchain).totals
                builds[same] = {metric: getattr(totals, metric) for metric in STORED}
            found[f"{name}/{options.optimize}"] = builds[same]
    return found


def stored(wanted: Mapping[str, str], folder: Path = RECORDS) -> Figures | None:
    """The figures of the record with this key, None where there is none."""
    for path in sorted(folder.glob("*.json")):
        document: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        if document["key"] == dict(wanted):
            figures: Figures = document["figures"]
            return figures
    return None


def write(wanted: Mapping[str, str], figures: Figures, folder: Path = RECORDS) -> Path:
    """Store a record; its file is named by target, compiler and the compiler's version."""
    compiler = wanted["compiler"].split()[0]
    number = re.findall(r"\d+\.\d+(?:\.\d+)*", wanted["compiler"])
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{wanted['target']}_{compiler}_{number[-1] if number else 'unknown'}.json"
    document = {"key": dict(wanted), "figures": figures}
    path.write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")
    return path


def regressions(before: Figures, now: Figures) -> list[str]:
    """A line for each guarded figure that grew by more than the tolerance, and each network not measured."""
    found = [f"{name}: in the record, not measured now" for name in before.keys() - now.keys()]
    for name in before.keys() & now.keys():
        for metric in GUARDED:
            old, new = before[name][metric], now[name][metric]
            if new > old * (1 + TOLERANCE):
                found.append(f"{name}: {metric} {old:,} -> {new:,} (+{new / old - 1:.1%})")
    return sorted(found)


def improvements(before: Figures, now: Figures) -> list[str]:
    """A line for each guarded figure that shrank by more than the tolerance, and each network not recorded."""
    found = [f"{name}: not in the record" for name in now.keys() - before.keys()]
    for name in before.keys() & now.keys():
        for metric in GUARDED:
            old, new = before[name][metric], now[name][metric]
            if new < old * (1 - TOLERANCE):
                found.append(f"{name}: {metric} {old:,} -> {new:,} ({new / old - 1:.1%})")
    return sorted(found)


def check(wanted: Mapping[str, str], figures: Figures) -> bool:
    """Print how the figures compare with the record; whether nothing grew."""
    before = stored(wanted)
    if before is None:
        print(f"{wanted['target']}: no record of smelt {wanted['smelt']} with {wanted['compiler']}")
        return True
    worse, better = regressions(before, figures), improvements(before, figures)
    print(f"{wanted['target']}: {len(figures)} builds, {len(worse)} figures worse, {len(better)} better")
    for line in [*worse, *better]:
        print(f"  {line}")
    if better and not worse:
        print("  python benchmarks/record.py --write keeps the gain")
    return not worse


def main() -> int:
    """Measure and check or write; the exit status."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter, allow_abbrev=False
    )
    action = parser.add_mutually_exclusive_group()
    action.add_argument("--check", action="store_true", help="compare with the record (the default)")
    action.add_argument("--write", action="store_true", help="store the figures")
    options = parser.parse_args()
    good = True
    for name in TARGETS:
        toolchain = find_toolchain(smelt.find_target(name))
        figures = measured(toolchain)
        if options.write:
            print(write(key(toolchain), figures).name)
        else:
            good = check(key(toolchain), figures) and good
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
