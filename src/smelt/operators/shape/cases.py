"""Cases of the operators that move or rename elements."""

from collections.abc import Sequence

from smelt.ir import Attribute, DType
from smelt.operators.case import Case, Tensor, quantized


def _each(name: str, operator: str, shapes: Sequence[tuple[int, ...]], **attributes: Attribute) -> list[Case]:
    """The same use in int8, int16, float32."""
    integers = tuple(quantized(shape, 0.05, -7) for shape in shapes)
    wide = tuple(quantized(shape, 0.0005, 0, DType.S16) for shape in shapes)
    floats = tuple(Tensor(DType.F32, shape) for shape in shapes)
    return [
        Case(f"{name}_s8", operator, integers, attributes, integers[0].quantization),
        Case(f"{name}_s16", operator, wide, attributes, wide[0].quantization),
        Case(f"{name}_f32", operator, floats, attributes),
    ]


CASES = [
    *_each("reshape", "reshape", [(1, 4, 6)], shape=(2, 3, 4)),
    *_each("reshape_scalar", "reshape", [(1, 1)], shape=()),
    *_each("squeeze", "squeeze", [(1, 4, 1, 6)], axes=(0, 2)),
    *_each("expand_dims", "expand_dims", [(4, 6)], axis=1),
    *_each("transpose_nchw_to_nhwc", "transpose", [(2, 3, 4, 5)], permutation=(0, 2, 3, 1)),
    *_each("transpose_nhwc_to_nchw", "transpose", [(1, 4, 5, 3)], permutation=(0, 3, 1, 2)),
    *_each("transpose_rows", "transpose", [(3, 5, 9)], permutation=(1, 0, 2)),
    *_each("transpose_reversed_6d", "transpose", [(2, 3, 2, 3, 2, 2)], permutation=(5, 4, 3, 2, 1, 0)),
    *_each("transpose_nothing", "transpose", [(2, 3)], permutation=(0, 1)),
    *_each("strided_slice", "strided_slice", [(5, 6, 7)], begin=(1, 0, 2), end=(5, 6, 7), stride=(2, 1, 3)),
    *_each(
        "strided_slice_rows", "strided_slice", [(5, 6, 7)], begin=(1, 2, 0), end=(3, 5, 7), stride=(1,) * 3
    ),
    *_each("pad_same", "pad", [(1, 4, 5, 3)], paddings=(0, 0, 1, 1, 1, 2, 0, 0)),
    *_each("pad_everywhere", "pad", [(2, 3, 4, 5)], paddings=(1, 0, 0, 2, 3, 1, 2, 2)),
    *_each("pad_value", "pad", [(2, 3, 4)], paddings=(1, 1, 0, 0, 2, 1), value=-1.5),
    *_each("pad_nothing", "pad", [(2, 3)], paddings=(0, 0, 0, 0)),
    *_each("concatenation_channels", "concatenation", [(1, 3, 4, 2), (1, 3, 4, 5)], axis=3),
    *_each("concatenation_first", "concatenation", [(1, 4), (2, 4), (3, 4)], axis=0),
    *_each("concatenation_one", "concatenation", [(2, 4)], axis=1),
    *_each("concatenation_seven", "concatenation", [(2, n, 3) for n in range(1, 8)], axis=1),
    *_each(
        "strided_slice_backwards",
        "strided_slice",
        [(5, 6, 7)],
        begin=(4, 0, 5),
        end=(-1, 6, 0),
        stride=(-2, 1, -1),
    ),
    *_each("tile", "tile", [(2, 1, 3)], multiples=(2, 3, 2)),
    *_each("broadcast_to", "broadcast_to", [(3, 1, 4)], shape=(2, 3, 5, 4)),
    Case("bitcast_f32", "bitcast", (Tensor(DType.F32, (2, 3)),), {"to": "s32"}),
    Case("bitcast_s8", "bitcast", (Tensor(DType.S8, (2, 3)),), {"to": "u8"}),
]
