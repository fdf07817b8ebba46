"""smelt's operators that enlarge images as Keras's layers; the functions are as in written_layers.py."""

from __future__ import annotations

from typing import Any

import numpy as np

from smelt.formats.keras.writing import Result, Written
from smelt.formats.keras.written_layers import activated, data_of, layer_of, writes
from smelt.formats.transposed import cut_off
from smelt.operators.operator import Call
from smelt.operators.resizing import nearest_places


@writes("transpose_conv")
def _transposed_convolution(_: Written, call: Call) -> Result:
    a, x = call.attributes, data_of(_, call)
    weights = _.weights_of(call.node.inputs[1])
    bias = _.weights_of(call.node.inputs[2]) if call.has(2) else None
    size, kernel = x.value.shape[1:3], weights.shape[1:3]
    padding = _padding(size, kernel, a.stride, a.size, a.padding)
    if padding is None:
        raise _.unsupported(f"size {tuple(a.size)} with padding {tuple(a.padding)}")
    config: dict[str, Any] = {
        "filters": len(weights), "kernel_size": list(kernel), "strides": list(a.stride), "padding": padding,
        "data_format": "channels_last", "use_bias": bias is not None,
    }  # fmt: skip
    array = weights.transpose(1, 2, 0, 3)
    arrays = [array] if bias is None else [array, bias.reshape(-1)]
    return activated(_, layer_of(_, "Conv2DTranspose", config, [x], call.output, arrays), a.activation)


def _padding(size: Any, kernel: Any, stride: Any, output: Any, cut: Any) -> str | None:
    """Keras's word for a result of that size; None where it has none."""
    steps = list(zip(size, kernel, stride, strict=True))
    sizes = {
        "valid": tuple(n * s + max(k - s, 0) for n, k, s in steps), "same": tuple(n * s for n, _k, s in steps)
    }  # fmt: skip
    for word, wanted in sizes.items():
        if tuple(output) == wanted and tuple(cut) == cut_off(word, size, kernel, stride, wanted):
            return word
    return None


@writes("resize_nearest_neighbor", "resize_bilinear")
def _resize(_: Written, call: Call) -> Result:
    a, x = call.attributes, data_of(_, call)
    size = x.value.shape[1:3]
    factors = [wanted // n for wanted, n in zip(a.size, size, strict=True)]
    whole = [n * factor for n, factor in zip(size, factors, strict=True)] == list(a.size)
    nearest = call.node.operator == "resize_nearest_neighbor"
    if whole and nearest:
        repeated = [np.repeat(np.arange(n), factor) for n, factor in zip(size, factors, strict=True)]
        whole = all(np.array_equal(nearest_places(a, axis, size[axis]), repeated[axis]) for axis in (0, 1))
    if not whole or not (nearest or a.half_pixel_centers):
        raise _.unsupported(f"size {tuple(a.size)} of {list(size)} with these flags")
    config = {
        "size": factors, "interpolation": "nearest" if nearest else "bilinear", "data_format": "channels_last",
    }  # fmt: skip
    return layer_of(_, "UpSampling2D", config, [x], call.output)
