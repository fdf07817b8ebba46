"""TensorFlow's operators as smelt's: one short function each, whose signature is the operator's schema.

Positional parameters are the inputs, keyword-only ones the attributes with TensorFlow's defaults. `_` is the
interpreter, which knows what surrounds the node.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import partial

import numpy as np

from smelt.errors import FormatError, UnsupportedError
from smelt.formats.saved_model.attributes import DataType, FunctionName
from smelt.formats.saved_model.bundle import DTYPES
from smelt.formats.saved_model.interpreter import Interpreter, Item, Variable
from smelt.formats.saved_model.schema import Table
from smelt.ir import Array, Attribute, DType

INT32, INT64 = DataType(3), DataType(9)

OPERATORS = Table()
"""What reads an operator, by its name."""


@OPERATORS.reads("Const")
def _const(_: Interpreter, *, value: Array) -> str:
    return _.keep(value, ("constant", id(_.node)))


@OPERATORS.reads("VarHandleOp")
def _handle(_: Interpreter) -> Variable:
    return _.own_variable()


@OPERATORS.reads("VariableV2", "Variable")
def _variable(_: Interpreter) -> str:
    return _.variable(_.own_variable())


@OPERATORS.reads("ReadVariableOp")
def _read_variable(_: Interpreter, handle: Item) -> str:
    return _.variable(handle)


@OPERATORS.reads("Placeholder")
def _placeholder(_: Interpreter) -> str:
    raise FormatError(f"{_.label}: is read, but no input of the signature")


@OPERATORS.reads(
    "Identity", "StopGradient", "PreventGradient", "CheckNumerics", "Snapshot", "PlaceholderWithDefault", "EnsureShape"
)  # fmt: skip
def _identity(_: Interpreter, x: Item) -> Item:
    return x


@OPERATORS.reads("IdentityN")
def _identities(_: Interpreter, *inputs: Item) -> Sequence[Item]:
    return inputs


def _unary(operator: str, attributes: dict[str, Attribute], _: Interpreter, x: Item) -> str:
    return _.emit(operator, (x,), attributes)


for _name, _operator in {
    "Relu": "relu", "Relu6": "relu6", "Elu": "elu", "Sigmoid": "logistic", "Tanh": "tanh", "Softplus": "softplus",
    "Erf": "erf", "Exp": "exp", "Log": "log", "Sqrt": "sqrt", "Rsqrt": "rsqrt", "Square": "square", "Abs": "abs",
    "Neg": "neg", "Sign": "sign", "Floor": "floor", "Ceil": "ceil", "Rint": "round", "Round": "round", "Sin": "sin",
    "Cos": "cos", "Reciprocal": "reciprocal", "Inv": "reciprocal",
}.items():  # fmt: skip
    OPERATORS[_name] = partial(_unary, _operator, {})


@OPERATORS.reads("LeakyRelu")
def _leaky_relu(_: Interpreter, x: Item, *, alpha: float = 0.2) -> str:
    return _.emit("leaky_relu", (x,), {"alpha": alpha})


@OPERATORS.reads("Selu")
def _selu(_: Interpreter, x: Item) -> str:
    elu = _.emit("elu", (x,), {"alpha": 1.6732632423543772})
    return _.emit("mul", (elu, _.number(1.0507009873554805, x)))


@OPERATORS.reads("Softsign")
def _softsign(_: Interpreter, x: Item) -> str:
    return _.emit("div", (x, _.emit("add", (_.emit("abs", (x,)), _.number(1.0, x)))))


@OPERATORS.reads("Erfc")
def _erfc(_: Interpreter, x: Item) -> str:
    return _.emit("sub", (_.number(1.0, x), _.emit("erf", (x,))))


@OPERATORS.reads("Expm1")
def _expm1(_: Interpreter, x: Item) -> str:
    return _.emit("sub", (_.emit("exp", (x,)), _.number(1.0, x)))


@OPERATORS.reads("Log1p")
def _log1p(_: Interpreter, x: Item) -> str:
    return _.emit("log", (_.emit("add", (x, _.number(1.0, x))),))


@OPERATORS.reads("Softmax")
def _softmax(_: Interpreter, x: Item) -> str:
    return _.emit("softmax", (x,), {"beta": 1.0})


@OPERATORS.reads("LogSoftmax")
def _log_softmax(_: Interpreter, x: Item) -> str:
    last: dict[str, Attribute] = {"axes": (len(_.shape(x)) - 1,), "keep_dims": True}
    centred = _.emit("sub", (x, _.emit("reduce_max", (x,), last)))
    total = _.emit("log", (_.emit("sum", (_.emit("exp", (centred,)),), last),))
    return _.emit("sub", (centred, total))


@OPERATORS.reads("ClipByValue")
def _clip(_: Interpreter, x: Item, low: Item, high: Item) -> str:
    return _.emit("maximum", (_.emit("minimum", (x, high)), low))


def _binary(operator: str, _: Interpreter, a: Item, b: Item, *, incompatible_shape_error: bool = True) -> str:
    return _.emit(operator, (a, b))


for _name, _operator in {
    "Add": "add", "AddV2": "add", "Sub": "sub", "Mul": "mul", "RealDiv": "div", "Div": "div", "TruncateDiv": "div",
    "FloorDiv": "floor_div", "FloorMod": "floor_mod", "Maximum": "maximum", "Minimum": "minimum", "Pow": "pow",
    "SquaredDifference": "squared_difference", "Equal": "equal", "NotEqual": "not_equal", "Less": "less",
    "LessEqual": "less_equal", "Greater": "greater", "GreaterEqual": "greater_equal", "LogicalAnd": "logical_and",
    "LogicalOr": "logical_or",
}.items():  # fmt: skip
    OPERATORS[_name] = partial(_binary, _operator)


@OPERATORS.reads("AddN")
def _add_n(_: Interpreter, first: Item, *others: Item) -> Item:
    result = first
    for other in others:
        result = _.emit("add", (result, other))
    return result


@OPERATORS.reads("BiasAdd")
def _bias_add(_: Interpreter, x: Item, bias: Item, *, data_format: str = "NHWC") -> str:
    if data_format == "NCHW":
        rank = len(_.shape(x))
        bias = _.reshape(bias, (1, -1 * -_.shape(bias)[0], *(1,) * (rank - 2)))
    return _.emit("add", (x, bias))


@OPERATORS.reads("MatMul")
def _matmul(_: Interpreter, a: Item, b: Item, *, transpose_a: bool = False, transpose_b: bool = False) -> str:
    return matrix_product(_, a, b, transpose_a, transpose_b)


@OPERATORS.reads("BatchMatMul", "BatchMatMulV2", "BatchMatMulV3")
def _batch_matmul(
    _: Interpreter, x: Item, y: Item, *, adj_x: bool = False, adj_y: bool = False, Tout: DataType | None = None  # noqa: N803
) -> str:  # fmt: skip
    return matrix_product(_, x, y, adj_x, adj_y)


def matrix_product(_: Interpreter, a: Item, b: Item, transpose_a: bool, transpose_b: bool) -> str:
    """fully_connected where the right matrix is one constant, else batch_matmul."""
    if min(len(_.shape(a)), len(_.shape(b))) < 2:
        raise FormatError(f"{_.label}: multiplies {list(_.shape(a))} by {list(_.shape(b))}")
    if len(_.shape(b)) > 2 or not _.is_constant(b) or not _.value(b).dtype.is_float:
        return _.emit("batch_matmul", (a, b), {"transpose_a": transpose_a, "transpose_b": transpose_b})
    rank = len(_.shape(a))
    rows = _.transpose(a, (*range(rank - 2), rank - 1, rank - 2)) if transpose_a else _.tensor(a)
    weights = b if transpose_b else transposed_constant(_, b, (1, 0))
    return _.emit("fully_connected", (rows, weights), {"keep_dims": rank != 2})


def transposed_constant(_: Interpreter, item: Item, order: Sequence[int]) -> str:
    """A known tensor in another order, made once."""
    array = _.constant(item)
    return _.store(_.tensor(item), lambda: array.transpose(order), ("transposed", item, tuple(order)))


@OPERATORS.reads(
    "FusedBatchNorm", "FusedBatchNormV2", "FusedBatchNormV3",
    outputs=("y", "batch_mean", "batch_variance", "reserve_space_1", "reserve_space_2", "reserve_space_3"),
)  # fmt: skip
def _batch_normalization(
    _: Interpreter, x: Item, scale: Item, offset: Item, mean: Item, variance: Item, *,
    epsilon: float = 1e-4, data_format: str = "NHWC", is_training: bool = True,
) -> str:  # fmt: skip
    if is_training and _is_of_rows(_, x, scale, offset, mean, data_format):
        return _standardized_rows(_, x, epsilon)
    if is_training:
        raise UnsupportedError(
            f"{_.label}: the model was saved in training mode; export it for inference, for example "
            "model.export('folder') or a function that calls model(x, training=False)"
        )
    parameters = [_.constant(item).astype(np.float64) for item in (scale, offset, mean, variance)]
    gamma, beta, average, spread = parameters
    factor = gamma / np.sqrt(spread + epsilon)
    shape = (-1, *(1,) * (len(_.shape(x)) - 2)) if data_format == "NCHW" else (-1,)
    factors = _.keep(factor.astype(np.float32).reshape(shape), ("factors", scale, mean, variance, shape))
    offsets = (beta - average * factor).astype(np.float32).reshape(shape)
    shifted = _.keep(offsets, ("offsets", scale, offset, mean, variance, shape))
    return _.emit("add", (_.emit("mul", (x, factors)), shifted))


def _is_of_rows(_: Interpreter, x: Item, scale: Item, offset: Item, mean: Item, data_format: str) -> bool:
    """Whether this is Keras 2's layer normalization: the rows of one image are the channels, nothing is learned."""
    plain = _.is_constant(scale) and _.is_constant(offset) and _.shape(mean) == (0,)
    return (
        plain
        and data_format == "NCHW"
        and _.shape(x)[0] == 1
        and bool(np.all(_.constant(scale) == 1) and np.all(_.constant(offset) == 0))
    )


