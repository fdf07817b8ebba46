"""Cases of pooling and of mean."""

from smelt.ir import Attribute, DType, Quantization
from smelt.operators.case import Case, Tensor, quantized

_POOLS: dict[str, tuple[tuple[int, int, int, int], dict[str, Attribute]]] = {
    "halves": ((1, 8, 6, 5), {"filter": (2, 2), "stride": (2, 2)}),
    "same_3x3": ((2, 7, 6, 3), {"filter": (3, 3), "stride": (2, 1), "padding": (1, 1, 1, 1)}),
    "uneven": ((1, 9, 5, 2), {"filter": (4, 3), "stride": (3, 2), "padding": (0, 3, 2, 1)}),
    "global": ((1, 25, 5, 4), {"filter": (25, 5)}),
    "one": ((1, 3, 3, 1), {"filter": (1, 1)}),
    "large_filter": ((1, 2, 2, 3), {"filter": (5, 5), "padding": (2, 2, 2, 2)}),
    "relu": ((1, 4, 4, 3), {"filter": (2, 2), "stride": (2, 2), "activation": "relu"}),
    "relu6": ((1, 4, 4, 3), {"filter": (2, 2), "stride": (2, 2), "activation": "relu6"}),
    "relu_n1_to_1": ((1, 4, 4, 3), {"filter": (3, 2), "activation": "relu_n1_to_1"}),
}
_MEANS: dict[str, tuple[tuple[int, ...], tuple[int, ...], bool]] = {
    "spatial": ((1, 7, 7, 16), (1, 2), False),
    "spatial_batch": ((3, 5, 4, 6), (2, 1), True),
    "last": ((4, 9), (1,), False),
    "first": ((4, 9), (0,), True),
    "apart": ((2, 3, 4, 5), (1, 3), False),
    "outer_and_inner": ((3, 4, 5), (0, 2), False),
    "all": ((2, 3, 5), (0, 1, 2), False),
    "nothing": ((2, 3), (), False),
    "size_one": ((1, 1, 1, 6), (1, 2), True),
}
_SCALES = [((0.05, -3), (0.05, -3)), ((0.1, 127), (0.013, -128)), ((0.004, -128), (0.09, 60))]

CASES = [
    *(
        Case(
            f"{operator}_{name}_s8",
            operator,
            (quantized(shape, 0.047, -11),),
            attributes,
            Quantization.per_tensor(0.047, -11),
        )
        for operator in ("average_pool_2d", "max_pool_2d")
        for name, (shape, attributes) in _POOLS.items()
    ),
    *(
        Case(
            f"{operator}_{name}_s16",
            operator,
            (quantized(shape, 0.00047, 0, DType.S16),),
            attributes,
            Quantization.per_tensor(0.00047),
        )
        for operator in ("average_pool_2d", "max_pool_2d")
        for name, (shape, attributes) in _POOLS.items()
    ),
    *(
        Case(
            f"mean_{name}_s16",
            "mean",
            (quantized(shape, 0.0005, 0, DType.S16),),
            {"axes": axes, "keep_dims": keep_dims},
            Quantization.per_tensor(0.0002),
        )
        for name, (shape, axes, keep_dims) in _MEANS.items()
    ),
    *(
        Case(f"{operator}_{name}_f32", operator, (Tensor(DType.F32, shape),), attributes)
        for operator in ("average_pool_2d", "max_pool_2d")
        for name, (shape, attributes) in _POOLS.items()
    ),
    *(
        Case(
            f"mean_{name}_s8_{index}",
            "mean",
            (quantized(shape, *source),),
            {"axes": axes, "keep_dims": keep_dims},
            Quantization.per_tensor(*result),
        )
        for name, (shape, axes, keep_dims) in _MEANS.items()
        for index, (source, result) in enumerate(_SCALES)
    ),
    # The multiplier is so small that dividing it by the count must stop at the largest right shift.
    Case(
        "mean_vanishing_s8",
        "mean",
        (quantized((1, 8, 8, 3), 2.0**-27, -5),),
        {"axes": (1, 2)},
        Quantization.per_tensor(1.0, 9),
    ),
    *(
        Case(f"mean_{name}_f32", "mean", (Tensor(DType.F32, shape),), {"axes": axes, "keep_dims": keep_dims})
        for name, (shape, axes, keep_dims) in _MEANS.items()
    ),
]
