"""The one entry that quantizes a graph with any scheme."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from typing import Literal

from smelt.errors import QuantizationError, UnsupportedError, UsageError
from smelt.ir import DType, Graph, short_name
from smelt.operators import find_operator
from smelt.quantize.assemble import assemble
from smelt.quantize.blocks import block_obstacle
from smelt.quantize.budgets import within_measured
from smelt.quantize.calibrate import Ranges, observe
from smelt.quantize.calibrators import CALIBRATORS
from smelt.quantize.improve import MOST_SAMPLES, better, check_improvements, equalized, improved
from smelt.quantize.mixed import Mixed, Search, by_hand
from smelt.quantize.narrow_weights import narrow_weights
from smelt.quantize.observers import TensorStatistics
from smelt.quantize.precision import (
    FLOAT32,
    INT4,
    INT4_BLOCKS,
    INT8,
    Precision,
    find_precision,
    has_weights,
    obstacle,
)
from smelt.quantize.prepare import means_of_whole_maps
from smelt.quantize.prices import price
from smelt.quantize.progress import Progress, unwatched
from smelt.quantize.samples import Sample, keeping
from smelt.quantize.scheme import SCHEMES, Scheme, find_scheme
from smelt.quantize.select import LEVELS, best_method, ranges_by
from smelt.quantize.sources import representative
from smelt.quantize.unsigned_ends import unsigned_ends

IoType = Literal["int8", "uint8", "int16", "float32"]
_COARSE = ("conv_2d", "fully_connected")
"""Operators whose weights are ternary or binary unless one says otherwise: depthwise layers have few, and need them."""
IO_TYPES: Mapping[str, DType] = {"int8": DType.S8, "int16": DType.S16, "float32": DType.F32}


def quantize_graph(
    graph: Graph,
    scheme: str,
    samples: object = None,
    *,
    calibrator: str | None = None,
    improve: Collection[str] | None = None,
    mixed: Mixed | None = None,
    block: int = 0,
    input_type: IoType | None = None,
    output_type: IoType | None = None,
    strict: bool = False,
    tell: Callable[[str], None] = warnings.warn,
    progress: Progress = unwatched,
) -> Graph:
    """A float32 graph quantized with a scheme.  Samples are needed where the scheme has integer activations.

    `samples` is a path, arrays, or an iterable, as `representative` takes them.  `calibrator` is a name in
    CALIBRATORS, or auto: the one that leaves the least error on samples that it has not seen; None is the
    scheme's.  `improve` are names in IMPROVEMENTS, by default the scheme's; what they change is kept only if
    it is better on samples that they have not seen.  `mixed` gives layers other precisions.  `block`: int4 weights of
    dense layers have a scale for each so many of a row; in int4 these layers quantize their input at each run.
    `input_type` and `output_type` choose the scheme's own type (None), float32 or, where that is int8, uint8: with
    a conversion node.
    Operators that cannot be computed in the scheme's precision stay in float32; with `strict` that is an
    UnsupportedError.  `tell` is called with a sentence for each of those and for each choice made.
    `progress(stage, done, total)` is called as steps of a stage are done; total is None where it is not known.
    """
    chosen = find_scheme(scheme)
    if any(v.quantization is not None for v in graph.values.values()):
        raise QuantizationError(f"'{graph.name}' is quantized already; quantize the float model")
    types = (_io_type(chosen, input_type), _io_type(chosen, output_type))
    if calibrator not in (*CALIBRATORS, "auto", None):
        known = ", ".join(CALIBRATORS)
        raise UsageError(f"no calibration method is called '{calibrator}'; there are {known}, and auto")
    if samples is None and chosen.precision is not None:
        raise UsageError(
            f"scheme {scheme} has integer activations: give samples to calibrate their ranges on"
        )
    wishes = chosen.improvements if improve is None else tuple(improve)
    check_improvements(wishes)
    if mixed is not None and chosen.precision is None:
        raise UsageError(
            f"scheme {scheme} has one precision for all layers; int8, int16x8, int4, ternary and binary can be mixed"
        )
    if block and (block < 0 or not chosen.int4):
        names = ", ".join(name for name, each in SCHEMES.items() if each.int4)
        raise UsageError(f"blocks of {block} with {scheme}: blocks have a positive size, in schemes {names}")
    work = _Work(
        chosen, wishes, strict, tell, _silent if improve is None else tell, mixed or Mixed(), block, progress
    )
    given = None if samples is None else representative(graph, samples)
    if chosen.precision is None:
        return work.narrowed(graph, list(islice(given, MOST_SAMPLES)) if given else [])
    assert given is not None
    result = work.calibrated(
        graph,
        chosen.precision,
        given,
        calibrator or chosen.calibrator,
        types,
        calibrator is None,
    )
    result = unsigned_ends(result, inputs=input_type == "uint8", outputs=output_type == "uint8")
    return _with_layouts(result, graph)


def _with_layouts(result: Graph, graph: Graph) -> Graph:
    """What the original's metadata say of inputs and outputs, said of those that took their places."""
    metadata = dict(result.metadata)
    names = zip((*graph.inputs, *graph.outputs), (*result.inputs, *result.outputs), strict=True)
    for old, new in names:
        if old != new and (layout := metadata.pop(f"layout:{old}", None)) is not None:
            metadata[f"layout:{new}"] = layout
    return replace(result, metadata=metadata)


