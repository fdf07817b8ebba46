"""The same network through every door gives the same answer: PyTorch and Keras, all routes in and out."""

from __future__ import annotations

import sys

import pytest

pytest.importorskip("torch", reason="torch is not installed")
pytest.importorskip("onnx", reason="the extra onnx is not installed")

from doors import EXACT_COUNTS, NETWORKS, ORIGINS, Passage, passages

TOLERANCE = 1e-5
"""Of the largest output."""

OWN_TRANSPOSES = {"transformer": 4}
"""What is part of the network itself: attention's heads in queries, keys, values and the result."""


@pytest.mark.parametrize("origin", ORIGINS)
@pytest.mark.parametrize("name", NETWORKS)
def test_every_route_gives_the_same(name: str, origin: str) -> None:
    if origin == "Keras":
        pytest.importorskip("keras", reason="Keras is not installed")
    results = dict(passages(ORIGINS[origin](name)))
    sys.stdout.write("".join(f"{origin} {name} {route}: {result}\n" for route, result in results.items()))
    refused = {route: result for route, result in results.items() if isinstance(result, str)}
    assert not refused
    passed = {route: result for route, result in results.items() if isinstance(result, Passage)}
    for route, result in passed.items():
        assert result.difference <= TOLERANCE, route
        assert result.transposes <= OWN_TRANSPOSES.get(name, 0), route
        assert result.casts == 0, route
    if name in EXACT_COUNTS:
        assert len({result.nodes for result in passed.values()}) == 1, passed
