"""Cases of transpose_conv: strides that are larger and smaller than the kernel, cut edges, an output beyond it all."""

import numpy as np

from smelt.ir import DType
from smelt.operators.case import Case, Tensor


def _weights(*shape: int) -> Tensor:
    array = np.random.default_rng(len(shape)).normal(size=shape).astype(np.float32)
    return Tensor(DType.F32, shape, None, array)


_IMAGE = Tensor(DType.F32, (1, 3, 4, 5))

CASES = [
    Case(
        "transpose_conv_f32", "transpose_conv", (_IMAGE, _weights(3, 2, 2, 5), _weights(3)),
        {"size": (6, 8), "stride": (2, 2)},
    ),
    Case(
        "transpose_conv_same_f32", "transpose_conv", (_IMAGE, _weights(2, 3, 3, 5), _weights(2)),
        {"size": (6, 8), "stride": (2, 2), "padding": (0, 0), "activation": "relu"},
    ),
    Case(
        "transpose_conv_cut_f32", "transpose_conv",
        (Tensor(DType.F32, (2, 3, 4, 5)), _weights(2, 4, 3, 5)), {"size": (4, 6), "padding": (1, 0)},
    ),
    Case(
        "transpose_conv_beyond_f32", "transpose_conv", (_IMAGE, _weights(2, 1, 2, 5)),
        {"size": (8, 13), "stride": (3, 4)},
    ),
]  # fmt: skip
