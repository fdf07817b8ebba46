"""Convolutions, pools and resizing, which want their channels first, as ONNX's operators."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from smelt.errors import UnsupportedError
from smelt.formats.onnx.write import Writer
from smelt.operators import Call

Function = Callable[[Writer, Call], None]


def _padding(padding: Sequence[int]) -> list[int]:
    top, bottom, left, right = padding
    return [top, left, bottom, right]


def check_real_input(call: Call) -> None:
    """Raise UnsupportedError where a layer quantizes its input while it runs, in a way that ONNX has not."""
    if call.attributes.quantize_input != "none":
        raise UnsupportedError(f"{call.node.label}: ONNX cannot say how its input is quantized at each run")


def convolution(_: Writer, call: Call) -> None:
    a, shape = call.attributes, call.input(1).shape
    check_real_input(call)
    if call.node.operator == "depthwise_conv_2d":
        order, wanted, group = (3, 0, 1, 2), None, call.input(0).shape[3]
        wanted = (shape[3], 1, *shape[1:3])
    else:
        order, wanted = (0, 3, 1, 2), None
        group = call.input(0).shape[3] // shape[3]
    inputs = [_.real(call.input(0).name, first=True), _.weights(call, 1, order, wanted)]
    if call.has(2):
        inputs.append(_.bias(call))
    _.result(
        call.output, "Conv", inputs, first=True, activation=a.activation, kernel_shape=list(shape[1:3]),
        strides=list(a.stride), dilations=list(a.dilation), pads=_padding(a.padding), group=group,
    )  # fmt: skip


def pool(operator: str) -> Function:
    def write(_: Writer, call: Call) -> None:
        a = call.attributes
        _.result(
            call.output, operator, [_.real(call.input(0).name, first=True)], first=True, activation=a.activation,
            kernel_shape=list(a.filter), strides=list(a.stride), pads=_padding(a.padding),
        )  # fmt: skip

    return write


def transposed_convolution(_: Writer, call: Call) -> None:
    """ConvTranspose cuts `pads` off all that the windows reach; what lies beyond that is its output padding."""
    a, data, weights = call.attributes, call.input(0), call.input(1)
    behind, beyond = [], []
    for axis in range(2):
        reached = (data.shape[1 + axis] - 1) * a.stride[axis] + weights.shape[1 + axis]
        rest = reached - a.padding[axis] - a.size[axis]
        behind.append(max(rest, 0))
        beyond.append(max(-rest, 0))
    if any(more >= step for more, step in zip(beyond, a.stride, strict=True)):
        raise UnsupportedError(f"{call.node.label}: ONNX has no output padding of {max(beyond)} pixels")
    inputs = [_.real(data.name, first=True), _.weights(call, 1, (3, 0, 1, 2))]
    if call.has(2):
        inputs.append(_.bias(call))
    _.result(
        call.output, "ConvTranspose", inputs, first=True, activation=a.activation,
        kernel_shape=list(weights.shape[1:3]), strides=list(a.stride), pads=[*a.padding, *behind],
        output_padding=beyond,
    )  # fmt: skip


def resize(mode: str) -> Function:
    """TFLite's three ways of finding the old place of a new pixel are three of ONNX's."""

    def write(_: Writer, call: Call) -> None:
        a, (batch, _height, _width, channels) = call.attributes, call.output.shape
        places = (
            "align_corners" if a.align_corners else "half_pixel" if a.half_pixel_centers else "asymmetric"
        )
        nearest = "floor" if places == "asymmetric" else "round_prefer_ceil"
        sizes = _.integers(f"{call.output.name}/sizes", [batch, channels, *a.size])
        extra = {"nearest_mode": nearest} if mode == "nearest" else {}
        inputs = [_.real(call.input(0).name, first=True), "", "", sizes]
        _.result(
            call.output,
            "Resize",
            inputs,
            first=True,
            mode=mode,
            coordinate_transformation_mode=places,
            **extra,
        )

    return write
