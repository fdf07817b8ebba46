"""Plans of random graphs: every one passes the checker inside `plan_rows`, and none is worse than a simpler one."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from row_graphs import random_rows

from smelt.memory import cp_sat
from smelt.memory.check_rows import check_row_plan
from smelt.memory.row_plan import plan_rows


@settings(max_examples=60, deadline=None, derandomize=True)
@given(seed=st.integers(0, 10**6), count=st.integers(1, 12), keep=st.booleans())
def test_each_mode_is_at_most_the_one_before(seed, count, keep):
    args = random_rows(seed, count)
    whole = plan_rows(*args, mode="whole", keep_inputs=keep)
    overlap = plan_rows(*args, mode="overlap", keep_inputs=keep, solver_effort=0)
    stream = plan_rows(*args, mode="stream", keep_inputs=keep, solver_effort=0)
    assert overlap.arena_bytes <= whole.arena_bytes
    for made in (whole, overlap, stream):
        assert made.bound_bytes <= made.arena_bytes
        check_row_plan(args[0], args[1], made, args[2], args[3], keep)
    assert stream.arena_bytes <= whole.arena_bytes


@settings(max_examples=25, deadline=None, derandomize=True)
@given(seed=st.integers(0, 10**6), count=st.integers(3, 9), share=st.floats(0.3, 1.0))
def test_a_budget_costs_no_more_than_the_smallest_arena(seed, count, share):
    args = random_rows(seed, count)
    smallest = plan_rows(*args, mode="stream", solver_effort=0)
    whole = plan_rows(*args, mode="whole")
    ram = int(smallest.arena_bytes + share * (whole.arena_bytes - smallest.arena_bytes))
    made = plan_rows(*args, mode="stream", ram_bytes=ram, solver_effort=0)
    assert made.arena_bytes <= ram
    assert made.price <= smallest.price


@pytest.mark.parametrize("seed", range(8))
def test_the_solver_is_never_worse(seed):
    if not cp_sat.solver():
        pytest.skip("OR-tools is not installed")
    args = random_rows(seed, 9)
    without = plan_rows(*args, mode="overlap", solver_effort=0)
    assert plan_rows(*args, mode="overlap", solver_effort=0.3).arena_bytes <= without.arena_bytes
