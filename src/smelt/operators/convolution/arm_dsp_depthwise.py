"""depthwise_conv_2d for Arm cores with the DSP extension: when it is exact and what the kernel is given."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from smelt.ir import DType
from smelt.operators.convolution.arm_dsp_packing import accepts_sums, requantized, round_up, scaling
from smelt.operators.convolution.arm_dsp_requantization import Requantization, Scaling
from smelt.operators.convolution.geometry import folded_bias, geometry, requantization
from smelt.operators.convolution.portable import fits
from smelt.operators.fixed_point import Int64
from smelt.operators.operator import Call, Input, Kernel, Lowering, Output, Parameters, Scratch, Table
from smelt.targets import Target

_GROUP = 4  # input channels transposed together


@dataclass(frozen=True)
class _Axis:
    """A dimension: values in and out, the kernel on it, and bytes from one value to the next."""

    inputs: int
    outputs: int
    kernel: int
    stride: int
    pad: int
    input_step: int
    output_step: int

    def fields(self, name: str) -> dict[str, int]:
        """As a `struct smelt_depthwise_axis`."""
        return {f"{name}.{key}": value for key, value in vars(self).items()}


@dataclass(frozen=True)
class _Plan:
    """Lines along the dimension with more outputs, rows along the other one."""

    line: _Axis
    row: _Axis
    lines_are_columns: bool

    @property
    def compact(self) -> bool:
        """Whether the inner loop for 3 x 3 taps is used."""
        return self.line.kernel == 3 and self.row.kernel == 3 and self.line.stride <= 2

    @property
    def line_words(self) -> int:
        """Words of two values that the kernel may read of a line."""
        outputs, stride = self.line.outputs, self.line.stride
        if self.compact:
            return round_up(outputs, 4) // 2 + 1 if stride == 1 else round_up(outputs, 2) + 1
        last = round_up(outputs, 2) - 2 if stride == 1 else (outputs - 1) * stride
        return last // 2 + self.line.kernel // 2 + 1

    @property
    def scratch_bytes(self) -> int:
        """Lines, sums, and pairs of taps."""
        words = _GROUP * self.row.kernel * self.line_words + round_up(self.line.outputs, 4)
        pairs = 0 if self.compact else 2 * self.row.kernel * (self.line.kernel // 2 + 1)
        return 4 * (words + pairs)


def _plan(call: Call) -> _Plan:
    sizes = geometry(call)
    channels, output_channels = sizes.input_channels, sizes.output_channels
    width = _Axis(
        sizes.input_width,
        sizes.output_width,
        sizes.kernel_width,
        sizes.stride_width,
        sizes.left,
        channels,
        output_channels,
    )
    height = _Axis(
        sizes.input_height,
        sizes.output_height,
        sizes.kernel_height,
        sizes.stride_height,
        sizes.top,
        channels * sizes.input_width,
        output_channels * sizes.output_width,
    )
    columns = height.outputs > width.outputs
    return _Plan(height, width, True) if columns else _Plan(width, height, False)


def _weights(call: Call) -> Int64:
    """Weights [output channels, field]."""
    weights = call.constant(1)
    assert weights is not None
    return weights.astype(np.int64).reshape(-1, weights.shape[3]).T


def _scaling(call: Call) -> Scaling:
    return scaling(call, *requantization(call), geometry(call).output_channels)


def _accepts(call: Call, target: Target) -> bool:
    if not target.has("dsp") or not fits(call, DType.S8):
        return False
    sizes = geometry(call)
    dilated = (sizes.dilation_height > 1 and sizes.kernel_height > 1) or (
        sizes.dilation_width > 1 and sizes.kernel_width > 1
    )
    return not dilated and accepts_sums(_weights(call), folded_bias(call), _scaling(call))


def _taps(call: Call, plan: _Plan) -> Int64:
    """Bytes of the taps [output channels, words, 4], in the order of `records`."""
    sizes = geometry(call)
    taps = _weights(call).reshape(-1, sizes.kernel_height, sizes.kernel_width)
    if plan.lines_are_columns:
        taps = taps.transpose(0, 2, 1)
    if plan.compact:
        return taps[:, :, [0, 1, 1, 2]]
    padded = np.pad(taps, ((0, 0), (0, 0), (0, -taps.shape[2] % 4)))
    return padded.reshape(len(taps), -1, 4)[:, :, [0, 2, 1, 3]]


def _records(found: Requantization, taps: Int64) -> NDArray[np.uint32]:
    """Start, multiplier, the divisor of the signed form, and the taps of every channel."""
    scales = [found.starts, found.multipliers, *([found.divisors] if found.signed_rounding else [])]
    words = np.ascontiguousarray(taps.astype(np.int8)).view(np.uint32).reshape(len(taps), -1)
    numbers = (np.stack(scales, axis=1) & 0xFFFFFFFF).astype(np.uint32)
    return np.concatenate([numbers, words], axis=1)


def _lower(call: Call, target: Target) -> Lowering:
    sizes, plan, meant = geometry(call), _plan(call), _scaling(call)
    found = requantized(_weights(call), folded_bias(call), meant)
    assert found is not None
    records = _records(found, _taps(call, plan))
    parameters = Parameters(
        "struct smelt_depthwise_conv_2d_s8__arm_dsp_parameters",
        {
            "records": Table("records", records.reshape(-1)),
            **plan.line.fields("line"),
            **plan.row.fields("row"),
            "batches": sizes.batch,
            "channels": sizes.input_channels,
            "multiplier": call.attributes.multiplier,
            "record_words": records.shape[1],
            "line_words": plan.line_words,
            "compact": int(plan.compact),
            "pad": call.quantization(call.input(0)).zero_point,
            "signed_rounding": int(found.signed_rounding),
            "zero_point": meant.zero_point,
            "low": meant.low,
            "high": meant.high,
        },
    )
    return Lowering("smelt_depthwise_conv_2d_s8__arm_dsp", (Output(), Input(0), parameters, Scratch()))


def _scratch_bytes(call: Call, target: Target) -> int:
    return _plan(call).scratch_bytes


DEPTHWISE_CONV_2D: tuple[Kernel, ...] = (
    Kernel(
        name="smelt_depthwise_conv_2d_s8__arm_dsp",
        sources=(
            "depthwise_conv_2d_s8__arm_dsp.c",
            "smelt_depthwise_s8__arm_dsp.c",
            "smelt_gemm_s8__arm_dsp.c",
        ),
        header="convolution__arm_dsp.h",
        accepts=_accepts,
        lower=_lower,
        scratch_bytes=_scratch_bytes,
    ),
)
