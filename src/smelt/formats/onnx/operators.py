"""ONNX's operators as smelt's: one short function each, whose signature is the foreign schema.

Positional parameters are the operator's inputs (names in the file; None where absent), keyword-only ones its
attributes with ONNX's defaults.  `_` gives what surrounds the operator.  Where the result lies otherwise than
in the file, `Translated.layout` says so.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

from smelt.errors import FormatError, UnsupportedError
from smelt.formats.onnx.folding import integers, positive_axes, reshaped, squeezed, unsqueezed
from smelt.formats.onnx.layout import (
    Layout,
    Shape,
    Tensor,
    channels_last,
    channels_last_of_rank,
    flattened,
    inverse,
    keeps_order,
    natural,
)
from smelt.formats.onnx.model import FLOAT32
from smelt.formats.onnx.schema import Table
from smelt.formats.onnx.windows import windows
from smelt.ir import Array, Attribute


class Surroundings(Protocol):
    """What a function below may ask."""

    label: str

    def tensor(self, name: str) -> Tensor:
        """A tensor of the file."""

    def constant(self, name: str) -> Array:
        """The contents of a constant tensor; UnsupportedError when it is computed."""

    def weights(self, name: str) -> Array:
        """The same, and sure to be float32."""

    def place(self, tensor: Tensor, layout: Layout) -> str:
        """The smelt value that holds a tensor in that layout; converted if need be."""

    def store(self, stem: str, key: Hashable, make: Callable[[], Array]) -> str:
        """A constant of smelt, made once for a key; its name begins with the stem."""

    def emit(self, operator: str, inputs: Sequence[str | None], attributes: Mapping[str, Attribute]) -> str:
        """A node before the last one."""

    def wants_channels_last(self) -> bool:
        """Whether all that reads the operator's result would have it in NHWC."""


@dataclass(frozen=True)
class Translated:
    """The smelt operator that a foreign one becomes; `layout` is that of a result with this shape."""

    operator: str
    inputs: Sequence[str | None]
    attributes: Mapping[str, Attribute]
    layout: Callable[[Shape], Layout] = natural


@dataclass(frozen=True)
class Folded:
    """A foreign operator whose result is known while reading."""

    array: Array


Result = Translated | Folded | Tensor
"""A Tensor is one that is there already, under another name."""

OPERATORS = Table()
"""What reads an operator, by its name."""

ELEMENTWISE = frozenset(
    ("Add", "BatchNormalization", "Cast", "Clip", "Concat", "Div", "Dropout", "Identity", "LeakyRelu", "Mul", "Pad",
     "Relu", "Sigmoid", "Sub", "Tanh")
)  # fmt: skip
"""Operators that work on any layout, so that what reads their result decides."""

SPATIAL = frozenset(("AveragePool", "Conv", "GlobalAveragePool", "GlobalMaxPool", "MaxPool"))
"""Operators that want NHWC."""


def _spatial(_: Surroundings, name: str) -> Tensor:
    """An image or signal."""
    x = _.tensor(name)
    if x.rank not in (3, 4):
        raise UnsupportedError(f"{_.label}: '{name}' has {x.rank} dimensions; only 1-D and 2-D windows are supported")
    return x


