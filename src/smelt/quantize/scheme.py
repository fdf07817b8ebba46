"""The schemes by name, and the one entry that quantizes a graph with any of them."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Literal

from smelt.errors import QuantizationError, UnsupportedError, UsageError
from smelt.ir import DType, Graph
from smelt.quantize.assemble import assemble
from smelt.quantize.calibrate import Ranges, observe
from smelt.quantize.calibrators import CALIBRATORS
from smelt.quantize.improve import check_improvements, improved
from smelt.quantize.observers import TensorStatistics
from smelt.quantize.precision import FLOAT32, INT8, INT16X8, Precision, obstacle
from smelt.quantize.prepare import equalize, means_of_whole_maps
from smelt.quantize.samples import Sample, keeping
from smelt.quantize.select import best_method, ranges_by
from smelt.quantize.sources import representative

IoType = Literal["int8", "int16", "float32"]
IO_TYPES: Mapping[str, DType] = {"int8": DType.S8, "int16": DType.S16, "float32": DType.F32}


@dataclass(frozen=True)
class Scheme:
    """A way to quantize a whole graph: its layers' precision, and the improvements made unless others are wanted."""

    name: str
    summary: str
    precision: Precision
    improvements: tuple[str, ...]


SCHEMES: Mapping[str, Scheme] = {
    scheme.name: scheme
    for scheme in (
        Scheme(
            "int8",
            "int8 weights per channel, int8 activations, int32 biases",
            INT8,
            ("means", "bias", "gptq", "learned"),
        ),
        Scheme(
            "int16x8",
            "int8 weights per channel, int16 activations, int64 biases",
            INT16X8,
            ("means", "bias", "gptq", "learned"),
        ),
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
    samples: object,
    *,
    calibrator: str = "min-max",
    improve: Collection[str] | None = None,
    input_type: IoType | None = None,
    output_type: IoType | None = None,
    strict: bool = False,
    tell: Callable[[str], None] = warnings.warn,
    after_sample: Callable[[int], None] | None = None,
) -> Graph:
    """A float32 graph quantized with a scheme, calibrated on samples.

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
    if calibrator not in (*CALIBRATORS, "auto"):
        known = ", ".join(CALIBRATORS)
        raise UsageError(f"no calibration method is called '{calibrator}'; there are {known}, and auto")
    if any(v.quantization is not None for v in graph.values.values()):
        raise QuantizationError(f"'{graph.name}' is quantized already; quantize the float model")
    improvements = chosen.improvements if improve is None else tuple(improve)
    check_improvements(improvements)
    types = (_io_type(chosen, input_type), _io_type(chosen, output_type))
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
    own = scheme.precision.activations or DType.F32
    wanted = own if name is None else IO_TYPES.get(name)
    if wanted not in (own, DType.F32):
        known = {dtype: text for text, dtype in IO_TYPES.items()}
        raise UsageError(
            f"scheme {scheme.name} has inputs and outputs of type {known[own]} or float32, not {name}"
        )
    return wanted
