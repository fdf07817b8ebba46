"""TensorFlow Lite Micro and LiteRT as judges of a one-node graph, through a minimal .tflite file."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest

from smelt.formats.tflite.flatbuffer import write_flatbuffer
from smelt.formats.tflite.flatbuffer_schema import Record
from smelt.formats.tflite.schema import TFLITE, ActivationFunctionType, BuiltinOperator, TensorType
from smelt.ir import Array, DType, Graph, Node, Value

_TYPES = {
    DType.F32: TensorType.FLOAT32,
    DType.F16: TensorType.FLOAT16,
    DType.S8: TensorType.INT8,
    DType.U8: TensorType.UINT8,
    DType.S16: TensorType.INT16,
    DType.S32: TensorType.INT32,
}
_OPTIONS = {
    "add": "AddOptions",
    "sub": "SubOptions",
    "mul": "MulOptions",
    "softmax": "SoftmaxOptions",
    "leaky_relu": "LeakyReluOptions",
}


def tflite_model(graph: Graph) -> bytes:
    """A .tflite file of a graph with one node: elementwise, activation, softmax or conversion."""
    (node,) = graph.nodes
    names = list(dict.fromkeys([*graph.inputs, *graph.constants, *graph.outputs]))
    buffers = [TFLITE.record("Buffer")] + [
        TFLITE.record("Buffer", data=np.frombuffer(graph.constants[n].tobytes(), np.uint8))
        if n in graph.constants
        else TFLITE.record("Buffer")
        for n in names
    ]
    code = BuiltinOperator[node.operator.upper()]
    version = 1 if all(v.dtype is DType.F32 for v in graph.values.values()) else 2
    operator = TFLITE.record(
        "Operator",
        opcode_index=0,
        inputs=[names.index(n) for n in node.inputs if n],
        outputs=[names.index(n) for n in node.outputs],
        builtin_options=_options(node),
    )
    subgraph = TFLITE.record(
        "SubGraph",
        name="main",
        tensors=tuple(_tensor(graph.values[n], 1 + i) for i, n in enumerate(names)),
        inputs=[names.index(n) for n in graph.inputs],
        outputs=[names.index(n) for n in graph.outputs],
        operators=(operator,),
    )
    model = TFLITE.record(
        "Model",
        version=3,
        operator_codes=(
            TFLITE.record(
                "OperatorCode", deprecated_builtin_code=min(code, 127), builtin_code=code, version=version
            ),
        ),
        subgraphs=(subgraph,),
        buffers=tuple(buffers),
    )
    return write_flatbuffer(model, TFLITE)


def _options(node: Node) -> Record | None:
    table = _OPTIONS.get(node.operator)
    if table is None:
        return None
    fields: dict[str, Any] = dict(node.attributes)
    if "activation" in fields:
        fields["fused_activation_function"] = ActivationFunctionType[fields.pop("activation").upper()]
    if node.operator == "softmax":
        fields.setdefault("beta", 1.0)
    return TFLITE.record(table, **fields)


def _tensor(value: Value, buffer: int) -> Record:
    quantization = None
    if value.quantization is not None:
        quantization = TFLITE.record(
            "QuantizationParameters",
            scale=value.quantization.scales,
            zero_point=value.quantization.zero_points,
            quantized_dimension=value.quantization.axis or 0,
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
    """The first output as TensorFlow Lite Micro computes it; skips the test without the package."""
    runtime = pytest.importorskip("tflite_micro.python.tflite_micro.runtime")
    interpreter = runtime.Interpreter.from_bytes(tflite_model(graph), arena_size=1 << 20)
    for index, name in enumerate(graph.inputs):
        interpreter.set_input(inputs[name], index)
    interpreter.invoke()
    return np.array(interpreter.get_output(0))


def run_litert(graph: Graph, inputs: Mapping[str, Array]) -> Array:
    """The first output as LiteRT's reference kernels compute it; skips the test without the package."""
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
