"""ONNX's operators as they were up to opset 6: broadcasting along an axis, a flag instead of a training mode."""

from __future__ import annotations

from smelt.errors import FormatError, UnsupportedError
from smelt.formats.channels_first.dense import scaled_product
from smelt.formats.channels_first.elementwise import batch_normalization, binary
from smelt.formats.channels_first.layout import Tensor
from smelt.formats.channels_first.rearranging import reshape
from smelt.formats.channels_first.translation import TRAINING, Results, Surroundings, Translated, kept
from smelt.formats.channels_first.wishes import Wish
from smelt.formats.onnx.schema import Table

ROWS = Table()
"""What reads an operator of opset 6."""

_OF_TWO = {
    "Add": "add", "Sub": "sub", "Mul": "mul", "Div": "div", "Pow": "pow", "And": "logical_and",
    "Or": "logical_or", "Xor": "logical_xor", "Equal": "equal", "Greater": "greater", "Less": "less",
}  # fmt: skip


def _along(_: Surroundings, x: Tensor, rank: int, axis: int | None) -> Tensor:
    """The second operand with dimensions of size 1 behind, so that it begins at an axis of the first."""
    first = rank - x.rank if axis is None else axis + rank if axis < 0 else axis
    if not 0 <= first <= rank - x.rank:
        raise FormatError(f"{_.label}: '{x.name}' {list(x.shape)} does not begin at axis {axis}")
    return kept(_, reshape(_, x, (*x.shape, *[1] * (rank - first - x.rank))))


def _of_two(foreign: str, operator: str) -> None:
    @ROWS.reads(foreign, until=6, wish=Wish.ANY)
    def function(
        _: Surroundings, a: str, b: str, *, axis: int | None = None, broadcast: int = 0
    ) -> Translated:
        first, second = _.tensor(a), _.tensor(b)
        if broadcast and second.rank:
            second = _along(_, second, first.rank, axis)
        return binary(_, operator, first, second)


for _foreign, _operator in _OF_TWO.items():
    _of_two(_foreign, _operator)


@ROWS.reads("PRelu", until=6, wish=Wish.ANY)
def _prelu(_: Surroundings, x: str, slope: str) -> Translated:
    data, slopes = _.tensor(x), _.tensor(slope)
    if slopes.rank == 1 and slopes.shape != (1,) and data.rank > 1:
        slopes = _along(_, slopes, data.rank, 1)
    return binary(_, "prelu", data, slopes)


@ROWS.reads("Gemm", until=6)
def _gemm(
    _: Surroundings, a: str, b: str, c: str, *,
    alpha: float = 1.0, beta: float = 1.0, broadcast: int = 0, transA: int = 0, transB: int = 0,  # noqa: N803
) -> Translated:  # fmt: skip
    data, matrix, addend = _.tensor(a), _.tensor(b), _.tensor(c)
    if data.rank != 2 or matrix.rank != 2:
        raise FormatError(f"{_.label}: '{a}' and '{b}' must be matrices")
    return scaled_product(
        _, data, matrix, addend, alpha=alpha, beta=beta, transpose_a=bool(transA), transpose_b=bool(transB)
    )


@ROWS.reads("BatchNormalization", until=6, wish=Wish.ANY)
def _batch_normalization(
    _: Surroundings, x: str, scale: str, b: str, mean: str, var: str, *,
    epsilon: float = 1e-5, is_test: int = 0, momentum: float = 0.9, spatial: int = 1,
) -> Translated:  # fmt: skip
    if not is_test:
        raise UnsupportedError(TRAINING.format(_.label))
    if not spatial:
        raise UnsupportedError(f"{_.label}: statistics for each element (spatial=0) are not supported")
    parameters = _.tensor(scale), _.tensor(b), _.tensor(mean), _.tensor(var)
    return batch_normalization(_, _.tensor(x), parameters, epsilon)


@ROWS.reads("Dropout", until=6, wish=Wish.ANY)
def _dropout(_: Surroundings, x: str, *, is_test: int = 0, ratio: float = 0.5) -> Results:
    if not is_test:
        raise UnsupportedError(TRAINING.format(_.label))
    return _.tensor(x)
