"""The cases of every operator family, and graphs that hold many of them at once."""

from __future__ import annotations

import importlib
import importlib.util
import pkgutil
from collections.abc import Iterable, Mapping
from dataclasses import replace

import smelt.operators
from smelt.ir import Array, Graph
from smelt.operators.builder import random_array
from smelt.operators.case import Case

GROUP = 16


def all_cases() -> dict[str, list[Case]]:
    """Every family's cases, by the name of the family's folder."""
    found: dict[str, list[Case]] = {}
    for module in pkgutil.iter_modules(smelt.operators.__path__):
        name = f"smelt.operators.{module.name}.cases"
        if module.ispkg and importlib.util.find_spec(name):
            found[module.name] = list(importlib.import_module(name).CASES)
    return found


def groups() -> dict[str, list[Case]]:
    """The cases of each family in groups that are compiled together: planning time grows with their number."""
    return {
        f"{family}_{start // GROUP}": cases[start : start + GROUP]
        for family, cases in all_cases().items()
        for start in range(0, len(cases), GROUP)
    }


def merged(name: str, graphs: Iterable[Graph]) -> Graph:
    """Graphs side by side in one; a tensor's name is led by its graph's name and a slash."""
    parts = [_prefixed(graph) for graph in graphs]
    return Graph(
        name=name,
        values={n: value for part in parts for n, value in part.values.items()},
        nodes=tuple(node for part in parts for node in part.nodes),
        inputs=tuple(n for part in parts for n in part.inputs),
        outputs=tuple(n for part in parts for n in part.outputs),
        constants={n: array for part in parts for n, array in part.constants.items()},
    )


def _prefixed(graph: Graph) -> Graph:
    def renamed(names: Iterable[str | None]) -> tuple[str, ...]:
        return tuple(f"{graph.name}/{name}" if name is not None else None for name in names)  # type: ignore[misc]

    return Graph(
        name=graph.name,
        values={n: replace(graph.values[old], name=n) for old in graph.values for n in renamed([old])},
        nodes=tuple(
            replace(
                node, inputs=renamed(node.inputs), outputs=renamed(node.outputs), name=renamed([node.name])[0]
            )
            for node in graph.nodes
        ),
        inputs=renamed(graph.inputs),
        outputs=renamed(graph.outputs),
        constants={n: graph.constants[old] for old in graph.constants for n in renamed([old])},
    )


def random_inputs(graph: Graph, seed: int) -> Mapping[str, Array]:
    """Reproducible inputs of a graph, by name."""
    return {name: random_array(graph.values[name], 1000 * seed + i) for i, name in enumerate(graph.inputs)}
