"""TFLite's operators as smelt's: one short function each, whose signature is the foreign schema.

Positional parameters are the operator's inputs (tensor names; None where absent), keyword-only ones are
fields of its options table (schema.py).  `_` gives what surrounds the operator.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

from smelt.errors import FormatError, UnsupportedError
from smelt.formats.tflite.schema import ActivationFunctionType, BuiltinOperator, Padding, TensorType
from smelt.ir import Array, Attribute, Value


class Surroundings(Protocol):
    """What a function below may ask: tensors by name, constants, the described outputs."""

    label: str
    outputs: Sequence[Value]

    def value(self, name: str) -> Value:
        """The described tensor."""

    def constant(self, name: str | None) -> Array:
        """The contents of a constant tensor; UnsupportedError when it is computed."""

    def is_constant(self, name: str) -> bool:
        """Whether the tensor is a constant."""

    def is_variable(self, name: str) -> bool:
        """Whether the tensor keeps its contents from one invoke to the next."""

    def new_constant(self, role: str, array: Array) -> str:
        """A constant that the file has in another form; its name."""


@dataclass(frozen=True)
class Translated:
    """The smelt operator that a foreign one becomes."""

    operator: str
    inputs: Sequence[str | None]
    attributes: Mapping[str, Attribute]


@dataclass(frozen=True)
class Folded:
    """A foreign operator whose result is known while reading."""

    array: Array


Function = Callable[..., Translated | Folded]
FUNCTIONS: dict[BuiltinOperator, Function] = {}

_ACTIVATIONS = {
    ActivationFunctionType.NONE: "none",
    ActivationFunctionType.RELU: "relu",
    ActivationFunctionType.RELU6: "relu6",
    ActivationFunctionType.RELU_N1_TO_1: "relu_n1_to_1",
}


def reads(*codes: BuiltinOperator) -> Callable[[Function], Function]:
    """Enter a function in FUNCTIONS."""

    def register(function: Function) -> Function:
        FUNCTIONS.update(dict.fromkeys(codes, function))
        return function

    return register


def translate(
    code: BuiltinOperator, surroundings: Surroundings, inputs: Sequence[str | None], options: Any
) -> Translated | Folded:
    """Call the function of an operator with its inputs and options.

    `code` is in FUNCTIONS.  Raises FormatError when inputs or options are not what the operator has.
    """
    function = FUNCTIONS[code]
    names = inspect.signature(function).parameters.values()
    wanted = [p.name for p in names if p.kind is p.KEYWORD_ONLY]
    if wanted and options is None:
        raise FormatError(f"{surroundings.label}: the operator has no options table")
    try:
        arguments = {name: getattr(options, name) for name in wanted}
    except AttributeError as error:
        raise FormatError(f"{surroundings.label}: has the options of another operator") from error
    least = sum(p.kind is p.POSITIONAL_OR_KEYWORD and p.default is p.empty for p in names) - 1
    most = sum(p.kind is p.POSITIONAL_OR_KEYWORD for p in names) - 1
    if any(p.kind is p.VAR_POSITIONAL for p in names):
        most = len(inputs)
    if not least <= len(inputs) <= most or any(name is None for name in inputs[:least]):
        raise FormatError(f"{surroundings.label}: has {len(inputs)} inputs, needs {least} to {most}")
    return function(surroundings, *inputs, **arguments)


def integers(_: Surroundings, name: str) -> Array:
    """A constant of whole numbers: axes, sizes and the like."""
    array = _.constant(name)
    if array.dtype.kind not in "iu":
        raise FormatError(f"{_.label}: '{name}' must hold integers, it is {array.dtype}")
    return array


def activation(_: Surroundings, kind: ActivationFunctionType) -> str:
    """smelt's name of a fused activation."""
    if kind not in _ACTIVATIONS:
        raise UnsupportedError(
            f"{_.label}: the fused activation {getattr(kind, 'name', kind)} is not supported"
        )
    return _ACTIVATIONS[kind]


def same_padding(size: int, filter_size: int, stride: int, dilation: int = 1) -> tuple[int, int]:
    """What SAME adds before and after a dimension: the output has ceil(size / stride) elements."""
    output = -(-size // stride)
    total = max((output - 1) * stride + (filter_size - 1) * dilation + 1 - size, 0)
    return total // 2, total - total // 2


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
        "average_pool_2d" if "AVERAGE" in _.label else "max_pool_2d",
        (x,),
        {
            "filter": size,
            "stride": stride,
            "padding": _window(_, x, size, stride, (1, 1), padding),
            "activation": activation(_, fused_activation_function),
        },
    )