@dataclass(frozen=True)
class _Found:
    """A quantized graph, the float graph and the ranges that it was made of, and how these were chosen."""

    graph: Graph
    ranges: Mapping[DType, Ranges]
    result: Graph
    told: str


@dataclass(frozen=True)
class _Work:
    """One graph on its way; `remark` is told what became of improvements."""

    scheme: Scheme
    wishes: tuple[str, ...]
    strict: bool
    tell: Callable[[str], None]
    remark: Callable[[str], None]
    mixed: Mixed
    block: int
    progress: Progress

    def narrowed(self, graph: Graph, samples: Sequence[Sample]) -> Graph:
        """Weights alone made narrow."""

        def build(each: Graph) -> Graph:
            assert self.scheme.narrow is not None
            return narrow_weights(each, self.scheme.narrow, dynamic=self.scheme.dynamic, block=self.block)

        self._dense_in_blocks(graph)

        def made(each: Graph) -> Graph:
            return improved(each, build(each), samples, self.wishes, self.remark, self.progress)

        result = made(graph)
        self._name_wide_weights(result)
        other = equalized(graph, samples) if "equalization" in self.wishes else None
        if other is None:
            return result
        return better((result, made(other)), lambda found: found, graph, samples, self.remark)

    def calibrated(
        self,
        graph: Graph,
        precision: Precision,
        samples: Iterable[Sample],
        calibrator: str,
        types: tuple[DType, DType],
        quietly: bool,
    ) -> Graph:
        """Integers throughout, where that can be."""
        if "means" in self.wishes:
            graph = means_of_whole_maps(graph)
        kept: list[Sample] = []
        statistics = observe(graph, keeping(samples, kept), TensorStatistics, progress=self.progress)
        precisions = assigned(graph, precision, strict=self.strict, tell=self.tell)
        precisions = by_hand(graph, precisions, self.mixed.layers)
        dense = self._dense_in_blocks(graph)
        precisions.update({name: INT4_BLOCKS for name in dense if precisions[name] is INT4})

        found = self._best(graph, kept, statistics, precisions, calibrator, types)
        if calibrator == "auto" and not quietly:
            self.tell(found.told)
        if not (self.mixed.budget or self.mixed.fallback):
            return found.result
        return self._searched(found, kept, precisions, types)

    def _best(
        self,
        graph: Graph,
        samples: Sequence[Sample],
        statistics: Mapping[str, TensorStatistics],
        precisions: Mapping[str, Precision],
        calibrator: str,
        types: tuple[DType, DType],
    ) -> _Found:
        """The better of the graph as it is and equalized, each with its own calibration and improvements."""
        # ranges are chosen beside weights whose rounding does not drown their differences
        fine = {name: INT8 if precision.is_narrow else precision for name, precision in precisions.items()}

        activations = {precision.activations for precision in fine.values()}
        present = [dtype for dtype in LEVELS if dtype in activations or dtype in types]

        def made(each: Graph, seen: Mapping[str, TensorStatistics]) -> _Found:
            method, told = calibrator, ""
            if method == "auto":
                method, ratios = best_method(
                    each,
                    samples,
                    lambda tried: self._assembled(each, tried, fine, types),
                    present,
                    self.progress,
                )
                table = ", ".join(f"{name} {ratio:.1f} dB" for name, ratio in ratios.items())
                told = f"calibration by {method}; signal-to-noise ratios on samples not seen: {table}"
            ranges = ranges_by(method, seen)
            plain = self._assembled(each, ranges, precisions, types)
            return _Found(
                each,
                ranges,
                improved(each, plain, samples, self.wishes, self.remark, self.progress),
                told,
            )

        first = made(graph, statistics)
        other = equalized(graph, samples) if "equalization" in self.wishes else None
        if other is None:
            return first
        again = observe(other, samples, TensorStatistics, progress=self.progress)
        second = made(other, again)
        return better((first, second), lambda found: found.result, graph, samples, self.remark)

    def _searched(
        self,
        found: _Found,
        samples: Sequence[Sample],
        precisions: dict[str, Precision],
        types: tuple[DType, DType],
    ) -> Graph:
        """The graph with the precisions that the wanted search finds."""
        mixed = self.mixed

        def build(tried: Mapping[str, Precision]) -> Graph:
            return self._assembled(found.graph, found.ranges, tried, types)

        search = Search(found.graph, samples, build, self.tell, mixed.target, self.progress)

        def made(limits: Mapping[str, int]) -> Graph:
            chosen = search.within(precisions, limits) if limits else precisions
            if mixed.fallback:
                chosen = search.fall_back(chosen, mixed.fallback, find_precision(mixed.wider))
            return improved(found.graph, build(chosen), samples, self.wishes, self.remark, self.progress)

        if mixed.measure is None or not mixed.budget:
            return made(mixed.budget)
        return within_measured(
            made, mixed.budget, lambda graph: price(graph, search.target), mixed.measure, self.tell
        )

    def _assembled(
        self,
        graph: Graph,
        ranges: Mapping[DType, Ranges],
        precisions: Mapping[str, Precision],
        types: tuple[DType, DType],
    ) -> Graph:
        result = assemble(graph, ranges, precisions, *types)
        dense = [name for name, precision in precisions.items() if precision is INT4_BLOCKS]
        if not dense:
            return result
        return narrow_weights(result, DType.S4, dynamic=True, block=self.block, only=dense)

    def _dense_in_blocks(self, graph: Graph) -> list[str]:
        """The results of the dense layers whose weights can have scales of blocks; the others are named."""
        found = []
        for node in graph.nodes if self.block else ():
            if node.operator != "fully_connected" or not has_weights(graph, node):
                continue
            reason = block_obstacle(graph.constants[str(node.inputs[1])], self.block)
            if reason is None:
                found.append(node.outputs[0])
            else:
                self.tell(f"{node.label} has a scale for each output: {reason}")
        return found

    def _name_wide_weights(self, graph: Graph) -> None:
        for node in graph.nodes:
            place = find_operator(node.operator).traits.weights
            weights = node.inputs[place.input] if place else None
            if weights is not None and graph.values[weights].dtype is DType.F32:
                reason = f"{self.scheme.name} has no form of {node.operator} with computed or shared weights"
                if self.strict:
                    raise UnsupportedError(f"{node.label}: {reason}")
                self.tell(f"{node.label} stays in float32: {reason}")


