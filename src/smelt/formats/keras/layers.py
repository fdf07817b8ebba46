"""Keras's layers as smelt's operators: one short function each, whose keyword-only parameters are the layer's settings.

Positional parameters are the values that the layer reads.  Settings that no function names must have no effect on
inference (IGNORED) or be absent; anything else is refused by name.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from smelt.errors import FormatError, UnsupportedError
from smelt.formats.keras.activations import activate
from smelt.formats.keras.building import Layer, pair, plane, unplane, window_padding
from smelt.ir import Array

Function = Callable[..., Any]
LAYERS: dict[str, Function] = {}

_IGNORED = """
name trainable dtype batch_input_shape batch_shape input_shape input_dtype autocast seed noise_shape rate
kernel_initializer bias_initializer depthwise_initializer pointwise_initializer recurrent_initializer
embeddings_initializer gamma_initializer beta_initializer moving_mean_initializer moving_variance_initializer
alpha_initializer kernel_regularizer bias_regularizer depthwise_regularizer pointwise_regularizer
recurrent_regularizer embeddings_regularizer activity_regularizer gamma_regularizer beta_regularizer
alpha_regularizer kernel_constraint bias_constraint depthwise_constraint pointwise_constraint
recurrent_constraint embeddings_constraint gamma_constraint beta_constraint alpha_constraint momentum renorm
virtual_batch_size synchronized unit_forget_bias dropout recurrent_dropout implementation time_major use_cudnn
unroll mask_zero input_length input_dim output_dim filters units depthwise_multiplier stddev lora_rank
lora_alpha quantization_config optional sparse ragged invert zero_output_for_mask gptq_unpacked_column_size
renorm_clipping renorm_momentum query_shape key_shape value_shape
"""
IGNORED = frozenset(_IGNORED.split())
"""Settings without an effect on inference."""

HEEDS_MASKS = frozenset({
    "LSTM", "GRU", "SimpleRNN", "Bidirectional", "Attention", "AdditiveAttention", "MultiHeadAttention",
    "GlobalAveragePooling1D", "TimeDistributed",
})  # fmt: skip
"""Layers that leave out the steps that an earlier one masked."""


def reads(*kinds: str) -> Callable[[Function], Function]:
    """A decorator: the function that reads layers of these classes."""

    def register(function: Function) -> Function:
        LAYERS.update(dict.fromkeys(kinds, function))
        return function

    return register


def translate(
    layer: Layer, kind: str, config: Mapping[str, Any], inputs: Sequence[str]
) -> str | Sequence[str]:
    """Call the function of a layer's class; UnsupportedError for settings that it does not know."""
    function = LAYERS[kind]
    parameters = inspect.signature(function).parameters.values()
    wanted = {p.name for p in parameters if p.kind is p.KEYWORD_ONLY}
    rest = [key for key in config if key not in wanted and key not in IGNORED]
    unknown = [key for key in rest if config[key] not in (None, False, [], {})]
    if unknown:
        raise layer.unsupported(f"{unknown[0]}={config[unknown[0]]!r}")
    takes_many = any(p.kind is p.VAR_POSITIONAL for p in parameters)
    if not takes_many and len(inputs) != 1:
        raise UnsupportedError(f"{layer.label}: reads {len(inputs)} tensors, one is supported")
    result: str | Sequence[str] = function(
        layer, *inputs, **{key: config[key] for key in config if key in wanted}
    )
    return result


@reads("Dropout", "SpatialDropout1D", "SpatialDropout2D", "GaussianNoise", "GaussianDropout", "AlphaDropout")
@reads("ActivityRegularization", "Identity")
def _nothing(_: Layer, x: str, *, l1: float = 0.0, l2: float = 0.0, data_format: str | None = None) -> str:
    return x


@reads("Activation")
def _activation(_: Layer, x: str, *, activation: Any) -> str:
    return activate(_, x, activation)


@reads("Dense")
def _dense(_: Layer, x: str, *, activation: Any = None, use_bias: bool = True) -> str:
    shape = _.shape(x)
    kernel = _.weights("kernel", (shape[-1], None))
    result = _matrix(_, x, kernel, _.array("bias") if use_bias else None)
    return activate(_, result, activation)


