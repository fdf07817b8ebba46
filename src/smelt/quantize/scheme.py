"""The quantization schemes by name."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from smelt.errors import UsageError
from smelt.ir import DType
from smelt.quantize.precision import BINARY, INT4, INT8, INT16X8, TERNARY, Precision


@dataclass(frozen=True)
class Scheme:
    """A way to quantize a whole graph.

    Either its layers have a `precision`, and ranges are calibrated on samples; or only weights are `narrow`, in
    layers that stay float (`dynamic`: that quantize their input at each run).  `improvements` are made, with
    samples, unless others are wanted; `calibrator` is used unless another is.
    """

    name: str
    summary: str
    precision: Precision | None = None
    narrow: DType | None = None
    dynamic: bool = False
    improvements: tuple[str, ...] = ()
    calibrator: str = "auto"

    @property
    def int4(self) -> bool:
        """Whether its weights are int4, which dense layers may have in blocks."""
        return DType.S4 in (self.narrow, self.precision.weights if self.precision else None)


_LEARNED = ("equalization", "bias", "gptq", "learned")
_ROUNDED = ("means", *_LEARNED)
SCHEMES: Mapping[str, Scheme] = {
    scheme.name: scheme
    for scheme in (
        Scheme("int8", "int8 weights and activations, int32 biases", INT8, improvements=_ROUNDED),
        Scheme(
            "int16x8",
            "int8 weights, int16 activations, int64 biases",
            INT16X8,
            improvements=_ROUNDED,
            calibrator="min-max",
        ),
        Scheme(
            "int4", "int4 weights, int8 activations, int32 biases", INT4, improvements=(*_ROUNDED, "scales")
        ),
        Scheme(
            "ternary",
            "weights -1, 0 and 1, int8 activations; for C only",
            TERNARY,
            improvements=(*_ROUNDED, "scales"),
        ),
        Scheme(
            "binary",
            "weights -1 and 1, int8 activations; for C only",
            BINARY,
            improvements=("means", "equalization", "bias"),
        ),
        Scheme(
            "dynamic",
            "int8 weights; activations are quantized at each run",
            narrow=DType.S8,
            dynamic=True,
            improvements=_LEARNED,
        ),
        Scheme(
            "dynamic-int4",
            "int4 weights, int8 in depthwise layers; activations are quantized at each run",
            narrow=DType.S4,
            dynamic=True,
            improvements=(*_LEARNED, "scales"),
        ),
        Scheme("weight-only-int8", "int8 weights in float layers", narrow=DType.S8, improvements=_LEARNED),
        Scheme(
            "weight-only-int4",
            "int4 weights in float layers",
            narrow=DType.S4,
            improvements=(*_LEARNED, "scales"),
        ),
        Scheme("float16", "half precision weights in float layers", narrow=DType.F16),
    )
}


def find_scheme(name: str) -> Scheme:
    """The scheme of that name; UsageError."""
    try:
        return SCHEMES[name]
    except KeyError:
        raise UsageError(
            f"no quantization scheme is called '{name}'; there are {', '.join(SCHEMES)}"
        ) from None
