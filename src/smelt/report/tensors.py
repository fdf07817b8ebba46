"""Tensors from files through an engine into files."""

from __future__ import annotations

import io
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from smelt.engines import Engine
from smelt.errors import UsageError
from smelt.formats import write_bytes
from smelt.ir import Array, Graph
from smelt.operators.builder import random_array
from smelt.quantize.samples import read_data, samples_for


def samples_or_random(graph: Graph, path: Path | None, count: int = 1) -> list[dict[str, Array]]:
    """The samples in a file (UsageError when there is none), or `count` reproducible random ones."""
    if path is not None:
        samples = list(samples_for(graph, read_data(path)))
        if not samples:
            raise UsageError(f"'{path}' holds no samples")
        return samples
    return [
        {name: random_array(graph.values[name], 1000 * seed + i) for i, name in enumerate(graph.inputs)}
        for seed in range(count)
    ]


def run_samples(graph: Graph, engine: Engine, path: Path | None) -> dict[str, Array]:
    """Run every sample of a file (one random one without); outputs stacked along a new first axis when several."""
    results = []
    for sample in samples_or_random(graph, path):
        renamed = {value.name: sample[name] for name, value in zip(graph.inputs, engine.inputs, strict=True)}
        results.append(engine.run(renamed))
    if len(results) == 1:
        return results[0]
    return {name: np.stack([r[name] for r in results]) for name in results[0]}


def save_arrays(path: Path, arrays: Mapping[str, Array]) -> None:
    """Write arrays as .npy (exactly one) or .npz; UsageError otherwise."""
    buffer = io.BytesIO()
    if path.suffix == ".npz":
        np.savez(buffer, **dict(arrays))  # type: ignore[arg-type]
    elif path.suffix == ".npy":
        if len(arrays) != 1:
            raise UsageError(f"a .npy file holds one array and the model has {len(arrays)} outputs: use .npz")
        np.save(buffer, next(iter(arrays.values())))
    else:
        raise UsageError(f"cannot write '{path}': the output's suffix must be .npy or .npz")
    write_bytes(path, buffer.getvalue())
