"""add, sub, mul: meaning against TFLite Micro and LiteRT, C kernels against the meaning."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from compiled_kernels import assert_compiles_cleanly, device_symbols
from hypothesis import given, settings
from hypothesis import strategies as st
from kernel_runner import run_kernels
from one_node import ALL_S8, assert_agrees, data_for, meaning, one_node
from tflite_oracles import run_litert, run_micro

from smelt.errors import GraphError, UnsupportedError
from smelt.ir import DType, Graph, Quantization
from smelt.operators import all_operators, call_of, choose_kernel
from smelt.operators.affine import SHIFT
from smelt.operators.case import Case, Tensor, quantized
from smelt.operators.elementwise.arithmetic import affine_sum, sum_of
from smelt.operators.elementwise.broadcast import layout_of
from smelt.operators.elementwise.cases import CASES
from smelt.operators.fixed_point import ACTIVATIONS
from smelt.targets import find_target

EVERY_PAIR = np.repeat(ALL_S8, 256), np.tile(ALL_S8, 256)


def random_graph(operator: str, shapes: tuple[tuple[int, ...], ...], rng: np.random.Generator) -> Graph:
    """An int8 sum or product with random parameters and activation."""
    a = 10 ** rng.uniform(-3, 1)
    b = a * 10 ** rng.uniform(-1.5, 1.5) if rng.integers(5) else a
    output = a * b * 10 ** rng.uniform(1, 3) if operator == "mul" else max(a, b) * 10 ** rng.uniform(-1, 1.5)
    zero_points = [int(z) for z in rng.integers(-128, 128, 3)]
    inputs = tuple(
        quantized(s, scale, z) for s, scale, z in zip(shapes, (a, b), zero_points[:2], strict=True)
    )
    activation = str(rng.choice(list(ACTIVATIONS)))
    return one_node(operator, inputs, (output, zero_points[2]), activation=activation)


@pytest.mark.parametrize("case", [c for c in CASES if "_s8" in c.name], ids=lambda c: c.name)
def test_int8_equals_tflite_micro(case: Case) -> None:
    graph = case.graph()
    inputs = data_for(graph)
    assert_agrees(meaning(graph, inputs), run_micro(graph, inputs))


@pytest.mark.parametrize("operator", ["add", "sub", "mul"])
def test_int8_equals_tflite_micro_for_every_pair_and_random_parameters(operator: str) -> None:
    rng = np.random.default_rng(3)
    for trial in range(15):
        graph = random_graph(operator, ((65536,), (65536,)), rng)
        inputs = dict(zip(graph.inputs, EVERY_PAIR, strict=True))
        assert_agrees(meaning(graph, inputs), run_micro(graph, inputs), f"trial {trial}")


# Parameters (of a, b, output) for which multipliers computed in float32 would change some result.
PRECISION = [
    ("add", (0.012642093934118748, 28), (0.013279120437800884, 33), (0.023291954770684242, 29)),
    ("add", (0.4183420240879059, 33), (0.32170799374580383, 49), (0.7619191408157349, 14)),
    ("sub", (0.008381165564060211, -27), (0.008571417070925236, 24), (0.005536898970603943, -22)),
    ("sub", (0.05587628111243248, -30), (0.054806582629680634, 46), (0.03663511946797371, 30)),
    ("mul", (3.435157060623169, 30), (2.2442739009857178, -9), (197.7042236328125, 55)),
    ("mul", (0.0013624773127958179, 0), (0.00044067209819331765, 24), (1.753901415213477e-05, 36)),
]


@pytest.mark.parametrize(("operator", "a", "b", "output"), PRECISION)
def test_multipliers_are_computed_in_double(
    operator: str, a: tuple[float, int], b: tuple[float, int], output: tuple[float, int]
) -> None:
    graph = one_node(operator, (quantized((65536,), *a), quantized((65536,), *b)), output)
    inputs = dict(zip(graph.inputs, EVERY_PAIR, strict=True))
    assert_agrees(meaning(graph, inputs), run_micro(graph, inputs))


@pytest.mark.parametrize("case", [c for c in CASES if "_f32" in c.name], ids=lambda c: c.name)
def test_float_equals_litert(case: Case) -> None:
    graph = case.graph()
    inputs = data_for(graph)
    assert_agrees(meaning(graph, inputs), run_litert(graph, inputs))


def test_unquantized_integers_are_plain_arithmetic() -> None:
    graph = one_node("sub", (Tensor(DType.S32, (3,)), Tensor(DType.S32, (1,))), activation="relu")
    x, y = np.array([5, -7, 100], np.int32), np.array([6], np.int32)
    np.testing.assert_array_equal(
        meaning(graph, dict(zip(graph.inputs, (x, y), strict=True))), np.array([0, 0, 94], np.int32)
    )


def test_kernels_equal_the_meaning(tmp_path: Path) -> None:
    rng = np.random.default_rng(9)
    shapes = [((50,), (50,)), ((4, 9), ()), ((5, 1, 3), (1, 4, 1)), ((2, 1, 3, 1), (1, 4, 1, 5))]
    graphs = [case.graph() for case in CASES]
    graphs += [random_graph(o, s, rng) for o in ("add", "sub", "mul") for s in shapes for _ in range(8)]
    runs = [(graph, data_for(graph)) for graph in graphs]
    for (graph, inputs), output in zip(runs, run_kernels(runs, tmp_path), strict=True):
        assert_agrees(output, meaning(graph, inputs), graph.name)


def test_empty_tensors_are_left_alone(tmp_path: Path) -> None:
    graph = one_node("add", (Tensor(DType.F32, (0, 3)), Tensor(DType.F32, (3,))))
    inputs = data_for(graph)
    assert meaning(graph, inputs).shape == (0, 3)
    assert run_kernels([(graph, inputs)], tmp_path)[0].shape == (0, 3)


def test_kernels_may_overwrite_the_first_input(tmp_path: Path) -> None:
    same = [case.graph() for case in CASES if case.name.endswith("_same")]
    assert len(same) == 9
    runs = [(graph, data_for(graph)) for graph in same]
    for (graph, inputs), output in zip(runs, run_kernels(runs, tmp_path, in_place=True), strict=True):
        assert_agrees(output, meaning(graph, inputs), graph.name)


def test_equal_shapes_and_scalars_need_no_broadcast_kernel() -> None:
    for kind, function in {"same": "smelt_mul_s8", "scalar_first": "smelt_mul_s8"}.items():
        (graph,) = [case.graph() for case in CASES if case.name == f"mul_s8_{kind}"]
        call = call_of(graph, graph.nodes[0])
        assert choose_kernel(call, find_target("host")).name == function


@settings(max_examples=200, deadline=None)
@given(st.data())
def test_layout_visits_the_elements_that_broadcasting_pairs(data: st.DataObject) -> None:
    shape = data.draw(st.lists(st.integers(1, 4), max_size=5))
    ones = [data.draw(st.lists(st.booleans(), min_size=len(shape), max_size=len(shape))) for _ in range(2)]
    cut = [data.draw(st.integers(0, len(shape))) for _ in range(2)]
    a, b = (
        tuple(1 if one else extent for extent, one in zip(shape, flags, strict=True))[start:]
        for flags, start in zip(ones, cut, strict=True)
    )
    layout = layout_of(a, b)
    offsets = np.zeros((1, 2), np.int64)
    for extent, *strides in [*layout.loops, (layout.count, *layout.steps)]:
        offsets = (offsets[:, None] + np.arange(extent)[:, None] * np.array(strides)).reshape(-1, 2)
    numbers = [np.arange(np.prod(s, dtype=int)).reshape(s) for s in (a, b)]
    expected = [array.reshape(-1) for array in np.broadcast_arrays(*numbers)]
    np.testing.assert_array_equal(offsets.T, expected)


def test_kernels_compile_for_devices_without_warnings() -> None:
    folder = all_operators()["add"].folder
    for compiler in ("gcc", "clang"):
        assert_compiles_cleanly(compiler, folder)
    symbols = device_symbols(folder, "cortex-m4")
    assert not symbols["add_s8.c"] | symbols["mul_s8.c"]
    device_symbols(folder, "cortex-m0plus")


def test_nearly_every_sum_has_an_affine_form() -> None:
    """Scales within a factor of 10, an output about as wide as the sum; powers of two, whose ties go away from zero."""
    rng = np.random.default_rng(9)
    forms = []
    for trial in range(60):
        scales = 2.0 ** rng.uniform(-3, 3, 2)
        scales = 2.0 ** np.round(np.log2(scales)) if trial % 3 == 0 else scales
        spread = round(rng.uniform(0, 2)) if trial % 3 == 0 else rng.uniform(-0.5, 1.5)
        output = float(scales.max() * 2.0**spread), int(rng.integers(-128, 128))
        inputs = tuple(quantized((4,), float(s), int(rng.integers(-128, 128))) for s in scales)
        graph = one_node("sub" if trial % 2 else "add", inputs, output)
        forms.append(affine_sum(sum_of(call_of(graph, graph.nodes[0]))))
    found = [form for form in forms if form is not None]
    assert len(found) >= 59
    assert sum(form.shift == SHIFT for form in found) >= 50


def test_user_errors_name_the_node_and_the_tensors() -> None:
    with pytest.raises(GraphError, match=r"add .*'input_0' \[2, 3\] and 'input_1' \[4\] do not broadcast"):
        one_node("add", (Tensor(DType.F32, (2, 3)), Tensor(DType.F32, (4,))))
    with pytest.raises(GraphError, match="'input_0' is f32 and 'input_1' is s8"):
        one_node("mul", (Tensor(DType.F32, (2,)), quantized((2,), 0.1, 0)))
    with pytest.raises(GraphError, match="activation 'swish' is none of none, relu"):
        one_node("add", (Tensor(DType.F32, (2,)), Tensor(DType.F32, (2,))), activation="swish")
    graph = one_node("add", (quantized((2,), 1.0, 0), quantized((2,), 1.0, 0)), (1e-7, 0))
    with pytest.raises(UnsupportedError, match=r"add 'output': the scale .* times finer"):
        meaning(graph, data_for(graph))


def test_traits() -> None:
    for name in ("add", "sub", "mul"):
        traits = all_operators()[name].traits
        assert traits.elementwise
        assert traits.fuses_activation


def test_activation_bounds_are_those_of_the_output() -> None:
    """relu6 of a sum stays within 0 .. 6 in real terms."""
    graph = one_node(
        "add", (quantized((256,), 0.1, 0), quantized((256,), 0.1, 0)), (0.05, 10), activation="relu6"
    )
    output = meaning(graph, dict.fromkeys(graph.inputs, ALL_S8))
    quantization = Quantization.per_tensor(0.05, 10)
    real = (output.astype(np.float64) - quantization.zero_point) * quantization.scale
    assert real.min() == 0
    assert real.max() == pytest.approx(117 * quantization.scale)  # int8 ends before 6
