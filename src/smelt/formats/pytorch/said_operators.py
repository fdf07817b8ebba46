"""smelt's operators said by torch's functions: one short function each, by smelt's name."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from smelt.errors import UnsupportedError
from smelt.formats.pytorch.module import CHANNELS_FIRST, Running
from smelt.formats.pytorch.said_layers import LAYERS
from smelt.operators import Call

_Function = Callable[[Running, Call], None]


def _unary(function: Callable[[Any, Any, Any], Any]) -> _Function:
    """An elementwise operator of one tensor: (running, tensor, attributes) → tensor."""

    def say(_: Running, call: Call) -> None:
        first = _.order(call)
        _.keep(call, function(_, _.tensor(call.input(0).name, first), call.attributes), first=first)

    return say


def _named(name: str) -> _Function:
    return _unary(lambda _, x, a: getattr(_.torch, name)(x))


def _elementwise(function: Callable[..., Any]) -> _Function:
    """An elementwise operator of some tensors: (running, *tensors) → tensor."""

    def say(_: Running, call: Call) -> None:
        first, rank = _.order(call), len(call.output.shape)
        operands = [_.operand(value.name, rank, first) for value in call.inputs if value]
        if not any(hasattr(x, "shape") for x in operands):
            operands[0] = _.tensor(call.input(0).name)
        _.keep(call, function(_, *operands), first=first)

    return say


def _division(function: Callable[..., Any]) -> _Function:
    """A division; torch raises an error where smelt gives a number for a zero integer."""

    def say(_: Running, call: Call) -> None:
        divisor = call.constant(1)
        if (
            not call.output.dtype.is_float
            and not call.output.quantization
            and (divisor is None or not divisor.all())
        ):
            raise UnsupportedError(f"{call.node.label}: divides integers by what may be zero")
        _elementwise(function)(_, call)

    return say


def _divided(_: Running, a: Any, b: Any) -> Any:
    real = getattr(a, "is_floating_point", lambda: isinstance(a, float))()
    return a / b if real else _.torch.div(a, b, rounding_mode="trunc")


def _larger(name: str) -> Callable[..., Any]:
    """maximum and minimum, which want tensors on both sides; a number is a clamp."""

    def function(_: Running, a: Any, b: Any) -> Any:
        if hasattr(a, "shape") and hasattr(b, "shape"):
            return getattr(_.torch, name)(a, b)
        x, bound = (a, b) if hasattr(a, "shape") else (b, a)
        return x.clamp(min=bound) if name == "maximum" else x.clamp(max=bound)

    return function


def _logic(name: str) -> Callable[..., Any]:
    def function(_: Running, a: Any, b: Any) -> Any:
        tensors = [
            x if hasattr(x, "shape") else _.torch.tensor(x, dtype=_other(_, a, b).dtype) for x in (a, b)
        ]
        return getattr(_.torch, name)(*tensors)

    return function


def _other(_: Running, a: Any, b: Any) -> Any:
    """The operand that is a tensor."""
    return a if hasattr(a, "shape") else b


def _selected(_: Running, condition: Any, a: Any, b: Any) -> Any:
    return _.torch.where(condition, a, b)


def _prelu(_: Running, call: Call) -> None:
    """torch's own where there is one slope, or one a channel; else by a comparison."""
    slopes, x = call.constant(1), call.input(0)
    rank, channels = len(x.shape), x.shape[-1]
    of_channels = slopes is not None and slopes.size in (1, channels) and slopes.shape[-1:] == (slopes.size,)
    if slopes is None or not of_channels or rank not in (2, 3, 4):
        _elementwise(lambda _, a, b: _.torch.where(a > 0, a, a * b))(_, call)
        return
    first = rank in CHANNELS_FIRST
    weight = _.weights(call, 1, range(slopes.ndim), (slopes.size,))
    _.keep(call, _.functional.prelu(_.tensor(x.name, first), weight), first=first)


def _cast(_: Running, call: Call) -> None:
    """Real numbers saturate on the way to integers."""
    first, dtype = _.order(call), call.output.dtype
    x = _.tensor(call.input(0).name, first)
    if call.input(0).dtype.is_float and dtype.is_integer:
        low, high = dtype.integer_range
        x = x.clamp(
            low, min(high, float(np.nextafter(np.float32(high), np.float32(0)))) if high > 1 << 24 else high
        )
    _.keep(call, x.to(_.dtype(dtype)), first=first)


def _axes(axes: Sequence[int], rank: int, first: bool) -> list[int]:
    """Where dimensions of smelt's order are."""
    return [CHANNELS_FIRST[rank].index(axis % rank) if first else axis % rank for axis in axes]


