"""smelt's operators as Keras's layers: one short function each, which appends what computes the operator's results."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from smelt.formats.keras.writing import Result, Written
from smelt.formats.tflite.windows import same_padding
from smelt.ir import Array, Value
from smelt.operators.operator import Call

Function = Callable[[Written, Call], Any]
WRITTEN: dict[str, Function] = {}
"""What writes an operator, by its name."""

_LAST = "channels_last"


def writes(*operators: str) -> Callable[[Function], Function]:
    """A decorator: the function that writes these operators."""

    def register(function: Function) -> Function:
        WRITTEN.update(dict.fromkeys(operators, function))
        return function

    return register


def data_of(_: Written, call: Call) -> Result:
    """The first input, which must be computed."""
    name = call.node.inputs[0]
    if name is None or name not in _.results:
        raise _.unsupported(f"'{name}', which is a constant,")
    return _.read(name)


def layer_of(
    _: Written, kind: str, config: dict[str, Any], inputs: Sequence[Any], value: Value, arrays: Sequence[Array] = ()
) -> Result:  # fmt: skip
    """A layer with one result."""
    return _.add(kind, config, inputs, [value], arrays)[0]


def activated(_: Written, x: Result, activation: str) -> Result:
    """The activation that a node has fused, as a layer of its own."""
    match activation:
        case "none":
            return x
        case "relu":
            return layer_of(_, "ReLU", {}, [x], x.value)
        case "relu6":
            return layer_of(_, "ReLU", {"max_value": 6.0}, [x], x.value)
        case _:
            return layer_of(_, "Activation", {"activation": "hard_tanh"}, [x], x.value)


def _image(_: Written, x: Result, padding: Sequence[int], kernel: Sequence[int], stride: Sequence[int],
           dilation: Sequence[int], *, zeros: bool) -> tuple[Result, str]:  # fmt: skip
    """The image and Keras's word for the padding around it; zeros are added by a layer where there is no word."""
    if not any(padding):
        return x, "valid"
    shape = x.value.shape
    same = [
        n
        for axis in range(2)
        for n in same_padding(shape[1 + axis], kernel[axis], stride[axis], dilation[axis])
    ]
    if list(padding) == same:
        return x, "same"
    if not zeros:
        raise _.unsupported(f"the padding {tuple(padding)} of a pool")
    top, bottom, left, right = padding
    padded = (shape[0], shape[1] + top + bottom, shape[2] + left + right, shape[3])
    config = {"padding": [[top, bottom], [left, right]], "data_format": _LAST}
    return layer_of(_, "ZeroPadding2D", config, [x], replace(x.value, shape=padded)), "valid"


