"""depthwise_conv_2d for Armv6-M cores: when it is exact and what the kernel is given."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial

import numpy as np
from numpy.typing import NDArray

from smelt.ir import DType
from smelt.operators.convolution.arm_dsp_packing import Fields, round_up, scaling
from smelt.operators.convolution.arm_dsp_requantization import Sums
from smelt.operators.convolution.arm_v6m_packing import is_armv6m, segment_length
from smelt.operators.convolution.arm_v6m_requantization import Requantization, requantize
from smelt.operators.convolution.cycles import lanes_cycles
from smelt.operators.convolution.geometry import Geometry, Int8, folded_bias, geometry, requantization
from smelt.operators.convolution.portable import fits
from smelt.operators.fixed_point import Int64
from smelt.operators.operator import Call, Input, Kernel, Lowering, Output, Parameters, Scratch, Table
from smelt.targets import Target

_CHUNK = 3  # taps, and outputs, computed together


@dataclass(frozen=True)
class _Axis:
    """A dimension: values in and out, the kernel, pads before, and bytes from one value to the next."""

    inputs: int
    outputs: int
    kernel: int
    stride: int
    dilation: int
    pad: int
    input_step: int
    output_step: int

    def fields(self, name: str) -> dict[str, int]:
        """As a `struct smelt_depthwise_axis__arm_v6m`."""
        return {f"{name}.{key}": value for key, value in vars(self).items()}


@dataclass(frozen=True)
class _Lines:
    """How the kernel walks: lines along one dimension, of dilation 1, rows along the other one."""

    line: _Axis
    row: _Axis
    along_height: bool

    @property
    def row_chunks(self) -> int:
        """Chunks of three weights in a row of the kernel."""
        return -(-self.line.kernel // _CHUNK)

    @property
    def sums(self) -> int:
        """Outputs of a line, rounded up to threes."""
        return round_up(self.line.outputs, _CHUNK)

    @property
    def positions(self) -> int:
        """Positions of a line whose words are read, in whole strides, and a margin of two strides."""
        stride = self.line.stride
        last = (self.sums - _CHUNK) * stride + _CHUNK * self.row_chunks
        return round_up(last, stride) + 2 * stride


def _lines(sizes: Geometry, shorter: bool = False) -> _Lines:
    """Lines along the dimension with more outputs, or else the other; never along a dilated one."""
    width = _Axis(
        inputs=sizes.input_width,
        outputs=sizes.output_width,
        kernel=sizes.kernel_width,
        stride=sizes.stride_width,
        dilation=sizes.dilation_width if sizes.kernel_width > 1 else 1,
        pad=sizes.left,
        input_step=sizes.input_channels,
        output_step=sizes.output_channels,
    )
    height = _Axis(
        inputs=sizes.input_height,
        outputs=sizes.output_height,
        kernel=sizes.kernel_height,
        stride=sizes.stride_height,
        dilation=sizes.dilation_height if sizes.kernel_height > 1 else 1,
        pad=sizes.top,
        input_step=sizes.input_channels * sizes.input_width,
        output_step=sizes.output_channels * sizes.output_width,
    )
    along_height = (height.outputs > width.outputs) is not shorter
    if (height if along_height else width).dilation > 1:
        along_height = not along_height
    return _Lines(height, width, True) if along_height else _Lines(width, height, False)


def _weights(call: Call) -> Int64:
    """Weights [channels, kernel height, kernel width]."""
    weights = call.constant(1)
    assert weights is not None
    taps: Int64 = weights[0].astype(np.int64)
    return taps.transpose(2, 0, 1)


def _flat(weights: Int64) -> Int64:
    return weights.reshape(len(weights), -1)


def _requantized(call: Call) -> Requantization | None:
    meant = scaling(call, *requantization(call), geometry(call).output_channels)
    return requantize(Sums.of(_flat(_weights(call)), folded_bias(call).astype(np.int64)), meant)


def _accepts(call: Call, target: Target, shorter: bool = False) -> bool:
    if not is_armv6m(target) or not fits(call, DType.S8):
        return False
    sizes = geometry(call)
    lines = _lines(sizes, shorter)
    line = lines.line
    if shorter and lines == _lines(sizes):
        return False
    # Setting up a line takes as long as portable C takes for some outputs.
    if line.dilation > 1 or line.outputs < 2 + 3 * line.stride:
        return False
    flat = _flat(_weights(call))
    taps = np.pad(flat, ((0, 0), (0, -flat.shape[1] % 4)))
    return segment_length(taps) == taps.shape[1] and _requantized(call) is not None


def _chunks(call: Call, lines: _Lines) -> Int8:
    """Weights [channel, row of the kernel, taps along the line in threes]."""
    weights = _weights(call)
    rows = weights.transpose(0, 2, 1) if lines.along_height else weights
    missing = lines.row_chunks * _CHUNK - rows.shape[2]
    return np.pad(rows, ((0, 0), (0, 0), (0, missing))).astype(np.int8).reshape(-1)


def _residues(lines: _Lines) -> NDArray[np.int16]:
    """[residue, (pads before the inputs, inputs)] of positions modulo the stride, up to the last that is read."""
    line, stride = lines.line, lines.line.stride
    rows = []
    for residue in range(stride):
        indices = range(residue - line.pad, lines.positions + residue - line.pad, stride)
        before = sum(index < 0 for index in indices)
        rows.append((before, sum(0 <= index < line.inputs for index in indices)))
    return np.array(rows, np.int16).reshape(-1)


def _lower(call: Call, target: Target, shorter: bool = False) -> Lowering:
    sizes, found = geometry(call), _requantized(call)
    assert found is not None
    lines = _lines(sizes, shorter)
    fields: Fields = {
        "records": Table("records", found.words().reshape(-1)),
        "weights": Table("chunks", _chunks(call, lines)),
        "residues": Table("residues", _residues(lines)),
        **lines.line.fields("line"),
        **lines.row.fields("row"),
        "batches": sizes.batch,
        "channels": sizes.input_channels,
        "multiplier": call.attributes.multiplier,
        "image_bytes": sizes.input_height * sizes.input_width * sizes.input_channels,
        "row_chunks": lines.row_chunks,
        "line_positions": lines.positions,
        "line_sums": lines.sums,
        "pad": call.quantization(call.input(0)).zero_point,
        "shift": found.shift,
    }
    function = "smelt_depthwise_conv_2d_s8__arm_v6m"
    parameters = Parameters(f"struct {function}_parameters", fields)
    return Lowering(function, (Output(), Input(0), parameters, Scratch()))


def _scratch_bytes(call: Call, target: Target, shorter: bool = False) -> int:
    lines = _lines(geometry(call), shorter)
    span = (lines.row.kernel - 1) * lines.row.dilation + 1
    chunks = lines.row.kernel * lines.row_chunks
    return 8 * lines.positions * (span + 1) + 16 * chunks + 4 * lines.sums + 4 * span


def _in_place(call: Call) -> tuple[int, ...]:
    """A row of a channel is written when that row of the input is in the ring, and no other channel reads it."""
    sizes = geometry(call)
    same = call.input(0).shape == call.output.shape
    return (0,) if same and (sizes.stride_height, sizes.stride_width) == (1, 1) else ()


_LONGER_LINES = Kernel(
    name="smelt_depthwise_conv_2d_s8__arm_v6m",
    sources=(
        "depthwise_conv_2d_s8__arm_v6m.c",
        "smelt_depthwise_s8__arm_v6m.c",
        "smelt_requantize_s8__arm_v6m.c",
    ),
    header="convolution__arm_v6m.h",
    accepts=_accepts,
    lower=_lower,
    scratch_bytes=_scratch_bytes,
    in_place=_in_place,
    cycles=lanes_cycles,
)
# Better for some sizes, by how they round to threes.
_SHORTER_LINES = replace(
    _LONGER_LINES,
    accepts=partial(_accepts, shorter=True),
    lower=partial(_lower, shorter=True),
    scratch_bytes=partial(_scratch_bytes, shorter=True),
    form="measured",
    variant="shorter lines",
)
DEPTHWISE_CONV_2D: tuple[Kernel, ...] = (_LONGER_LINES, _SHORTER_LINES)
