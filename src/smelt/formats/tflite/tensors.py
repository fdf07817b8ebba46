"""What a TFLite tensor says: type, shape, quantization, contents."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from smelt.errors import FormatError, UnsupportedError
from smelt.formats.tflite.sparse import densified
from smelt.formats.tflite.types import TYPES
from smelt.ir import Array, DType, Quantization, Value

MAX_ELEMENTS = 1 << 28
"""The most elements a computed tensor may have: a damaged shape must not cost gigabytes."""


def refusal(tensor: Any) -> str | None:
    """Why nothing can be done with a tensor, or None."""
    if tensor.type not in TYPES:
        return f"the type {getattr(tensor.type, 'name', tensor.type)} is not supported"
    return "external tensors are not supported" if tensor.external_buffer else None


def described(name: str, tensor: Any, scales: Callable[[int], Array]) -> Value:
    """The tensor's description; FormatError where it contradicts itself.

    `scales` gives the contents of another tensor of the subgraph, by index.
    """
    where = f"tensor '{name}'"
    dtype = TYPES[tensor.type]
    shape = tuple(int(d) for d in tensor.shape)
    if any(d < 0 for d in shape):
        raise FormatError(f"{where}: shape {list(shape)} has a negative dimension")
    if math.prod(max(d, 1) for d in shape) > MAX_ELEMENTS:
        raise FormatError(f"{where}: shape {list(shape)} is too large")
    return Value(name, dtype, shape, _quantization(where, tensor, shape, dtype, scales))


def contents(model: Any, value: Value, tensor: Any) -> Array | None:
    """The contents of a constant tensor, None for one that is computed."""
    where = f"tensor '{value.name}'"
    if not 0 <= tensor.buffer < len(model.buffers):
        raise FormatError(f"{where}: buffer {tensor.buffer} does not exist")
    buffer = model.buffers[tensor.buffer]
    if buffer.size > 1 or buffer.offset > 1:
        raise UnsupportedError(
            f"{where}: buffers outside the FlatBuffer (files over 2 GiB) are not supported"
        )
    empty = value.elements == 0 and buffer.has("data")
    if tensor.buffer == 0 or not (len(buffer.data) or empty):
        return None
    if tensor.sparsity is not None:
        count = len(buffer.data) * 8 // value.dtype.bits
        stored = _array(where, buffer.data, value.dtype, (count,))
        return densified(where, tensor.sparsity, stored, value.shape)
    return _array(where, buffer.data, value.dtype, value.shape)


def _quantization(
    where: str, tensor: Any, shape: tuple[int, ...], dtype: DType, scales: Callable[[int], Array]
) -> Quantization | None:
    given = tensor.quantization
    if given is None or not dtype.is_integer:
        return None
    if given.details is not None:
        return _of_blocks(where, given, shape, dtype, scales)
    if len(given.scale) == 0:
        return None
    count = len(given.scale)
    zero_points = tuple(int(z) for z in given.zero_point) or (0,) * count
    if len(zero_points) == 1 and count > 1:
        zero_points *= count
    axis = int(given.quantized_dimension) if count > 1 else None
    result = Quantization(tuple(float(s) for s in given.scale), zero_points, axis)
    problem = result.problem(shape, dtype)
    if problem:
        raise FormatError(f"{where}: {problem}")
    return result


def _of_blocks(
    where: str, given: Any, shape: tuple[int, ...], dtype: DType, scales: Callable[[int], Array]
) -> Quantization:
    """A scale for each block of the last dimension; zero points are zero."""
    details = given.details
    if details.table_name != "BlockwiseQuantization" or given.quantized_dimension != 0:
        raise UnsupportedError(f"{where}: {details.table_name} is supported only along the first dimension")
    if details.zero_points > 0 and scales(int(details.zero_points)).any():
        raise UnsupportedError(f"{where}: blocks with zero points other than 0 are not supported")
    numbers = scales(int(details.scales))
    if numbers.dtype.kind != "f":
        raise FormatError(f"{where}: the scales of its blocks are {numbers.dtype}")
    count, block = numbers.size, int(details.block_size)
    found = Quantization(
        tuple(float(s) for s in numbers.reshape(-1).astype(np.float32)), (0,) * count, 0, block
    )
    problem = found.problem(shape, dtype) if block > 0 else f"blocks of {block}"
    if problem:
        raise FormatError(f"{where}: {problem}")
    return found


def _array(where: str, data: Array, dtype: DType, shape: tuple[int, ...]) -> Array:
    elements = math.prod(shape)
    if len(data) != (elements * dtype.bits + 7) // 8:
        raise FormatError(
            f"{where}: {dtype.value}{list(shape)} needs {(elements * dtype.bits + 7) // 8} bytes, "
            f"its buffer has {len(data)}"
        )
    if dtype is DType.S4:
        nibbles = np.stack([data & 15, data >> 4], axis=-1).reshape(-1)[:elements].astype(np.int8)  # type: ignore[operator]
        return np.where(nibbles > 7, nibbles - 16, nibbles).astype(np.int8).reshape(shape)
    if data.ctypes.data % dtype.numpy.itemsize:
        data = data.copy()
    array = data.view(np.uint8).view(dtype.numpy)
    if dtype is DType.BOOL:
        array = data != 0
    return array.reshape(shape)


def tensor_names(subgraph: Any) -> list[str]:
    """A name for every tensor, its own where no other has it."""
    seen: dict[str, int] = {}
    names: list[str] = []
    taken = {tensor.name for tensor in subgraph.tensors}
    for index, tensor in enumerate(subgraph.tensors):
        stem = tensor.name or f"tensor_{index}"
        name = stem
        while name in seen or (name != stem and name in taken):
            seen[stem] = seen.get(stem, 0) + 1
            name = f"{stem}_{seen[stem]}"
        seen[name] = 0
        names.append(name)
    return names
