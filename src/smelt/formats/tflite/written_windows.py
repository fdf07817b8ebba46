"""smelt's operators with weights and windows as TFLite's."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from smelt.errors import UnsupportedError
from smelt.formats.tflite.schema import TFLITE, BuiltinOperator, Padding
from smelt.formats.tflite.windows import per_tensor_conv_2d, same_padding, transposed_padding
from smelt.formats.tflite.writing import FUSED, Function, Writer, Written, tensors_of, version_of
from smelt.ir import DType, Quantization, Value
from smelt.operators import Call


def _weights(writer: Writer, call: Call) -> int:
    """The weights; behind a DEQUANTIZE where they are narrower than real data and computed with as real numbers."""
    value = call.input(1)
    narrow = call.input(0).dtype is DType.F32 and value.dtype is not DType.F32
    if not narrow or call.attributes.quantize_input != "none":
        return writer.tensor(value.name)
    return writer.dequantized(value)


def _weights_and_bias(writer: Writer, call: Call) -> list[int]:
    """The weights and the bias of a convolution: zeros where it has none, since the runtimes insist on one."""
    indices = [_weights(writer, call), tensors_of(writer, call, 3)[2]]
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


def window_padding(
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


def conv_2d(writer: Writer, call: Call) -> Written:
    a = call.attributes
    _check_dynamic(call)
    data, padding = window_padding(writer, call, call.input(1).shape[1:3], a.dilation)
    options = TFLITE.record(
        "Conv2DOptions",
        padding=padding,
        stride_h=a.stride[0],
        stride_w=a.stride[1],
        dilation_h_factor=a.dilation[0],
        dilation_w_factor=a.dilation[1],
        fused_activation_function=FUSED[a.activation],
    )
    inputs = [data, *_weights_and_bias(writer, call)]
    version = 5 if a.quantize_input != "none" else version_of(call, 1, 3)
    return Written(BuiltinOperator.CONV_2D, version, inputs, options)


def depthwise_conv_2d(writer: Writer, call: Call) -> Written:
    a = call.attributes
    _check_dynamic(call)
    data, padding = window_padding(writer, call, call.input(1).shape[1:3], a.dilation)
    options = TFLITE.record(
        "DepthwiseConv2DOptions",
        padding=padding,
        stride_h=a.stride[0],
        stride_w=a.stride[1],
        depth_multiplier=a.multiplier,
        dilation_h_factor=a.dilation[0],
        dilation_w_factor=a.dilation[1],
        fused_activation_function=FUSED[a.activation],
    )
    dilated = tuple(a.dilation) != (1, 1)
    inputs = [data, *_weights_and_bias(writer, call)]
    return Written(
        BuiltinOperator.DEPTHWISE_CONV_2D, version_of(call, 2 if dilated else 1, 3, 5), inputs, options
    )


def transpose_conv(writer: Writer, call: Call) -> Written:
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
        fused_activation_function=FUSED[a.activation],
    )
    data, weights, bias = tensors_of(writer, call, 3)
    shape = writer.constant(call, "shape", np.array(call.output.shape, np.int32))
    inputs = [shape, weights, data, *([bias] if call.has(2) else [])]
    version = 4 if a.activation != "none" else 3 if call.has(2) else 1
    return Written(BuiltinOperator.TRANSPOSE_CONV, version, inputs, options)


def fully_connected(writer: Writer, call: Call) -> Written:
    a = call.attributes
    _check_blocks(call)
    weights = call.input(1).quantization
    # LiteRT without XNNPACK forgets the activation where weights have blocks
    apart = weights is not None and weights.block > 0 and a.activation != "none"
    options = TFLITE.record(
        "FullyConnectedOptions",
        fused_activation_function=FUSED["none" if apart else a.activation],
        keep_num_dims=a.keep_dims,
        asymmetric_quantize_inputs=a.quantize_input == "asymmetric",
    )
    per_channel = weights is not None and weights.axis is not None
    version = version_of(call, 5 if a.keep_dims else 1, 12 if per_channel else 4, 12 if per_channel else 7)
    if a.quantize_input != "none":
        version = 9 if a.quantize_input == "asymmetric" else 3
    inputs = tensors_of(writer, call, 3)
    inputs[1] = _weights(writer, call)
    written = Written(BuiltinOperator.FULLY_CONNECTED, version, inputs, options)
    return _then_activation(writer, call, written) if apart else written


def _then_activation(writer: Writer, call: Call, written: Written) -> Written:
    """The activation as an operator of its own, after what is written first."""
    name = writer.graph.fresh_name(f"{call.output.name}/sums", taken=writer.index)
    writer.index[name] = writer.add_tensor(replace(call.output, name=name), None)
    writer.operator(written, [writer.index[name]])
    return Written(BuiltinOperator[call.attributes.activation.upper()], 1, [writer.index[name]])


def pool(code: BuiltinOperator) -> Function:
    def write(writer: Writer, call: Call) -> Written:
        a = call.attributes
        data, padding = window_padding(writer, call, a.filter, (1, 1), explicit=False)
        options = TFLITE.record(
            "Pool2DOptions",
            padding=padding,
            stride_h=a.stride[0],
            stride_w=a.stride[1],
            filter_height=a.filter[0],
            filter_width=a.filter[1],
            fused_activation_function=FUSED[a.activation],
        )
        return Written(code, version_of(call, 1, 2), [data], options)

    return write
