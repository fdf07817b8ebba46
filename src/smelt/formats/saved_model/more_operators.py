"""TensorFlow's operators that choose, order, accumulate and repeat; the functions are as in operators.py."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

import numpy as np

from smelt.errors import FormatError, UnsupportedError
from smelt.formats.saved_model.attributes import DataType
from smelt.formats.saved_model.interpreter import Interpreter, Item
from smelt.formats.saved_model.operators import INT32, OPERATORS, element_type
from smelt.formats.saved_model.rearranging import cut, joined
from smelt.ir import DType

_MOST_CLASSES = 1 << 16


def _unary(operator: str, _: Interpreter, x: Item) -> str:
    return _.emit(operator, (x,))


for _name in ("Acos", "Acosh", "Asin", "Asinh", "Atan", "Atanh", "Cosh", "Sinh", "Tan"):
    OPERATORS[_name] = partial(_unary, _name.lower())
OPERATORS["LogicalNot"] = partial(_unary, "logical_not")


def _binary(operator: str, _: Interpreter, a: Item, b: Item) -> str:
    return _.emit(operator, (a, b))


for _name, _operator in {
    "Mod": "truncated_mod", "TruncateMod": "truncated_mod", "BitwiseAnd": "bitwise_and", "BitwiseOr": "bitwise_or",
    "BitwiseXor": "bitwise_xor", "LeftShift": "left_shift", "RightShift": "right_shift",
}.items():  # fmt: skip
    OPERATORS[_name] = partial(_binary, _operator)


@OPERATORS.reads("DivNoNan")
def _div_no_nan(_: Interpreter, a: Item, b: Item) -> str:
    """a / b, and 0 where b is."""
    zero = _.number(0.0, b)
    quotient = _.emit("div", (a, b))
    return _.emit("select", (_.emit("equal", (b, zero)), zero, quotient))


def _cumulative(
    operator: str, _: Interpreter, x: Item, axis: Item, *, exclusive: bool = False, reverse: bool = False
) -> str:
    along = _.axis(_.integer(axis), len(_.shape(x)))
    return _.emit(operator, (x,), {"axis": along, "exclusive": exclusive, "reverse": reverse})


OPERATORS.update(Cumsum=partial(_cumulative, "cumsum"), Cumprod=partial(_cumulative, "cumprod"))


@OPERATORS.reads("TopKV2", outputs=("values", "indices"))
def _top_k(
    _: Interpreter, x: Item, k: Item, *, sorted: bool = True, index_type: DataType = INT32
) -> Sequence[str]:
    kind = element_type(_, index_type)
    return list(_.emit_all("topk_v2", (x,), {"k": _.integer(k), "index_type": kind.value}))


@OPERATORS.reads("Tile")
def _tile(_: Interpreter, x: Item, multiples: Item) -> str:
    counts = _.integers(multiples)
    if len(counts) != len(_.shape(x)) or min(counts, default=1) < 1:
        raise FormatError(f"{_.label}: repeats {list(_.shape(x))} by {list(counts)}")
    return _.tensor(x) if set(counts) <= {1} else _.emit("tile", (x,), {"multiples": counts})


@OPERATORS.reads("BroadcastTo")
def _broadcast_to(_: Interpreter, x: Item, shape: Item) -> str:
    wanted = _.integers(shape)
    return _.tensor(x) if _.shape(x) == wanted else _.emit("broadcast_to", (x,), {"shape": wanted})


@OPERATORS.reads("GatherNd")
def _gather_nd(_: Interpreter, x: Item, indices: Item, *, bad_indices_policy: str = "") -> str:
    return _.emit("gather_nd", (x, indices))


@OPERATORS.reads("OneHot")
def _one_hot(_: Interpreter, indices: Item, depth: Item, on: Item, off: Item, *, axis: int = -1) -> str:
    count, rank = _.integer(depth), len(_.shape(indices))
    if not 0 < count <= _MOST_CLASSES:
        raise FormatError(f"{_.label}: {count} classes")
    place = _.axis(axis, rank + 1)
    wide = list(_.shape(indices))
    wide.insert(place, 1)
    kind = _.value(indices).dtype.numpy
    classes = np.arange(count, dtype=kind).reshape(-1, *(1,) * (rank - place))
    chosen = _.emit("equal", (_.reshape(indices, wide), _.keep(classes)))
    return _.emit("select", (chosen, on, off))


@OPERATORS.reads("Roll")
def _roll(_: Interpreter, x: Item, shift: Item, axis: Item) -> str:
    result = _.tensor(x)
    for amount, number in zip(_.integers(shift), _.integers(axis), strict=True):
        along = _.axis(number, len(_.shape(x)))
        size = _.shape(x)[along]
        at = -amount % size if size else 0
        if at:
            parts = [cut(_, result, along, at, size), cut(_, result, along, 0, at)]
            result = joined(_, parts, along)
    return result


@OPERATORS.reads("MirrorPad")
def _mirror_pad(_: Interpreter, x: Item, paddings: Item, *, mode: str) -> str:
    amounts, result = _.constant(paddings), _.tensor(x)
    if amounts.shape != (len(_.shape(x)), 2) or mode not in ("REFLECT", "SYMMETRIC"):
        raise FormatError(f"{_.label}: pads {list(_.shape(x))} by {list(amounts.shape)} numbers, {mode}")
    for axis, (before, after) in enumerate(amounts.tolist()):
        size = _.shape(x)[axis]
        if not 0 <= max(before, after) <= size - int(mode == "REFLECT"):
            raise FormatError(f"{_.label}: pads {size} elements by {before} and {after}")
        if before or after:
            _.allow(4 * (size + before + after))
            places = np.pad(np.arange(size, dtype=np.int32), (before, after), mode.lower())  # type: ignore[call-overload]
            result = _.emit("gather", (result, _.keep(places)), {"axis": axis})
    return result


def _blocks(_: Interpreter, x: Item, block_size: int, data_format: str) -> tuple[int, int, int, int]:
    shape = _.shape(x)
    if data_format != "NHWC" or len(shape) != 4 or block_size < 1:
        raise UnsupportedError(f"{_.label}: of {list(shape)} in the format {data_format} is not supported")
    return shape[0], shape[1], shape[2], shape[3]


@OPERATORS.reads("DepthToSpace")
def _depth_to_space(_: Interpreter, x: Item, *, block_size: int, data_format: str = "NHWC") -> str:
    batch, height, width, channels = _blocks(_, x, block_size, data_format)
    n, rest = block_size, channels // block_size**2
    apart = _.reshape(x, (batch, height, width, n, n, rest))
    return _.reshape(_.transpose(apart, (0, 1, 3, 2, 4, 5)), (batch, height * n, width * n, rest))


@OPERATORS.reads("SpaceToDepth")
def _space_to_depth(_: Interpreter, x: Item, *, block_size: int, data_format: str = "NHWC") -> str:
    batch, height, width, channels = _blocks(_, x, block_size, data_format)
    n = block_size
    apart = _.reshape(x, (batch, height // n, n, width // n, n, channels))
    return _.reshape(
        _.transpose(apart, (0, 1, 3, 2, 4, 5)), (batch, height // n, width // n, channels * n * n)
    )


@OPERATORS.reads("L2Loss")
def _half_squares(_: Interpreter, x: Item) -> str:
    axes = tuple(range(len(_.shape(x))))
    total = _.emit("sum", (_.emit("mul", (x, x)),), {"axes": axes})
    return _.emit("mul", (total, _.number(0.5, x)))


@OPERATORS.reads("IsNan")
def _is_nan(_: Interpreter, x: Item) -> str:
    return _.emit("not_equal", (x, x))


@OPERATORS.reads("Xlogy")
def _x_log_y(_: Interpreter, x: Item, y: Item) -> str:
    if _.value(x).dtype is not DType.F32:
        raise UnsupportedError(f"{_.label}: of {_.value(x).dtype.value} is not supported")
    zero = _.number(0.0, x)
    product = _.emit("mul", (x, _.emit("log", (y,))))
    return _.emit("select", (_.emit("equal", (x, zero)), zero, product))
