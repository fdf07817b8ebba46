"""Graphs written as .keras archives: read back the same, and computed the same by Keras."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from case_graphs import all_cases
from small_models import small_float, small_int8

import smelt
from smelt.errors import UnsupportedError, UsageError
from smelt.formats.keras import read_keras, write_keras
from smelt.formats.keras.written_layers import WRITTEN
from smelt.ir import Array, DType, Graph
from smelt.operators.builder import GraphBuilder
from smelt.operators.case import Case
from smelt.operators.evaluate import evaluate_graph, sample_inputs
from smelt.passes import optimize

pytest.importorskip("h5py", reason="h5py is not installed: pip install 'smelt[keras]'")
os.environ.setdefault("KERAS_BACKEND", "torch")

SAID = (DType.F32, DType.S32, DType.BOOL)
"""Types of tensors that both smelt and every backend of Keras have."""


def sayable(case: Case) -> bool:
    """Whether a case is of operators and types that Keras's layers have."""
    graph = case.graph()
    return all(node.operator in WRITTEN for node in graph.nodes) and all(
        value.dtype in SAID and value.quantization is None for value in graph.values.values()
    )


CASES = {
    f"{family}:{case.name}": case for family, cases in all_cases().items() for case in cases if sayable(case)
}


def moderate(graph: Graph) -> dict[str, Array]:
    """Inputs without overflow, whose result no two engines need to agree on."""
    inputs = dict(sample_inputs(graph))
    operators = {node.operator for node in graph.nodes}
    for name, array in inputs.items():
        if array.dtype.kind == "i":
            inputs[name] = np.asarray(1 + array % 3, array.dtype)
        elif array.dtype.kind == "f" and operators & {"cast", "pow", "floor_div", "floor_mod"}:
            inputs[name] = np.abs(array) + np.float32(0.5)
    return inputs


def differs(ours: Array, theirs: Any) -> bool:
    """Whether shapes, types or numbers differ, real ones by more than 1e-5 of the largest."""
    wanted = np.asarray(theirs)
    if (ours.shape, ours.dtype) != (wanted.shape, wanted.dtype):
        return True
    if ours.dtype.kind != "f":
        return not np.array_equal(ours, wanted)
    return bool(np.abs(ours - wanted).max(initial=0) > 1e-5 * np.abs(ours).max(initial=0))


def keras_results(data: bytes, inputs: dict[str, Array], folder: Path) -> list[Any]:
    """What Keras makes of the file."""
    import keras

    (folder / "model.keras").write_bytes(data)
    model = keras.saving.load_model(folder / "model.keras")
    arrays = list(inputs.values())
    results = model(arrays if len(arrays) > 1 else arrays[0], training=False)
    listed = results if isinstance(results, list | tuple) else [results]
    return [keras.ops.convert_to_numpy(result) for result in listed]


def written(graph: Graph) -> bytes | None:
    """The file, or None where writing is refused by the name of the node."""
    try:
        return write_keras(graph)
    except UnsupportedError as error:
        message = str(error)
    assert any(node.label in message for node in graph.nodes) or "constant" in message
    return None


@pytest.mark.parametrize("name", CASES)
def test_a_written_case_reads_back(name: str) -> None:
    graph = CASES[name].graph()
    data = written(graph)
    if data is None:
        return
    back = read_keras(data)
    inputs = moderate(graph)
    meant = evaluate_graph(graph, inputs).values()
    given = dict(zip(back.inputs, inputs.values(), strict=True))
    for ours, theirs in zip(meant, evaluate_graph(back, given).values(), strict=True):
        assert not differs(ours, theirs)


@pytest.mark.parametrize("name", CASES)
def test_keras_computes_a_written_case(name: str, tmp_path: Path) -> None:
    pytest.importorskip("torch", reason="Keras needs a backend: pip install torch")
    pytest.importorskip("keras", reason="Keras is not installed: pip install keras")
    graph = CASES[name].graph()
    data = written(graph)
    if data is None:
        return
    inputs = moderate(graph)
    meant = evaluate_graph(graph, inputs).values()
    for ours, theirs in zip(meant, keras_results(data, inputs, tmp_path), strict=True):
        assert not differs(ours, theirs)


def test_nearly_all_cases_can_be_written() -> None:
    counts = dict.fromkeys(WRITTEN, 0)
    for case in CASES.values():
        graph = case.graph()
        if written(graph) is not None:
            for node in graph.nodes:
                counts[node.operator] += 1
    # The slopes of prelu's cases are computed.
    assert [operator for operator, count in counts.items() if not count] == ["prelu"]


@pytest.mark.parametrize("name", ["mlp", "cnn", "separable", "signal", "lstm", "gru", "transformer", "unet"])
def test_a_network_through_a_written_file(name: str, tmp_path: Path) -> None:
    pytest.importorskip("torch", reason="Keras needs a backend: pip install torch")
    pytest.importorskip("keras", reason="Keras is not installed: pip install keras")
    from small_keras_networks import expected, network

    model, arrays = network(name)
    graph = optimize(smelt.from_keras(model))
    smelt.save(graph, tmp_path / "out.keras")
    back = optimize(smelt.load(tmp_path / "out.keras"))
    (ours,) = evaluate_graph(back, {"x": arrays[0]}).values()
    (theirs,) = keras_results((tmp_path / "out.keras").read_bytes(), {"x": arrays[0]}, tmp_path)
    assert not differs(expected(model, arrays), ours)
    assert not differs(expected(model, arrays), theirs)
    assert len(back.nodes) == len(graph.nodes)


def test_the_same_graph_gives_the_same_bytes() -> None:
    assert write_keras(small_float()) == write_keras(small_float())


def test_quantized_graphs_are_refused_by_the_name_of_a_tensor(tmp_path: Path) -> None:
    with pytest.raises(UnsupportedError, match=r"is quantized.*float model"):
        smelt.save(small_int8(), tmp_path / "int8.keras")
    assert not (tmp_path / "int8.keras").exists()


def test_what_keras_has_not_is_named() -> None:
    builder = GraphBuilder("g")
    a, b = (builder.input(name, DType.S32, (1, 3)) for name in ("a", "b"))
    quotient = builder.add("floor_div", (a, b), name="quotient")
    with pytest.raises(UnsupportedError, match=r"floor_div 'quotient'.*division of integers"):
        write_keras(builder.build([quotient]))


@pytest.mark.parametrize("sizes", [(4,), (1, 4), (1, 1, 4), (3, 1, 4)])
def test_slopes_of_prelu(sizes: tuple[int, ...], tmp_path: Path) -> None:
    pytest.importorskip("torch", reason="Keras needs a backend: pip install torch")
    pytest.importorskip("keras", reason="Keras is not installed: pip install keras")
    builder = GraphBuilder("g")
    x = builder.input("x", DType.F32, (1, 3, 2, 4))
    slopes = np.random.default_rng(1).random(sizes).astype(np.float32)
    graph = builder.build([builder.add("prelu", (x, builder.constant("slopes", slopes)))])
    inputs = sample_inputs(graph)
    (meant,) = evaluate_graph(graph, inputs).values()
    (back,) = evaluate_graph(read_keras(write_keras(graph)), inputs).values()
    (theirs,) = keras_results(write_keras(graph), dict(inputs), tmp_path)
    assert not differs(meant, back)
    assert not differs(meant, theirs)


def test_other_suffixes_are_no_archives(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="suffix"):
        smelt.save(small_float(), tmp_path / "model.h5")
