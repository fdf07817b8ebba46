"""int4 by quantization-aware training: resnet8 on CIFAR-10 and a small network on MNIST, beside int4 without it.

Trained on the training images alone, with defaults; each test set is scored once for a row.

    python benchmarks/quantization_training.py
"""

from __future__ import annotations

import time
from pathlib import Path

import numpy as np
import torch

import smelt
from baseline import shared_folder
from quantization_tasks import DRAWS, Score, Task, answers, load_task, score
from smelt.ir import DType, Graph
from smelt.ir.graph import Attribute
from smelt.operators.builder import GraphBuilder
from smelt.quantize.noise import scored_tensors
from smelt.quantize.samples import DataFile
from smelt.train import Epoch, cross_entropy, fit, qat, to_graph, to_module, training_data

EPOCHS, BATCH_SIZE = 8, 64
SHIFT = 2


def small_network() -> Graph:
    """Convolutions, depthwise and pointwise, for images of 28 by 28; random weights."""
    rng, build = np.random.default_rng(0), GraphBuilder("mnist")

    def parameters(name: str, *shape: int, field: int, outputs: int) -> list[str]:
        weights = rng.normal(scale=(2 / field) ** 0.5, size=shape).astype(np.float32)
        return [
            build.constant(f"{name}/w", weights),
            build.constant(f"{name}/b", np.zeros(outputs, np.float32)),
        ]

    x = build.input("x", DType.F32, (1, 28, 28, 1))
    attributes: dict[str, Attribute] = {"padding": (0, 1, 0, 1), "stride": (2, 2), "activation": "relu"}
    first = parameters("first", 16, 3, 3, 1, field=9, outputs=16)
    x = build.add("conv_2d", [x, *first], attributes, name="first")
    for index, (inputs, outputs) in enumerate(((16, 32), (32, 48))):
        depthwise = parameters(f"depthwise{index}", 1, 3, 3, inputs, field=9, outputs=inputs)
        x = build.add("depthwise_conv_2d", [x, *depthwise], attributes, name=f"depthwise{index}")
        pointwise = parameters(f"pointwise{index}", outputs, 1, 1, inputs, field=inputs, outputs=outputs)
        x = build.add("conv_2d", [x, *pointwise], {"activation": "relu"}, name=f"pointwise{index}")
    x = build.add("mean", [x], {"axes": (1, 2), "keep_dims": False}, name="mean")
    x = build.add("fully_connected", [x, *parameters("dense", 10, 48, field=48, outputs=10)], name="logits")
    return build.build([build.add("softmax", [x], name="scores")])


def load_mnist(shared: Path) -> Task:
    """The small network trained with labels on mnist_train, pixels from 0 to 1; scored on mnist_test."""
    train, test = (smelt.read_data(shared / f"data/mnist_{part}.npz").arrays for part in ("train", "test"))
    x = train["x"][..., None].astype(np.float32) / 255
    graph = small_network()
    module = to_module(graph, outputs=scored_tensors(graph))
    data = training_data(graph, {"x": x, "y": train["y"]})
    fit(module, data, cross_entropy, optimizer=lambda p: torch.optim.Adam(p, 0.004), epochs=6)
    draws = tuple(x[np.random.default_rng(seed).permutation(len(x))[:100]] for seed in range(DRAWS))
    return Task("mnist", to_graph(module), draws, test["x"][..., None].astype(np.float32) / 255, test["y"])


def moved(inputs: tuple[torch.Tensor, ...], generator: torch.Generator) -> tuple[torch.Tensor, ...]:
    """Half of the images mirrored, all shifted by up to SHIFT pixels each way, their edges repeated."""
    (images,) = inputs
    count, height, width, _ = images.shape
    mirrored = torch.rand(count, generator=generator) < 0.5
    images = torch.where(mirrored[:, None, None, None], images.flip(2), images)
    shifts = torch.randint(-SHIFT, SHIFT + 1, (2, count, 1), generator=generator)
    rows = (torch.arange(height) + shifts[0]).clamp(0, height - 1)
    columns = (torch.arange(width) + shifts[1]).clamp(0, width - 1)
    return (images[torch.arange(count)[:, None, None], rows[:, :, None], columns[:, None, :]],)


def told(epoch: Epoch) -> None:
    """A line for each epoch."""
    print(
        f"  epoch {epoch.number} of {epoch.count}: loss {epoch.loss:.4f}, held out {epoch.score:.4f}",
        flush=True,
    )


def rows(shared: Path, name: str) -> list[tuple[str, Score, float]]:
    """What was made, its score, and the seconds it took: float, int4 on the first draw, and trained from there."""
    start = time.perf_counter()
    task = load_mnist(shared) if name == "mnist" else load_task(shared, name)
    wanted, seconds = answers(task.graph, task.x), [time.perf_counter() - start]
    images = smelt.read_data(shared / f"data/{'mnist' if name == 'mnist' else 'cifar10'}_train.npz")
    if name == "mnist":
        images = DataFile(images.path, {"x": images.arrays["x"][..., None].astype(np.float32) / 255})
    start = time.perf_counter()
    plain = smelt.quantize_graph(task.graph, "int4", task.draws[0], tell=lambda text: None)
    seconds.append(time.perf_counter() - start)
    start = time.perf_counter()
    augment = None if name == "mnist" else moved
    trained = qat(
        task.graph,
        images,
        "int4",
        start=plain,
        epochs=EPOCHS,
        batch_size=BATCH_SIZE,
        augment=augment,
        progress=told,
    )
    seconds.append(time.perf_counter() - start)
    found = [wanted, *(answers(graph, task.x) for graph in (plain, trained))]
    titles = ("float32", "int4", f"int4, trained for {EPOCHS} epochs")
    return [
        (title, score(task, wanted, each), spent)
        for title, each, spent in zip(titles, found, seconds, strict=True)
    ]


def table(shared: Path, names: tuple[str, ...] = ("resnet8", "mnist")) -> list[str]:
    """The section of docs/quantization.md."""
    lines = [
        "## Quantization-aware training",
        "",
        "int4 weights in every convolution, depthwise and dense layer; the float model teaches, labels are not used, a",
        "tenth of the training images chooses the epoch. resnet8: images of cifar10_train, half mirrored, all shifted",
        f"by up to {SHIFT} pixels; mnist: a network of five convolutions, two of them depthwise, trained by",
        "`benchmarks/quantization_training.py`.",
        "",
        "| model | scheme | accuracy % | lost | p | as float % | SNR dB | s |",
        "| --- | --- | ---: | ---: | ---: | ---: | ---: | ---: |",
    ]
    for name in names:
        found = rows(shared, name)
        reference = found[0][1].accuracy
        for title, given, seconds in found:
            noise = "" if title == "float32" else f"{given.decibels:.1f}"
            figures = f"{100 * given.accuracy:.2f} | {100 * (reference - given.accuracy):+.2f} | {given.p_value:.2f}"
            spent = "" if title == "float32" else f"{seconds:.0f}"
            lines.append(
                f"| {name} | {title} | {figures} | {100 * given.agreement:.2f} | {noise} | {spent} |"
            )
            print(lines[-1], flush=True)
    return [*lines, ""]


if __name__ == "__main__":
    print("\n".join(table(shared_folder())))
