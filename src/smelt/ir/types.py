"""Element types and quantization parameters of tensors."""

from __future__ import annotations

import enum
import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.generic]


class DType(enum.Enum):
    """An element type; the value is its name in text, in C suffixes and in messages.

    s2 has three values, -1, 0 and 1, and s1 two, -1 and 1: both are types of weights only.
    """

    F16 = "f16"
    F32 = "f32"
    F64 = "f64"
    S1 = "s1"
    S2 = "s2"
    S4 = "s4"
    S8 = "s8"
    S16 = "s16"
    S32 = "s32"
    S64 = "s64"
    U8 = "u8"
    U16 = "u16"
    U32 = "u32"
    U64 = "u64"
    BOOL = "bool"

    @property
    def numpy(self) -> np.dtype[np.generic]:
        """The numpy type that holds one element (those of s1, s2 and s4 are held in int8, one a byte)."""
        return _NUMPY[self]

    @property
    def is_float(self) -> bool:
        """Whether elements are floating-point numbers."""
        return self in (DType.F16, DType.F32, DType.F64)

    @property
    def is_integer(self) -> bool:
        """Whether elements are integers (bool is not)."""
        return not self.is_float and self is not DType.BOOL

    @property
    def bits(self) -> int:
        """Bits of one element in memory."""
        return _BITS.get(self, _NUMPY[self].itemsize * 8)

    @property
    def integer_range(self) -> tuple[int, int]:
        """The smallest and largest value of an integer type."""
        if self in _RANGES:
            return _RANGES[self]
        info = np.iinfo(self.numpy)  # type: ignore[type-var]
        return int(info.min), int(info.max)

    @staticmethod
    def of(array: Array) -> DType:
        """The element type of a numpy array; raises KeyError for types that the IR has not."""
        return _FROM_NUMPY[array.dtype]


_NUMPY: dict[DType, np.dtype[np.generic]] = {
    DType.F16: np.dtype(np.float16),
    DType.F32: np.dtype(np.float32),
    DType.F64: np.dtype(np.float64),
    DType.S1: np.dtype(np.int8),
    DType.S2: np.dtype(np.int8),
    DType.S4: np.dtype(np.int8),
    DType.S8: np.dtype(np.int8),
    DType.S16: np.dtype(np.int16),
    DType.S32: np.dtype(np.int32),
    DType.S64: np.dtype(np.int64),
    DType.U8: np.dtype(np.uint8),
    DType.U16: np.dtype(np.uint16),
    DType.U32: np.dtype(np.uint32),
    DType.U64: np.dtype(np.uint64),
    DType.BOOL: np.dtype(np.bool_),
}
_RANGES = {DType.S1: (-1, 1), DType.S2: (-1, 1), DType.S4: (-8, 7)}
_BITS = {DType.S1: 1, DType.S2: 2, DType.S4: 4}
_FROM_NUMPY = {dtype: name for name, dtype in _NUMPY.items() if name not in _BITS}


@dataclass(frozen=True, slots=True)
class Quantization:
    """real = scale * (integer - zero_point), per tensor or per slice along `axis`.

    `scales` and `zero_points` hold one value (per tensor, `axis` is None) or one for each index of
    dimension `axis`.  With a `block` they hold one for each so many elements of the last dimension of a
    matrix, row by row; the last block of a row may be shorter.  Scales are float32 values, as in TFLite files.
    """

    scales: tuple[float, ...]
    zero_points: tuple[int, ...]
    axis: int | None = None
    block: int = 0

    @staticmethod
    def per_tensor(scale: float, zero_point: int = 0) -> Quantization:
        """One scale (rounded to float32) and zero point for the whole tensor."""
        return Quantization((float(np.float32(scale)),), (int(zero_point),))

    @property
    def scale(self) -> float:
        """The one scale of a per-tensor quantization."""
        if self.axis is not None:
            raise ValueError("per-channel quantization has no single scale")
        return self.scales[0]

    @property
    def zero_point(self) -> int:
        """The one zero point of a per-tensor quantization."""
        if self.axis is not None:
            raise ValueError("per-channel quantization has no single zero point")
        return self.zero_points[0]

    def problem(self, shape: tuple[int, ...], dtype: DType) -> str | None:
        """What is wrong with these parameters for a tensor of this shape and type, or None."""
        if not self.scales or len(self.scales) != len(self.zero_points):
            return f"{len(self.scales)} scales and {len(self.zero_points)} zero points"
        if any(not math.isfinite(s) or s <= 0 for s in self.scales):
            return "a scale that is not a positive finite number"
        if self.axis is None and (len(self.scales) != 1 or self.block):
            return f"{len(self.scales)} scales without an axis"
        if self.axis is not None:
            if not 0 <= self.axis < len(shape):
                return f"quantization axis {self.axis} of a tensor with {len(shape)} dimensions"
            if self.block and (self.block < 0 or self.axis != 0 or len(shape) != 2):
                return (
                    f"blocks of {self.block} along axis {self.axis} of a tensor with {len(shape)} dimensions"
                )
            wanted = shape[self.axis] * (-(-shape[1] // self.block) if self.block else 1)
            if wanted != len(self.scales):
                return f"{len(self.scales)} scales along an axis of {shape[self.axis]}"
        low, high = dtype.integer_range
        if any(not low <= z <= high for z in self.zero_points):
            return f"a zero point outside the range of {dtype.value}"
        return None
