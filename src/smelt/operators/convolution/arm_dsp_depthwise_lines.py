"""depthwise_conv_2d over lines of pairs, for Arm cores with DSP: what the kernels are given."""

from __future__ import annotations

from functools import partial

import numpy as np

from smelt.operators.convolution.arm_dsp_channels import accepts_channels, channels_of, words
from smelt.operators.convolution.arm_dsp_depthwise import FOUR_CHANNELS
from smelt.operators.convolution.arm_dsp_line_layouts import (
    GROUP,
    WORD_BYTES,
    FoursLayout,
    Layout,
    RowLayout,
    TapsLayout,
    best_layout,
)
from smelt.operators.convolution.arm_dsp_packing import Fields
from smelt.operators.convolution.cycles import four_channels_cycles
from smelt.operators.convolution.geometry import geometry
from smelt.operators.fixed_point import Int64
from smelt.operators.operator import Call, Input, Kernel, Lowering, Output, Parameters, Scratch, Table
from smelt.targets import Target

_LARGEST_BYTE, _LARGEST_HALFWORD = 2**8 - 1, 2**16 - 1
_LARGEST_OFFSET, _LONGEST_RUN = 2**15 - 1, 2**14 - 1


def layout(call: Call) -> Layout:
    """How a call is laid out."""
    return best_layout(geometry(call))


def _fits(call: Call, one: Layout) -> bool:
    """Whether the numbers fit their fields."""
    sizes = geometry(call)
    halfwords = (sizes.output_channels, one.line.outputs, one.row.inputs, one.plane_words, one.planes)
    return (
        max(halfwords) <= _LARGEST_HALFWORD
        and max(one.row.kernel, one.line.kernel) <= _LARGEST_BYTE
        and one.used_words <= _LONGEST_RUN
        and one.offsets().max() <= _LARGEST_OFFSET
    )


def _shape(call: Call, one: Layout) -> Fields:
    """The fields of `struct smelt_depthwise_line_shape`."""
    channels, sizes = channels_of(call), geometry(call)
    residues = isinstance(one, RowLayout) and one.planes > 1
    offsets = Table("offsets", one.offsets().astype(np.int16))
    return {
        "shape.offsets": offsets if one.weight_words else None,
        "shape.taps": one.row_taps,
        "shape.multipliers": 4 * sizes.input_channels,
        "shape.output_step": one.line.output_step * (one.line.dilation if residues else 1),
        "shape.output_line_step": one.line.output_step if residues else one.row.output_step,
        "shape.line_step": WORD_BYTES * one.plane_words if residues else one.row.stride * one.row_bytes,
        "shape.channel_step": call.attributes.multiplier,
        "shape.weight_step": 4 if one.weight_words else one.row_taps,
        "shape.signed_rounding": int(channels.requantization.signed_rounding),
        "shape.zero_point": channels.scaling.zero_point,
    }


def _inputs(call: Call, one: Layout) -> Fields:
    """The fields of the `struct smelt_depthwise_words` of an input row."""
    step = one.line.input_step
    return {
        "inputs.runs": Table("runs", one.runs()),
        "inputs.first": -one.line.pad * step,
        "inputs.plane_step": one.plane_step * step,
        "inputs.pair_step": one.line.dilation * step,
        "inputs.word_step": one.word_step * step,
        "inputs.planes": one.planes,
        "inputs.plane_words": one.plane_words,
        "inputs.channels": geometry(call).input_channels,
    }


