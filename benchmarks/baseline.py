"""The rival's figures: TensorFlow Lite Micro with CMSIS-NN, measured by others the same way."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

METRICS = (
    "instructions",
    "estimated_cycles",
    "code_bytes",
    "weight_bytes",
    "arena_bytes",
    "stack_bytes",
    "ram_bytes",
)
Figures = dict[str, int | None]


def shared_folder() -> Path:
    """The folder with models and baselines: $SMELT_SHARED, or `shared` beside the repository; exits if none."""
    folder = Path(os.environ.get("SMELT_SHARED") or Path(__file__).resolve().parents[2] / "shared")
    needed = (folder / "models" / "mlperf_tiny", folder / "baselines" / "tflite_micro.json")
    missing = [path.name for path in needed if not path.exists()]
    if missing:
        raise SystemExit(
            f"Nothing measured: the folder {folder} has no {' and no '.join(missing)}. The MLPerf Tiny "
            "models and the baseline are not part of the repository; put them beside it or set SMELT_SHARED."
        )
    return folder


def load_baseline(shared: Path) -> dict[str, Any]:
    """The contents of tflite_micro.json."""
    document: dict[str, Any] = json.loads(
        (shared / "baselines" / "tflite_micro.json").read_text(encoding="utf-8")
    )
    return document


def best_figures(baseline: Mapping[str, Any], model: str, core: str) -> Figures:
    """The smallest value of each metric over all builds with CMSIS-NN kernels, each at its own best build.

    For the Cortex-M4 the builds of `best_cortex_m4` (link-time optimization, clang) count too.  None
    where there is no figure: only some cores have a cycle table.
    """
    rows = [
        _with_sums(row)
        for row in baseline["rows"]
        if (row["model"], row["core"], row["kernels"]) == (model, core, "cmsis-nn")
    ]
    if core == "cortex-m4":
        extra = baseline["best_cortex_m4"]
        rows.append({metric: extra[metric][model] for metric in METRICS if metric in extra})
    best: Figures = {}
    for metric in METRICS:
        known = [row[metric] for row in rows if row.get(metric) is not None]
        best[metric] = min(known) if known else None
    return best


def _with_sums(row: Mapping[str, Any]) -> dict[str, Any]:
    ram_bytes = row["arena_bytes"] + row["static_ram_bytes"] + row["stack_bytes"]
    return {**row, "weight_bytes": row["model_bytes"], "ram_bytes": ram_bytes}
