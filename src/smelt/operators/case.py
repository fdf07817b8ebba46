"""A case: a small graph of one operator, from which the tests of every kernel, writer and engine are made."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from smelt.ir import Array, Attribute, DType, Graph, Quantization
from smelt.operators.builder import GraphBuilder


@dataclass(frozen=True)
class Tensor:
    """An input of a case: its type, shape and quantization; `constant` gives it fixed contents."""

    dtype: DType
    shape: tuple[int, ...]
    quantization: Quantization | None = None
    constant: Array | None = None


@dataclass(frozen=True)
class Case:
    """One use of an operator with everything fixed but the data of its non-constant inputs."""

    name: str
    operator: str
    inputs: tuple[Tensor | None, ...]
    attributes: Mapping[str, Attribute]
    output_quantization: Quantization | None = None

    def graph(self) -> Graph:
        """The one-node graph of this case."""
        builder = GraphBuilder(self.name)
        names: list[str | None] = []
        for index, tensor in enumerate(self.inputs):
            if tensor is None:
                names.append(None)
            elif tensor.constant is not None:
                names.append(
                    builder.constant(f"constant_{index}", tensor.constant, tensor.quantization, tensor.dtype)
                )
            else:
                names.append(builder.input(f"input_{index}", tensor.dtype, tensor.shape, tensor.quantization))
        output = builder.add(
            self.operator, names, self.attributes, quantization=self.output_quantization, name="output"
        )
        return builder.build([output])


def quantized(shape: Sequence[int], scale: float, zero_point: int, dtype: DType = DType.S8) -> Tensor:
    """A quantized activation."""
    return Tensor(dtype, tuple(shape), Quantization.per_tensor(scale, zero_point))


def random_weights(
    shape: Sequence[int], axis: int | None, seed: int, low: int = -127, high: int = 127, scale: float = 0.01
) -> Tensor:
    """Constant int8 weights, symmetric, per channel along `axis` (per tensor when None), scales spread by 4."""
    rng = np.random.default_rng(seed)
    array = rng.integers(low, high, tuple(shape), endpoint=True, dtype=np.int8)
    if axis is None:
        return Tensor(DType.S8, tuple(shape), Quantization.per_tensor(scale), array)
    spread = np.float32(scale) * 2.0 ** rng.uniform(-1, 1, shape[axis])
    scales = tuple(float(np.float32(s)) for s in spread)
    return Tensor(DType.S8, tuple(shape), Quantization(scales, (0,) * len(scales), axis), array)


def random_blocks(shape: Sequence[int], block: int, seed: int, scale: float = 0.1) -> Tensor:
    """Constant int4 weights with a scale, in half precision, for each block of a row."""
    weights = random_weights(shape, None, seed, -7, 7)
    count = shape[0] * -(-shape[1] // block)
    spread = np.float32(scale) * 2.0 ** np.random.default_rng(seed).uniform(-1, 1, count)
    scales = tuple(float(s) for s in spread.astype(np.float16))
    return Tensor(DType.S4, weights.shape, Quantization(scales, (0,) * count, 0, block), weights.constant)


def random_few_bits(shape: Sequence[int], dtype: DType, axis: int | None, seed: int) -> Tensor:
    """Constant weights -1 and 1 (s1), or -1, 0 and 1 (s2), symmetric, as `random_nibbles`."""
    weights = random_weights(shape, axis, seed, -1, 1)
    array = weights.constant
    assert array is not None
    content = np.where(array.astype(np.int8) < 0, -1, 1).astype(np.int8) if dtype is DType.S1 else array
    return Tensor(dtype, weights.shape, weights.quantization, content)


def random_nibbles(shape: Sequence[int], axis: int | None, seed: int, scale: float = 0.1) -> Tensor:
    """Constant int4 weights, symmetric, per channel along `axis` (per tensor when None)."""
    weights = random_weights(shape, axis, seed, -7, 7, scale)
    return Tensor(DType.S4, weights.shape, weights.quantization, weights.constant)


def random_sparse(shape: Sequence[int], share: float, axis: int | None, seed: int) -> Tensor:
    """Constant int8 weights as `random_weights`, so large a share of them zero."""
    weights = random_weights(shape, axis, seed)
    kept = np.random.default_rng(seed).random(tuple(shape)) >= share
    assert weights.constant is not None
    return Tensor(DType.S8, weights.shape, weights.quantization, np.asarray(weights.constant * kept, np.int8))
