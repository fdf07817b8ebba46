"""smelt's operators as TFLite's: one short function each, which says code, version, inputs and options."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from smelt.errors import UnsupportedError
from smelt.formats.tflite import written_windows as windows
from smelt.formats.tflite.arithmetic import BINARY, UNARY
from smelt.formats.tflite.schema import TFLITE, ActivationFunctionType, BuiltinOperator
from smelt.formats.tflite.writing import (
    FUSED,
    TENSOR_TYPES,
    Function,
    Writer,
    Written,
    tensors_of,
    version_of,
)
from smelt.operators import Call
from smelt.operators.shape.copies import padding_element


def _arithmetic(code: BuiltinOperator, table: str) -> Function:
    def write(writer: Writer, call: Call) -> Written:
        # with pot_scale_int16 LiteRT would compute in another way where scales are powers of two
        pot = {} if code is BuiltinOperator.MUL else {"pot_scale_int16": False}
        options = TFLITE.record(table, fused_activation_function=FUSED[call.attributes.activation], **pot)
        return Written(code, version_of(call, 1, 2, 4), tensors_of(writer, call, 2), options)

    return write


def _unary(code: BuiltinOperator, table: str | None, float32: int, int8: int) -> Function:
    def write(writer: Writer, call: Call) -> Written:
        options = TFLITE.record(table) if table else None
        return Written(code, version_of(call, float32, int8), tensors_of(writer, call, 1), options)

    return write


def _plain(code: BuiltinOperator, count: int) -> Function:
    """An operator without options."""
    return lambda writer, call: Written(code, 1, tensors_of(writer, call, count))


def _div(writer: Writer, call: Call) -> Written:
    options = TFLITE.record("DivOptions", fused_activation_function=ActivationFunctionType.NONE)
    return Written(BuiltinOperator.DIV, 1, tensors_of(writer, call, 2), options)


def _elu(writer: Writer, call: Call) -> Written:
    if call.attributes.alpha != 1:
        raise UnsupportedError(f"{call.node.label}: TFLite has no elu of alpha {call.attributes.alpha}")
    return Written(BuiltinOperator.ELU, 1, tensors_of(writer, call, 1))


def _gelu(writer: Writer, call: Call) -> Written:
    options = TFLITE.record("GeluOptions", approximate=call.attributes.approximate)
    return Written(BuiltinOperator.GELU, version_of(call, 1, 2), tensors_of(writer, call, 1), options)


def _reshape(writer: Writer, call: Call) -> Written:
    """Reshape and its kin: TFLite's RESHAPE, with the shape as option and as tensor (readers take either)."""
    shape = np.array(call.output.shape, np.int32)
    options = TFLITE.record("ReshapeOptions", new_shape=shape)
    inputs = [writer.tensor(call.node.inputs[0]), writer.constant(call, "shape", shape)]
    return Written(BuiltinOperator.RESHAPE, 1, inputs, options)


def _transpose(writer: Writer, call: Call) -> Written:
    permutation = np.array(call.attributes.permutation, np.int32)
    inputs = [writer.tensor(call.node.inputs[0]), writer.constant(call, "permutation", permutation)]
    return Written(
        BuiltinOperator.TRANSPOSE, version_of(call, 1, 2), inputs, TFLITE.record("TransposeOptions")
    )


def _pad(writer: Writer, call: Call) -> Written:
    amounts = np.array(call.attributes.paddings, np.int32).reshape(-1, 2)
    inputs = [writer.tensor(call.node.inputs[0]), writer.constant(call, "paddings", amounts)]
    if call.attributes.value != 0:
        value = writer.constant(call, "value", padding_element(call), call.output.quantization)
        options = TFLITE.record("PadV2Options")
        return Written(BuiltinOperator.PADV2, version_of(call, 1, 2), [*inputs, value], options)
    return Written(BuiltinOperator.PAD, version_of(call, 1, 2), inputs, TFLITE.record("PadOptions"))


def _reduction(code: BuiltinOperator) -> Function:
    def write(writer: Writer, call: Call) -> Written:
        axes = np.array(call.attributes.axes, np.int32)
        options = TFLITE.record("ReducerOptions", keep_dims=call.attributes.keep_dims)
        inputs = [writer.tensor(call.node.inputs[0]), writer.constant(call, "axes", axes)]
        return Written(code, version_of(call, 1, 2), inputs, options)

    return write


