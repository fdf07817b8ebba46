"""Cases of distance: computed and constant points, both powers."""

import numpy as np

from smelt.ir import DType
from smelt.operators.case import Case, Tensor

_POINTS = np.random.default_rng(5).normal(size=(9, 6)).astype(np.float32)

CASES = [
    Case(
        f"distance_f32_{kind}_{power}",
        "distance",
        (Tensor(DType.F32, (3, 6)), Tensor(DType.F32, (9, 6), None, points)),
        {"power": power},
    )
    for kind, points in (("computed", None), ("constant", _POINTS))
    for power in (1, 2)
]
