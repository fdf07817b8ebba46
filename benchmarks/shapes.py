"""Cycles a MAC, or an element, over random shapes: that no shape falls off a cliff.

    python benchmarks/shapes.py [--cases 200] [--operators conv_2d ...] [--target cortex-m4] [--json FILE]

Every case is a layer with random geometry, weights and quantization, run on an emulated core and compared
with its numpy meaning.  Bounds: convolutions and dense layers that sum 32 products or more take at most 1.5 cycles a
MAC, depthwise convolutions 6; and none more instructions than CMSIS-NN would by `CMSIS_NN`.  A sum of two
tensors takes at most 12 cycles an element, a product 16; an average of a window 60 cycles an output and 4 an
element under it, a maximum 25 and 4; "MACs" counts those elements.  Exits 1 when an
output is wrong; cases beyond the bounds are counted and listed.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass
from math import prod
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Console
from rich.table import Table

import random_elementwise
import random_layers
import smelt
from random_layers import Drawn, batches, joined
from smelt.codegen import generate
from smelt.engines.emulated import EmulatedModel
from smelt.engines.image import build_image
from smelt.engines.profile import fell_back
from smelt.engines.toolchain import find_toolchain
from smelt.operators.builder import random_array
from smelt.operators.evaluate import evaluate_graph
from smelt.operators.operator import Call

DRAWS = {**random_layers.DRAWS, **random_elementwise.DRAWS}
SUMMED = 32
CYCLES = {"conv_2d": 1.5, "fully_connected": 1.5, "depthwise_conv_2d": 6.0}
# A model, not a measurement, of TensorFlow Lite Micro with CMSIS-NN: instructions a MAC, an output and a value copied
# into a field, Cortex-M4.  28 an output are an estimate: loading, scaling, rounding twice, clamping, storing.  With
# these given, the others of convolutions are least squares over its totals on four MLPerf Tiny models (within 4 %),
# those of dense layers come from the autoencoder's alone.  3 x 3 depthwise layers are known to take 8 to 15 a MAC; 5
# and an output's share of 28 come to the lower end of that.
CMSIS_NN = {
    "conv_2d": (2.12, 28.0, 2.08),
    "fully_connected": (2.0, 28.0, 0.0),
    "depthwise_conv_2d": (5.0, 28.0, 0.0),
}

ELEMENT_CYCLES = {
    "add": (12.0, 0.0),
    "mul": (16.0, 0.0),
    "average_pool_2d": (60.0, 4.0),
    "max_pool_2d": (25.0, 4.0),
}
"""Bounds on operators without MACs: cycles an output, and an element under a window."""


@dataclass(frozen=True)
class Result:
    """One case: `field` products are summed for an output; `bounds` names the bounds that it exceeds.

    `macs` are elements where there are no MACs, under windows or of the output; `copied` are the values of all fields
    that do not lie in one piece.
    """

    operator: str
    kind: str
    shape: str
    kernel: str
    portable: bool
    field: int
    macs: int
    copied: int
    instructions: int
    cycles: int | None
    exact: bool

    @property
    def cost(self) -> float:
        """Estimated cycles a MAC, instructions where the core has no cycle table."""
        return (self.instructions if self.cycles is None else self.cycles) / self.macs

    @property
    def cycle_limit(self) -> float | None:
        """The bound on cycles a MAC; None for short sums, which have none."""
        if self.operator in ELEMENT_CYCLES:
            an_output, an_element = ELEMENT_CYCLES[self.operator]
            return an_output / self.field + an_element
        short = self.operator != "depthwise_conv_2d" and self.field < SUMMED
        return None if short else CYCLES[self.operator]

    @property
    def rival_instructions(self) -> float:
        """What CMSIS-NN would take; infinite where nothing is known of it."""
        if self.operator not in CMSIS_NN:
            return float("inf")
        a_mac, an_output, a_value = CMSIS_NN[self.operator]
        return a_mac * self.macs + an_output * (self.macs / self.field) + a_value * self.copied

    @property
    def bounds(self) -> list[str]:
        """The bounds that it exceeds, "cycles" or "cmsis-nn"."""
        limit = self.cycle_limit
        found = ["cycles"] if limit is not None and self.cost > limit else []
        return found + (["cmsis-nn"] if self.instructions > self.rival_instructions else [])


def measure(cases: Sequence[Drawn], target_name: str) -> list[Result]:
    """The cases as the layers of one image, run once."""
    target = smelt.find_target(target_name)
    graph = joined(cases)
    data = {name: random_array(graph.values[name], index) for index, name in enumerate(graph.inputs)}
    # with keep_all every layer runs as a whole, and all that was computed can be read
    project = generate(graph, target, "shapes", keep_all=True, golden=data)
    expected = evaluate_graph(graph, data)
    with tempfile.TemporaryDirectory(prefix="smelt-shapes-") as temporary:
        model = EmulatedModel(build_image(project, Path(temporary), find_toolchain(target)))
        model.fill(data)
        counted = model.invoke(count=True)
        outputs = {name: model.tensor(name) for name in graph.outputs}
    results = []
    for case, layer in zip(cases, project.program.layers, strict=True):
        counts, work = counted.phases[str(layer.index)], case.work or layer.macs
        name = layer.call.output.name
        results.append(
            Result(
                operator=layer.node.operator,
                kind=case.kind,
                shape=case.text,
                kernel=layer.kernel.name.removeprefix("smelt_") if layer.kernel else "",
                portable=fell_back(layer.node.operator, layer.kernel, target),
                field=work // prod(layer.call.output.shape),
                macs=work,
                copied=_copied(layer.call),
                instructions=counts.instructions,
                cycles=counts.estimated_cycles,
                exact=np.array_equal(outputs[name], expected[name]),
            )
        )
    return results


def _copied(call: Call) -> int:
    """The values of all fields of a convolution, unless each is a pixel."""
    if call.node.operator != "conv_2d" or call.input(1).shape[1:3] == (1, 1):
        return 0
    return prod(call.output.shape[:3]) * prod(call.input(1).shape[1:])


def summary(results: Sequence[Result]) -> Table:
    """A line an operator and kind of shape."""
    table = Table(title="share within bounds, and cycles a MAC", title_justify="left")
    names = (
        "operator",
        "kind",
        "cases",
        "exact",
        "within cycles",
        "within CMSIS-NN",
        "portable",
        "median",
        "worst",
    )
    for name in names:
        table.add_column(name, justify="left" if name in ("operator", "kind") else "right")
    for operator in dict.fromkeys(r.operator for r in results):
        own = [r for r in results if r.operator == operator]
        for kind in [*dict.fromkeys(r.kind for r in own), ""]:
            group = [r for r in own if kind in ("", r.kind)]
            table.add_row(*_summary_cells(operator, kind or "all", group), end_section=not kind)
    return table


def _summary_cells(operator: str, kind: str, group: Sequence[Result]) -> Iterator[str]:
    limited = [r for r in group if r.cycle_limit is not None]
    yield from (operator, kind, str(len(group)), _share([r.exact for r in group]))
    yield _share(["cycles" not in r.bounds for r in limited])
    yield _share(["cmsis-nn" not in r.bounds for r in group if r.operator in CMSIS_NN])
    yield str(sum(r.portable for r in group))
    costs = [r.cost for r in limited or group]
    yield from (f"{np.median(costs):.2f}", f"{max(costs):.2f}")


def _share(good: Sequence[bool]) -> str:
    return f"{sum(good)}/{len(good)}" if good else "–"


def worst(results: Sequence[Result], count: int) -> Table:
    """The dearest cases of each operator among those that a bound is for."""
    table = Table(title="worst: over the bound on cycles a MAC, or over CMSIS-NN's instructions")
    for name in ("operator", "kind", "shape", "kernel", "K", "MACs", "cycles/MAC", "instr./MAC", "beyond"):
        table.add_column(name, justify="left" if name in ("operator", "kind", "shape", "kernel") else "right")
    for operator in dict.fromkeys(r.operator for r in results):
        own = sorted((r for r in results if r.operator == operator), key=excess, reverse=True)
        for r in own[:count]:
            cells = (operator, r.kind, r.shape, r.kernel + (" *" if r.portable else ""), str(r.field))
            each = f"{r.instructions / r.macs:.2f}"
            table.add_row(*cells, f"{r.macs:,}", f"{r.cost:.2f}", each, " ".join(r.bounds))
    return table


def excess(result: Result) -> float:
    """The cost over the bound that it exceeds most."""
    limit = result.cycle_limit
    over = result.instructions / result.rival_instructions
    return max(over, result.cost / limit if limit else 0.0)


def arguments() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter, allow_abbrev=False
    )
    parser.add_argument("--cases", type=int, default=200, help="cases an operator")
    parser.add_argument("--operators", nargs="+", choices=tuple(DRAWS), default=tuple(DRAWS))
    parser.add_argument("--target", default="cortex-m4")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--worst", type=int, default=10, help="cases an operator to list")
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--json", type=Path, metavar="FILE")
    return parser.parse_args()


def main() -> int:
    """Measure and print; the exit status."""
    options = arguments()
    cases = [case for name in options.operators for case in DRAWS[name](options.cases, options.seed)]
    results: list[Result] = []
    with ProcessPoolExecutor(options.workers, mp_context=get_context("spawn")) as pool:
        groups = batches(cases)
        for found in pool.map(measure, groups, [options.target] * len(groups)):
            results += found
            print(f"{len(results)}/{len(cases)}", file=sys.stderr, flush=True)
    console = Console(width=None if sys.stdout.isatty() else 160)
    console.print(worst(results, options.worst))
    console.print(summary(results))
    if options.json:
        options.json.write_text(json.dumps([document(r) for r in results], indent=1) + "\n", encoding="utf-8")
    return 0 if all(r.exact for r in results) else 1


def document(result: Result) -> dict[str, Any]:
    """A result as plain data."""
    return {**asdict(result), "cycles_per_mac": result.cost, "beyond": result.bounds}


if __name__ == "__main__":
    sys.exit(main())
