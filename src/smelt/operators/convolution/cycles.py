"""What the kernels of convolutions cost, fitted to counts on emulated cores (tests/operators/test_cycle_estimates.py).

Each is a sum over the kernel's loops; `rows` is as in `smelt.operators.operator.Cycles`.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil

from smelt.operators.convolution.geometry import Geometry, geometry
from smelt.operators.operator import Call


@dataclass(frozen=True)
class _Counts:
    """How often the loops of a convolution run."""

    sizes: Geometry
    rows: int | None

    @property
    def calls(self) -> int:
        """Calls of the kernel."""
        return 1 if self.rows is None else ceil(self.sizes.output_height / self.rows)

    @property
    def pixels(self) -> int:
        """Output pixels."""
        return self.sizes.pixels

    @property
    def taps(self) -> int:
        """Places of the kernel's window."""
        return self.sizes.kernel_height * self.sizes.kernel_width

    @property
    def found_places(self) -> int:
        """Output pixels of an image, where the inner ones of a row count as one."""
        sizes = self.sizes
        rows = _inner(
            sizes.output_height,
            sizes.stride_height,
            sizes.top,
            sizes.input_height - (sizes.kernel_height - 1) * sizes.dilation_height,
        )
        columns = _inner(
            sizes.output_width,
            sizes.stride_width,
            sizes.left,
            sizes.input_width - (sizes.kernel_width - 1) * sizes.dilation_width,
        )
        return sizes.output_height * sizes.output_width - rows * max(columns - 1, 0)

    @property
    def read_rows(self) -> int:
        """Input rows, pads among them, that the calls take up."""
        rows = self.sizes.output_height if self.rows is None else self.rows
        span = (rows - 1) * self.sizes.stride_height + self.sizes.kernel_height
        return self.sizes.batch * self.calls * span

    def together(self, count: int) -> int:
        """Groups of `count` pixels that calls compute."""
        if self.rows is None:
            return ceil(self.pixels / count)
        return self.calls * ceil(self.rows * self.sizes.output_width / count)


def _inner(outputs: int, stride: int, pad: int, places: int) -> int:
    """How many outputs of a dimension meet no pads, where kernels have so many places inside it."""
    return sum(0 <= k * stride - pad < places for k in range(outputs))


def _counts(call: Call, rows: int | None) -> _Counts:
    return _Counts(geometry(call), rows)


def _pair_cycles(field: int, channels: int) -> float:
    """smelt_gemm_fields: two expanded pixels times blocks of four channels, then of two, then one."""
    twos, ones = channels % 4 // 2, channels % 2
    return channels // 4 * (7.9 * field + 70) + twos * (5.5 * field + 60) + ones * (4 * field + 50)


def gather_cycles(call: Call, rows: int | None) -> float:
    """smelt_conv_2d_s8__arm_dsp: the fields of two pixels are expanded, then multiplied with all channels."""
    n = _counts(call, rows)
    field, height = n.sizes.field, n.sizes.kernel_height
    padded = n.sizes.input_width * n.sizes.input_channels
    lines = n.read_rows * (1.2 * padded + 120) if n.sizes.overhangs else 0.0
    listed = 110 + 18 * height if height > 1 or rows is not None else 0
    expanded = (2.65 if n.sizes.input_channels * n.sizes.kernel_width % 4 == 0 else 3.2) * field + 22 * height
    pairs = n.together(2) * (_pair_cycles(field, n.sizes.output_channels) + expanded + 45)
    return pairs + lines + n.sizes.batch * n.sizes.output_height * listed + 250 * n.calls


