"""The same small networks through every route in and out: who passed.

`python tests/doors.py` prints the matrix as a Markdown table.  Needs torch and Keras (on torch).
"""

from __future__ import annotations

import os
import sys
import tempfile
import warnings
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

import smelt
from smelt.ir import Array, Graph
from smelt.operators.evaluate import evaluate_graph
from smelt.quantize.samples import came_channels_first, to_input

os.environ.setdefault("KERAS_BACKEND", "torch")

NETWORKS = ("mlp", "cnn", "separable", "signal", "lstm", "gru", "transformer", "unet")
EXACT_COUNTS = ("mlp", "cnn", "separable", "signal")
"""Networks that have the same number of nodes on every route."""

OUT = (".tflite", ".onnx", ".keras", ".pt", ".ptl", ".pt2")
WITHOUT_SHAPES = (".pt", ".ptl")
"""Formats that say nothing of the shapes of inputs."""


@dataclass(frozen=True)
class Network:
    """A network of a framework: an input, what the framework computes of it, and the routes into smelt."""

    sample: Array
    expected: Array
    routes: dict[str, Callable[[Path], Graph]]


@dataclass(frozen=True)
class Passage:
    """What became of a network on one route."""

    difference: float
    nodes: int
    transposes: int
    casts: int

    def __str__(self) -> str:
        return f"{self.nodes} · {self.difference:.0e}"


def run(graph: Graph, sample: Array, shape: tuple[int, ...]) -> Array:
    """The only output, of this shape in the framework, for the only input, whose channels may be second or last."""
    (x,), (y,) = graph.inputs, graph.outputs
    given = to_input(graph.values[x], sample, channels_first=True)
    result = evaluate_graph(graph, {x: given})[y]
    return np.moveaxis(result, -1, 1) if result.shape != shape else result


def passage(graph: Graph, network: Network) -> Passage:
    """A graph beside the framework's own result."""
    small = smelt.optimize(graph)
    result = run(small, network.sample, network.expected.shape).reshape(network.expected.shape)
    kinds = Counter(node.operator for node in small.nodes)
    largest = float(np.abs(network.expected).max())
    difference = float(np.abs(result - network.expected).max()) / largest
    return Passage(difference, len(small.nodes), kinds["transpose"], kinds["cast"])


def through(graph: Graph, suffix: str, folder: Path) -> Graph:
    """A graph written to a file and read back."""
    path = folder / f"out{suffix}"
    smelt.save(graph, path)
    if suffix not in WITHOUT_SHAPES:
        return smelt.load(path)
    shapes = {}
    for name in graph.inputs:
        shape = graph.values[name].shape
        first = came_channels_first(graph, name)
        shapes[name] = (shape[0], shape[-1], *shape[1:-1]) if first else shape
    return smelt.load(path, shapes=shapes)


def torch_network(name: str) -> Network:
    """A network of small_torch, on PyTorch's routes."""
    import torch
    from small_torch import expected, network

    module, inputs = network(name)
    shapes = {"input" if isinstance(module, torch.nn.Sequential) else "x": tuple(inputs[0].shape)}

    def exported(folder: Path) -> Graph:
        torch.export.save(torch.export.export(module, inputs), folder / "model.pt2")
        return smelt.load(folder / "model.pt2")

    def scripted(folder: Path) -> Graph:
        torch.jit.trace(module, inputs).save(folder / "model.pt")  # type: ignore[no-untyped-call]
        return smelt.load(folder / "model.pt", shapes=shapes)

    def lite(folder: Path) -> Graph:
        traced = torch.jit.trace(module, inputs)  # type: ignore[no-untyped-call]
        traced._save_for_lite_interpreter(str(folder / "model.ptl"))
        return smelt.load(folder / "model.ptl", shapes=shapes)

    def onnx(folder: Path) -> Graph:
        torch.onnx.export(module, inputs, folder / "model.onnx", dynamo=False, opset_version=17)
        return smelt.load(folder / "model.onnx")

    routes = {
        "torch.nn.Module": lambda _folder: smelt.from_torch(module, inputs),
        ".pt2": exported,
        ".pt": scripted,
        ".ptl": lite,
        ".onnx by torch": onnx,
    }
    return Network(inputs[0].numpy(), np.asarray(expected(module, inputs)), routes)


def keras_network(name: str) -> Network:
    """A network of small_keras, on Keras's routes."""
    from small_keras_networks import expected, network

    model, (sample,) = network(name)

    def saved(suffix: str) -> Callable[[Path], Graph]:
        def route(folder: Path) -> Graph:
            model.save(folder / f"model{suffix}")
            return smelt.load(folder / f"model{suffix}")

        return route

    routes = {
        "keras.Model": lambda _folder: smelt.from_keras(model),
        ".keras": saved(".keras"),
        ".h5": saved(".h5"),
    }
    return Network(np.asarray(sample), np.asarray(expected(model, [sample])), routes)


ORIGINS: dict[str, Callable[[str], Network]] = {"PyTorch": torch_network, "Keras": keras_network}


def passages(network: Network) -> Iterator[tuple[str, Passage | str]]:
    """Every route in, and from there through every format out; a refusal is a text."""
    with tempfile.TemporaryDirectory() as folder, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        graph: Graph | None = None
        for name, route in network.routes.items():
            try:
                read = route(Path(folder))
                graph = graph or smelt.optimize(read)
                yield f"from {name}", passage(read, network)
            except smelt.SmeltError as error:
                yield f"from {name}", str(error)
        for suffix in OUT:
            if graph is None:
                return
            try:
                yield f"to {suffix}", passage(through(graph, suffix, Path(folder)), network)
            except smelt.SmeltError as error:
                yield f"to {suffix}", str(error)


def main() -> None:
    """Print the matrix."""
    for origin, make in ORIGINS.items():
        rows = {name: dict(passages(make(name))) for name in NETWORKS}
        lines = [f"| {origin} | {' | '.join(NETWORKS)} |", "|---" * (len(NETWORKS) + 1) + "|"]
        for route in rows[NETWORKS[0]]:
            lines.append(f"| {route} | {' | '.join(str(rows[name][route]) for name in NETWORKS)} |")
        sys.stdout.write("\n".join(lines) + "\n\n")


if __name__ == "__main__":
    main()
