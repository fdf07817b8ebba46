"""Cases of the activations."""

from smelt.ir import DType, Quantization
from smelt.operators.case import Case, Tensor, quantized

_FLOAT = (Tensor(DType.F32, (2, 3, 4)),)
_CLAMPS = ("relu", "relu6", "relu_n1_to_1")

CASES = [
    *(
        Case(
            f"{name}_s8_{index}",
            name,
            (quantized((1, 5, 7, 3), *source),),
            {},
            Quantization.per_tensor(*result),
        )
        for name in _CLAMPS
        for index, (source, result) in enumerate(
            [
                ((0.05, -128), (0.05, -128)),
                ((0.06, 3), (0.06, 3)),
                ((0.1, 3), (0.03, -20)),
                ((0.007, 127), (0.2, -100)),
            ]
        )
        # TFLite Micro has no rescaling relu6.
        if name != "relu6" or source == result
    ),
    *(
        Case(
            f"leaky_relu_s8_{index}",
            "leaky_relu",
            (quantized((1, 16, 20), *source),),
            {"alpha": alpha},
            Quantization.per_tensor(*result),
        )
        for index, (alpha, source, result) in enumerate(
            [
                (0.2, (0.05, 10), (0.03, -60)),
                (0.01, (0.011, -128), (0.02, 127)),
                (1.7, (0.4, 3), (0.9, 0)),
                (-0.5, (0.1, 5), (0.08, -100)),
            ]
        )
    ),
    *(
        Case(
            f"{name}_s8_{index}",
            name,
            (quantized((3, 128), scale, zero_point),),
            {},
            Quantization.per_tensor(*result),
        )
        for name, result in (("logistic", (1 / 256, -128)), ("tanh", (1 / 128, 0)))
        for index, (scale, zero_point) in enumerate([(0.05, 0), (0.001, -128), (0.12, 20), (0.9, -7)])
    ),
    *(
        Case(
            f"{name}_s16_{index}",
            name,
            (quantized((1, 5, 7, 30), source, 0, DType.S16),),
            {},
            Quantization.per_tensor(result),
        )
        for name in _CLAMPS
        for index, (source, result) in enumerate([(0.0003, 0.0003), (0.0004, 0.0002), (0.00007, 0.001)])
        # TFLite Micro has no rescaling relu6.
        if name != "relu6" or source == result
    ),
    *(
        Case(
            f"leaky_relu_s16_{index}",
            "leaky_relu",
            (quantized((1, 16, 40), source, 0, DType.S16),),
            {"alpha": alpha},
            Quantization.per_tensor(result),
        )
        for index, (alpha, source, result) in enumerate([(0.2, 0.0005, 0.0003), (1.7, 0.0004, 0.0009)])
    ),
    *(
        Case(
            f"{name}_s16_{index}",
            name,
            (quantized((3, 700), scale, 0, DType.S16),),
            {},
            Quantization.per_tensor(1 / 32768),
        )
        for name in ("logistic", "tanh")
        for index, scale in enumerate([2.0**-12, 2.0**-11, 0.0003, 0.00001, 0.9, 2.0**-14])
    ),
    *(
        Case(
            f"hard_swish_s8_{index}",
            "hard_swish",
            (quantized((1, 16, 20), *source),),
            {},
            Quantization.per_tensor(*result),
        )
        for index, (source, result) in enumerate(
            [
                ((0.05, 10), (0.03, -115)),
                ((0.011, -128), (0.02, 0)),
                ((0.4, 3), (0.5, -128)),
                ((0.003, 5), (0.003, 0)),
            ]
        )
    ),
    *(Case(f"{name}_f32", name, _FLOAT, {}) for name in (*_CLAMPS, "logistic", "tanh", "hard_swish")),
    Case("leaky_relu_f32", "leaky_relu", _FLOAT, {"alpha": 0.3}),
]
