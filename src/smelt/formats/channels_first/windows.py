"""The windows of convolutions and pools: ONNX's padding attributes as explicit padding in two dimensions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from smelt.errors import FormatError, UnsupportedError
from smelt.formats.channels_first.layout import Shape

_LARGEST = (1 << 31) - 1


@dataclass(frozen=True)
class Windows:
    """kernel, stride and dilation: (height, width); padding: (top, bottom, left, right), all in elements."""

    kernel: Shape
    stride: Shape
    dilation: Shape
    padding: Shape

    def rounded_up(self, label: str, size: Sequence[int]) -> Windows:
        """With so much padding after that the output size is rounded up (ONNX's ceil_mode).

        A window that would begin in the padding after the input is left out, as in ONNX Runtime.
        """
        spatial = _plane(size, 1)
        padding = list(self.padding)
        for axis in range(2):
            before, after = padding[2 * axis : 2 * axis + 2]
            reach = (self.kernel[axis] - 1) * self.dilation[axis] + 1
            room = spatial[axis] + before + after - reach
            missing = -room % self.stride[axis]
            start = room + missing  # of the last window, in padded elements
            if missing and start < spatial[axis] + before:
                padding[2 * axis + 1] += missing
                if padding[2 * axis + 1] >= self.kernel[axis]:
                    raise UnsupportedError(f"{label}: ceil_mode with windows as far apart is not supported")
        return replace(self, padding=tuple(padding))


def windows(
    label: str,
    size: Sequence[int],
    kernel: Sequence[int],
    auto_pad: str,
    pads: Sequence[int] | None,
    strides: Sequence[int] | None,
    dilations: Sequence[int] | None,
) -> Windows:
    """Windows over one or two dimensions of some size; one dimension gets a height of 1.

    Raises FormatError for numbers that make no sense, UnsupportedError for negative padding.
    """
    stride, dilation, before, after = paddings(label, size, kernel, auto_pad, pads, strides, dilations)
    around = [amount for pair in zip(_plane(before, 0), _plane(after, 0), strict=True) for amount in pair]
    return Windows(_plane(kernel, 1), _plane(stride, 1), _plane(dilation, 1), tuple(around))


def paddings(
    label: str, size: Sequence[int], kernel: Sequence[int], auto_pad: str, pads: Sequence[int] | None,
    strides: Sequence[int] | None, dilations: Sequence[int] | None,
) -> tuple[Shape, Shape, list[int], list[int]]:  # fmt: skip
    """Strides, dilations, and the padding before and after each dimension, checked."""
    rank = len(size)
    stride, dilation = tuple(strides or (1,) * rank), tuple(dilations or (1,) * rank)
    for what, numbers in (("kernel_shape", kernel), ("strides", stride), ("dilations", dilation)):
        if len(numbers) != rank or not all(1 <= n <= _LARGEST for n in numbers):
            raise FormatError(f"{label}: {what} {list(numbers)} must be {rank} positive numbers")
    return (
        stride,
        dilation,
        *_padding(label, size, kernel, auto_pad, pads or (0,) * (2 * rank), stride, dilation),
    )


def _plane(numbers: Sequence[int], height: int) -> Shape:
    return (height, *numbers) if len(numbers) == 1 else tuple(numbers)


def _padding(
    label: str, size: Sequence[int], kernel: Sequence[int], auto_pad: str, pads: Sequence[int], stride: Shape,
    dilation: Shape,
) -> tuple[list[int], list[int]]:  # fmt: skip
    rank = len(size)
    if auto_pad == "NOTSET":
        if len(pads) != 2 * rank or max(pads) > _LARGEST:
            raise FormatError(f"{label}: pads {list(pads)} must be {2 * rank} numbers")
        if min(pads) < 0:
            raise UnsupportedError(f"{label}: negative pads {list(pads)} are not supported")
        return list(pads[:rank]), list(pads[rank:])
    if auto_pad == "VALID":
        return [0] * rank, [0] * rank
    if auto_pad not in ("SAME_UPPER", "SAME_LOWER"):
        raise FormatError(f"{label}: auto_pad '{auto_pad}' is unknown")
    less, more = [], []
    for axis in range(rank):
        reach = (kernel[axis] - 1) * dilation[axis] + 1
        total = max((-(-size[axis] // stride[axis]) - 1) * stride[axis] + reach - size[axis], 0)
        less.append(total // 2)
        more.append(total - total // 2)
    return (less, more) if auto_pad == "SAME_UPPER" else (more, less)
