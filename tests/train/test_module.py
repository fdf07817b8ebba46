"""Graphs as torch modules that can be trained, and back."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from case_graphs import all_cases
from small_models import small_float, small_samples

import smelt
from smelt.errors import UnsupportedError, UsageError
from smelt.ir import DType, Graph
from smelt.operators.builder import GraphBuilder
from smelt.operators.evaluate import evaluate_graph, sample_inputs

torch = pytest.importorskip("torch", reason="torch is not installed")
pytestmark = pytest.mark.filterwarnings("ignore")

from small_torch import NAMES, network  # noqa: E402
from tests.train.test_round_trips import check_there_and_back  # noqa: E402

from smelt.train import to_graph, to_module  # noqa: E402


def run(module: Any, graph: Graph, inputs: dict[str, Any]) -> tuple[Any, ...]:
    with torch.no_grad():
        result = module(*(torch.from_numpy(np.array(inputs[name])) for name in graph.inputs))
    return result if isinstance(result, tuple) else (result,)


def trained(module: Any) -> None:
    """Other numbers in all parameters."""
    generator = torch.Generator().manual_seed(7)
    with torch.no_grad():
        for parameter in module.parameters():
            parameter += 0.05 * torch.randn(parameter.shape, generator=generator)


@pytest.mark.parametrize("name", NAMES)
def test_networks_of_torch_there_and_back(name: str) -> None:
    module, inputs = network(name)
    check_there_and_back(smelt.optimize(smelt.from_torch(module, inputs)))


CASES = {f"{family} {case.name}": case for family, cases in all_cases().items() for case in cases}


def _float_cases() -> list[str]:
    from smelt.formats.pytorch.said_operators import SAID

    found = []
    for name, case in CASES.items():
        graph = case.graph()
        quantized = any(value.quantization or value.dtype is DType.F16 for value in graph.values.values())
        floats = any(array.dtype == np.float32 for array in graph.constants.values())
        if floats and not quantized and all(node.operator in SAID for node in graph.nodes):
            found.append(name)
    return found


@pytest.mark.parametrize("name", _float_cases())
def test_every_operator_with_constants_gives_them_back_after_training(name: str) -> None:
    graph = CASES[name].graph()
    try:
        module = to_module(graph)
    except UnsupportedError as error:
        assert graph.nodes[0].label in str(error)  # noqa: PT017 - either it is said right, or refused by name
        return
    inputs = sample_inputs(graph)
    trained(module)
    wanted = evaluate_graph(to_graph(module), inputs)
    for name_, tensor in zip(graph.outputs, run(module, graph, inputs), strict=True):
        np.testing.assert_allclose(
            tensor.numpy(), wanted[name_], rtol=1e-4, atol=1e-5 * max(1e-3, np.nanmax(np.abs(wanted[name_])))
        )


def test_a_batch_gives_what_its_samples_give_alone() -> None:
    graph = small_float()
    samples = small_samples(5)
    module = to_module(graph)
    (found,) = run(module, graph, {"image": samples})
    alone = [evaluate_graph(graph, {"image": sample[None]})[graph.outputs[0]] for sample in samples]
    np.testing.assert_allclose(found.numpy(), np.concatenate(alone), rtol=1e-4, atol=1e-6)


def test_what_mixes_samples_is_run_one_by_one() -> None:
    build = GraphBuilder("mixing")
    x = build.input("x", DType.F32, (1, 4))
    graph = build.build([build.add("softmax", [build.add("cumsum", [x], {"axis": 0})], name="y")])
    samples = np.random.default_rng(0).normal(size=(3, 4)).astype(np.float32)
    (found,) = run(to_module(graph), graph, {"x": samples})
    alone = [evaluate_graph(graph, {"x": sample[None]})[graph.outputs[0]] for sample in samples]
    np.testing.assert_allclose(found.numpy(), np.concatenate(alone), rtol=1e-5)


def test_weights_that_are_read_in_two_orders_are_one_parameter() -> None:
    build = GraphBuilder("shared")
    rng = np.random.default_rng(1)
    weights = build.constant("w", rng.normal(size=(3, 1, 1, 3)).astype(np.float32))
    x = build.input("x", DType.F32, (1, 2, 2, 3))
    convolved = build.add("conv_2d", [x, weights], name="conv")
    plain = build.add("reshape", [weights], {"shape": (3, 3)}, name="plain")
    dense = build.add(
        "fully_connected", [build.add("reshape", [convolved], {"shape": (4, 3)}), plain], name="dense"
    )
    graph = build.build([dense])
    module = to_module(graph)
    assert len(list(module.parameters())) == 1
    inputs = sample_inputs(graph)
    trained(module)
    (found,) = run(module, graph, inputs)
    wanted = evaluate_graph(to_graph(module), inputs)[graph.outputs[0]]
    np.testing.assert_allclose(found.numpy(), wanted, rtol=1e-4, atol=1e-5)


def test_other_outputs_can_be_asked_for() -> None:
    graph = small_float()
    module = to_module(graph, outputs=[graph.nodes[-1].inputs[0] or ""])
    (found,) = run(module, graph, {"image": small_samples(1)})
    assert found.min() < 0
    assert to_graph(module).outputs == graph.outputs
    with pytest.raises(UsageError, match="no tensor 'elsewhere'"):
        to_module(graph, outputs=["elsewhere"])


def test_other_modules_are_read_with_example_inputs(tmp_path: Path) -> None:
    module, inputs = network("cnn")
    graph = to_graph(module, inputs)
    assert graph.nodes
    with pytest.raises(UsageError, match="example_inputs"):
        to_graph(module)
