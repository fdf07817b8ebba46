"""Cases of the operators that move or rename elements."""

from collections.abc import Sequence

from smelt.ir import Attribute, DType
from smelt.operators.case import Case, Tensor, quantized


def _both(name: str, operator: str, shapes: Sequence[tuple[int, ...]], **attributes: Attribute) -> list[Case]:
    """The same use in int8, float32."""
    integers = tuple(quantized(shape, 0.05, -7) for shape in shapes)
    floats = tuple(Tensor(DType.F32, shape) for shape in shapes)
    return [
        Case(f"{name}_s8", operator, integers, attributes, integers[0].quantization),
        Case(f"{name}_f32", operator, floats, attributes),
    ]


CASES = [
    *_both("reshape", "reshape", [(1, 4, 6)], shape=(2, 3, 4)),
    *_both("reshape_scalar", "reshape", [(1, 1)], shape=()),
    *_both("squeeze", "squeeze", [(1, 4, 1, 6)], axes=(0, 2)),
    *_both("expand_dims", "expand_dims", [(4, 6)], axis=1),
    *_both("transpose_nchw_to_nhwc", "transpose", [(2, 3, 4, 5)], permutation=(0, 2, 3, 1)),
    *_both("transpose_nhwc_to_nchw", "transpose", [(1, 4, 5, 3)], permutation=(0, 3, 1, 2)),
    *_both("transpose_rows", "transpose", [(3, 5, 9)], permutation=(1, 0, 2)),
    *_both("transpose_reversed_6d", "transpose", [(2, 3, 2, 3, 2, 2)], permutation=(5, 4, 3, 2, 1, 0)),
    *_both("transpose_nothing", "transpose", [(2, 3)], permutation=(0, 1)),
    *_both("strided_slice", "strided_slice", [(5, 6, 7)], begin=(1, 0, 2), end=(5, 6, 7), stride=(2, 1, 3)),
    *_both(
        "strided_slice_rows", "strided_slice", [(5, 6, 7)], begin=(1, 2, 0), end=(3, 5, 7), stride=(1,) * 3
    ),
    *_both("pad_same", "pad", [(1, 4, 5, 3)], paddings=(0, 0, 1, 1, 1, 2, 0, 0)),
    *_both("pad_everywhere", "pad", [(2, 3, 4, 5)], paddings=(1, 0, 0, 2, 3, 1, 2, 2)),
    *_both("pad_value", "pad", [(2, 3, 4)], paddings=(1, 1, 0, 0, 2, 1), value=-1.5),
    *_both("pad_nothing", "pad", [(2, 3)], paddings=(0, 0, 0, 0)),
    *_both("concatenation_channels", "concatenation", [(1, 3, 4, 2), (1, 3, 4, 5)], axis=3),
    *_both("concatenation_first", "concatenation", [(1, 4), (2, 4), (3, 4)], axis=0),
    *_both("concatenation_one", "concatenation", [(2, 4)], axis=1),
    *_both("concatenation_seven", "concatenation", [(2, n, 3) for n in range(1, 8)], axis=1),
]