@OPERATORS.reads("Conv")
def _conv(
    _: Surroundings, x: str, w: str, b: str | None = None, *,
    auto_pad: str = "NOTSET", dilations: Sequence[int] | None = None, group: int = 1,
    kernel_shape: Sequence[int] | None = None, pads: Sequence[int] | None = None,
    strides: Sequence[int] | None = None,
) -> Translated:  # fmt: skip
    data, weights = _spatial(_, x), _.weights(w)
    kernel = weights.shape[2:]
    if weights.ndim != data.rank or (kernel_shape and tuple(kernel_shape) != kernel):
        raise FormatError(f"{_.label}: weights '{w}' {list(weights.shape)} do not fit '{x}' or kernel_shape")
    if group < 1 or weights.shape[1] * group != data.onnx[1] or weights.shape[0] % group:
        raise FormatError(
            f"{_.label}: weights '{w}' {list(weights.shape)} do not fit {data.onnx[1]} channels in {group} groups"
        )
    window = windows(_.label, data.onnx[2:], kernel, auto_pad, pads, strides, dilations)
    image = weights.reshape(*weights.shape[:2], *window.kernel)
    depthwise = group == data.onnx[1] > 1
    order = (1, 2, 3, 0) if depthwise else (0, 2, 3, 1)
    stored = _.store(w, (w, "conv", order), lambda: np.ascontiguousarray(image.transpose(order)))
    attributes: dict[str, Attribute] = {
        "stride": window.stride, "dilation": window.dilation, "padding": window.padding,
    }  # fmt: skip
    if depthwise:
        attributes["multiplier"] = weights.shape[0] // group
    bias = None if b is None else _.store(b, (b, "bias"), lambda: _.weights(b))
    inputs = (_.place(data, channels_last(data.onnx)), stored, bias)
    operator = "depthwise_conv_2d" if depthwise else "conv_2d"
    return Translated(operator, inputs, attributes, channels_last_of_rank(data.rank))


@OPERATORS.reads("AveragePool")
def _average_pool(
    _: Surroundings, x: str, *,
    auto_pad: str = "NOTSET", ceil_mode: int = 0, count_include_pad: int = 0, dilations: Sequence[int] | None = None,
    kernel_shape: Sequence[int], pads: Sequence[int] | None = None, strides: Sequence[int] | None = None,
) -> Translated:  # fmt: skip
    data = _spatial(_, x)
    size = data.onnx[2:]
    window = windows(_.label, size, kernel_shape, auto_pad, pads, strides, dilations)
    whole = window.rounded_up(_.label, size) if ceil_mode else window
    source, padding = _.place(data, channels_last(data.onnx)), whole.padding
    if count_include_pad and any(window.padding):
        if whole.padding != window.padding:
            raise UnsupportedError(f"{_.label}: ceil_mode together with count_include_pad is not supported")
        source = _.emit("pad", (source,), {"paddings": (0, 0, *padding, 0, 0)})
        padding = (0, 0, 0, 0)
    return _pool(_, "average_pool_2d", source, whole.kernel, whole.stride, whole.dilation, padding, data.rank)


@OPERATORS.reads("MaxPool")
def _max_pool(
    _: Surroundings, x: str, *,
    auto_pad: str = "NOTSET", ceil_mode: int = 0, dilations: Sequence[int] | None = None,
    kernel_shape: Sequence[int], pads: Sequence[int] | None = None, storage_order: int = 0,
    strides: Sequence[int] | None = None,
) -> Translated:  # fmt: skip
    data = _spatial(_, x)
    window = windows(_.label, data.onnx[2:], kernel_shape, auto_pad, pads, strides, dilations)
    if ceil_mode:
        window = window.rounded_up(_.label, data.onnx[2:])
    source = _.place(data, channels_last(data.onnx))
    return _pool(
        _, "max_pool_2d", source, window.kernel, window.stride, window.dilation, window.padding, data.rank
    )


def _pool(
    _: Surroundings, operator: str, source: str, size: Shape, stride: Shape, dilation: Shape, padding: Shape, rank: int
) -> Translated:
    if dilation != (1, 1):
        raise UnsupportedError(f"{_.label}: pooling with dilations is not supported")
    attributes: dict[str, Attribute] = {"filter": size, "stride": stride, "padding": padding}
    return Translated(operator, (source,), attributes, channels_last_of_rank(rank))


@OPERATORS.reads("GlobalAveragePool")
def _global_average_pool(_: Surroundings, x: str) -> Translated:
    data = _spatial(_, x)
    source = _.place(data, channels_last(data.onnx))
    return Translated("mean", (source,), {"axes": (1, 2), "keep_dims": True}, channels_last_of_rank(data.rank))


