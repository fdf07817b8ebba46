"""Random small networks with the structure of MobileNet and ResNet, whose weights are mostly zero."""

from __future__ import annotations

import numpy as np

from smelt.ir import Array, DType, Graph, Quantization
from smelt.operators.builder import GraphBuilder


def sparse_graph(seed: int, dtype: DType, steps: int = 14) -> Graph:
    """A network of about `steps` nodes with zero rows, columns and elements in its weights."""
    return _Sparse(seed, dtype).graph(steps)


class _Sparse:
    def __init__(self, seed: int, dtype: DType) -> None:
        self.rng = np.random.default_rng(seed)
        self.dtype = dtype
        self.builder = GraphBuilder(f"sparse {seed}")
        self.images: list[str] = []

    def graph(self, steps: int) -> Graph:
        height, width, channels = (int(n) for n in self.rng.integers((4, 4, 1), (9, 9, 5)))
        self.images = [self.builder.input("x", self.dtype, (1, height, width, channels), self._scale())]
        self.images.append(self.step_convolution(self.images[0]))
        moves = [getattr(self, name) for name in dir(self) if name.startswith("step_")]
        while len(self.builder.nodes) < steps:
            near = self.rng.random() < 0.7
            image = self.images[-1] if near else self.images[int(self.rng.integers(len(self.images)))]
            made = moves[int(self.rng.integers(len(moves)))](image)
            if made is not None:
                self.images.append(made)
        outputs = [self._head(self.images[-1])]
        if self.rng.random() < 0.2:
            outputs.append(self.images[int(self.rng.integers(1, len(self.images)))])
        return self.builder.build(outputs)

    def _head(self, x: str) -> str:
        if self.dtype is DType.F32 and self.rng.random() < 0.3:
            x = self._recurrent(x)
        elif self.rng.random() < 0.4:
            x = self._add("mean", [x], axes=(1, 2), keep_dims=bool(self.rng.random() < 0.5))
        if self.rng.random() < 0.7:
            x = self._add("reshape", [x], shape=(1, self.builder.values[x].elements))
        for _ in range(int(self.rng.integers(1, 3))):
            x = self._dense(x)
        return self.builder.add("softmax", [x], quantization=self._fixed()) if self.rng.random() < 0.3 else x

    def _fixed(self) -> Quantization | None:
        return None if self.dtype is DType.F32 else Quantization.per_tensor(1 / 256, -128)

    def _scale(self) -> Quantization | None:
        """Activations' parameters: the zero point of what relu gives, or any."""
        if self.dtype is DType.F32:
            return None
        zero_point = -128 if self.rng.random() < 0.6 else int(self.rng.integers(-128, 128))
        return Quantization.per_tensor(float(self.rng.uniform(0.02, 0.1)), zero_point)

    def _shape(self, name: str) -> tuple[int, ...]:
        return self.builder.values[name].shape

    def _add(
        self, operator: str, inputs: list[str | None], *, keep: bool = False, **attributes: object
    ) -> str:
        parameters = self.builder.values[str(inputs[0])].quantization if keep else self._scale()
        return self.builder.add(operator, inputs, attributes, quantization=parameters)  # type: ignore[arg-type]

    def _activation(self) -> str:
        return str(self.rng.choice(["none", "relu", "relu", "relu6"]))

    def _sparse(self, shape: tuple[int, ...]) -> Array:
        """Zero along some indices of each dimension, and here and there."""
        kept = self.rng.random(shape) < 0.8
        for axis, size in enumerate(shape):
            if size > 1:
                share = 0.6 if size > 3 or axis in (0, len(shape) - 1) else 0.9
                kept &= np.expand_dims(
                    self.rng.random(size) < share, [a for a in range(len(shape)) if a != axis]
                )
        if self.dtype is DType.F32:
            return np.asarray(self.rng.normal(size=shape) * kept, np.float32)
        return np.asarray(self.rng.integers(-127, 128, shape) * kept, np.int8)

    def _parameters(self, shape: tuple[int, ...], axis: int, *, one_scale: bool = False) -> list[str]:
        """Weights, and a bias most of the time."""
        outputs, weights, biased = shape[axis], self._sparse(shape), self.rng.random() < 0.7
        if self.dtype is DType.F32:
            bias = self.rng.normal(size=outputs).astype(np.float32)
            return [
                self.builder.constant("w", weights),
                *([self.builder.constant("b", bias)] if biased else []),
            ]
        scales = tuple(float(s) for s in self.rng.uniform(0.002, 0.02, outputs).astype(np.float32))
        quantization = Quantization(scales, (0,) * outputs, axis)
        if one_scale:
            quantization = Quantization.per_tensor(scales[0], int(self.rng.integers(-3, 4)))
            weights = np.where(weights == 0, quantization.zero_point, weights).astype(np.int8)
        names = [self.builder.constant("w", weights, quantization)]
        bias = (self.rng.integers(-3000, 3000, outputs) * (self.rng.random(outputs) < 0.7)).astype(np.int32)
        return [*names, *([self.builder.constant("b", bias)] if biased else [])]

    def _window(self, x: str) -> tuple[tuple[int, int], dict[str, object]]:
        """A kernel that fits, with stride, dilation and padding."""
        sizes = self._shape(x)[1:3]
        kernel = tuple(int(min(self.rng.choice([1, 1, 3, 3, 2]), size)) for size in sizes)
        fits_twice = [2 * k - 1 <= size for k, size in zip(kernel, sizes, strict=True)]
        dilation = tuple(2 if fits and self.rng.random() < 0.2 else 1 for fits in fits_twice)
        padding = tuple(int(n) for n in self.rng.integers(0, [k for k in kernel for _ in range(2)], 4))
        stride = tuple(int(n) for n in self.rng.choice([1, 1, 2], 2))
        return (kernel[0], kernel[1]), {"stride": stride, "padding": padding, "dilation": dilation}

    def step_convolution(self, x: str) -> str:
        kernel, window = self._window(x)
        outputs = int(self.rng.integers(1, 8))
        names = self._parameters((outputs, *kernel, self._shape(x)[3]), 0)
        return self._add("conv_2d", [x, *names], activation=self._activation(), **window)

    def step_depthwise(self, x: str) -> str | None:
        kernel, window = self._window(x)
        multiplier = int(self.rng.choice([1, 1, 1, 2]))
        outputs = self._shape(x)[3] * multiplier
        if outputs > 12:
            return None
        names = self._parameters((1, *kernel, outputs), 3)
        return self._add(
            "depthwise_conv_2d", [x, *names], multiplier=multiplier, activation=self._activation(), **window
        )

    def step_grouped(self, x: str) -> str | None:
        channels = self._shape(x)[3]
        if channels % 2 or self.rng.random() < 0.7:
            return None
        return self._add("conv_2d", [x, *self._parameters((4, 1, 1, channels // 2), 0)])

    def step_residual(self, x: str) -> str | None:
        alike = [name for name in self.images if self._shape(name) == self._shape(x)]
        operator = str(self.rng.choice(["add", "add", "sub", "mul"]))
        return self._add(operator, [x, str(self.rng.choice(alike))], activation=self._activation())

    def step_inverted_residual(self, x: str) -> str:
        wide = self._add(
            "conv_2d", [x, *self._parameters((6, 1, 1, self._shape(x)[3]), 0)], activation="relu6"
        )
        deep = self._add(
            "depthwise_conv_2d", [wide, *self._parameters((1, 3, 3, 6), 3)], padding=(1, 1, 1, 1)
        )
        thin = self._add("conv_2d", [deep, *self._parameters((self._shape(x)[3], 1, 1, 6), 0)])
        return self._add("add", [x, thin])

    def step_operand(self, x: str) -> str:
        shape = self._shape(x)[-1:] if self.rng.random() < 0.7 else (1,)
        operand = self.builder.constant("c", self._sparse(shape), self._scale())
        return self._add(str(self.rng.choice(["add", "mul"])), [x, operand])

    def step_gate(self, x: str) -> str | None:
        others = [name for name in self.images if self._shape(name)[:3] == self._shape(x)[:3]]
        other = str(self.rng.choice(others))
        gate = self._add("conv_2d", [other, *self._parameters((1, 1, 1, self._shape(other)[3]), 0)])
        return self._add("mul", [x, gate])

    def step_concatenation(self, x: str) -> str | None:
        described = self.builder.values
        alike = [
            name
            for name in self.images
            if described[name].quantization == described[x].quantization
            and self._shape(name)[:3] == self._shape(x)[:3]
        ]
        if len(alike) == 1 and self.dtype is DType.S8:
            requantized = self.builder.add(
                "quantize", [self.images[-1]], {"dtype": "s8"}, quantization=described[x].quantization
            )
            alike.extend([requantized] if self._shape(requantized)[:3] == self._shape(x)[:3] else [])
        joined = [x, *(str(name) for name in self.rng.choice(alike, 2))]
        if sum(self._shape(name)[3] for name in joined) > 16:
            return None
        return self._add("concatenation", list(joined), keep=True, axis=3)

    def step_shape(self, x: str) -> str:
        """Something that moves elements and keeps channels where they are."""
        kind, shape = int(self.rng.integers(4)), self._shape(x)
        if kind == 0:
            return self._add("transpose", [x], keep=True, permutation=(0, 2, 1, 3))
        if kind == 1:
            ends = (int(n) for n in self.rng.choice(3, 2, p=(0.8, 0.1, 0.1)))
            amounts = (0, 0, *(int(n) for n in self.rng.integers(0, 2, 4)), *ends)
            return self._add("pad", [x], keep=True, paddings=amounts)
        if kind == 2:
            flat = self._add("reshape", [x], keep=True, shape=(1, shape[1] * shape[2] * shape[3]))
            return self._add("reshape", [flat], keep=True, shape=(1, shape[2], shape[1], shape[3]))
        first = int(shape[3] > 1 and self.rng.random() < 0.3)
        end = (*shape[:3], max(shape[3] - int(self.rng.random() < 0.3), first + 1))
        begin, stride = (0, 0, 0, first), (1, 2, 1, 1)
        return self._add("strided_slice", [x], keep=True, begin=begin, end=end, stride=stride)

    def step_elementwise(self, x: str) -> str:
        return self._add(str(self.rng.choice(["relu", "leaky_relu", "relu6"])), [x])

    def step_pool(self, x: str) -> str | None:
        if min(self._shape(x)[1:3]) < 2:
            return None
        operator = str(self.rng.choice(["max_pool_2d", "average_pool_2d"]))
        padding = tuple(int(n) for n in self.rng.integers(0, 2, 4))
        return self._add(operator, [x], keep=True, filter=(2, 2), stride=(2, 1), padding=padding)

    def _recurrent(self, x: str) -> str:
        """A layer with a state along the width, and perhaps another."""
        _, height, width, channels = self._shape(x)
        x = self._add("reshape", [x], shape=(1, height * width, channels))
        for returns in ("sequence", "last") if self.rng.random() < 0.5 else ("last",):
            operator, gates = [("lstm", 4), ("gru", 3), ("rnn", 1)][self.rng.integers(3)]
            shapes = [(gates * 5, self._shape(x)[2]), (gates * 5, 5), (gates * 5,)]
            names = [self.builder.constant("u", self._sparse_units(shape, gates)) for shape in shapes]
            x = self._add(operator, [x, *names], returns=returns)
        return x

    def _sparse_units(self, shape: tuple[int, ...], gates: int) -> Array:
        """Weights that are zero for some units in all gates, and for some of what they read."""
        unit = np.tile(self.rng.random(shape[0] // gates) < 0.6, gates)
        array = self._sparse(shape)
        return array * unit.reshape(-1, *[1] * (len(shape) - 1)).astype(array.dtype)

    def _dense(self, x: str) -> str:
        outputs, one_scale = int(self.rng.integers(1, 7)), bool(self.rng.random() < 0.5)
        inputs = self.builder.values[x].elements
        names = self._parameters((outputs, inputs), 0, one_scale=one_scale)
        return self._add("fully_connected", [x, *names], activation=self._activation())
