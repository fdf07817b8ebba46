"""TorchScript's operators on numbers, words and lists, and what it asks of tensors: answered while tracing."""

from __future__ import annotations

import math
import operator as python
from collections.abc import Callable
from typing import Any, Protocol

import numpy as np

from smelt.errors import FormatError, UnsupportedError
from smelt.formats.pytorch.program import Ref
from smelt.ir import Array, DType

_MOST_ITEMS = 10_000
_LARGEST = 1 << 63


class Surroundings(Protocol):
    """What a query may ask of the tracer."""

    def constant(self, name: str, array: Array) -> Ref:
        """A stored tensor."""

    def current(self, label: str, value: Any) -> Any:
        """The value with tensors as in-place operators have left them."""


def checked(label: str, value: Any) -> Any:
    """A value of honest size; FormatError otherwise."""
    if isinstance(value, int) and not -_LARGEST <= value < _LARGEST:
        raise FormatError(f"{label}: the number {str(value)[:40]} does not fit 64 bits")
    if isinstance(value, list | tuple | str) and len(value) > _MOST_ITEMS:
        raise FormatError(f"{label}: makes a list of {len(value)} items")
    return value


def _guarded(function: Callable[..., Any]) -> Callable[..., Any]:
    """The function of plain values as one that gets a label, with its exceptions in words."""

    def call(label: str, *arguments: Any, **keywords: Any) -> Any:
        try:
            return checked(label, function(*arguments, **keywords))
        except (TypeError, ValueError, ArithmeticError, LookupError) as error:
            raise FormatError(f"{label}: cannot be done with {str(arguments)[:80]}: {error}") from error

    return call


def _power(base: Any, exponent: Any) -> Any:
    if isinstance(base, int) and isinstance(exponent, int) and 0 <= exponent <= 64:
        return base**exponent
    return math.pow(base, exponent)


def _product(first: Any, second: Any) -> Any:
    if isinstance(first, list) and isinstance(second, int) and len(first) * second > _MOST_ITEMS:
        raise ValueError("too many items")
    return first * second


def _sliced(items: Any, start: int | None = None, end: int | None = None, step: int = 1) -> Any:
    return items[start:end:step]


def _range_length(low: int, high: int, step: int) -> int:
    return len(range(low, high, step))


def _smallest(*items: Any) -> Any:
    return min(items[0]) if len(items) == 1 else min(items)


def _largest(*items: Any) -> Any:
    return max(items[0]) if len(items) == 1 else max(items)


def _divided(first: Any, second: Any, rounding_mode: str | None = None) -> Any:
    if rounding_mode == "floor":
        return first // second
    return math.trunc(first / second) if rounding_mode == "trunc" else first / second


_PLAIN: dict[str, Callable[..., Any]] = {
    "add": python.add,
    "sub": python.sub,
    "mul": _product,
    "div": _divided,
    "truediv": python.truediv,
    "floordiv": python.floordiv,
    "floor_divide": python.floordiv,
    "remainder": python.mod,
    "mod": python.mod,
    "neg": python.neg,
    "pow": _power,
    "abs": abs,
    "round": round,
    "ceil": math.ceil,
    "floor": math.floor,
    "trunc": math.trunc,
    "sqrt": math.sqrt,
    "eq": python.eq,
    "ne": python.ne,
    "lt": python.lt,
    "le": python.le,
    "gt": python.gt,
    "ge": python.ge,
    "and": python.and_,
    "or": python.or_,
    "__and__": python.and_,
    "__or__": python.or_,
    "__xor__": python.xor,
    "__not__": python.not_,
    "not_": python.not_,
    "min": _smallest,
    "max": _largest,
    "sum": sum,
    "any": any,
    "all": all,
    "Int": int,
    "Float": float,
    "Bool": bool,
    "str": str,
    "Size": list,
    "slice": _sliced,
    "__range_length": _range_length,
    "__derive_index": lambda index, start, step: start + index * step,
    "sym_not": python.not_,
    "sym_min": _smallest,
    "sym_max": _largest,
    "sym_float": float,
    "sym_int": int,
}

SCALARS: dict[str, Callable[..., Any]] = {
    f"aten.{name}": _guarded(function) for name, function in _PLAIN.items()
}
"""Operators without tensors: (label, *arguments) → value."""


def _size(_: Surroundings, label: str, x: Any, dim: Any = None) -> Any:
    if not isinstance(x, Ref):
        raise FormatError(f"{label}: asks for the size of {x!r:.40}")
    if dim is None:
        return list(x.shape)
    if not isinstance(dim, int) or not -len(x.shape) <= dim < len(x.shape):
        raise FormatError(f"{label}: dimension {dim} of a tensor with {len(x.shape)} dimensions")
    return x.shape[dim]


def _dim(_: Surroundings, label: str, x: Any) -> int:
    return len(_size(_, label, x))


def _numel(_: Surroundings, label: str, x: Any) -> int:
    return math.prod(_size(_, label, x))


def _len(_: Surroundings, label: str, x: Any) -> int:
    if isinstance(x, Ref) and x.shape:
        return x.shape[0]
    if not isinstance(x, list | tuple | dict | str):
        raise FormatError(f"{label}: asks for the length of {x!r:.40}")
    return len(x)


