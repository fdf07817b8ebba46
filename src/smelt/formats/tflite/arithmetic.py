"""TFLite's operators that compute element by element, along axes or with matrices, as smelt's."""

from __future__ import annotations

from collections.abc import Mapping

from smelt.errors import FormatError, UnsupportedError
from smelt.formats.tflite.schema import ActivationFunctionType, BuiltinOperator, TensorType
from smelt.formats.tflite.translation import Surroundings, Translated, activation, integers, reads


@reads(BuiltinOperator.ADD)
def _add(_: Surroundings, a: str, b: str, *, fused_activation_function: ActivationFunctionType) -> Translated:
    return Translated("add", (a, b), {"activation": activation(_, fused_activation_function)})


@reads(BuiltinOperator.SUB)
def _sub(_: Surroundings, a: str, b: str, *, fused_activation_function: ActivationFunctionType) -> Translated:
    return Translated("sub", (a, b), {"activation": activation(_, fused_activation_function)})


@reads(BuiltinOperator.MUL)
def _mul(_: Surroundings, a: str, b: str, *, fused_activation_function: ActivationFunctionType) -> Translated:
    return Translated("mul", (a, b), {"activation": activation(_, fused_activation_function)})


@reads(BuiltinOperator.DIV)
def _div(_: Surroundings, a: str, b: str, *, fused_activation_function: ActivationFunctionType) -> Translated:
    if activation(_, fused_activation_function) != "none":
        raise UnsupportedError(f"{_.label}: a fused activation of a division is not supported")
    return Translated("div", (a, b), {})


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


@reads(
    BuiltinOperator.LOGISTIC, BuiltinOperator.TANH, BuiltinOperator.RELU, BuiltinOperator.RELU6,
    BuiltinOperator.RELU_N1_TO_1,
)  # fmt: skip
def _unary(_: Surroundings, x: str) -> Translated:
    return Translated(_.label.split()[0].lower(), (x,), {})


@reads(BuiltinOperator.ELU)
def _elu(_: Surroundings, x: str) -> Translated:
    return Translated("elu", (x,), {})


@reads(BuiltinOperator.GELU)
def _gelu(_: Surroundings, x: str, *, approximate: bool) -> Translated:
    return Translated("gelu", (x,), {"approximate": approximate})


@reads(BuiltinOperator.LEAKY_RELU)
def _leaky_relu(_: Surroundings, x: str, *, alpha: float) -> Translated:
    return Translated("leaky_relu", (x,), {"alpha": float(alpha)})


@reads(BuiltinOperator.SOFTMAX)
def _softmax(_: Surroundings, x: str, *, beta: float) -> Translated:
    return Translated("softmax", (x,), {"beta": float(beta)})


@reads(BuiltinOperator.MEAN)
def _mean(_: Surroundings, x: str, axes: str, *, keep_dims: bool) -> Translated:
    rank = len(_.value(x).shape)
    given = sorted({int(a) % max(rank, 1) for a in integers(_, axes).reshape(-1).tolist()})
    return Translated("mean", (x,), {"axes": tuple(given), "keep_dims": bool(keep_dims)})


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


@reads(BuiltinOperator.CUMSUM)
def _cumsum(_: Surroundings, x: str, axis: str, *, exclusive: bool, reverse: bool) -> Translated:
    along = int(integers(_, axis).reshape(-1)[0]) % max(len(_.value(x).shape), 1)
    return Translated("cumsum", (x,), {"axis": along, "exclusive": exclusive, "reverse": reverse})


@reads(BuiltinOperator.BATCH_MATMUL)
def _batch_matmul(_: Surroundings, a: str, b: str, *, adj_x: bool, adj_y: bool) -> Translated:
    return Translated("batch_matmul", (a, b), {"transpose_a": adj_x, "transpose_b": adj_y})


@reads(BuiltinOperator.SELECT_V2)
def _select(_: Surroundings, condition: str, a: str, b: str) -> Translated:
    return Translated("select", (condition, a, b), {})


@reads(BuiltinOperator.QUANTIZE)
def _quantize(_: Surroundings, x: str) -> Translated:
    return Translated("quantize", (x,), {"dtype": _.outputs[0].dtype.value})


@reads(BuiltinOperator.DEQUANTIZE)
def _dequantize(_: Surroundings, x: str) -> Translated:
    return Translated("dequantize", (x,), {})


@reads(BuiltinOperator.CAST)
def _cast(_: Surroundings, x: str) -> Translated:
    return Translated("cast", (x,), {"to": _.outputs[0].dtype.value})
