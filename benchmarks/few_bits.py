"""The table of docs/quantizing.md: one layer with int8, ternary and binary weights, on emulated cores."""

from __future__ import annotations

import math

from smelt.engines.profile import Profile, profile
from smelt.ir import Attribute, DType, Graph, Quantization
from smelt.operators.case import Case, quantized, random_few_bits, random_weights
from smelt.targets import find_target

TARGETS = ("cortex-m4", "cortex-m0plus")
WEIGHTS = {"int8": DType.S8, "ternary": DType.S2, "binary": DType.S1}
Layer = tuple[str, tuple[int, ...], tuple[int, ...], dict[str, Attribute]]
LAYERS: dict[str, Layer] = {
    "convolution 3×3, 16×16×32 → 32": ("conv_2d", (1, 16, 16, 32), (32, 3, 3, 32), {"padding": (1, 1, 1, 1)}),
    "pointwise, 12×12×64 → 64": ("conv_2d", (1, 12, 12, 64), (64, 1, 1, 64), {}),
    "dense, 784 → 128": ("fully_connected", (1, 784), (128, 784), {}),
}


def layer(kind: Layer, dtype: DType) -> Graph:
    """A graph of the layer alone, with random weights."""
    operator, data, shape, attributes = kind
    weights = random_weights(shape, 0, 1) if dtype is DType.S8 else random_few_bits(shape, dtype, 0, 1)
    output = Quantization.per_tensor(0.1 * math.sqrt(math.prod(shape[1:])), 5)
    return Case("layer", operator, (quantized(data, 0.05, -3), weights), attributes, output).graph()


def row(profiles: list[Profile]) -> str:
    """Cycles, flash and RAM on each target."""
    totals = [profile.totals for profile in profiles]
    numbers = [
        *(profile.cost for profile in profiles),
        *(each.flash_bytes for each in totals),
        *(each.arena_bytes for each in totals),
    ]
    return " | ".join(f"{number:,}" for number in numbers)


def main() -> None:
    """Print the table."""
    print("| layer | weights | M4 cycles | M0+ cycles | M4 flash | M0+ flash | M4 RAM | M0+ RAM |")
    print("|---|---|---|---|---|---|---|---|")
    for name, kind in LAYERS.items():
        for at, (text, dtype) in enumerate(WEIGHTS.items()):
            profiles = [profile(layer(kind, dtype), find_target(target)) for target in TARGETS]
            print(f"| {'' if at else name + ' '}| {text} | {row(profiles)} |", flush=True)


if __name__ == "__main__":
    main()
