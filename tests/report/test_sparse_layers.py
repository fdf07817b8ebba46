"""What is said of weights of zero: where a device skips them, what that saves, and where it refuses."""

from __future__ import annotations

import pytest

from smelt.codegen import Options
from smelt.ir import DType, Graph, Quantization
from smelt.operators.builder import GraphBuilder
from smelt.operators.case import random_sparse
from smelt.report.sparse_layers import sparse_layers, sparse_sentences
from smelt.targets import find_target


def _graph(*shares: float) -> Graph:
    build = GraphBuilder("dense")
    x = build.input("x", DType.S8, (1, 200), Quantization.per_tensor(0.05, -3))
    for index, share in enumerate(shares):
        tensor = random_sparse((200, 200), share, 0, seed=index)
        assert tensor.constant is not None
        weights = build.constant(f"w{index}", tensor.constant, tensor.quantization, tensor.dtype)
        x = build.add(
            "fully_connected",
            [x, weights],
            {},
            quantization=Quantization.per_tensor(0.3, 5),
            name=f"dense{index}",
        )
    return build.build([x])


@pytest.mark.parametrize("core", ["cortex-m4", "cortex-m0plus"])
def test_a_layer_is_skipped_or_refused_and_the_paragraph_says_why(core: str) -> None:
    target = find_target(core)
    many, few = sparse_layers(_graph(0.96, 0.4), target)
    assert many.skipped
    assert not few.skipped
    assert many.zeros == pytest.approx(0.96, abs=0.01)
    assert many.more_bytes < 0
    assert many.more_cycles < 0 < few.more_cycles
    text = sparse_sentences([many, few], target)
    assert text.startswith(f"On {core} zeros are skipped in {many.name} (96%")
    assert "does not pay" in text
    assert "gain nothing" not in text


def test_where_nothing_is_gained_that_is_said() -> None:
    target = find_target("cortex-m4")
    layers = sparse_layers(_graph(0.5), target)
    assert "Zeros gain nothing on cortex-m4" in sparse_sentences(layers, target)
    assert sparse_layers(_graph(0.1), target) == ()


def test_size_counts_bytes_alone() -> None:
    (layer,) = sparse_layers(_graph(0.5), find_target("cortex-m4"), Options(optimize="size"))
    assert layer.skipped
    assert layer.more_cycles > 0 > layer.more_bytes