def _reduction(name: str) -> _Function:
    """A reduction; its dimensions stay in torch's order only where they are kept."""

    def say(_: Running, call: Call) -> None:
        a, value = call.attributes, call.input(0)
        rank = len(value.shape)
        first = _.is_first(value.name)
        if first and not a.keep_dims and sorted(_axes(a.axes, rank, True)) != [*range(2, rank)]:
            first = False
        x = _.tensor(value.name, first)
        axes = _axes(a.axes, rank, first)
        if not axes:
            _.keep(call, x, first=first)
            return
        if name in ("prod", "any", "all"):
            for axis in sorted(axes, reverse=True):
                x = getattr(_.torch, name)(x, axis, keepdim=a.keep_dims)
        else:
            x = getattr(_.torch, name)(x, axes, keepdim=a.keep_dims)
        if not value.dtype.is_float and value.quantization is None:
            x = x.to(_.dtype(value.dtype))  # torch sums integers in 64 bits
        _.keep(call, x, first=first and a.keep_dims)

    return say


def _arg(name: str) -> _Function:
    def say(_: Running, call: Call) -> None:
        found = getattr(_.torch, name)(_.tensor(call.input(0).name), call.attributes.axis)
        _.keep(call, found.to(_.dtype(call.output.dtype)))

    return say


def _softmax(_: Running, call: Call) -> None:
    first = _.order(call)
    x = _.tensor(call.input(0).name, first)
    beta = call.attributes.beta
    _.keep(call, _.torch.softmax(x if beta == 1 else x * beta, 1 if first else -1), first=first)


def _concatenation(_: Running, call: Call) -> None:
    first, rank = _.order(call), len(call.output.shape)
    (axis,) = _axes((call.attributes.axis,), rank, first)
    _.keep(
        call, _.torch.cat([_.tensor(value.name, first) for value in call.inputs if value], axis), first=first
    )


def _pad(_: Running, call: Call) -> None:
    first, a, rank = _.order(call), call.attributes, len(call.output.shape)
    pairs = [a.paddings[2 * axis : 2 * axis + 2] for axis in range(rank)]
    ordered = [pairs[axis] for axis in CHANNELS_FIRST[rank]] if first else pairs
    amounts = [amount for pair in reversed(ordered) for amount in pair]
    while len(amounts) > 2 and amounts[-2:] == [0, 0]:
        del amounts[-2:]
    _.keep(call, _.functional.pad(_.tensor(call.input(0).name, first), amounts, value=a.value), first=first)


def _strided_slice(_: Running, call: Call) -> None:
    a, first, rank = call.attributes, _.order(call), len(call.output.shape)
    x = _.tensor(call.input(0).name, first)
    if min(a.stride) < 1:
        raise UnsupportedError(f"{call.node.label}: torch has no slices with negative steps")
    for axis, (begin, end, step) in enumerate(zip(a.begin, a.end, a.stride, strict=True)):
        if (begin, end, step) != (0, call.input(0).shape[axis], 1):
            (place,) = _axes((axis,), rank, first)
            x = x[(slice(None),) * place + (slice(begin, end, step),)]
    _.keep(call, x, first=first)


def _reshape(_: Running, call: Call) -> None:
    shape = call.output.shape
    source, name = call.input(0).shape, call.input(0).name
    if _.is_first(name) and _is_signal(source, shape):
        x = _.tensor(name, first=True)
        _.keep(call, x.unsqueeze(2) if len(shape) == 4 else x.squeeze(2), first=True)
        return
    if _.is_first(name) and len(source) == 4 and source[1:3] == (1, 1) and shape == (source[0], source[3]):
        _.keep(call, _.torch.flatten(_.tensor(name, first=True), 1))
        return
    _.keep(call, _.tensor(name).reshape(shape))


def _is_signal(source: Sequence[int], shape: Sequence[int]) -> bool:
    """Whether a signal [batch, time, channels] gets a height of 1, or loses it."""
    longer, shorter = (shape, source) if len(shape) == 4 else (source, shape)
    return len(longer) == 4 and tuple(shorter) == (longer[0], *longer[2:]) and longer[1] == 1


def _transpose(_: Running, call: Call) -> None:
    _.keep(call, _.tensor(call.input(0).name).permute(call.attributes.permutation))


def _gather(_: Running, call: Call) -> None:
    a, x, indices = call.attributes, _.tensor(call.input(0).name), _.tensor(call.input(1).name)
    if a.batch_dims:
        raise UnsupportedError(f"{call.node.label}: torch has no gather with batch dimensions")
    axis = a.axis % len(call.input(0).shape)
    if axis == 0 and len(call.input(0).shape) == 2:
        _.keep(call, _.functional.embedding(indices, x))
        return
    found = x.index_select(axis, indices.reshape(-1))
    _.keep(call, found.reshape(call.output.shape) if indices.dim() != 1 else found)


def _same(_: Running, call: Call) -> None:
    _.keep(call, _.tensor(call.input(0).name).reshape(call.output.shape))


def _broadcast_to(_: Running, call: Call) -> None:
    _.keep(call, _.tensor(call.input(0).name).expand(call.output.shape))


def _tile(_: Running, call: Call) -> None:
    _.keep(call, _.tensor(call.input(0).name).repeat(call.attributes.multiples))


