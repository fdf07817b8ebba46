"""Random graphs of what moves layouts about, against ONNX Runtime, as read and after the passes."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from onnx import helper
from onnx_models import check, model, weights

from smelt.ir import Array
from smelt.operators.evaluate import evaluate_graph, sample_inputs
from smelt.passes.pipeline import optimize

Shape = tuple[int, ...]


class Random:
    """Grows a graph from an input x: each step reads one of the last tensors."""

    def __init__(self, seed: int) -> None:
        self.rng = random.Random(seed)
        rank = self.rng.choice([3, 4, 4])
        self.shape = (self.rng.choice([1, 1, 2]), *(self.rng.choice([2, 3, 4, 6]) for _ in range(rank - 1)))
        self.shapes: dict[str, Shape] = {"x": self.shape}
        self.nodes: list[Any] = []
        self.constants: dict[str, Array] = {}

    def model(self) -> bytes:
        """The file, with its last tensor and another as outputs."""
        steps = [getattr(self, name) for name in dir(self) if name.startswith("step_")]
        while len(self.nodes) < 6:
            name = self.rng.choice(list(self.shapes)[-3:])
            step: Callable[[str, Shape], None] = self.rng.choice(steps)
            step(name, self.shapes[name])
        outputs = dict.fromkeys([self.rng.choice(list(self.shapes)[1:]), list(self.shapes)[-1]])
        return model(self.nodes, {"x": self.shape}, list(outputs), self.constants)

    def constant(self, array: Array) -> str:
        name = f"c{len(self.constants)}"
        self.constants[name] = array
        return name

    def add(self, operator: str, inputs: list[str], shape: Any, **attributes: Any) -> str:
        name = f"t{len(self.nodes)}"
        self.nodes.append(helper.make_node(operator, inputs, [name], **attributes))
        self.shapes[name] = tuple(shape)
        return name

    def reshaped(self, name: str, shape: Any) -> str:
        return self.add("Reshape", [name, self.constant(np.array(shape, np.int64))], shape)

    def step_convolution(self, name: str, shape: Shape) -> None:
        if len(shape) in (3, 4):
            outputs, size = self.rng.choice([2, 4, 6]), self.rng.choice([1, 3])
            kernel = self.constant(weights(outputs, shape[1], *[size] * (len(shape) - 2), seed=outputs))
            self.add("Conv", [name, kernel], (shape[0], outputs, *shape[2:]), auto_pad="SAME_UPPER")

    def step_convolution_again(self, name: str, shape: Shape) -> None:
        self.step_convolution(name, shape)

    def step_activation(self, name: str, shape: Shape) -> None:
        self.add("Relu", [name], shape)

    def step_transpose(self, name: str, shape: Shape) -> None:
        order = self.rng.sample(range(len(shape)), len(shape))
        self.add("Transpose", [name], [shape[axis] for axis in order], perm=order)

    def step_reshape(self, name: str, shape: Shape) -> None:
        sizes, rest = [], int(np.prod(shape))
        for _ in range(self.rng.randint(0, 4)):
            sizes.append(self.rng.choice([d for d in range(1, rest + 1) if rest % d == 0]))
            rest //= sizes[-1]
        self.reshaped(name, [*sizes, rest])

    def step_shuffle(self, name: str, shape: Shape) -> None:
        if len(shape) == 4 and shape[1] % 2 == 0:
            half = shape[1] // 2
            split = self.reshaped(name, (shape[0], 2, half, *shape[2:]))
            if self.rng.random() < 0.5:
                split = self.add("Mul", [split, self.constant(weights(1, 2, 1, 1, 1))], self.shapes[split])
            turned = self.add("Transpose", [split], (shape[0], half, 2, *shape[2:]), perm=[0, 2, 1, 3, 4])
            if self.rng.random() < 0.3:
                turned = self.add("Softmax", [turned], self.shapes[turned], axis=self.rng.randint(0, 4))
            self.reshaped(turned, shape)

    def step_concatenation(self, name: str, shape: Shape) -> None:
        axis = self.rng.randrange(len(shape))

        def fits(other: Shape) -> bool:
            return len(other) == len(shape) and all(
                a == b for k, (a, b) in enumerate(zip(other, shape, strict=True)) if k != axis
            )

        other = self.rng.choice([key for key, own in self.shapes.items() if fits(own)])
        joined = shape[axis] + self.shapes[other][axis]
        self.add("Concat", [name, other], (*shape[:axis], joined, *shape[axis + 1 :]), axis=axis)

    def step_sum(self, name: str, shape: Shape) -> None:
        other = self.rng.choice([key for key, own in self.shapes.items() if own == shape])
        self.add("Add", [name, other], shape)

    def step_factors(self, name: str, shape: Shape) -> None:
        sizes = [d if self.rng.random() < 0.5 else 1 for d in shape][self.rng.randint(0, len(shape)) :]
        self.add("Mul", [name, self.constant(weights(*sizes))], shape)

    def step_part(self, name: str, shape: Shape) -> None:
        axis = self.rng.randrange(len(shape))
        if shape[axis] > 1:
            numbers = [self.constant(np.array([n])) for n in (1, 99, axis)]
            self.add("Slice", [name, *numbers], (*shape[:axis], shape[axis] - 1, *shape[axis + 1 :]))

    def step_mean(self, name: str, shape: Shape) -> None:
        axes = sorted(self.rng.sample(range(len(shape)), self.rng.randint(1, len(shape))))
        if self.rng.random() < 0.5:
            self.add("ReduceMean", [name], [1 if k in axes else d for k, d in enumerate(shape)], axes=axes)
        elif len(axes) < len(shape):
            kept = [d for k, d in enumerate(shape) if k not in axes]
            self.add("ReduceMean", [name], kept, axes=axes, keepdims=0)

    def step_softmax(self, name: str, shape: Shape) -> None:
        self.add("Softmax", [name], shape, axis=self.rng.randrange(len(shape)))

    def step_product(self, name: str, shape: Shape) -> None:
        if len(shape) > 1:
            self.add("MatMul", [name, self.constant(weights(shape[-1], 3))], (*shape[:-1], 3))

    def step_flatten(self, name: str, shape: Shape) -> None:
        axis = self.rng.randint(0, len(shape))
        self.add("Flatten", [name], (int(np.prod(shape[:axis])), int(np.prod(shape[axis:]))), axis=axis)


@pytest.mark.parametrize("seed", range(100))
def test_random_graphs(seed: int) -> None:
    graph = check(Random(seed).model())
    result, inputs = optimize(graph), sample_inputs(graph)
    before, after = evaluate_graph(graph, inputs), evaluate_graph(result, inputs)
    for name, array in before.items():
        assert np.abs(array - after[name]).max() <= 1e-5 * np.abs(array).max()
