"""Several models on several engines: what ran, how far apart, and why the others did not run."""

from __future__ import annotations

import importlib
import os
import signal
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
from small_models import small_float, small_int8, small_samples

import smelt
from smelt.engines import ENGINES, Engine
from smelt.engines.apart import call_apart
from smelt.engines.reference import ReferenceEngine
from smelt.errors import EngineError, MissingExtraError, SmeltError, UnsupportedError, UsageError
from smelt.ir import Array, DType, Graph
from smelt.operators.builder import GraphBuilder
from smelt.report import engine_comparison
from smelt.report.engine_comparison import LoadedModel, compare_engines, parse_engines


def loaded(graph: Graph, name: str = "small") -> LoadedModel:
    """A model whose file is not there: for engines that run no files."""
    return LoadedModel(Path(name), graph)


def samples(graph: Graph, count: int = 3) -> list[dict[str, Array]]:
    return list(smelt.samples_for(graph, {"x": small_samples(count)}))


class Shifted(ReferenceEngine):
    """The reference, with every output a quarter too large."""

    def run(self, inputs: Mapping[str, Array]) -> dict[str, Array]:
        return {name: array + np.float32(0.25) for name, array in super().run(inputs).items()}


@pytest.fixture
def shifted(monkeypatch: pytest.MonkeyPatch) -> None:
    """The engine native is a wrong one, others cannot run: each for another reason."""

    def opened(name: str, graph: Graph, **_: object) -> Engine:
        if name == "tflm":
            raise MissingExtraError("tflite-micro", "compare", "the engine 'tflm'")
        if name == "litert":
            raise UnsupportedError("a  long\nstory " * 100 + "with an end")
        return Shifted(graph) if name == "native" else ReferenceEngine(graph)

    monkeypatch.setattr(engine_comparison, "open_engine", opened)


def test_differences_are_those_of_real_numbers_to_the_first_model_on_the_reference() -> None:
    graph, int8 = small_float(), small_int8()
    given = samples(graph)
    results = compare_engines([loaded(graph), loaded(int8, "int8")], ["reference"], given)
    assert [(r.model, r.engine, r.reason) for r in results] == [
        ("small", "reference", None),
        ("int8", "reference", None),
    ]
    assert (results[0].max_difference, results[0].relative) == (0.0, 0.0)
    apart, largest = 0.0, 0.0
    scale = int8.values[int8.outputs[0]].quantization
    assert scale
    for sample, quantized in zip(given, samples(int8), strict=True):
        a = ReferenceEngine(graph).run(sample)["scores"].astype(float)
        b = (ReferenceEngine(int8).run(quantized)["scores"].astype(float) - scale.zero_point) * scale.scale
        apart, largest = max(apart, np.abs(a - b).max()), max(largest, np.abs(a).max())
    assert results[1].max_difference == pytest.approx(apart)
    assert results[1].relative == pytest.approx(apart / largest)
    assert apart > 0


def test_what_differs_and_what_does_not_run_is_said(shifted: None) -> None:
    graph = small_float()
    results = compare_engines([loaded(graph)], ["reference", "native", "tflm", "litert"], samples(graph))
    found = {result.engine: result for result in results}
    assert found["reference"].max_difference == 0.0
    assert found["native"].max_difference == pytest.approx(0.25)
    assert found["native"].seconds is not None
    assert found["native"].seconds > 0
    assert found["tflm"].reason == "'tflite-micro' is not installed: pip install 'smelt[compare]'"
    assert found["litert"].reason is not None
    assert found["litert"].reason.startswith("a long story a long")
    assert found["litert"].reason.endswith("story with an end")
    assert len(found["litert"].reason) < 200
    assert found["litert"].to_json() == {
        **dict.fromkeys(found["litert"].to_json()),
        "model": "small",
        "engine": "litert",
        "reason": found["litert"].reason,
    }
    with pytest.raises(EngineError, match="tflm: 'tflite-micro' is not installed"):
        compare_engines([loaded(graph)], ["tflm", "litert"], samples(graph))


