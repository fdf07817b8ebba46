"""Kernels are chosen by cycles, and by the code that a set of them takes together."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pytest

from smelt.engines import kernel_choice
from smelt.engines.kernel_choice import Choices, Goal
from smelt.engines.kernel_figures import Figures


def _figures(cycles: int, code: Mapping[str, int], scratch: int = 0, tables: int = 0) -> Figures:
    return Figures(cycles, scratch, tables, True, code)


def choose_kernels(
    layers: Sequence[Choices], counts: Sequence[int], goal: Goal, defaults: Sequence[str] = ()
) -> list[str]:
    """The choice; without defaults nothing but the figures counts."""
    return kernel_choice.choose_kernels(layers, counts, defaults or ["none"] * len(layers), goal)


FAST, SMALL = {"gemm": 900, "fast": 600}, {"gemm": 900, "small": 100}


@pytest.mark.parametrize(("goal", "label"), [("both", "fast"), ("cycles", "fast"), ("flash", "small")])
def test_a_layer_that_takes_most_of_the_time(goal: Goal, label: str) -> None:
    layers = [{"fast": _figures(1_000_000, FAST), "small": _figures(1_200_000, SMALL)}]
    assert choose_kernels(layers, [1], goal) == [label]


def test_code_that_saves_next_to_nothing_is_left_out() -> None:
    layers = [
        {"only": _figures(1_000_000, {"gemm": 900})},
        {"fast": _figures(1000, FAST), "slow": _figures(1010, {"gemm": 900})},
    ]
    for goal in ("both", "cycles", "flash"):
        assert choose_kernels(layers, [1, 1], goal)[1] == "slow"
    assert choose_kernels(layers[1:], [1], "cycles") == ["fast"]


def test_code_that_another_layer_needs_costs_nothing() -> None:
    layers = [
        {"fast": _figures(1_000_000, FAST)},
        {"fast": _figures(1000, FAST), "slow": _figures(1001, {"gemm": 900})},
    ]
    assert choose_kernels(layers, [1, 1], "both") == ["fast", "fast"]


def test_for_flash_two_kernels_that_share_go_together() -> None:
    """Either alone would leave the shared part behind."""
    shared = {"shared": 1000}
    layers = [
        {"a": _figures(100, {**shared, "a": 10}), "other": _figures(140, {"other": 500})},
        {"b": _figures(100, {**shared, "b": 10}), "other": _figures(140, {"other": 500})},
    ]
    assert choose_kernels(layers, [1, 1], "flash") == ["other", "other"]


def test_for_flash_cycles_grow_by_half_at_most() -> None:
    layers = [{"fast": _figures(1000, FAST), "slow": _figures(1501, {"slow": 10})}]
    assert choose_kernels(layers, [1], "flash") == ["fast"]
    layers = [{"fast": _figures(1000, FAST), "slow": _figures(1500, {"slow": 10})}]
    assert choose_kernels(layers, [1], "flash") == ["slow"]


def test_layers_of_a_kind_count_as_often_as_they_are() -> None:
    choices = {"fast": _figures(1000, FAST), "slow": _figures(1020, {"gemm": 900})}
    large = {"only": _figures(10_000, {"gemm": 900})}
    assert choose_kernels([choices, large], [1, 1], "both") == ["slow", "only"]
    assert choose_kernels([choices, large], [50, 1], "both") == ["fast", "only"]


def test_of_kernels_that_are_equally_fast_the_one_with_the_least_scratch() -> None:
    code = {"gemm": 900}
    layers = [{"a": _figures(100_000, code, 64), "b": _figures(100_200, code), "c": _figures(101_000, code)}]
    assert choose_kernels(layers, [1], "both") == ["b"]
    assert choose_kernels(layers, [1], "cycles") == ["a"]


def test_tables_are_weighed_layer_by_layer() -> None:
    """One layer is worth larger weights, the other is not, though both could take the same kernel."""
    code = {"gemm": 900}

    def layer(tables: int) -> dict[str, Figures]:
        return {"large": _figures(900_000, code, tables=tables), "usual": _figures(1_000_000, code)}

    layers = [layer(2048), layer(16 * 1024)]
    assert choose_kernels(layers, [1, 1], "both") == ["large", "usual"]
    assert choose_kernels(layers, [1, 1], "cycles") == ["large", "large"]
    assert choose_kernels(layers, [1, 1], "flash") == ["usual", "usual"]


def test_of_equals_the_first_is_taken() -> None:
    code = {"gemm": 900}
    layers = [{"b": _figures(100_002, code), "a": _figures(100_000, code)}]
    for goal in ("both", "cycles", "flash"):
        assert choose_kernels(layers, [1], goal) == ["b"]


def test_the_default_stays_where_nothing_better_is_found() -> None:
    """Each of three layers wants code of its own; to leave it takes three changes at once."""
    shared, own = {"shared": 1000}, {"a": 300, "b": 300, "c": 300}
    layers = [
        {"shared": _figures(100, shared), name: _figures(100, {name: size})} for name, size in own.items()
    ]
    small = {"a": 300, "b": 300, "c": 300}
    assert choose_kernels(layers, [1, 1, 1], "flash", list(small)) == list(small)


def test_for_flash_what_the_default_takes_is_not_too_slow() -> None:
    layers = [{"fast": _figures(1000, FAST), "slow": _figures(2000, {"slow": 10})}]
    assert choose_kernels(layers, [1], "flash") == ["fast"]
    assert choose_kernels(layers, [1], "flash", ["slow"]) == ["slow"]
