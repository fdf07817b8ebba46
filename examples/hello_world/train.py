"""Trains a small network to say the sine of 0 to 2 pi and writes sine.tflite in int8: run once, the result is shipped.

    python examples/hello_world/train.py

Needs numpy alone. Seeded; a few seconds.
"""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

import smelt
from smelt.ir import DType, Graph
from smelt.operators.builder import GraphBuilder

Array = NDArray[np.float32]

WIDTHS = (1, 16, 16, 1)
STEPS, RATE, SEED = 6000, 0.01, 4
DECAY = 0.01  # large weights that cancel out would be coarse in int8


def forward(layers: list[Array], x: Array) -> list[Array]:
    """The input and what each dense layer makes of it; all but the last end in a ReLU."""
    values = [x]
    for k in range(0, len(layers), 2):
        y = values[-1] @ layers[k].T + layers[k + 1]
        values.append(np.maximum(y, 0) if k + 2 < len(layers) else y)
    return values


def gradients(layers: list[Array], x: Array, target: Array) -> list[Array]:
    """Those of the mean squared error, in the order of `layers`."""
    values = forward(layers, x)
    slope = 2 * (values[-1] - target) / len(x)
    found: list[Array] = []
    for k in range(len(layers) - 2, -1, -2):
        before = values[k // 2]
        found = [slope.T @ before, slope.sum(0), *found]
        slope = (slope @ layers[k]) * (before > 0)
    return found


def train() -> list[Array]:
    """Weights and biases, by Adam with a rate that falls to zero."""
    rng = np.random.default_rng(SEED)
    layers: list[Array] = []
    for inputs, outputs in pairwise(WIDTHS):
        layers += [rng.normal(scale=(2 / inputs) ** 0.5, size=(outputs, inputs)), np.zeros(outputs)]
    # a ReLU bends where its input is 0: at first these places are spread over the period
    layers[1] = -layers[0][:, 0] * rng.uniform(0, 2 * np.pi, WIDTHS[1])
    mean, square = [np.zeros_like(a) for a in layers], [np.zeros_like(a) for a in layers]
    for step in range(1, STEPS + 1):
        x = rng.uniform(0, 2 * np.pi, (256, 1))
        for k, gradient in enumerate(gradients(layers, x, np.sin(x))):
            mean[k] = 0.9 * mean[k] + 0.1 * gradient
            square[k] = 0.999 * square[k] + 0.001 * gradient**2
            change = mean[k] / (1 - 0.9**step) / (np.sqrt(square[k] / (1 - 0.999**step)) + 1e-8)
            layers[k] = layers[k] - RATE * (1 - step / STEPS) * (change + DECAY * layers[k])
    return layers


def network(layers: list[Array]) -> Graph:
    """The same network for smelt."""
    build = GraphBuilder("sine")
    x = build.input("x", DType.F32, (1, 1))
    for k in range(0, len(layers), 2):
        weights, bias = (
            build.constant(f"{name}{k // 2}", array.astype(np.float32))
            for name, array in zip(("weights", "bias"), layers[k : k + 2], strict=True)
        )
        activation = "relu" if k + 2 < len(layers) else "none"
        x = build.add("fully_connected", [x, weights, bias], {"activation": activation})
    return build.build([x])


def main() -> None:
    """Train, print the largest error in float, write sine.tflite."""
    layers = train()
    x = np.linspace(0, 2 * np.pi, 1000)[:, np.newaxis]
    print(f"float: largest error {np.abs(forward(layers, x)[-1] - np.sin(x)).max():.4f}")
    graph = network(layers)
    small = smelt.quantize_int8(graph, smelt.samples_for(graph, {"x": x.astype(np.float32)}))
    smelt.save(small, Path(__file__).with_name("sine.tflite"))


if __name__ == "__main__":
    main()
