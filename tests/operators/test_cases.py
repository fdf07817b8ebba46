"""Every operator's cases: meaning against C on the host and on emulated cores, against .tflite, LiteRT and TFLM."""

from __future__ import annotations

import dataclasses
import fnmatch
from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import pytest
from case_graphs import all_cases, groups, merged, random_inputs

from smelt.engines.emulated import EmulatedEngine
from smelt.engines.litert import LiteRTEngine
from smelt.engines.native import NativeEngine
from smelt.engines.tflm import TflmEngine
from smelt.errors import EngineError, SmeltError, UnsupportedError
from smelt.formats.tflite import read_tflite, write_tflite
from smelt.formats.tflite.arithmetic import BINARY
from smelt.ir import Array, Attribute, Graph, Node
from smelt.ir.equality import graphs_equal
from smelt.operators import all_operators, call_of, choose_kernel, find_operator, verify_graph
from smelt.operators.case import Case
from smelt.operators.evaluate import evaluate_graph
from smelt.targets import find_target

CASES = [case for cases in all_cases().values() for case in cases]
BY_NAME = {case.name: case for case in CASES}
GROUPS = groups()
RECURRENT = ("lstm", "gru", "rnn")
SEEDS = range(3)

# Operators that TFLite does not have.
_MISSING = """distance tree_ensemble acos acosh asin asinh atan atanh cosh sinh tan bitcast
bitwise_and bitwise_or cumprod gather_elements left_shift right_shift tensor_scatter truncated_mod"""
NOT_IN_TFLITE = frozenset(_MISSING.split())
_SPREAD = "is neither SAME nor VALID"
# What a .tflite file cannot say, by case: a part of the error that the writer gives.
UNWRITABLE = {
    **{
        f"{operator}_uneven_{kind}": _SPREAD
        for operator in ("average_pool_2d", "max_pool_2d")
        for kind in ("s8", "s16", "f32")
    },
    **dict.fromkeys(("reciprocal_f32", "erf_f32", "softplus_f32"), "cannot hold this operator"),
    **{f"logical_xor_{kind}": "cannot hold this operator" for kind in ("same", "nested")},
    **dict.fromkeys(fnmatch.filter(BY_NAME, "depthwise_narrow*_dynamic_s4"), "to meet int4 weights"),
    **{name: "cannot hold this operator" for name in BY_NAME if BY_NAME[name].operator in NOT_IN_TFLITE},
    **dict.fromkeys(fnmatch.filter(BY_NAME, "*few_bits*"), "for C only"),
    "dense_blocks_float": "blocks of a multiple of 32",
    "dense_blocks_uneven": "blocks of a multiple of 32",
    "lstm_hard_f32": "has no unrolled form",
    **{f"elu_steep_{kind}": "no elu of alpha 2.5" for kind in ("f32", "s8_0")},
    "gather_nd_batches": "no batches",
    **dict.fromkeys(("transpose_conv_cut_f32",), "neither SAME nor VALID"),
    **{
        case.name: "plain integers"
        for case in CASES
        if case.operator not in NOT_IN_TFLITE
        and case.operator in (*BINARY, "add", "sub", "mul", "div")
        and case.inputs[0] is not None
        and case.inputs[0].dtype.value in ("u8", "u16", "u32", "u64", "s8", "s16")
        and case.inputs[0].quantization is None
    },
    **dict.fromkeys(("topk_v2_s64", "topk_v2_smallest"), "the largest elements only"),
}
# Cases that come back in another form of the same meaning: why.
OTHER_FORM = {
    **dict.fromkeys(
        fnmatch.filter(BY_NAME, "quantized_lstm_*"),
        "attributes come back in full, constants under other names",
    ),
    **{
        name: "the layer comes back step by step, or as an LSTM and what is cut from its sequence"
        for name in BY_NAME
        if BY_NAME[name].operator in RECURRENT
    },
    **dict.fromkeys(
        fnmatch.filter(BY_NAME, "*narrow*_f32_*"), "narrow weights come back behind a DEQUANTIZE"
    ),
    **dict.fromkeys(fnmatch.filter(BY_NAME, "conv_narrow_no_bias_*"), "a bias of zeros is written"),
    "dense_blocks_dynamic": "LiteRT forgets an activation fused into such a layer: it is an operator of its own",
    "pad_value_s16": "the real value is that of the quantized one",
    **{
        f"{name}_{kind}": "TFLite's RESHAPE says the same"
        for name in ("squeeze", "expand_dims")
        for kind in ("s8", "s16", "f32")
    },
    **{
        f"mean_spatial_batch_{kind}": "axes come back sorted"
        for kind in ("s8_0", "s8_1", "s8_2", "s16", "f32")
    },
    **{
        f"{name}_{kind}": "padding that is not SAME becomes a PAD"
        for name in ("conv_one_channel", "conv_wider_padding")
        for kind in ("s8", "s16", "f32")
    },
    **{
        f"{name}_no_bias_{kind}": "LiteRT and TFLite Micro want a bias: zeros are written"
        for name in ("conv", "depthwise")
        for kind in ("s8", "s16", "f32")
        if f"{name}_no_bias_{kind}" in BY_NAME
    },
}


