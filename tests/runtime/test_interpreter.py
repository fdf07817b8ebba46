"""The interpreter in C: the bytes of the operators' meaning and of TensorFlow Lite Micro; what it refuses."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from operator import attrgetter
from pathlib import Path

import numpy as np
import pytest
from case_graphs import all_cases, random_inputs
from shared_files import shared_folder
from small_models import plain_int8

from smelt.engines.interpreted import InterpretedEngine, write_interpreter
from smelt.engines.litert import LiteRTEngine
from smelt.engines.tflm import TflmEngine
from smelt.engines.toolchain import find_toolchain
from smelt.errors import EngineError, UnsupportedError
from smelt.formats.tflite import read_tflite, write_tflite
from smelt.formats.tflite.schema import BuiltinOperator, TensorType
from smelt.ir import Array, DType, Graph
from smelt.operators.case import Case
from smelt.operators.evaluate import evaluate_graph
from smelt.operators.interpreted import all_interpreted, find_interpreted
from smelt.targets import find_target

AT_INVOKE = 1
ROUNDING = 2e-6
ALIGNMENT = 8
CASES = {case.name: case for cases in all_cases().values() for case in cases}


def interpreted_cases() -> list[Case]:
    return [
        case
        for case in CASES.values()
        if case.inputs[0] is not None and find_interpreted(case.operator, case.inputs[0].dtype)
    ]


def assert_equal(actual: Mapping[str, Array], expected: Mapping[str, Array], relative: float = 0.0) -> None:
    """Equal integers; real numbers within `relative` times the largest one."""
    assert list(actual) == list(expected)
    for name, array in actual.items():
        if array.dtype.kind == "f" and array.size:
            largest = np.abs(expected[name][np.isfinite(expected[name])]).max(initial=0)
            np.testing.assert_allclose(array, expected[name], rtol=0, atol=relative * largest, err_msg=name)
        else:
            np.testing.assert_array_equal(array, expected[name], name)


REFUSED = {
    r"dense_blocks_.*": "has not: DEQUANTIZE|LiteRT has blocks|this type is",
    r".*few_bits.*": "no model file holds them",
    r"gather_nd_batches": "no batches of gather_nd",
    r"(average|max)_pool_2d_uneven.*": "neither SAME nor VALID",
    r"(conv|depthwise|dense)_narrow_.*(dynamic|symmetric)_s4": "this type is not supported|cannot quantize",
    r"(conv|depthwise|dense)_narrow_.*f32_s4": "has not: DEQUANTIZE of",
    r"dense_weights_zero_point_.*": "the weights must be symmetric",
    r"transpose_conv_cut_f32": "neither SAME nor VALID",
    r"(add|sub|mul)_s16|minimum_s8|maximum_u8": "TFLite takes [su][0-9]+ for quantized",
    r"elu_steep_f32": "TFLite has no elu of alpha",
    r"softmax_s8_5": "beta times the scale of the input is too small or too large",
}
"""Cases that the interpreter does not run, as regular expressions of their names, and what it says of them."""


def refusal(case: Case) -> str | None:
    return next((why for names, why in REFUSED.items() if re.fullmatch(names, case.name)), None)


@pytest.mark.parametrize("options", [0, AT_INVOKE], ids=["in_arena", "at_invoke"])
@pytest.mark.parametrize(
    "case", [case for case in interpreted_cases() if not refusal(case)], ids=attrgetter("name")
)
def test_cases(case: Case, options: int) -> None:
    model = write_tflite(case.graph())
    graph = read_tflite(model)
    with InterpretedEngine(model, graph, options=options) as engine:
        for seed in range(2):
            inputs = random_inputs(graph, seed)
            assert_equal(engine.run(inputs), evaluate_graph(graph, inputs), ROUNDING)


def like(operator: str, dtype: DType) -> list[Case]:
    """Some cases of an operator that run."""
    found = [case for case in interpreted_cases() if case.operator == operator and not refusal(case)]
    return [case for case in found if case.inputs[0] is not None and case.inputs[0].dtype is dtype][:8]


def others(model: bytes, graph: Graph, inputs: Mapping[str, Array]) -> list[Array]:
    """What TensorFlow Lite Micro computes, or LiteRT where the former lacks the operator."""
    try:
        with TflmEngine(model, graph) as tflm:
            return list(tflm.run(inputs).values())
    except EngineError:
        with LiteRTEngine(model) as litert:
            named = zip(litert.inputs, inputs.values(), strict=True)
            return list(litert.run({value.name: array for value, array in named}).values())


REAL = {row.name for row in all_interpreted() if row.dtype is DType.F32}


@pytest.mark.parametrize(
    "operator", sorted(REAL - {"unidirectional_sequence_lstm"})
)  # its cases are called lstm
def test_real_numbers_as_others_have_them(operator: str) -> None:
    pytest.importorskip("tflite_micro", reason="compares with TensorFlow Lite Micro")
    pytest.importorskip("ai_edge_litert", reason="compares with LiteRT")
    cases = like(operator, DType.F32)
    for case in cases:
        model = write_tflite(case.graph())
        graph = read_tflite(model)
        inputs = random_inputs(graph, 3)
        expected = dict(zip(graph.outputs, others(model, graph, inputs), strict=True))
        with InterpretedEngine(model, graph) as engine:
            assert_equal(engine.run(inputs), expected, ROUNDING)
    assert cases


@pytest.mark.parametrize(
    "case", [case for case in interpreted_cases() if refusal(case)], ids=attrgetter("name")
)
def test_refused_cases(case: Case) -> None:
    with pytest.raises((EngineError, UnsupportedError), match=refusal(case)):  # noqa: PT012 - one of the two says it
        model = write_tflite(case.graph())
        InterpretedEngine(model, read_tflite(model))


def real_models() -> list[Path]:
    shared = shared_folder()
    names = ("mlperf_tiny/*_int8.tflite", "tflm/*_int8.tflite", "tflm/*_float.tflite")
    return sorted(path for name in names for path in (shared / "models").glob(name)) if shared else []


@pytest.mark.skipif(not real_models(), reason="the real models are not here")
@pytest.mark.parametrize("path", real_models(), ids=lambda path: path.stem)
def test_real_models_as_tflm(path: Path) -> None:
    pytest.importorskip("tflite_micro", reason="compares with TensorFlow Lite Micro")
    graph, model = read_tflite(path.read_bytes()), path.read_bytes()
    with InterpretedEngine(model, graph) as engine, TflmEngine(model, graph) as tflm:
        for seed in range(3):
            inputs = random_inputs(graph, seed)
            assert_equal(engine.run(inputs), tflm.run(inputs), ROUNDING)


@pytest.mark.skipif(not real_models(), reason="the real models are not here")
def test_an_emulated_core() -> None:
    path = next(path for path in real_models() if path.stem == "kws_int8")
    graph = read_tflite(path.read_bytes())
    inputs = random_inputs(graph, 0)
    expected = evaluate_graph(graph, inputs)
    for target in ("cortex-m4", "cortex-m0plus"):
        with InterpretedEngine(path.read_bytes(), graph, find_target(target)) as engine:
            assert_equal(engine.run(inputs), expected)


@pytest.mark.parametrize("target", ["cortex-m4", "cortex-m0plus", "rv32imc"])
@pytest.mark.parametrize("options", [0, AT_INVOKE], ids=["in_arena", "at_invoke"])
def test_the_arena_is_the_same_on_every_core(target: str, options: int) -> None:
    pytest.importorskip("unicorn", reason="emulates cores")
    graph = plain_int8()
    model = write_tflite(graph)
    inputs = random_inputs(graph, 0)
    with InterpretedEngine(model, graph, find_target(target), options=options) as engine:
        size = engine.arena.bytes  # as on this computer
        assert engine._number("used") == size
        assert engine.host.initialize(size - 1, options) == -1
        assert engine._number("missing") == 1
        assert engine.host.initialize(size, options) == 0
        assert_equal(engine.run(inputs), evaluate_graph(graph, inputs))


@pytest.mark.parametrize("operator", ["add", "conv_2d", "fully_connected"])
def test_the_arena_is_exact(operator: str) -> None:
    graph = next(case for case in interpreted_cases() if case.operator == operator).graph()
    model = write_tflite(graph)
    with InterpretedEngine(model, graph) as engine:
        size = engine.arena.bytes
        for missing in (1, 8, size - engine.arena.state):
            assert engine.host.initialize(size - missing, 0) == -1
            assert engine._number("missing") == missing
        assert engine.host.texts() == ("the arena is too small", "")
        assert max(engine.arena.tensors, engine.arena.scratch) < engine.arena.planned + ALIGNMENT
        assert engine.arena.planned <= engine.arena.tensors + engine.arena.scratch  # of one operator
        assert engine.host.initialize(size, 0) == 0


def test_a_tensor_of_another_size_is_refused() -> None:
    graph = plain_int8()
    (value,) = (graph.values[name] for name in graph.inputs)
    with InterpretedEngine(write_tflite(graph), graph) as engine:
        engine.inputs = (replace(value, shape=(1, 8, 8, 4)),)
        with pytest.raises(EngineError, match=f"'{value.name}' has not the size"):
            engine._place(0, 0, engine.inputs[0])


def test_a_missing_operator_is_named() -> None:
    graph = interpreted_cases()[0].graph()
    model = write_tflite(graph)
    name = graph.nodes[0].operator.upper()
    with pytest.raises(EngineError, match=rf"status -4, operator 0, {name}\): not registered"):
        InterpretedEngine(model, graph, operators=())


def test_numbers_are_those_of_the_schema() -> None:
    """Operator names, types and codes in C are those that the reader of .tflite files has."""
    root = Path(__file__).parents[2] / "src/smelt/runtime"
    text = (root / "src/smelt_operator_names.c").read_text()
    names = "".join(line.strip().strip('";') for line in text.splitlines() if line.startswith('    "')).split(
        "\\0"
    )
    assert names[: len(BuiltinOperator)] == [member.name for member in BuiltinOperator]
    header = (root / "include/smelt_interpreter_operators.h").read_text()
    for line in header.splitlines():
        if line.strip().startswith("SMELT_CODE_"):
            name, number = line.strip().removeprefix("SMELT_CODE_").rstrip(",").split(" = ")
            assert BuiltinOperator[name] == int(number)
    kinds = {"F32": "FLOAT32", "S32": "INT32", "U8": "UINT8", "S64": "INT64", "S16": "INT16", "S8": "INT8"}
    header = (root / "include/smelt_interpreter.h").read_text()
    for short, name in kinds.items():
        assert f"SMELT_{short} = {TensorType[name].value}" in header


@pytest.mark.parametrize("target", ["host", "cortex-m4", "cortex-m0plus"])
def test_no_warning(target: str, tmp_path: Path) -> None:
    toolchain = find_toolchain(find_target(target))
    sources = write_interpreter(tmp_path / "c", all_interpreted())
    for defines in ((), ("SMELT_NO_MESSAGES",)):
        if target == "host":
            toolchain.compile_shared_library(
                sources,
                [tmp_path / "c"],
                tmp_path / "x.so",
                defines=defines,
                extra_flags=toolchain.warning_flags,
            )
        else:
            toolchain.compile_firmware(
                sources,
                [tmp_path / "c"],
                tmp_path / "x.elf",
                optimize="-Os",
                defines=(*defines, "SMELT_MODEL_BYTES=16", "SMELT_ARENA_BYTES=16"),
                extra_flags=toolchain.warning_flags,
            )
