"""Cases of the operators with places: one and several indices, batches, negative indices, places named twice."""

import numpy as np

from smelt.ir import Array, DType
from smelt.operators.case import Case, Tensor

_PAIRS = np.array([[0, 1], [2, 3], [1, 0], [0, 1]], np.int32)
_ROWS = np.array([[[1], [0], [-1]]], np.int64)
_ALONG = np.array([[2, 0, -1, 1], [0, 0, 1, 2]], np.int32)


def _fixed(array: Array) -> Tensor:
    return Tensor(DType.of(array), array.shape, None, array)


CASES = [
    Case("gather_nd_f32", "gather_nd", (Tensor(DType.F32, (3, 4, 2)), _fixed(_PAIRS)), {}),
    Case("gather_nd_s8", "gather_nd", (Tensor(DType.S8, (3, 4)), _fixed(_PAIRS)), {}),
    Case("gather_nd_s64", "gather_nd", (Tensor(DType.S32, (3, 4)), _fixed(_ROWS)), {}),
    Case(
        "gather_nd_batches", "gather_nd",
        (Tensor(DType.F32, (2, 4, 3)), _fixed(np.array([[[1], [3]], [[0], [-1]]], np.int32))), {"batch_dims": 1},
    ),
    Case(
        "gather_elements_rows", "gather_elements", (Tensor(DType.F32, (2, 5)), _fixed(_ALONG)), {"axis": 1}
    ),
    Case(
        "gather_elements_columns", "gather_elements",
        (Tensor(DType.S64, (3, 4)), _fixed(_ALONG.astype(np.int64))), {"axis": 0},
    ),
    *(
        Case(
            f"tensor_scatter_{reduction}_{dtype.value}", "tensor_scatter",
            (Tensor(dtype, (3, 4, 2)), _fixed(_PAIRS), Tensor(dtype, (4, 2))), {"reduction": reduction},
        )
        for reduction, dtype in (
            ("update", DType.F32), ("update", DType.S8), ("add", DType.F32), ("mul", DType.S32),
            ("min", DType.F32), ("max", DType.S64), ("add", DType.S64), ("add", DType.S32),
        )
    ),
]  # fmt: skip