def _running_total(name: str) -> _Function:
    def say(_: Running, call: Call) -> None:
        a = call.attributes
        if a.exclusive or a.reverse:
            raise UnsupportedError(f"{call.node.label}: torch's {name} is neither exclusive nor reversed")
        found = getattr(_.torch, name)(_.tensor(call.input(0).name), a.axis)
        _.keep(call, found.to(_.dtype(call.output.dtype)))

    return say


def _gather_elements(_: Running, call: Call) -> None:
    indices = call.constant(1)
    if indices is None or (indices.size and indices.min() < 0):
        raise UnsupportedError(f"{call.node.label}: torch has no indices that may count from the end")
    x, places = _.tensor(call.input(0).name), _.tensor(call.input(1).name)
    axis = call.attributes.axis % len(call.input(0).shape)
    if any(
        n > m for k, (n, m) in enumerate(zip(indices.shape, call.input(0).shape, strict=True)) if k != axis
    ):
        raise UnsupportedError(f"{call.node.label}: more indices than elements")
    _.keep(call, _.torch.gather(x, axis, places.to(_.torch.int64)))


def _all_named(names: Mapping[str, str]) -> dict[str, _Function]:
    return {name: _named(function) for name, function in names.items()}


_SAME_NAMES = (
    "abs", "acos", "acosh", "asin", "asinh", "atan", "atanh", "ceil", "cos", "cosh", "erf", "exp", "floor", "log",
    "logical_not", "neg", "reciprocal", "relu", "round", "rsqrt", "sign", "sin", "sinh", "sqrt", "square", "tan",
    "tanh",
)  # fmt: skip

SAID: dict[str, _Function] = {
    **LAYERS,
    **_all_named({name: name for name in _SAME_NAMES}),
    **_all_named({"logistic": "sigmoid"}),
    "relu6": _unary(lambda _, x, a: _.functional.relu6(x)),
    "relu_n1_to_1": _unary(lambda _, x, a: _.functional.hardtanh(x)),
    "hard_swish": _unary(lambda _, x, a: _.functional.hardswish(x)),
    "softplus": _unary(lambda _, x, a: _.functional.softplus(x)),
    "elu": _unary(lambda _, x, a: _.functional.elu(x, a.alpha)),
    "leaky_relu": _unary(lambda _, x, a: _.functional.leaky_relu(x, a.alpha)),
    "gelu": _unary(lambda _, x, a: _.functional.gelu(x, approximate="tanh" if a.approximate else "none")),
    "add": _elementwise(lambda _, a, b: a + b),
    "sub": _elementwise(lambda _, a, b: a - b),
    "mul": _elementwise(lambda _, a, b: a * b),
    "div": _division(_divided),
    "pow": _elementwise(lambda _, a, b: a**b),
    "maximum": _elementwise(_larger("maximum")),
    "minimum": _elementwise(_larger("minimum")),
    "squared_difference": _elementwise(lambda _, a, b: _.torch.square(a - b)),
    "floor_div": _division(lambda _, a, b: _.torch.div(a, b, rounding_mode="floor")),
    "floor_mod": _division(lambda _, a, b: _.torch.remainder(a, b)),
    "equal": _elementwise(lambda _, a, b: a == b),
    "not_equal": _elementwise(lambda _, a, b: a != b),
    "less": _elementwise(lambda _, a, b: a < b),
    "less_equal": _elementwise(lambda _, a, b: a <= b),
    "greater": _elementwise(lambda _, a, b: a > b),
    "greater_equal": _elementwise(lambda _, a, b: a >= b),
    **{name: _elementwise(_logic(name)) for name in ("logical_and", "logical_or", "logical_xor")},
    "select": _elementwise(_selected),
    "prelu": _prelu,
    "cast": _cast,
    "mean": _reduction("mean"),
    "sum": _reduction("sum"),
    "reduce_max": _reduction("amax"),
    "reduce_min": _reduction("amin"),
    "reduce_prod": _reduction("prod"),
    "reduce_any": _reduction("any"),
    "reduce_all": _reduction("all"),
    "arg_max": _arg("argmax"),
    "arg_min": _arg("argmin"),
    "softmax": _softmax,
    "concatenation": _concatenation,
    "pad": _pad,
    "strided_slice": _strided_slice,
    "reshape": _reshape,
    "expand_dims": _same,
    "squeeze": _same,
    "transpose": _transpose,
    "gather": _gather,
    "broadcast_to": _broadcast_to,
    "tile": _tile,
    "cumsum": _running_total("cumsum"),
    "cumprod": _running_total("cumprod"),
    "gather_elements": _gather_elements,
    "truncated_mod": _division(lambda _, a, b: _.torch.fmod(a, b)),
    **{name: _elementwise(_logic(name)) for name in ("bitwise_and", "bitwise_or", "bitwise_xor")},
    "quantize": _unary(lambda _, x, a: x),
    "dequantize": _unary(lambda _, x, a: x.to(_.torch.float32)),
}
"""What says an operator, by smelt's name."""