def _standardized_rows(_: Interpreter, x: Item, epsilon: float) -> str:
    axes: dict[str, Attribute] = {"axes": tuple(range(2, len(_.shape(x)))), "keep_dims": True}
    centred = _.emit("sub", (x, _.emit("mean", (x,), axes)))
    variance = _.emit("mean", (_.emit("mul", (centred, centred)),), axes)
    inverse = _.emit("rsqrt", (_.emit("add", (variance, _.number(epsilon, x))),))
    return _.emit("mul", (centred, inverse))


def _reduced(operator: str, _: Interpreter, x: Item, axes: Item, *, keep_dims: bool = False) -> Item:
    rank = len(_.shape(x))
    chosen = sorted({_.axis(axis, rank) for axis in _.integers(axes)})
    if not chosen:
        return x
    return _.emit(operator, (x,), {"axes": tuple(chosen), "keep_dims": keep_dims})


for _name, _operator in {
    "Mean": "mean", "Sum": "sum", "Max": "reduce_max", "Min": "reduce_min", "Prod": "reduce_prod",
    "All": "reduce_all", "Any": "reduce_any",
}.items():  # fmt: skip
    OPERATORS[_name] = partial(_reduced, _operator)


def _argument(operator: str, _: Interpreter, x: Item, axis: Item, *, output_type: DataType) -> str:
    along = _.axis(_.integer(axis), len(_.shape(x)))
    kind = element_type(_, output_type)
    return _.emit(operator, (x,), {"axis": along, "index_type": kind.value})


