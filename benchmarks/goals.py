"""The goals for the MLPerf Tiny models and whether measurements reach them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from rich.table import Table

from baseline import Figures
from measure import Measurement

MODELS = ("kws", "vww", "resnet8", "ad", "sww")
STACK_BYTES = 400
RAM_CYCLES, SIZE_CYCLES = 1.2, 1.6

Goals = Mapping[str, float]

BALANCED: Mapping[str, Goals] = {
    "estimated_cycles": dict(zip(MODELS, (3.6e6, 6.3e6, 14.0e6, 0.345e6, 1.05e6), strict=True)),
    "code_bytes": dict(zip(MODELS, (7000, 8000, 7000, 3000, 7500), strict=True)),
    "arena_bytes": dict(zip(MODELS, (9200, 40_000, 31_000, 2200, 4300), strict=True)),
    "weight_bytes": dict(zip(MODELS, (27_500, 46_000, 81_000, 272_000, 52_000), strict=True)),
    "stack_bytes": dict.fromkeys(MODELS, STACK_BYTES),
}
RAM_ARENA_BYTES: Goals = dict(zip(MODELS, (5800, 30_000, 15_500, 1000, 3900), strict=True))
SIZE_CODE_BYTES: Goals = dict(zip(MODELS, (4000, 4500, 4000, 1800, 4000), strict=True))
SPEED_CYCLES: Goals = {"vww": 6.1e6, "resnet8": 10e6}
SPEED_CODE_BYTES: Goals = {"vww": 11_000}
M0PLUS_CYCLES: Goals = dict(zip(MODELS, (0.3, 0.3, 0.36, 0.45, 0.3), strict=True))
M7_INSTRUCTIONS: Goals = dict(zip(MODELS, (0.45, 0.45, 0.45, 0.55, 0.45), strict=True))
M33_INSTRUCTIONS: Goals = dict.fromkeys(MODELS, 1.02)
M55_INSTRUCTIONS: Goals = dict.fromkeys(MODELS, 0.8)
KEPT_INPUT_BOUNDS: Goals = {"vww": 37_248, "ad": 1408}

CORES = ("cortex-m33", "cortex-m55", "rv32imc")
"""Cores that goals name and the comparison does not."""

_TITLES = {
    "estimated_cycles": "Mcycles",
    "code_bytes": "code bytes",
    "arena_bytes": "arena bytes",
    "weight_bytes": "weights and tables",
    "stack_bytes": "stack bytes",
}


@dataclass(frozen=True)
class Cell:
    """A figure and its goal (None: only measured); figures at or below their goals reach them."""

    value: float
    goal: float | None = None
    unit: str = "bytes"

    @property
    def reached(self) -> bool | None:
        """Whether the goal is reached, by the figure before it is rounded; None without a goal."""
        return None if self.goal is None else self.value <= self.goal

    @property
    def text(self) -> str:
        """The figure, its goal and a mark, as "3.63 / 3.60 ✗"."""
        if self.goal is None:
            return self._number(self.value)
        return f"{self._number(self.value)} / {self._number(self.goal)} {'✓' if self.reached else '✗'}"

    def _number(self, value: float) -> str:
        return {"bytes": f"{value:,.0f}", "cycles": f"{value / 1e6:.3f}", "ratio": f"{value:.3f}"}[self.unit]


@dataclass(frozen=True)
class Line:
    """A row of the goals' table: a cell a model, where there is one."""

    title: str
    cells: Mapping[str, Cell]


class Measured:
    """Measurements by core, mode and model, and the rival's best figures by core and model."""

    def __init__(
        self, measurements: Sequence[Measurement], rivals: Mapping[tuple[str, str], Figures]
    ) -> None:
        self._found = {(m.core, m.mode, m.model): m for m in measurements}
        self._rivals = rivals

    def figure(self, core: str, mode: str, model: str, metric: str) -> int | None:
        """smelt's figure; None where it was not measured."""
        measurement = self._found.get((core, mode, model))
        return None if measurement is None else measurement.figures[metric]

    def cells(
        self, core: str, mode: str, metric: str, goals: Goals, unit: str = "bytes"
    ) -> Mapping[str, Cell]:
        """Figures beside their goals, of the models that have a goal."""
        found = {model: self.figure(core, mode, model, metric) for model in goals}
        return {model: Cell(v, goals[model], unit) for model, v in found.items() if v is not None}

    def ratios(self, core: str, metric: str, goals: Goals) -> Mapping[str, Cell]:
        """smelt's default build over the rival's best."""
        pairs = {
            m: (self.figure(core, "balanced", m, metric), self._rivals.get((core, m), {}).get(metric))
            for m in goals
        }
        return {m: Cell(a / b, goals[m], "ratio") for m, (a, b) in pairs.items() if a is not None and b}

    def against(
        self, ours: tuple[str, str], other: tuple[str, str], metric: str, goals: Goals
    ) -> Mapping[str, Cell]:
        """One build of smelt over another, each a core and a mode."""
        pairs = {m: (self.figure(*ours, m, metric), self.figure(*other, m, metric)) for m in goals}
        return {m: Cell(a / b, goals[m], "ratio") for m, (a, b) in pairs.items() if a is not None and b}

    def kept_input(self, mode: str) -> Mapping[str, Cell]:
        """Arena bytes with the input kept."""
        found = {model: self._found.get(("cortex-m4", mode, model)) for model in MODELS}
        return {
            model: Cell(x.kept_input_arena_bytes)
            for model, x in found.items()
            if x is not None and x.kept_input_arena_bytes is not None
        }