@OPERATORS.reads("GlobalMaxPool")
def _global_max_pool(_: Surroundings, x: str) -> Translated:
    data = _spatial(_, x)
    layout = channels_last(data.onnx)
    size = layout.shape[1:3]
    return _pool(_, "max_pool_2d", _.place(data, layout), size, (1, 1), (1, 1), (0, 0, 0, 0), data.rank)


@OPERATORS.reads("ReduceMean")
def _reduce_mean(
    _: Surroundings, x: str, axes_input: str | None = None, *,
    axes: Sequence[int] | None = None, keepdims: int = 1, noop_with_empty_axes: int = 0,
) -> Result:  # fmt: skip
    data = _.tensor(x)
    given = axes if axes_input is None else integers(_.constant(axes_input))
    if not given and noop_with_empty_axes:
        return data
    chosen = positive_axes(given or range(data.rank), data.rank)
    layout = data.layout if data.layout.is_channels_last else natural(data.onnx)
    reduced = tuple(sorted(layout.axis(axis) for axis in chosen))
    source = _.place(data, layout)
    if not layout.is_channels_last or not keepdims:
        # A 1-D signal's height of 1 goes as well; what is left must be in the file's order.
        extra = (1,) if layout.is_channels_last and data.rank == 3 else ()
        rest = [axis for axis in range(data.rank) if axis not in chosen]
        if not layout.is_channels_last or [layout.axis(axis) for axis in rest] == sorted(map(layout.axis, rest)):
            attributes: dict[str, Attribute] = {
                "axes": tuple(sorted({*reduced, *extra})), "keep_dims": bool(keepdims),
            }  # fmt: skip
            return Translated("mean", (source,), attributes)
    if keepdims:
        return Translated("mean", (source,), {"axes": reduced, "keep_dims": True}, channels_last_of_rank(data.rank))
    source = _.place(data, natural(data.onnx))
    return Translated("mean", (source,), {"axes": chosen, "keep_dims": False})


@OPERATORS.reads("Gemm")
def _gemm(
    _: Surroundings, a: str, b: str, c: str | None = None, *,
    alpha: float = 1.0, beta: float = 1.0, transA: int = 0, transB: int = 0,  # noqa: N803
) -> Translated:  # fmt: skip
    data = _.tensor(a)
    if data.rank != 2 or _.weights(b).ndim != 2:
        raise FormatError(f"{_.label}: '{a}' and '{b}' must be matrices")
    if transA:
        rows = _.emit("transpose", (_.place(data, natural(data.onnx)),), {"permutation": (1, 0)})
        data = Tensor(a, data.onnx[::-1], forms={natural(data.onnx[::-1]): rows})
    return _dense(_, data, b, c, alpha, beta, bool(transB))


@OPERATORS.reads("MatMul")
def _matmul(_: Surroundings, a: str, b: str) -> Translated:
    data, weights = _.tensor(a), _.tensor(b)
    if data.rank < 2 or weights.rank != 2 or weights.array is None:
        raise UnsupportedError(
            f"{_.label}: of '{a}' {list(data.onnx)} and '{b}' {list(weights.onnx)}; only a product with a constant "
            "matrix on the right is supported"
        )
    return _dense(_, data, b, None, 1.0, 1.0, False)


