"""Weights, biases and requantization of a depthwise convolution by channels, as the Arm DSP kernels store them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from smelt.ir import DType
from smelt.operators.convolution.arm_dsp_packing import accepts_sums, requantized, scaling
from smelt.operators.convolution.arm_dsp_requantization import Requantization, Scaling, Sums
from smelt.operators.convolution.geometry import folded_bias, geometry, requantization
from smelt.operators.convolution.portable import fits
from smelt.operators.fixed_point import Int64
from smelt.operators.operator import Call
from smelt.targets import Target


@dataclass(frozen=True)
class Channels:
    """Weights [channels, field] and folded biases, and what their requantization means."""

    weights: Int64
    bias: NDArray[np.int32]
    scaling: Scaling

    @property
    def exact(self) -> bool:
        """Whether some form of requantization is exact."""
        return accepts_sums(self.weights, self.bias, self.scaling)

    @property
    def requantization(self) -> Requantization:
        """That form."""
        found = requantized(self.weights, self.bias, self.scaling)
        assert found is not None
        return found

    @property
    def starts(self) -> Int64:
        """The starts; in the signed form the lowest byte, which no sum sees, has the divisor's exponent."""
        found = self.requantization
        if not found.signed_rounding:
            return found.starts
        assert not (found.starts & 0xFF).any()
        return found.starts | np.log2(found.divisors).astype(np.int64)


def channels_of(call: Call) -> Channels:
    """Those of a call, with zero weights for channels whose output no input can change."""
    constant = call.constant(1)
    assert constant is not None
    weights = constant.astype(np.int64).reshape(-1, constant.shape[3]).T
    meant = scaling(call, *requantization(call), geometry(call).output_channels)
    sums = Sums.of(weights, folded_bias(call).astype(np.int64))
    lowest, highest = (np.clip(meant.apply(end), meant.low, meant.high) for end in (sums.low, sums.high))
    wraps = (sums.low < -(2**31)) | (sums.high >= 2**31)
    changes = (lowest != highest) | wraps
    bias = np.where(changes, sums.bias, sums.low).astype(np.int32)
    return Channels(weights * changes[:, None], bias, meant)


def accepts_channels(call: Call, target: Target) -> bool:
    """Whether the kernels' types, sizes and requantization are those of a call."""
    return target.has("dsp") and fits(call, DType.S8) and channels_of(call).exact


def words(numbers: Int64) -> NDArray[np.uint32]:
    """Numbers modulo 2**32."""
    return (numbers & 0xFFFFFFFF).astype(np.uint32)