def _arg_max(_: Interpreter, x: Item, axis: Item, *, output_type: DataType = INT64) -> str:
    return _argument("arg_max", _, x, axis, output_type=output_type)


def _arg_min(_: Interpreter, x: Item, axis: Item, *, output_type: DataType = INT64) -> str:
    return _argument("arg_min", _, x, axis, output_type=output_type)


OPERATORS.update(ArgMax=_arg_max, ArgMin=_arg_min)


def element_type(_: Interpreter, kind: DataType) -> DType:
    """smelt's type for one of TensorFlow's."""
    dtype = DTYPES.get(kind)
    if dtype is None:
        raise UnsupportedError(f"{_.label}: TensorFlow's data type {int(kind)} is not supported")
    return DType.of(np.empty(0, dtype))


@OPERATORS.reads("Cast")
def _cast(_: Interpreter, x: Item, *, DstT: DataType, Truncate: bool = False) -> str:  # noqa: N803
    return _.cast(x, element_type(_, DstT))


@OPERATORS.reads("Select", "SelectV2")
def _select(_: Interpreter, condition: Item, a: Item, b: Item) -> str:
    if len(_.shape(condition)) == 1 < len(_.shape(a)) and _.node is not None and _.node.op == "Select":
        condition = _.reshape(condition, (_.shape(condition)[0], *(1,) * (len(_.shape(a)) - 1)))
    return _.emit("select", (condition, a, b))


@OPERATORS.reads("If", "StatelessIf")
def _if(
    _: Interpreter, condition: Item, *inputs: Item, then_branch: FunctionName, else_branch: FunctionName
) -> Sequence[Item]:
    chosen = _.constant(condition)
    if chosen.size != 1:
        raise FormatError(f"{_.label}: its condition has {chosen.size} elements")
    return _.call(then_branch if chosen.reshape(-1)[0] else else_branch, inputs)


@OPERATORS.reads("Shape")
def _shape(_: Interpreter, x: Item, *, out_type: DataType = INT32) -> str:
    return _.keep(np.array(_.shape(x), element_type(_, out_type).numpy))


@OPERATORS.reads("ShapeN")
def _shapes(_: Interpreter, *inputs: Item, out_type: DataType = INT32) -> Sequence[str]:
    return [_shape(_, x, out_type=out_type) for x in inputs]


@OPERATORS.reads("Size")
def _size(_: Interpreter, x: Item, *, out_type: DataType = INT32) -> str:
    return _.keep(np.array(math.prod(_.shape(x)), element_type(_, out_type).numpy))


@OPERATORS.reads("Rank")
def _rank(_: Interpreter, x: Item) -> str:
    return _.keep(np.array(len(_.shape(x)), np.int32))