def _weights(call: Call, one: Layout) -> Fields:
    """The fields of the `struct smelt_depthwise_words` of a kernel; taps that do not exist are zeros."""
    if not one.weight_words:
        return {"weights.planes": 0}
    step, taps = geometry(call).input_channels, one.line.kernel
    runs = ((taps // 2, 3), (taps % 2, 1), (one.row_pairs - (taps + 1) // 2, 0))
    row = [4 * count + kind for count, kind in runs if count > 0]
    return {
        "weights.runs": Table("weight_runs", np.array([*row, 0] * one.row.kernel, np.uint16)),
        "weights.first": 0,
        "weights.plane_step": taps * step,
        "weights.pair_step": step,
        "weights.word_step": 2 * step,
        "weights.planes": one.row.kernel,
        "weights.plane_words": one.row_pairs,
        "weights.channels": step,
    }


def _by_multiplier(numbers: Int64, multiplier: int) -> Int64:
    """[output channels, ...] as [output of a channel, channels, ...]."""
    return numbers.reshape(-1, multiplier, *numbers.shape[1:]).swapaxes(0, 1)


def _tables(call: Call, one: Layout) -> Fields:
    """Starts and multipliers; taps of each channel, and a byte that is read too, or channels of each tap."""
    channels, sizes = channels_of(call), geometry(call)
    multiplier: int = call.attributes.multiplier
    numbers = (channels.starts, channels.requantization.multipliers)
    scales = [_by_multiplier(part, multiplier) for part in numbers]
    kernel = channels.weights.reshape(-1, sizes.kernel_height, sizes.kernel_width)
    taps = _by_multiplier(kernel.swapaxes(1, 2) if one.along_height else kernel, multiplier)
    if one.weight_words:
        stored = taps.transpose(0, 2, 3, 1).reshape(-1)
    else:
        padded = np.pad(taps[:, :, 0], ((0, 0), (0, 0), (0, one.row_taps - one.line.kernel)))
        stored = np.append(padded.reshape(-1), 0)
    return {
        "scales": Table("scales", words(np.stack(scales, axis=1).reshape(-1))),
        "taps": Table("taps", stored.astype(np.int8)),
        "taps_bytes": one.row_taps * one.row.kernel * sizes.input_channels,
    }


def _rows(one: Layout) -> Fields:
    lines, shorter_lines = one.lines
    return {
        "input_rows": one.row.inputs,
        "output_rows": one.row.outputs,
        "row_stride": one.row.stride,
        "row_pad": one.row.pad,
        "block_rows": one.block_rows,
        "overlap": one.input_rows - one.block_rows * one.row.stride,
        "input_row_step": one.row.input_step,
        "output_row_step": one.row.output_step,
        "outputs": one.outputs,
        "lines": lines,
        "shorter_lines": shorter_lines,
    }


def _lower(call: Call, target: Target) -> Lowering:
    sizes, one, scaling = geometry(call), layout(call), channels_of(call).scaling
    fields: Fields = {
        **_shape(call, one),
        **_inputs(call, one),
        **_weights(call, one),
        **_tables(call, one),
        **_rows(one),
        "batches": sizes.batch,
        "channels": sizes.input_channels,
        "multiplier": call.attributes.multiplier,
        "input_bytes": sizes.input_height * sizes.input_width * sizes.input_channels,
        "output_bytes": sizes.output_height * sizes.output_width * sizes.output_channels,
        "pad": call.quantization(call.input(0)).zero_point,
        "low": scaling.low,
        "high": scaling.high,
    }
    parameters = Parameters("struct smelt_depthwise_lines_s8__arm_dsp_parameters", fields)
    return Lowering(_name(type(one)), (Output(), Input(0), parameters, Scratch()))


def _scratch_bytes(call: Call, target: Target) -> int:
    one = layout(call)
    return 4 + WORD_BYTES * one.weight_words + one.input_rows * one.row_bytes


def _in_place(call: Call) -> tuple[int, ...]:
    """Input 0 where no output lands on an input that its four channels still need.

    The kernel goes through the rows of up to four channels, which meet no others; output pixel p lands on the
    same channels of input pixel p.
    """
    sizes, one = geometry(call), layout(call)
    inputs = sizes.input_height * sizes.input_width
    outputs = sizes.output_height * sizes.output_width
    if call.attributes.multiplier > 1 or outputs > inputs or (sizes.batch > 1 and outputs < inputs):
        return ()
    pixels, row = np.arange(outputs), one.row
    written = pixels % sizes.output_width if one.along_height else pixels // sizes.output_width
    landing = pixels % sizes.input_width if one.along_height else pixels // sizes.input_width
    block_end = np.minimum(written // one.block_rows * one.block_rows + one.block_rows, row.outputs)
    read = (block_end - 1) * row.stride - row.pad + (row.kernel - 1) * row.dilation
    return (0,) if ((landing <= read) | (landing > read.max())).all() else ()


def _cycles(call: Call, rows: int | None) -> float:
    sizes = geometry(call)
    calls = 1 if rows is None else -(-sizes.output_height // rows)
    multiplier: int = call.attributes.multiplier
    groups = sizes.batch * multiplier * -(-sizes.input_channels // GROUP)
    return calls * (100.0 + groups * layout(call).cycles(sizes.input_channels, rows))


def _accepts(way: type[Layout], along_height: bool, call: Call, target: Target) -> bool:
    if not accepts_channels(call, target):
        return False
    one = layout(call)
    if not isinstance(one, way) or one.along_height != along_height or not _fits(call, one):
        return False
    return not FOUR_CHANNELS.accepts(call, target) or _cycles(call, None) < four_channels_cycles(call, None)


def _name(way: type[Layout], rows: str = "") -> str:
    return f"smelt_depthwise_conv_2d_{way.way}{rows}_s8__arm_dsp"


def _kernel(way: type[Layout], along_height: bool) -> Kernel:
    """A way to compute lines; those along the height are not computed row by row."""
    return Kernel(
        name=_name(way),
        sources=(
            "depthwise_conv_2d_lines_s8__arm_dsp.c",
            "smelt_depthwise_lines_s8__arm_dsp.c",
            "smelt_depthwise_pairs_s8__arm_dsp.c",
            "smelt_gemm_s8__arm_dsp.c",
        ),
        header="depthwise_lines__arm_dsp.h",
        accepts=partial(_accepts, way, along_height),
        lower=_lower,
        scratch_bytes=_scratch_bytes,
        in_place=_in_place,
        row_function=None if along_height else _name(way, "_rows"),
        cycles=_cycles,
    )


LINES = tuple(
    _kernel(way, along_height)
    for way in (RowLayout, FoursLayout, TapsLayout)
    for along_height in (False, True)
)