def _cases_like(*patterns: str) -> list[str]:
    """The names of cases that match a pattern; each must match one."""
    found = {pattern: fnmatch.filter(BY_NAME, pattern) for pattern in patterns}
    assert all(found.values()), [pattern for pattern, names in found.items() if not names]
    return [name for names in found.values() for name in names]


_NO_CLAMP = "TFLite Micro has no kernel for RELU_N1_TO_1"
_SIX = "TFLite Micro transposes up to 5 dimensions"
# What TensorFlow Lite Micro cannot run, by case: why.  Each is checked to be refused.
NOT_IN_TFLM: dict[str, str] = {
    **dict.fromkeys(_cases_like("relu_n1_to_1_s*_?", "relu_n1_to_1_f32"), _NO_CLAMP),
    **{f"transpose_reversed_6d_{kind}": _SIX for kind in ("s8", "s16", "f32")},
    **dict.fromkeys(
        (*_cases_like("gelu_*"), "sign_f32", "sign_s32", "sign_s64", "pow_f32"),
        "TFLite Micro does not have the operator",
    ),
    **dict.fromkeys(
        _cases_like("reduce_prod_*", "reduce_any_*", "topk_v2_???", "tile_*", "bitwise_xor_s??", "pow_s*"),
        "TFLite Micro does not have the operator",
    ),
    **dict.fromkeys(
        _cases_like(
            "abs_s??",
            "add_s64",
            "sub_s64",
            "mul_s64",
            "cumsum_s??_?",
            "gather_nd_s64",
            "neg_s??",
            "square_s??",
            "floor_???_s32_*",
            "floor_???_s64_*",
            "div_s64_*",
            "div_s32_edges",
            "sum_s??",
            "reduce_max_s??",
            "reduce_min_s??",
            "arg_m??_s32_?",
            "arg_m??_f32_2",
            "gather_f32_middle",
            "gather_s64_*",
            "select_s64_*",
            "cast_*_s64",
            "cast_s64_*",
            "cast_u8_*",
            "cast_*_u8",
            "quantize_f32_u8",
            "dequantize_f16_f32",
        ),
        "TFLite Micro has no kernel for these types",
    ),
}
NOT_IN_TFLM |= {
    name: "TFLite Micro has no kernel for these weights"
    for name in _cases_like(
        "dense_blocks_dynamic",
        "*narrow*_f32_f16",
        "*narrow*_f32_s4",
        "*narrow*_dynamic_s?",
        "*narrow*metric_s?",
        "dense_narrow*_s8_s4",
    )
    if name not in UNWRITABLE and name != "dense_narrow_per_tensor_s8_s4"
}
# What TFLite Micro computes wrongly, without a word: its DEQUANTIZE applies the first scale to all channels.
WRONG_IN_TFLM = {name for name in _cases_like("*narrow*_f32_s8") if "per_tensor" not in name}
NOT_IN_LITERT: dict[str, str] = {
    **dict.fromkeys(_cases_like("signal_*"), "LiteRT does not have the custom operator"),
    **dict.fromkeys(
        _cases_like("quantized_lstm_*"), "it wants intermediate tensors, which TFLite Micro ignores"
    ),
    **dict.fromkeys(
        ("abs_s64", "square_s32", "square_s64", "sign_s64", "div_s64_channels", "floor_div_s64_channels"),
        "LiteRT has no kernel for these integers",
    ),
    **{f"{name}_s32_edges": "LiteRT refuses to divide by 0" for name in ("div", "floor_div", "floor_mod")},
    **dict.fromkeys(_cases_like("relu_n1_to_1_s16_?"), "LiteRT has no kernel for int16"),
    **dict.fromkeys(("bitwise_xor_s64", "pow_s64"), "LiteRT has no kernel for these integers"),
    **dict.fromkeys(("pow_s32", "pow_s32_shifts"), "LiteRT refuses negative powers of integers"),
    "gather_nd_s64": "LiteRT refuses negative indices",
    **{f"prelu_f32_{kind}": "the slopes widen the result" for kind in ("channels", "nested")},
}

