"""What each weight of a layer meets: convolutions and dense layers as products of matrices."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from smelt.ir import Array
from smelt.operators.convolution.geometry import geometry
from smelt.operators.operator import Call

Float64 = NDArray[np.float64]
OPERATORS = ("conv_2d", "depthwise_conv_2d", "fully_connected")


@dataclass(frozen=True)
class Fields:
    """Of one layer: its output channels in groups that meet the same inputs.

    Weights become [groups, outputs of a group, field], data [groups, positions, field].
    """

    call: Call

    @property
    def depthwise(self) -> bool:
        """Whether each group is one input channel."""
        return self.call.node.operator == "depthwise_conv_2d"

    def weights(self, array: Array) -> Float64:
        """Stored weights by group."""
        numbers = array.astype(np.float64)
        if self.call.node.operator == "fully_connected":
            return numbers[None]
        groups = geometry(self.call).groups
        if self.depthwise:
            # [1, height, width, channel * multiplier + m]
            return numbers.reshape(-1, groups, numbers.shape[3] // groups).transpose(1, 2, 0)
        return numbers.reshape(groups, numbers.shape[0] // groups, -1)

    def stored(self, weights: Float64) -> Float64:
        """Weights by group as they are stored; the inverse of `weights`."""
        shape = self.call.input(1).shape
        if self.depthwise:
            return weights.transpose(2, 0, 1).reshape(shape)
        return weights.reshape(shape)

    def by_channel(self, numbers: Float64) -> Float64:
        """One number an output channel as [groups, outputs of a group]."""
        groups = 1 if self.call.node.operator == "fully_connected" else geometry(self.call).groups
        return numbers.reshape(groups, -1)

    def data(self, array: Array) -> Float64:
        """Real inputs by group and position; where a field reaches over an edge it meets zeros."""
        numbers = array.astype(np.float64)
        if self.call.node.operator == "fully_connected":
            return numbers.reshape(1, -1, self.call.input(1).shape[1])
        sizes = geometry(self.call)
        padded = np.pad(numbers, ((0, 0), (sizes.top, sizes.bottom), (sizes.left, sizes.right), (0, 0)))
        reach = (
            (sizes.kernel_height - 1) * sizes.dilation_height + 1,
            (sizes.kernel_width - 1) * sizes.dilation_width + 1,
        )
        windows = sliding_window_view(padded, reach, axis=(1, 2))
        windows = windows[
            :,
            : (sizes.output_height - 1) * sizes.stride_height + 1 : sizes.stride_height,
            : (sizes.output_width - 1) * sizes.stride_width + 1 : sizes.stride_width,
            :,
            :: sizes.dilation_height,
            :: sizes.dilation_width,
        ]
        # [batch, y, x, group, channel of it, kernel y, kernel x] → [group, position, kernel y, kernel x, channel]
        split = windows.reshape(*windows.shape[:3], sizes.groups, sizes.group_channels, *windows.shape[4:])
        ordered = split.transpose(3, 0, 1, 2, 5, 6, 4)
        return ordered.reshape(sizes.groups, sizes.pixels, sizes.field)
