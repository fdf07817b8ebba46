"""Random int8 sums, products and pools of all kinds of shapes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from math import prod

import numpy as np

from random_layers import Drawn
from smelt.ir import Attribute, DType, Quantization
from smelt.operators.case import Case, Tensor, quantized

_CHANNELS = (1, 3, 4, 5, 7, 8, 12, 16, 17, 24, 32, 33, 48, 64)
_FEWEST, _MOST = 1000, 8000  # elements of the larger input
_SUMS = ("same", "same clamped", "channels", "scalar")
_POOLS = {
    "2x2": ((2, 2), (2, 2)),
    "3x3": ((3, 3), (2, 2)),
    "3x3 dense": ((3, 3), (1, 1)),
    "whole": ((0, 0), (1, 1)),
}


def _image(rng: np.random.Generator) -> tuple[int, int, int]:
    while True:
        height, width = (int(2 ** rng.uniform(2, 5)) for _ in range(2))
        channels = int(rng.choice(_CHANNELS))
        if _FEWEST <= height * width * channels <= _MOST:
            return height, width, channels


def _zero_point(rng: np.random.Generator) -> int:
    return int(rng.integers(-128, 127, endpoint=True))


def _arithmetic(operator: str, count: int, seed: int) -> list[Drawn]:
    """Tensors of one shape, one with a value a channel, one with a single value; `clamped` has an activation inside
    the range of int8."""
    rng = np.random.default_rng((seed, len(operator), ord(operator[0])))
    found = []
    for k in range(count):
        kind, shape = _SUMS[k % len(_SUMS)], _image(rng)
        other = {"channels": (shape[2],), "scalar": (1,)}.get(kind, (1, *shape))
        a, b = (float(np.float32(0.02 * 2.0**e)) for e in rng.uniform(-1.5, 1.5, 2))
        typical = a * b * 120 if operator == "mul" else (a * a + b * b) ** 0.5
        scale = float(np.float32(typical * 2.0 ** rng.uniform(-0.5, 1)))
        zero_point = int(rng.integers(-100, 0)) if "clamped" in kind else -128 if rng.random() < 0.5 else 3
        array = rng.integers(-128, 127, other, endpoint=True, dtype=np.int8)
        tensors = (
            quantized((1, *shape), a, _zero_point(rng)),
            Tensor(DType.S8, other, Quantization.per_tensor(b, _zero_point(rng)), array),
        )
        attributes: dict[str, Attribute] = {"activation": "relu" if "clamped" in kind else "none"}
        case = Case(operator, operator, tensors, attributes, Quantization.per_tensor(scale, zero_point))
        text = "x".join(map(str, shape)) + f", {kind}"
        found.append(Drawn(case, kind, text, work=prod(shape)))
    return found


def _pools(operator: str, count: int, seed: int) -> list[Drawn]:
    """Windows without padding; `work` is the elements under all of them."""
    rng = np.random.default_rng((seed, len(operator), ord(operator[0])))
    found = []
    for k in range(count):
        kind, shape = list(_POOLS)[k % len(_POOLS)], _image(rng)
        window, stride = _POOLS[kind]
        window = window if prod(window) else shape[:2]
        tensor = quantized((1, *shape), 0.02, _zero_point(rng))
        outputs = prod((s - w) // t + 1 for s, w, t in zip(shape, window, stride, strict=False)) * shape[2]
        attributes: dict[str, Attribute] = {"filter": window, "stride": stride}
        case = Case(operator, operator, (tensor,), attributes, tensor.quantization)
        text = "x".join(map(str, shape)) + f", {window[0]}x{window[1]} s{stride[0]}{stride[1]}"
        found.append(Drawn(case, kind, text, work=prod(window) * outputs))
    return found


DRAWS: Mapping[str, Callable[[int, int], list[Drawn]]] = {
    **{name: partial(_arithmetic, name) for name in ("add", "mul")},
    **{name: partial(_pools, name) for name in ("average_pool_2d", "max_pool_2d")},
}
