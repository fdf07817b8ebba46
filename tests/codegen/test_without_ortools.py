"""Arenas without OR-tools are at most a tenth larger than with it."""

from __future__ import annotations

from pathlib import Path

import pytest

import smelt
from smelt.codegen import Options, build_program
from smelt.codegen.arena_bound import arena_bound
from smelt.codegen.options import Optimize
from smelt.errors import MissingExtraError
from smelt.memory import cp_sat
from smelt.passes import optimize

pytest.importorskip("ortools", reason="OR-tools is not installed: pip install 'smelt[solver]'")


@pytest.mark.parametrize("mode", ["balanced", "ram"])
@pytest.mark.parametrize("name", ["kws", "vww", "resnet8", "ad", "sww"])
def test_the_fallback_is_nearly_as_good(
    name: str, mode: Optimize, shared: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    graph = optimize(smelt.load(shared / "models" / "mlperf_tiny" / f"{name}_int8.tflite"))
    core, options = smelt.find_target("cortex-m4"), Options(mode)
    plan = build_program(graph, core, options=options).plan
    exact = plan.arena_bytes
    bound = arena_bound(graph, core, options)
    assert bound is not None
    assert bound.bytes <= exact
    asked = []

    def missing(module: str, *arguments: object, **settings: object) -> None:
        asked.append(module)
        raise MissingExtraError("ortools", "solver", "exact placement")

    monkeypatch.setattr(cp_sat, "require", missing)
    assert build_program(graph, core, options=options).plan.arena_bytes <= 1.1 * exact
    # Where the greedy layout reaches the bound of the schedule, the solver is not needed.
    assert asked or exact == plan.bound_bytes
