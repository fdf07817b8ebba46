from itertools import permutations

import pytest

from smelt.errors import GraphError
from smelt.memory import Step, best_order, lifetimes, peak_bound


def peak(steps, sizes, inputs, outputs):
    return peak_bound(lifetimes(steps, sizes, inputs, outputs)).bytes


def two_branches():
    """Both wide tensors first is bad; reduce one before the other is made."""
    steps = [
        Step("wide1", ("x",), ("a",)),
        Step("wide2", ("x",), ("b",)),
        Step("small1", ("a",), ("c",)),
        Step("small2", ("b",), ("d",)),
        Step("add", ("c", "d"), ("y",)),
    ]
    return steps, {"x": 10, "a": 100, "b": 100, "c": 5, "d": 5, "y": 5}, ["x"], ["y"]


def test_a_branch_is_finished_before_the_next_one_starts():
    order = best_order(*two_branches())
    assert order.indices == (0, 2, 1, 3, 4)
    assert (order.peak_bytes, order.given_peak_bytes, order.proved) == (115, 210, True)


def test_the_given_order_stays_when_nothing_is_better():
    steps = [Step("p", ("x",), ("a",)), Step("q", ("x",), ("b",)), Step("r", ("a", "b"), ("y",))]
    order = best_order(steps, dict.fromkeys("xaby", 8), ["x"], ["y"])
    assert order.indices == (0, 1, 2)
    assert order.proved
    assert best_order([], {"x": 1}, ["x"], ["x"]).indices == ()


def test_scratch_counts_and_an_unread_input_is_free_after_the_first_step():
    steps = [Step("big", ("x",), ("a",), 100), Step("cheap", ("x",), ("b",)), Step("end", ("a", "b"), ("y",))]
    arguments = steps, {"x": 4, "a": 4, "b": 4, "y": 4, "idle": 50}, ["x", "idle"], ["y"]
    order = best_order(*arguments)
    assert order.peak_bytes == 112
    assert order.indices == (1, 0, 2)
    assert order.peak_bytes == peak([steps[at] for at in order.indices], *arguments[1:])


def test_without_states_to_visit_the_result_is_never_worse_than_given():
    order = best_order(*two_branches(), limit=0)
    assert (order.indices, order.peak_bytes, order.proved) == ((0, 1, 2, 3, 4), 210, False)


def test_many_branches_stay_within_the_limit():
    """14 branches of 3 steps: 4^14 sets of finished steps, but few that matter."""
    steps, sizes = [], {"x": 64}
    for depth, size in enumerate((200, 300, 10)):
        for branch in range(14):
            source = f"t{branch}.{depth - 1}" if depth else "x"
            steps.append(Step(f"s{branch}.{depth}", (source,), (f"t{branch}.{depth}",)))
            sizes[f"t{branch}.{depth}"] = size + branch
    steps.append(Step("concat", tuple(f"t{branch}.2" for branch in range(14)), ("y",)))
    sizes["y"] = 140
    order = best_order(steps, sizes, ["x"], ["y"])
    assert order.given_peak_bytes > 14 * 200
    assert order.peak_bytes < 800


def test_equal_to_the_best_of_all_orders(random_graph):
    for seed in range(60):
        steps, sizes, inputs, outputs = random_graph(seed, 6)
        best = None
        for permutation in permutations(steps):
            try:
                found = peak(permutation, sizes, inputs, outputs)
            except GraphError:
                continue
            best = found if best is None else min(best, found)
        order = best_order(steps, sizes, inputs, outputs)
        assert order.proved
        assert order.peak_bytes == best == peak([steps[at] for at in order.indices], sizes, inputs, outputs)


def test_a_graph_that_is_not_in_order_is_refused():
    with pytest.raises(GraphError, match="before it is written"):
        best_order([Step("s", ("nothing",), ("y",))], {"y": 1}, [], ["y"])