def _item(_: Surroundings, label: str, x: Any) -> Any:
    x = _.current(label, x)
    if not isinstance(x, Ref):
        return x
    if x.array is None:
        raise UnsupportedError(
            f"{label}: the number in '{x.name}', which depends on the model's input, decides what the model does; "
            "only models that do the same for every input can become a graph"
        )
    if x.array.size != 1:
        raise FormatError(f"{label}: '{x.name}' has {x.array.size} elements, needs 1")
    return x.array.reshape(()).item()


def _as(kind: Callable[[Any], Any]) -> Callable[..., Any]:
    return lambda _, label, x: SCALARS[f"aten.{kind.__name__.capitalize()}"](label, _item(_, label, x))


def _num_to_tensor(_: Surroundings, label: str, x: Any, *rest: Any, **named: Any) -> Ref:
    if isinstance(x, Ref):
        return x
    if not isinstance(x, int | float):
        raise FormatError(f"{label}: makes a tensor of {x!r:.40}")
    dtype = np.bool_ if isinstance(x, bool) else np.int64 if isinstance(x, int) else np.float32
    return _.constant("number", np.array(checked(label, x), dtype))


_TYPE_NUMBERS = {
    DType.U8: 0, DType.S8: 1, DType.S16: 2, DType.S32: 3, DType.S64: 4, DType.F16: 5, DType.F32: 6, DType.F64: 7,
    DType.BOOL: 11,
}  # fmt: skip


def _dtype(_: Surroundings, label: str, x: Any) -> int:
    return _TYPE_NUMBERS[x.dtype] if isinstance(x, Ref) and x.dtype in _TYPE_NUMBERS else 6


def _contains(_: Surroundings, label: str, items: Any, item: Any) -> bool:
    return isinstance(items, list | tuple | dict) and item in items


def _get_item(_: Surroundings, label: str, items: Any, index: Any) -> Any:
    try:
        return items[index]
    except (TypeError, LookupError) as error:
        raise FormatError(f"{label}: there is no item {index!r:.40}") from error


def _append(_: Surroundings, label: str, items: Any, item: Any) -> Any:
    if not isinstance(items, list):
        raise FormatError(f"{label}: appends to what is no list")
    items.append(item)
    return checked(label, items)


def _list(_: Surroundings, label: str, items: Any) -> list[Any]:
    if not isinstance(items, list | tuple | str):
        raise FormatError(f"{label}: makes a list of {items!r:.40}")
    return list(items)


def _raise(_: Surroundings, label: str, message: Any = "", *rest: Any) -> Any:
    raise UnsupportedError(f"{label}: the model itself refuses these input shapes: {str(message)[:200]}")


def _format(_: Surroundings, label: str, text: Any, *values: Any) -> str:
    shown = [f"'{v.name}'" if isinstance(v, Ref) else str(v)[:60] for v in values]
    return f"{str(text)[:200]} {' '.join(shown)[:200]}".replace("{}", "…").strip()


def _nothing(_: Surroundings, label: str, *given: Any, **named: Any) -> None:
    return None


QUERIES: dict[str, Callable[..., Any]] = {
    "aten.size": _size,
    "aten.sym_size": _size,
    "aten.dim": _dim,
    "aten.numel": _numel,
    "aten.sym_numel": _numel,
    "aten.len": _len,
    "aten.item": _item,
    "aten.Int": _as(int),
    "aten.IntImplicit": _as(int),
    "aten.Float": _as(float),
    "aten.FloatImplicit": _as(float),
    "aten.Bool": _as(bool),
    "aten.ScalarImplicit": _item,
    "aten.is_nonzero": _as(bool),
    "aten.is_floating_point": lambda _, label, x: isinstance(x, Ref) and x.dtype.is_float,
    "aten.is_contiguous": lambda _, label, x, *rest, **named: True,
    "aten.__contains__": _contains,
    "aten.__getitem__": _get_item,
    "aten.append": _append,
    "aten.list": _list,
    "aten.__is__": lambda _, label, a, b: a is b,
    "aten.__isnot__": lambda _, label, a, b: a is not b,
    "aten.format": _format,
    "aten.warn": _nothing,
    "aten.device": lambda _, label, x="cpu": "cpu",
    "prim.dtype": _dtype,
    "prim.device": lambda _, label, x="cpu": "cpu",
    "prim.layout": lambda _, label, x: 0,
    "prim.type": lambda _, label, x: "cpu",
    "prim.is_nested": lambda _, label, x: False,
    "prim.requires_grad": lambda _, label, x: False,
    "aten.is_autocast_enabled": lambda _, label, *rest: False,
    "aten.is_grad_enabled": lambda _, label: False,
    "prim.is_cuda": lambda _, label, x: False,
    "prim.NumToTensor": _num_to_tensor,
    "prim.RaiseException": _raise,
    "prim.unchecked_cast": lambda _, label, x: x,
    "quantized.conv1d_prepack": lambda _, label, *packed: list(packed),
    "quantized.conv2d_prepack": lambda _, label, *packed: list(packed),
    "quantized.linear_prepack": lambda _, label, weight, bias=None: [weight, bias],
    "aten._assert_scalar": _nothing,
    "aten._assert_async": _nothing,
    "aten._assert_tensor_metadata": _nothing,
    "aten.sym_constrain_range": _nothing,
    "aten.sym_constrain_range_for_size": _nothing,
}
"""What is asked of tensors or done with lists of anything: (tracer, label, *arguments) → value."""
