"""ONNX's linear transforms: DFT, STFT, Det; as products with matrices."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from smelt.errors import FormatError, UnsupportedError
from smelt.formats.channels_first.layout import Tensor
from smelt.formats.channels_first.shapes import positive_axes
from smelt.formats.channels_first.terms import Term, literal, of, result, term
from smelt.formats.channels_first.translation import Surroundings, Translated, scalar
from smelt.formats.onnx.schema import Table
from smelt.ir import Array

ROWS = Table()
"""What reads such an operator."""

Float64 = NDArray[np.float64]


def _fourier(size: int, length: int, *, inverse: bool, onesided: bool, real: bool) -> Float64:
    """[outputs, inputs] of interleaved real and imaginary parts: the transform of so many elements."""
    if inverse and onesided:
        count = np.arange(length)
        given = np.arange(min(size, length // 2 + 1))
        share = np.where((given == 0) | (2 * given == length), 1.0, 2.0) / length
        angle = 2 * np.pi * np.outer(count, given) / length
        pairs = np.stack([np.cos(angle) * share, -np.sin(angle) * share], -1)
        rows = np.zeros((length, size, 2))
        rows[:, : len(given)] = pairs
        return rows.reshape(length, -1)
    outputs = length // 2 + 1 if onesided else length
    used = min(size, length)
    sign = 1 if inverse else -1
    angle = sign * 2 * np.pi * np.outer(np.arange(outputs), np.arange(used)) / length
    scale = 1 / length if inverse else 1.0
    matrix = np.zeros((outputs, 2, size, 2))
    matrix[:, 0, :used, 0] = matrix[:, 1, :used, 1] = np.cos(angle) * scale
    matrix[:, 1, :used, 0], matrix[:, 0, :used, 1] = np.sin(angle) * scale, -np.sin(angle) * scale
    whole = matrix[..., :1] if real else matrix
    return whole.reshape(outputs * 2, -1)


def _transformed(
    _: Surroundings, x: Tensor, axis: int, length: int | None, inverse: int, onesided: int
) -> Translated:
    if x.rank < 2 or x.shape[-1] not in (1, 2):
        raise FormatError(f"{_.label}: '{x.name}' {list(x.shape)} does not hold real or complex numbers")
    (along,) = positive_axes([axis], x.rank)
    size, parts = x.shape[along], x.shape[-1]
    back = bool(inverse and onesided)
    length = (2 * (size - 1) if back else size) if length is None else length
    if along == x.rank - 1 or length < 1:
        raise FormatError(f"{_.label}: axis {axis} or length {length} make no sense")
    _.allow(4 * length * size, 8)
    matrix = _fourier(size, length, inverse=bool(inverse), onesided=bool(onesided), real=parts == 1)
    order = (*(k for k in range(x.rank - 1) if k != along), along, x.rank - 1)
    shape = tuple(x.shape[k] for k in order[:-2])
    rows = term("reshape", term("transpose", of(_, x), permutation=order), shape=(*shape, size * parts))
    dtype = _.dtype(x).numpy
    made = term("fully_connected", rows, literal(_, matrix.astype(dtype)), keep_dims=True)
    components = 1 if back else 2
    whole = term("reshape", made, shape=(*shape, len(matrix) // components, components))
    return result(_, term("transpose", whole, permutation=tuple(order.index(k) for k in range(x.rank))))


@ROWS.reads("DFT", until=19)
def _dft_17(
    _: Surroundings,
    x: str,
    dft_length: str | None = None,
    *,
    axis: int = 1,
    inverse: int = 0,
    onesided: int = 0,
) -> Translated:
    length = None if dft_length is None else int(scalar(_, dft_length))
    return _transformed(_, _.tensor(x), axis, length, inverse, onesided)


@ROWS.reads("DFT", since=20)
def _dft(
    _: Surroundings, x: str, dft_length: str | None = None, axis: str | None = None, *,
    inverse: int = 0, onesided: int = 0,
) -> Translated:  # fmt: skip
    length = None if dft_length is None else int(scalar(_, dft_length))
    along = -2 if axis is None else int(scalar(_, axis))
    return _transformed(_, _.tensor(x), along, length, inverse, onesided)


@ROWS.reads("STFT")
def _stft(
    _: Surroundings, signal: str, frame_step: str, window: str | None = None, frame_length: str | None = None, *,
    onesided: int = 1,
) -> Translated:  # fmt: skip
    data, step = _.tensor(signal), int(scalar(_, frame_step))
    weights: Array | None = None if window is None else _.constant(window)
    length = (
        int(scalar(_, frame_length)) if frame_length is not None else 0 if weights is None else weights.size
    )
    if data.rank != 3 or not 0 < length <= data.shape[1] or step < 1:
        raise FormatError(
            f"{_.label}: frames of {length} every {step} do not fit '{signal}' {list(data.shape)}"
        )
    frames = 1 + (data.shape[1] - length) // step
    places = np.arange(frames)[:, None] * step + np.arange(length)
    parts = data.shape[2]
    matrix = _fourier(length, length, inverse=False, onesided=bool(onesided), real=parts == 1)
    if weights is not None:
        matrix = matrix * np.repeat(weights.astype(np.float64), parts)
    cut = term("gather", of(_, data), places.astype(np.int32), axis=1)
    rows = term("reshape", cut, shape=(data.shape[0], frames, length * parts))
    made = term("fully_connected", rows, literal(_, matrix.astype(_.dtype(data).numpy)), keep_dims=True)
    return result(_, term("reshape", made, shape=(data.shape[0], frames, len(matrix) // 2, 2)))


@ROWS.reads("Det")
def _det(_: Surroundings, x: str) -> Translated:
    data = _.tensor(x)
    size = data.shape[-1] if data.rank >= 2 else 0
    if data.shape[-2:] != (size, size) or not 0 < size <= 3:
        raise UnsupportedError(
            f"{_.label}: only matrices of up to 3 x 3 are supported, '{x}' is {list(data.shape)}"
        )
    whole = of(_, data)

    def element(row: int, column: int) -> Term:
        lead = data.shape[:-2]
        begin, end = (*(0 for _n in lead), row, column), (*lead, row + 1, column + 1)
        part = term("strided_slice", whole, begin=begin, end=end, stride=(1,) * data.rank)
        return term("reshape", part, shape=lead)

    def determinant(rows: Sequence[int], columns: Sequence[int]) -> Term:
        if len(rows) == 1:
            return element(rows[0], columns[0])
        total: Term | None = None
        for k, column in enumerate(columns):
            rest = [c for c in columns if c != column]
            minor = element(rows[0], column) * determinant(rows[1:], rest)
            total = minor if total is None else total - minor if k % 2 else total + minor
        assert total is not None
        return total

    return result(_, determinant(range(size), range(size)))
