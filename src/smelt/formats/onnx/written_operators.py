"""smelt's operators as ONNX's: one short function each, by smelt's name."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from smelt.formats.onnx import written_indexing as indexing
from smelt.formats.onnx import written_windows as windows
from smelt.formats.onnx.write import CHANNELS_FIRST, Writer, type_number
from smelt.formats.onnx.written_recurrent import recurrent
from smelt.ir import DType, Value
from smelt.operators import Call

_Function = Callable[[Writer, Call], None]


def _elementwise_order(_: Writer, call: Call) -> bool:
    """Whether an operator that takes any order is computed with channels first: where an input lies so."""
    rank = len(call.output.shape)
    return rank in CHANNELS_FIRST and any(
        _.is_first(value.name) and len(value.shape) == rank for value in call.inputs if value
    )


def _operands(_: Writer, call: Call, first: bool) -> list[str]:
    return [_.operand(value.name, len(call.output.shape), first) for value in call.inputs if value]


def _plain(operator: str, *, activation: bool = False) -> _Function:
    """An elementwise operator that ONNX has, without attributes."""

    def write(_: Writer, call: Call) -> None:
        first = _elementwise_order(_, call)
        fused = call.attributes.activation if activation else "none"
        _.result(call.output, operator, _operands(_, call, first), first=first, activation=fused)

    return write


def _with(operator: str, attributes: Callable[[Call], Mapping[str, Any]]) -> _Function:
    """An elementwise operator whose attributes are numbers."""

    def write(_: Writer, call: Call) -> None:
        first = _elementwise_order(_, call)
        _.result(call.output, operator, _operands(_, call, first), first=first, **attributes(call))

    return write


def _chain(*operators: str) -> _Function:
    """Operators one after the other; the first one takes the inputs."""

    def write(_: Writer, call: Call) -> None:
        first = _elementwise_order(_, call)
        data = _operands(_, call, first)
        for operator in operators[:-1]:
            data = [_.emit(operator, data, stem=call.output.name)]
        _.result(call.output, operators[-1], data, first=first)

    return write


def _clamp(name: str) -> _Function:
    def write(_: Writer, call: Call) -> None:
        first = _elementwise_order(_, call)
        _.result(call.output, None, _operands(_, call, first), first=first, activation=name)

    return write


def _fully_connected(_: Writer, call: Call) -> None:
    a, data = call.attributes, call.input(0)
    windows.check_real_input(call)
    bias = [_.bias(call)] if call.has(2) else []
    source = _.real(data.name)
    if len(call.output.shape) == 2:
        columns = call.input(1).shape[1]
        if len(data.shape) != 2:
            source = _.reshaped(source, (data.elements // columns, columns))
        inputs = [source, _.weights(call, 1, (0, 1)), *bias]
        _.result(call.output, "Gemm", inputs, activation=a.activation, transB=1)
        return
    inputs = [source, _.weights(call, 1, (1, 0))]
    if not bias:
        _.result(call.output, "MatMul", inputs, activation=a.activation)
        return
    product = _.emit("MatMul", inputs, stem=call.output.name)
    _.result(call.output, "Add", [product, *bias], activation=a.activation)


def _batch_matmul(_: Writer, call: Call) -> None:
    inputs = []
    for index, transposed in enumerate((call.attributes.transpose_a, call.attributes.transpose_b)):
        name = _.real(call.input(index).name)
        if transposed:
            rank = len(call.input(index).shape)
            name = _.emit("Transpose", [name], perm=[*range(rank - 2), rank - 1, rank - 2])
        inputs.append(name)
    _.result(call.output, "MatMul", inputs)


def _softmax(operator: str) -> _Function:
    def write(_: Writer, call: Call) -> None:
        first = _elementwise_order(_, call)
        data = _.real(call.input(0).name, first)
        beta = getattr(call.attributes, "beta", 1.0)
        if beta != 1.0:
            data = _.emit("Mul", [data, _.number("beta", beta)], stem=call.output.name)
        _.result(call.output, operator, [data], first=first, axis=1 if first else -1)

    return write


def _concatenation(_: Writer, call: Call) -> None:
    first = _elementwise_order(_, call)
    axis = call.attributes.axis
    if first:
        axis = CHANNELS_FIRST[len(call.output.shape)].index(axis)
    names = [_.real(value.name, first) for value in call.inputs if value]
    _.result(call.output, "Concat", names, first=first, axis=axis)


def _pad(_: Writer, call: Call) -> None:
    first = _elementwise_order(_, call)
    amounts = list(zip(call.attributes.paddings[::2], call.attributes.paddings[1::2], strict=True))
    if first:
        amounts = [amounts[axis] for axis in CHANNELS_FIRST[len(amounts)]]
    pads = _.integers(f"{call.output.name}/pads", [b for b, _a in amounts] + [a for _b, a in amounts])
    dtype = DType.F32 if call.output.quantization else call.output.dtype
    value = _.number(f"{call.output.name}/value", call.attributes.value, dtype)
    _.result(call.output, "Pad", [_.real(call.input(0).name, first), pads, value], first=first)


def _strided_slice(_: Writer, call: Call) -> None:
    first = _elementwise_order(_, call)
    a = call.attributes
    spans = list(zip(a.begin, a.end, a.stride, strict=True))
    if first:
        spans = [spans[axis] for axis in CHANNELS_FIRST[len(spans)]]
    shape = call.input(0).shape
    sizes = [shape[axis] for axis in CHANNELS_FIRST[len(shape)]] if first else shape
    cut = [axis for axis, span in enumerate(spans) if span != (0, sizes[axis], 1)]
    inputs = [_.real(call.input(0).name, first)]
    # An end below the first element, walking backwards, is written as a number below -size.
    ends = [spans[axis][1] if spans[axis][1] >= 0 else -(2**31) for axis in cut]
    lists = ([spans[axis][0] for axis in cut], ends, cut, [spans[axis][2] for axis in cut])
    names = ("starts", "ends", "axes", "steps")
    inputs += [
        _.integers(f"{call.output.name}/{n}", numbers) for n, numbers in zip(names, lists, strict=True)
    ]
    _.result(call.output, "Slice", inputs, first=first)


def _transpose(_: Writer, call: Call) -> None:
    _.result(call.output, "Transpose", [_.real(call.input(0).name)], perm=list(call.attributes.permutation))


def _without_height(shape: Sequence[int]) -> tuple[int, ...] | None:
    """[batch, 1, length, channels] as [batch, length, channels]; None for others."""
    return (shape[0], *shape[2:]) if len(shape) == 4 and shape[1] == 1 else None


def _reshape(_: Writer, call: Call) -> None:
    source, output = call.input(0), call.output
    name, shape = source.name, output.shape
    if _without_height(shape) == source.shape and (_.is_first(name) or not _.graph.producers().get(name)):
        axes = _.integers(f"{output.name}/axes", [2])
        _.result(output, "Unsqueeze", [_.real(name, first=True), axes], first=True)
    elif _without_height(source.shape) == shape and _.is_first(name):
        axes = _.integers(f"{output.name}/axes", [2])
        _.result(output, "Squeeze", [_.real(name, first=True), axes], first=True)
    else:
        alike = _.is_first(name) and _keeps_order(source)
        wanted = _.integers(f"{output.name}/shape", shape)
        _.result(output, "Reshape", [_.real(name, first=alike), wanted])


def _keeps_order(value: Value) -> bool:
    """Whether the elements lie in the same order with channels first."""
    return value.shape[-1] == 1 or math.prod(value.shape[1:-1]) == 1


def _reduction(operator: str) -> _Function:
    def write(_: Writer, call: Call) -> None:
        a, source = call.attributes, call.input(0)
        axes, name = sorted(a.axes), source.name
        if not axes:
            _.result(call.output, None, [_.real(name)])
            return
        rank = len(source.shape)
        images = axes == list(range(1, rank - 1))
        first = _.is_first(name) and rank in CHANNELS_FIRST and (a.keep_dims or images)
        if first:
            axes = sorted(CHANNELS_FIRST[rank].index(axis) for axis in axes)
        inputs = [_.real(name, first)]
        attributes: dict[str, Any] = {"keepdims": int(a.keep_dims)}
        if operator == "ReduceSum" or _.opset >= 18:
            inputs.append(_.integers(f"{call.output.name}/axes", axes))
            _.result(call.output, operator, inputs, first=first and a.keep_dims, **attributes)
        else:
            _.result(call.output, operator, inputs, first=first and a.keep_dims, axes=axes, **attributes)

    return write


def _logical_reduction(operator: str) -> _Function:
    def write(_: Writer, call: Call) -> None:
        a = call.attributes
        numbers = _.emit("Cast", [_.real(call.input(0).name)], to=6)
        inputs = [numbers]
        attributes: dict[str, Any] = {"keepdims": int(a.keep_dims)}
        if _.opset >= 18:
            inputs.append(_.integers(f"{call.output.name}/axes", a.axes))
            found = _.emit(operator, inputs, **attributes)
        else:
            found = _.emit(operator, inputs, axes=list(a.axes), **attributes)
        _.result(call.output, "Cast", [found], to=9)

    return write


def _cast(_: Writer, call: Call) -> None:
    first = _elementwise_order(_, call)
    name = _.stored(call.input(0).name, first)
    _.result(call.output, "Cast", [name], first=first, to=type_number(call.output.dtype))


def _quantize(_: Writer, call: Call) -> None:
    first = _elementwise_order(_, call)
    _.result(call.output, None, [_.real(call.input(0).name, first)], first=first)


def _dequantize(_: Writer, call: Call) -> None:
    if call.input(0).dtype.is_float:
        _cast(_, call)
    else:
        _quantize(_, call)


def _floor_mod(_: Writer, call: Call) -> None:
    first = _elementwise_order(_, call)
    a, b = _operands(_, call, first)
    if call.output.dtype.is_integer:
        _.result(call.output, "Mod", [a, b], first=first)
        return
    whole = _.emit("Floor", [_.emit("Div", [a, b])])
    _.result(call.output, "Sub", [a, _.emit("Mul", [whole, b])], first=first)


def _floor_div(_: Writer, call: Call) -> None:
    first = _elementwise_order(_, call)
    a, b = _operands(_, call, first)
    if call.output.dtype.is_integer:
        # ONNX divides integers towards zero, but its modulo is that of a division towards minus infinity:
        # where the two do not make up the dividend, the quotient is one less.
        quotient, rest = _.emit("Div", [a, b]), _.emit("Mod", [a, b])
        whole = _.emit("Add", [_.emit("Mul", [quotient, b]), rest])
        differs = _.emit("Not", [_.emit("Equal", [whole, a])])
        less = _.emit("Cast", [differs], to=type_number(call.output.dtype))
        _.result(call.output, "Sub", [quotient, less], first=first)
        return
    _.result(call.output, "Floor", [_.emit("Div", [a, b])], first=first)


def _square(_: Writer, call: Call) -> None:
    first = _elementwise_order(_, call)
    (x,) = _operands(_, call, first)
    _.result(call.output, "Mul", [x, x], first=first)


def _squared_difference(_: Writer, call: Call) -> None:
    first = _elementwise_order(_, call)
    difference = _.emit("Sub", _operands(_, call, first))
    _.result(call.output, "Mul", [difference, difference], first=first)


def _gelu(_: Writer, call: Call) -> None:
    first = _elementwise_order(_, call)
    kind = "tanh" if call.attributes.approximate else "none"
    _.result(call.output, "Gelu", _operands(_, call, first), first=first, approximate=kind)


WRITTEN: Mapping[str, _Function] = {
    "add": _plain("Add", activation=True),
    "sub": _plain("Sub", activation=True),
    "mul": _plain("Mul", activation=True),
    "conv_2d": windows.convolution,
    "depthwise_conv_2d": windows.convolution,
    "average_pool_2d": windows.pool("AveragePool"),
    "max_pool_2d": windows.pool("MaxPool"),
    "fully_connected": _fully_connected,
    "batch_matmul": _batch_matmul,
    "softmax": _softmax("Softmax"),
    "concatenation": _concatenation,
    "pad": _pad,
    "strided_slice": _strided_slice,
    "transpose": _transpose,
    "reshape": _reshape,
    "squeeze": _reshape,
    "expand_dims": _reshape,
    "mean": _reduction("ReduceMean"),
    "sum": _reduction("ReduceSum"),
    "reduce_max": _reduction("ReduceMax"),
    "reduce_min": _reduction("ReduceMin"),
    "reduce_prod": _reduction("ReduceProd"),
    "reduce_any": _logical_reduction("ReduceMax"),
    "reduce_all": _logical_reduction("ReduceMin"),
    "arg_max": indexing.argument("ArgMax"),
    "arg_min": indexing.argument("ArgMin"),
    "gather": indexing.gather,
    "select": _plain("Where"),
    "cast": _cast,
    "quantize": _quantize,
    "dequantize": _dequantize,
    "relu": _clamp("relu"),
    "relu6": _clamp("relu6"),
    "relu_n1_to_1": _clamp("relu_n1_to_1"),
    "leaky_relu": _with("LeakyRelu", lambda call: {"alpha": call.attributes.alpha}),
    "elu": _with("Elu", lambda call: {"alpha": call.attributes.alpha}),
    "prelu": _plain("PRelu"),
    "logistic": _plain("Sigmoid"),
    "hard_swish": _plain("HardSwish"),
    "gelu": _gelu,
    "square": _square,
    "squared_difference": _squared_difference,
    "floor_div": _floor_div,
    "floor_mod": _floor_mod,
    "rsqrt": _chain("Sqrt", "Reciprocal"),
    "not_equal": _chain("Equal", "Not"),
    "transpose_conv": windows.transposed_convolution,
    "resize_nearest_neighbor": windows.resize("nearest"),
    "resize_bilinear": windows.resize("linear"),
    "gather_nd": indexing.gather_nd,
    "gather_elements": indexing.gather_elements,
    "tensor_scatter": indexing.tensor_scatter,
    "cumsum": indexing.cumsum,
    "tile": indexing.tile,
    "broadcast_to": indexing.broadcast_to,
    "topk_v2": indexing.topk,
    "truncated_mod": _with("Mod", lambda call: {"fmod": 1}),
    "lstm": recurrent,
    "gru": recurrent,
    "rnn": recurrent,
    **{
        name: _plain(operator)
        for name, operator in {
            "abs": "Abs", "ceil": "Ceil", "cos": "Cos", "erf": "Erf", "exp": "Exp", "floor": "Floor", "log": "Log",
            "neg": "Neg", "reciprocal": "Reciprocal", "round": "Round", "sign": "Sign", "sin": "Sin",
            "softplus": "Softplus", "sqrt": "Sqrt", "tanh": "Tanh", "div": "Div", "pow": "Pow", "equal": "Equal",
            "less": "Less", "less_equal": "LessOrEqual", "greater": "Greater", "greater_equal": "GreaterOrEqual",
            "logical_and": "And", "logical_or": "Or", "logical_xor": "Xor", "logical_not": "Not", "maximum": "Max",
            "minimum": "Min", "acos": "Acos", "acosh": "Acosh", "asin": "Asin", "asinh": "Asinh", "atan": "Atan",
            "atanh": "Atanh", "cosh": "Cosh", "sinh": "Sinh", "tan": "Tan", "bitwise_and": "BitwiseAnd",
            "bitwise_or": "BitwiseOr", "bitwise_xor": "BitwiseXor",
        }.items()
    },
}  # fmt: skip

NEEDED_OPSET = {"gelu": 20, "bitwise_and": 18, "bitwise_or": 18, "bitwise_xor": 18, "tensor_scatter": 18}
"""The first opset that has what an operator is written as, where that is not in all."""