def quantize_int8(
    graph: Graph,
    samples: object,
    *,
    input_type: IoType = "int8",
    output_type: IoType = "int8",
    calibrator: str = "min-max",
    progress: Progress = unwatched,
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
        progress=progress,
    )


def assigned(
    graph: Graph, precision: Precision, *, strict: bool, tell: Callable[[str], None]
) -> dict[str, Precision]:
    """The precision of every node, by its first output; float32 where the wanted one cannot be had.

    Where weights are ternary or binary, those of some layers stay int8: `_fine_layers`.
    """
    result = {}
    fine = _fine_layers(graph) if precision.is_coarse else {}
    if fine:
        listed = ", ".join(f"'{short_name(name)}' ({why})" for name, why in fine.items())
        tell(f"not {precision.name} but int8 are the weights of {listed}")
    for node in graph.nodes:
        wanted = INT8 if node.outputs[0] in fine else precision
        reason = obstacle(graph, node, wanted)
        if reason and strict:
            raise UnsupportedError(f"{node.label}: {reason}")
        if reason and any(graph.values[name].dtype is DType.F32 for name in node.outputs):
            tell(f"{node.label} stays in float32: {reason}")
        result[node.outputs[0]] = FLOAT32 if reason else wanted
    return result


def _fine_layers(graph: Graph) -> dict[str, str]:
    """The layers, by their first output, whose weights cost too much when they are coarse, and why."""
    layers = [node for node in graph.nodes if has_weights(graph, node)]
    found = {layers[0].outputs[0]: "the first layer"} if layers else {}
    found |= {node.outputs[0]: node.operator for node in layers[1:-1] if node.operator not in _COARSE}
    return found | {node.outputs[0]: "the last layer" for node in layers[1:][-1:]}


def _silent(text: str) -> None:
    """Where nobody asked for an improvement, nobody misses it."""


def _io_type(scheme: Scheme, name: IoType | None) -> DType:
    own = scheme.precision.activations if scheme.precision else None
    # unsigned bytes are int8 within the network
    wanted = (own or DType.F32) if name is None else IO_TYPES.get("int8" if name == "uint8" else name)
    if wanted is None or wanted not in (own, DType.F32):
        known = {dtype: text for text, dtype in IO_TYPES.items()} | {DType.S8: "int8, uint8"}
        types = "float32" if own is None else f"{known[own]} or float32"
        raise UsageError(f"scheme {scheme.name} has inputs and outputs of type {types}, not {name}")
    return wanted
