"""Cases of resizing: larger, smaller, one pixel; every way to place pixels."""

from smelt.ir import DType
from smelt.operators.case import Case, Tensor, quantized

_WAYS = {"": {}, "_corners": {"align_corners": True}, "_half": {"half_pixel_centers": True}}
_SIZES = {"larger": ((2, 3, 4, 5), (7, 9)), "smaller": ((1, 6, 7, 2), (4, 3)), "one": ((1, 1, 5, 3), (1, 10))}

CASES = [
    *(
        Case(
            f"{operator}_{size}{way}_{kind}",
            operator,
            (tensor,),
            {"size": wanted, **flags},
            tensor.quantization,
        )
        for operator in ("resize_nearest_neighbor", "resize_bilinear")
        for way, flags in _WAYS.items()
        for size, (shape, wanted) in _SIZES.items()
        for kind, tensor in (("f32", Tensor(DType.F32, shape)), ("s8", quantized(shape, 0.05, -7)))
    ),
]
