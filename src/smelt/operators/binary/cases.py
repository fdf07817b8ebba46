"""Cases of the functions of two numbers: shapes that are equal, scalar, channel-wise, mixed; every type."""

import numpy as np

from smelt.ir import DType, Quantization
from smelt.operators.case import Case, Tensor, quantized

_SHAPES = {
    "same": ((1, 3, 4, 5), (1, 3, 4, 5)),
    "scalar": ((2, 3, 4), ()),
    "channels": ((6,), (1, 2, 4, 6)),
    "nested": ((2, 3, 1, 5), (2, 1, 4, 5)),
}
_SLOPES = {
    "channels": ((2, 3, 4, 5), (5,)),
    "images": ((2, 3, 4, 5), (1, 3, 4, 5)),
    "rows": ((2, 3, 4, 5), (3, 1, 5)),
    "one": ((2, 3, 4, 5), (1,)),
}
_FLOATS = ("div", "maximum", "minimum", "floor_div", "floor_mod", "squared_difference", "prelu")
_INTEGERS = ("div", "maximum", "minimum", "floor_div", "floor_mod")
_COMPARISONS = ("equal", "not_equal", "less", "less_equal", "greater", "greater_equal")
_EDGES = np.array([-(2**31), -7, -3, -1, 0, 1, 2, 3, 9, 2**31 - 1], np.int32)
_SHIFTS = np.array([0, 1, 5, 31, 32, -1], np.int32)
_BITS = ("bitwise_and", "bitwise_or", "bitwise_xor")
_POWERS = np.array([2, -3, 0, 0.5], np.float32)

CASES = [
    *(
        Case(
            f"prelu_s8_{kind}_{index}",
            "prelu",
            (quantized(data, *source), quantized(slopes, *slope)),
            {},
            Quantization.per_tensor(*result),
        )
        for kind, (data, slopes) in _SLOPES.items()
        for index, (source, slope, result) in enumerate(
            [((0.05, -3), (0.002, 0), (0.04, -20)), ((0.02, 100), (0.013, -128), (0.09, 7))]
        )
    ),
    *(
        Case(f"{name}_f32_{kind}", name, tuple(Tensor(DType.F32, shape) for shape in shapes), {})
        for name in (*_FLOATS, *_COMPARISONS)
        for kind, shapes in _SHAPES.items()
        # a float quotient near a whole number may be rounded to either side
        if name not in ("floor_div", "floor_mod") or kind == "same"
    ),
    *(
        Case(f"{name}_{dtype.value}_{kind}", name, tuple(Tensor(dtype, shape) for shape in _SHAPES[kind]), {})
        for name in (*_INTEGERS, *_COMPARISONS)
        for dtype, kind in ((DType.S32, "nested"), (DType.S64, "channels"))
    ),
    Case(
        "squared_difference_s32",
        "squared_difference",
        (Tensor(DType.S32, (3, 4)), Tensor(DType.S32, (4,))),
        {},
    ),
    *(
        Case(
            f"{name}_s32_edges", name, (Tensor(DType.S32, (6, 1)), Tensor(DType.S32, (10,), None, _EDGES)), {}
        )
        for name in _INTEGERS
    ),
    *(
        Case(f"{name}_{dtype.value}", name, tuple(Tensor(dtype, shape) for shape in _SHAPES["nested"]), {})
        for dtype, names in {
            DType.U8: (*_BITS, "div", "maximum", "pow", "less", "equal"),
            DType.S8: (*_BITS, "floor_div", "floor_mod", "minimum", "greater_equal"),
            DType.S16: ("truncated_mod", "right_shift", "less_equal"),
            DType.U16: ("left_shift", "div", "minimum"),
            DType.S32: (*_BITS, "truncated_mod", "pow"),
            DType.U32: ("div", "right_shift", "greater"),
            DType.S64: (*_BITS, "truncated_mod", "pow"),
            DType.U64: ("div", "floor_mod", "maximum", "less", "right_shift"),
            DType.BOOL: ("equal", "not_equal"),
        }.items()
        for name in names
    ),
    *(
        Case(
            f"{name}_s32_shifts",
            name,
            (Tensor(DType.S32, (6, 1)), Tensor(DType.S32, (6,), None, _SHIFTS)),
            {},
        )
        for name in ("left_shift", "right_shift", "pow")
    ),
    Case("truncated_mod_f32", "truncated_mod", (Tensor(DType.F32, (3, 4)), Tensor(DType.F32, (3, 4))), {}),
    *(
        Case(
            f"{name}_quantized_{kind}",
            name,
            tuple(quantized(shape, 0.05, -7) for shape in _SHAPES[kind]),
            {},
            quantized((1,), 0.05, -7).quantization,
        )
        for name in ("maximum", "minimum")
        for kind in ("same", "channels")
    ),
    Case("pow_f32", "pow", (Tensor(DType.F32, (3, 4)), Tensor(DType.F32, (4,), None, _POWERS)), {}),
    *(
        Case(f"{name}_{kind}", name, tuple(Tensor(DType.BOOL, shape) for shape in _SHAPES[kind]), {})
        for name in ("logical_and", "logical_or", "logical_xor")
        for kind in ("same", "nested")
    ),
]