def test_engines_whose_packages_are_missing(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    packages = {
        "emulated": "elftools",
        "litert": "ai_edge_litert",
        "tflm": "tflite_micro",
        "onnxruntime": "onnxruntime",
        "tvm": "tvm",
        "torch": "torch",
    }
    pytest.importorskip("onnx", reason="the extra onnx is not installed")
    real_import = importlib.import_module

    def without_packages(name: str, package: str | None = None) -> ModuleType:
        if name.partition(".")[0] in packages.values():
            raise ImportError(name)
        return real_import(name, package)

    monkeypatch.setattr("smelt.errors.importlib.import_module", without_packages)
    graph, steps = small_float(), list[int]()
    path = tmp_path / "small.tflite"
    smelt.save(graph, path)
    results = compare_engines(
        [LoadedModel(path, graph)], ENGINES, samples(graph, 1), after_result=steps.append
    )
    assert steps == list(range(1, len(ENGINES) + 1))
    assert set(packages) | {"reference", "native", "interpreted"} == set(ENGINES)
    for result in results:
        if result.engine in packages:
            assert result.reason is not None
            assert "is not installed: pip install 'smelt[" in result.reason
        else:
            assert result.reason is None


def test_the_emulated_core_counts_instead_of_timing() -> None:
    pytest.importorskip("unicorn", reason="the extra emulator is not installed")
    graph = small_int8()
    (result,) = compare_engines([loaded(graph)], ["emulated"], samples(graph, 1))
    assert result.seconds is None
    assert result.runs is None
    target = smelt.find_target("cortex-m4")
    totals = smelt.profile(smelt.optimize(graph), target, inputs=samples(graph, 1)[0]).totals
    assert (result.instructions, result.estimated_cycles) == (totals.instructions, totals.estimated_cycles)
    assert result.max_difference == 0.0


def test_results_that_are_no_numbers_are_counted_too() -> None:
    pytest.importorskip("unicorn", reason="the extra emulator is not installed")
    build = GraphBuilder("log")
    graph = build.build([build.add("log", [build.input("x", DType.F32, (1, 2))])])
    sample = {"x": np.array([[-1.0, 0.0]], np.float32)}
    (result,) = compare_engines([loaded(graph)], ["emulated"], [sample])
    assert result.reason is None
    assert result.instructions
    assert result.max_difference == 0.0


def test_the_target_is_one() -> None:
    graph = small_float()
    with pytest.raises(SmeltError, match=r"cortex-m44.*cortex-m4"):
        compare_engines([loaded(graph)], ["reference", "emulated"], samples(graph), target="cortex-m44")


def test_models_that_are_not_alike() -> None:
    graph = small_float()
    cut = replace(graph, outputs=(graph.nodes[-3].outputs[0],))
    build = GraphBuilder("two")
    x, y = build.input("x", DType.F32, (1, 2)), build.input("y", DType.F32, (1, 2))
    two = build.build([build.add("add", [x, y])])
    for other in (cut, two):
        with pytest.raises(UsageError, match="'small' and 'other' have different inputs or outputs"):
            compare_engines([loaded(graph), loaded(other, "other")], ["reference"], samples(graph))
    build = GraphBuilder("flat")
    x = build.input("x", DType.F32, (1, 10))
    flat = build.build([build.add("fully_connected", [x, build.constant("w", np.ones((5, 10), np.float32))])])
    with pytest.raises(UsageError, match=r"'other' takes no samples of 'small'.*\[1, 10\]"):
        compare_engines([loaded(graph), loaded(flat, "other")], ["reference"], samples(graph))


def test_models_of_one_name_are_told_apart() -> None:
    graph = small_float()
    models = [loaded(graph, name) for name in ("a/net.onnx", "b/net.onnx", "c/other.onnx")]
    results = compare_engines(models, ["reference"], samples(graph, 1))
    assert [r.model for r in results] == ["a/net.onnx", "b/net.onnx", "other.onnx"]


def test_engines_are_named_in_a_list() -> None:
    assert parse_engines("all") == parse_engines("native,all") == ENGINES
    assert parse_engines(" litert, native,litert") == ("litert", "native")
    for text in ("", ",", "native,gpu"):
        with pytest.raises(UsageError, match=f"--engines {text}: write all.*reference"):
            parse_engines(text)


def abort(*_: object) -> None:
    """What a crash of an engine does."""
    os.kill(os.getpid(), signal.SIGSEGV)


def refuse(*_: object) -> None:
    raise UnsupportedError("no such thing")


def double(number: int) -> int:
    return 2 * number


def test_calls_apart() -> None:
    assert call_apart(double, 4) == 8
    with pytest.raises(EngineError, match="it crashed: SIGSEGV"):
        call_apart(abort)
    with pytest.raises(EngineError, match="no such thing"):
        call_apart(refuse)


def test_an_engine_that_crashes_is_said_and_the_others_run(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine_comparison, "call_apart", lambda function, *rest: call_apart(abort, *rest))
    graph = small_float()
    crashed, fine = compare_engines([loaded(graph)], ["litert", "reference"], samples(graph), apart=True)
    assert (crashed.engine, crashed.reason) == ("litert", "it crashed: SIGSEGV, in a process of its own")
    assert (fine.engine, fine.reason) == ("reference", None)


def test_engines_apart_give_what_they_give_here(tmp_path: Path) -> None:
    pytest.importorskip("ai_edge_litert", reason="LiteRT is not installed")
    graph = small_float()
    smelt.save(graph, tmp_path / "m.tflite")
    model = LoadedModel(tmp_path / "m.tflite", graph)
    (apart,) = compare_engines([model], ["litert"], samples(graph), apart=True)
    (here,) = compare_engines([model], ["litert"], samples(graph))
    assert apart.reason is None
    assert apart.max_difference == here.max_difference
