"""conv_2d by Winograd's minimal filtering F(2x2, 3x3) for Arm cores with DSP: fewer products, larger weights.

Lavin and Gray, "Fast Algorithms for Convolutional Neural Networks", 2015.  All is exact: with twice the paper's
matrix G the transformed weights are integers below 9 * 128, and the outputs are four times the sums.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from smelt.ir import DType
from smelt.operators.convolution.arm_dsp_packing import accepts_sums, requantized, round_up, scaling
from smelt.operators.convolution.arm_dsp_requantization import Scaling
from smelt.operators.convolution.geometry import Geometry, folded_bias, geometry, requantization
from smelt.operators.convolution.portable import fits
from smelt.operators.fixed_point import Int64
from smelt.operators.operator import Call, Input, Kernel, Lowering, Output, Parameters, Scratch, Table
from smelt.targets import Target

_CHANNELS = 16  # a round of the inner loop
_PRODUCTS_BYTES = 512
_RING_ROWS = 4
_TILES_WIDTH = 4  # columns that are computed together
_FEWEST_COLUMNS = 4
_TWICE_G = np.array([[2, 0, 0], [1, 1, 1], [1, -1, 1], [0, 0, 2]], np.int64)


def _weights(call: Call) -> Int64:
    """Weights [output channels, 3, 3, input channels]."""
    weights = call.constant(1)
    assert weights is not None
    return weights.astype(np.int64)


def _flat(call: Call) -> Int64:
    return _weights(call).reshape(geometry(call).output_channels, -1)


def _scaling(call: Call) -> Scaling:
    return scaling(call, *requantization(call), geometry(call).output_channels)


def _accepts(call: Call, target: Target) -> bool:
    # vectors (MVE) compute the plain sums in fewer instructions
    if (
        not target.has("dsp")
        or target.has("mve")
        or not fits(call, DType.S8)
        or not _fits_kernel(geometry(call))
    ):
        return False
    return accepts_sums(_flat(call), folded_bias(call), _scaling(call))


def _fits_kernel(sizes: Geometry) -> bool:
    """3 x 3 of whole channel groups, in rows that fill most of the tiles, with sizes that fit the parameter struct."""
    window = (sizes.kernel_height, sizes.kernel_width, sizes.stride_height, sizes.stride_width)
    dense = window == (3, 3, 1, 1) and (sizes.dilation_height, sizes.dilation_width, sizes.groups) == (
        1,
        1,
        1,
    )
    whole = sizes.input_channels % _CHANNELS == 0 and sizes.output_channels % 4 == 0
    columns, rows = round_up(sizes.output_width, _TILES_WIDTH), round_up(sizes.output_height, 2)
    filled = 4 * sizes.output_width * sizes.output_height >= 3 * columns * rows
    counts = (
        sizes.batch,
        sizes.input_height,
        sizes.input_channels,
        sizes.output_channels,
        _padded_width(sizes),
    )
    small = max(counts) < 2**16 and max(sizes.top, sizes.left) < 2**8
    return dense and whole and filled and small and sizes.output_width >= _FEWEST_COLUMNS


def _padded_width(sizes: Geometry) -> int:
    return round_up(sizes.output_width, _TILES_WIDTH) + 2


def _lower(call: Call, target: Target) -> Lowering:
    sizes, meant = geometry(call), _scaling(call)
    found = requantized(_flat(call), folded_bias(call), meant)
    assert found is not None
    numbers = [found.starts, found.multipliers, *([found.divisors] if found.signed_rounding else [])]
    function = "smelt_conv_2d_winograd_s8__arm_dsp"
    parameters = Parameters(
        f"struct {function}_parameters",
        {
            "weights": Table("transformed", _transformed(_weights(call))),
            "records": Table("records", _wrapped(np.stack(numbers, axis=1)).reshape(-1)),
            "batches": sizes.batch,
            "input_height": sizes.input_height,
            "input_width": sizes.input_width,
            "input_channels": sizes.input_channels,
            "output_height": sizes.output_height,
            "output_width": sizes.output_width,
            "output_channels": sizes.output_channels,
            "padded_width": _padded_width(sizes),
            "pad_top": sizes.top,
            "pad_left": sizes.left,
            "signed_rounding": int(found.signed_rounding),
            "pad": call.quantization(call.input(0)).zero_point,
            "zero_point": meant.zero_point,
            "low": meant.low,
            "high": meant.high,
        },
    )
    return Lowering(function, (Output(), Input(0), parameters, Scratch()))


def _wrapped(numbers: Int64) -> NDArray[np.int32]:
    return (numbers & 0xFFFFFFFF).astype(np.uint32).view(np.int32)


def _transformed(weights: Int64) -> NDArray[np.uint32]:
    """Words [block of four output channels, position, pair of input channels, output channel]."""
    outputs, _, _, inputs = weights.shape
    moved = np.einsum("ua,oabi,vb->ouvi", _TWICE_G, weights, _TWICE_G).reshape(
        outputs // 4, 4, 16, inputs // 4, 4
    )
    halves = moved & 0xFFFF
    words: NDArray[np.uint32] = (halves[..., :2] | (halves[..., 2:] << 16)).astype(np.uint32)
    return words.transpose(0, 2, 3, 4, 1).reshape(-1)


def _scratch_bytes(call: Call, target: Target) -> int:
    sizes = geometry(call)
    return (_RING_ROWS * _padded_width(sizes) + 64) * sizes.input_channels + _PRODUCTS_BYTES


WINOGRAD = Kernel(
    name="smelt_conv_2d_winograd_s8__arm_dsp",
    sources=("conv_2d_winograd_s8__arm_dsp.c", "smelt_winograd_s8__arm_dsp.c", "smelt_gemm_s8__arm_dsp.c"),
    header="convolution__arm_dsp.h",
    accepts=_accepts,
    lower=_lower,
    scratch_bytes=_scratch_bytes,
    ascending=True,
    buffered=True,
    form="large",
)
