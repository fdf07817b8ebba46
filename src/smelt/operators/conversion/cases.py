"""Cases of quantize and dequantize."""

from smelt.ir import DType, Quantization
from smelt.operators.case import Case, Tensor, quantized

CASES = [
    *(
        Case(
            f"quantize_f32_s8_{i}", "quantize", (Tensor(DType.F32, (2, 5, 7)),), {"dtype": "s8"}, quantization
        )
        for i, quantization in enumerate(
            [
                Quantization.per_tensor(0.02, 3),
                Quantization.per_tensor(0.5, -128),
                Quantization.per_tensor(1e-4, 127),
            ]
        )
    ),
    *(
        Case(
            f"quantize_s8_s8_{i}",
            "quantize",
            (quantized((4, 99), *source),),
            {"dtype": "s8"},
            Quantization.per_tensor(*result),
        )
        for i, (source, result) in enumerate(
            [
                ((0.05, 3), (0.05, 3)),
                ((0.05, 3), (0.021, -60)),
                ((0.003, -128), (0.9, 127)),
                ((2.0, 0), (0.001, 0)),
            ]
        )
    ),
    *(
        Case(f"dequantize_s8_f32_{i}", "dequantize", (quantized((3, 50), scale, zero_point),), {})
        for i, (scale, zero_point) in enumerate([(0.05, 3), (1 / 256, -128), (7.5, 0)])
    ),
    *(
        Case(
            f"quantize_f32_{dtype.value}",
            "quantize",
            (Tensor(DType.F32, (2, 5, 7)),),
            {"dtype": dtype.value},
            Quantization.per_tensor(*result),
        )
        for dtype, result in ((DType.S16, (0.00005, 0)), (DType.U8, (0.01, 130)))
    ),
    *(
        Case(
            f"quantize_{source.value}_{dtype.value}",
            "quantize",
            (quantized((4, 199), *given, source),),
            {"dtype": dtype.value},
            Quantization.per_tensor(*result),
        )
        for source, given, dtype, result in (
            (DType.S8, (0.05, 3), DType.S16, (0.0003, 0)),
            (DType.S16, (0.0005, 0), DType.S8, (0.07, -20)),
            (DType.S16, (0.0005, 0), DType.S16, (0.0003, 0)),
            (DType.U8, (0.05, 128), DType.S8, (0.05, 0)),
            (DType.S8, (0.05, 0), DType.U8, (0.03, 100)),
        )
    ),
    *(
        Case(f"dequantize_{dtype.value}_f32", "dequantize", (quantized((3, 70), *given, dtype),), {})
        for dtype, given in ((DType.S16, (0.0005, 0)), (DType.U8, (0.05, 128)))
    ),
    Case("dequantize_f16_f32", "dequantize", (Tensor(DType.F16, (3, 70)),), {}),
]
