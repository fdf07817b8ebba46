from dataclasses import replace

import pytest

from smelt.errors import GraphError
from smelt.memory import Buffer, Plan, check_plan, draw, plan

BUFFERS = (
    Buffer("image", 16, 0, 1, 4),
    Buffer("features", 8, 1, 2, 4),
    Buffer("scratch", 4, 1, 1, 4),
    Buffer("scores", 16, 2, 2, 4),
)


def moved(**offsets):
    made = plan(BUFFERS)
    return replace(made, offsets={**made.offsets, **offsets})


def test_a_good_plan_passes():
    made = plan(BUFFERS)
    check_plan(BUFFERS, made)
    assert made.arena_bytes == 28


@pytest.mark.parametrize("loser", ["features", "scratch"])
def test_overwriting_names_both(loser):
    made = moved()
    with pytest.raises(GraphError, match=r"'image'.*overwritten by.*'" + loser):
        check_plan(BUFFERS, moved(**{loser: made.offsets["image"] + 4}))


@pytest.mark.parametrize(
    ("offsets", "message"),
    [
        ({"scratch": 25}, "'scratch' at 25 is not aligned to 4"),
        ({"scratch": 28}, r"'scratch' at 28..32 is outside the arena of 28"),
        ({"scratch": -4}, "'scratch' at -4..0 is outside"),
        ({"other": 0}, "buffers and offsets differ in 'other'"),
    ],
)
def test_places_that_make_no_sense(offsets, message):
    with pytest.raises(GraphError, match=message):
        check_plan(BUFFERS, moved(**offsets))


def test_two_buffers_of_one_name_are_refused():
    with pytest.raises(GraphError, match="differ in 'image'"):
        check_plan((*BUFFERS, BUFFERS[0]), plan(BUFFERS))


def test_bytes_that_are_gone_may_be_overwritten_and_live_ones_not():
    shrinking = Buffer("a", 4, 0, 1, extents=((0, 4), (2, 4)))
    late = Buffer("b", 2, 1, 1)
    check_plan([shrinking, late], Plan({"a": 0, "b": 0}, 4, 4, "by hand"))
    with pytest.raises(
        GraphError, match=r"byte 2 of buffer 'a' \(arena byte 2\) is overwritten by buffer 'b'"
    ):
        check_plan([shrinking, late], Plan({"a": 0, "b": 1}, 4, 4, "by hand"))


def test_bytes_that_come_back_to_life_are_written_anew():
    """Byte 0 of `a` is dead on step 1, when `b` uses it, and written again on step 2."""
    blinking = Buffer("a", 2, 0, 2, extents=((0, 2), (1, 2), (0, 2)))
    check_plan([blinking, Buffer("b", 1, 1, 1)], Plan({"a": 0, "b": 0}, 2, 2, "by hand"))
    with pytest.raises(GraphError, match=r"'b'.*overwritten by buffer 'a'"):
        check_plan([blinking, Buffer("b", 1, 1, 2)], Plan({"a": 0, "b": 0}, 2, 2, "by hand"))


def test_drawing():
    assert draw(BUFFERS[:2], plan(BUFFERS[:2]), rows=3) == "\n".join(
        [
            " 0 │ AA·",
            " 8 │ AA·",
            "16 │ ·BB",
            "24 └────",
            "24 bytes, live peak 24, greedy by size",
            "A image     0..16 steps 0..1",
            "B features 16..24 steps 1..2",
        ]
    )
    assert draw([], plan([])).endswith("0 bytes, live peak 0, greedy by size")
