"""Does a model fit a board."""

from __future__ import annotations

from dataclasses import replace

import pytest
from small_models import small_float, small_int8

from smelt.engines.profile import Totals
from smelt.errors import UsageError
from smelt.ir import DType
from smelt.operators.builder import GraphBuilder
from smelt.report import fit as module
from smelt.report.fit import fit, parse_period
from smelt.targets import find_board

BOARD = find_board("NUCLEO-L4R5ZI")


@pytest.mark.parametrize(
    ("text", "seconds"), [("1s", 1), ("100ms", 0.1), ("2min", 120), ("1.5h", 5400), (" 30 us ", 3e-5)]
)
def test_periods(text: str, seconds: float) -> None:
    assert parse_period(text) == pytest.approx(seconds)


@pytest.mark.parametrize("text", ["", "1", "s", "0s", "-1s", "1 day", "1e3s", "nan s", "1s;"])
def test_periods_that_make_no_sense(text: str) -> None:
    with pytest.raises(UsageError, match="number and a unit"):
        parse_period(text)


@pytest.fixture
def measured(monkeypatch: pytest.MonkeyPatch) -> Totals:
    """A measurement of round numbers in place of a run on the emulated core."""
    totals = Totals(
        macs=1000,
        instructions=900_000,
        estimated_cycles=1_200_000,
        code_bytes=5_000,
        weight_bytes=20_000,
        arena_bytes=10_000,
        live_peak_bytes=10_000,
        stack_bytes=500,
    )

    class Measured:
        pass

    Measured.totals = totals  # type: ignore[attr-defined]
    monkeypatch.setattr(module, "profile", lambda graph, target: Measured)
    return totals


def test_figures(measured: Totals) -> None:
    board = replace(BOARD, clock_hz=120_000_000, supply_volts=3.0, active_amperes=0.01, sleep_amperes=1e-6)
    result = fit(small_int8(), board, 0.1)
    assert result.fits
    assert (result.flash_bytes, result.ram_bytes) == (25_000, 10_500)
    assert result.seconds == pytest.approx(0.01)
    assert result.duty_cycle == pytest.approx(0.1)
    assert result.joules == pytest.approx(3.0 * 0.01 * 0.01)
    assert result.average_watts == pytest.approx((3e-4 + 3.0 * 1e-6 * 0.09) / 0.1)
    assert result.timing == "estimated cycles"
    assert result.advice == ()


def test_what_does_not_fit_is_named_with_advice(measured: Totals) -> None:
    board = replace(BOARD, clock_hz=120_000_000)
    flash = fit(small_int8(), replace(board, flash_bytes=24_999), 1)
    assert not flash.fits
    assert [text.partition(":")[0] for text in flash.needs] == ["flash"]
    assert any("smaller" in text for text in flash.advice)
    ram = fit(small_int8(), replace(board, ram_bytes=10_499), 1)
    assert [text.partition(":")[0] for text in ram.needs] == ["RAM"]
    slow = fit(small_int8(), board, 0.009)
    assert [text.partition(":")[0] for text in slow.needs] == ["time"]
    assert any("every 10 ms" in text for text in slow.advice)
    assert slow.duty_cycle is not None
    assert slow.duty_cycle > 1
    float_model = fit(small_float(), replace(board, ram_bytes=10_499), 1)
    assert any("--quantize int8" in text for text in float_model.advice)
    assert any(BOARD.name in text for text in ram.advice)


def test_operators_without_a_kernel() -> None:
    build = GraphBuilder("wide")
    x = build.input("x", DType.S32, (1, 4))
    result = fit(build.build([build.add("tanh", [x], name="odd")]), BOARD, 1)
    assert not result.fits
    assert result.totals is None
    assert len(result.missing_operators) == 1
    assert "'odd'" in result.missing_operators[0]
