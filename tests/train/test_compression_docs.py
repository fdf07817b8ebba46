"""The examples of docs/compression.md run as they are printed."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest
from random_networks import RandomNetwork

import smelt
from smelt.operators.evaluate import evaluate_graph

pytest.importorskip("torch", reason="torch is not installed")

PAGE = Path(__file__).parents[2] / "docs" / "compression.md"
EXAMPLES = re.findall(r"```python\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)


def _model() -> smelt.Graph:
    """A network large enough to have something to remove."""
    graphs = (RandomNetwork(seed, steps=4).graph for seed in range(20))
    return next(g for g in graphs if not {"lstm", "gru", "rnn"} & {node.operator for node in g.nodes})


@pytest.mark.parametrize("example", EXAMPLES, ids=["pruning", "low rank", "few values"])
def test_an_example_runs(example: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    model, rng = _model(), np.random.default_rng(0)
    smelt.save(model, "model.tflite")
    np.savez("train.npz", x=rng.normal(size=(20, 6, 6, 3)).astype(np.float32))
    exec(example, {})
    small = smelt.optimize(smelt.load("small.tflite"))
    sample = {small.inputs[0]: rng.normal(size=(1, 6, 6, 3)).astype(np.float32)}
    (result,) = evaluate_graph(small, sample).values()
    assert result.shape == (1, 5)
