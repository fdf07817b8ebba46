"""smelt's operators as TFLite's: one short function each, which says code, version, inputs and options."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

import numpy as np

from smelt.errors import UnsupportedError
from smelt.formats.tflite.flatbuffer_schema import Record
from smelt.formats.tflite.operators import (
    BINARY,
    UNARY,
    per_tensor_conv_2d,
    same_padding,
    transposed_padding,
)
from smelt.formats.tflite.schema import (
    TFLITE,
    ActivationFunctionType,
    BuiltinOperator,
    Padding,
    TensorType,
)
from smelt.formats.tflite.types import TYPES
from smelt.ir import Array, DType, Graph, Quantization, Value
from smelt.operators import Call
from smelt.operators.shape.copies import padding_element

TENSOR_TYPES: dict[DType, TensorType] = {dtype: kind for kind, dtype in TYPES.items()}
_FUSED = {
    "none": ActivationFunctionType.NONE,
    "relu": ActivationFunctionType.RELU,
    "relu6": ActivationFunctionType.RELU6,
    "relu_n1_to_1": ActivationFunctionType.RELU_N1_TO_1,
}


@dataclass(frozen=True)
class Written:
    """A TFLite operator: code, version, options, and inputs (tensor indices; -1 where absent)."""

    code: BuiltinOperator
    version: int
    inputs: Sequence[int]
    options: Record | None = None


class Writer(Protocol):
    """What a function below may ask of the file that is being written."""

    graph: Graph
    index: dict[str, int]

    def tensor(self, name: str | None) -> int:
        """The index of a tensor, which is written when it is first asked for; -1 for None."""

    def add_tensor(self, value: Value, array: Array | None, *, variable: bool = False) -> int:
        """Write a tensor; its index."""

    def constant(self, call: Call, role: str, array: Array, quantization: Quantization | None = None) -> int:
        """A constant that TFLite wants as a tensor where smelt has an attribute."""

    def padded(self, call: Call, padding: Sequence[int]) -> int:
        """Input 0 of a window operator with explicit zeros around it."""

    def operator(self, written: Written, outputs: Sequence[int]) -> None:
        """Append an operator, before the one that is asked for."""

    def dequantized(self, value: Value) -> int:
        """A narrow constant as float32, computed once."""


Function = Callable[[Writer, Call], Written]


def _inputs(writer: Writer, call: Call, count: int) -> list[int]:
    """The tensors of the first `count` inputs; absent ones at the end are -1."""
    names = [*call.node.inputs, *[None] * count][:count]
    return [writer.tensor(name) for name in names]


def _weights(writer: Writer, call: Call) -> int:
    """The weights; behind a DEQUANTIZE where they are narrower than real data and computed with as real numbers."""
    value = call.input(1)
    narrow = call.input(0).dtype is DType.F32 and value.dtype is not DType.F32
    if not narrow or call.attributes.quantize_input != "none":
        return writer.tensor(value.name)
    return writer.dequantized(value)


def _weights_and_bias(writer: Writer, call: Call) -> list[int]:
    """The weights and the bias of a convolution: zeros where it has none, since the runtimes insist on one."""
    indices = [_weights(writer, call), _inputs(writer, call, 3)[2]]
    if not call.has(2):
        weights, data = call.input(1), call.input(0)
        outputs = (call.output.shape[-1],)
        name = writer.graph.fresh_name(f"{call.output.name}/bias", taken=writer.index)
        quantization = None
        if weights.quantization is not None and data.quantization is not None:
            source = np.float32(data.quantization.scale)
            scales = tuple(float(np.float32(s) * source) for s in weights.quantization.scales)
            axis = None if weights.quantization.axis is None else 0
            quantization = Quantization(scales, (0,) * len(scales), axis)
        dtype = _BIASES[data.dtype]
        indices[1] = writer.index[name] = writer.add_tensor(
            Value(name, dtype, outputs, quantization), np.zeros(outputs, dtype.numpy)
        )
    return indices


_BIASES = {DType.F32: DType.F32, DType.S8: DType.S32, DType.S16: DType.S64}
"""The type of a bias, by that of the data."""


def _check_blocks(call: Call) -> None:
    """UnsupportedError for scales of blocks that LiteRT does not compute with as the call says."""
    known, how = call.input(1).quantization, call.attributes.quantize_input
    if known is None or not known.block:
        return
    if known.block % 32 or call.input(1).shape[1] % known.block:
        raise UnsupportedError(
            f"{call.node.label}: LiteRT has blocks of a multiple of 32 that divide a row only, not of {known.block} in "
            f"rows of {call.input(1).shape[1]}"
        )
    if how != "asymmetric":
        raise UnsupportedError(
            f"{call.node.label}: TFLite quantizes data that meet weights with scales of blocks in the asymmetric way "
            f"(scheme dynamic-int4 does); quantize_input is '{how}'"
        )


def _check_dynamic(call: Call) -> None:
    """UnsupportedError where LiteRT would quantize the input in another way than the call says."""
    weights = call.input(1)
    if call.attributes.quantize_input == "none" or not weights.quantization:
        return
    if call.node.operator == "depthwise_conv_2d" and weights.dtype is DType.S4:
        raise UnsupportedError(f"{call.node.label}: TFLite cannot quantize the input to meet int4 weights")
    lite = "symmetric" if per_tensor_conv_2d(call.node.operator, weights) else "asymmetric"
    if call.attributes.quantize_input != lite:
        raise UnsupportedError(
            f"{call.node.label}: TFLite quantizes the input of this convolution in the {lite} way, not in the "
            f"{call.attributes.quantize_input} one"
        )


def _version(call: Call, float32: int, int8: int, int16: int | None = None) -> int:
    """The first version that has the types of a call; for int16 the one after int8's if none is given."""
    if call.input(0).dtype is DType.S16:
        return int8 + 1 if int16 is None else int16
    return int8 if call.input(0).dtype is DType.S8 else float32


