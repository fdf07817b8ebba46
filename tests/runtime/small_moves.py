"""Small .tflite files of operators that move elements, one each, as TensorFlow's converter writes them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from small_tflite_files import SmallFile

from smelt.formats.tflite.schema import TFLITE, BuiltinOperator
from smelt.ir import Array

Shape = tuple[int, ...]


def numbers(*values: Any) -> Array:
    """A constant of 32-bit integers."""
    return np.array(values, np.int32)


@dataclass(frozen=True)
class Move:
    """An operator: its inputs are shapes of data or constants, of outputs the shapes are told."""

    code: str
    inputs: Sequence[Shape | Array]
    outputs: Sequence[Shape]
    options: Mapping[str, int] = field(default_factory=dict)
    table: str | None = None

    def model(self, kind: str) -> bytes:
        """The file with data of that type; with quantization where it is int8 or int16."""
        scales = {"int8": (0.05, -3), "int16": (0.001, 0)}
        fields: dict[str, Any] = {}
        if kind in scales:
            scale, zero_point = scales[kind]
            fields["quantization"] = TFLITE.record(
                "QuantizationParameters", scale=[scale], zero_point=[zero_point]
            )
        file = SmallFile()
        given = [f"x{k}" for k, each in enumerate(self.inputs) if isinstance(each, tuple)]
        outputs = [f"y{k}" for k in range(len(self.outputs))]
        graph = file.subgraph("main", given, outputs)
        names = [
            file.tensor(graph, f"x{k}", each, kind, **fields)
            if isinstance(each, tuple)
            else file.constant(graph, f"c{k}", each)
            for k, each in enumerate(self.inputs)
        ]
        for name, shape in zip(outputs, self.outputs, strict=True):
            file.tensor(graph, name, shape, kind, **fields)
        record = TFLITE.record(self.table, **self.options) if self.table else None
        graph.operators.append((BuiltinOperator[self.code], names, outputs, {"builtin_options": record}))
        return file.model()


def _slice(
    begin: Sequence[int], end: Sequence[int], strides: Sequence[int], shape: Shape, **masks: int
) -> Move:
    parts = (numbers(*begin), numbers(*end), numbers(*strides))
    return Move("STRIDED_SLICE", ((5, 6, 7), *parts), [shape], masks, "StridedSliceOptions")


X = (2, 4, 6, 8)
MOVES: dict[str, Move] = {
    "reshape": Move("RESHAPE", (X, numbers(8, -1)), [(8, 48)], table="ReshapeOptions"),
    "squeeze": Move("SQUEEZE", ((1, 5, 1, 3),), [(5, 3)], table="SqueezeOptions"),
    "expand_dims": Move("EXPAND_DIMS", ((5, 3), numbers(1)), [(5, 1, 3)], table="ExpandDimsOptions"),
    "transpose": Move("TRANSPOSE", (X, numbers(0, 3, 1, 2)), [(2, 8, 4, 6)], table="TransposeOptions"),
    "transpose_5": Move(
        "TRANSPOSE", ((2, 3, 4, 1, 5), numbers(4, 0, 3, 2, 1)), [(5, 2, 1, 4, 3)], table="TransposeOptions"
    ),
    "pad": Move("PAD", (X, numbers([0, 0], [1, 2], [3, 0], [0, 1])), [(2, 7, 9, 9)], table="PadOptions"),
    "pad_rows": Move("PAD", ((3, 2), numbers([2, 1], [0, 0])), [(6, 2)], table="PadOptions"),
    "concatenation": Move(
        "CONCATENATION", ((2, 3, 2), (2, 1, 2), (2, 4, 2)), [(2, 8, 2)], {"axis": 1}, "ConcatenationOptions"
    ),
    "concatenation_last": Move(
        "CONCATENATION", ((2, 3), (2, 5)), [(2, 8)], {"axis": -1}, "ConcatenationOptions"
    ),
    "pack": Move("PACK", ((2, 3), (2, 3), (2, 3)), [(2, 3, 3)], {"values_count": 3, "axis": 1}, "PackOptions"),
    "pack_last": Move("PACK", ((2, 3), (2, 3)), [(2, 3, 2)], {"values_count": 2, "axis": -1}, "PackOptions"),
    "pack_one": Move("PACK", ((2, 3),), [(1, 2, 3)], {"values_count": 1, "axis": 0}, "PackOptions"),
    "unpack": Move("UNPACK", (X,), [(2, 6, 8)] * 4, {"num": 4, "axis": 1}, "UnpackOptions"),
    "unpack_last": Move("UNPACK", ((2, 3),), [(2,)] * 3, {"num": 3, "axis": -1}, "UnpackOptions"),
    "split": Move("SPLIT", (numbers(-1), X), [(2, 4, 6, 4)] * 2, {"num_splits": 2}, "SplitOptions"),
    "split_rows": Move("SPLIT", (numbers(0), X), [(1, 4, 6, 8)] * 2, {"num_splits": 2}, "SplitOptions"),
    "split_v": Move(
        "SPLIT_V", (X, numbers(1, 3, 2), numbers(2)), [(2, 4, 1, 8), (2, 4, 3, 8), (2, 4, 2, 8)],
        {"num_splits": 3}, "SplitVOptions",
    ),
    "slice": Move("SLICE", (X, numbers(0, 1, 2, 3), numbers(2, 2, -1, 4)), [(2, 2, 4, 4)], table="SliceOptions"),
    "strided_slice": _slice((1, 0, 2), (5, 6, 7), (2, 1, 3), (2, 6, 2)),
    "strided_slice_masks": _slice((1, 3, 2), (4, 2, 1), (1, 2, 1), (4, 2, 5), begin_mask=1, end_mask=6),
    "strided_slice_negative": _slice((-3, -2, -1), (-1, 6, -8), (1, 1, -2), (2, 2, 4)),
    "strided_slice_shrinks": _slice((1, 0, -1), (2, 6, 0), (1, 2, 1), (3,), shrink_axis_mask=5),
    "strided_slice_clamps": _slice((-9, 2, 0), (9, 99, 7), (1, 1, 5), (5, 4, 2)),
}  # fmt: skip
