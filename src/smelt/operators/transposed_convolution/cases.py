"""Cases of transpose_conv: strides that are larger and smaller than the kernel, cut edges, an output beyond it all."""

import numpy as np

from smelt.ir import Attribute, DType, Quantization
from smelt.operators.case import Case, Tensor, quantized, random_weights


def _weights(*shape: int) -> Tensor:
    array = np.random.default_rng(len(shape)).normal(size=shape).astype(np.float32)
    return Tensor(DType.F32, shape, None, array)


def _bias(count: int) -> Tensor:
    array = np.random.default_rng(count).integers(-900, 900, count, dtype=np.int32)
    return Tensor(DType.S32, (count,), None, array)


def _wide(bias: Tensor) -> Tensor:
    """As int64, too large for 32 bits."""
    assert bias.constant is not None
    return Tensor(DType.S64, bias.shape, None, bias.constant.astype(np.int64) << 24)


_IMAGE = Tensor(DType.F32, (1, 3, 4, 5))

_QUANTIZED: tuple[tuple[str, Tensor, Tensor | None, dict[str, Attribute]], ...] = (
    ("channels", random_weights((3, 2, 2, 5), 0, 1), _bias(3), {"size": (6, 8), "stride": (2, 2)}),
    (
        "clamped",
        random_weights((2, 3, 3, 5), 0, 2),
        _bias(2),
        {"size": (6, 8), "stride": (2, 2), "activation": "relu"},
    ),
    ("no_bias", random_weights((2, 3, 3, 5), 0, 3), None, {"size": (3, 4), "padding": (1, 1)}),
)

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
    *(
        Case(
            f"transpose_conv_{kind}_s16",
            "transpose_conv",
            (quantized((1, 3, 4, 5), 0.05, 0, DType.S16), kernel, *([] if bias is None else [_wide(bias)])),
            attributes,
            Quantization.per_tensor(0.2, 0),
        )
        for kind, kernel, bias, attributes in _QUANTIZED
    ),
    *(
        Case(
            f"transpose_conv_{kind}_s8",
            "transpose_conv",
            (quantized((1, 3, 4, 5), 0.05, -7), kernel, *([] if bias is None else [bias])),
            attributes,
            Quantization.per_tensor(0.2, 11),
        )
        for kind, kernel, bias, attributes in _QUANTIZED
    ),
]  # fmt: skip
