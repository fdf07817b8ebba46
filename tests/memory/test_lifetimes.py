import pytest

from smelt.errors import GraphError
from smelt.memory import Bound, Buffer, Step, lifetimes, live_bytes, peak_bound


def residual(scratch_bytes: int = 0) -> list[Step]:
    return [
        Step("conv", ("x",), ("a",), scratch_bytes, 4),
        Step("add", ("a", "x"), ("y",)),
    ]


def test_lifetimes_of_a_residual_with_scratch():
    buffers = lifetimes(residual(6), {"x": 10, "a": 20, "y": 30}, ["x"], ["y"], {"a": 2})
    assert buffers == (
        Buffer("x", 10, 0, 1),
        Buffer("a", 20, 0, 1, 2),
        Buffer("conv.scratch", 6, 0, 0, 4),
        Buffer("y", 30, 1, 1),
    )
    assert peak_bound(buffers) == Bound(60, (1,))


def test_kept_input_output_used_early_and_result_nobody_reads():
    steps = [Step("s0", ("x",), ("y", "waste")), Step("s1", ("y",), ("z",))]
    sizes = dict.fromkeys(("x", "y", "waste", "z", "idle"), 1)
    lives = {b.name: (b.first, b.last) for b in lifetimes(steps, sizes, ["x", "idle"], ["x", "y", "z"])}
    assert lives == {"x": (0, 1), "idle": (0, 0), "y": (0, 1), "waste": (0, 0), "z": (1, 1)}


def test_no_steps():
    assert lifetimes([], {"x": 3}, ["x"], ["x"]) == (Buffer("x", 3, 0, 0),)
    assert peak_bound([]) == Bound(0, ())


@pytest.mark.parametrize(
    ("steps", "sizes", "outputs", "message"),
    [
        (residual(), {"x": 1, "a": 1}, ["y"], "tensor 'y' has no size"),
        (residual()[::-1], {"x": 1, "a": 1, "y": 1}, ["y"], "step 'add' reads tensor 'a' before"),
        (residual() * 2, {"x": 1, "a": 1, "y": 1}, ["y"], "step 'conv' writes tensor 'a', which exists"),
        (residual(), {"x": 1, "a": 1, "y": 1}, ["q"], "output tensor 'q' is written by no step"),
        (residual(-1), {"x": 1, "a": 1, "y": 1}, ["y"], "step 'conv': -1 bytes of scratch"),
    ],
)
def test_steps_that_make_no_sense(steps, sizes, outputs, message):
    with pytest.raises(GraphError, match=message):
        lifetimes(steps, sizes, ["x"], outputs)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((-1, 0, 0), "buffer 'b': a size of -1"),
        ((1, 2, 1), "steps 2..1 are not a lifetime"),
        ((1, -1, 1), "steps -1..1 are not a lifetime"),
        ((1, 0, 0, 3), "alignment of 3"),
        ((1, 0, 1, 1, ((0, 1),)), "1 extents for 2 steps"),
        ((1, 0, 0, 1, ((0, 2),)), "extent 0..2 is not within its 1 bytes"),
    ],
)
def test_buffers_that_make_no_sense(arguments, message):
    with pytest.raises(GraphError, match=message):
        Buffer("b", *arguments)


def test_bound_counts_the_padding_that_no_layout_avoids():
    assert live_bytes([Buffer("a", 5, 0, 0, 4), Buffer("b", 5, 0, 0, 4)]) == (13,)
    # A buffer that needs no alignment fits into the padding.
    assert live_bytes([Buffer("a", 5, 0, 0, 4), Buffer("b", 5, 0, 0, 4), Buffer("c", 3, 0, 0)]) == (13,)
    assert live_bytes([Buffer("a", 5, 1, 1, 4), Buffer("b", 3, 1, 2)]) == (0, 8, 3)


def test_bound_follows_extents():
    shrinking = Buffer("a", 4, 0, 3, extents=((0, 4), (1, 4), (2, 4), (3, 4)))
    growing = Buffer("b", 4, 1, 4, extents=((0, 1), (0, 2), (0, 3), (0, 4)))
    assert peak_bound([shrinking, growing]) == Bound(4, (0, 1, 2, 3, 4))