def _matrix(_: Layer, x: str, kernel: Array, bias: Array | None) -> str:
    """x times kernel [inputs, outputs], plus bias."""
    weights = _.constant("kernel", kernel.T)
    offset = None if bias is None else _.constant("bias", bias)
    return _.emit("fully_connected", (x, weights, offset), {"keep_dims": len(_.shape(x)) != 2})


def _convolution(
    _: Layer, x: str, weights: Array, bias: Array | None, rank: int, strides: Any, padding: str, dilation_rate: Any,
    multiplier: int | None = None,
) -> str:  # fmt: skip
    """conv_2d with weights [outputs, height, width, inputs], or depthwise with [1, height, width, channels]."""
    stride, dilation = pair(strides, rank), pair(dilation_rate, rank)
    kernel = weights.shape[1:3]
    offset = None if bias is None else _.constant("bias", bias)
    attributes = {
        "stride": stride,
        "dilation": dilation,
        "padding": window_padding(_, x, padding, kernel, stride, dilation),
    }
    inputs = (x, _.constant("kernel", weights), offset)
    if multiplier is None:
        return _.emit("conv_2d", inputs, attributes)
    return _.emit("depthwise_conv_2d", inputs, {**attributes, "multiplier": multiplier})


@reads("Conv1D", "Conv2D", "Convolution1D", "Convolution2D")
def _conv(
    _: Layer, x: str, *, kernel_size: Any, strides: Any = 1, padding: str = "valid",
    data_format: str | None = None, dilation_rate: Any = 1, groups: int = 1, activation: Any = None,
    use_bias: bool = True,
) -> str:  # fmt: skip
    rank = len(kernel_size)
    data = plane(_, x, rank, data_format)
    kernel = _.weights("kernel", (*kernel_size, _.shape(data)[-1] // groups, None))
    weights = kernel.reshape(1, *kernel.shape) if rank == 1 else kernel
    bias = _.array("bias") if use_bias else None
    result = _convolution(_, data, weights.transpose(3, 0, 1, 2), bias, rank, strides, padding, dilation_rate)
    return activate(_, unplane(_, result, rank), activation)


@reads("DepthwiseConv1D", "DepthwiseConv2D")
def _depthwise(
    _: Layer, x: str, *, kernel_size: Any, strides: Any = 1, padding: str = "valid",
    data_format: str | None = None, dilation_rate: Any = 1, depth_multiplier: int = 1, groups: int = 1,
    activation: Any = None, use_bias: bool = True,
) -> str:  # fmt: skip
    # Keras 2 writes a key groups here, which means nothing.
    rank = len(kernel_size)
    data = plane(_, x, rank, data_format)
    bias = _.array("bias") if use_bias else None
    result = _each_channel(
        _, data, "kernel", kernel_size, strides, padding, dilation_rate, depth_multiplier, bias
    )
    return activate(_, unplane(_, result, rank), activation)


def _each_channel(
    _: Layer, data: str, name: str, kernel_size: Any, strides: Any, padding: str, dilation_rate: Any,
    multiplier: int, bias: Array | None,
) -> str:  # fmt: skip
    kernel = _.weights(name, (*kernel_size, _.shape(data)[-1], multiplier))
    rank = len(kernel_size)
    weights = kernel.reshape(1, *pair(kernel_size, rank), -1)
    return _convolution(_, data, weights, bias, rank, strides, padding, dilation_rate, multiplier)


@reads("SeparableConv1D", "SeparableConv2D")
def _separable(
    _: Layer, x: str, *, kernel_size: Any, strides: Any = 1, padding: str = "valid",
    data_format: str | None = None, dilation_rate: Any = 1, depth_multiplier: int = 1, groups: int = 1,
    activation: Any = None, use_bias: bool = True,
) -> str:  # fmt: skip
    rank = len(kernel_size)
    data = plane(_, x, rank, data_format)
    name = "depthwise_kernel"
    middle = _each_channel(
        _, data, name, kernel_size, strides, padding, dilation_rate, depth_multiplier, None
    )
    pointwise = _.weights("pointwise_kernel", (*(1,) * rank, _.shape(middle)[-1], None))
    weights = pointwise.reshape(1, 1, *pointwise.shape[-2:]).transpose(3, 0, 1, 2)
    bias = _.array("bias") if use_bias else None
    result = _convolution(_, middle, weights, bias, rank, 1, "valid", 1)
    return activate(_, unplane(_, result, rank), activation)


def _along(_: Layer, x: str, axis: int | Sequence[int]) -> None:
    """Refuse an axis that is not the last one."""
    (along,) = axis if isinstance(axis, list | tuple) else (axis,)
    if along not in (-1, len(_.shape(x)) - 1):
        raise _.unsupported(f"axis {along}, which is not the last one,")


@reads("BatchNormalization")
def _batch_normalization(
    _: Layer, x: str, *, axis: Any = -1, epsilon: float = 1e-3, center: bool = True, scale: bool = True
) -> str:
    rank = len(_.shape(x))
    (along,) = axis if isinstance(axis, list | tuple) else (axis,)
    channels = (_.shape(x)[along],)
    mean, variance = (
        _.weights(name, channels).astype(np.float64) for name in ("moving_mean", "moving_variance")
    )
    factor = 1 / np.sqrt(variance + epsilon)
    if scale:
        factor = factor * _.weights("gamma", channels).astype(np.float64)
    offset = -mean * factor
    if center:
        offset = offset + _.weights("beta", channels).astype(np.float64)
    shape = (-1, *(1,) * (rank - 1 - along % rank))
    return _scaled(_, x, factor.reshape(shape), offset.reshape(shape))


def _scaled(_: Layer, x: str, factor: Any, offset: Any) -> str:
    scaled = _.emit("mul", (x, _.constant("scale", np.asarray(factor, np.float32))))
    return _.emit("add", (scaled, _.constant("offset", np.asarray(offset, np.float32))))


@reads("Rescaling")
def _rescaling(_: Layer, x: str, *, scale: float, offset: float = 0.0) -> str:
    return _scaled(_, x, scale, offset)


@reads("Normalization")
def _normalization(_: Layer, x: str, *, axis: Any = -1, mean: Any = None, variance: Any = None) -> str:
    if axis is not None:
        _along(_, x, axis)
    average = np.asarray(mean if mean is not None else _.array("mean"), np.float64)
    spread = np.asarray(variance if variance is not None else _.array("variance"), np.float64)
    factor = 1 / np.maximum(np.sqrt(spread), 1e-7)
    return _scaled(_, x, factor.reshape(-1), (-average * factor).reshape(-1))


@reads("ReLU")
def _relu(
    _: Layer, x: str, *, max_value: float | None = None, negative_slope: Any = 0.0, threshold: Any = 0.0
) -> str:
    slope, limit = float(negative_slope or 0.0), float(threshold or 0.0)
    if slope and max_value is None and not limit:
        return _.emit("leaky_relu", (x,), {"alpha": slope})
    if limit:
        result = _.emit("select", (_.emit("greater", (x, _.number(limit))), x, _.number(0.0)))
    else:
        result = _.emit("relu6" if max_value == 6 else "relu", (x,))
    if max_value is not None and (limit or max_value != 6):
        result = _.emit("minimum", (result, _.number(max_value)))
        result = _.emit("maximum", (result, _.number(0.0))) if limit < 0 else result
    if not slope:
        return result
    below = _.emit("relu", (_.emit("sub", (_.number(limit), x)),))
    return _.emit("sub", (result, _.emit("mul", (below, _.number(slope)))))


@reads("ThresholdedReLU")
def _thresholded_relu(_: Layer, x: str, *, theta: float = 1.0) -> str:
    return _.emit("select", (_.emit("greater", (x, _.number(theta))), x, _.number(0.0)))


@reads("LeakyReLU")
def _leaky_relu(_: Layer, x: str, *, negative_slope: float | None = None, alpha: float = 0.3) -> str:
    return _.emit("leaky_relu", (x,), {"alpha": float(alpha if negative_slope is None else negative_slope)})


@reads("PReLU")
def _prelu(_: Layer, x: str, *, shared_axes: Sequence[int] | None = None) -> str:
    slopes = _.array("alpha")
    if slopes is None:
        raise FormatError(f"{_.label}: the file has no 'alpha'")
    return _.emit("prelu", (x, _.constant("alpha", slopes)))


@reads("ELU")
def _elu(_: Layer, x: str, *, alpha: float = 1.0) -> str:
    return _.emit("elu", (x,), {"alpha": float(alpha)})


@reads("Softmax")
def _softmax(_: Layer, x: str, *, axis: Any = -1) -> str:
    rank = len(_.shape(x))
    (along,) = axis if isinstance(axis, list | tuple) and len(axis) == 1 else (axis,)
    if not isinstance(along, int) or not -rank <= along < rank:
        raise _.unsupported(f"axis {axis!r}")
    order = (*(k for k in range(rank) if k != along % rank), along % rank)
    result = _.emit("softmax", (_.transpose(x, order),), {"beta": 1.0})
    return _.transpose(result, [order.index(k) for k in range(rank)])


@reads("Flatten")
def _flatten(_: Layer, x: str, *, data_format: str | None = None) -> str:
    if data_format not in (None, "channels_last"):
        raise _.unsupported("data_format 'channels_first'")
    shape = _.shape(x)
    return _.reshape(x, (shape[0], int(np.prod(shape[1:]))))


@reads("Reshape")
def _reshape(_: Layer, x: str, *, target_shape: Sequence[int]) -> str:
    shape = _.shape(x)
    target = [int(n) for n in target_shape]
    if -1 in target:
        known = -int(np.prod(target))
        target[target.index(-1)] = int(np.prod(shape[1:])) // max(known, 1)
    return _.reshape(x, (shape[0], *target))


@reads("Permute")
def _permute(_: Layer, x: str, *, dims: Sequence[int]) -> str:
    return _.emit("transpose", (x,), {"permutation": (0, *(int(d) for d in dims))})


@reads("RepeatVector")
def _repeat(_: Layer, x: str, *, n: int) -> str:
    batch, units = _.shape(x)
    row = _.reshape(x, (batch, 1, units))
    return _.emit("concatenation", (row,) * n, {"axis": 1}) if n > 1 else row


def _fold(operator: str) -> Function:
    def function(_: Layer, *inputs: str) -> str:
        result = inputs[0]
        for other in inputs[1:]:
            result = _.emit(operator, (result, other))
        return result

    return function


for _kind, _operator in {
    "Add": "add", "Subtract": "sub", "Multiply": "mul", "Maximum": "maximum", "Minimum": "minimum"
}.items():  # fmt: skip
    LAYERS[_kind] = _fold(_operator)


@reads("Average")
def _average(_: Layer, *inputs: str) -> str:
    return _.emit("mul", (_fold("add")(_, *inputs), _.number(1 / len(inputs))))


@reads("Concatenate")
def _concatenate(_: Layer, *inputs: str, axis: int = -1) -> str:
    return _.emit("concatenation", inputs, {"axis": axis % len(_.shape(inputs[0]))})


@reads("MaxPooling1D", "MaxPooling2D", "AveragePooling1D", "AveragePooling2D", "MaxPool2D", "AvgPool2D")
def _pool(
    _: Layer, x: str, *, pool_size: Any, strides: Any = None, padding: str = "valid",
    data_format: str | None = None,
) -> str:  # fmt: skip
    rank = len(_.shape(x)) - 2
    data = plane(_, x, rank, data_format)
    size = pair(pool_size, rank)
    stride = size if strides is None else pair(strides, rank)
    operator = "max_pool_2d" if "(Max" in _.label else "average_pool_2d"
    around = window_padding(_, data, padding, size, stride, (1, 1))
    result = _.emit(operator, (data,), {"filter": size, "stride": stride, "padding": around})
    return unplane(_, result, rank)


def _global_pool(operator: str) -> Function:
    def function(_: Layer, x: str, *, data_format: str | None = None, keepdims: bool = False) -> str:
        if data_format not in (None, "channels_last"):
            raise _.unsupported("data_format 'channels_first'")
        axes = tuple(range(1, len(_.shape(x)) - 1))
        return _.emit(operator, (x,), {"axes": axes, "keep_dims": bool(keepdims)})

    return function


for _rank in ("1D", "2D"):
    LAYERS[f"GlobalAveragePooling{_rank}"] = _global_pool("mean")
    LAYERS[f"GlobalMaxPooling{_rank}"] = _global_pool("reduce_max")


@reads("Masking")
def _masking(_: Layer, x: str, *, mask_value: float = 0.0) -> str:
    if mask_value:
        raise _.unsupported(f"mask_value {mask_value}")
    # Steps of nothing but 0 become 0.
    return x


@reads("Embedding")
def _embedding(_: Layer, x: str) -> str:
    return _.emit("gather", (_.constant("embeddings", _.weights("embeddings", (None, None))), x), {"axis": 0})