def _dense(
    _: Surroundings, data: Tensor, b: str, c: str | None, alpha: float, beta: float, transposed: bool
) -> Translated:
    """fully_connected; where the rows are a flattened NHWC tensor, the weights' inputs are put in that order."""
    weights = _.weights(b) if transposed else _.weights(b).T
    if weights.shape[1] != data.onnx[-1]:
        raise FormatError(f"{_.label}: '{b}' has {weights.shape[1]} inputs, '{data.name}' is {list(data.onnx)}")
    layout = natural(data.onnx) if data.layout.is_channels_last else data.layout
    stored = _.store(
        b, (b, "dense", alpha, transposed, layout.factors[1:], layout.permutation),
        lambda: layout.alike(weights.shape).array(weights if alpha == 1 else weights * np.float32(alpha)),
    )  # fmt: skip
    outputs = weights.shape[0]
    addend = None if c is None else _.tensor(c)
    bias = None
    if c is not None and addend is not None and addend.array is not None and _is_row(addend.onnx, outputs):
        bias = _.store(
            c, (c, "dense", beta, outputs),
            lambda: np.broadcast_to(_.weights(c).reshape(-1) * np.float32(beta), (outputs,)),
        )  # fmt: skip
    inputs = (_.place(data, layout), stored, bias)
    attributes: dict[str, Attribute] = {"keep_dims": data.rank != 2}
    if addend is None or bias is not None:
        return Translated("fully_connected", inputs, attributes)
    if beta != 1:
        raise UnsupportedError(f"{_.label}: beta {beta} with a computed C, or one a row, is not supported")
    product = _.emit("fully_connected", inputs, attributes)
    wide = _of_rank(_, addend, 2)
    return Translated("add", (product, _.place(wide, natural(wide.onnx))), {})


def _is_row(shape: Shape, outputs: int) -> bool:
    return math.prod(shape[:-1]) == 1 and math.prod(shape) in (1, outputs) and len(shape) <= 2


def _of_rank(_: Surroundings, x: Tensor, rank: int) -> Tensor:
    """The tensor with dimensions of size 1 in front, for broadcasting."""
    if x.rank >= rank:
        return x
    shape = (1,) * (rank - x.rank) + x.onnx
    if x.array is not None:
        return Tensor(x.name, shape, x.array.reshape(shape))
    name = _.emit("reshape", (_.place(x, natural(x.onnx)),), {"shape": shape})
    return Tensor(x.name, shape, forms={natural(shape): name})


def _binary(_: Surroundings, operator: str, first: Tensor, second: Tensor) -> Translated:
    """An elementwise operator of two tensors, in the layout of the one that has the result's shape."""
    shape = np.broadcast_shapes(first.onnx, second.onnx)
    operands = [_of_rank(_, x, len(shape)) for x in (first, second)]
    computed = [x for x in operands if x.array is None]
    layouts = [x.layout for x in computed]
    if any(layout.is_channels_last for layout in layouts):
        layout = channels_last(shape)
    elif layouts and all(layout == layouts[0] and layout.onnx == shape for layout in layouts):
        layout = layouts[0]
    else:
        layout = natural(shape)
    inputs = [_.place(x, layout.alike(x.onnx)) for x in operands]
    return Translated(operator, inputs, {}, lambda _shape: layout)


@OPERATORS.reads("Add")
def _add(_: Surroundings, a: str, b: str) -> Translated:
    return _binary(_, "add", _.tensor(a), _.tensor(b))


@OPERATORS.reads("Sub")
def _sub(_: Surroundings, a: str, b: str) -> Translated:
    return _binary(_, "sub", _.tensor(a), _.tensor(b))


@OPERATORS.reads("Mul")
def _mul(_: Surroundings, a: str, b: str) -> Translated:
    return _binary(_, "mul", _.tensor(a), _.tensor(b))


@OPERATORS.reads("Div")
def _div(_: Surroundings, a: str, b: str) -> Translated:
    divisor = _.weights(b)
    if not np.all(divisor):
        raise UnsupportedError(f"{_.label}: divides by zero")
    return _binary(_, "mul", _.tensor(a), Tensor(f"{b}/reciprocal", divisor.shape, np.float32(1) / divisor))