@reads(BuiltinOperator.ADD)
def _add(_: Surroundings, a: str, b: str, *, fused_activation_function: ActivationFunctionType) -> Translated:
    return Translated("add", (a, b), {"activation": activation(_, fused_activation_function)})


@reads(BuiltinOperator.SUB)
def _sub(_: Surroundings, a: str, b: str, *, fused_activation_function: ActivationFunctionType) -> Translated:
    return Translated("sub", (a, b), {"activation": activation(_, fused_activation_function)})


@reads(BuiltinOperator.MUL)
def _mul(_: Surroundings, a: str, b: str, *, fused_activation_function: ActivationFunctionType) -> Translated:
    return Translated("mul", (a, b), {"activation": activation(_, fused_activation_function)})


@reads(BuiltinOperator.MEAN)
def _mean(_: Surroundings, x: str, axes: str, *, keep_dims: bool) -> Translated:
    rank = len(_.value(x).shape)
    given = sorted({int(a) % max(rank, 1) for a in integers(_, axes).reshape(-1).tolist()})
    return Translated("mean", (x,), {"axes": tuple(given), "keep_dims": bool(keep_dims)})


@reads(BuiltinOperator.RESHAPE)
def _reshape(_: Surroundings, x: str, shape: str | None = None) -> Translated:
    return Translated("reshape", (x,), {"shape": _.outputs[0].shape})


@reads(BuiltinOperator.SQUEEZE)
def _squeeze(_: Surroundings, x: str) -> Translated:
    return Translated("reshape", (x,), {"shape": _.outputs[0].shape})


@reads(BuiltinOperator.EXPAND_DIMS)
def _expand_dims(_: Surroundings, x: str, axis: str) -> Translated:
    return Translated("reshape", (x,), {"shape": _.outputs[0].shape})


@reads(BuiltinOperator.TRANSPOSE)
def _transpose(_: Surroundings, x: str, permutation: str) -> Translated:
    return Translated("transpose", (x,), {"permutation": tuple(int(p) for p in integers(_, permutation))})


@reads(BuiltinOperator.PAD)
def _pad(_: Surroundings, x: str, paddings: str) -> Translated:
    return Translated("pad", (x,), {"paddings": tuple(int(p) for p in integers(_, paddings).reshape(-1))})


@reads(BuiltinOperator.PADV2)
def _pad_with(_: Surroundings, x: str, paddings: str, value: str) -> Translated:
    element = _.constant(value).reshape(-1)
    if len(element) != 1:
        raise FormatError(f"{_.label}: pads with {len(element)} values, needs one")
    amounts = tuple(int(p) for p in integers(_, paddings).reshape(-1))
    quantization = _.value(value).quantization
    real = float(element[0])
    if quantization is not None:
        if quantization != _.outputs[0].quantization:
            raise UnsupportedError(
                f"{_.label}: '{value}' and the output have different quantization parameters"
            )
        real = (real - quantization.zero_points[0]) * quantization.scales[0]
    return Translated("pad", (x,), {"paddings": amounts, "value": real})


@reads(BuiltinOperator.CONCATENATION)
def _concatenation(
    _: Surroundings, *inputs: str, axis: int, fused_activation_function: ActivationFunctionType
) -> Translated:
    if activation(_, fused_activation_function) != "none":
        raise UnsupportedError(f"{_.label}: a concatenation with a fused activation is not supported")
    if not inputs:
        raise FormatError(f"{_.label}: has no inputs")
    return Translated(
        "concatenation", inputs, {"axis": axis + (len(_.value(inputs[0]).shape) if axis < 0 else 0)}
    )


@reads(BuiltinOperator.SOFTMAX)
def _softmax(_: Surroundings, x: str, *, beta: float) -> Translated:
    return Translated("softmax", (x,), {"beta": float(beta)})


@reads(BuiltinOperator.LEAKY_RELU)
def _leaky_relu(_: Surroundings, x: str, *, alpha: float) -> Translated:
    return Translated("leaky_relu", (x,), {"alpha": float(alpha)})


@reads(
    BuiltinOperator.LOGISTIC, BuiltinOperator.TANH, BuiltinOperator.RELU, BuiltinOperator.RELU6,
    BuiltinOperator.RELU_N1_TO_1,
)  # fmt: skip
def _unary(_: Surroundings, x: str) -> Translated:
    return Translated(_.label.split()[0].lower(), (x,), {})


@reads(BuiltinOperator.QUANTIZE)
def _quantize(_: Surroundings, x: str) -> Translated:
    return Translated("quantize", (x,), {"dtype": _.outputs[0].dtype.value})


