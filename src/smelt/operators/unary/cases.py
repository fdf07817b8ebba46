"""Cases of the functions of one number."""

import numpy as np

from smelt.ir import DType, Quantization
from smelt.operators.case import Case, Tensor, quantized

_REAL = """abs neg square sign exp log sqrt rsqrt reciprocal sin cos floor ceil round erf softplus
    tan atan sinh cosh asinh"""

CASES = [
    *(Case(f"{name}_f32", name, (Tensor(DType.F32, (1, 3, 5, 4)),), {}) for name in _REAL.split()),
    *(
        Case(f"{name}_{dtype.value}", name, (Tensor(dtype, (2, 7)),), {})
        for name in ("abs", "neg", "square", "sign")
        for dtype in (DType.S32, DType.S64)
    ),
    *(
        Case(f"{name}_f32", name, (Tensor(DType.F32, numbers.shape, None, numbers),), {})
        for name, numbers in {
            "asin": np.linspace(-1, 1, 41, dtype=np.float32),
            "acos": np.linspace(-1, 1, 41, dtype=np.float32),
            "atanh": np.linspace(-0.999, 0.999, 41, dtype=np.float32),
            "acosh": np.geomspace(1, 1000, 41, dtype=np.float32),
        }.items()
    ),
    *(
        Case(
            f"{name}_s8_{index}",
            operator,
            (quantized((1, 16, 20), *source),),
            attributes,
            Quantization.per_tensor(*result),
        )
        for name, operator, attributes, results in (
            ("abs", "abs", {}, ((0.05, -128), (0.03, -60), (0.3, 5))),
            ("elu", "elu", {}, ((0.05, 10), (0.02, -78), (0.011, 127))),
            ("elu_steep", "elu", {"alpha": 2.5}, ((0.05, 10),)),
            ("gelu", "gelu", {}, ((0.05, -100), (0.025, -121), (0.3, 5))),
            ("gelu_approximate", "gelu", {"approximate": True}, ((0.025, -121),)),
        )
        for index, (source, result) in enumerate(
            zip([(0.05, 10), (0.03, -128), (0.1, 3)], results, strict=False)
        )
    ),
    Case("logical_not", "logical_not", (Tensor(DType.BOOL, (3, 5)),), {}),
    Case("elu_f32", "elu", (Tensor(DType.F32, (4, 6)),), {}),
    Case("elu_steep_f32", "elu", (Tensor(DType.F32, (4, 6)),), {"alpha": 2.5}),
    Case("gelu_f32", "gelu", (Tensor(DType.F32, (4, 6)),), {}),
    Case("gelu_approximate_f32", "gelu", (Tensor(DType.F32, (4, 6)),), {"approximate": True}),
]
