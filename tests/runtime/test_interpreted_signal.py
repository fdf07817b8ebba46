"""The signal operators of TensorFlow Lite Micro: its bytes, states from call to call, hostile options."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from dataclasses import replace
from operator import attrgetter
from typing import Any

import numpy as np
import pytest
from case_graphs import random_inputs
from flatbuffer_models import read, write
from hypothesis import given
from hypothesis import strategies as st

from smelt.engines.interpreted import InterpretedEngine
from smelt.engines.tflm import TflmEngine
from smelt.errors import EngineError, FormatError
from smelt.formats.tflite import read_tflite, write_tflite
from smelt.formats.tflite.flexbuffer import read_flexbuffer, write_flexbuffer
from smelt.ir import Array, Attribute, DType, Graph
from smelt.ir.equality import graphs_equal
from smelt.operators.audio.cases import CASES
from smelt.operators.audio.channels import GAINS, rounded_root
from smelt.operators.builder import GraphBuilder
from smelt.operators.case import Case, Tensor
from smelt.operators.evaluate import evaluate_graph
from smelt.operators.interpreted import all_interpreted

OPERATORS = tuple(row for row in all_interpreted() if row.custom)
BY_NAME = {case.name: case for case in CASES}
STATEFUL = (
    "signal_filter_bank_spectral_subtraction_9",
    "signal_filter_bank_spectral_subtraction_4",
    "signal_delay_3",
    "signal_delay_15",
    "signal_overlap_add_3",
    "signal_overlap_add_1",
)


def whole(case: Case) -> Graph:
    """With all outputs of the operator."""
    graph = case.graph()
    return replace(graph, outputs=graph.nodes[0].outputs)


def open_engine(model: bytes, graph: Graph) -> InterpretedEngine:
    return InterpretedEngine(model, graph, operators=OPERATORS)


def assert_same(found: Mapping[str, Array], expected: Mapping[str, Array]) -> None:
    assert list(found) == list(expected)
    for name, array in found.items():
        np.testing.assert_array_equal(array, expected[name])


@pytest.mark.parametrize("case", CASES, ids=attrgetter("name"))
def test_the_bytes_of_tflm_and_of_the_meaning(case: Case) -> None:
    pytest.importorskip("tflite_micro", reason="compares with TensorFlow Lite Micro")
    model = write_tflite(whole(case))
    graph = read_tflite(model)
    with open_engine(model, graph) as engine, TflmEngine(model, graph) as tflm:
        for seed in range(4):
            shift = 8 * (seed % 2)  # small numbers too
            inputs = {name: array >> shift for name, array in random_inputs(graph, seed).items()}
            found = engine.run(inputs)
            assert_same(found, tflm.run(inputs))
            assert_same(found, evaluate_graph(graph, inputs))


@pytest.mark.parametrize("name", STATEFUL)
def test_a_state_goes_from_call_to_call_and_is_reset(name: str) -> None:
    pytest.importorskip("tflite_micro", reason="compares with TensorFlow Lite Micro")
    graph = whole(BY_NAME[name])
    model = write_tflite(graph)
    with open_engine(model, graph) as engine, TflmEngine(model, graph) as tflm:
        other, last = tflm._interpreter, None
        for step in (0, 1, 2, 3, 0):
            inputs = {n: array >> array.dtype.itemsize * 3 for n, array in random_inputs(graph, step).items()}
            for index, array in enumerate(inputs.values()):
                other.set_input(array, index)
            other.invoke()
            last = engine.step(inputs)
            expected = {n: np.array(other.get_output(k)) for k, n in enumerate(graph.outputs)}
            assert_same(last, expected)
        first = engine.run(inputs)
        assert_same(first, evaluate_graph(graph, inputs))
        assert any((first[n] != last[n]).any() for n in first)


def energy(start: int, end: int) -> Graph:
    attributes: dict[str, Attribute] = {"start_index": start, "end_index": end}
    return Case("energy", "signal_energy", (Tensor(DType.S16, (32,)),), attributes).graph()


def test_energy_outside_its_range_is_zero() -> None:
    """TensorFlow Lite Micro leaves there what was in its memory."""
    pytest.importorskip("tflite_micro", reason="compares with TensorFlow Lite Micro")
    graph = energy(3, 11)
    model = write_tflite(graph)
    inputs = random_inputs(graph, 0)
    with open_engine(model, graph) as engine, TflmEngine(model, graph) as tflm:
        (found,), (expected,) = engine.run(inputs).values(), tflm.run(inputs).values()
    assert_same({"output": found}, evaluate_graph(graph, inputs))
    np.testing.assert_array_equal(found[3:11], expected[3:11])
    assert not found[:3].any()
    assert not found[11:].any()


def test_the_loudest_sample_is_not_scaled() -> None:
    graph = whole(BY_NAME["signal_fft_auto_scale_32"])
    model = write_tflite(graph)
    samples = np.zeros(32, np.int16)
    with open_engine(model, graph) as engine:
        for loudest, bits in ((0, 0), (1, 14), (-1, 14), (16383, 1), (16384, 0), (-16384, 0), (-32768, 0)):
            samples[5] = loudest
            scaled, found = engine.run({graph.inputs[0]: samples}).values()
            assert found == bits
            assert scaled[5] == loudest << bits


@given(st.integers(0, 2**64 - 1))
def test_a_rounded_root_is_the_nearest(number: int) -> None:
    root = rounded_root(number)
    top = 0xFFFF if number < 2**32 else 0xFFFFFFFF
    assert root == top or max(2 * root - 1, 0) ** 2 <= 4 * number <= (2 * root + 1) ** 2


OPTIONS = st.dictionaries(
    st.text("abcdefgXYZ_", min_size=1),
    st.booleans() | st.integers(-(2**31), 2**31 - 1),
    min_size=1,
    max_size=12,
)


@given(OPTIONS)
def test_flexbuffers_are_those_of_their_library(values: dict[str, Any]) -> None:
    flexbuffers = pytest.importorskip(
        "flatbuffers.flexbuffers", reason="compares with the format's own library"
    )
    assert flexbuffers.Loads(write_flexbuffer(values)) == values
    assert read_flexbuffer(bytes(flexbuffers.Dumps(values))) == values
    assert read_flexbuffer(write_flexbuffer(values)) == values


@given(OPTIONS, st.data())
def test_damaged_flexbuffers_are_refused_or_read(values: dict[str, Any], data: st.DataObject) -> None:
    damaged = bytearray(write_flexbuffer(values))
    place = data.draw(st.integers(0, len(damaged) - 1))
    damaged[place] = data.draw(st.integers(0, 255))
    with contextlib.suppress(FormatError):
        read_flexbuffer(bytes(damaged[: data.draw(st.integers(0, len(damaged)))]))


def with_options(model: bytes, options: bytes) -> bytes:
    """A model of one operator with other options."""
    tree: Any = read(model)
    (subgraph,) = tree.subgraphs
    (operator,) = subgraph.operators
    changed = operator.replace(custom_options=options)
    return write(tree.replace(subgraphs=[subgraph.replace(operators=[changed])]))


HOSTILE = [
    ("signal_window_plain", {"shift": -1}),
    ("signal_window_plain", {"shift": 32}),
    ("signal_rfft_2d_16", {"T": 7, "fft_length": 15}),
    ("signal_rfft_2d_16", {"T": 7, "fft_length": 8}),
    ("signal_rfft_2d_16", {"T": 7, "fft_length": 32}),
    ("signal_rfft_2d_16", {"T": 7, "fft_length": 0}),
    ("signal_rfft_2d_16", {"T": 7, "fft_length": 4096}),
    ("signal_delay_3", {"delay_length": -1}),
    ("signal_delay_3", {"delay_length": 2**31 - 1}),
    ("signal_overlap_add_3", {"T": 7, "frame_step": 0}),
    ("signal_overlap_add_3", {"T": 7, "frame_step": 8}),
    ("signal_overlap_add_3", {"T": 7, "frame_step": 2}),
    ("signal_energy_0_20", {"end_index": 21, "start_index": 0}),
    ("signal_energy_0_20", {"end_index": 4, "start_index": 5}),
    ("signal_energy_0_20", {"end_index": 4, "start_index": -(2**31)}),
    ("signal_filter_bank_plain", {"num_channels": 4}),
    ("signal_filter_bank_plain", {"num_channels": 2**31 - 1}),
    ("signal_filter_bank_plain", {"num_channels": -1}),
    ("signal_pcan_6", {"snr_shift": 64}),
    ("signal_filter_bank_log_0", {"input_correction_bits": 32, "output_scale": 1}),
    ("signal_filter_bank_log_0", {"input_correction_bits": 1}),
]


@pytest.mark.parametrize(("name", "options"), HOSTILE)
def test_hostile_options_are_refused(name: str, options: dict[str, int]) -> None:
    graph = BY_NAME[name].graph()
    model = with_options(write_tflite(graph), write_flexbuffer(options))
    with pytest.raises(EngineError, match="status -5"):
        open_engine(model, graph)


def test_channels_that_reach_beyond_are_refused_in_every_call() -> None:
    """Starts and widths that are inputs are checked when they are known."""
    case = BY_NAME["signal_filter_bank_plain"]
    tables = [t.constant for t in case.inputs if t is not None and t.constant is not None]
    open_inputs = tuple(replace(tensor, constant=None) for tensor in case.inputs if tensor is not None)
    graph = replace(case, inputs=open_inputs).graph()
    model = write_tflite(graph)
    energies = np.arange(24, dtype=np.uint32)
    good = dict(zip(graph.inputs, (energies, *tables), strict=True))
    with open_engine(model, graph) as engine:
        assert_same(engine.run(good), evaluate_graph(graph, good))
        for index, value in ((3, -1), (3, 22), (4, 25), (4, -3), (5, 30), (5, -1)):
            bad = np.array(good[graph.inputs[index]])
            bad[1] = value
            with pytest.raises(EngineError, match="reaches beyond"):
                engine.run(good | {graph.inputs[index]: bad})


@given(st.data())
def test_damaged_options_do_no_harm(data: st.DataObject) -> None:
    options = bytearray(write_flexbuffer({"end_index": 5, "start_index": 2}))
    for _ in range(data.draw(st.integers(1, 3))):
        options[data.draw(st.integers(0, len(options) - 1))] = data.draw(st.integers(0, 255))
    cut = bytes(options[data.draw(st.integers(0, 4)) :])
    graph = energy(2, 5)
    with (
        contextlib.suppress(EngineError),
        open_engine(with_options(write_tflite(graph), cut), graph) as engine,
    ):
        assert engine.run(random_inputs(graph, 0))["output"].shape == (16,)


CHANNELS, WINDOW, FFT = 40, 480, 512


def mel_tables() -> tuple[Array, ...]:
    """Weights, unweights, starts, starts of weights and widths of channels that overlap, evenly spaced by ear."""
    edges = 700 * (10 ** (np.linspace(96, 2840, CHANNELS + 2) / 2595) - 1) / 16000 * FFT
    starts = np.ceil(edges[:-1]).astype(int)
    widths = np.ceil(edges[1:]).astype(int) - starts
    places = [(s + np.arange(w), a, b) for s, w, a, b in zip(starts, widths, edges, edges[1:], strict=False)]
    falling = np.concatenate([(high - place) / (high - low) for place, low, high in places])
    weights = np.round(4096 * (1 - falling)).astype(np.int16)
    firsts = np.cumsum([0, *widths[:-1]])
    return (
        weights,
        (4096 - weights).astype(np.int16),
        *(t.astype(np.int16) for t in (starts, firsts, widths)),
    )


def front_end() -> Graph:
    """From 30 ms of sound to the logarithms of 40 channels, as micro_speech of TensorFlow Lite Micro has it."""
    builder = GraphBuilder("front_end")
    sound = builder.input("sound", DType.S16, (WINDOW,))
    hann = np.round(4096 * (0.5 - 0.5 * np.cos(2 * np.pi * (np.arange(WINDOW) + 0.5) / WINDOW)))
    window = builder.constant("window", hann.astype(np.int16))
    windowed = builder.add("signal_window", [sound, window], {"shift": 12})
    scaled = builder.add("signal_fft_auto_scale", [windowed], {}, outputs=("scaled", "bits"))
    spectrum = builder.add("signal_rfft", [scaled], {"fft_length": FFT})
    tables = [builder.constant(f"table_{k}", table) for k, table in enumerate(mel_tables())]
    bounds: dict[str, Attribute] = {"start_index": 0, "end_index": FFT // 2 + 1}
    energies = builder.add("signal_energy", [spectrum], bounds)
    sums = builder.add("signal_filter_bank", [energies, *tables], {"num_channels": CHANNELS})
    roots = builder.add("signal_filter_bank_square_root", [sums, "bits"])
    clean = builder.add(
        "signal_filter_bank_spectral_subtraction",
        [roots],
        dict(BY_NAME[STATEFUL[0]].attributes) | {"num_channels": CHANNELS},
        outputs=("clean", "noise"),
    )
    table = np.zeros(GAINS, np.int16)
    table[:3] = 2**21 * 80**-0.95
    table[2::4] = 2**21 * (2.0 ** np.arange(1, 32) / 1024 + 80) ** -0.95  # steps instead of parabolas
    gains = builder.constant("gains", table)
    even = builder.add("signal_pcan", [clean, "noise", gains], {"snr_shift": 12})
    features = builder.add(
        "signal_filter_bank_log", [even], {"input_correction_bits": 3, "output_scale": 1600}
    )
    return builder.build([features])


def test_the_front_end_of_micro_speech() -> None:
    pytest.importorskip("tflite_micro", reason="compares with TensorFlow Lite Micro")
    graph = front_end()
    model = write_tflite(graph)
    assert graphs_equal(read_tflite(model), graph)
    rng = np.random.default_rng(3)
    time = np.arange(12 * WINDOW) / 16000
    tones = 9000 * np.sin(2 * np.pi * (300 + 2000 * time) * time) * (time > 0.1) + rng.normal(
        0, 60, time.size
    )
    with InterpretedEngine(model, graph) as engine, TflmEngine(model, graph) as tflm:
        other, seen = tflm._interpreter, []
        for frame in tones.astype(np.int16).reshape(-1, WINDOW):
            other.set_input(frame, 0)
            other.invoke()
            (found,) = engine.step({"sound": frame}).values()
            np.testing.assert_array_equal(found, other.get_output(0))
            seen.append(found)
        (first,) = engine.run({"sound": frame}).values()
        (meant,) = evaluate_graph(graph, {"sound": frame}).values()
        np.testing.assert_array_equal(first, meant)
    assert len(np.unique(seen)) > CHANNELS
