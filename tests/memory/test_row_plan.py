"""Plans below the live peak on the five MLPerf Tiny int8 models, and the API's edges."""

from dataclasses import replace

import pytest
from row_models import TABLES, model, real_kernels, window

from smelt.errors import GraphError, UsageError
from smelt.formats import load
from smelt.memory import cp_sat
from smelt.memory.row_plan import plan_rows
from smelt.memory.rows import RowInput, RowKernel, RowLayer, RowTensor

WHOLE = {"kws": 16_000, "vww": 55_296, "resnet8": 49_152, "ad": 768, "sww": 6_656}
OVERLAP = {"kws": 8_640, "vww": 37_248, "resnet8": 33_792, "ad": 768, "sww": 3_712}
STREAM = {"kws": 5_166, "vww": 28_032, "resnet8": 12_864, "ad": 768, "sww": 3_248}

# Arena goals with kernel workspaces: the default, and where RAM is what counts.
DEFAULT = {"kws": 9_200, "vww": 40_000, "resnet8": 31_000, "ad": 2_200, "sww": 4_300}
LEAN = {"kws": 5_800, "vww": 30_000, "resnet8": 15_500, "ad": 1_000, "sww": 3_900}


@pytest.mark.parametrize("name", TABLES)
def test_whole_tensors(name):
    made = plan_rows(*model(name), mode="whole")
    assert made.arena_bytes == made.bound_bytes == WHOLE[name]
    assert made.streamed == ()


@pytest.mark.parametrize("effort", [0, 1])
@pytest.mark.parametrize("name", TABLES)
def test_overlap_equals_the_measured_figure(name, effort):
    made = plan_rows(*model(name), mode="overlap", solver_effort=effort)
    assert made.arena_bytes == made.bound_bytes == OVERLAP[name]
    assert made.streamed == ()


@pytest.mark.parametrize("name", TABLES)
def test_streaming_reaches_the_measured_figure(name):
    if not cp_sat.solver():
        pytest.skip("the last bytes are found by OR-tools, which is not installed")
    made = plan_rows(*model(name), mode="stream")
    assert made.bound_bytes <= made.arena_bytes <= STREAM[name]


@pytest.mark.parametrize("name", TABLES)
def test_streaming_without_a_solver_is_at_most_ten_percent_worse(name):
    made = plan_rows(*model(name), mode="stream", solver_effort=0)
    assert made.method != "CP-SAT"
    assert made.arena_bytes <= 1.1 * STREAM[name]


@pytest.mark.parametrize("goals", [DEFAULT, LEAN], ids=["default", "lean"])
@pytest.mark.parametrize("name", TABLES)
def test_workspaces_fit_the_goals(name, goals):
    made = plan_rows(*model(name, real_kernels, alignment=4), mode="stream", ram_bytes=goals[name])
    assert made.arena_bytes <= goals[name]


def test_a_budget_is_met_at_the_lowest_price():
    """The more RAM, the cheaper: kernels, and how much is streamed."""
    layers, tensors, inputs, outputs = model("resnet8", real_kernels, alignment=4)
    budgets = (60_000, 40_000, 31_000, 20_000, 15_500)
    plans = [
        plan_rows(layers, tensors, inputs, outputs, mode="stream", ram_bytes=ram, solver_effort=0.5)
        for ram in budgets
    ]
    assert all(made.arena_bytes <= ram for made, ram in zip(plans, budgets, strict=True))
    prices = [made.price for made in plans]
    assert prices == sorted(prices)
    assert plans[0].price == 0
    assert plans[1].streamed == ()
    assert plans[2].groups == (("conv1", "conv2", "add3"),)


def test_what_cannot_be_met_gives_the_smallest_plan():
    args = model("resnet8")
    smallest = plan_rows(*args, mode="stream", solver_effort=0)
    assert plan_rows(*args, mode="stream", ram_bytes=1, solver_effort=0) == smallest


@pytest.mark.parametrize("name", ["kws", "sww"])
def test_the_same_layers_give_the_same_plan(name):
    args = model(name)
    assert plan_rows(*args, mode="stream") == plan_rows(*args, mode="stream")


@pytest.mark.parametrize(("name", "expected"), [("vww", 64_896), ("kws", 9_130), ("ad", 1_408)])
def test_inputs_kept_for_the_caller(name, expected):
    assert plan_rows(*model(name), mode="overlap", keep_inputs=True).arena_bytes == expected
    streamed = plan_rows(*model(name), mode="stream", keep_inputs=True, solver_effort=0)
    assert streamed.arena_bytes <= {"vww": 40_320, "kws": 5_300, "ad": 1_408}[name]


def test_an_input_outside_the_arena_is_left_out():
    layers, tensors, _, outputs = model("vww")
    first = RowLayer(layers[0].name, (), layers[0].output, layers[0].kernels)
    made = plan_rows([first, *layers[1:]], tensors[1:], [], outputs, mode="stream")
    assert made.arena_bytes < 28_032
    assert "x" not in made.offsets


def one_layer(kernel, needs=None, rows=8, elementwise=False):
    needs = needs or window(8, rows, 3, 1, 1)
    layer = RowLayer("a", (RowInput("x", needs, elementwise),), "y", (kernel,))
    return [layer], [RowTensor("x", 8, 10), RowTensor("y", rows, 10)], ["x"], ["y"]


