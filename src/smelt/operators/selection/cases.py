"""Cases of gather, select and cast."""

import numpy as np

from smelt.ir import DType
from smelt.operators.case import Case, Tensor

_TYPES = (DType.F32, DType.S32, DType.S64, DType.S8, DType.U8, DType.BOOL)


def _indices(dtype: DType, shape: tuple[int, ...], size: int) -> Tensor:
    numbers = np.random.default_rng(3).integers(0, size, shape).astype(dtype.numpy)
    return Tensor(dtype, shape, None, numbers)


CASES = [
    Case("gather_f32_rows", "gather", (Tensor(DType.F32, (5, 3)), _indices(DType.S32, (4,), 5)), {}),
    Case(
        "gather_f32_middle",
        "gather",
        (Tensor(DType.F32, (2, 5, 3)), _indices(DType.S64, (2, 2), 5)),
        {"axis": 1},
    ),
    Case(
        "gather_f32_batched",
        "gather",
        (Tensor(DType.F32, (2, 5, 3)), _indices(DType.S32, (2, 4), 5)),
        {"axis": 1, "batch_dims": 1},
    ),
    Case("gather_s64_scalar", "gather", (Tensor(DType.S64, (5, 3)), _indices(DType.S32, (), 3)), {"axis": 1}),
    *(
        Case(
            f"select_{dtype.value}_{kind}",
            "select",
            tuple(map(Tensor, (DType.BOOL, dtype, dtype), shapes)),
            {},
        )
        for dtype in (DType.F32, DType.S64)
        for kind, shapes in {
            "same": ((2, 3, 4), (2, 3, 4), (2, 3, 4)),
            "broadcast": ((2, 1, 4), (3, 1), ()),
        }.items()
    ),
    *(
        Case(f"cast_{a.value}_{b.value}", "cast", (Tensor(a, (3, 7)),), {"to": b.value})
        for a in _TYPES
        for b in _TYPES
        if a is not b
    ),
]