# What LiteRT must not be given: it takes states of int8 for int16, and reads beyond their end.
UNSAFE_IN_LITERT = set(_cases_like("svdf_*_s8_s8"))

# Where LiteRT's integers differ from TFLite Micro's, which smelt follows, by more than one step: by how many.
LITERT_STEPS = {
    # where the input scale is a power of two it interpolates in another way
    "logistic_s16_0": 8,
    "tanh_s16_0": 16,
    "tanh_s16_1": 16,
}

each_case = pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
each_written_case = pytest.mark.parametrize(
    "case", [case for case in CASES if case.name not in UNWRITABLE], ids=lambda case: case.name
)


def assert_same(
    actual: Mapping[str, Array], graph: Graph, inputs: Mapping[str, Array], *, integer_tolerance: int = 0
) -> None:
    """Integers equal (or within a tolerance), floats within 1e-6 of the largest magnitude before clamping.

    What is not finite is equal.
    """
    unclamped = evaluate_graph(without_activations(graph), inputs)
    for name, expected in evaluate_graph(graph, inputs).items():
        got = actual[name]
        assert (got.shape, got.dtype) == (expected.shape, expected.dtype), name
        is_float = expected.dtype.kind == "f"
        finite = np.isfinite(expected) if is_float else np.ones(expected.shape, np.bool_)
        np.testing.assert_array_equal(got[~finite], expected[~finite], err_msg=name)
        largest = float(np.abs(unclamped[name], where=finite, out=np.zeros(finite.shape)).max(initial=0))
        tolerance = 1e-6 * largest if is_float else integer_tolerance
        difference = np.abs(got[finite].astype(np.float64) - expected[finite]).max(initial=0.0)
        assert difference <= tolerance, f"{name}: differs by {difference}"


def without_activations(graph: Graph) -> Graph:
    """The graph with no fused activation."""
    return graph.replaced(
        nodes=[
            n.with_attributes(activation="none") if "activation" in n.attributes else n for n in graph.nodes
        ]
    )


def in_one_form(graph: Graph) -> Graph:
    """The graph with every attribute spelled out, floats as float32, nodes named after their outputs."""

    def spelled(node: Node) -> dict[str, Attribute]:
        attributes = dataclasses.asdict(find_operator(node.operator).parse(node))
        return {k: float(np.float32(v)) if isinstance(v, float) else v for k, v in attributes.items()}

    return graph.replaced(nodes=[replace(n, attributes=spelled(n), name=n.outputs[0]) for n in graph.nodes])


def test_names_are_unique_and_exceptions_name_cases() -> None:
    assert len(BY_NAME) == len(CASES)
    for table in (UNWRITABLE, OTHER_FORM, NOT_IN_TFLM, NOT_IN_LITERT, LITERT_STEPS):
        assert set(table) <= set(BY_NAME)


def test_every_operator_has_cases() -> None:
    assert {case.operator for case in CASES} == set(all_operators())


def _made_anew(case: Case) -> bool:
    """Whether a result has elements that none of the inputs has."""
    graph = case.graph()
    inputs = random_inputs(graph, 0)
    known = np.concatenate([array.reshape(-1) for array in (*inputs.values(), *graph.constants.values())])
    (result,) = evaluate_graph(graph, inputs).values()
    return not np.isin(result, known).all()