def _window_padding(
    writer: Writer, call: Call, size: Sequence[int], dilation: Sequence[int], *, explicit: bool = True
) -> tuple[int, Padding]:
    """The data tensor and the padding mode; asymmetric explicit padding becomes a PAD of its own."""
    attributes, shape = call.attributes, call.input(0).shape
    padding = tuple(attributes.padding)
    if padding == (0, 0, 0, 0):
        return writer.tensor(call.node.inputs[0]), Padding.VALID
    same = (
        *same_padding(shape[1], size[0], attributes.stride[0], dilation[0]),
        *same_padding(shape[2], size[1], attributes.stride[1], dilation[1]),
    )
    if padding == same:
        return writer.tensor(call.node.inputs[0]), Padding.SAME
    if not explicit:
        raise UnsupportedError(
            f"{call.node.label}: padding {list(padding)} is neither SAME nor VALID, and TFLite has no other for pooling"
        )
    return writer.padded(call, padding), Padding.VALID


def _conv_2d(writer: Writer, call: Call) -> Written:
    a = call.attributes
    _check_dynamic(call)
    data, padding = _window_padding(writer, call, call.input(1).shape[1:3], a.dilation)
    options = TFLITE.record(
        "Conv2DOptions",
        padding=padding,
        stride_h=a.stride[0],
        stride_w=a.stride[1],
        dilation_h_factor=a.dilation[0],
        dilation_w_factor=a.dilation[1],
        fused_activation_function=_FUSED[a.activation],
    )
    inputs = [data, *_weights_and_bias(writer, call)]
    version = 5 if a.quantize_input != "none" else _version(call, 1, 3)
    return Written(BuiltinOperator.CONV_2D, version, inputs, options)


