"""ONNX's activation functions beyond the first few; the functions are as in operators.py."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from smelt.formats.channels_first.shapes import positive_axes
from smelt.formats.channels_first.terms import Term, computed, of, result, term
from smelt.formats.channels_first.translation import Surroundings, Translated
from smelt.formats.channels_first.wishes import Wish
from smelt.formats.onnx.schema import Table

ROWS = Table()
"""What reads an activation."""


def _pointwise(_: Surroundings, x: str, curve: Callable[[Term], Term]) -> Translated:
    """A function of each element, in whatever layout the tensor is."""
    data = _.tensor(x)
    return result(_, curve(of(_, data, data.layout)), data.layout)


def _limited(x: Term, low: float, high: float) -> Term:
    return term("minimum", term("maximum", x, low), high)


@ROWS.reads("Selu", wish=Wish.ANY)
def _selu(
    _: Surroundings, x: str, *, alpha: float = 1.67326319217681884765625, gamma: float = 1.05070102214813232421875
) -> Translated:  # fmt: skip
    return _pointwise(_, x, lambda x: term("elu", x, alpha=float(alpha)) * gamma)


@ROWS.reads("Celu", wish=Wish.ANY)
def _celu(_: Surroundings, x: str, *, alpha: float = 1.0) -> Translated:
    return _pointwise(_, x, lambda x: term("elu", x * (1 / alpha), alpha=1.0) * alpha)


@ROWS.reads("HardSigmoid", wish=Wish.ANY)
def _hard_sigmoid(_: Surroundings, x: str, *, alpha: float = 0.2, beta: float = 0.5) -> Translated:
    return _pointwise(_, x, lambda x: _limited(x * alpha + beta, 0.0, 1.0))


@ROWS.reads("Softsign", wish=Wish.ANY)
def _softsign(_: Surroundings, x: str) -> Translated:
    return _pointwise(_, x, lambda x: x / (term("abs", x) + 1.0))


@ROWS.reads("Mish", wish=Wish.ANY)
def _mish(_: Surroundings, x: str) -> Translated:
    return _pointwise(_, x, lambda x: x * term("tanh", term("softplus", x)))


@ROWS.reads("Swish", wish=Wish.ANY)
def _swish(_: Surroundings, x: str, *, alpha: float = 1.0) -> Translated:
    return _pointwise(_, x, lambda x: x * term("logistic", x if alpha == 1 else x * alpha))


@ROWS.reads("SwiGLU", wish=Wish.ANY)
def _swiglu(_: Surroundings, x: str, gate: str, *, alpha: float = 1.0) -> Translated:
    gated, data = _.tensor(x), _.tensor(gate)
    name = of(_, gated)
    return result(_, name * term("logistic", name if alpha == 1 else name * alpha) * of(_, data))


@ROWS.reads("ThresholdedRelu", wish=Wish.ANY)
def _thresholded_relu(_: Surroundings, x: str, *, alpha: float = 1.0) -> Translated:
    data = _.tensor(x)
    zero = np.zeros((), _.dtype(data).numpy)
    return _pointwise(_, x, lambda x: term("select", term("greater", x, alpha), x, zero))


@ROWS.reads("Shrink", wish=Wish.ANY)
def _shrink(_: Surroundings, x: str, *, bias: float = 0.0, lambd: float = 0.5) -> Translated:
    dtype = _.dtype(_.tensor(x)).numpy

    def curve(x: Term) -> Term:
        inner = term("select", term("greater", x, lambd), x - bias, np.zeros((), dtype))
        return term("select", term("less", x, -lambd), x + bias, inner)

    return _pointwise(_, x, curve)


def log_softmax(x: Term, axis: int) -> Term:
    """x less the logarithm of the sum of its exponentials."""
    lowered = x - term("reduce_max", x, axes=(axis,), keep_dims=True)
    return lowered - term("log", term("sum", term("exp", lowered), axes=(axis,), keep_dims=True))


@ROWS.reads("LogSoftmax", since=13)
def _log_softmax(_: Surroundings, x: str, *, axis: int = -1) -> Translated:
    data = _.tensor(x)
    (along,) = positive_axes([axis], data.rank)
    return result(_, log_softmax(of(_, data, data.layout), data.layout.axis(along)), data.layout)


@ROWS.reads("LogSoftmax", until=12)
def _log_softmax_1(_: Surroundings, x: str, *, axis: int = 1) -> Translated:
    data = _.tensor(x)
    split = axis + data.rank if axis < 0 else axis
    positive_axes([split], data.rank)
    rows = int(np.prod(data.shape[:split], dtype=np.int64))
    wide = term("reshape", of(_, data), shape=(rows, int(np.prod(data.shape[split:], dtype=np.int64))))
    return result(_, term("reshape", log_softmax(wide, 1), shape=data.shape))


@ROWS.reads("Hardmax", since=13)
def _hardmax(_: Surroundings, x: str, *, axis: int = -1) -> Translated:
    data = _.tensor(x)
    (along,) = positive_axes([axis], data.rank)
    return _first_largest(_, data.shape, of(_, data), along, _.dtype(data).numpy)


@ROWS.reads("Hardmax", until=12)
def _hardmax_1(_: Surroundings, x: str, *, axis: int = 1) -> Translated:
    data = _.tensor(x)
    split = axis + data.rank if axis < 0 else axis
    positive_axes([split], data.rank)
    shape = (int(np.prod(data.shape[:split])), int(np.prod(data.shape[split:])))
    wide = computed(_, term("reshape", of(_, data), shape=shape))
    hard = _first_largest(_, shape, term("reshape", wide, shape=shape), 1, _.dtype(data).numpy)
    name = _.emit(hard.operator, hard.inputs, hard.attributes)
    return Translated("reshape", (name,), {"shape": data.shape})


def _first_largest(
    _: Surroundings, shape: tuple[int, ...], x: Term, axis: int, dtype: np.dtype[np.generic]
) -> Translated:
    """1 at the first largest element along an axis, 0 elsewhere."""
    index = term("arg_max", x, axis=axis, index_type="s32")
    index = term("reshape", index, shape=(*shape[:axis], 1, *shape[axis + 1 :]))
    places = np.arange(shape[axis], dtype=np.int32).reshape((-1, *[1] * (len(shape) - axis - 1)))
    one, zero = np.ones((), dtype), np.zeros((), dtype)
    return result(_, term("select", term("equal", index, places), one, zero))