def lines(measured: Measured) -> list[Line]:
    """The rows of the table, those without a figure left out."""
    m4 = "cortex-m4"
    found = [
        Line(
            f"balanced: {_TITLES[metric]}",
            measured.cells(m4, "balanced", metric, goals, "cycles" if "cycles" in metric else "bytes"),
        )
        for metric, goals in BALANCED.items()
    ]
    found += _mode_lines(measured, "ram", "arena_bytes", RAM_ARENA_BYTES, RAM_CYCLES)
    found += _mode_lines(measured, "size", "code_bytes", SIZE_CODE_BYTES, SIZE_CYCLES)
    any_goal: Goals = dict.fromkeys(MODELS, 0.0)
    rv32 = measured.cells("rv32imc", "balanced", "instructions", any_goal, "cycles")
    found += [
        Line("speed: Mcycles", measured.cells(m4, "speed", "estimated_cycles", SPEED_CYCLES, "cycles")),
        Line("speed: code bytes", measured.cells(m4, "speed", "code_bytes", SPEED_CODE_BYTES)),
        Line("balanced, input kept: arena bytes", measured.kept_input("balanced")),
        Line("ram, input kept: arena bytes", measured.kept_input("ram")),
        Line(
            "Cortex-M0+: cycles / theirs", measured.ratios("cortex-m0plus", "estimated_cycles", M0PLUS_CYCLES)
        ),
        Line(
            "Cortex-M7: instructions / theirs", measured.ratios("cortex-m7", "instructions", M7_INSTRUCTIONS)
        ),
        Line(
            "Cortex-M33: instructions / Cortex-M4's",
            measured.against(("cortex-m33", "balanced"), (m4, "balanced"), "instructions", M33_INSTRUCTIONS),
        ),
        Line(
            "Cortex-M55: instructions / theirs",
            measured.ratios("cortex-m55", "instructions", M55_INSTRUCTIONS),
        ),
        Line("RV32IMC: million instructions", {m: Cell(c.value, None, "cycles") for m, c in rv32.items()}),
    ]
    return [line for line in found if line.cells]


def _mode_lines(measured: Measured, mode: str, metric: str, goals: Goals, cycles: float) -> Iterator[Line]:
    """What a mode saves, and its cycles over the default's."""
    m4 = "cortex-m4"
    yield Line(f"{mode}: {_TITLES[metric]}", measured.cells(m4, mode, metric, goals))
    limits = dict.fromkeys(MODELS, cycles)
    ratios = measured.against((m4, mode), (m4, "balanced"), "estimated_cycles", limits)
    yield Line(f"{mode}: cycles / balanced", ratios)


def terminal_table(found: Sequence[Line]) -> Table:
    """The table with colours."""
    table = Table(title="Goals: reached / goal (Cortex-M4 where no core is named)", title_justify="left")
    table.add_column("")
    for model in MODELS:
        table.add_column(model, justify="right", no_wrap=True)
    colours = {True: "green", False: "red", None: "default"}
    for line in found:
        cells = [line.cells.get(model) for model in MODELS]
        table.add_row(
            line.title,
            *("" if c is None else f"[{colours[c.reached]}]{c.text}[/{colours[c.reached]}]" for c in cells),
        )
    return table


def markdown_table(found: Sequence[Line]) -> Iterator[str]:
    """The table's lines, then how many goals are reached."""
    yield "| | " + " | ".join(MODELS) + " |"
    yield "|---" + "|---:" * len(MODELS) + "|"
    for line in found:
        cells = [line.cells.get(model) for model in MODELS]
        yield f"| {line.title} | " + " | ".join("" if c is None else c.text for c in cells) + " |"
    yield f"\n{score(found)}"


def score(found: Sequence[Line]) -> str:
    """How many goals are reached, as a sentence."""
    verdicts = [c.reached for line in found for c in line.cells.values() if c.reached is not None]
    bounds = ", ".join(f"{model} {value:,.0f}" for model, value in KEPT_INPUT_BOUNDS.items())
    return (
        f"{sum(verdicts)} of {len(verdicts)} goals reached. No arena that keeps the input can be smaller than the "
        f"bounds known for {bounds} bytes."
    )
