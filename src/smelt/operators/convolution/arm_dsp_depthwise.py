"""depthwise_conv_2d for Arm cores with the DSP extension: when it is exact and what the kernels are given."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from smelt.ir import DType
from smelt.operators.convolution.arm_dsp_channels import channels_of, words
from smelt.operators.convolution.arm_dsp_packing import Fields, round_up
from smelt.operators.convolution.cycles import four_channels_cycles, three_by_three_cycles
from smelt.operators.convolution.geometry import Geometry, geometry
from smelt.operators.convolution.portable import fits, window_fields
from smelt.operators.fixed_point import Int64
from smelt.operators.operator import Call, Input, Kernel, Lowering, Output, Parameters, Scratch, Table
from smelt.targets import Target

_GROUP = 4  # channels computed together
_POINTER_BYTES = 4


@dataclass(frozen=True)
class _Axis:
    """A dimension: values in and out, stride and pads, and bytes from one value to the next."""

    inputs: int
    outputs: int
    stride: int
    pad: int
    input_step: int
    output_step: int

    @property
    def words(self) -> int:
        """Words of two values that the kernel may read of a line along this dimension."""
        return round_up(self.outputs, 2) // 2 + 1 if self.stride == 1 else self.outputs + 1

    def fields(self, name: str) -> dict[str, int]:
        """As a `struct smelt_depthwise_axis`."""
        return {f"{name}.{key}": value for key, value in vars(self).items()}


@dataclass(frozen=True)
class _Lines:
    """How a 3 x 3 kernel walks: lines along the dimension with more outputs, rows along the other one."""

    line: _Axis
    row: _Axis
    along_height: bool

    @property
    def fit(self) -> bool:
        """Whether the sizes fit the members of `struct smelt_depthwise_axis`."""
        axes = (self.line, self.row)
        return all(max(a.inputs, a.outputs) < 2**16 and max(a.stride, a.pad) < 2**8 for a in axes)


def _lines(call: Call) -> _Lines:
    sizes = geometry(call)
    channels = sizes.input_channels
    width = _Axis(sizes.input_width, sizes.output_width, sizes.stride_width, sizes.left, channels, channels)
    height = _Axis(
        sizes.input_height,
        sizes.output_height,
        sizes.stride_height,
        sizes.top,
        channels * sizes.input_width,
        channels * sizes.output_width,
    )
    along_height = height.outputs > width.outputs
    return _Lines(height, width, True) if along_height else _Lines(width, height, False)


def _accepts(call: Call, target: Target) -> bool:
    if not target.has("dsp") or not fits(call, DType.S8):
        return False
    if call.attributes.multiplier != 1 or geometry(call).input_channels < _GROUP:
        return False
    return channels_of(call).exact


def _accepts_3x3(call: Call, target: Target) -> bool:
    if not target.has("dsp") or not fits(call, DType.S8):
        return False
    sizes = geometry(call)
    square = (sizes.kernel_height, sizes.kernel_width, sizes.dilation_height, sizes.dilation_width) == (
        3,
        3,
        1,
        1,
    )
    lines = _lines(call)
    strides = (lines.line.stride, sizes.stride_width)  # rows alone go in lines along the width
    if not square or max(strides) > 2 or not lines.fit or not _accepts(call, target):
        return False
    if max(sizes.batch, sizes.input_channels) >= 2**16:
        return False
    return not channels_of(call).requantization.signed_rounding


def _bytes_as_words(weights: Int64) -> NDArray[np.uint32]:
    """[..., 4] weights as words [...], the first in the lowest byte."""
    return words((weights & 0xFF) @ np.array([1, 1 << 8, 1 << 16, 1 << 24]))


def _records(call: Call) -> NDArray[np.uint32]:
    """Starts, weights and multipliers of four channels, for all of them."""
    channels = channels_of(call)
    weights = channels.weights
    firsts = [min(first, len(weights) - _GROUP) for first in range(0, len(weights), _GROUP)]
    index = np.array(firsts)[:, None] + np.arange(_GROUP)
    taps = _bytes_as_words(weights[index].transpose(0, 2, 1))
    multipliers = channels.requantization.multipliers
    parts = [words(channels.starts[index]), taps, words(multipliers[index])]
    return np.concatenate(parts, axis=1).reshape(-1)


def _records_3x3(call: Call) -> NDArray[np.uint32]:
    """The starts, the multipliers, and nine bytes of taps a channel."""
    channels = channels_of(call)
    found = channels.requantization
    taps = (channels.weights.reshape(-1) & 0xFF).astype(np.uint8)
    padded = np.pad(taps, (0, -len(taps) % 4)).view("<u4").astype(np.uint32)
    return np.concatenate([words(found.starts), words(found.multipliers), padded])


def _output_fields(call: Call) -> Fields:
    meant = channels_of(call).scaling
    return {
        "pad": call.quantization(call.input(0)).zero_point,
        "low": meant.low,
        "high": meant.high,
    }


def _lower(call: Call, target: Target) -> Lowering:
    fields: Fields = {
        **window_fields(geometry(call)),
        "records": Table("records", _records(call)),
        "pad_bytes": _pad_bytes(geometry(call)),
        "signed_rounding": int(channels_of(call).requantization.signed_rounding),
        "zero_point": call.quantization(call.output).zero_point,
        **_output_fields(call),
    }
    function = "smelt_depthwise_conv_2d_s8__arm_dsp"
    return Lowering(
        function, (Output(), Input(0), Parameters(f"struct {function}_parameters", fields), Scratch())
    )


def _lower_3x3(call: Call, target: Target) -> Lowering:
    sizes, lines = geometry(call), _lines(call)
    fields: Fields = {
        "records": Table("records", _records_3x3(call)),
        **lines.line.fields("line"),
        **lines.row.fields("row"),
        "batches": sizes.batch,
        "channels": sizes.input_channels,
        "along_height": int(lines.along_height),
        **_output_fields(call),
    }
    function = "smelt_depthwise_conv_2d_3x3_s8__arm_dsp"
    return Lowering(
        function, (Output(), Input(0), Parameters(f"struct {function}_parameters", fields), Scratch())
    )


def _pad_bytes(sizes: Geometry) -> int:
    return sizes.input_channels if sizes.overhangs else 0


def _scratch_bytes(call: Call, target: Target) -> int:
    sizes = geometry(call)
    return _POINTER_BYTES * sizes.field + _pad_bytes(sizes)


def _scratch_bytes_3x3(call: Call, target: Target) -> int:
    lines = _lines(call)
    width = lines.row if lines.along_height else lines.line
    return 4 * 3 * _GROUP * max(lines.line.words, width.words)


def _in_place_3x3(call: Call) -> tuple[int, ...]:
    """Input 0 where no output lands on an input that its four channels still need.

    The kernel goes through the rows of up to four channels, which meet no others; output pixel p lands on the
    same channels of input pixel p.
    """
    sizes, lines = geometry(call), _lines(call)
    inputs = sizes.input_height * sizes.input_width
    outputs = sizes.output_height * sizes.output_width
    if outputs > inputs or (sizes.batch > 1 and outputs < inputs):
        return ()
    pixels = np.arange(outputs)
    written = pixels % sizes.output_width if lines.along_height else pixels // sizes.output_width
    landing = pixels % sizes.input_width if lines.along_height else pixels // sizes.input_width
    row = lines.row
    read = written * row.stride - row.pad + 2  # the last input row that is transposed by then
    return (0,) if ((landing <= read) | (landing > read.max())).all() else ()


THREE_BY_THREE = Kernel(
    name="smelt_depthwise_conv_2d_3x3_s8__arm_dsp",
    sources=(
        "depthwise_conv_2d_3x3_s8__arm_dsp.c",
        "smelt_depthwise_s8__arm_dsp.c",
        "smelt_gemm_s8__arm_dsp.c",
    ),
    header="convolution__arm_dsp.h",
    accepts=_accepts_3x3,
    lower=_lower_3x3,
    scratch_bytes=_scratch_bytes_3x3,
    in_place=_in_place_3x3,
    row_function="smelt_depthwise_conv_2d_3x3_rows_s8__arm_dsp",
    cycles=three_by_three_cycles,
)
FOUR_CHANNELS = Kernel(
    name="smelt_depthwise_conv_2d_s8__arm_dsp",
    sources=(
        "depthwise_conv_2d_s8__arm_dsp.c",
        "smelt_depthwise_pixel_s8__arm_dsp.c",
        "smelt_gemm_s8__arm_dsp.c",
    ),
    header="convolution__arm_dsp.h",
    accepts=_accepts,
    lower=_lower,
    scratch_bytes=_scratch_bytes,
    ascending=True,
    row_function="smelt_depthwise_conv_2d_rows_s8__arm_dsp",
    cycles=four_channels_cycles,
)
