import random
from itertools import permutations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from smelt.errors import GraphError
from smelt.memory import Buffer, best_order, check_plan, lifetimes, peak_bound, plan
from smelt.memory.branch_and_bound import pack
from smelt.memory.layout import _first_fit, forbidden_gaps


def greedy_by_size(buffers):
    """Arena bytes of the textbook algorithm: largest first, at the lowest free place."""
    placed = []
    for buffer in sorted(buffers, key=lambda b: -b.bytes):
        offset = 0
        for other, base in sorted(placed, key=lambda pair: pair[1]):
            if other.first <= buffer.last and buffer.first <= other.last:
                if offset + buffer.bytes <= base:
                    break
                offset = max(offset, base + other.bytes)
                offset += -offset % buffer.alignment
        placed.append((buffer, offset))
    return max((base + buffer.bytes for buffer, base in placed), default=0)


# Every greedy order takes 20 bytes for these.
HARD = (
    Buffer("a", 6, 2, 5),
    Buffer("b", 6, 0, 3),
    Buffer("c", 8, 0, 1),
    Buffer("d", 3, 1, 2),
    Buffer("e", 3, 2, 3),
)


@pytest.mark.parametrize(("limits", "method"), [({"nodes": 0}, "local"), ({"iterations": 0}, "branch")])
def test_search_reaches_a_bound_that_greedy_misses(limits, method):
    assert greedy_by_size(HARD) == plan(HARD, nodes=0, iterations=0).arena_bytes == 20
    made = plan(HARD, **limits)
    assert made.arena_bytes == made.bound_bytes == 18
    assert made.method.startswith(method)


def cut_rectangle(seed, count, steps=60, size=4_096):
    """Buffers that fill `size` bytes on all steps without a gap."""
    chance = random.Random(seed)
    pieces = [(0, steps, 0, size)]
    while len(pieces) < count:
        at = chance.randrange(len(pieces))
        first, end, low, high = pieces[at]
        if chance.random() < 0.5 and end - first >= 2:
            cut = chance.randrange(first + 1, end)
            pieces[at] = (first, cut, low, high)
            pieces.append((cut, end, low, high))
        elif high - low >= 32:
            cut = chance.randrange(low + 16, high - 15)
            pieces[at] = (first, end, low, cut)
            pieces.append((first, end, cut, high))
    chance.shuffle(pieces)
    return [Buffer(f"b{i}", high - low, first, end - 1) for i, (first, end, low, high) in enumerate(pieces)]


@pytest.mark.parametrize("seed", range(4))
def test_perfect_packings_of_thirty_buffers_are_found(seed):
    assert plan(cut_rectangle(seed, 30)).arena_bytes == 4_096


def test_chain_alternates_between_both_ends():
    made = plan([Buffer("a", 10, 0, 1), Buffer("b", 20, 1, 2), Buffer("c", 10, 2, 3)])
    assert (made.arena_bytes, made.bound_bytes, made.method) == (30, 30, "greedy by size")


def test_nothing_and_empty_buffers():
    assert plan([]).arena_bytes == 0
    assert plan([Buffer("a", 0, 0, 1, 16), Buffer("b", 5, 0, 0), Buffer("c", 0, 0, 9)]).arena_bytes == 5
    assert pack([Buffer("a", 0, 0, 1), Buffer("b", 5, 0, 0)], 5, 6, 100) is not None


def test_two_buffers_of_one_name():
    with pytest.raises(GraphError, match="buffer 'a' is listed twice"):
        plan([Buffer("a", 1, 0, 0), Buffer("a", 1, 0, 0)])


def test_alignment_is_kept():
    buffers = [Buffer("a", 5, 0, 1, 1), Buffer("b", 6, 0, 1, 4), Buffer("c", 7, 1, 1, 8)]
    made = plan(buffers)
    assert made.offsets["b"] % 4 == made.offsets["c"] % 8 == 0
    assert made.arena_bytes == made.bound_bytes == 18


