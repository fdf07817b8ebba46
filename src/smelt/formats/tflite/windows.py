"""TFLite's operators with weights and windows as smelt's: convolutions, fully connected layers, pooling."""

from __future__ import annotations

from collections.abc import Sequence

from smelt.errors import FormatError, UnsupportedError
from smelt.formats.tflite.schema import ActivationFunctionType, BuiltinOperator, Padding
from smelt.formats.tflite.translation import Surroundings, Translated, activation, reads
from smelt.ir import Value


def same_padding(size: int, filter_size: int, stride: int, dilation: int = 1) -> tuple[int, int]:
    """What SAME adds before and after a dimension: the output has ceil(size / stride) elements."""
    output = -(-size // stride)
    total = max((output - 1) * stride + (filter_size - 1) * dilation + 1 - size, 0)
    return total // 2, total - total // 2


def transposed_padding(size: int, filter_size: int, stride: int) -> int:
    """What SAME cuts off before the result of a transposed convolution."""
    return max((-(-size // stride) - 1) * stride + filter_size - size, 0) // 2


def _window(
    _: Surroundings,
    x: str,
    filter_size: Sequence[int],
    stride: tuple[int, int],
    dilation: tuple[int, int],
    padding: Padding,
) -> tuple[int, int, int, int]:
    shape = _.value(x).shape
    if len(shape) != 4:
        raise FormatError(f"{_.label}: input '{x}' has {len(shape)} dimensions, needs 4")
    if min(*stride, *dilation, *filter_size) < 1:
        raise FormatError(f"{_.label}: stride, dilation and filter size must be positive")
    if padding is Padding.VALID:
        return (0, 0, 0, 0)
    if padding is not Padding.SAME:
        raise FormatError(f"{_.label}: unknown padding {padding}")
    top, bottom = same_padding(shape[1], filter_size[0], stride[0], dilation[0])
    left, right = same_padding(shape[2], filter_size[1], stride[1], dilation[1])
    return (top, bottom, left, right)


def _weights_shape(_: Surroundings, w: str, rank: int) -> tuple[int, ...]:
    weights = _.value(w)
    if len(weights.shape) != rank:
        raise FormatError(f"{_.label}: weights '{w}' have {len(weights.shape)} dimensions, need {rank}")
    return weights.shape


def per_tensor_conv_2d(operator: str, weights: Value) -> bool:
    """Whether LiteRT quantizes the real input of a convolution with such weights symmetrically."""
    return operator == "conv_2d" and weights.quantization is not None and weights.quantization.axis is None


def _quantize_input(_: Surroundings, operator: str, x: str, w: str) -> str:
    """How LiteRT's hybrid kernels quantize real data before they meet integer weights."""
    weights = _.value(w)
    if not (_.value(x).dtype.is_float and weights.dtype.is_integer):
        return "none"
    return "symmetric" if per_tensor_conv_2d(operator, weights) else "asymmetric"


@reads(BuiltinOperator.CONV_2D)
def _conv_2d(
    _: Surroundings,
    x: str,
    w: str,
    bias: str | None = None,
    *,
    padding: Padding,
    stride_h: int,
    stride_w: int,
    dilation_h_factor: int,
    dilation_w_factor: int,
    fused_activation_function: ActivationFunctionType,
) -> Translated:
    stride, dilation = (stride_h, stride_w), (dilation_h_factor, dilation_w_factor)
    window = _window(_, x, _weights_shape(_, w, 4)[1:3], stride, dilation, padding)
    return Translated(
        "conv_2d",
        (x, w, bias),
        {
            "stride": stride,
            "dilation": dilation,
            "padding": window,
            "activation": activation(_, fused_activation_function),
            "quantize_input": _quantize_input(_, "conv_2d", x, w),
        },
    )


@reads(BuiltinOperator.DEPTHWISE_CONV_2D)
def _depthwise_conv_2d(
    _: Surroundings,
    x: str,
    w: str,
    bias: str | None = None,
    *,
    padding: Padding,
    stride_h: int,
    stride_w: int,
    dilation_h_factor: int,
    dilation_w_factor: int,
    fused_activation_function: ActivationFunctionType,
) -> Translated:
    stride, dilation = (stride_h, stride_w), (dilation_h_factor, dilation_w_factor)
    shape = _weights_shape(_, w, 4)
    window = _window(_, x, shape[1:3], stride, dilation, padding)
    return Translated(
        "depthwise_conv_2d",
        (x, w, bias),
        {
            "stride": stride,
            "dilation": dilation,
            "padding": window,
            "multiplier": shape[3] // max(_.value(x).shape[3], 1),
            "activation": activation(_, fused_activation_function),
            "quantize_input": _quantize_input(_, "depthwise_conv_2d", x, w),
        },
    )


@reads(BuiltinOperator.TRANSPOSE_CONV)
def _transpose_conv(
    _: Surroundings,
    shape: str,
    w: str,
    x: str,
    bias: str | None = None,
    *,
    padding: Padding,
    stride_h: int,
    stride_w: int,
    fused_activation_function: ActivationFunctionType,
) -> Translated:
    sizes = tuple(int(n) for n in _.constant(shape).reshape(-1))
    taps = _weights_shape(_, w, 4)[1:3]
    if len(sizes) != 4 or min(stride_h, stride_w) < 1 or padding not in (Padding.VALID, Padding.SAME):
        raise FormatError(f"{_.label}: the output shape {list(sizes)}, strides or padding make no sense")
    stride = (stride_h, stride_w)
    cut = (0, 0)
    if padding is Padding.SAME:
        cut = (
            transposed_padding(sizes[1], taps[0], stride_h),
            transposed_padding(sizes[2], taps[1], stride_w),
        )
    return Translated(
        "transpose_conv",
        (x, w, bias),
        {
            "size": sizes[1:3],
            "stride": stride,
            "padding": cut,
            "activation": activation(_, fused_activation_function),
        },
    )


@reads(BuiltinOperator.FULLY_CONNECTED)
def _fully_connected(
    _: Surroundings,
    x: str,
    w: str,
    bias: str | None = None,
    *,
    fused_activation_function: ActivationFunctionType,
    keep_num_dims: bool,
    weights_format: int,
    asymmetric_quantize_inputs: bool,
) -> Translated:
    if weights_format != 0:
        raise UnsupportedError(f"{_.label}: shuffled weights are not supported")
    _weights_shape(_, w, 2)
    known = _.value(w).quantization
    # where scales are those of blocks, LiteRT's one implementation pays no heed to the option
    blocks = known is not None and known.block > 0
    dynamic = "asymmetric" if asymmetric_quantize_inputs or blocks else "symmetric"
    return Translated(
        "fully_connected",
        (x, w, bias),
        {
            "activation": activation(_, fused_activation_function),
            "keep_dims": bool(keep_num_dims),
            "quantize_input": dynamic
            if _.value(x).dtype.is_float and _.value(w).dtype.is_integer
            else "none",
        },
    )


@reads(BuiltinOperator.AVERAGE_POOL_2D, BuiltinOperator.MAX_POOL_2D)
def _pool_2d(
    _: Surroundings,
    x: str,
    *,
    padding: Padding,
    stride_h: int,
    stride_w: int,
    filter_height: int,
    filter_width: int,
    fused_activation_function: ActivationFunctionType,
) -> Translated:
    size, stride = (filter_height, filter_width), (stride_h, stride_w)
    return Translated(
        _.label.split()[0].lower(),
        (x,),
        {
            "filter": size,
            "stride": stride,
            "padding": _window(_, x, size, stride, (1, 1), padding),
            "activation": activation(_, fused_activation_function),
        },
    )
