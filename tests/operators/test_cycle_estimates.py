"""What kernels say of their cycles against what emulated cores count, of whole layers and a row at a time."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from arm_dsp_firmware import Cases, Device

from smelt.engines.machine import CallResult
from smelt.ir import Attribute, DType, Graph, Quantization
from smelt.operators import accepted_kernels, call_of
from smelt.operators.case import Case, Tensor, quantized, random_weights
from smelt.operators.cycles import estimated_cycles
from smelt.operators.operator import Call, Kernel
from smelt.operators.rows import has_rows
from smelt.targets import Target, find_target

WITHIN = 1.25
"""How far off an estimate may be."""

# input height, width, channels; outputs; kernel height, width; stride; padding
CONVOLUTIONS = (
    (25, 5, 64, 64, 1, 1, 1, 0),
    (12, 12, 32, 64, 1, 1, 1, 0),
    (24, 24, 8, 16, 1, 1, 1, 0),
    (49, 10, 1, 64, 10, 4, 2, 4),
    (16, 16, 3, 16, 3, 3, 1, 1),
    (32, 32, 16, 16, 3, 3, 1, 1),
    (16, 16, 32, 32, 3, 3, 1, 1),
    (16, 16, 32, 64, 3, 3, 2, 1),
    (16, 16, 32, 64, 1, 1, 2, 0),
    (9, 7, 12, 10, 3, 3, 1, 1),
)
DEPTHWISE = (
    (25, 5, 64, 64, 3, 3, 1, 1),
    (48, 48, 8, 8, 3, 3, 1, 1),
    (24, 24, 16, 16, 3, 3, 2, 1),
    (12, 12, 64, 64, 3, 3, 1, 1),
    (6, 6, 57, 57, 3, 3, 1, 1),
    (28, 1, 128, 128, 5, 1, 1, 0),
    (13, 13, 32, 32, 5, 5, 1, 2),
)


@dataclass(frozen=True)
class Use:
    """A kernel computing the call of a one-node graph."""

    graph: Graph
    call: Call
    kernel: Kernel


@cache
def uses(core: str) -> tuple[Use, ...]:
    """Every kernel that takes a shape, for all shapes."""
    found = []
    for operator, shapes in (("conv_2d", CONVOLUTIONS), ("depthwise_conv_2d", DEPTHWISE)):
        for height, width, channels, outputs, *kernel, stride, padding in shapes:
            field = (1, *kernel, outputs) if operator == "depthwise_conv_2d" else (outputs, *kernel, channels)
            pads = tuple(min(padding, k // 2) for k in kernel for _ in range(2))
            steps = {"stride": (stride, stride), "padding": pads}
            graph = layer(operator, (height, width, channels), field, steps)
            call = call_of(graph, graph.nodes[0])
            found += [Use(graph, call, kernel) for kernel in _estimated(call, find_target(core))]
    return tuple(found)


def _estimated(call: Call, target: Target) -> tuple[Kernel, ...]:
    """The usual kernels, and the large ones that say what they take."""
    usual = accepted_kernels(call, target)
    large = (k for k in accepted_kernels(call, target, "large") if k.cycles is not None)
    return tuple(dict.fromkeys((*usual, *large)))


def layer(operator: str, size: tuple[int, ...], field: tuple[int, ...], steps: dict[str, Attribute]) -> Graph:
    """A layer as trained networks have it: relu, and an output whose zero point is the lowest value."""
    axis = 3 if operator == "depthwise_conv_2d" else 0
    bias = np.random.default_rng(1).integers(-900, 900, field[axis], dtype=np.int32)
    tensors = (
        quantized((1, *size), 0.02, -128),
        random_weights(field, axis, 2),
        Tensor(DType.S32, bias.shape, Quantization.per_tensor(1.0), bias),
    )
    output = Quantization.per_tensor(0.04 * float(np.prod(field) // field[axis]) ** 0.5, -128)
    return Case("case", operator, tensors, {"activation": "relu", **steps}, output).graph()


def measured(core: str, folder: Path) -> Iterator[tuple[Use, int | None, float]]:
    """Uses, whole (None) and by single rows, with the cycles (or instructions) that they take."""
    given = uses(core)
    target = find_target(core)
    cases = Cases([use.graph for use in given], target, kernels=[use.kernel for use in given])
    device = Device(cases.graphs, folder, target, cases=cases)
    base, _ = device.machine.symbol("memory")
    for index, use in enumerate(given):
        source, result = use.call.input(0), use.call.output
        second = base + (result.bytes + 7 & -8)
        places = [base, second, second + (source.bytes + 7 & -8)]
        device.machine.write(places[1], np.random.default_rng(index).bytes(source.bytes))
        yield use, None, cost(device.machine.call(f"case_{index}", *places, count=True))
        if use.kernel.row_function is not None and has_rows(source) and has_rows(result):
            total = 0.0
            for row in range(result.shape[1]):
                to = places[0] + row * (result.bytes // result.shape[1])
                arguments = (to, *places[1:], row, 1, source.shape[1])
                total += cost(device.machine.call(f"rows_{index}", *arguments, count=True))
            yield use, 1, total


def cost(result: CallResult) -> float:
    """Estimated cycles, or instructions where these are not known."""
    return float(result.estimated_cycles or result.instructions)


@pytest.mark.parametrize("core", ["cortex-m4", "cortex-m0plus"])
def test_estimates_are_near_what_is_counted(core: str, tmp_path: Path) -> None:
    whole: dict[int, tuple[float, float]] = {}
    for use, rows, cycles in measured(core, tmp_path):
        if core == "cortex-m0plus" and "__" not in use.kernel.name:
            continue  # portable kernels say what they take on a Cortex-M4
        estimate = estimated_cycles(use.call, use.kernel, rows)
        where = f"{use.kernel.name} {use.call.input(0).shape} {use.call.input(1).shape} by {rows} rows"
        assert cycles / WITHIN <= estimate <= cycles * WITHIN, f"{where}: {cycles:,.0f}, not {estimate:,.0f}"
        if rows is None:
            whole[id(use)] = (cycles, estimate)
            continue
        # what the planner goes by: what calls for single rows cost more
        loss, expected = cycles - whole[id(use)][0], estimate - whole[id(use)][1]
        assert abs(loss - expected) <= max(0.4 * abs(loss), 0.02 * cycles), (
            f"{where}: {loss:,.0f}, not {expected:,.0f}"
        )
