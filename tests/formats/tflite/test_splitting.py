"""TFLite's operators that smelt reads as several: the same numbers as LiteRT's, in float32 and int8."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pytest
from small_tflite_files import SmallFile

from smelt.engines.litert import LiteRTEngine
from smelt.errors import FormatError
from smelt.formats.tflite import read_tflite, write_tflite
from smelt.formats.tflite.schema import TFLITE, BuiltinOperator
from smelt.ir import Array
from smelt.operators.evaluate import evaluate_graph

SHAPE = (2, 4, 6, 8)
CASES: dict[str, tuple[str, Sequence[Array | str], str, dict[str, int], Sequence[tuple[int, ...]]]] = {
    "split": ("SPLIT", (np.array([-1], np.int32), "x"), "SplitOptions", {"num_splits": 2}, [(2, 4, 6, 4)] * 2),
    "split into sizes": (
        "SPLIT_V", ("x", np.array([1, -1, 2], np.int32), np.array([2], np.int32)), "SplitVOptions",
        {"num_splits": 3}, [(2, 4, 1, 8), (2, 4, 3, 8), (2, 4, 2, 8)],
    ),
    "unpack": ("UNPACK", ("x",), "UnpackOptions", {"num": 4, "axis": 1}, [(2, 6, 8)] * 4),
    "pack": ("PACK", ("x", "x", "x"), "PackOptions", {"values_count": 3, "axis": 1}, [(2, 3, 4, 6, 8)]),
    "space to depth": ("SPACE_TO_DEPTH", ("x",), "SpaceToDepthOptions", {"block_size": 2}, [(2, 2, 3, 32)]),
    "depth to space": ("DEPTH_TO_SPACE", ("x",), "DepthToSpaceOptions", {"block_size": 2}, [(2, 8, 12, 2)]),
    "reflect": (
        "MIRROR_PAD", ("x", np.array([[0, 0], [3, 1], [0, 5], [0, 0]], np.int32)), "MirrorPadOptions",
        {"mode": 0}, [(2, 8, 11, 8)],
    ),
    "symmetric": (
        "MIRROR_PAD", ("x", np.array([[0, 0], [4, 0], [1, 6], [0, 0]], np.int32)), "MirrorPadOptions",
        {"mode": 1}, [(2, 8, 13, 8)],
    ),
    "mirror nothing": (
        "MIRROR_PAD", ("x", np.zeros((4, 2), np.int32)), "MirrorPadOptions", {"mode": 0}, [SHAPE],
    ),
}  # fmt: skip


def file_of(case: str, kind: str = "float32", **changed: int) -> bytes:
    code, inputs, table, options, shapes = CASES[case]
    fields: dict[str, Any] = {}
    if kind == "int8":
        fields["quantization"] = TFLITE.record("QuantizationParameters", scale=[0.05], zero_point=[-3])
    file = SmallFile()
    outputs = [f"y{index}" for index in range(len(shapes))]
    graph = file.subgraph("main", ["x"], outputs)
    file.tensor(graph, "x", SHAPE, kind, **fields)
    names = [
        each if isinstance(each, str) else file.constant(graph, f"c{index}", each)
        for index, each in enumerate(inputs)
    ]
    for name, shape in zip(outputs, shapes, strict=True):
        file.tensor(graph, name, shape, kind, **fields)
    record = TFLITE.record(table, **options | changed)
    graph.operators.append((BuiltinOperator[code], names, outputs, {"builtin_options": record}))
    return file.model()


def assert_same(data: bytes, x: Array, expected: Mapping[str, Array]) -> None:
    for name, array in LiteRTEngine(data).run({"x": x}).items():
        np.testing.assert_array_equal(array, expected[name])


@pytest.mark.parametrize("kind", ["float32", "int8"])
@pytest.mark.parametrize("case", CASES)
def test_litert_computes_the_same(case: str, kind: str) -> None:
    pytest.importorskip("ai_edge_litert", reason="LiteRT is not installed")
    data = file_of(case, kind)
    x = np.random.default_rng(0).integers(-128, 128, SHAPE).astype(kind)
    graph = read_tflite(data)
    expected = evaluate_graph(graph, {"x": x})
    assert set(expected) == {f"y{index}" for index in range(len(CASES[case][4]))}
    assert_same(data, x, expected)
    assert_same(write_tflite(graph), x, expected)


@pytest.mark.parametrize(
    ("case", "changed", "words"),
    [
        ("split", {"num_splits": 3}, "SPLIT.*do not fit 3 parts"),
        ("symmetric", {"mode": 0}, r"MIRROR_PAD.*mirrors \[4, 0\] of 4 elements"),
        ("unpack", {"num": 3}, "UNPACK.*does not unpack into 3"),
        ("unpack", {"axis": 4}, "has no axis 4"),
        ("pack", {"axis": 9}, "has no axis 9"),
        ("space to depth", {"block_size": 5}, "no whole blocks of 5"),
        ("space to depth", {"block_size": 0}, "blocks have 0 elements"),
        ("depth to space", {"block_size": 3}, "no blocks of 3"),
    ],
)
def test_what_does_not_fit_is_refused(case: str, changed: dict[str, int], words: str) -> None:
    with pytest.raises(FormatError, match=words):
        read_tflite(file_of(case, **changed))
