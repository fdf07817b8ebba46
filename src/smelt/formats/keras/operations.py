"""Functions of keras.ops that models call directly (`x + 3.0`, `ops.mean(x)`), as smelt's operators.

One short function each: positional parameters are what the function is called with, tensors or plain values,
keyword-only ones what the file has in the operation's configuration.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from itertools import pairwise
from typing import Any

import numpy as np

from smelt.errors import FormatError
from smelt.formats.keras.activations import activate
from smelt.formats.keras.building import Layer
from smelt.formats.keras.calls import Arguments, Tensor
from smelt.formats.keras.products import product
from smelt.ir import Array, DType

Function = Callable[..., Any]
OPERATIONS: dict[str, Function] = {}
MODULES = ("keras.src.ops.", "keras.ops.")
"""Where the classes of operations come from; layers of the same names come from elsewhere."""

_MOST_PARTS = 1024


def _reads(*kinds: str) -> Callable[[Function], Function]:
    def register(function: Function) -> Function:
        OPERATIONS.update(dict.fromkeys(kinds, function))
        return function

    return register


def operate(_: Layer, kind: str, config: Mapping[str, Any], arguments: Arguments) -> Any:
    """Call the function of an operation; UnsupportedError for arguments and settings that it does not know."""
    function = OPERATIONS[kind]
    parameters = list(inspect.signature(function).parameters.values())[1:]
    known = {p.name: p for p in parameters}
    given: dict[str, Any] = {}
    for name, value in [*config.items(), *arguments.keywords.items()]:
        if name in known:
            given[name] = value
        elif name not in ("name", "dtype", "trainable") and value not in (None, False, [], {}):
            raise _.unsupported(f"{name}={value!r}")
    places = [p.name for p in parameters if p.kind is p.POSITIONAL_OR_KEYWORD]
    if len(arguments.positional) > len(places) and not any(p.kind is p.VAR_POSITIONAL for p in parameters):
        raise _.unsupported(f"a call with {len(arguments.positional)} arguments")
    return function(_, *arguments.positional, **given)


def tensor(_: Layer, item: Any, like: Any = None) -> str:
    """A tensor, or a number as one of the type of another tensor."""
    if isinstance(item, Tensor):
        return item
    if isinstance(item, Mapping) and item.get("class_name") == "__numpy__":
        return _.constant("number", plain(item))
    if not isinstance(item, int | float | list):
        raise _.unsupported(f"the argument {item!r}")
    dtype = _.builder.values[like].dtype if isinstance(like, Tensor) else DType.F32
    return _.constant("number", plain(item).astype(dtype.numpy))


def plain(item: Any) -> Array:
    """Numbers of the file as an array."""
    if isinstance(item, Mapping):
        config = item["config"]
        return np.asarray(config["value"], np.dtype(config["dtype"]))
    return np.asarray(item, np.float64)


def _binary(operator: str) -> Function:
    def function(_: Layer, x1: Any, x2: Any) -> str:
        return _.emit(operator, (tensor(_, x1, x2), tensor(_, x2, x1)))

    return function


for _kind, _operator in {
    "Add": "add", "Subtract": "sub", "Multiply": "mul", "Divide": "div", "TrueDivide": "div", "Maximum": "maximum",
    "Minimum": "minimum", "Power": "pow", "FloorDivide": "floor_div", "Mod": "floor_mod", "Equal": "equal",
    "NotEqual": "not_equal", "Greater": "greater", "GreaterEqual": "greater_equal", "Less": "less",
    "LessEqual": "less_equal", "LogicalAnd": "logical_and", "LogicalOr": "logical_or",
    "LogicalXor": "logical_xor",
}.items():  # fmt: skip
    OPERATIONS[_kind] = _binary(_operator)


def _unary(operator: str) -> Function:
    def function(_: Layer, x: Any) -> str:
        return _.emit(operator, (tensor(_, x),))

    return function


for _kind, _operator in {
    "Absolute": "abs", "Abs": "abs", "Negative": "neg", "Exp": "exp", "Log": "log", "Sqrt": "sqrt", "Rsqrt": "rsqrt",
    "Square": "square", "Sign": "sign", "Floor": "floor", "Ceil": "ceil", "Round": "round", "Sin": "sin", "Cos": "cos",
    "Reciprocal": "reciprocal", "Erf": "erf",
}.items():  # fmt: skip
    OPERATIONS[_kind] = _unary(_operator)


def _activation(name: str) -> Function:
    def function(_: Layer, x: Any) -> str:
        return activate(_, tensor(_, x), name)

    return function


for _kind, _name in {
    "Relu": "relu", "Relu6": "relu6", "Sigmoid": "sigmoid", "Tanh": "tanh", "Silu": "silu", "Softplus": "softplus",
    "Softsign": "softsign", "Selu": "selu", "HardSigmoid": "hard_sigmoid", "HardSilu": "hard_silu",
    "HardTanh": "hard_tanh", "LogSigmoid": "log_sigmoid", "TanhShrink": "tanh_shrink",
}.items():  # fmt: skip
    OPERATIONS[_kind] = _activation(_name)


@_reads("Gelu")
def _gelu(_: Layer, x: Any, *, approximate: bool = True) -> str:
    return _.emit("gelu", (tensor(_, x),), {"approximate": approximate})


@_reads("LeakyRelu")
def _leaky_relu(_: Layer, x: Any, *, negative_slope: float = 0.2) -> str:
    return _.emit("leaky_relu", (tensor(_, x),), {"alpha": float(negative_slope)})


@_reads("Elu")
def _elu(_: Layer, x: Any, *, alpha: float = 1.0) -> str:
    return _.emit("elu", (tensor(_, x),), {"alpha": float(alpha)})


@_reads("Softmax", "LogSoftmax")
def _softmax(_: Layer, x: Any, *, axis: int = -1) -> str:
    name = "log_softmax" if "(LogSoftmax" in _.label else "softmax"
    rank, data = len(_.shape(tensor(_, x))), tensor(_, x)
    place = axes_of(_, axis, rank)[0]
    order = (*(k for k in range(rank) if k != place), place)
    result = activate(_, _.transpose(data, order), name)
    return _.transpose(result, [order.index(k) for k in range(rank)])


def axes_of(_: Layer, axis: Any, rank: int) -> list[int]:
    """Axes counted from 0; all of them for None."""
    given = range(rank) if axis is None else axis if isinstance(axis, list | tuple) else [axis]
    if not all(isinstance(n, int) and -rank <= n < rank for n in given):
        raise FormatError(f"{_.label}: axis {axis!r} of a tensor with {rank} dimensions")
    return sorted({n % rank for n in given})


def _reduction(operator: str) -> Function:
    def function(_: Layer, x: Any, *, axis: Any = None, keepdims: bool = False) -> str:
        data = tensor(_, x)
        axes = tuple(axes_of(_, axis, len(_.shape(data))))
        return _.emit(operator, (data,), {"axes": axes, "keep_dims": bool(keepdims)})

    return function


for _kind, _operator in {
    "Mean": "mean", "Sum": "sum", "Max": "reduce_max", "Min": "reduce_min", "Prod": "reduce_prod", "All": "reduce_all",
    "Any": "reduce_any",
}.items():  # fmt: skip
    OPERATIONS[_kind] = _reduction(_operator)


def _argument(operator: str) -> Function:
    def function(_: Layer, x: Any, *, axis: Any = None, keepdims: bool = False) -> str:
        data = tensor(_, x)
        if axis is None or keepdims:
            raise _.unsupported(f"axis {axis!r} with keepdims={keepdims}")
        return _.emit(operator, (data,), {"axis": axes_of(_, axis, len(_.shape(data)))[0]})

    return function


OPERATIONS.update(Argmax=_argument("arg_max"), Argmin=_argument("arg_min"))


@_reads("Clip")
def _clip(_: Layer, x: Any, *, x_min: Any, x_max: Any) -> str:
    data = tensor(_, x)
    lower = _.emit("maximum", (data, tensor(_, x_min, x)))
    return _.emit("minimum", (lower, tensor(_, x_max, x)))


@_reads("Where")
def _where(_: Layer, condition: Any, x1: Any, x2: Any) -> str:
    return _.emit("select", (tensor(_, condition), tensor(_, x1, x2), tensor(_, x2, x1)))


@_reads("Cast")
def _cast(_: Layer, x: Any, *, dtype: str) -> str:
    kinds = {
        "float32": DType.F32,
        "int32": DType.S32,
        "int64": DType.S64,
        "bool": DType.BOOL,
        "int8": DType.S8,
    }
    if dtype not in kinds:
        raise _.unsupported(f"a cast to {dtype}")
    data = tensor(_, x)
    kind = kinds[dtype]
    return data if _.builder.values[data].dtype is kind else _.emit("cast", (data,), {"to": kind.value})


@_reads("Reshape")
def _reshape(_: Layer, x: Any, *, newshape: Sequence[int]) -> str:
    data = tensor(_, x)
    shape = [_.shape(data)[0] if n is None else int(n) for n in newshape]
    if shape.count(-1) == 1:
        shape[shape.index(-1)] = int(np.prod(_.shape(data))) // max(-int(np.prod(shape)), 1)
    return _.reshape(data, shape)


@_reads("Transpose")
def _transpose(_: Layer, x: Any, *, axes: Sequence[int] | None = None) -> str:
    data = tensor(_, x)
    rank = len(_.shape(data))
    order = list(range(rank))[::-1] if axes is None else [int(n) % rank for n in axes]
    return _.transpose(data, order)


@_reads("ExpandDims")
def _expand_dims(_: Layer, x: Any, *, axis: Any) -> str:
    data = tensor(_, x)
    shape = list(_.shape(data))
    rank = len(shape) + (len(axis) if isinstance(axis, list | tuple) else 1)
    for place in axes_of(_, axis, rank):
        shape.insert(place, 1)
    return _.reshape(data, shape)


@_reads("Squeeze")
def _squeeze(_: Layer, x: Any, *, axis: Any = None) -> str:
    data = tensor(_, x)
    shape = _.shape(data)
    gone = [k for k, n in enumerate(shape) if n == 1] if axis is None else axes_of(_, axis, len(shape))
    return _.reshape(data, [n for k, n in enumerate(shape) if k not in gone])


@_reads("Concatenate", "Concat")
def _concatenate(_: Layer, xs: Sequence[Any], *, axis: int = -1) -> str:
    parts = [tensor(_, x) for x in xs]
    return _.emit("concatenation", parts, {"axis": axes_of(_, axis, len(_.shape(parts[0])))[0]})


@_reads("Stack")
def _stack(_: Layer, xs: Sequence[Any], *, axis: int = 0) -> str:
    parts = [tensor(_, x) for x in xs]
    shape = list(_.shape(parts[0]))
    (place,) = axes_of(_, axis, len(shape) + 1)
    shape.insert(place, 1)
    return _.emit("concatenation", [_.reshape(part, shape) for part in parts], {"axis": place})


@_reads("Split")
def _split(_: Layer, x: Any, *, indices_or_sections: Any, axis: int = 0) -> Sequence[str]:
    data = tensor(_, x)
    shape = _.shape(data)
    (place,) = axes_of(_, axis, len(shape))
    size = shape[place]
    if isinstance(indices_or_sections, int):
        count = indices_or_sections
        if not 1 <= count <= _MOST_PARTS or size % count:
            raise FormatError(f"{_.label}: splits {list(shape)} into {count} parts")
        cuts = [k * (size // count) for k in range(count + 1)]
    else:
        cuts = [0, *(int(n) + (size if n < 0 else 0) for n in indices_or_sections), size]
    return [_.part(data, place, first, last) for first, last in pairwise(cuts)]


@_reads("GetItem")
def _get_item(_: Layer, x: Any, key: Any) -> str:
    """Basic indexing: numbers, slices, new axes (None) and an ellipsis."""
    result = tensor(_, x)
    keys = list(key) if isinstance(key, list | tuple) else [key]
    rank = len(_.shape(result))
    if Ellipsis in keys:
        place = keys.index(Ellipsis)
        keys[place : place + 1] = [slice(None)] * (rank - sum(k is not None for k in keys) + 1)
    spans, shape, axis = [], [], 0
    for item in keys:
        if item is None:
            shape.append(1)
            continue
        if axis >= rank or not isinstance(item, int | slice):
            raise _.unsupported(f"the index {item!r}")
        size = _.shape(result)[axis]
        span = range(*item.indices(size)) if isinstance(item, slice) else range(item % size, item % size + 1)
        spans.append(span)
        shape += [len(span)] if isinstance(item, slice) else []
        axis += 1
    rest = _.shape(result)[axis:]
    return _.reshape(_.spans(result, [*spans, *(range(n) for n in rest)]), [*shape, *rest])


@_reads("Take")
def _take(_: Layer, x: Any, indices: Any, *, axis: int | None = None) -> str:
    if axis is None:
        raise _.unsupported("axis None")
    places = (
        indices
        if isinstance(indices, Tensor)
        else Tensor(_.constant("indices", plain(indices).astype(np.int32)))
    )
    data = tensor(_, x)
    return _.emit("gather", (data, places), {"axis": axes_of(_, axis, len(_.shape(data)))[0]})


@_reads("Flip")
def _flip(_: Layer, x: Any, *, axis: Any = None) -> str:
    data = tensor(_, x)
    axes = axes_of(_, axis, len(_.shape(data)))
    return _.spans(data, [range(n)[::-1] if k in axes else range(n) for k, n in enumerate(_.shape(data))])


@_reads("Matmul")
def _matmul(_: Layer, x1: Any, x2: Any) -> str:
    return _.emit("batch_matmul", (tensor(_, x1), tensor(_, x2)))


@_reads("Einsum")
def _einsum(_: Layer, *operands: Any, subscripts: str) -> str:
    if len(operands) != 2:
        raise _.unsupported(f"of {len(operands)} tensors")
    a, b = (tensor(_, x) for x in operands)
    return product(_, subscripts, a, b)


@_reads("Pad")
def _pad(_: Layer, x: Any, *, pad_width: Any, mode: str = "constant", constant_values: Any = None) -> str:
    if mode != "constant":
        raise _.unsupported(f"mode '{mode}'")
    data = tensor(_, x)
    rank = len(_.shape(data))
    width = pad_width if isinstance(pad_width, list | tuple) else [pad_width, pad_width]
    pairs = (
        [width] * rank
        if not isinstance(width[0], list | tuple)
        else list(width) * (rank if len(width) == 1 else 1)
    )
    margins = tuple(int(n) for pair_ in pairs for n in pair_)
    return _.emit("pad", (data,), {"paddings": margins, "value": float(constant_values or 0.0)})
