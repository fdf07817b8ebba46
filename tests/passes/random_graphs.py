"""Random small graphs, float and int8, full of what passes look for."""

from __future__ import annotations

import numpy as np

from smelt.ir import Array, DType, Graph, Quantization
from smelt.operators.builder import GraphBuilder

TENSOR = {DType.F32: None, DType.S8: Quantization.per_tensor(0.05, -3)}


def random_graph(seed: int, dtype: DType, steps: int = 16) -> Graph:
    """A sound graph of about `steps` nodes with one or two inputs and outputs, the same for the same seed."""
    return _Random(seed, dtype).graph(steps)


class _Random:
    def __init__(self, seed: int, dtype: DType) -> None:
        self.rng = np.random.default_rng(seed)
        self.dtype = dtype
        self.builder = GraphBuilder(f"random {seed}")
        self.tensors: list[str] = []

    def graph(self, steps: int) -> Graph:
        for index in range(int(self.rng.integers(1, 3))):
            shape = [1, *self.rng.integers(1, 6, 2), self.rng.integers(1, 4)]
            self.tensors.append(
                self.builder.input(f"x{index}", self.dtype, [int(s) for s in shape], TENSOR[self.dtype])
            )
        moves = [getattr(self, name) for name in dir(self) if name.startswith("step_")]
        while len(self.builder.nodes) < steps:
            move = moves[self.rng.integers(len(moves))]
            made = move(self._tensor())
            if made is not None:
                self.tensors.append(made)
        computed = self.tensors[-4:]
        count = int(self.rng.integers(1, 3))
        return self.builder.build([str(n) for n in self.rng.choice(computed, count, replace=False)])

    def _tensor(self) -> str:
        """One of the last tensors, the last most of the time, so that chains form."""
        return self.tensors[-1] if self.rng.random() < 0.7 else str(self.rng.choice(self.tensors[-5:]))

    def _shape(self, name: str) -> tuple[int, ...]:
        return self.builder.values[name].shape

    def _add(self, operator: str, inputs: list[str | None], **attributes: object) -> str:
        quantization = self.builder.values[str(inputs[0])].quantization
        if operator in ("add", "sub", "mul", "conv_2d", "relu") and quantization and self.rng.random() < 0.3:
            quantization = Quantization.per_tensor(0.07, 5)
        return self.builder.add(operator, inputs, attributes, quantization=quantization)  # type: ignore[arg-type]

    def _constant(self, shape: tuple[int, ...], kind: str = "normal") -> str:
        array: Array = self.rng.normal(size=shape).astype(np.float32)
        if kind != "normal":
            array = np.full(shape, float(kind == "ones"), np.float32)
        if self.dtype is DType.S8:
            array = self.rng.integers(-128, 128, shape).astype(np.int8)
        return self.builder.constant("c", array, TENSOR[self.dtype])

    def step_clamp(self, x: str) -> str:
        return self._add(str(self.rng.choice(["relu", "relu6", "relu_n1_to_1"])), [x])

    def step_channel_constant(self, x: str) -> str:
        operator = str(self.rng.choice(["add", "mul", "sub"]))
        shape = self._shape(x)[-1:] if self.rng.random() < 0.8 else ()
        kind = str(self.rng.choice(["normal", "normal", "ones", "zeros"]))
        operands: list[str | None] = [x, self._constant(shape, kind)]
        if self.rng.random() < 0.3:
            operands.reverse()
        return self._add(operator, operands)

    def step_add_tensors(self, x: str) -> str | None:
        others = [name for name in self.tensors if self._shape(name) == self._shape(x)]
        return self._add("add", [x, str(self.rng.choice(others))])

    def step_convolution(self, x: str) -> str | None:
        shape = self._shape(x)
        if len(shape) != 4 or min(shape[1:3]) < 1:
            return None
        padding = tuple(int(p) for p in self.rng.integers(0, 2, 4))
        kernel = [int(min(k, s)) for k, s in zip(self.rng.integers(1, 4, 2), shape[1:3], strict=True)]
        depthwise = self.rng.random() < 0.4
        multiplier = int(self.rng.integers(1, 3))
        outputs = shape[3] * multiplier if depthwise else int(self.rng.integers(1, 4))
        if outputs > 8:
            return None
        weights = (1, *kernel, outputs) if depthwise else (outputs, *kernel, shape[3])
        names: list[str | None] = [x, *self._weights(weights, 3 if depthwise else 0, outputs)]
        extra = {"multiplier": multiplier} if depthwise else {}
        return self._add("depthwise_conv_2d" if depthwise else "conv_2d", names, padding=padding, **extra)

    def step_batch_normalization(self, x: str) -> str | None:
        """A convolution with steps of its channels before or after it."""
        if self.rng.random() < 0.3:
            x = self.step_channel_constant(x)
        made = self.step_convolution(x)
        return None if made is None else self.step_channel_constant(self.step_channel_constant(made))

    def _weights(self, shape: tuple[int, ...], axis: int, outputs: int) -> list[str]:
        """Weights, and a bias half of the time."""
        with_bias = self.rng.random() < 0.5
        if self.dtype is DType.F32:
            return [self._constant(shape), *([self._constant((outputs,))] if with_bias else [])]
        scales = tuple(float(s) for s in self.rng.uniform(0.001, 0.01, outputs).astype(np.float32))
        array = self.rng.integers(-127, 128, shape).astype(np.int8)
        weights = self.builder.constant("w", array, Quantization(scales, (0,) * outputs, axis))
        bias = self.rng.integers(-5000, 5000, outputs).astype(np.int32)
        return [weights, *([self.builder.constant("b", bias)] if with_bias else [])]

    def step_fully_connected(self, x: str) -> str | None:
        shape = self._shape(x)
        if self.rng.random() < 0.6 or int(np.prod(shape[1:])) > 100:
            return None
        if len(shape) != 2:
            x = self._add("reshape", [x], shape=(shape[0], int(np.prod(shape[1:]))))
        outputs = int(self.rng.integers(1, 5))
        made = self._add("fully_connected", [x, *self._weights((outputs, self._shape(x)[1]), 0, outputs)])
        return self._add("reshape", [made], shape=(self._shape(made)[0], 1, 1, outputs))

    def step_pad(self, x: str) -> str | None:
        shape = self._shape(x)
        if max(shape) > 7 or len(shape) != 4:
            return None
        paddings = [0, 0, *(int(p) for p in self.rng.integers(0, 2, 4)), 0, 0]
        return self._add("pad", [x], paddings=tuple(paddings), value=float(self.rng.choice([0.0, 0.0, 0.5])))

    def step_pool(self, x: str) -> str | None:
        shape = self._shape(x)
        if len(shape) != 4 or min(shape[1:3]) < 2:
            return None
        operator = "max_pool_2d" if self.rng.random() < 0.6 else "average_pool_2d"
        size = int(self.rng.integers(1, 3))
        return self._add(operator, [x], filter=(2, size), stride=(1, 1))

    def step_transpose(self, x: str) -> str | None:
        shape = self._shape(x)
        if len(shape) != 4:
            return None
        permutation = [(0, 3, 1, 2), (0, 2, 3, 1), (0, 1, 3, 2), (0, 1, 2, 3)][self.rng.integers(4)]
        return self._add("transpose", [x], permutation=permutation)

    def step_transposed_clamp(self, x: str) -> str | None:
        """What a reader of another layout writes: an elementwise step between two transposes."""
        if len(self._shape(x)) != 4:
            return None
        there = self._add("transpose", [x], permutation=(0, 3, 1, 2))
        middle = self._add("relu", [there])
        return self._add("transpose", [middle], permutation=(0, 2, 3, 1))

    def step_concatenation(self, x: str) -> str | None:
        shape = self._shape(x)
        parameters = self.builder.values[x].quantization
        alike = [
            name
            for name in self.tensors
            if self._shape(name)[:-1] == shape[:-1] and self.builder.values[name].quantization == parameters
        ]
        if shape[-1] > 4 or len(shape) != 4:
            return None
        count = int(self.rng.integers(1, 3))
        return self._add("concatenation", [x, *(str(n) for n in self.rng.choice(alike, count - 1))], axis=3)

    def step_mean(self, x: str) -> str | None:
        if len(self._shape(x)) != 4 or self.rng.random() < 0.5:
            return None
        made = self._add("mean", [x], axes=(1, 2), keep_dims=bool(self.rng.random() < 0.5))
        return self._add("reshape", [made], shape=(1, 1, 1, self._shape(made)[-1]))

    def step_views(self, x: str) -> str:
        flat = self._add("reshape", [x], shape=(int(np.prod(self._shape(x))),))
        wide = self._add("expand_dims", [flat], axis=0)
        return self._add("reshape", [wide], shape=self._shape(x))

    def step_quantize(self, x: str) -> str | None:
        if self.dtype is not DType.S8:
            return None
        same = self.rng.random() < 0.5
        parameters = self.builder.values[x].quantization if same else Quantization.per_tensor(0.03, 9)
        return self.builder.add("quantize", [x], {"dtype": "s8"}, quantization=parameters)

    def step_of_constants(self, x: str) -> str:
        constant = self._constant(self._shape(x))
        clamped = self._add("relu", [constant])
        return self._add("add", [x, clamped])