def _depthwise_conv_2d(writer: Writer, call: Call) -> Written:
    a = call.attributes
    _check_dynamic(call)
    data, padding = _window_padding(writer, call, call.input(1).shape[1:3], a.dilation)
    options = TFLITE.record(
        "DepthwiseConv2DOptions",
        padding=padding,
        stride_h=a.stride[0],
        stride_w=a.stride[1],
        depth_multiplier=a.multiplier,
        dilation_h_factor=a.dilation[0],
        dilation_w_factor=a.dilation[1],
        fused_activation_function=_FUSED[a.activation],
    )
    dilated = tuple(a.dilation) != (1, 1)
    inputs = [data, *_weights_and_bias(writer, call)]
    return Written(
        BuiltinOperator.DEPTHWISE_CONV_2D, _version(call, 2 if dilated else 1, 3, 5), inputs, options
    )


def _fully_connected(writer: Writer, call: Call) -> Written:
    a = call.attributes
    _check_blocks(call)
    weights = call.input(1).quantization
    # LiteRT without XNNPACK forgets the activation where weights have blocks
    apart = weights is not None and weights.block > 0 and a.activation != "none"
    options = TFLITE.record(
        "FullyConnectedOptions",
        fused_activation_function=_FUSED["none" if apart else a.activation],
        keep_num_dims=a.keep_dims,
        asymmetric_quantize_inputs=a.quantize_input == "asymmetric",
    )
    per_channel = weights is not None and weights.axis is not None
    version = _version(call, 5 if a.keep_dims else 1, 12 if per_channel else 4, 12 if per_channel else 7)
    if a.quantize_input != "none":
        version = 9 if a.quantize_input == "asymmetric" else 3
    inputs = _inputs(writer, call, 3)
    inputs[1] = _weights(writer, call)
    written = Written(BuiltinOperator.FULLY_CONNECTED, version, inputs, options)
    return _then_activation(writer, call, written) if apart else written


def _then_activation(writer: Writer, call: Call, written: Written) -> Written:
    """The activation as an operator of its own, after what is written first."""
    name = writer.graph.fresh_name(f"{call.output.name}/sums", taken=writer.index)
    writer.index[name] = writer.add_tensor(replace(call.output, name=name), None)
    writer.operator(written, [writer.index[name]])
    return Written(BuiltinOperator[call.attributes.activation.upper()], 1, [writer.index[name]])


def _pool(code: BuiltinOperator) -> Function:
    def write(writer: Writer, call: Call) -> Written:
        a = call.attributes
        data, padding = _window_padding(writer, call, a.filter, (1, 1), explicit=False)
        options = TFLITE.record(
            "Pool2DOptions",
            padding=padding,
            stride_h=a.stride[0],
            stride_w=a.stride[1],
            filter_height=a.filter[0],
            filter_width=a.filter[1],
            fused_activation_function=_FUSED[a.activation],
        )
        return Written(code, _version(call, 1, 2), [data], options)

    return write


def _arithmetic(code: BuiltinOperator, table: str) -> Function:
    def write(writer: Writer, call: Call) -> Written:
        # with pot_scale_int16 LiteRT would compute in another way where scales are powers of two
        pot = {} if code is BuiltinOperator.MUL else {"pot_scale_int16": False}
        options = TFLITE.record(table, fused_activation_function=_FUSED[call.attributes.activation], **pot)
        return Written(code, _version(call, 1, 2, 4), _inputs(writer, call, 2), options)

    return write


def _unary(code: BuiltinOperator, table: str | None, float32: int, int8: int) -> Function:
    def write(writer: Writer, call: Call) -> Written:
        options = TFLITE.record(table) if table else None
        return Written(code, _version(call, float32, int8), _inputs(writer, call, 1), options)

    return write


def _plain(code: BuiltinOperator, count: int) -> Function:
    """An operator without options."""
    return lambda writer, call: Written(code, 1, _inputs(writer, call, count))


def _div(writer: Writer, call: Call) -> Written:
    options = TFLITE.record("DivOptions", fused_activation_function=ActivationFunctionType.NONE)
    return Written(BuiltinOperator.DIV, 1, _inputs(writer, call, 2), options)


