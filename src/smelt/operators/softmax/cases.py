"""Cases of softmax: several scales, betas and depths."""

from smelt.ir import DType, Quantization
from smelt.operators.case import Case, Tensor, quantized

_OUTPUT = Quantization.per_tensor(1 / 256, -128)

CASES = [
    *(
        Case(f"softmax_s8_{i}", "softmax", (quantized(shape, scale, zero_point),), {"beta": beta}, _OUTPUT)
        for i, (shape, scale, zero_point, beta) in enumerate(
            [
                ((1, 12), 0.15, 20, 1.0),
                ((5, 2), 0.003, -128, 1.0),
                ((2, 3, 10), 0.8, 0, 0.5),
                ((3, 1), 0.1, 5, 1.0),
                ((2, 300), 0.02, 3, 2.0),
                ((4, 9), 60.0, 3, 1.0),
            ]
        )
    ),
    *(
        Case(
            f"softmax_s16_{i}",
            "softmax",
            (quantized(shape, scale, 0, DType.S16),),
            {"beta": beta},
            Quantization.per_tensor(1 / 32768),
        )
        for i, (shape, scale, beta) in enumerate(
            [
                ((1, 12), 0.0005, 1.0),
                ((5, 2), 0.00003, 1.0),
                ((2, 3, 10), 0.003, 0.5),
                ((3, 1), 0.1, 1.0),
                ((2, 300), 0.0001, 2.0),
                ((4, 9), 2.0, 1.0),
            ]
        )
    ),
    Case("softmax_f32", "softmax", (Tensor(DType.F32, (3, 10)),), {}),
    Case("softmax_f32_beta", "softmax", (Tensor(DType.F32, (1, 2, 7)),), {"beta": 2.5}),
]
