"""Cases of the reductions: axes inside, outside, apart; every type."""

from smelt.ir import DType, Quantization
from smelt.operators.case import Case, Tensor, quantized

_AXES = {
    "last": ((3, 4, 5), (2,)),
    "first": ((3, 4, 5), (0,)),
    "apart": ((2, 3, 4, 5), (1, 3)),
    "all": ((3, 4), (0, 1)),
}
_ORDERS = ("reduce_max", "reduce_min")
_NUMBERS = ("sum", "reduce_prod", "reduce_max", "reduce_min")

CASES = [
    *(
        Case(
            f"sum_s8_{kind}_{index}",
            "sum",
            (quantized(shape, *source),),
            {"axes": axes, "keep_dims": kind == "apart"},
            Quantization.per_tensor(*result),
        )
        for kind, (shape, axes) in _AXES.items()
        for index, (source, result) in enumerate([((0.05, -3), (0.21, 11)), ((0.02, 100), (0.013, -128))])
    ),
    *(
        Case(
            f"{name}_f32_{kind}",
            name,
            (Tensor(DType.F32, shape),),
            {"axes": axes, "keep_dims": kind == "apart"},
        )
        for name in _NUMBERS
        for kind, (shape, axes) in _AXES.items()
    ),
    *(
        Case(f"{name}_{dtype.value}", name, (Tensor(dtype, (2, 3, 4)),), {"axes": (1,), "keep_dims": True})
        for name in _NUMBERS
        for dtype in (DType.S32, DType.S64)
    ),
    *(
        Case(f"{name}_bool", name, (Tensor(DType.BOOL, (4, 3, 2)),), {"axes": (1,)})
        for name in ("reduce_any", "reduce_all")
    ),
    *(
        Case(
            f"{name}_{dtype.value}_{axis}",
            name,
            (Tensor(dtype, (2, 7, 3)),),
            {"axis": axis, "index_type": kind},
        )
        for name in ("arg_max", "arg_min")
        for dtype, axis, kind in (
            (DType.F32, 1, "s32"),
            (DType.F32, 2, "s64"),
            (DType.S8, 1, "s32"),
            (DType.S32, 0, "s64"),
        )
    ),
    *(
        Case(
            f"{name}_{dtype.value}_{axis}",
            name,
            (Tensor(dtype, (2, 7, 3)),),
            {"axis": axis, "exclusive": exclusive, "reverse": reverse},
        )
        for name in ("cumsum", "cumprod")
        for dtype, axis, exclusive, reverse in (
            (DType.F32, 1, False, False),
            (DType.F32, 2, True, True),
            (DType.S32, 0, True, False),
            (DType.S64, 1, False, True),
        )
    ),
    *(
        Case(f"topk_v2_{dtype.value}", "topk_v2", (Tensor(dtype, (3, 9)),), {"k": 4, "index_type": kind})
        for dtype, kind in ((DType.F32, "s32"), (DType.S32, "s32"), (DType.S64, "s64"))
    ),
    *(
        Case(
            f"{name}_s8_{kind}",
            name,
            (quantized((2, 3, 4, 5), 0.05, -7),),
            {"axes": axes, "keep_dims": keep},
            quantized((1,), 0.05, -7).quantization,
        )
        for name in _ORDERS
        for kind, axes, keep in (("apart", (1, 3), True), ("last", (3,), False))
    ),
    Case("topk_v2_smallest", "topk_v2", (Tensor(DType.F32, (2, 5)),), {"k": 5, "largest": False}),
]
