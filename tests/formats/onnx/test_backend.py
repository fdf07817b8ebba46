"""ONNX's own backend tests: all of them on the engine reference, some as compiled C."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest

from onnx_backend import (
    FAILED,
    PASSED,
    BackendTest,
    Outcome,
    Prepared,
    backend_tests,
    guarded,
    has_kernels,
    native_outcomes,
)
from smelt.engines.toolchain import find_toolchain
from smelt.errors import CompileError
from smelt.targets import find_target

pytest.importorskip("onnx", reason="the extra onnx is not installed")

COMPILED = 32


@pytest.fixture(scope="module")
def outcomes() -> dict[str, tuple[BackendTest, Outcome, Prepared | None]]:
    """What becomes of every test on the engine reference."""
    return {test.name: (test, *guarded(test)) for test in backend_tests()}


def test_none_fails(outcomes: dict[str, tuple[BackendTest, Outcome, Prepared | None]]) -> None:
    failed = {name: outcome.message for name, (_, outcome, _) in outcomes.items() if outcome.result == FAILED}
    assert failed == {}
    assert len(outcomes) > 2000


def test_refusals_say_why(outcomes: dict[str, tuple[BackendTest, Outcome, Prepared | None]]) -> None:
    """One paragraph each, which names an operator, an input or what is unknown about the model."""
    messages = [outcome.message for _, outcome, _ in outcomes.values() if outcome.result != PASSED]
    assert all(len(message) > 20 and "\n" not in message for message in messages)


def test_most_pass(outcomes: dict[str, tuple[BackendTest, Outcome, Prepared | None]]) -> None:
    everything = Counter(outcome.result for _, outcome, _ in outcomes.values())
    kept = Counter(outcome.result for test, outcome, _ in outcomes.values() if test.excluded is None)
    assert everything[PASSED] >= 0.6 * everything.total()
    assert kept[PASSED] >= 0.9 * kept.total()


def test_frozen_inputs_leave_something_to_compute(
    outcomes: dict[str, tuple[BackendTest, Outcome, Prepared | None]],
) -> None:
    """Where inputs were made constant, most graphs still have one that is not."""
    frozen = [prepared for _, _, prepared in outcomes.values() if prepared and prepared.frozen]
    assert sum(bool(prepared.graph.inputs) for prepared in frozen) > 0.8 * len(frozen)


def test_some_compiled(outcomes: dict[str, tuple[BackendTest, Outcome, Prepared | None]]) -> None:
    try:
        find_toolchain(find_target("host"))
    except CompileError:
        pytest.skip("no C compiler for this computer")
    able = [p for _, _, p in outcomes.values() if p and p.graph.nodes and not has_kernels(p.graph)]
    assert len(able) > 1000
    chosen = np.random.default_rng(20).choice(len(able), COMPILED, replace=False)
    batch = [able[k] for k in chosen]
    failed = [
        (prepared.test.name, outcome.message)
        for prepared, outcome in zip(batch, native_outcomes(batch), strict=True)
        if outcome.result != PASSED
    ]
    assert failed == []