def _argument(code: BuiltinOperator, table: str) -> Function:
    def write(writer: Writer, call: Call) -> Written:
        axis = np.array(call.attributes.axis, np.int32)
        options = TFLITE.record(table, output_type=TENSOR_TYPES[call.output.dtype])
        inputs = [writer.tensor(call.node.inputs[0]), writer.constant(call, "axis", axis)]
        return Written(code, version_of(call, 1, 2), inputs, options)

    return write


def _batch_matmul(writer: Writer, call: Call) -> Written:
    a = call.attributes
    options = TFLITE.record("BatchMatMulOptions", adj_x=a.transpose_a, adj_y=a.transpose_b)
    return Written(BuiltinOperator.BATCH_MATMUL, version_of(call, 1, 2), tensors_of(writer, call, 2), options)


def _gather(writer: Writer, call: Call) -> Written:
    a = call.attributes
    options = TFLITE.record("GatherOptions", axis=a.axis, batch_dims=a.batch_dims)
    return Written(BuiltinOperator.GATHER, 1, tensors_of(writer, call, 2), options)


def _cast(writer: Writer, call: Call) -> Written:
    source, result = (TENSOR_TYPES[value.dtype] for value in (call.input(0), call.output))
    options = TFLITE.record("CastOptions", in_data_type=source, out_data_type=result)
    return Written(BuiltinOperator.CAST, 1, tensors_of(writer, call, 1), options)


def _concatenation(writer: Writer, call: Call) -> Written:
    options = TFLITE.record("ConcatenationOptions", axis=call.attributes.axis)
    inputs = tensors_of(writer, call, len(call.node.inputs))
    return Written(BuiltinOperator.CONCATENATION, version_of(call, 1, 2), inputs, options)


def _softmax(writer: Writer, call: Call) -> Written:
    options = TFLITE.record("SoftmaxOptions", beta=call.attributes.beta)
    return Written(BuiltinOperator.SOFTMAX, version_of(call, 1, 2), tensors_of(writer, call, 1), options)


def _leaky_relu(writer: Writer, call: Call) -> Written:
    options = TFLITE.record("LeakyReluOptions", alpha=call.attributes.alpha)
    return Written(
        BuiltinOperator.LEAKY_RELU, version_of(call, 1, 2, 2), tensors_of(writer, call, 1), options
    )


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
        version_of(call, 1, 2),
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


def _gather_nd(writer: Writer, call: Call) -> Written:
    if call.attributes.batch_dims:
        raise UnsupportedError(f"{call.node.label}: TFLite has no batches of gather_nd")
    return Written(
        BuiltinOperator.GATHER_ND, 1, tensors_of(writer, call, 2), TFLITE.record("GatherNdOptions")
    )


WRITTEN: dict[str, Function] = {
    "add": _arithmetic(BuiltinOperator.ADD, "AddOptions"),
    "average_pool_2d": windows.pool(BuiltinOperator.AVERAGE_POOL_2D),
    "concatenation": _concatenation,
    "conv_2d": windows.conv_2d,
    "depthwise_conv_2d": windows.depthwise_conv_2d,
    "dequantize": _unary(BuiltinOperator.DEQUANTIZE, "DequantizeOptions", 1, 2),
    "expand_dims": _reshape,
    "fully_connected": windows.fully_connected,
    "leaky_relu": _leaky_relu,
    "logistic": _unary(BuiltinOperator.LOGISTIC, None, 1, 2),
    "max_pool_2d": windows.pool(BuiltinOperator.MAX_POOL_2D),
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
    "transpose_conv": windows.transpose_conv,
    "select": _plain(BuiltinOperator.SELECT_V2, 3),
    **{
        name: _reduction(BuiltinOperator[name.upper()])
        for name in ("sum", "reduce_prod", "reduce_max", "reduce_min", "reduce_any", "reduce_all")
    },
    "elu": _elu,
    "gelu": _gelu,
    **{name: _plain(code, 1) for name, code in UNARY.items()},
    "abs": _unary(BuiltinOperator.ABS, None, 1, 2),
    **{name: _plain(code, 2) for name, code in BINARY.items()},
}
