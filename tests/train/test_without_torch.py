"""Without torch, training says which extra brings it, and what needs none works."""

from __future__ import annotations

import subprocess
import sys

import pytest

PROGRAM = """
import sys
sys.modules["torch"] = None
from smelt.errors import MissingExtraError
try:
    from smelt.train import fit
except MissingExtraError as error:
    print(error)
"""


def test_the_extra_is_named() -> None:
    done = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True, check=True)
    assert "pip install 'smelt[torch]'" in done.stdout


NUMPY_ALONE = """
import sys
sys.modules["torch"] = None
import numpy as np
from smelt.ir import DType
from smelt.operators.builder import GraphBuilder
from smelt.train.clustering import cluster_weights
from smelt.train.low_rank import factorize
from smelt.train.pruning import prune
from smelt.train.sparsity import zero_weights
builder = GraphBuilder("dense")
x = builder.input("x", DType.F32, (1, 16))
for _ in range(3):
    weights = np.random.default_rng(0).normal(size=(16, 16)).astype(np.float32)
    x = builder.add("fully_connected", [x, builder.constant("w", weights)])
graph = builder.build([x])
small = cluster_weights(zero_weights(factorize(prune(graph, 0.5).graph, 0.5), 0.3), 4)
print(sum(a.size for a in small.constants.values()), sum(a.size for a in graph.constants.values()))
"""


def test_what_needs_no_torch_works_without_it() -> None:
    done = subprocess.run([sys.executable, "-c", NUMPY_ALONE], capture_output=True, text=True, check=True)
    small, whole = map(int, done.stdout.split())
    assert 0 < small < whole


def test_every_name_of_the_package_is_there() -> None:
    pytest.importorskip("torch", reason="torch is not installed")
    import smelt.train

    for name in smelt.train.__all__:
        assert getattr(smelt.train, name) is not None
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        smelt.train.nothing  # noqa: B018
