"""What a float graph would cost on a device as an int8 model, near enough to choose by, without compiling it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

from smelt.errors import UnsupportedError
from smelt.ir import Graph
from smelt.operators.evaluate import sample_inputs
from smelt.quantize import quantize_graph
from smelt.quantize.prices import price
from smelt.targets import Target

Quantity = Literal["flash_bytes", "ram_bytes", "cycles"]


def int8_cost(quantity: Quantity, target: Target) -> Callable[[Graph], float]:
    """A function that gives the bytes of constants, the bytes of tensors alive at once, or the estimated cycles.

    It raises UnsupportedError where the target has no kernel for an operator.
    """

    def cost(graph: Graph) -> float:
        # ranges change no cost: any sample does
        sample = [sample_inputs(graph)]
        quantized = quantize_graph(
            graph, "int8", sample, calibrator="min-max", improve=(), tell=lambda _: None
        )
        found = price(quantized, target)
        if found.cycles is None and quantity == "cycles":
            raise UnsupportedError(
                f"{target.name} has no kernels for all of '{graph.name}': it has no cycles"
            )
        numbers = {"flash_bytes": found.size, "ram_bytes": found.ram, "cycles": found.cycles or 0}
        return float(numbers[quantity])

    return cost
