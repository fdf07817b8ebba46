"""Does a model fit a board: memory, operators, time, energy, and what to change when it does not."""

from __future__ import annotations

import re
from dataclasses import asdict, dataclass
from typing import Any

from smelt.engines.profile import Totals, profile
from smelt.errors import UnsupportedError, UsageError
from smelt.ir import DType, Graph
from smelt.operators import call_of, choose_kernel, find_operator
from smelt.targets import Board, all_boards

_UNITS = {"us": 1e-6, "ms": 1e-3, "s": 1.0, "min": 60.0, "h": 3600.0}


@dataclass(frozen=True)
class Fit:
    """The answer.

    `needs` holds one sentence for each thing that does not fit, `advice` what would help.
    `missing_operators` lists nodes without a C kernel; then nothing is measured and the figures
    below are None.  Times are in seconds, energy in joules, power in watts.
    """

    model: str
    board: str
    fits: bool
    needs: tuple[str, ...]
    advice: tuple[str, ...]
    missing_operators: tuple[str, ...]
    totals: Totals | None
    flash_bytes: int | None
    ram_bytes: int | None
    seconds: float | None
    timing: str
    period_seconds: float
    duty_cycle: float | None
    joules: float | None
    average_watts: float | None
    estimates: tuple[str, ...]

    def to_json(self) -> dict[str, Any]:
        """Plain data."""
        return asdict(self)


def parse_period(text: str) -> float:
    """Seconds from a text as 1s, 100ms, 2min; UsageError otherwise."""
    match = re.fullmatch(r"\s*(\d+(?:\.\d+)?)\s*(us|ms|s|min|h)\s*", text)
    if not match or float(match.group(1)) == 0:
        raise UsageError(
            f"--every {text}: write a number and a unit of us, ms, s, min or h, for example 100ms"
        )
    return float(match.group(1)) * _UNITS[match.group(2)]


def fit(graph: Graph, board: Board, period_seconds: float) -> Fit:
    """Measure a model on the board's core (emulated) and judge it by the board's figures.

    Time is estimated cycles over the clock; on cores without a documented cycle table, executed
    instructions over the clock (`timing` says which).  Memory wait states are not modelled.
    """
    missing = _missing(graph, board)
    if missing:
        why = (f"{len(missing)} operators have no C kernel",)
        help_ = ("replace these operators, or keep the part of the model before them",)
        return _unmeasured(graph, board, period_seconds, why, help_, missing)
    totals = profile(graph, board.target).totals
    flash, ram = totals.code_bytes + totals.weight_bytes, totals.arena_bytes + totals.stack_bytes
    cost = totals.instructions if totals.estimated_cycles is None else totals.estimated_cycles
    seconds = cost / board.clock_hz
    asleep = max(period_seconds - seconds, 0.0)
    joules = board.supply_volts * board.active_amperes * seconds
    average = (joules + board.supply_volts * board.sleep_amperes * asleep) / max(period_seconds, seconds)
    needs, advice = _judge(graph, board, totals, seconds, period_seconds)
    return Fit(
        model=graph.name,
        board=board.name,
        fits=not needs,
        needs=needs,
        advice=advice,
        missing_operators=(),
        totals=totals,
        flash_bytes=flash,
        ram_bytes=ram,
        seconds=seconds,
        timing="estimated cycles" if totals.estimated_cycles is not None else "one cycle an instruction",
        period_seconds=period_seconds,
        duty_cycle=seconds / period_seconds,
        joules=joules,
        average_watts=average,
        estimates=tuple(sorted(board.estimates)),
    )


def _missing(graph: Graph, board: Board) -> tuple[str, ...]:
    missing = []
    for node in graph.nodes:
        if find_operator(node.operator).traits.alias:
            continue
        try:
            choose_kernel(call_of(graph, node), board.target)
        except UnsupportedError as error:
            missing.append(str(error))
    return tuple(missing)


def _unmeasured(
    graph: Graph,
    board: Board,
    period: float,
    needs: tuple[str, ...],
    advice: tuple[str, ...],
    missing: tuple[str, ...],
) -> Fit:
    return Fit(
        model=graph.name,
        board=board.name,
        fits=False,
        needs=needs,
        advice=advice,
        missing_operators=missing,
        totals=None,
        flash_bytes=None,
        ram_bytes=None,
        seconds=None,
        timing="",
        period_seconds=period,
        duty_cycle=None,
        joules=None,
        average_watts=None,
        estimates=tuple(sorted(board.estimates)),
    )


def _judge(
    graph: Graph, board: Board, totals: Totals, seconds: float, period: float
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    needs: list[str] = []
    advice: list[str] = []
    flash, ram = totals.code_bytes + totals.weight_bytes, totals.arena_bytes + totals.stack_bytes
    is_float = any(v.dtype is DType.F32 for n, v in graph.values.items() if n in graph.constants)
    if flash > board.flash_bytes:
        needs.append(f"flash: {flash:,} bytes, the board has {board.flash_bytes:,}")
    if ram > board.ram_bytes:
        needs.append(f"RAM: {ram:,} bytes, the board has {board.ram_bytes:,}")
    if seconds > period:
        needs.append(f"time: {seconds * 1e3:.3g} ms an inference, asked for every {period * 1e3:g} ms")
    if needs and is_float:
        advice.append(
            "quantize to int8 (smelt convert --quantize int8 --calibrate ...): a quarter of the flash and "
            "RAM, and several times the speed"
        )
    if seconds > period:
        advice.append(f"run it at most every {seconds * 1e3:.3g} ms")
    if flash > board.flash_bytes and not is_float:
        advice.append(f"make the model smaller: its weights alone take {totals.weight_bytes:,} bytes")
    if ram > board.ram_bytes and not is_float:
        advice.append("use a smaller input or fewer channels in the layers with the largest tensors")
    if needs:
        others = [
            b.name
            for b in all_boards()
            if b.flash_bytes >= flash
            and b.ram_bytes >= ram
            and b.target == board.target
            and seconds * board.clock_hz / b.clock_hz <= period
        ]
        if others:
            advice.append(f"boards with the same core on which it fits: {', '.join(others)}")
    return tuple(needs), tuple(advice)
