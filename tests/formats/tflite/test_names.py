"""Names of tensors say nothing about operators."""

from __future__ import annotations

import pytest

from smelt.formats.tflite import read_tflite, write_tflite
from smelt.ir import DType
from smelt.operators.builder import GraphBuilder


@pytest.mark.parametrize("operator", ["max_pool_2d", "average_pool_2d"])
@pytest.mark.parametrize("name", ["MAX", "AVERAGE", "AVERAGE_POOL_2D x", ""])
def test_pooling_is_known_by_its_code(operator: str, name: str) -> None:
    build = GraphBuilder("pool")
    x = build.input("x", DType.F32, (1, 4, 4, 2))
    y = build.add(operator, [x], {"filter": (2, 2), "stride": (2, 2)}, name=name)
    again = read_tflite(write_tflite(build.build([y])))
    assert [node.operator for node in again.nodes] == [operator]