@pytest.mark.parametrize(
    ("kernel", "expected"),
    [
        (RowKernel(), 100),  # row r may not lie on row r - 1, which it reads, nor on later ones
        (RowKernel(buffered=True), 90),  # row r may lie on row r - 1, which nobody reads again
        (RowKernel(keeps_rows=True), 80),  # row r may lie on row r + 1, which is in scratch
        (RowKernel(whole=True), 160),
        (RowKernel(whole=True, in_place=True), 80),
    ],
)
def test_what_a_kernel_declares_decides_the_overlap(kernel, expected):
    assert plan_rows(*one_layer(kernel)).arena_bytes == expected


@pytest.mark.parametrize(("rows", "expected"), [(5, 80), (8, 80), (9, 170)])
def test_a_smaller_output_may_take_the_place_of_an_input(rows, expected):
    needs = tuple((min(row, 7), min(row, 7)) for row in range(rows))
    assert plan_rows(*one_layer(RowKernel(whole=True, in_place=True), needs, rows)).arena_bytes == expected


def test_elementwise_runs_in_place():
    same = tuple((row, row) for row in range(8))
    assert plan_rows(*one_layer(RowKernel(), same)).arena_bytes == 90
    assert plan_rows(*one_layer(RowKernel(), same, elementwise=True)).arena_bytes == 80


def test_layers_run_downward_where_that_helps():
    """Depthwise layers move the tensor down, pointwise ones run from the bottom and move it back up."""
    layers, tensors, inputs, outputs = model("kws")
    made = plan_rows(layers, tensors, inputs, outputs)
    assert {step.layer for step in made.steps if step.descending} == {f"pointwise{at}" for at in (2, 4, 6, 8)}
    upward_only = [replace(layer, kernels=(replace(layer.kernels[0], descending=False),)) for layer in layers]
    assert plan_rows(upward_only, tensors, inputs, outputs).arena_bytes > made.arena_bytes


def test_steps_of_a_streamed_pair():
    chain = [
        RowLayer("a", (RowInput("x", tuple((r, r) for r in range(6))),), "y", (RowKernel(streamable=True),)),
        RowLayer("b", (RowInput("y", window(6, 3, 3, 2, 0)),), "z", (RowKernel(streamable=True),)),
    ]
    tensors = [RowTensor("x", 6, 1), RowTensor("y", 6, 100), RowTensor("z", 3, 1)]
    made = plan_rows(chain, tensors, ["x"], ["z"], mode="stream")
    assert [(step.layer, step.first_row, step.count) for step in made.steps] == [
        ("a", 0, 3),
        ("b", 0, 1),
        ("a", 3, 2),
        ("b", 1, 1),
        ("a", 5, 1),
        ("b", 2, 1),
    ]
    assert made.ring_rows == {"x": 6, "y": 3, "z": 3}
    assert made.streamed == ("a", "b")


def test_no_layers():
    made = plan_rows([], [RowTensor("x", 2, 5)], ["x"], ["x"], mode="stream")
    assert (made.arena_bytes, made.steps) == (10, ())


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"needs": ((0, 9),) * 8}, "rows 0..9 are not within its 8 rows"),
        ({"needs": ((0, 0),) * 3}, "needs of 3 steps, but the layer has 8"),
        ({"needs": ((0, 0),) * 8, "elementwise": True}, "must have the output's rows"),
    ],
)
def test_contradictions_are_named(change, message):
    with pytest.raises(GraphError, match=message):
        plan_rows(*one_layer(RowKernel(), **change))


def test_an_unknown_mode_is_named():
    with pytest.raises(UsageError, match="mode 'rings'"):
        plan_rows(*one_layer(RowKernel()), mode="rings")


@pytest.mark.parametrize("name", TABLES)
def test_the_tables_are_the_models(name, shared):
    graph = load(shared / "models" / "mlperf_tiny" / f"{name}_int8.tflite")
    names = {graph.inputs[0]: "x"}
    found = []
    for node in graph.nodes:
        sources = [names[i] for i in node.inputs if i in names]
        if node.operator == "reshape":
            names[node.outputs[0]] = sources[0]
            continue
        rows, row_bytes = rows_of(graph.values[node.outputs[0]].shape)
        height, stride, top = 1, 1, 0
        if node.operator in ("conv_2d", "depthwise_conv_2d"):
            stride, top = node.attributes["stride"][0], node.attributes["padding"][0]
            height = graph.values[node.inputs[1]].shape[1]
        names[node.outputs[0]] = f"t{len(found)}"
        found.append((sources, rows, row_bytes, height, stride, top))
    table = TABLES[name]
    assert table[0] == rows_of(graph.values[graph.inputs[0]].shape)
    assert len(found) == len(table) - 1
    for (sources, rows, row_bytes, height, stride, top), row in zip(found, table[1:], strict=True):
        assert (sources, rows, row_bytes) == (row[1].split(), row[2], row[3])
        if row[0] in ("conv", "depthwise", "pointwise"):
            assert (height, stride, top) == row[4:7]


def rows_of(shape):
    return (shape[1], shape[2] * shape[3]) if len(shape) == 4 else (1, shape[-1])
