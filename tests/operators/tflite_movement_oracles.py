"""TensorFlow Lite Micro and LiteRT as judges of a node of the pooling and shape families."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest

from smelt.formats.tflite.flatbuffer import write_flatbuffer
from smelt.formats.tflite.flatbuffer_schema import Record
from smelt.formats.tflite.schema import (
    TFLITE,
    ActivationFunctionType,
    BuiltinOperator,
    Padding,
    TensorType,
)
from smelt.ir import Array, DType, Graph, Node, Value

_TYPES = {
    DType.F32: TensorType.FLOAT32,
    DType.S8: TensorType.INT8,
    DType.S16: TensorType.INT16,
    DType.S32: TensorType.INT32,
}


def same_padding(
    shape: tuple[int, ...], filter_: tuple[int, ...], stride: tuple[int, ...]
) -> tuple[int, ...]:
    """TensorFlow's SAME padding of an NHWC tensor as (top, bottom, left, right)."""
    result: list[int] = []
    for size, window, step in zip(shape[1:3], filter_, stride, strict=True):
        total = max((-(-size // step) - 1) * step + window - size, 0)
        result += [total // 2, total - total // 2]
    return tuple(result)


def has_tflite_form(graph: Graph) -> bool:
    """Whether TensorFlow Lite can say this node: pooling there is padded SAME or VALID only."""
    (node,) = graph.nodes
    return not node.operator.endswith("_pool_2d") or _padding(graph, node) is not None


def _padding(graph: Graph, node: Node) -> Padding | None:
    shape = graph.values[str(node.inputs[0])].shape
    given, window, stride = (node.attributes.get(k) for k in ("padding", "filter", "stride"))
    if not given or not any(given):  # type: ignore[arg-type]
        return Padding.VALID
    same = same_padding(shape, window, stride or (1, 1))  # type: ignore[arg-type]
    return Padding.SAME if given == same else None


def _operator(graph: Graph) -> tuple[BuiltinOperator, list[Array], Record | None]:
    """The TensorFlow Lite operator of the node, its further (constant) inputs, and its options."""
    (node,) = graph.nodes
    attributes: dict[str, Any] = dict(node.attributes)
    code = BuiltinOperator[node.operator.upper()]

    def numbers(key: str, shape: tuple[int, ...] = (-1,)) -> Array:
        return np.array(attributes[key], np.int32).reshape(shape)

    match node.operator:
        case "average_pool_2d" | "max_pool_2d":
            height, width = attributes["filter"]
            stride = attributes.get("stride", (1, 1))
            options = TFLITE.record(
                "Pool2DOptions",
                padding=_padding(graph, node),
                stride_h=stride[0],
                stride_w=stride[1],
                filter_height=height,
                filter_width=width,
                fused_activation_function=ActivationFunctionType[
                    attributes.get("activation", "none").upper()
                ],
            )
            return code, [], options
        case "mean":
            keep_dims = attributes.get("keep_dims", False)
            return code, [numbers("axes")], TFLITE.record("ReducerOptions", keep_dims=keep_dims)
        case "reshape":
            options = TFLITE.record("ReshapeOptions", new_shape=attributes["shape"])
            return code, [numbers("shape")], options
        case "squeeze":
            return code, [], TFLITE.record("SqueezeOptions", squeeze_dims=attributes["axes"])
        case "expand_dims":
            return code, [np.array([attributes["axis"]], np.int32)], None
        case "transpose":
            return code, [numbers("permutation")], None
        case "pad" if attributes.get("value"):
            return BuiltinOperator.PADV2, [numbers("paddings", (-1, 2)), _padding_value(graph)], None
        case "pad":
            return code, [numbers("paddings", (-1, 2))], None
        case "concatenation":
            return code, [], TFLITE.record("ConcatenationOptions", axis=attributes["axis"])
        case "strided_slice":
            bounds = [numbers(key) for key in ("begin", "end", "stride")]
            return code, bounds, TFLITE.record("StridedSliceOptions")
    raise AssertionError(node.operator)


def _padding_value(graph: Graph) -> Array:
    (node,) = graph.nodes
    value, output = float(node.attributes["value"]), graph.values[node.outputs[0]]  # type: ignore[arg-type]
    if output.quantization is None:
        return np.array([value], np.float32)
    element = round(value / output.quantization.scale) + output.quantization.zero_point
    return np.array([element], output.dtype.numpy)


def tflite_model(graph: Graph) -> bytes:
    """A .tflite file of a graph with one node of the pooling or shape families."""
    (node,) = graph.nodes
    code, further, options = _operator(graph)
    values = [graph.values[n] for n in dict.fromkeys([*graph.inputs, *graph.outputs])]
    constants = [Value(f"constant_{i}", DType.of(a), a.shape) for i, a in enumerate(further)]
    if node.operator == "pad" and values[0].quantization and len(constants) == 2:
        constants[1] = Value("constant_1", values[0].dtype, (1,), values[0].quantization)
    names = [v.name for v in (*values, *constants)]
    buffers = [TFLITE.record("Buffer") for _ in range(1 + len(values))]
    buffers += [TFLITE.record("Buffer", data=np.frombuffer(a.tobytes(), np.uint8)) for a in further]
    operator = TFLITE.record(
        "Operator",
        opcode_index=0,
        inputs=[names.index(str(n)) for n in node.inputs] + [names.index(v.name) for v in constants],
        outputs=[names.index(n) for n in node.outputs],
        builtin_options=options,
    )
    subgraph = TFLITE.record(
        "SubGraph",
        name="main",
        tensors=tuple(_tensor(v, 1 + i) for i, v in enumerate([*values, *constants])),
        inputs=[names.index(n) for n in graph.inputs],
        outputs=[names.index(n) for n in graph.outputs],
        operators=(operator,),
    )
    version = 1 if node.operator in ("reshape", "squeeze", "expand_dims") else 2
    codes = TFLITE.record(
        "OperatorCode", deprecated_builtin_code=min(code, 127), builtin_code=code, version=version
    )
    model = TFLITE.record(
        "Model", version=3, operator_codes=(codes,), subgraphs=(subgraph,), buffers=tuple(buffers)
    )
    return write_flatbuffer(model, TFLITE)


def _tensor(value: Value, buffer: int) -> Record:
    quantization = None
    if value.quantization is not None:
        quantization = TFLITE.record(
            "QuantizationParameters",
            scale=value.quantization.scales,
            zero_point=value.quantization.zero_points,
        )
    return TFLITE.record(
        "Tensor",
        shape=list(value.shape),
        has_rank=True,
        type=_TYPES[value.dtype],
        buffer=buffer,
        name=value.name,
        quantization=quantization,
    )


def run_micro(graph: Graph, inputs: Mapping[str, Array]) -> Array:
    """The output as TensorFlow Lite Micro computes it; skips the test without the package."""
    runtime = pytest.importorskip("tflite_micro.python.tflite_micro.runtime")
    interpreter = runtime.Interpreter.from_bytes(tflite_model(graph), arena_size=1 << 20)
    for index, name in enumerate(graph.inputs):
        interpreter.set_input(inputs[name], index)
    interpreter.invoke()
    return np.array(interpreter.get_output(0))


def run_litert(graph: Graph, inputs: Mapping[str, Array]) -> Array:
    """The output as LiteRT's reference kernels compute it; skips the test without the package."""
    litert = pytest.importorskip("ai_edge_litert.interpreter")
    interpreter = litert.Interpreter(
        model_content=tflite_model(graph),
        experimental_op_resolver_type=litert.OpResolverType.BUILTIN_REF,
    )
    interpreter.allocate_tensors()
    for detail, name in zip(interpreter.get_input_details(), graph.inputs, strict=True):
        interpreter.set_tensor(detail["index"], inputs[name])
    interpreter.invoke()
    return np.array(interpreter.get_tensor(interpreter.get_output_details()[0]["index"]))
