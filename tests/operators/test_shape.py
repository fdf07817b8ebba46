"""reshape, transpose, pad, concatenation and kin: meaning against TensorFlow Lite, C against meaning."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from compiled_kernels import (
    assert_clean_under_sanitizers,
    assert_compiles_cleanly,
    assert_same_bytes,
    device_symbols,
    evaluate,
    run_kernel,
)
from tflite_movement_oracles import run_litert, run_micro

from smelt.errors import GraphError, UnsupportedError
from smelt.ir import Array, DType, Graph
from smelt.operators import call_of, choose_kernel, find_operator
from smelt.operators.builder import random_array
from smelt.operators.case import Case, Tensor, quantized
from smelt.operators.shape.cases import CASES
from smelt.operators.shape.strided import Loop, merged
from smelt.targets import find_target

FOLDER = find_operator("transpose").folder
# The oracles write files by themselves; what they cannot write, test_cases.py compares through smelt's writer.
UNWRITTEN = ("tile", "broadcast_to", "bitcast")
ORACLE_CASES = [c for c in CASES if c.operator not in UNWRITTEN and "backwards" not in c.name]
MICRO_CASES = [case for case in ORACLE_CASES if "6d" not in case.name]  # it transposes up to five dimensions
MOVED = [case for case in CASES if not find_operator(case.operator).traits.alias]
TYPES = [DType.S8, DType.F32, DType.S16, DType.S64, DType.BOOL]


def random_inputs(graph: Graph, seed: int) -> dict[str, Array]:
    return {name: random_array(graph.values[name], seed + k) for k, name in enumerate(graph.inputs)}


def random_case(rng: np.random.Generator) -> Case:
    dtype = TYPES[rng.integers(len(TYPES))]
    rank = int(rng.integers(1, 6))
    shape = tuple(int(n) for n in rng.integers(1, 6, rank))
    operator = str(rng.choice(["transpose", "strided_slice", "pad", "concatenation"]))
    tensors = [Tensor(dtype, shape)]
    attributes: dict[str, Any]
    match operator:
        case "transpose":
            attributes = {"permutation": tuple(int(a) for a in rng.permutation(rank))}
        case "strided_slice":
            begin = tuple(int(rng.integers(0, size)) for size in shape)
            end = tuple(int(rng.integers(b + 1, size + 1)) for b, size in zip(begin, shape, strict=True))
            attributes = {
                "begin": begin,
                "end": end,
                "stride": tuple(int(n) for n in rng.integers(1, 4, rank)),
            }
        case "pad":
            attributes = {"paddings": tuple(int(n) for n in rng.integers(0, 3, 2 * rank))}
            if dtype is DType.F32:
                attributes["value"] = float(rng.choice([0.0, -1.25, 3.4e38]))
        case _:
            axis = int(rng.integers(rank))
            lengths = rng.integers(0, 5, rng.integers(0, 12))
            tensors += [Tensor(dtype, (*shape[:axis], int(n), *shape[axis + 1 :])) for n in lengths]
            attributes = {"axis": axis}
    return Case(operator, operator, tuple(tensors), attributes)


@pytest.mark.parametrize("case", MOVED, ids=lambda case: case.name)
def test_kernel_computes_the_meaning(case: Case) -> None:
    graph = case.graph()
    inputs = random_inputs(graph, 1)
    assert_same_bytes(run_kernel(graph, inputs), evaluate(graph, inputs))


@pytest.mark.parametrize("seed", range(150))
def test_kernel_of_random_cases(seed: int) -> None:
    graph = random_case(np.random.default_rng(seed)).graph()
    inputs = random_inputs(graph, seed)
    assert_same_bytes(run_kernel(graph, inputs), evaluate(graph, inputs))


@pytest.mark.parametrize("case", MICRO_CASES, ids=lambda case: case.name)
def test_meaning_is_tflite_micros(case: Case) -> None:
    graph = case.graph()
    inputs = random_inputs(graph, 2)
    assert_same_bytes(run_micro(graph, inputs), evaluate(graph, inputs))


@pytest.mark.parametrize("case", ORACLE_CASES, ids=lambda case: case.name)
def test_meaning_is_litert(case: Case) -> None:
    graph = case.graph()
    inputs = random_inputs(graph, 3)
    assert_same_bytes(run_litert(graph, inputs), evaluate(graph, inputs))


def test_pad_fills_with_the_zero_point() -> None:
    tensor = quantized((2,), 0.5, -7)
    graph = Case("pad", "pad", (tensor,), {"paddings": (1, 2)}, tensor.quantization).graph()
    result = evaluate(graph, {"input_0": np.array([3, 4], np.int8)})
    np.testing.assert_array_equal(result, [-7, 3, 4, -7, -7])


def test_pad_value_is_quantized_and_saturates() -> None:
    tensor = quantized((1,), 0.5, -7)
    for value, padding in ((1.0, -5), (1000.0, 127), (-1000.0, -128)):
        case = Case("pad", "pad", (tensor,), {"paddings": (1, 0), "value": value}, tensor.quantization)
        assert evaluate(case.graph(), {"input_0": np.array([9], np.int8)}).tolist() == [padding, 9]


def test_neighbouring_loops_become_one_run() -> None:
    whole = [Loop(2, 60, 60), Loop(3, 20, 20), Loop(5, 4, 4)]
    assert (merged(whole, 4).run, merged(whole, 4).loops) == (120, ())
    swapped = [Loop(3, 20, 40), Loop(1, 7, 7), Loop(2, 60, 20), Loop(5, 4, 4)]
    assert (merged(swapped, 4).run, merged(swapped, 4).loops) == (20, (Loop(3, 20, 40), Loop(2, 60, 20)))


@pytest.mark.parametrize(
    ("operator", "shapes", "attributes", "message"),
    [
        ("reshape", [(2, 3)], {"shape": (4, 2)}, r"do not make \[4, 2\]"),
        ("reshape", [(2, 3)], {"shape": (-1, 3)}, "do not make"),
        ("squeeze", [(1, 3)], {"axes": (1,)}, "not distinct axes of size 1"),
        ("squeeze", [(1, 3)], {"axes": (0, 0)}, "not distinct axes of size 1"),
        ("expand_dims", [(1, 3)], {"axis": 3}, "not from 0 to 2"),
        ("transpose", [(1, 3)], {"permutation": (0, 0)}, "does not permute"),
        ("pad", [(1, 3)], {"paddings": (0, 1)}, "not two numbers"),
        ("pad", [(1, 3)], {"paddings": (0, 1, -1, 0)}, "not two numbers"),
        ("strided_slice", [(4,)], {"begin": (3,), "end": (2,), "stride": (1,)}, "not a part of dimension 0"),
        ("strided_slice", [(4,)], {"begin": (0,), "end": (4,), "stride": (1, 1)}, "not one a dimension"),
        ("concatenation", [(1, 3), (2, 3)], {"axis": 1}, "does not continue"),
        ("concatenation", [(1, 3), (1, 3, 1)], {"axis": 1}, "does not continue"),
        ("concatenation", [(1, 3)], {"axis": 2}, "axis 2 is not a dimension"),
    ],
)
def test_errors(
    operator: str, shapes: list[tuple[int, ...]], attributes: dict[str, Any], message: str
) -> None:
    with pytest.raises(GraphError, match=message):
        Case("wrong", operator, tuple(Tensor(DType.F32, s) for s in shapes), attributes).graph()


def test_concatenation_wants_equal_quantization_and_types() -> None:
    one, other = quantized((2,), 0.5, 0), quantized((2,), 0.25, 0)
    with pytest.raises(GraphError, match="different quantization parameters"):
        Case("wrong", "concatenation", (one, other), {"axis": 0}, one.quantization).graph()
    constant = Tensor(DType.F32, (2,), None, np.zeros(2, np.float32))
    with pytest.raises(GraphError, match="'constant_1' is f32, 'input_0' s8"):
        Case("wrong", "concatenation", (one, constant), {"axis": 0}, one.quantization).graph()


def test_concatenation_of_thirteen_has_no_kernel() -> None:
    graph = Case("many", "concatenation", (Tensor(DType.F32, (1,)),) * 13, {"axis": 0}).graph()
    with pytest.raises(UnsupportedError, match="concatenation 'output'"):
        choose_kernel(call_of(graph, graph.nodes[0]), find_target("host"))


@pytest.mark.parametrize("compiler", ["gcc", "clang"])
def test_kernels_compile_without_a_warning(compiler: str) -> None:
    assert_compiles_cleanly(compiler, FOLDER)


@pytest.mark.parametrize("core", ["cortex-m0plus", "cortex-m4"])
def test_kernels_call_only_memory_functions(core: str) -> None:
    for source, symbols in device_symbols(FOLDER, core).items():
        assert symbols <= {"memcpy", "memset"}, source


def test_kernels_are_clean_under_sanitizers() -> None:
    assert_clean_under_sanitizers(__file__, "test_kernel_computes or test_kernel_of_random")
