"""Tuning: what it measures, remembers, refuses and chooses."""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import smelt.operators
from smelt.codegen import Options, generate
from smelt.engines import qemu, tune
from smelt.engines.emulated import EmulatedEngine
from smelt.engines.kernel_figures import Figures
from smelt.engines.profile import profile
from smelt.engines.toolchain import Toolchain, find_toolchain
from smelt.engines.tune import Tuning
from smelt.engines.tuning_cache import TuningCache, default_folder, key_of
from smelt.errors import EngineError, SmeltError, UsageError
from smelt.ir import Graph, Quantization
from smelt.operators import Kernel, all_operators, call_of, candidate_kernels, find_operator
from smelt.operators.builder import random_array
from smelt.operators.evaluate import evaluate_graph
from smelt.operators.operator import Call, Lowering, Parameters
from smelt.targets import Target, find_target

from record_models import Network  # isort: skip


def _toolchain(name: str) -> Toolchain:
    pytest.importorskip("unicorn")
    target = find_target(name)
    if target.emulator.startswith("qemu:") and not qemu.is_available():
        pytest.skip("qemu-system-arm is not installed")
    try:
        return find_toolchain(target)
    except SmeltError as error:
        pytest.skip(str(error))


def _network(channels: int = 16) -> Graph:
    """Two convolutions of one kind, of which a Cortex-M4 has several kernels, and a dense layer."""
    net = Network("tuned", 1, 6, 6, channels)
    return net.classifier(net.conv(net.conv(net.input, channels, (3, 3)), channels, (3, 3)), 4)


def _dense() -> Graph:
    """One layer, where running takes long."""
    net = Network("dense", 1, 40)
    return net.finished(net.dense(net.input, 8))


def _tune(folder: Path, options: Options | None = None) -> Tuning:
    toolchain = _toolchain("cortex-m4")
    return tune.tune(_network(), toolchain.target, options or Options(), folder=folder, toolchain=toolchain)


@pytest.fixture(scope="module")
def tuned_once(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Tuning]:
    """The network tuned for a Cortex-M4, and the cache folder."""
    folder = tmp_path_factory.mktemp("cache")
    return folder, _tune(folder)


@pytest.fixture
def tuned(tuned_once: tuple[Path, Tuning], tmp_path: Path) -> tuple[Path, Tuning]:
    """The same with a folder that the test may change."""
    shutil.copytree(tuned_once[0], tmp_path / "cache")
    return tmp_path / "cache", tuned_once[1]


@pytest.mark.parametrize("target", ["cortex-m0plus", "cortex-m55", "rv32imc"])
def test_the_choice_is_exact_and_no_slower(target: str, tmp_path: Path) -> None:
    toolchain, graph = _toolchain(target), _network() if target != "cortex-m55" else _dense()
    tuning = tune.tune(graph, toolchain.target, folder=tmp_path, toolchain=toolchain)
    for layer in tuning.layers:
        assert all(figures.exact and figures.cycles > 0 for figures in layer.figures.values())
    default = sum(len(x.indices) * x.figures[x.default].cycles for x in tuning.layers)
    assert tuning.saved_cycles >= -default / 100
    _check_outputs(graph, toolchain, tuning.options)


def test_the_choice_for_a_cortex_m4_is_exact(tuned: tuple[Path, Tuning]) -> None:
    _check_outputs(_network(), _toolchain("cortex-m4"), tuned[1].options)


def _check_outputs(graph: Graph, toolchain: Toolchain, options: Options) -> None:
    inputs = {name: random_array(graph.values[name], 3) for name in graph.inputs}
    engine = EmulatedEngine(graph, toolchain.target, options=options)
    try:
        outputs = engine.run(inputs)
    finally:
        engine.close()
    for name, array in evaluate_graph(graph, inputs).items():
        np.testing.assert_array_equal(outputs[name], array)


def test_what_is_measured_is_what_a_profile_counts(tuned: tuple[Path, Tuning]) -> None:
    tuning = tuned[1]
    costs = profile(_network(), find_target("cortex-m4"), options=tuning.options)
    by_index = {layer.index: layer for layer in costs.layers}
    for layer in tuning.layers:
        for index in layer.indices:
            assert by_index[index].kernel == layer.chosen.partition(" ")[0]
            counted = by_index[index].estimated_cycles
            assert counted == pytest.approx(layer.figures[layer.chosen].cycles, rel=0.01, abs=50)