@OPERATORS.reads("BatchNormalization")
def _batch_normalization(
    _: Surroundings, x: str, scale: str, b: str, mean: str, var: str, *,
    epsilon: float = 1e-5, momentum: float = 0.9, training_mode: int = 0,
) -> Translated:  # fmt: skip
    data = _.tensor(x)
    parameters = [_.weights(name) for name in (scale, b, mean, var)]
    if training_mode:
        raise UnsupportedError(f"{_.label}: is in training mode; export the model for inference (model.eval())")
    channels = data.onnx[1:2]
    if data.rank < 2 or any(p.shape != channels for p in parameters):
        raise FormatError(f"{_.label}: its parameters do not have one element a channel of '{x}' {list(data.onnx)}")
    gamma, shift, average, variance = (p.astype(np.float64) for p in parameters)
    factor = gamma / np.sqrt(variance + epsilon)
    layout = data.layout.alike((1, *channels, *[1] * (data.rank - 2)))
    key = (scale, b, mean, var, epsilon, layout)
    factors = _.store(scale, (*key, "factor"), lambda: layout.array(factor.astype(np.float32)))
    offsets = _.store(b, (*key, "offset"), lambda: layout.array((shift - average * factor).astype(np.float32)))
    scaled = _.emit("mul", (_.place(data, data.layout), factors), {})
    return Translated("add", (scaled, offsets), {}, lambda shape: data.layout)


def _unary(_: Surroundings, operator: str, x: str, attributes: Mapping[str, Attribute] | None = None) -> Translated:
    layout = _.tensor(x).layout
    return Translated(operator, (_.place(_.tensor(x), layout),), attributes or {}, lambda shape: layout)


@OPERATORS.reads("Sigmoid")
def _sigmoid(_: Surroundings, x: str) -> Translated:
    return _unary(_, "logistic", x)


@OPERATORS.reads("Tanh")
def _tanh(_: Surroundings, x: str) -> Translated:
    return _unary(_, "tanh", x)


@OPERATORS.reads("Relu")
def _relu(_: Surroundings, x: str) -> Translated:
    return _unary(_, "relu", x)


@OPERATORS.reads("LeakyRelu")
def _leaky_relu(_: Surroundings, x: str, *, alpha: float = 0.01) -> Translated:
    return _unary(_, "leaky_relu", x, {"alpha": float(alpha)})


@OPERATORS.reads("Clip")
def _clip(_: Surroundings, x: str, min: str | None = None, max: str | None = None) -> Result:  # noqa: A002
    low = -math.inf if min is None else _scalar(_, min)
    high = math.inf if max is None else _scalar(_, max)
    largest = float(np.finfo(np.float32).max)
    low, high = (-math.inf if low <= -largest else low), (math.inf if high >= largest else high)
    if (low, high) == (-math.inf, math.inf):
        return _.tensor(x)
    operator = {(0, math.inf): "relu", (0, 6): "relu6", (-1, 1): "relu_n1_to_1"}.get((low, high))
    if operator is None:
        raise UnsupportedError(f"{_.label}: clips to {low} … {high}; supported are 0 …, 0 … 6 and -1 … 1")
    return _unary(_, operator, x)


def _scalar(_: Surroundings, name: str) -> float:
    array = _.constant(name)
    if array.size != 1:
        raise FormatError(f"{_.label}: '{name}' has {array.size} elements, needs 1")
    number: Any = array.reshape(())[()]
    return float(number)


@OPERATORS.reads("Softmax")
def _softmax(_: Surroundings, x: str, *, axis: int = -1) -> Translated:
    data = _.tensor(x)
    (along,) = positive_axes([axis], data.rank)
    for layout in (data.layout, natural(data.onnx)):
        if layout.axis(along) == len(layout.shape) - 1:
            return Translated("softmax", (_.place(data, layout),), {"beta": 1.0}, lambda shape, layout=layout: layout)
    source = _.place(data, natural(data.onnx))
    order = (*(i for i in range(data.rank) if i != along), along)
    last = _.emit("softmax", (_.emit("transpose", (source,), {"permutation": order}),), {"beta": 1.0})
    return Translated("transpose", (last,), {"permutation": inverse(order)})


