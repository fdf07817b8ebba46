"""Binary and ternary networks trained with straight-through estimators: MNIST, beside the same network in float.

A small network is trained with labels on the training images, shifted, then by quantization-aware training from its
float form, every layer's weights in the scheme.
A tenth of the training images chooses each epoch; the test images are scored once.

    python benchmarks/binary_training.py
"""

from __future__ import annotations

import time
from pathlib import Path

import numpy as np
import torch

import smelt
from baseline import shared_folder
from quantization_tasks import Answers, answers
from quantization_training import shifted, told
from smelt.engines.profile import profile
from smelt.ir import DType, Graph
from smelt.ir.graph import Attribute
from smelt.operators.builder import GraphBuilder
from smelt.quantize.mixed import Mixed
from smelt.quantize.noise import scored_tensors
from smelt.targets import find_target
from smelt.train import TrainingData, cross_entropy, fit, qat, to_graph, to_module, training_data
from smelt.train.loop import adam

EPOCHS, BATCH_SIZE, RATE = 6, 64, 0.002
SEED = 0
SCHEMES = ("binary", "ternary", "int8")
TARGET = find_target("cortex-m4")


def images(shared: Path, part: str) -> tuple[np.ndarray, np.ndarray]:
    """Pixels from 0 to 1, and labels."""
    arrays = smelt.read_data(shared / f"data/mnist_{part}.npz").arrays
    return arrays["x"][..., None].astype(np.float32) / 255, arrays["y"]


def network() -> Graph:
    """Two convolutions and a dense layer; random weights."""
    rng, build = np.random.default_rng(SEED), GraphBuilder("mnist")

    def parameters(name: str, *shape: int) -> list[str]:
        weights = rng.normal(scale=(2 / np.prod(shape[1:])) ** 0.5, size=shape).astype(np.float32)
        bias = np.zeros(shape[0], np.float32)
        return [build.constant(f"{name}/w", weights), build.constant(f"{name}/b", bias)]

    x = build.input("x", DType.F32, (1, 28, 28, 1))
    steps: dict[str, Attribute] = {"stride": (2, 2), "activation": "relu"}
    first, second = parameters("first", 24, 5, 5, 1), parameters("second", 48, 3, 3, 24)
    x = build.add("conv_2d", [x, *first], {**steps, "padding": (1, 2, 1, 2)}, name="first")
    x = build.add("conv_2d", [x, *second], {**steps, "padding": (0, 1, 0, 1)}, name="second")
    x = build.add("reshape", [x], {"shape": (1, 49 * 48)})
    x = build.add("fully_connected", [x, *parameters("dense", 10, 49 * 48)], name="logits")
    return build.build([build.add("softmax", [x], name="scores")])


def trained_network(graph: Graph, data: TrainingData) -> Graph:
    """The graph trained with labels, in float32."""
    module = to_module(graph, outputs=scored_tensors(graph))
    fit(
        module,
        data,
        cross_entropy,
        optimizer=adam(RATE),
        epochs=EPOCHS,
        batch_size=BATCH_SIZE,
        augment=shifted,
        progress=told,
    )
    return to_graph(module)


def quantized(graph: Graph, data: TrainingData, scheme: str) -> Graph:
    """The graph in a scheme, without training; every layer has weights of it."""
    seen = data.at(np.random.default_rng(SEED).permutation(len(data))[:128]).inputs[0]
    mixed = None if scheme == "int8" else Mixed(layers={"*": scheme})
    return smelt.quantize_graph(graph, scheme, seen, mixed=mixed, tell=lambda text: None)


def row(title: str, graph: Graph, x: np.ndarray, labels: np.ndarray, seconds: float | None = None) -> str:
    """Accuracy, and what the device says."""
    found: Answers = answers(graph, x)
    cells = [title, f"{100 * float((found.decisions == labels).mean()):.2f}"]
    costs = profile(graph, TARGET)
    weights = sum(
        value.dtype.bits * value.elements
        for name, value in graph.values.items()
        if name in graph.constants and len(value.shape) > 1
    )
    cells += [f"{weights // 8:,}", f"{costs.totals.flash_bytes:,}"]
    cells += [f"{costs.totals.arena_bytes + costs.totals.stack_bytes:,}", f"{costs.cost:,}"]
    return f"| {' | '.join([*cells, '' if seconds is None else f'{seconds:.0f}'])} |"


def main() -> None:
    """Print the table."""
    torch.set_num_threads(1)
    shared = shared_folder()
    x, y = images(shared, "train")
    unseen, labels = images(shared, "test")
    graph = network()
    data = training_data(graph, {"x": x, "y": y})
    start = time.perf_counter()
    graph = trained_network(graph, data)
    print("| weights | accuracy % | weights B | flash B | RAM B | cycles | s |", flush=True)
    print("|---|---:|---:|---:|---:|---:|---:|", flush=True)
    print(row("float32", graph, unseen, labels, time.perf_counter() - start), flush=True)
    for scheme in SCHEMES:
        first = quantized(graph, data, scheme)
        print(row(scheme, first, unseen, labels), flush=True)
        if scheme == "int8":
            continue
        start = time.perf_counter()
        made = qat(
            graph,
            data,
            scheme,
            start=first,
            epochs=EPOCHS,
            batch_size=BATCH_SIZE,
            optimizer=adam(RATE),
            augment=shifted,
            progress=told,
        )
        seconds = time.perf_counter() - start
        assert all(
            value.dtype in (DType.S1, DType.S2)
            for name, value in made.values.items()
            if name in made.constants and len(value.shape) > 1
        )
        print(row(f"{scheme}, trained", made, unseen, labels, seconds), flush=True)


if __name__ == "__main__":
    main()