def short_cycles(call: Call, rows: int | None) -> float:
    """smelt_conv_2d_short_s8__arm_dsp: two pixels at a time, all of a block of four channels without a loop."""
    n = _counts(call, rows)
    field = n.sizes.field
    block = 7.5 * field + 54
    return n.together(2) * (n.sizes.output_channels // 4 * block + 2.5 * field + 25) + 130 * n.calls


def taps_cycles(call: Call, rows: int | None) -> float:
    """smelt_conv_2d_taps_s8__arm_dsp: two pixels at a time, and one where a call has an odd number of them."""
    n = _counts(call, rows)
    field, channels = n.sizes.field, n.sizes.output_channels
    pixels, tails = n.pixels // n.calls, (channels % 4 + 1) // 2
    pair = _pair_cycles(field, channels) + 2.65 * field + 105 * n.taps + 160
    single = channels // 4 * (4.8 * field + 86) + tails * (5.5 * field + 80) + 2.5 * field + 60 * n.taps + 100
    pads = 6 * n.sizes.input_channels if n.sizes.overhangs else 0
    return n.calls * (pixels // 2 * pair + pixels % 2 * single + pads + 108)


def ring_cycles(call: Call, rows: int | None) -> float:
    """smelt_conv_2d_ring_s8__arm_dsp: input rows are expanded once a call, places of fields are listed."""
    n = _counts(call, rows)
    pairs = n.sizes.batch * n.sizes.output_height * ceil(n.sizes.output_width / 2)
    products = 1.97 * n.sizes.field * n.sizes.output_channels + 19.3 * n.sizes.output_channels
    expanded = 2.4 * n.read_rows * n.sizes.input_width * n.sizes.input_channels
    return pairs * (products + 2.2 * n.sizes.field) + expanded + 290 * n.calls


def four_channels_cycles(call: Call, rows: int | None) -> float:
    """smelt_depthwise_conv_2d_s8__arm_dsp: four channels of a pixel at a time, whose taps' places are found first."""
    n = _counts(call, rows)
    groups = ceil(n.sizes.output_channels / 4)
    places = n.sizes.batch * n.found_places * (60 + 45 * n.sizes.kernel_height + 10 * n.taps)
    return n.pixels * (100 + groups * (62 + 14 * n.taps)) + places + 160 * n.calls


def three_by_three_cycles(call: Call, rows: int | None) -> float:
    """smelt_depthwise_conv_2d_3x3_s8__arm_dsp: rows of four channels are transposed, then lines are computed."""
    n = _counts(call, rows)
    sizes, groups = n.sizes, ceil(n.sizes.output_channels / 4)
    if rows is None and sizes.output_height > sizes.output_width:
        along, across, stride = sizes.output_height, sizes.output_width, sizes.stride_width
        transposed = across * stride + 2
    elif rows is None:
        along, across = sizes.output_width, sizes.output_height
        transposed = across * sizes.stride_height + 2
    else:  # row by row, all three are transposed for each
        along, across = sizes.output_width, sizes.output_height
        transposed = 3 * across
    words = along * sizes.stride_width / 2
    work = groups * transposed * (14 * words + 127) + groups * across * 4 * 60
    return sizes.batch * work + 14.5 * sizes.output_channels * n.pixels + 660 * n.calls


def columns_cycles(call: Call, rows: int | None) -> float:
    """smelt_depthwise_conv_2d_columns_s8__arm_dsp: columns of three rows are expanded, then rows are computed."""
    n = _counts(call, rows)
    groups, outputs = ceil(n.sizes.output_channels / 4), n.sizes.output_width
    work = n.sizes.batch * n.sizes.output_height * groups * (178 + 85.6 * outputs)
    return work + n.calls * (220 + 21.5 * outputs)


def portable_cycles(call: Call, rows: int | None) -> float:
    """smelt_conv_2d_s8: a field is copied, unless it lies as it is needed, and multiplied channel by channel."""
    n = _counts(call, rows)
    copied = 0.0 if n.taps == 1 else 8.5 * n.sizes.field
    products = n.sizes.output_channels * (4.2 * n.sizes.field + 70)
    return n.pixels * (products + copied + 290) + 90 * n.calls


def portable_dsp_cycles(call: Call, rows: int | None) -> float:
    """smelt_conv_2d_s8 where a core has the DSP extension: four channels at a time, then one."""
    n = _counts(call, rows)
    field, channels = n.sizes.field, n.sizes.output_channels
    copied = 0.0 if n.taps == 1 else 5.5 * field
    fours = channels // 4 * 4 * (2.1 * field + 10 * (field % 4) + 86)
    ones = channels % 4 * (3.7 * field + 10 * (field % 4) + 86)
    return n.pixels * (fours + ones + copied) + 90 * n.calls


def portable_depthwise_cycles(call: Call, rows: int | None) -> float:
    """smelt_depthwise_conv_2d_s8."""
    n = _counts(call, rows)
    return n.pixels * n.sizes.output_channels * (7.1 * n.taps + 86) + 60 * n.calls


def six_pixels_cycles(call: Call, rows: int | None) -> float:
    """smelt_conv_2d_s8__arm_v6m: six pixels at a time."""
    n = _counts(call, rows)
    field, channels = n.sizes.field, n.sizes.output_channels
    places = n.taps if n.sizes.overhangs else n.sizes.kernel_height
    products = channels * (16.3 * field + 193)
    return n.together(6) * (products + 41 * field + 161 * places + 1030) + 175 * n.calls


def lanes_cycles(call: Call, rows: int | None) -> float:
    """smelt_depthwise_conv_2d_s8__arm_v6m: lines of a channel, three outputs and three taps at a time."""
    n = _counts(call, rows)
    sizes, channels = n.sizes, n.sizes.output_channels
    along, across = (sizes.output_width, sizes.kernel_width), (sizes.output_height, sizes.kernel_height)
    stride, length = sizes.stride_height, sizes.input_width
    if sizes.output_height > sizes.output_width:
        along, across, stride, length = across, along, sizes.stride_width, sizes.input_height
    chunks = across[0] * across[1] * ceil(along[1] / 3) * ceil(along[0] / 3)
    rows_read = across[0] * stride
    return channels * (36.5 * chunks + rows_read * (14 * length + 700) + 22 * across[0] * along[0] + 142)


def vectors_cycles(call: Call, rows: int | None) -> float:
    """smelt_conv_2d_s8__arm_mve: three pixels at a time. Instructions: no table of cycles is public."""
    n = _counts(call, rows)
    products = n.sizes.output_channels * (6.0 * ceil(n.sizes.field / 16) + 22)
    copied = 0 if n.taps == 1 else (60 if rows is None else 75) * n.sizes.kernel_height
    return n.together(3) * (products + 90) + n.pixels * copied + 60 * n.calls


def depthwise_vectors_cycles(call: Call, rows: int | None) -> float:
    """smelt_depthwise_conv_2d_s8__arm_mve: sixteen channels at a time. Instructions: no table of cycles is public."""
    n = _counts(call, rows)
    copied = (
        0 if rows is None or n.sizes.kernel_height == 1 else 110
    )  # fields that the end of a ring cuts in two
    return n.pixels * (45 + 24 * n.taps * ceil(n.sizes.input_channels / 16) + copied) + 60 * n.calls
