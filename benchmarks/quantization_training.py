"""int4 by quantization-aware training: resnet8 on CIFAR-10 and a small network on MNIST, beside int4 without it.

Trained on the training images alone, with defaults, from each draw of calibration samples; a test set is scored once
for each of them.

    python benchmarks/quantization_training.py
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

import smelt
from baseline import shared_folder
from quantization_tasks import DRAWS, Score, Task, answers, load_task, mean, score
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
    """Half of the images mirrored, all shifted."""
    (images,) = inputs
    mirrored = torch.rand(len(images), generator=generator) < 0.5
    return shifted((torch.where(mirrored[:, None, None, None], images.flip(2), images),), generator)


def shifted(inputs: tuple[torch.Tensor, ...], generator: torch.Generator) -> tuple[torch.Tensor, ...]:
    """Images shifted by up to SHIFT pixels each way, their edges repeated."""
    (images,) = inputs
    count, height, width, _ = images.shape
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


@dataclass
class Row:
    """A model's scores, one a draw, and the seconds that making it took."""

    title: str
    scores: list[Score]
    seconds: list[float]


def rows(shared: Path, name: str) -> list[Row]:
    """Float, int4 on each draw of calibration samples, and trained from there."""
    task = load_mnist(shared) if name == "mnist" else load_task(shared, name)
    images = smelt.read_data(shared / f"data/{'mnist' if name == 'mnist' else 'cifar10'}_train.npz")
    if name == "mnist":
        images = DataFile(images.path, {"x": images.arrays["x"][..., None].astype(np.float32) / 255})
    wanted = answers(task.graph, task.x)
    plain, trained = Row("int4", [], []), Row(f"int4, trained for {EPOCHS} epochs", [], [])
    for draw in task.draws:
        start = time.perf_counter()
        graph = smelt.quantize_graph(task.graph, "int4", draw, tell=lambda text: None)
        plain.seconds.append(time.perf_counter() - start)
        plain.scores.append(score(task, wanted, answers(graph, task.x)))
        start = time.perf_counter()
        graph = qat(
            task.graph,
            images,
            "int4",
            start=graph,
            epochs=EPOCHS,
            batch_size=BATCH_SIZE,
            augment=None if name == "mnist" else moved,
            progress=told,
        )
        trained.seconds.append(time.perf_counter() - start)
        trained.scores.append(score(task, wanted, answers(graph, task.x)))
    return [Row("float32", [score(task, wanted, wanted)], []), plain, trained]


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
        reference = found[0].scores[0].accuracy
        for row in found:
            accuracy = mean([each.accuracy for each in row.scores])
            agreement = [each.agreement for each in row.scores]
            cells = [
                name,
                row.title,
                f"{100 * accuracy:.2f}",
                f"{100 * (reference - accuracy):+.2f}",
                f"{min(each.p_value for each in row.scores):.2f}",
                f"{100 * mean(agreement):.2f} ({100 * min(agreement):.2f})",
                f"{mean([each.decibels for each in row.scores]):.1f}" if row.seconds else "",
                f"{mean(row.seconds):.0f}" if row.seconds else "",
            ]
            lines.append(f"| {' | '.join(cells)} |")
            print(lines[-1], flush=True)
    return [*lines, ""]


if __name__ == "__main__":
    print("\n".join(table(shared_folder())))
