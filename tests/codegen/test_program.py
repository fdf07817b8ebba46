"""From a graph to layers with places in the arena."""

from __future__ import annotations

import pytest
from small_models import small_int8

import smelt
from smelt.codegen import Options, build_program
from smelt.errors import SmeltError
from smelt.ir import DType
from smelt.operators import call_of, candidate_kernels
from smelt.operators.builder import GraphBuilder

HOST = smelt.find_target("host")
Q = smelt.Quantization.per_tensor(0.05, 3)


def test_every_tensor_has_an_aligned_place_inside_the_arena() -> None:
    for keep_all in (False, True):
        program = build_program(small_int8(), smelt.find_target("cortex-m4"), keep_all=keep_all)
        graph = program.graph
        computed = [name for node in graph.nodes for name in node.outputs]
        assert set(program.offsets) >= {*graph.inputs, *computed}
        for name, offset in program.offsets.items():
            assert offset % 4 == 0
            assert 0 <= offset <= program.plan.arena_bytes - graph.values[name].bytes
        assert program.plan.arena_bytes >= program.plan.bound_bytes


def test_an_alias_lives_where_its_source_lives_and_is_no_layer() -> None:
    build = GraphBuilder("alias")
    x = build.input("x", DType.S8, (1, 4), Q)
    y = build.add("reshape", [x], {"shape": (2, 2)}, quantization=Q)
    z = build.add("relu", [y], quantization=Q)
    program = build_program(build.build([z]), HOST)
    assert program.offsets[x] == program.offsets[y]
    assert [layer.node.operator for layer in program.layers] == ["relu"]


def test_what_the_header_promises_about_the_input() -> None:
    build = GraphBuilder("chain")
    x = build.input("x", DType.S8, (1, 64), Q)
    y = build.add("relu", [x], quantization=Q)
    z = build.add("relu", [y], quantization=Q)
    reused = build_program(build.build([z]), HOST)
    start, size = reused.offsets[x], 64
    overlaps = any(
        reused.offsets[name] < start + size and start < reused.offsets[name] + size for name in (y, z)
    )
    assert reused.input_preserved is not overlaps
    assert build_program(build.build([x, z]), HOST).input_preserved


def test_errors_name_the_node() -> None:
    build = GraphBuilder("no kernel")
    x = build.input("x", DType.S32, (1, 4))
    with pytest.raises(SmeltError, match="tanh"):
        build_program(build.build([build.add("tanh", [x], name="tanh")]), HOST)
    with pytest.raises(SmeltError, match="computes nothing"):
        build_program(GraphBuilder("nothing").build([]), HOST)


def test_measured_prices_choose_the_kernel() -> None:
    graph, target = small_int8(), smelt.find_target("cortex-m4")
    node = next(node for node in graph.nodes if node.operator == "conv_2d")
    (output,) = node.outputs
    labels = [kernel.label for kernel in candidate_kernels(call_of(graph, node), target)]
    assert len(labels) == len(set(labels)) > 1
    for cheapest in labels:
        prices = {output: {label: 1 if label == cheapest else 2 for label in labels}}
        options = Options(prices={**prices, "elsewhere": {}})
        kernels = {x.call.output.name: x.kernel for x in build_program(graph, target, options=options).layers}
        kernel = kernels[output]
        assert kernel is not None
        assert kernel.label == cheapest


def test_a_price_of_a_kernel_that_refuses_the_layer_is_nothing() -> None:
    graph, target = small_int8(), smelt.find_target("cortex-m4")
    prices = {name: {"smelt_no_such_kernel": 1} for node in graph.nodes for name in node.outputs}
    priced = build_program(graph, target, options=Options(prices=prices))
    default = build_program(graph, target)
    assert [x.kernel for x in priced.layers] == [x.kernel for x in default.layers]
