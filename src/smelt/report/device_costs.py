"""What training asks of a device: the costs of a network's int8 build, measured on an emulated core."""

from __future__ import annotations

from collections.abc import Sequence

from smelt.codegen import BALANCED, Options
from smelt.engines.profile import profile
from smelt.ir import Graph
from smelt.quantize import quantize_graph
from smelt.quantize.samples import Sample
from smelt.targets import Target
from smelt.train.costs import Costs, Measure


def device_costs(target: Target, samples: Sequence[Sample], options: Options = BALANCED) -> Measure:
    """A function that builds a graph for a target, runs it there once, and gives its flash, RAM and cycles.

    A graph that is not quantized is quantized to int8 first, calibrated on the samples and nothing done for accuracy.
    Cycles are instructions on cores without a documented cycle table.  It raises what quantizing and compiling raise.
    """

    def measure(graph: Graph) -> Costs:
        if all(value.quantization is None for value in graph.values.values()):
            graph = quantize_graph(
                graph, "int8", _renamed(graph, samples), calibrator="min-max", improve=(), tell=lambda _: None
            )
        found = profile(graph, target, options=options)
        totals = found.totals
        return Costs(totals.flash_bytes, totals.arena_bytes + totals.stack_bytes, found.cost)

    return measure


def _renamed(graph: Graph, samples: Sequence[Sample]) -> list[Sample]:
    """The samples for a graph whose inputs have other names, in the same order."""
    return [dict(zip(graph.inputs, sample.values(), strict=True)) for sample in samples]