@reads(BuiltinOperator.DEQUANTIZE)
def _dequantize(_: Surroundings, x: str) -> Translated:
    return Translated("dequantize", (x,), {})


@reads(BuiltinOperator.DENSIFY)
def _densify(_: Surroundings, x: str) -> Folded:
    """Sparse constants are read as dense ones."""
    return Folded(_.constant(x))


@reads(BuiltinOperator.SHAPE)
def _shape(_: Surroundings, x: str) -> Folded:
    return Folded(np.array(_.value(x).shape, _.outputs[0].dtype.numpy))


@reads(BuiltinOperator.PACK)
def _pack(_: Surroundings, *inputs: str, axis: int) -> Folded:
    return Folded(np.stack([_.constant(name) for name in inputs], axis))


@reads(BuiltinOperator.STRIDED_SLICE)
def _strided_slice(
    _: Surroundings,
    x: str,
    begin: str,
    end: str,
    strides: str,
    *,
    begin_mask: int,
    end_mask: int,
    ellipsis_mask: int,
    new_axis_mask: int,
    shrink_axis_mask: int,
) -> Translated | Folded:
    if ellipsis_mask or new_axis_mask:
        raise UnsupportedError(f"{_.label}: STRIDED_SLICE with an ellipsis or new axis is not supported")
    index: list[int | slice] = []
    for i, (first, last, step) in enumerate(
        zip(*(integers(_, name).tolist() for name in (begin, end, strides)), strict=True)
    ):
        bit = 1 << i
        whole = slice(None if begin_mask & bit else first, None if end_mask & bit else last, step)
        index.append(first if shrink_axis_mask & bit else whole)
    if _.is_constant(x):
        return Folded(np.asarray(_.constant(x)[tuple(index)]))
    shape = _.value(x).shape
    ranges = [s.indices(n) for s, n in zip(index, shape, strict=False) if isinstance(s, slice)]
    ranges += [(0, n, 1) for n in shape[len(index) :]]
    if len(ranges) != len(shape) or not all(len(range(*span)) for span in ranges):
        raise UnsupportedError(
            f"{_.label}: STRIDED_SLICE of a computed tensor is supported without removed axes and with a "
            "result that is not empty"
        )
    begins, ends, steps = zip(*ranges, strict=True)
    return Translated("strided_slice", (x,), {"begin": begins, "end": ends, "stride": steps})


_UNARY_NAMES = "abs ceil cos exp floor hard_swish log logical_not neg round rsqrt sign sin sqrt square"
UNARY: Mapping[str, BuiltinOperator] = {name: BuiltinOperator[name.upper()] for name in _UNARY_NAMES.split()}
"""Operators of one tensor without options, named alike."""

_BINARY_NAMES = """bitwise_xor equal floor_div floor_mod greater greater_equal less less_equal logical_and logical_or
maximum minimum not_equal pow prelu squared_difference"""
BINARY: Mapping[str, BuiltinOperator] = {
    name: BuiltinOperator[name.upper()] for name in _BINARY_NAMES.split()
}
"""Operators of two tensors without options, named alike."""


def _plain(name: str, code: BuiltinOperator, count: int) -> None:
    @reads(code)
    def function(_: Surroundings, *inputs: str) -> Translated:
        if len(inputs) != count:
            raise FormatError(f"{_.label}: has {len(inputs)} inputs, needs {count}")
        return Translated(name, inputs, {})


for _name, _code in UNARY.items():
    _plain(_name, _code, 1)
for _name, _code in BINARY.items():
    _plain(_name, _code, 2)


@reads(BuiltinOperator.ELU)
def _elu(_: Surroundings, x: str) -> Translated:
    return Translated("elu", (x,), {})


@reads(BuiltinOperator.GELU)
def _gelu(_: Surroundings, x: str, *, approximate: bool) -> Translated:
    return Translated("gelu", (x,), {"approximate": approximate})


@reads(BuiltinOperator.DIV)
def _div(_: Surroundings, a: str, b: str, *, fused_activation_function: ActivationFunctionType) -> Translated:
    if activation(_, fused_activation_function) != "none":
        raise UnsupportedError(f"{_.label}: a fused activation of a division is not supported")
    return Translated("div", (a, b), {})


def _reduction(name: str, code: BuiltinOperator) -> None:
    @reads(code)
    def function(_: Surroundings, x: str, axes: str, *, keep_dims: bool) -> Translated:
        rank = len(_.value(x).shape)
        chosen = tuple(sorted({int(axis) % max(rank, 1) for axis in integers(_, axes).reshape(-1)}))
        return Translated(name, (x,), {"axes": chosen, "keep_dims": keep_dims})


