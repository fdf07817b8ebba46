"""Who looks on is told every stage of quantization, and how far it is."""

from __future__ import annotations

import io
from itertools import pairwise

import numpy as np
import pytest
from rich.console import Console
from small_models import small_float, small_samples

import smelt
from smelt.cli import console
from smelt.quantize import Mixed

Calls = list[tuple[str, int, int | None]]


def calls(scheme: str, samples: object, **options: object) -> Calls:
    found: Calls = []
    smelt.quantize_graph(
        small_float(),
        scheme,
        samples,
        tell=lambda text: None,
        progress=lambda *call: found.append(call),
        **options,  # type: ignore[arg-type]
    )
    return found


def runs(found: Calls) -> list[Calls]:
    """The calls of each stage, from its first step on."""
    starts = [index for index, call in enumerate(found) if call[1] == 1]
    return [found[start:end] for start, end in pairwise([*starts, len(found)])]


def samples() -> dict[str, np.ndarray]:
    return {"x": small_samples()}


@pytest.mark.parametrize(
    ("scheme", "stages"),
    [
        ("int8", {"calibrating", "choosing a calibrator", "improving layers"}),
        ("int16x8", {"calibrating", "improving layers"}),
        ("weight-only-int4", {"improving layers"}),
    ],
)
def test_stages(scheme: str, stages: set[str]) -> None:
    found = calls(scheme, samples())
    assert {stage for stage, _, _ in found} == stages
    for run in runs(found):
        stage, _, total = run[0]
        assert run == [(stage, done, total) for done in range(1, len(run) + 1)]
        assert total in (None, len(run))


def test_the_total_is_known_unless_samples_come_one_by_one() -> None:
    totals = {total for stage, _, total in calls("int8", samples(), improve=()) if stage != "calibrating"}
    assert None not in totals
    fallen = calls("int8", samples(), improve=(), mixed=Mixed(fallback=1))
    assert [run for run in runs(fallen) if run[0][0] == "measuring layers"]


def test_the_bar_shows_the_stage(monkeypatch: pytest.MonkeyPatch) -> None:
    written = io.StringIO()
    monkeypatch.setattr(console, "stderr", Console(file=written, force_terminal=True, width=80))
    with console.stages({"calibrating": 4}) as advance:
        for stage, total in (("calibrating", None), ("improving layers", 3), ("improving layers", 3)):
            for done in (1, 2, 3):
                advance(stage, done, total)
    assert "improving layers" in written.getvalue()
    assert "3/3" in written.getvalue()


def test_no_bar_in_a_file(monkeypatch: pytest.MonkeyPatch) -> None:
    written = io.StringIO()
    monkeypatch.setattr(console, "stderr", Console(file=written))
    with console.stages({"calibrating": None}) as advance:
        advance("calibrating", 1, None)
    assert written.getvalue().strip() == ""