def _elu(writer: Writer, call: Call) -> Written:
    if call.attributes.alpha != 1:
        raise UnsupportedError(f"{call.node.label}: TFLite has no elu of alpha {call.attributes.alpha}")
    return Written(BuiltinOperator.ELU, 1, _inputs(writer, call, 1))


def _gelu(writer: Writer, call: Call) -> Written:
    options = TFLITE.record("GeluOptions", approximate=call.attributes.approximate)
    return Written(BuiltinOperator.GELU, 1, _inputs(writer, call, 1), options)


def _reshape(writer: Writer, call: Call) -> Written:
    """Reshape and its kin: TFLite's RESHAPE, with the shape as option and as tensor (readers take either)."""
    shape = np.array(call.output.shape, np.int32)
    options = TFLITE.record("ReshapeOptions", new_shape=shape)
    inputs = [writer.tensor(call.node.inputs[0]), writer.constant(call, "shape", shape)]
    return Written(BuiltinOperator.RESHAPE, 1, inputs, options)


def _transpose(writer: Writer, call: Call) -> Written:
    permutation = np.array(call.attributes.permutation, np.int32)
    inputs = [writer.tensor(call.node.inputs[0]), writer.constant(call, "permutation", permutation)]
    return Written(BuiltinOperator.TRANSPOSE, _version(call, 1, 2), inputs, TFLITE.record("TransposeOptions"))


def _pad(writer: Writer, call: Call) -> Written:
    amounts = np.array(call.attributes.paddings, np.int32).reshape(-1, 2)
    inputs = [writer.tensor(call.node.inputs[0]), writer.constant(call, "paddings", amounts)]
    if call.attributes.value != 0:
        value = writer.constant(call, "value", padding_element(call), call.output.quantization)
        options = TFLITE.record("PadV2Options")
        return Written(BuiltinOperator.PADV2, _version(call, 1, 2), [*inputs, value], options)
    return Written(BuiltinOperator.PAD, _version(call, 1, 2), inputs, TFLITE.record("PadOptions"))


def _reduction(code: BuiltinOperator) -> Function:
    def write(writer: Writer, call: Call) -> Written:
        axes = np.array(call.attributes.axes, np.int32)
        options = TFLITE.record("ReducerOptions", keep_dims=call.attributes.keep_dims)
        inputs = [writer.tensor(call.node.inputs[0]), writer.constant(call, "axes", axes)]
        return Written(code, _version(call, 1, 2), inputs, options)

    return write


def _argument(code: BuiltinOperator, table: str) -> Function:
    def write(writer: Writer, call: Call) -> Written:
        axis = np.array(call.attributes.axis, np.int32)
        options = TFLITE.record(table, output_type=TENSOR_TYPES[call.output.dtype])
        inputs = [writer.tensor(call.node.inputs[0]), writer.constant(call, "axis", axis)]
        return Written(code, _version(call, 1, 2), inputs, options)

    return write


def _batch_matmul(writer: Writer, call: Call) -> Written:
    a = call.attributes
    options = TFLITE.record("BatchMatMulOptions", adj_x=a.transpose_a, adj_y=a.transpose_b)
    return Written(BuiltinOperator.BATCH_MATMUL, 1, _inputs(writer, call, 2), options)


def _gather(writer: Writer, call: Call) -> Written:
    a = call.attributes
    options = TFLITE.record("GatherOptions", axis=a.axis, batch_dims=a.batch_dims)
    return Written(BuiltinOperator.GATHER, 1, _inputs(writer, call, 2), options)


def _cast(writer: Writer, call: Call) -> Written:
    source, result = (TENSOR_TYPES[value.dtype] for value in (call.input(0), call.output))
    options = TFLITE.record("CastOptions", in_data_type=source, out_data_type=result)
    return Written(BuiltinOperator.CAST, 1, _inputs(writer, call, 1), options)


def _concatenation(writer: Writer, call: Call) -> Written:
    options = TFLITE.record("ConcatenationOptions", axis=call.attributes.axis)
    inputs = _inputs(writer, call, len(call.node.inputs))
    return Written(BuiltinOperator.CONCATENATION, _version(call, 1, 2), inputs, options)