@OPERATORS.reads("Concat")
def _concat(_: Surroundings, *inputs: str, axis: int) -> Translated:
    tensors = [_.tensor(name) for name in inputs]
    if any(x.rank != tensors[0].rank for x in tensors):
        raise FormatError(f"{_.label}: its inputs differ in the number of dimensions")
    (along,) = positive_axes([axis], tensors[0].rank)
    if any(x.layout.is_channels_last for x in tensors):
        layouts = [channels_last(x.onnx) for x in tensors]
        names = [_.place(x, layout) for x, layout in zip(tensors, layouts, strict=True)]
        kind = channels_last_of_rank(tensors[0].rank)
        return Translated("concatenation", names, {"axis": layouts[0].axis(along)}, kind)
    return Translated("concatenation", [_.place(x, natural(x.onnx)) for x in tensors], {"axis": along})


@OPERATORS.reads("Pad")
def _pad(
    _: Surroundings, x: str, pads: str, constant_value: str | None = None, axes: str | None = None, *,
    mode: str = "constant",
) -> Translated:  # fmt: skip
    data, amounts = _.tensor(x), integers(_.constant(pads))
    if mode != "constant" or min(amounts, default=0) < 0:
        raise UnsupportedError(f"{_.label}: only padding with a constant is supported, mode is '{mode}', {amounts}")
    along = range(data.rank) if axes is None else integers(_.constant(axes))
    count = len(along)
    positive_axes(along, data.rank)
    if len(amounts) != 2 * count:
        raise FormatError(f"{_.label}: {len(amounts)} amounts for {count} dimensions")
    layout = data.layout if data.layout.is_channels_last else natural(data.onnx)
    paddings = [0] * (2 * len(layout.shape))
    for i, axis in enumerate(along):
        place = layout.axis(axis % data.rank)
        paddings[2 * place : 2 * place + 2] = amounts[i], amounts[i + count]
    value = 0.0 if constant_value is None else _scalar(_, constant_value)
    kind = channels_last_of_rank(data.rank) if layout.is_channels_last else natural
    return Translated("pad", (_.place(data, layout),), {"paddings": tuple(paddings), "value": value}, kind)


def _reshaped(_: Surroundings, x: Tensor, shape: Shape) -> Result:
    """Another shape without moving data, if any form of the tensor allows it."""
    if shape == x.onnx:
        return x
    if any(form.is_channels_last for form in x.forms) and natural(x.onnx) not in x.forms:
        form, name = next((form, name) for form, name in x.forms.items() if form.is_channels_last)
        if len(shape) in (3, 4) and channels_last(shape).factors == form.factors:
            return Tensor(x.name, shape, forms={channels_last(shape): name})
        if not form.keeps_order and shape == flattened(form).onnx:
            return Translated("reshape", (name,), {"shape": shape}, lambda onnx: flattened(form))
    for form, name in x.forms.items():
        if form.keeps_order:
            return Translated("reshape", (name,), {"shape": shape})
        if len(shape) in (3, 4) and channels_last(shape).factors == form.factors:
            layout = channels_last(shape)
            return Translated("reshape", (name,), {"shape": layout.shape}, lambda onnx: layout)
    return Translated("reshape", (_.place(x, natural(x.onnx)),), {"shape": shape})


@OPERATORS.reads("Reshape")
def _reshape(_: Surroundings, x: str, shape: str, *, allowzero: int = 0) -> Result:
    data = _.tensor(x)
    return _reshaped(_, data, reshaped(data.onnx, integers(_.constant(shape)), bool(allowzero)))


@OPERATORS.reads("Flatten")
def _flatten(_: Surroundings, x: str, *, axis: int = 1) -> Result:
    data = _.tensor(x)
    if not -data.rank <= axis <= data.rank:
        raise FormatError(f"{_.label}: axis {axis} of a tensor with {data.rank} dimensions")
    split = axis + data.rank if axis < 0 else axis
    return _reshaped(_, data, (math.prod(data.onnx[:split]), math.prod(data.onnx[split:])))


