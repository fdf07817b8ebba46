"""Cases of batch_matmul: plain, transposed, over batches that are equal or broadcast."""

from smelt.ir import DType, Quantization
from smelt.operators.case import Case, Tensor, quantized

_SHAPES = {
    "plain": ((3, 4), (4, 5), {}),
    "batched": ((2, 3, 4), (2, 4, 5), {}),
    "transposed_a": ((2, 4, 3), (2, 4, 5), {"transpose_a": True}),
    "transposed_b": ((2, 3, 4), (2, 5, 4), {"transpose_b": True}),
    "broadcast": ((2, 1, 3, 4), (3, 4, 2), {}),
    "one_matrix": ((4, 2, 3), (3, 5), {}),
}

CASES = [
    *(
        Case(
            f"batch_matmul_f32_{kind}",
            "batch_matmul",
            (Tensor(DType.F32, a), Tensor(DType.F32, b)),
            attributes,
        )
        for kind, (a, b, attributes) in _SHAPES.items()
    ),
    *(
        Case(
            f"batch_matmul_{dtype.value}_{kind}",
            "batch_matmul",
            (quantized(a, 0.05, zeros[0], dtype), quantized(b, 0.02, zeros[1], dtype)),
            attributes,
            Quantization.per_tensor(scale, zeros[2]),
        )
        for dtype, zeros, scale in ((DType.S8, (-3, 7, 5), 0.1), (DType.S16, (0, 0, 0), 20.0))
        for kind, (a, b, attributes) in _SHAPES.items()
    ),
]
