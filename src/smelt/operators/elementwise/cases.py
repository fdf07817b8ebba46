"""Cases of add, sub and mul: shapes that are equal, scalar, channel-wise, mixed; constants on either side."""

import numpy as np

from smelt.ir import DType, Quantization
from smelt.operators.case import Case, Tensor, quantized

_SHAPES = {
    "same": ((1, 4, 5, 6), (1, 4, 5, 6)),
    "scalar": ((2, 3, 4), ()),
    "scalar_first": ((1,), (1, 7, 3)),
    "channels": ((1, 4, 5, 6), (6,)),
    "channels_first": ((1, 1, 1, 6), (1, 4, 5, 6)),
    "pixels": ((1, 4, 5, 6), (1, 4, 5, 1)),
    "both": ((4, 1, 6), (5, 1)),
    "nested": ((2, 3, 1, 5), (2, 1, 4, 5)),
    "alternating": ((2, 1, 4, 1), (1, 3, 1, 5)),
}
_OPERATORS = ("add", "sub", "mul")


def _constant(dtype: DType, shape: tuple[int, ...]) -> Tensor:
    rng = np.random.default_rng(7)
    if dtype is DType.F32:
        return Tensor(dtype, shape, None, rng.normal(size=shape).astype(np.float32))
    if dtype is DType.S16:
        wide = rng.integers(-32768, 32767, shape, dtype=np.int16, endpoint=True)
        return Tensor(dtype, shape, Quantization.per_tensor(0.00009), wide)
    array = rng.integers(-128, 127, shape, dtype=np.int8, endpoint=True)
    return Tensor(dtype, shape, Quantization.per_tensor(0.023, 5), array)


def _output(name: str) -> Quantization:
    return Quantization.per_tensor(0.004 if name == "mul" else 0.06, -11)


CASES = [
    *(
        Case(
            f"{name}_s8_{kind}",
            name,
            (quantized(a, 0.05, 4), quantized(b, 0.021, -128)),
            {"activation": activation},
            _output(name),
        )
        for name in _OPERATORS
        for kind, (a, b) in _SHAPES.items()
        for activation in [("none", "relu", "relu6", "relu_n1_to_1")[len(kind) % 4]]
    ),
    *(
        Case(
            f"{name}_s16_{kind}",
            name,
            (quantized(a, 0.0002, 0, DType.S16), quantized(b, 0.00009, 0, DType.S16)),
            {"activation": activation},
            Quantization.per_tensor(0.0003 if name != "mul" else 0.0007),
        )
        for name in _OPERATORS
        for kind, (a, b) in _SHAPES.items()
        for activation in [("none", "relu", "relu6", "relu_n1_to_1")[len(kind) % 4]]
    ),
    *(
        Case(
            f"{name}_s16_constant",
            name,
            (quantized((1, 3, 3, 5), 0.0002, 0, DType.S16), _constant(DType.S16, (5,))),
            {},
            Quantization.per_tensor(0.0003),
        )
        for name in _OPERATORS
    ),
    *(
        Case(
            f"{name}_f32_{kind}",
            name,
            (Tensor(DType.F32, a), Tensor(DType.F32, b)),
            {"activation": activation},
        )
        for name in _OPERATORS
        for kind, (a, b) in _SHAPES.items()
        for activation in [("none", "relu", "relu6", "relu_n1_to_1")[len(kind) % 4]]
    ),
    *(
        Case(f"{name}_s8_{kind}", name, inputs, {}, _output(name))
        for name in _OPERATORS
        for kind, inputs in {
            "constant": (quantized((1, 3, 3, 5), 0.05, 0), _constant(DType.S8, (5,))),
            "constant_first": (_constant(DType.S8, (1, 3, 3, 5)), quantized((3, 1, 5), 0.05, 0)),
        }.items()
    ),
    Case("mul_f32_constant", "mul", (Tensor(DType.F32, (1, 3, 3, 5)), _constant(DType.F32, (5,))), {}),
    *(
        Case(f"{name}_{dtype.value}", name, (Tensor(dtype, (2, 3, 4)), Tensor(dtype, (3, 1))), {})
        for name in _OPERATORS
        for dtype in (DType.S32, DType.S64, DType.U8, DType.S16)
    ),
]
