"""Element types of TFLite as smelt's."""

from __future__ import annotations

from smelt.formats.tflite.schema import TensorType
from smelt.ir import DType

TYPES: dict[TensorType, DType] = {
    TensorType.FLOAT32: DType.F32,
    TensorType.FLOAT16: DType.F16,
    TensorType.FLOAT64: DType.F64,
    TensorType.INT4: DType.S4,
    TensorType.INT8: DType.S8,
    TensorType.INT16: DType.S16,
    TensorType.INT32: DType.S32,
    TensorType.INT64: DType.S64,
    TensorType.UINT8: DType.U8,
    TensorType.UINT16: DType.U16,
    TensorType.UINT32: DType.U32,
    TensorType.UINT64: DType.U64,
    TensorType.BOOL: DType.BOOL,
}
