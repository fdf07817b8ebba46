"""Models as FlatBuffer trees: a small one with every kind of field, and the real ones."""

from __future__ import annotations

from pathlib import Path

import pytest
from shared_files import shared_folder

from smelt.formats.tflite.flatbuffer import read_flatbuffer, write_flatbuffer
from smelt.formats.tflite.flatbuffer_schema import Record
from smelt.formats.tflite.schema import TFLITE, BuiltinOperator, Padding, TensorType

MODELS = (shared_folder() or Path("absent")) / "models"
MODEL_FILES = sorted(MODELS.glob("*/*.tflite"))
needs_models = pytest.mark.skipif(not MODEL_FILES, reason=f"{MODELS} has no models")
every_model = pytest.mark.parametrize("path", MODEL_FILES, ids=lambda path: path.stem)
new = TFLITE.record


def read(data: bytes) -> Record:
    return read_flatbuffer(data, TFLITE)


def write(tree: Record) -> bytes:
    return write_flatbuffer(tree, TFLITE)


def small_model() -> Record:
    """A model that has at least one of every kind of field."""
    sparse = new(
        "SparsityParameters",
        traversal_order=[0, 1],
        dim_metadata=[
            new("DimensionMetadata", dense_size=4),
            new(
                "DimensionMetadata",
                format=1,
                array_segments=new("Uint8Vector", values=[0, 1, 2]),
                array_indices=new("Uint16Vector", values=[3, 60000, 7]),
            ),
        ],
    )
    quantization = new("QuantizationParameters", scale=[0.5, 0.25], zero_point=[-3, 0], quantized_dimension=1)
    blockwise = new("QuantizationParameters", details=new("BlockwiseQuantization", scales=2, block_size=32))
    tensors = [
        new("Tensor", name="in", shape=[1, 4], type=TensorType.INT8, quantization=quantization),
        new("Tensor", name="weights", shape=[4, 2], type=TensorType.INT8, buffer=1, quantization=blockwise),
        new("Tensor", name="out", shape=[1, 2], shape_signature=[-1, 2], has_rank=True, sparsity=sparse),
    ]
    convolve = new(
        "Operator",
        inputs=[0, 1, -1],
        outputs=[2],
        builtin_options=new("Conv2DOptions", padding=Padding.VALID, stride_w=2, stride_h=1),
        mutating_variable_inputs=[True, False, True],
        large_custom_options_offset=2**40 + 3,
    )
    scatter = new(
        "Operator",
        opcode_index=1,
        builtin_options_2=new("StablehloScatterOptions", update_window_dims=[1, 2**40], index_vector_dim=-1),
        custom_options=b"\1\2\3",
    )
    return new(
        "Model",
        version=3,
        description="a grey test model: äöü",
        operator_codes=[
            new("OperatorCode", deprecated_builtin_code=3, builtin_code=BuiltinOperator.CONV_2D, version=5),
            new("OperatorCode", deprecated_builtin_code=127, builtin_code=BuiltinOperator.STABLEHLO_SCATTER),
        ],
        subgraphs=[
            new(
                "SubGraph",
                name="main",
                tensors=tensors,
                inputs=[0],
                outputs=[2],
                operators=[convolve, scatter],
            )
        ],
        buffers=[new("Buffer"), new("Buffer", data=bytes(range(8))), new("Buffer", offset=2**33, size=2**33)],
        metadata=[new("Metadata", name="min_runtime_version", buffer=1)],
        signature_defs=[
            new("SignatureDef", signature_key="serve", inputs=[new("TensorMap", name="x")], subgraph_index=0)
        ],
    )
