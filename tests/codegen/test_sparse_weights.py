"""Layers that skip weights of zero: exact on every core, chosen where they gain, at the estimated cycles."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from case_graphs import all_cases, random_inputs

from smelt.codegen import Options, generate
from smelt.codegen.layers import make_layers
from smelt.codegen.sparse import sparse_form
from smelt.engines.emulated import EmulatedEngine
from smelt.engines.engine import Engine
from smelt.engines.native import NativeEngine
from smelt.engines.profile import profile
from smelt.ir import Graph, Quantization
from smelt.operators import Kernel, call_of, choose_kernel, find_operator
from smelt.operators.case import Case, quantized, random_sparse
from smelt.operators.evaluate import evaluate_graph
from smelt.operators.sparse_weights import sparse_fields
from smelt.targets import find_target

SPARSE = {case.name: case for cases in all_cases().values() for case in cases if "sparse" in case.name}
SHAPES = {
    "dense": ("fully_connected", (1, 300), (40, 300), {}),
    "pointwise": ("conv_2d", (1, 4, 4, 64), (32, 1, 1, 64), {}),
    "convolution": ("conv_2d", (1, 6, 6, 16), (16, 3, 3, 16), {"padding": (1, 1, 1, 1)}),
}


def _graph(shape: str, share: float) -> Graph:
    operator, data, weights, attributes = SHAPES[shape]
    tensors = (quantized(data, 0.05, -3), random_sparse(weights, share, 0, seed=1))
    output = Quantization.per_tensor(0.1 * math.sqrt(math.prod(weights[1:])), 5)
    return Case("layer", operator, tensors, attributes, output).graph()


def _skipping(graph: Graph) -> Kernel:
    kernels = find_operator(graph.nodes[0].operator).kernels
    (found,) = [kernel for kernel in kernels if kernel.form == "sparse"]
    return found


def _taking(graph: Graph, kernel: Kernel) -> Options:
    return Options(prices={graph.outputs[0]: {kernel.label: 1}})


def _chosen(graph: Graph, target: str, options: Options) -> bool:
    (layer,) = make_layers(graph, find_target(target), options)
    return layer.kernel == _skipping(graph)


@pytest.mark.parametrize("target", ["host", "cortex-m0plus", "cortex-m4"])
@pytest.mark.parametrize("name", SPARSE)
def test_zeros_that_are_skipped_change_no_result(name: str, target: str) -> None:
    graph = SPARSE[name].graph()
    kernel, core = _skipping(graph), find_target(target)
    assert kernel.accepts(call_of(graph, graph.nodes[0]), core)
    engine: Engine
    if target == "host":
        engine = NativeEngine(graph, options=_taking(graph, kernel))
    else:
        engine = EmulatedEngine(graph, core, options=_taking(graph, kernel))
    with engine:
        for seed in range(3):
            inputs = random_inputs(graph, seed)
            wanted = evaluate_graph(graph, inputs)
            for output, array in engine.run(inputs).items():
                np.testing.assert_array_equal(array, wanted[output])


def test_records_hold_the_weights() -> None:
    rng = np.random.default_rng(3)
    weights = rng.integers(-127, 128, (6, 90)).astype(np.int8) * (rng.random((6, 90)) < 0.08)
    fields = sparse_fields(weights.astype(np.int8))
    records = fields["weights.records"].array.reshape(-1, 3)
    counts = fields["weights.counts"].array
    assert counts.sum() == len(records)
    found = np.zeros_like(weights)
    for row, part in enumerate(np.split(records, np.cumsum(counts)[:-1])):
        at = 0
        for gaps, first, second in part.tolist():
            for gap, weight in ((gaps & 15, first), (gaps >> 4, second)):
                at += gap
                found[row, at] += np.uint8(weight).astype(np.int8)
    np.testing.assert_array_equal(found, weights)


@pytest.mark.parametrize("shape", SHAPES)
def test_they_are_chosen_where_enough_weights_are_zero(shape: str) -> None:
    many, few, none = _graph(shape, 0.97), _graph(shape, 0.5), _graph(shape, 0.0)
    for optimize in ("balanced", "speed"):
        # products of four channels at once are hard to beat where fields are short
        assert _chosen(many, "cortex-m4", Options(optimize=optimize)) == (shape == "dense")
        assert _chosen(many, "cortex-m0plus", Options(optimize=optimize))
        assert not _chosen(few, "cortex-m4", Options(optimize=optimize))
        assert not _chosen(none, "cortex-m4", Options(optimize=optimize))
    assert not _chosen(none, "cortex-m0plus", Options(optimize="size"))
    assert _chosen(many, "cortex-m4", Options(optimize="size"))


def test_flash_counts_beside_the_code_of_packed_weights() -> None:
    graph, target = _graph("dense", 0.6), find_target("cortex-m4")
    call = call_of(graph, graph.nodes[0])
    kernel = choose_kernel(call, target, "compact")
    forms = {o: sparse_form(call, kernel, target, Options(optimize=o)) for o in ("size", "flash")}
    size, flash = forms["size"], forms["flash"]
    assert size is not None
    assert flash is not None
    assert flash.dense_bytes < size.dense_bytes  # packed
    assert not flash.pays(Options(optimize="flash"))
    assert size.pays(Options(optimize="size"))
    assert not replace(size, sparse_cycles=2 * size.dense_cycles).pays(Options())


@pytest.mark.parametrize("target", ["cortex-m4", "cortex-m0plus"])
@pytest.mark.parametrize("shape", SHAPES)
def test_estimates_are_near_what_is_counted(shape: str, target: str) -> None:
    graph, core = _graph(shape, 0.9), find_target(target)
    call = call_of(graph, graph.nodes[0])
    form = sparse_form(call, choose_kernel(call, core), core, Options())
    assert form is not None
    counted = profile(graph, core, options=_taking(graph, form.kernel)).cost
    assert counted / 1.25 <= form.sparse_cycles <= 1.25 * counted


def test_a_project_links_the_kernel_alone() -> None:
    graph, target = _graph("dense", 0.95), find_target("cortex-m4")
    sources = {path.rpartition("/")[2] for path in generate(graph, target, "model").sources}
    assert {"fully_connected_sparse_s8.c", "smelt_sparse_s8.c"} <= sources
    assert not any("arm_dsp" in path for path in sources)
