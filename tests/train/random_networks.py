"""Random small networks with everything that ties channels together."""

from __future__ import annotations

import numpy as np

from smelt.ir import DType, Graph
from smelt.operators.builder import GraphBuilder


class RandomNetwork:
    """A network of about `steps` steps that `seed` chooses; `graph` is the same each time."""

    def __init__(self, seed: int, steps: int = 8) -> None:
        self.rng = np.random.default_rng(seed)
        self.builder = GraphBuilder(f"random {seed}")
        self.images = [self.builder.input("x", DType.F32, (1, 6, 6, 3))]
        self.images = [self.convolution(self.images[0], 8)]
        moves = sorted(name for name in dir(self) if name.startswith("step_"))
        for _ in range(steps):
            near = self.rng.random() < 0.7
            image = self.images[-1] if near else str(self.rng.choice(self.images))
            made = getattr(self, str(self.rng.choice(moves)))(image)
            self.images += [made] if made is not None else []
        self.graph: Graph = self.builder.build([self.head(self.images[-1])])

    def channels(self, x: str) -> int:
        return self.builder.values[x].shape[-1]

    def constant(self, *shape: int) -> str:
        return self.builder.constant("w", self.rng.normal(size=shape).astype(np.float32))

    def activation(self) -> str:
        return str(self.rng.choice(["none", "relu", "relu6"]))

    def convolution(self, x: str, outputs: int, weights: str | None = None, groups: int = 1) -> str:
        size = int(self.rng.choice([1, 3]))
        weights = weights or self.constant(outputs, size, size, self.channels(x) // groups)
        border = (self.builder.values[weights].shape[1] - 1) // 2
        attributes = {"padding": (border,) * 4, "activation": self.activation()}
        bias = [self.constant(outputs)] if self.rng.random() < 0.8 else []
        return self.builder.add("conv_2d", [x, weights, *bias], attributes)

    def step_convolution(self, x: str) -> str:
        return self.convolution(x, int(self.rng.choice([6, 8, 12])))

    def step_shared(self, x: str) -> str:
        """Two layers with the same weights, one after the other."""
        count = self.channels(x)
        weights = self.constant(count, 3, 3, count)
        return self.convolution(self.convolution(x, count, weights), count, weights)

    def step_grouped(self, x: str) -> str | None:
        return self.convolution(x, 8, groups=2) if self.channels(x) % 2 == 0 else None

    def step_split(self, x: str) -> str:
        """Two halves, one of which goes through a layer."""
        shape, half = self.builder.values[x].shape, self.channels(x) // 2
        ends = [(0, half), (half, shape[3])]
        first, second = (
            self.builder.add(
                "strided_slice",
                [x],
                {"begin": (0, 0, 0, begin), "end": (*shape[:3], end), "stride": (1, 1, 1, 1)},
            )
            for begin, end in ends
        )
        return self.builder.add("concatenation", [first, self.convolution(second, 6)], {"axis": 3})

    def step_pad(self, x: str) -> str | None:
        """A shortcut to more channels, as residual networks for small images have it."""
        if self.channels(x) > 16:
            return None
        return self.builder.add("pad", [x], {"paddings": (0, 0, 0, 0, 0, 0, 2, 2)})

    def step_depthwise(self, x: str) -> str | None:
        multiplier = int(self.rng.choice([1, 1, 2]))
        count = self.channels(x) * multiplier
        if count > 24:
            return None
        names = [x, self.constant(1, 3, 3, count), self.constant(count)]
        attributes = {"padding": (1,) * 4, "multiplier": multiplier, "activation": self.activation()}
        return self.builder.add("depthwise_conv_2d", names, attributes)

    def step_residual(self, x: str) -> str:
        alike = [name for name in self.images if self.channels(name) == self.channels(x)]
        return self.builder.add("add", [x, str(self.rng.choice(alike))], {"activation": self.activation()})

    def step_residual_block(self, x: str) -> str:
        inner = self.convolution(self.convolution(x, 8), self.channels(x))
        return self.builder.add("add", [inner, x])

    def step_concatenation(self, x: str) -> str | None:
        other = str(self.rng.choice(self.images))
        if self.channels(x) + self.channels(other) > 24:
            return None
        return self.builder.add("concatenation", [x, other], {"axis": 3})

    def step_batch_normalization(self, x: str) -> str:
        scaled = self.builder.add("mul", [x, self.constant(self.channels(x))])
        return self.builder.add("add", [scaled, self.constant(1, 1, 1, self.channels(x))])

    def step_activation(self, x: str) -> str:
        return self.builder.add(str(self.rng.choice(["relu", "tanh", "logistic"])), [x])

    def step_attention(self, x: str) -> str:
        """Squeeze and excitation."""
        squeezed = self.builder.add("mean", [x], {"axes": (1, 2), "keep_dims": True})
        gates = self.builder.add(
            "logistic", [self.convolution(self.convolution(squeezed, 4), self.channels(x))]
        )
        return self.builder.add("mul", [x, gates])

    def recurrent(self, x: str) -> str:
        """Two layers with states over the pixels."""
        _, height, width, channels = self.builder.values[x].shape
        x = self.builder.add("reshape", [x], {"shape": (1, height * width, channels)})
        for returns in ("sequence", "last"):
            operator, gates = [("lstm", 4), ("gru", 3), ("rnn", 1)][self.rng.integers(3)]
            units = 6
            names = [self.constant(gates * units, self.channels(x)), self.constant(gates * units, units)]
            names += [self.constant(gates * units)] if self.rng.random() < 0.7 else []
            x = self.builder.add(operator, [x, *names], {"returns": returns})
        return x

    def head(self, x: str) -> str:
        """Flattened or averaged, then dense layers."""
        kind = self.rng.integers(3)
        if kind == 0:
            x = self.recurrent(x)
        elif kind == 1:
            x = self.builder.add("mean", [x], {"axes": (1, 2), "keep_dims": False})
        else:
            x = self.builder.add("max_pool_2d", [x], {"filter": (2, 2), "stride": (2, 2)})
            x = self.builder.add("reshape", [x], {"shape": (1, self.builder.values[x].elements)})
        for outputs in (10, 5):
            x = self.builder.add(
                "fully_connected", [x, self.constant(outputs, self.channels(x)), self.constant(outputs)]
            )
        return self.builder.add("softmax", [x])