def _softmax(writer: Writer, call: Call) -> Written:
    options = TFLITE.record("SoftmaxOptions", beta=call.attributes.beta)
    return Written(BuiltinOperator.SOFTMAX, _version(call, 1, 2), _inputs(writer, call, 1), options)


def _leaky_relu(writer: Writer, call: Call) -> Written:
    options = TFLITE.record("LeakyReluOptions", alpha=call.attributes.alpha)
    return Written(BuiltinOperator.LEAKY_RELU, _version(call, 1, 2, 2), _inputs(writer, call, 1), options)


def _strided_slice(writer: Writer, call: Call) -> Written:
    a = call.attributes
    # an end before the first element is one that the mask leaves out
    ends = [max(end, 0) for end in a.end]
    before = sum(1 << axis for axis, end in enumerate(a.end) if end < 0)
    arrays = [np.array(numbers, np.int32) for numbers in (a.begin, ends, a.stride)]
    constants = [
        writer.constant(call, role, array)
        for role, array in zip(("begin", "end", "strides"), arrays, strict=True)
    ]
    inputs = [writer.tensor(call.node.inputs[0]), *constants]
    return Written(
        BuiltinOperator.STRIDED_SLICE,
        _version(call, 1, 2),
        inputs,
        TFLITE.record("StridedSliceOptions", end_mask=before),
    )


def _with_constant(
    code: BuiltinOperator,
    role: str,
    table: str | None = None,
    *,
    version: int = 1,
    options: Sequence[str] = (),
) -> Function:
    """An operator of one tensor with an attribute that TFLite wants as a tensor, and others as options."""

    def write(writer: Writer, call: Call) -> Written:
        number = writer.constant(call, role, np.array(getattr(call.attributes, role), np.int32))
        record = None
        if table:
            record = TFLITE.record(table, **{name: getattr(call.attributes, name) for name in options})
        return Written(code, version, [writer.tensor(call.node.inputs[0]), number], record)

    return write


def _topk_v2(writer: Writer, call: Call) -> Written:
    if not call.attributes.largest or call.attributes.index_type != "s32":
        raise UnsupportedError(
            f"{call.node.label}: TFLite has the largest elements only, with indices of s32"
        )
    return _with_constant(BuiltinOperator.TOPK_V2, "k", "TopKV2Options")(writer, call)


def _resize(code: BuiltinOperator, table: str) -> Function:
    def write(writer: Writer, call: Call) -> Written:
        a = call.attributes
        flags = {"align_corners": a.align_corners, "half_pixel_centers": a.half_pixel_centers}
        inputs = [
            writer.tensor(call.node.inputs[0]),
            writer.constant(call, "size", np.array(a.size, np.int32)),
        ]
        return Written(code, 3 if a.half_pixel_centers else 2, inputs, TFLITE.record(table, **flags))

    return write


