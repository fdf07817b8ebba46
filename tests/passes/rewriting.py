"""What tests of passes share: a pass from text to text, and whether two graphs compute the same."""

from __future__ import annotations

from collections.abc import Callable
from textwrap import dedent

import numpy as np

from smelt.ir import Array, Graph
from smelt.ir.text import from_text, to_text
from smelt.operators import verify_graph
from smelt.operators.builder import random_array
from smelt.operators.evaluate import evaluate_graph

FLOAT_TOLERANCE = 1e-5
"""Of the largest magnitude in an output."""


def check(run: Callable[[Graph], Graph], before: str, after: str) -> None:
    """The pass turns one text into the other, and both compute the same."""
    source = verify_graph(from_text(dedent(before)))
    result = run(source)
    assert to_text(result) == to_text(from_text(dedent(after)))
    check_same(source, result)


def check_unchanged(run: Callable[[Graph], Graph], text: str) -> None:
    """The pass leaves this graph as it is."""
    check(run, text, text)


def check_same(before: Graph, after: Graph, seed: int = 0) -> None:
    """Both graphs are sound, have the same interface, and give the same outputs for random inputs.

    Integers exactly, floats within FLOAT_TOLERANCE.
    """
    verify_graph(after)
    assert (after.inputs, after.outputs) == (before.inputs, before.outputs)
    for name in (*before.inputs, *before.outputs):
        assert after.values[name] == before.values[name]
    inputs = {name: random_array(before.values[name], seed + k) for k, name in enumerate(before.inputs)}
    expected, computed = evaluate_graph(before, inputs), evaluate_graph(after, inputs)
    for name in before.outputs:
        _check_close(name, expected[name], computed[name])


def _check_close(name: str, expected: Array, computed: Array) -> None:
    if not np.issubdtype(expected.dtype, np.floating):
        np.testing.assert_array_equal(computed, expected, err_msg=name)
        return
    largest = float(np.abs(expected).max(initial=0))
    np.testing.assert_allclose(computed, expected, rtol=0, atol=FLOAT_TOLERANCE * largest, err_msg=name)