def test_every_kernel_of_every_form_is_tried_once_a_kind_of_layer(tuned: tuple[Path, Tuning]) -> None:
    tuning = tuned[1]
    target = find_target("cortex-m4")
    calls = [call_of(_network(), node) for node in _network().nodes]
    tried = {tuple(layer.figures) for layer in tuning.layers}
    expected = {tuple(k.label for k in candidate_kernels(call, target)) for call in calls}
    assert tried == {labels for labels in expected if len(labels) > 1}


def _refuse(*_: object) -> list[object]:
    raise AssertionError("the emulator must not be needed")


def test_a_second_time_nothing_runs(tuned: tuple[Path, Tuning], monkeypatch: pytest.MonkeyPatch) -> None:
    folder, first = tuned
    assert first.measured == len(first.layers) == len(list(folder.iterdir()))
    monkeypatch.setattr("smelt.engines.tune.measure", _refuse)
    second = _tune(folder)
    assert second.measured == 0
    assert second.layers == first.layers
    assert second.options == first.options
    made = [generate(_network(), find_target("cortex-m4"), options=x.options) for x in (first, second)]
    assert made[0].files == made[1].files


def test_the_cache_folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("SMELT_CACHE", str(tmp_path / "own"))
    assert default_folder() == tmp_path / "own"
    monkeypatch.delenv("SMELT_CACHE")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert default_folder() == tmp_path / "smelt"
    monkeypatch.delenv("XDG_CACHE_HOME")
    monkeypatch.setenv("HOME", str(tmp_path))
    assert default_folder() == tmp_path / ".cache" / "smelt"


def test_a_key_holds_for_one_compiler_target_and_shape(monkeypatch: pytest.MonkeyPatch) -> None:
    def path(graph: Graph, toolchain: Toolchain, level: str = "-O2", node: int = 0) -> Path:
        call = call_of(graph, graph.nodes[node])
        kernels = candidate_kernels(call, toolchain.target)
        return TuningCache(Path("cache")).path(key_of(call, kernels, toolchain, level))

    m4 = Toolchain("gcc", "12.2", find_target("cortex-m4"), ("gcc",))
    nofpu = replace(m4.target, gcc_flags=("-mcpu=cortex-m4", "-mfloat-abi=soft"))
    graph = _network()
    paths = [
        path(graph, m4),
        path(graph, m4, "-Os"),
        path(graph, replace(m4, version="13.1")),
        path(graph, replace(m4, target=nofpu)),
        path(graph, replace(m4, target=find_target("cortex-m0plus"))),
        path(_network(20), m4),
    ]
    monkeypatch.setattr("smelt.__version__", "9.9")
    paths.append(path(graph, m4))
    assert len(set(paths)) == len(paths)


def test_layers_that_differ_in_their_weights_only_have_one_key() -> None:
    def key(first_weight: int) -> Mapping[str, Any]:
        graph = _network()
        node = graph.nodes[0]
        weights = graph.constants[str(node.inputs[1])].copy()
        weights[0, 0, 0, 0] = first_weight
        other = graph.replaced(constants={**graph.constants, str(node.inputs[1]): weights})
        call = call_of(other, node)
        toolchain = Toolchain("gcc", "12.2", find_target("cortex-m4"), ("gcc",))
        return key_of(call, candidate_kernels(call, toolchain.target), toolchain, "-O2")

    assert key(5) == key(6)


def _stored(folder: Path) -> tuple[TuningCache, Mapping[str, Any], Path]:
    """A cache with figures of one layer, their key, and their file."""
    call = call_of(_network(), _network().nodes[0])
    toolchain = Toolchain("gcc", "12.2", find_target("cortex-m4"), ("gcc",))
    kernels = candidate_kernels(call, toolchain.target)
    cache, key = TuningCache(folder), key_of(call, kernels, toolchain, "-O2")
    cache.store(key, {kernel.label: Figures(100, 8, 64, True, {"section": 20}) for kernel in kernels})
    return cache, key, cache.path(key)


