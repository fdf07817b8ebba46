"""The schemes by name, and the one entry that quantizes a graph with any of them."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from itertools import islice
from typing import Literal

from smelt.errors import QuantizationError, UnsupportedError, UsageError
from smelt.ir import DType, Graph
from smelt.operators import find_operator
from smelt.quantize.assemble import assemble
from smelt.quantize.calibrate import Ranges, observe
from smelt.quantize.calibrators import CALIBRATORS
from smelt.quantize.improve import MOST_SAMPLES, check_improvements, improved
from smelt.quantize.narrow_weights import narrow_weights
from smelt.quantize.observers import TensorStatistics
from smelt.quantize.precision import FLOAT32, INT4, INT8, INT16X8, Precision, obstacle
from smelt.quantize.prepare import equalize, means_of_whole_maps
from smelt.quantize.samples import Sample, keeping
from smelt.quantize.select import best_method, ranges_by
from smelt.quantize.sources import representative

IoType = Literal["int8", "int16", "float32"]
IO_TYPES: Mapping[str, DType] = {"int8": DType.S8, "int16": DType.S16, "float32": DType.F32}


@dataclass(frozen=True)
class Scheme:
    """A way to quantize a whole graph.

    Either its layers have a `precision`, and ranges are calibrated on samples; or only weights are `narrow`, in
    layers that stay float (`dynamic`: that quantize their input at each run).  `improvements` are made, with
    samples, unless others are wanted.
    """

    name: str
    summary: str
    precision: Precision | None = None
    narrow: DType | None = None
    dynamic: bool = False
    improvements: tuple[str, ...] = ()


_LEARNED = ("bias", "gptq", "learned")
_ROUNDED = ("means", *_LEARNED)
SCHEMES: Mapping[str, Scheme] = {
    scheme.name: scheme
    for scheme in (
        Scheme("int8", "int8 weights and activations, int32 biases", INT8, improvements=_ROUNDED),
        Scheme("int16x8", "int8 weights, int16 activations, int64 biases", INT16X8, improvements=_ROUNDED),
        Scheme(
            "int4", "int4 weights, int8 activations, int32 biases", INT4, improvements=(*_ROUNDED, "scales")
        ),
        Scheme(
            "dynamic", "int8 weights; activations are quantized at each run", narrow=DType.S8, dynamic=True
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


def quantize_graph(
    graph: Graph,
    scheme: str,
    samples: object = None,
    *,
    calibrator: str = "min-max",
    improve: Collection[str] | None = None,
    input_type: IoType | None = None,
    output_type: IoType | None = None,
    strict: bool = False,
    tell: Callable[[str], None] = warnings.warn,
    after_sample: Callable[[int], None] | None = None,
) -> Graph:
    """A float32 graph quantized with a scheme.  Samples are needed where the scheme has integer activations.

    `samples` is a path, arrays, or an iterable, as `representative` takes them.  `calibrator` is a name in
    CALIBRATORS, or auto: the one that leaves the least error on samples that it has not seen.
    `improve` are names in IMPROVEMENTS, by default the scheme's; what they change in weights and biases is
    kept only if it is better on samples that they have not seen.
    `input_type` and `output_type` choose the scheme's own type (None) or float32 with a conversion node.
    Operators that cannot be computed in the scheme's precision stay in float32; with `strict` that is an
    UnsupportedError.  `tell` is called with a sentence for each of those and for each choice made.
    `after_sample(count)` reports progress.
    """
    chosen = find_scheme(scheme)
    if any(v.quantization is not None for v in graph.values.values()):
        raise QuantizationError(f"'{graph.name}' is quantized already; quantize the float model")
    types = (_io_type(chosen, input_type), _io_type(chosen, output_type))
    if chosen.precision is None:
        narrowed = _narrowed(graph, chosen, strict=strict, tell=tell)
        given = [] if samples is None else list(islice(representative(graph, samples), MOST_SAMPLES))
        wishes = chosen.improvements if improve is None else tuple(improve)
        check_improvements(wishes)
        return improved(graph, narrowed, given, wishes, _silent if improve is None else tell)
    if calibrator not in (*CALIBRATORS, "auto"):
        known = ", ".join(CALIBRATORS)
        raise UsageError(f"no calibration method is called '{calibrator}'; there are {known}, and auto")
    if samples is None:
        raise UsageError(
            f"scheme {scheme} has integer activations: give samples to calibrate their ranges on"
        )
    improvements = chosen.improvements if improve is None else tuple(improve)
    check_improvements(improvements)
    if "means" in improvements:
        graph = means_of_whole_maps(graph)
    kept: list[Sample] = []
    statistics = observe(
        graph, keeping(representative(graph, samples), kept), TensorStatistics, after_sample=after_sample
    )
    if "equalization" in improvements:
        graph = equalize(graph, kept)
        statistics = observe(graph, kept, TensorStatistics)
    precisions = assigned(graph, chosen.precision, strict=strict, tell=tell)

    def assembled(ranges: Mapping[DType, Ranges]) -> Graph:
        return assemble(graph, ranges, precisions, *types)

    if calibrator == "auto":
        calibrator, found = best_method(graph, kept, assembled)
        table = ", ".join(f"{name} {ratio:.1f} dB" for name, ratio in found.items())
        tell(f"calibration by {calibrator}; signal-to-noise ratios on samples not seen: {table}")
    plain = assembled(ranges_by(calibrator, statistics))
    return improved(graph, plain, kept, improvements, _silent if improve is None else tell)


def _narrowed(graph: Graph, scheme: Scheme, *, strict: bool, tell: Callable[[str], None]) -> Graph:
    """Weights alone made narrow; layers with weights that stay as they are are named."""
    assert scheme.narrow is not None
    result = narrow_weights(graph, scheme.narrow, dynamic=scheme.dynamic)
    for node in result.nodes:
        place = find_operator(node.operator).traits.weights
        weights = node.inputs[place.input] if place else None
        if weights is not None and result.values[weights].dtype is DType.F32:
            reason = f"{scheme.name} has no form of {node.operator} with computed or shared weights"
            if strict:
                raise UnsupportedError(f"{node.label}: {reason}")
            tell(f"{node.label} stays in float32: {reason}")
    return result


def quantize_int8(
    graph: Graph,
    samples: object,
    *,
    input_type: IoType = "int8",
    output_type: IoType = "int8",
    calibrator: str = "min-max",
    after_sample: Callable[[int], None] | None = None,
) -> Graph:
    """`quantize_graph` with scheme int8, strict and without improvements: plain rounding, operators as they are.

    UnsupportedError for operators without an int8 meaning.
    """
    return quantize_graph(
        graph,
        "int8",
        samples,
        calibrator=calibrator,
        improve=(),
        input_type=input_type,
        output_type=output_type,
        strict=True,
        after_sample=after_sample,
    )


def assigned(
    graph: Graph, precision: Precision, *, strict: bool, tell: Callable[[str], None]
) -> dict[str, Precision]:
    """The precision of every node, by its first output; float32 where the wanted one cannot be had."""
    result = {}
    for node in graph.nodes:
        reason = obstacle(graph, node, precision)
        if reason and strict:
            raise UnsupportedError(f"{node.label}: {reason}")
        if reason and any(graph.values[name].dtype is DType.F32 for name in node.outputs):
            tell(f"{node.label} stays in float32: {reason}")
        result[node.outputs[0]] = FLOAT32 if reason else precision
    return result


def _silent(text: str) -> None:
    """Where nobody asked for an improvement, nobody misses it."""


def _io_type(scheme: Scheme, name: IoType | None) -> DType:
    own = scheme.precision.activations if scheme.precision else None
    wanted = (own or DType.F32) if name is None else IO_TYPES[name]
    if wanted not in (own, DType.F32):
        known = {dtype: text for text, dtype in IO_TYPES.items()}
        types = "float32" if own is None else f"{known[own]} or float32"
        raise UsageError(f"scheme {scheme.name} has inputs and outputs of type {types}, not {name}")
    return wanted
