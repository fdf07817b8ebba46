"""The judge of row plans: every kind of mistake is found and named."""

from dataclasses import replace

import pytest
from row_models import model, window

from smelt.errors import GraphError
from smelt.memory.check_rows import check_row_plan
from smelt.memory.row_plan import plan_rows
from smelt.memory.rows import RowInput, RowKernel, RowLayer, RowPlan, RowStep, RowTensor


def plan_of(offsets, kernel=RowKernel(), elementwise=False, steps=(RowStep("a", 0, 4),), arena=100):  # noqa: B008
    """A plan of one layer from x to y, four rows of ten bytes each, and all that the checker wants to know."""
    needs = tuple((row, row) for row in range(4)) if elementwise else window(4, 4, 3, 1, 1)
    layer = RowLayer("a", (RowInput("x", needs, elementwise),), "y", (kernel,))
    tensors = [RowTensor("x", 4, 10), RowTensor("y", 4, 10)]
    made = RowPlan(tuple(steps), offsets, {"x": 4, "y": 4}, {"a": 0}, (), arena, 0, 0.0, "by hand")
    return [layer], tensors, made, ["x"], ["y"]


def verdict(*args, **kwargs):
    try:
        check_row_plan(*plan_of(*args, **kwargs))
    except GraphError as error:
        return str(error)
    return "sound"


def test_overlap_by_a_row_too_many():
    assert verdict({"x": 20, "y": 0}) == "sound"
    assert "layer 'a' row 1 needs 'x' row 0, overwritten by 'y' row 1" in verdict({"x": 19, "y": 0})


def test_buffered_kernels_may_overwrite_what_they_copied():
    assert verdict({"x": 10, "y": 0}, RowKernel(buffered=True)) == "sound"
    assert "needs 'x' row" in verdict({"x": 9, "y": 0}, RowKernel(buffered=True))


def test_kept_rows_may_go_once_they_were_read():
    kernel = RowKernel(scratch_bytes=30, keeps_rows=True)
    assert verdict({"x": 0, "y": 10, "a.scratch": 50}, kernel) == "sound"
    assert "needs 'x' row" in verdict({"x": 0, "y": 11, "a.scratch": 60}, kernel)


@pytest.mark.parametrize(("offset", "sound"), [(0, True), (-3, True), (3, False), (10, False), (40, True)])
def test_elementwise_output_lies_on_its_input_or_below(offset, sound):
    assert (verdict({"x": 10, "y": 10 + offset}, elementwise=True) == "sound") == sound


@pytest.mark.parametrize(("offset", "sound"), [(0, True), (-3, False), (3, False), (40, True)])
def test_whole_kernels_lie_exactly_on_their_input_or_off_it(offset, sound):
    kernel = RowKernel(whole=True, in_place=True)
    assert (verdict({"x": 10, "y": 10 + offset}, kernel) == "sound") == sound


def test_scratch_must_not_touch_what_is_live():
    kernel = RowKernel(scratch_bytes=20)
    assert verdict({"x": 20, "y": 60, "a.scratch": 0}, kernel) == "sound"
    assert "needs 'x' row 0, overwritten by 'a.scratch'" in verdict(
        {"x": 20, "y": 60, "a.scratch": 1}, kernel
    )
    assert "needs 'a.scratch', overwritten by 'y' row 3" in verdict(
        {"x": 0, "y": 40, "a.scratch": 79}, kernel
    )


@pytest.mark.parametrize(
    ("steps", "message"),
    [
        ([RowStep("a", 0, 3)], "runs 3 of its 4 rows"),
        ([RowStep("a", 0, 2), RowStep("a", 3, 1)], "runs row 3 where row 2 is next"),
        ([RowStep("a", 0, 4, descending=True)], "runs downward, which its kernel cannot"),
        ([RowStep("b", 0, 4)], "layer 'b', which does not exist"),
    ],
)
def test_wrong_steps(steps, message):
    assert message in verdict({"x": 0, "y": 40}, steps=steps)


def test_wrong_places():
    assert "is outside the arena" in verdict({"x": 0, "y": 61})
    assert "'a.scratch' at 81 is not aligned to 4" in verdict(
        {"x": 0, "y": 40, "a.scratch": 81}, RowKernel(scratch_bytes=8, scratch_alignment=4)
    )


@pytest.mark.parametrize("name", ["kws", "vww", "resnet8", "sww"])
def test_a_ring_a_row_short_is_noticed(name):
    layers, tensors, inputs, outputs = model(name)
    made = plan_rows(layers, tensors, inputs, outputs, mode="stream", solver_effort=0)
    rings = [t for t in tensors if 1 < made.ring_rows[t.name] < t.rows]
    assert rings
    for tensor in rings:
        cut = replace(made, ring_rows={**made.ring_rows, tensor.name: made.ring_rows[tensor.name] - 1})
        with pytest.raises(GraphError, match=f"needs '{tensor.name}' row"):
            check_row_plan(layers, tensors, cut, inputs, outputs)


@pytest.mark.parametrize("name", ["kws", "vww", "resnet8", "sww"])
def test_a_tensor_moved_is_noticed(name):
    """A plan in exactly its bound has no slack for its largest tensors."""
    layers, tensors, inputs, outputs = model(name)
    made = plan_rows(layers, tensors, inputs, outputs, mode="overlap")
    moved = max(tensors, key=lambda tensor: tensor.bytes).name
    for distance in (-1, 1):
        offsets = {**made.offsets, moved: made.offsets[moved] + distance}
        with pytest.raises(GraphError, match=r"needs|outside the arena"):
            check_row_plan(layers, tensors, replace(made, offsets=offsets), inputs, outputs)