def _transpose_conv(writer: Writer, call: Call) -> Written:
    a, taps = call.attributes, call.input(1).shape[1:3]
    same = tuple(transposed_padding(a.size[k], taps[k], a.stride[k]) for k in (0, 1))
    inputs_same = tuple(-(-a.size[k] // a.stride[k]) for k in (0, 1))
    inputs_valid = tuple((a.size[k] - taps[k]) // a.stride[k] + 1 for k in (0, 1))
    is_same = tuple(a.padding) == same and inputs_same == call.input(0).shape[1:3]
    if not is_same and (any(a.padding) or inputs_valid != call.input(0).shape[1:3]):
        raise UnsupportedError(
            f"{call.node.label}: a size of {a.size} with {a.padding} cut off is neither SAME nor VALID in TFLite"
        )
    options = TFLITE.record(
        "TransposeConvOptions",
        padding=Padding.SAME if is_same else Padding.VALID,
        stride_h=a.stride[0],
        stride_w=a.stride[1],
        fused_activation_function=_FUSED[a.activation],
    )
    data, weights, bias = _inputs(writer, call, 3)
    shape = writer.constant(call, "shape", np.array(call.output.shape, np.int32))
    inputs = [shape, weights, data, *([bias] if call.has(2) else [])]
    version = 4 if a.activation != "none" else 3 if call.has(2) else 1
    return Written(BuiltinOperator.TRANSPOSE_CONV, version, inputs, options)


def _gather_nd(writer: Writer, call: Call) -> Written:
    if call.attributes.batch_dims:
        raise UnsupportedError(f"{call.node.label}: TFLite has no batches of gather_nd")
    return Written(BuiltinOperator.GATHER_ND, 1, _inputs(writer, call, 2), TFLITE.record("GatherNdOptions"))


WRITTEN: dict[str, Function] = {
    "add": _arithmetic(BuiltinOperator.ADD, "AddOptions"),
    "average_pool_2d": _pool(BuiltinOperator.AVERAGE_POOL_2D),
    "concatenation": _concatenation,
    "conv_2d": _conv_2d,
    "depthwise_conv_2d": _depthwise_conv_2d,
    "dequantize": _unary(BuiltinOperator.DEQUANTIZE, "DequantizeOptions", 1, 2),
    "expand_dims": _reshape,
    "fully_connected": _fully_connected,
    "leaky_relu": _leaky_relu,
    "logistic": _unary(BuiltinOperator.LOGISTIC, None, 1, 2),
    "max_pool_2d": _pool(BuiltinOperator.MAX_POOL_2D),
    "mean": _reduction(BuiltinOperator.MEAN),
    "mul": _arithmetic(BuiltinOperator.MUL, "MulOptions"),
    "pad": _pad,
    "quantize": _unary(BuiltinOperator.QUANTIZE, "QuantizeOptions", 1, 2),
    "relu": _unary(BuiltinOperator.RELU, None, 1, 2),
    "relu6": _unary(BuiltinOperator.RELU6, None, 1, 2),
    "relu_n1_to_1": _unary(BuiltinOperator.RELU_N1_TO_1, None, 1, 1),
    "reshape": _reshape,
    "softmax": _softmax,
    "squeeze": _reshape,
    "strided_slice": _strided_slice,
    "sub": _arithmetic(BuiltinOperator.SUB, "SubOptions"),
    "tanh": _unary(BuiltinOperator.TANH, None, 1, 2),
    "transpose": _transpose,
    "arg_max": _argument(BuiltinOperator.ARG_MAX, "ArgMaxOptions"),
    "arg_min": _argument(BuiltinOperator.ARG_MIN, "ArgMinOptions"),
    "batch_matmul": _batch_matmul,
    "cast": _cast,
    "div": _div,
    "gather": _gather,
    "gather_nd": _gather_nd,
    "tile": _with_constant(BuiltinOperator.TILE, "multiples", "TileOptions"),
    "broadcast_to": _with_constant(BuiltinOperator.BROADCAST_TO, "shape", "BroadcastToOptions", version=2),
    "cumsum": _with_constant(
        BuiltinOperator.CUMSUM, "axis", "CumsumOptions", options=("exclusive", "reverse")
    ),
    "topk_v2": _topk_v2,
    "resize_bilinear": _resize(BuiltinOperator.RESIZE_BILINEAR, "ResizeBilinearOptions"),
    "resize_nearest_neighbor": _resize(
        BuiltinOperator.RESIZE_NEAREST_NEIGHBOR, "ResizeNearestNeighborOptions"
    ),
    "transpose_conv": _transpose_conv,
    "select": _plain(BuiltinOperator.SELECT_V2, 3),
    **{
        name: _reduction(BuiltinOperator[name.upper()])
        for name in ("sum", "reduce_prod", "reduce_max", "reduce_min", "reduce_any", "reduce_all")
    },
    "elu": _elu,
    "gelu": _gelu,
    **{name: _plain(code, 1) for name, code in UNARY.items()},
    **{name: _plain(code, 2) for name, code in BINARY.items()},
}
