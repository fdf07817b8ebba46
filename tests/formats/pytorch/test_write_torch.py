"""Graphs written as PyTorch's files: torch computes the same with them, and smelt reads the same graph back."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from case_graphs import all_cases
from small_models import small_float, small_int8

import smelt
from smelt.engines.reference import ReferenceEngine
from smelt.errors import UnsupportedError
from smelt.operators.evaluate import sample_inputs

torch = pytest.importorskip("torch", reason="torch is not installed")
pytestmark = pytest.mark.filterwarnings("ignore")

from small_torch import CONVOLUTIONAL, NAMES, expected, network  # noqa: E402

from smelt.formats.pytorch import to_module, write_pt, write_pt2, write_ptl  # noqa: E402

CASES = {f"{family} {case.name}": case for family, cases in all_cases().items() for case in cases}
WRITERS = {".pt": write_pt, ".ptl": write_ptl, ".pt2": write_pt2}


def run_by_torch(data: bytes, suffix: str, inputs: tuple[Any, ...]) -> Any:
    stream = io.BytesIO(data)
    if suffix == ".pt2":
        module = torch.export.load(stream).module()
    elif suffix == ".ptl":
        from torch.jit.mobile import _load_for_lite_interpreter

        module = _load_for_lite_interpreter(stream)
    else:
        module = torch.jit.load(stream)
    return module(*inputs).detach().numpy()


@pytest.mark.parametrize("name", NAMES)
def test_networks_there_and_back(name: str) -> None:
    module, inputs = network(name)
    wanted = expected(module, inputs)
    graph = smelt.optimize(smelt.from_torch(module, inputs))
    for suffix, write in WRITERS.items():
        data = write(graph)
        result = run_by_torch(data, suffix, inputs)
        assert np.abs(result - wanted).max() <= 1e-5 * np.abs(wanted).max(), suffix
        back = smelt.optimize(smelt.load(data))
        assert back.inputs == graph.inputs
        assert dict(back.metadata) == dict(graph.metadata)
        assert len(back.nodes) == len(graph.nodes)
        if name in CONVOLUTIONAL:
            assert not any(node.operator == "transpose" for node in back.nodes)


def _sayable() -> list[str]:
    """The operators' own cases that a module can say: not those of integers' special meanings, or quantized."""
    from smelt.formats.pytorch.said_operators import SAID

    chosen = []
    for name, case in CASES.items():
        graph = case.graph()
        quantized = any(value.quantization for value in graph.values.values())
        if not quantized and all(node.operator in SAID for node in graph.nodes):
            chosen.append(name)
    return chosen


@pytest.mark.parametrize("name", _sayable())
def test_every_operator_as_a_module(name: str) -> None:
    graph = CASES[name].graph()
    inputs = sample_inputs(graph)
    try:
        module = to_module(graph)
    except UnsupportedError as error:
        assert graph.nodes[0].label in str(error)  # noqa: PT017 - either it is said right, or refused by name
        return
    with torch.no_grad():
        found = module(*(torch.from_numpy(np.array(inputs[n])) for n in graph.inputs))
    results = [found] if isinstance(found, torch.Tensor) else found
    wanted = ReferenceEngine(graph).run(inputs)
    for result, output in zip(results, graph.outputs, strict=True):
        array, meant = result.numpy(), wanted[output]
        assert (array.shape, array.dtype) == (meant.shape, meant.dtype)
        if meant.dtype.kind == "f":
            np.testing.assert_allclose(
                array, meant, rtol=1e-5, atol=1e-5 * max(1e-3, np.nanmax(np.abs(meant)))
            )
        else:
            np.testing.assert_array_equal(array, meant)


@pytest.mark.parametrize("suffix", WRITERS)
def test_save_writes_by_suffix(tmp_path: Path, suffix: str) -> None:
    graph = small_float()
    path = tmp_path / f"small{suffix}"
    smelt.save(graph, path)
    inputs = sample_inputs(graph)
    back = smelt.load(path)
    wanted = ReferenceEngine(graph).run(inputs)
    results = ReferenceEngine(back).run(dict(zip(back.inputs, inputs.values(), strict=True)))
    for result, meant in zip(results.values(), wanted.values(), strict=True):
        np.testing.assert_allclose(result, meant, rtol=1e-5, atol=1e-6)


def test_what_cannot_be_said_is_named() -> None:
    with pytest.raises(UnsupportedError, match="torch has no words for"):
        write_pt2(CASES[next(name for name in CASES if "tree" in name)].graph())


@pytest.mark.parametrize("suffix", WRITERS)
def test_quantized_graphs_compute_in_real_numbers_on_the_grid(suffix: str) -> None:
    graph = small_int8()
    (name,) = graph.inputs
    sample = np.random.default_rng(3).integers(-128, 128, graph.values[name].shape).astype(np.int8)
    wanted = ReferenceEngine(graph).run({name: sample})[graph.outputs[0]]
    result = run_by_torch(WRITERS[suffix](graph), suffix, (torch.from_numpy(sample),))
    assert result.dtype == np.int8
    assert np.abs(result.astype(int) - wanted).max() <= 3