def test_brute_force_agrees_with_the_search_on_small_instances():
    for seed in range(40):
        chance = random.Random(seed)
        buffers = []
        for at in range(6):
            first = chance.randrange(6)
            last = first + chance.randrange(4)
            buffers.append(Buffer(f"b{at}", chance.randrange(1, 12), first, last, chance.choice((1, 1, 4))))
        gaps = forbidden_gaps(buffers)
        best = min(
            max(base + b.bytes for base, b in zip(_first_fit(buffers, gaps, order), buffers, strict=True))
            for order in permutations(range(6))
        )
        assert plan(buffers).arena_bytes == best
        low = peak_bound(buffers).bytes
        bases = pack(buffers, low, best + 1, 100_000)
        assert bases is not None
        assert max(base + b.bytes for base, b in zip(bases, buffers, strict=True)) == best


graphs = st.tuples(st.integers(0, 10**6), st.integers(1, 25), st.sampled_from((1, 4, 16)))


@settings(max_examples=60, deadline=None)
@given(graphs)
def test_random_graphs(random_graph, graph):
    seed, count, alignment = graph
    steps, sizes, inputs, outputs = random_graph(seed, count)
    order = best_order(steps, sizes, inputs, outputs, limit=500)
    assert order.peak_bytes <= order.given_peak_bytes
    ordered = [steps[at] for at in order.indices]
    buffers = lifetimes(ordered, sizes, inputs, outputs, alignment)
    made = plan(buffers, iterations=200, nodes=500)
    check_plan(buffers, made)
    assert made.bound_bytes == peak_bound(buffers).bytes <= made.arena_bytes
    assert made.arena_bytes <= plan(buffers, iterations=0, nodes=0).arena_bytes <= greedy_by_size(buffers)
    assert made == plan(buffers, iterations=200, nodes=500)
    assert order == best_order(steps, sizes, inputs, outputs, limit=500)


@st.composite
def streamed(draw):
    """Buffers whose live bytes change from step to step."""
    buffers = []
    for at in range(draw(st.integers(1, 6))):
        size, first, length = draw(st.integers(1, 20)), draw(st.integers(0, 6)), draw(st.integers(1, 5))
        cuts = draw(
            st.lists(st.tuples(st.integers(0, size), st.integers(0, size)), min_size=length, max_size=length)
        )
        extents = tuple((min(cut), max(cut)) for cut in cuts)
        buffers.append(
            Buffer(f"b{at}", size, first, first + length - 1, draw(st.sampled_from((1, 4))), extents)
        )
    return buffers


@settings(max_examples=150, deadline=None)
@given(streamed())
def test_random_extents(buffers):
    made = plan(buffers, iterations=50)
    check_plan(buffers, made)
    assert made.bound_bytes <= made.arena_bytes


def rows_in_place(rows, row_bytes, delay):
    """An operator that writes output row r after reading input row r + delay, each in a step."""
    size = rows * row_bytes
    source, target = [], []
    for row in range(rows):
        source += [(max(at - delay, 0) * row_bytes, size) for at in (row, row + 1)]
        target += [(0, row * row_bytes), (0, (row + 1) * row_bytes)]
    last = 2 * rows - 1
    return [Buffer("in", size, 0, last, 1, tuple(source)), Buffer("out", size, 0, last, 1, tuple(target))]


def test_an_elementwise_operator_runs_in_place():
    buffers = rows_in_place(6, 8, 0)
    assert forbidden_gaps(buffers)[1] == [(0, (0, 48))]
    made = plan(buffers)
    assert made.arena_bytes == made.bound_bytes == 48
    assert made.offsets == {"in": 0, "out": 0}


def test_an_operator_with_a_window_overlaps_its_input():
    """A window of two rows: the output leads by one row."""
    made = plan(rows_in_place(6, 8, 1))
    assert made.arena_bytes == made.bound_bytes == 56
    assert made.offsets == {"in": 8, "out": 0}