def test_what_does_not_round_gives_elements_of_its_inputs() -> None:
    anew: dict[str, bool] = {}
    for case in CASES:
        value, traits = case.inputs[0], find_operator(case.operator).traits
        plain = case.attributes.get("activation", "none") == "none" and case.operator != "pad"
        if traits.same_quantization and plain and value is not None and value.quantization is not None:
            anew[case.operator] = anew.get(case.operator, False) or _made_anew(case)
    assert {"max_pool_2d", "concatenation", "average_pool_2d", "resize_bilinear"} <= anew.keys()
    assert {name: find_operator(name).traits.rounds for name in anew} == anew


@each_case
def test_case_is_valid_and_has_kernels(case: Case) -> None:
    graph = verify_graph(case.graph())
    call = call_of(graph, graph.nodes[0])
    if not find_operator(case.operator).traits.alias:
        for target in ("host", "cortex-m0plus", "cortex-m4", "cortex-m55", "rv32imc"):
            assert choose_kernel(call, find_target(target))


@pytest.mark.parametrize("target", [None, "cortex-m4", "cortex-m0plus"])
@pytest.mark.parametrize("group", GROUPS)
def test_compiled_code_computes_the_meaning(group: str, target: str | None) -> None:
    graph = merged(group, [case.graph() for case in GROUPS[group]])
    # each tensor in its own memory: to plan operators that have nothing to do with each other takes minutes
    with (
        NativeEngine(graph, keep_all=True)
        if target is None
        else EmulatedEngine(graph, find_target(target), keep_all=True)
    ) as compiled:
        for seed in SEEDS:
            inputs = random_inputs(graph, seed)
            assert_same(compiled.run(inputs), graph, inputs)


@each_written_case
def test_written_file_reads_back_as_the_same_graph(case: Case) -> None:
    graph = case.graph()
    data = write_tflite(graph)
    back = read_tflite(data, graph.name)
    assert write_tflite(graph) == data
    assert graphs_equal(in_one_form(back), in_one_form(graph)) == (case.name not in OTHER_FORM)
    for seed in SEEDS:
        inputs = random_inputs(graph, seed)
        if case.operator in RECURRENT:
            assert_same(evaluate_graph(back, inputs), graph, inputs)
            continue
        for name, expected in evaluate_graph(graph, inputs).items():
            assert evaluate_graph(back, inputs)[name].tobytes() == expected.tobytes()


@pytest.mark.parametrize("name", UNWRITABLE)
def test_what_tflite_cannot_say_is_refused(name: str) -> None:
    with pytest.raises(UnsupportedError, match=UNWRITABLE[name]):
        write_tflite(BY_NAME[name].graph())


@each_written_case
def test_tensorflow_lite_micro_runs_the_written_file_alike(case: Case) -> None:
    pytest.importorskip("tflite_micro")
    graph = case.graph()
    data = write_tflite(graph)
    if case.name in NOT_IN_TFLM:
        with pytest.raises(EngineError):
            TflmEngine(data, graph).run(random_inputs(graph, 0))
        return
    engine = TflmEngine(data, graph)
    if case.name in WRONG_IN_TFLM:
        inputs = random_inputs(graph, 0)
        with pytest.raises(AssertionError):
            assert_same(engine.run(inputs), graph, inputs)
        return
    for seed in SEEDS:
        inputs = random_inputs(graph, seed)
        assert_same(engine.run(inputs), graph, inputs)


@each_written_case
def test_litert_runs_the_written_file_alike(case: Case) -> None:
    """Floats agree; LiteRT rounds once where TFLite Micro (which smelt follows) rounds twice: one step is allowed."""
    pytest.importorskip("ai_edge_litert")
    if case.name in UNSAFE_IN_LITERT:
        pytest.skip("LiteRT takes states of int8 for int16")
    graph = case.graph()
    data = write_tflite(graph)
    if case.name in NOT_IN_LITERT:
        with pytest.raises(SmeltError):
            LiteRTEngine(data).run(random_inputs(graph, 0))
        return
    engine = LiteRTEngine(data)
    for seed in SEEDS:
        inputs = random_inputs(graph, seed)
        assert_same(engine.run(inputs), graph, inputs, integer_tolerance=LITERT_STEPS.get(case.name, 1))
