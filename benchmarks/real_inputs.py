"""Recorded inputs for the MLPerf Tiny models that there is data for."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from smelt.ir import Array, Value


def real_inputs(model: str, value: Value, shared: Path, count: int) -> list[Array]:
    """The first `count` recorded inputs as the model's int8 input; empty for models without data (vww, ad)."""
    if model == "kws":
        samples = _load(shared / "data" / "kws_test.npz", "x", count)
    elif model == "resnet8":
        samples = _load(shared / "data" / "cifar10_test.npz", "x", count).astype(np.int16) - 128
    elif model == "sww":
        spectra = _load(shared / "models" / "mlperf_tiny" / "sww_calibration.npz", "specs", count)
        samples = _quantized(spectra, value)
    else:
        return []
    return [sample.astype(np.int8).reshape(value.shape) for sample in samples]


def _load(path: Path, name: str, count: int) -> Array:
    """The first samples of an array in a file, none where there is no file."""
    if not path.exists():
        return np.empty(0, np.int8)
    with np.load(path) as arrays:
        found: Array = arrays[name][:count]
    return found


def _quantized(samples: Array, value: Value) -> Array:
    quantization = value.quantization
    assert quantization is not None
    levels = np.round(samples.astype(np.float64) / quantization.scale) + quantization.zero_point
    return np.asarray(np.clip(levels, -128, 127))