@pytest.mark.parametrize(
    "damage",
    [
        lambda text: text[: len(text) // 2],
        lambda text: "\0\xff not JSON",
        lambda text: "[]",
        lambda text: "{}",
        lambda text: text.replace('"cycles": ', '"cycles": "few", "was": '),
        lambda text: text.replace('"cycles": ', '"cycles": -'),
        lambda text: text.replace('"exact": true', '"exact": 1'),
        lambda text: text.replace('"code": {', '"code": [], "was": {'),
        lambda text: json.dumps({**json.loads(text), "figures": {}}),
        lambda text: json.dumps({**json.loads(text), "key": {}}),
    ],
)
def test_a_damaged_file_is_ignored_with_a_warning(damage, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    cache, key, path = _stored(tmp_path)
    assert cache.load(key) is not None
    assert cache.warnings == []
    path.write_text(damage(path.read_text()), encoding="latin-1")
    assert cache.load(key) is None
    (warning,) = cache.warnings
    assert str(path) in warning


def test_what_was_lost_is_measured_again_with_the_same_result(tuned: tuple[Path, Tuning]) -> None:
    folder, first = tuned
    sorted(folder.iterdir())[0].write_text("{}")
    second = _tune(folder)
    assert (second.measured, len(second.warnings)) == (1, 1)
    assert second.layers == first.layers
    assert second.options == first.options


def test_a_folder_that_cannot_be_written_is_a_warning(tmp_path: Path) -> None:
    in_the_way = tmp_path / "file"
    in_the_way.write_text("")
    cache, key, _ = _stored(in_the_way)
    assert "cannot write" in cache.warnings[0]
    assert cache.load(key) is None


def _idle(kernel: Kernel, variant: str = "idle") -> Kernel:
    """The kernel as if nothing were to be done: fastest, and wrong."""

    def lower(call: Call, target: Target) -> Lowering:
        lowering = kernel.lower(call, target)
        arguments = tuple(
            replace(a, fields={**a.fields, "batches": 0}) if isinstance(a, Parameters) else a
            for a in lowering.arguments
        )
        return replace(lowering, arguments=arguments)

    return replace(kernel, lower=lower, variant=variant)


def _portable_dense() -> Kernel:
    return next(k for k in find_operator("fully_connected").kernels if k.name == "smelt_fully_connected_s8")


def _with_kernels(monkeypatch: pytest.MonkeyPatch, operator: str, kernels: tuple[Kernel, ...]) -> None:
    changed = {**all_operators(), operator: replace(find_operator(operator), kernels=kernels)}
    monkeypatch.setattr(smelt.operators, "all_operators", lambda: changed)


def test_a_kernel_with_wrong_outputs_is_refused(
    tuned: tuple[Path, Tuning], monkeypatch: pytest.MonkeyPatch
) -> None:
    kernels = find_operator("fully_connected").kernels
    _with_kernels(monkeypatch, "fully_connected", (*kernels, _idle(_portable_dense())))
    (dense,) = [layer for layer in _tune(tuned[0]).layers if layer.operator == "fully_connected"]
    wrong = {label for label, figures in dense.figures.items() if not figures.exact}
    assert wrong
    assert all(label.endswith("(idle)") for label in wrong)
    assert min(dense.figures, key=lambda label: dense.figures[label].cycles) in wrong
    assert dense.chosen not in wrong


def test_a_layer_without_an_exact_kernel_is_an_error(
    tuned: tuple[Path, Tuning], monkeypatch: pytest.MonkeyPatch
) -> None:
    idle = tuple(_idle(_portable_dense(), variant) for variant in ("idle", "idle too"))
    _with_kernels(monkeypatch, "fully_connected", idle)
    with pytest.raises(EngineError, match="no kernel gives the right outputs"):
        _tune(tuned[0])


def test_a_target_without_an_emulator_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="host"):
        tune.tune(_network(), find_target("host"), folder=tmp_path)


def test_for_size_the_code_is_no_larger(tmp_path: Path) -> None:
    size = Options("size")
    tuning = _tune(tmp_path, options=size)
    target = find_target("cortex-m4")
    before, after = (profile(_network(), target, options=x).totals for x in (size, tuning.options))
    assert after.code_bytes + after.weight_bytes <= before.code_bytes + before.weight_bytes
    assert after.instructions < 1.6 * before.instructions


def test_per_channel_and_single_scales_have_two_keys() -> None:
    """The number of scales decides how a kernel requantizes."""
    graph = _network()
    node = graph.nodes[0]
    weights = graph.values[str(node.inputs[1])]
    single = replace(weights, quantization=Quantization.per_tensor(0.01))
    other = graph.replaced(values=[single])
    toolchain = Toolchain("gcc", "12.2", find_target("cortex-m4"), ("gcc",))
    keys = [
        key_of(call_of(g, node), candidate_kernels(call_of(g, node), toolchain.target), toolchain, "-O2")
        for g in (graph, other)
    ]
    assert keys[0] != keys[1]