for _name in ("sum", "reduce_prod", "reduce_max", "reduce_min", "reduce_any", "reduce_all"):
    _reduction(_name, BuiltinOperator[_name.upper()])


@reads(BuiltinOperator.ARG_MAX, BuiltinOperator.ARG_MIN)
def _argument(_: Surroundings, x: str, axis: str, *, output_type: TensorType) -> Translated:
    rank = len(_.value(x).shape)
    index_type = {TensorType.INT32: "s32", TensorType.INT64: "s64"}.get(output_type)
    if index_type is None:
        raise UnsupportedError(f"{_.label}: indices of type {output_type.name} are not supported")
    along = int(integers(_, axis).reshape(-1)[0]) % max(rank, 1)
    return Translated(_.label.split()[0].lower(), (x,), {"axis": along, "index_type": index_type})


@reads(BuiltinOperator.BATCH_MATMUL)
def _batch_matmul(_: Surroundings, a: str, b: str, *, adj_x: bool, adj_y: bool) -> Translated:
    return Translated("batch_matmul", (a, b), {"transpose_a": adj_x, "transpose_b": adj_y})


@reads(BuiltinOperator.GATHER)
def _gather(_: Surroundings, data: str, indices: str, *, axis: int, batch_dims: int) -> Translated:
    rank = max(len(_.value(data).shape), 1)
    batch = batch_dims + len(_.value(indices).shape) if batch_dims < 0 else batch_dims
    return Translated("gather", (data, indices), {"axis": axis % rank, "batch_dims": batch})


@reads(BuiltinOperator.SELECT_V2)
def _select(_: Surroundings, condition: str, a: str, b: str) -> Translated:
    return Translated("select", (condition, a, b), {})


@reads(BuiltinOperator.CAST)
def _cast(_: Surroundings, x: str) -> Translated:
    return Translated("cast", (x,), {"to": _.outputs[0].dtype.value})


@reads(BuiltinOperator.TILE)
def _tile(_: Surroundings, x: str, multiples: str) -> Translated:
    return Translated("tile", (x,), {"multiples": tuple(int(n) for n in integers(_, multiples).reshape(-1))})


@reads(BuiltinOperator.BROADCAST_TO)
def _broadcast_to(_: Surroundings, x: str, shape: str) -> Translated:
    return Translated("broadcast_to", (x,), {"shape": tuple(int(n) for n in integers(_, shape).reshape(-1))})


@reads(BuiltinOperator.REVERSE_V2)
def _reverse(_: Surroundings, x: str, axes: str) -> Translated:
    shape = _.value(x).shape
    turned = {int(axis) % max(len(shape), 1) for axis in integers(_, axes).reshape(-1)}
    spans = [(n - 1, -1, -1) if axis in turned else (0, n, 1) for axis, n in enumerate(shape)]
    begins, ends, steps = zip(*spans, strict=True)
    return Translated("strided_slice", (x,), {"begin": begins, "end": ends, "stride": steps})


@reads(BuiltinOperator.CUMSUM)
def _cumsum(_: Surroundings, x: str, axis: str, *, exclusive: bool, reverse: bool) -> Translated:
    along = int(integers(_, axis).reshape(-1)[0]) % max(len(_.value(x).shape), 1)
    return Translated("cumsum", (x,), {"axis": along, "exclusive": exclusive, "reverse": reverse})


@reads(BuiltinOperator.TOPK_V2)
def _topk_v2(_: Surroundings, x: str, k: str) -> Translated:
    return Translated("topk_v2", (x,), {"k": int(integers(_, k).reshape(-1)[0])})


@reads(BuiltinOperator.GATHER_ND)
def _gather_nd(_: Surroundings, data: str, indices: str) -> Translated:
    return Translated("gather_nd", (data, indices), {})


@reads(BuiltinOperator.RESIZE_BILINEAR, BuiltinOperator.RESIZE_NEAREST_NEIGHBOR)
def _resize(
    _: Surroundings, x: str, size: str, *, align_corners: bool, half_pixel_centers: bool
) -> Translated:
    return Translated(
        _.label.split()[0].lower(),
        (x,),
        {
            "size": tuple(int(n) for n in _.constant(size).reshape(-1)),
            "align_corners": align_corners,
            "half_pixel_centers": half_pixel_centers,
        },
    )


def transposed_padding(size: int, filter_size: int, stride: int) -> int:
    """What SAME cuts off before the result of a transposed convolution."""
    return max((-(-size // stride) - 1) * stride + filter_size - size, 0) // 2


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
