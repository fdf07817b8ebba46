"""Tree ensembles on inputs that lie at thresholds or are no numbers, and tables that are not those of trees."""

from __future__ import annotations

import numpy as np
import pytest
from case_graphs import all_cases
from numpy.typing import NDArray

from smelt.engines import open_engine
from smelt.errors import EngineError
from smelt.ir import Graph
from smelt.operators.evaluate import evaluate_graph

GRAPHS = {case.name: case.graph() for case in all_cases()["trees"]}
X, THRESHOLDS, LEFT_SIZES, LEAVES = 0, 2, 3, 5


def _adversarial(graph: Graph, count: int) -> list[NDArray[np.float32]]:
    """Inputs at thresholds, next to them, zeros of both signs, infinities, NaN of both signs."""
    thresholds = graph.constants[graph.nodes[0].inputs[THRESHOLDS] or ""].astype(np.float32)
    infinity = np.float32(np.inf)
    edges = np.concatenate(
        [
            thresholds,
            np.nextafter(thresholds, infinity),
            np.nextafter(thresholds, -infinity),
            np.array([0.0, -0.0, np.inf, -np.inf], np.float32),
            np.array([0x7FC00000, 0xFFC00000, 0x7F800001, 0xFFFFFFFF, 1, 0x80000001], np.uint32).view(
                np.float32
            ),
        ]
    )
    rng = np.random.default_rng(1)
    shape = graph.values[graph.inputs[X]].shape
    return [rng.choice(edges, shape) for _ in range(count)]


@pytest.mark.parametrize(
    ("engine", "target"), [("native", None), ("emulated", "cortex-m4"), ("emulated", "cortex-m0plus")]
)
@pytest.mark.parametrize("name", GRAPHS)
def test_compiled_trees_take_the_same_way_at_every_edge(name: str, engine: str, target: str | None) -> None:
    graph = GRAPHS[name]
    with open_engine(engine, graph, target=target) as compiled:
        for x in _adversarial(graph, 200 if engine == "native" else 5):
            inputs = {graph.inputs[0]: x}
            (got,), (meant,) = compiled.run(inputs).values(), evaluate_graph(graph, inputs).values()
            np.testing.assert_array_equal(got, meant)


def test_a_tree_says_what_its_splits_say() -> None:
    """One tree walked by hand: left where x <= threshold, NaN to the right unless marked."""
    graph = GRAPHS["tree_ensemble_f32_classes"]
    names = graph.nodes[0].inputs
    features, thresholds, left, sizes, leaves, values = (graph.constants[n or ""] for n in names[1:7])
    missing = graph.constants[names[8] or ""]
    for x in _adversarial(graph, 50):
        total = np.zeros(values.shape[1], np.int64)
        first_split = first_leaf = 0
        for size in sizes:
            split, leaf, room = first_split, first_leaf, int(size)
            while room:
                value = x[0, features[split]]
                if bool(missing[split]) if np.isnan(value) else value <= thresholds[split]:
                    split, room = split + 1, int(left[split])
                else:
                    step = int(left[split]) + 1
                    split, leaf, room = split + step, leaf + step, room - step
            total += values[leaves[leaf]]
            first_split, first_leaf = first_split + int(size), first_leaf + int(size) + 1
        (got,) = evaluate_graph(graph, {graph.inputs[0]: x}).values()
        np.testing.assert_array_equal(got[0], total)


@pytest.mark.parametrize(
    ("index", "number"), [(LEFT_SIZES, 99), (LEFT_SIZES, -1), (LEAVES, 1 << 20), (1, 99)]
)
def test_tables_that_a_walk_would_leave_are_refused(index: int, number: int) -> None:
    graph = GRAPHS["tree_ensemble_f32"]
    name = graph.nodes[0].inputs[index] or ""
    damaged = graph.constants[name].copy()
    damaged[0] = number
    broken = graph.replaced(constants={name: damaged})
    with pytest.raises(EngineError, match="not those of trees"):
        evaluate_graph(broken, {graph.inputs[0]: np.zeros(graph.values[graph.inputs[0]].shape, np.float32)})
    with pytest.raises(EngineError, match="not those of trees"):
        open_engine("native", broken)