@writes("conv_2d", "depthwise_conv_2d")
def _convolution(_: Written, call: Call) -> Result:
    a, weights = call.attributes, _.weights_of(call.node.inputs[1])
    bias = _.constant(call.node.inputs[2]) if call.has(2) else None
    if call.has(2) and bias is None:
        raise _.unsupported("a computed bias")
    kernel = weights.shape[1:3]
    x, word = _image(_, data_of(_, call), a.padding, kernel, a.stride, a.dilation, zeros=True)
    config: dict[str, Any] = {
        "kernel_size": list(kernel), "strides": list(a.stride), "padding": word, "data_format": _LAST,
        "dilation_rate": list(a.dilation), "use_bias": bias is not None,
    }  # fmt: skip
    channels = x.value.shape[3]
    if call.node.operator == "conv_2d":
        config.update(filters=weights.shape[0], groups=channels // weights.shape[3])
        array, kind = weights.transpose(1, 2, 3, 0), "Conv2D"
    else:
        config.update(depth_multiplier=a.multiplier)
        array, kind = weights.reshape(*kernel, channels, a.multiplier), "DepthwiseConv2D"
    arrays = [array] if bias is None else [array, bias.reshape(-1)]
    return activated(_, layer_of(_, kind, config, [x], call.output, arrays), a.activation)


@writes("fully_connected")
def _dense(_: Written, call: Call) -> Result:
    weights, x = _.weights_of(call.node.inputs[1]), data_of(_, call)
    bias = _.weights_of(call.node.inputs[2]) if call.has(2) else None
    if x.value.shape[:-1] != call.output.shape[:-1]:
        x = _reshaped(_, x, (*call.output.shape[:-1], weights.shape[1]))
    config = {"units": len(weights), "use_bias": bias is not None}
    arrays = [weights.T] if bias is None else [weights.T, bias.reshape(-1)]
    return activated(_, layer_of(_, "Dense", config, [x], call.output, arrays), call.attributes.activation)


@writes("average_pool_2d", "max_pool_2d")
def _pool(_: Written, call: Call) -> Result:
    a = call.attributes
    x, word = _image(_, data_of(_, call), a.padding, a.filter, a.stride, (1, 1), zeros=False)
    kind = "AveragePooling2D" if call.node.operator == "average_pool_2d" else "MaxPooling2D"
    config = {
        "pool_size": list(a.filter), "strides": list(a.stride), "padding": word, "data_format": _LAST
    }  # fmt: skip
    return activated(_, layer_of(_, kind, config, [x], call.output), a.activation)


_ACTIVATIONS = {
    "logistic": "sigmoid", "tanh": "tanh", "softplus": "softplus", "exp": "exponential", "hard_swish": "hard_silu",
    "relu_n1_to_1": "hard_tanh",
}  # fmt: skip


@writes(*_ACTIVATIONS)
def _activation(_: Written, call: Call) -> Result:
    config = {"activation": _ACTIVATIONS[call.node.operator]}
    return layer_of(_, "Activation", config, [data_of(_, call)], call.output)


@writes("relu", "relu6")
def _relu(_: Written, call: Call) -> Result:
    return activated(_, data_of(_, call), call.node.operator)


@writes("leaky_relu")
def _leaky_relu(_: Written, call: Call) -> Result:
    config = {"negative_slope": float(call.attributes.alpha)}
    return layer_of(_, "LeakyReLU", config, [data_of(_, call)], call.output)


@writes("elu")
def _elu(_: Written, call: Call) -> Result:
    return layer_of(_, "ELU", {"alpha": float(call.attributes.alpha)}, [data_of(_, call)], call.output)


@writes("gelu")
def _gelu(_: Written, call: Call) -> Result:
    config = {"approximate": bool(call.attributes.approximate)}
    return _.operation("Gelu", [data_of(_, call)], call.output, config, "nn")


@writes("softmax")
def _softmax(_: Written, call: Call) -> Result:
    x = data_of(_, call)
    if call.attributes.beta != 1:
        x = layer_of(_, "Rescaling", {"scale": float(call.attributes.beta), "offset": 0.0}, [x], x.value)
    return layer_of(_, "Softmax", {"axis": -1}, [x], call.output)


@writes("prelu")
def _prelu(_: Written, call: Call) -> Result:
    x, slopes = data_of(_, call), _.weights_of(call.node.inputs[1])
    rank = len(x.value.shape)
    sizes = (1,) * (rank - 1 - slopes.ndim) + slopes.shape if slopes.ndim < rank else slopes.shape[1:]
    shared = [axis + 1 for axis, size in enumerate(sizes) if size == 1 != x.value.shape[axis + 1]]
    config = {"shared_axes": shared or None}
    return layer_of(_, "PReLU", config, [x], call.output, [slopes.reshape(sizes)])


_MERGES = {
    "add": ("Add", "Add"), "sub": ("Subtract", "Subtract"), "mul": ("Multiply", "Multiply"),
    "maximum": ("Maximum", "Maximum"), "minimum": ("Minimum", "Minimum"), "div": ("", "Divide"), "pow": ("", "Power"),
    "floor_div": ("", "FloorDivide"), "floor_mod": ("", "Mod"), "equal": ("", "Equal"), "not_equal": ("", "NotEqual"),
    "less": ("", "Less"), "less_equal": ("", "LessEqual"), "greater": ("", "Greater"),
    "greater_equal": ("", "GreaterEqual"), "logical_and": ("", "LogicalAnd"), "logical_or": ("", "LogicalOr"),
    "logical_xor": ("", "LogicalXor"),
}  # fmt: skip


_DIVISIONS = ("Divide", "FloorDivide", "Mod")


@writes(*_MERGES)
def _merge(_: Written, call: Call) -> Result:
    """A layer for two tensors of one shape, else an operation, which takes constants as well."""
    layer, operation = _MERGES[call.node.operator]
    if operation in _DIVISIONS and not call.output.dtype.is_float:
        raise _.unsupported("a division of integers, which backends round and guard in their own ways,")
    a, b = (_.operand(str(name)) for name in call.node.inputs)
    if layer and isinstance(a, Result) and isinstance(b, Result) and a.value.shape == b.value.shape:
        result = layer_of(_, layer, {}, [[a, b]], call.output)
    else:
        result = _.operation(operation, [a, b], call.output)
    return activated(_, result, getattr(call.attributes, "activation", "none"))


@writes("squared_difference")
def _squared_difference(_: Written, call: Call) -> Result:
    a, b = (_.operand(str(name)) for name in call.node.inputs)
    return _.operation("Square", [_.operation("Subtract", [a, b], call.output)], call.output)


_UNARY = {
    "abs": ("Absolute", "numpy"), "neg": ("Negative", "numpy"), "log": ("Log", "numpy"), "sqrt": ("Sqrt", "numpy"),
    "square": ("Square", "numpy"), "sign": ("Sign", "numpy"), "floor": ("Floor", "numpy"), "ceil": ("Ceil", "numpy"),
    "sin": ("Sin", "numpy"), "cos": ("Cos", "numpy"), "reciprocal": ("Reciprocal", "numpy"), "rsqrt": ("Rsqrt", "math"),
    "erf": ("Erf", "math"),
}  # fmt: skip


@writes(*_UNARY)
def _unary(_: Written, call: Call) -> Result:
    kind, module = _UNARY[call.node.operator]
    return _.operation(kind, [data_of(_, call)], call.output, module=module)


@writes("round")
def _round(_: Written, call: Call) -> Result:
    return _.operation("Round", [data_of(_, call)], call.output, {"decimals": 0})


_REDUCTIONS = {
    "mean": "Mean", "sum": "Sum", "reduce_max": "Max", "reduce_min": "Min", "reduce_prod": "Prod", "reduce_all": "All",
    "reduce_any": "Any",
}  # fmt: skip


@writes(*_REDUCTIONS)
def _reduction(_: Written, call: Call) -> Result:
    x, a = data_of(_, call), call.attributes
    layer = {("mean", (1, 2)): "GlobalAveragePooling2D", ("reduce_max", (1, 2)): "GlobalMaxPooling2D"}
    kind = layer.get((call.node.operator, tuple(a.axes)))
    if kind and len(x.value.shape) == 4:
        return layer_of(_, kind, {"data_format": _LAST, "keepdims": bool(a.keep_dims)}, [x], call.output)
    _batch(_, 0 not in a.axes)
    config = {"axis": list(a.axes), "keepdims": bool(a.keep_dims)}
    return _.operation(_REDUCTIONS[call.node.operator], [x], call.output, config)


@writes("arg_max", "arg_min")
def _argument(_: Written, call: Call) -> Result:
    a = call.attributes
    _batch(_, a.axis != 0)
    kind = "Argmax" if call.node.operator == "arg_max" else "Argmin"
    value = replace(call.output, dtype=call.output.dtype)
    found = _.operation(kind, [data_of(_, call)], value, {"axis": int(a.axis), "keepdims": False})
    return _.operation("Cast", [found], call.output, {"dtype": call.output.dtype.numpy.name}, "core")


def _batch(_: Written, kept: bool) -> None:
    """Remember where the first dimension is not the batch any longer: then it must stay what it is."""
    _.open_batch = _.open_batch and kept


def _reshaped(_: Written, x: Result, shape: Sequence[int]) -> Result:
    value = replace(x.value, shape=tuple(shape))
    if shape and x.value.shape and shape[0] == x.value.shape[0]:
        return layer_of(_, "Reshape", {"target_shape": list(shape[1:])}, [x], value)
    _batch(_, False)
    return _.operation("Reshape", [x], value, {"newshape": list(shape)})


@writes("reshape", "squeeze", "expand_dims")
def _reshape(_: Written, call: Call) -> Result:
    return _reshaped(_, data_of(_, call), call.output.shape)


@writes("transpose")
def _transpose(_: Written, call: Call) -> Result:
    order = [int(axis) for axis in call.attributes.permutation]
    if order[0] == 0:
        return layer_of(_, "Permute", {"dims": order[1:]}, [data_of(_, call)], call.output)
    _batch(_, False)
    return _.operation("Transpose", [data_of(_, call)], call.output, {"axes": order})


@writes("concatenation")
def _concatenation(_: Written, call: Call) -> Result:
    parts = [_.operand(str(name)) for name in call.node.inputs]
    axis = int(call.attributes.axis)
    _batch(_, axis != 0)
    if len(parts) == 1 and isinstance(parts[0], Result):
        return layer_of(_, "Identity", {}, parts, call.output)
    if axis and all(isinstance(part, Result) for part in parts):
        return layer_of(_, "Concatenate", {"axis": axis}, [parts], call.output)
    if not all(isinstance(part, Result) for part in parts):
        raise _.unsupported("a constant among computed parts")
    return _.operation("Concatenate", [parts], call.output, {"axis": axis})


@writes("pad")
def _pad(_: Written, call: Call) -> Result:
    a, x = call.attributes, data_of(_, call)
    pairs = [[int(n) for n in a.paddings[k : k + 2]] for k in range(0, len(a.paddings), 2)]
    if len(pairs) == 4 and not a.value and pairs[0] == pairs[3] == [0, 0]:
        return layer_of(_, "ZeroPadding2D", {"padding": pairs[1:3], "data_format": _LAST}, [x], call.output)
    _batch(_, pairs[0] == [0, 0])
    keywords = {"constant_values": float(a.value)}
    return _.operation("Pad", [x], call.output, {"pad_width": pairs, "mode": "constant"}, keywords=keywords)


@writes("strided_slice")
def _strided_slice(_: Written, call: Call) -> Result:
    a, x = call.attributes, data_of(_, call)
    # Not every backend of Keras walks backwards: what is cut out forwards is turned around.
    walks = [range(*span) for span in zip(a.begin, a.end, a.stride, strict=True)]
    forward = [walk if walk.step > 0 else walk[::-1] for walk in walks]
    spans = [slice(walk.start, walk.stop, walk.step) for walk in forward]
    turned = [axis for axis, walk in enumerate(walks) if walk.step < 0]
    if (a.begin[0], a.end[0], a.stride[0]) == (0, x.value.shape[0], 1):
        spans[0] = slice(None)
    else:
        _batch(_, False)
    result = _.operation("GetItem", [x, spans], call.output)
    return _.operation("Flip", [result], call.output, {"axis": turned}) if turned else result


@writes("gather")
def _gather(_: Written, call: Call) -> Result:
    data, indices = (_.operand(str(name)) for name in call.node.inputs)
    if call.attributes.batch_dims:
        raise _.unsupported("batch_dims")
    axis = int(call.attributes.axis)
    if isinstance(indices, Result) and not isinstance(data, Result) and axis == 0 and data.ndim == 2:
        config = {"input_dim": data.shape[0], "output_dim": data.shape[1]}
        return layer_of(_, "Embedding", config, [indices], call.output, [data])
    _batch(_, axis != 0)
    return _.operation("Take", [data, indices], call.output, {"axis": axis})


@writes("batch_matmul")
def _batch_matmul(_: Written, call: Call) -> Result:
    operands = []
    flags = (call.attributes.transpose_a, call.attributes.transpose_b)
    for name, flag in zip(call.node.inputs, flags, strict=True):
        item = _.operand(str(name))
        if flag and isinstance(item, Result):
            rank, shape = len(item.value.shape), item.value.shape
            order = [*range(rank - 2), rank - 1, rank - 2]
            turned = replace(item.value, shape=tuple(shape[axis] for axis in order))
            item = _.operation("Transpose", [item], turned, {"axes": order})
        elif flag:
            item = np.ascontiguousarray(item.swapaxes(-1, -2))
        operands.append(item)
    return _.operation("Matmul", operands, call.output)


@writes("select")
def _select(_: Written, call: Call) -> Result:
    return _.operation("Where", [_.operand(str(name)) for name in call.node.inputs], call.output)


@writes("cast")
def _cast(_: Written, call: Call) -> Result:
    config = {"dtype": call.output.dtype.numpy.name}
    return _.operation("Cast", [data_of(_, call)], call.output, config, "core")