@OPERATORS.reads("Squeeze")
def _squeeze(_: Surroundings, x: str, axes: str | None = None) -> Result:
    data = _.tensor(x)
    return _reshaped(_, data, squeezed(data.onnx, None if axes is None else integers(_.constant(axes))))


@OPERATORS.reads("Unsqueeze")
def _unsqueeze(_: Surroundings, x: str, axes: str) -> Result:
    data = _.tensor(x)
    return _reshaped(_, data, unsqueezed(data.onnx, integers(_.constant(axes))))


@OPERATORS.reads("Transpose")
def _transpose(_: Surroundings, x: str, *, perm: Sequence[int] | None = None) -> Result:
    data = _.tensor(x)
    order = tuple(range(data.rank))[::-1] if perm is None else tuple(perm)
    if positive_axes(order, data.rank) != tuple(range(data.rank)) or min(order, default=0) < 0:
        raise FormatError(f"{_.label}: {order} is no permutation of {data.rank} dimensions")
    shape = tuple(data.onnx[axis] for axis in order)
    spatial = len(shape) in (3, 4)
    for form, name in data.forms.items():
        # Which dimension of the file's input each dimension of this form is, as far as it says.
        if spatial and form.factors[1:] and _signal(form, order, channels_last(shape)):
            return Tensor(data.name, shape, forms={channels_last(shape): name})
        if form.factors == data.onnx and (moved := _after(form, order)) == tuple(range(data.rank)):
            return Tensor(data.name, shape, forms={natural(shape): name})
        if form.is_channels_last and data.rank == 3 and order == (0, 2, 1):
            return Translated("reshape", (name,), {"shape": shape})
        if form.factors == data.onnx and form.is_channels_last:
            return Translated("transpose", (name,), {"permutation": moved})
    source = _.place(data, natural(data.onnx))
    if spatial and order == (0, 2, 1) and _.wants_channels_last():
        layout = channels_last(shape)
        return Translated("reshape", (source,), {"shape": layout.shape}, lambda onnx: layout)
    if keeps_order(data.onnx, order):
        return Translated("reshape", (source,), {"shape": shape})
    return Translated("transpose", (source,), {"permutation": order})


def _after(form: Layout, order: Shape) -> Shape:
    """The permutation from a form to the natural layout of the file's tensor after its own transpose."""
    place = inverse(form.permutation)
    return tuple(place[axis] for axis in order)


def _signal(form: Layout, order: Shape, wanted: Layout) -> bool:
    """Whether a 4-D form already is the channels-last layout of the file's transposed tensor."""
    if len(order) != 4 or form.factors != form.onnx:
        return False
    moved = _after(form, order)
    return tuple(moved[axis] for axis in wanted.permutation) == (0, 1, 2, 3)


@OPERATORS.reads("Identity")
def _identity(_: Surroundings, x: str) -> Tensor:
    return _.tensor(x)


@OPERATORS.reads("Dropout")
def _dropout(
    _: Surroundings, x: str, ratio: str | None = None, training_mode: str | None = None, *, seed: int = 0
) -> Tensor:
    if training_mode is not None and _scalar(_, training_mode):
        raise UnsupportedError(f"{_.label}: is in training mode; export the model for inference (model.eval())")
    return _.tensor(x)


@OPERATORS.reads("Cast")
def _cast(_: Surroundings, x: str, *, to: int, saturate: int = 1, round_mode: str = "up") -> Tensor:
    if to != FLOAT32:
        raise UnsupportedError(f"{_.label}: casts '{x}' to data type {to}; only float32 is supported")
    return _.tensor(x)


@OPERATORS.reads("Shape")
def _shape(_: Surroundings, x: str, *, end: int | None = None, start: int = 0) -> Folded:
    return Folded(np.array(_.tensor(x).onnx[start:end], np.int64))
