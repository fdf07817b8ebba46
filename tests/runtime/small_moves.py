"""Small .tflite files of operators that move elements, one each, as TensorFlow's converter writes them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from small_tflite_files import SmallFile

from smelt.formats.tflite.schema import TFLITE, BuiltinOperator, TensorType
from smelt.ir import Array

Shape = tuple[int, ...]


def numbers(*values: Any) -> Array:
    """A constant of 32-bit integers."""
    return np.array(values, np.int32)


@dataclass(frozen=True)
class Move:
    """An operator: of data, and of outputs, the shapes are given; arrays are constants.

    Constants of float64 get the type of the data.  `conditions` are the inputs that are bool; `result` is the type of
    the outputs where it is another one.
    """

    code: str
    inputs: Sequence[Shape | Array]
    outputs: Sequence[Shape]
    options: Mapping[str, int] = field(default_factory=dict)
    table: str | None = None
    conditions: Sequence[int] = ()
    result: str | None = None

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
        names = []
        for k, each in enumerate(self.inputs):
            if k in self.conditions:
                names.append(file.tensor(graph, f"x{k}", each, "bool"))
            elif isinstance(each, tuple):
                names.append(file.tensor(graph, f"x{k}", each, kind, **fields))
            elif each.dtype == np.float64:
                names.append(file.constant(graph, f"c{k}", each.astype(kind), **fields))
            else:
                names.append(file.constant(graph, f"c{k}", each))
        for name, shape in zip(outputs, self.outputs, strict=True):
            if self.result:
                file.tensor(graph, name, shape, self.result)
            else:
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
WAYS: dict[str, dict[str, int]] = {
    "plain": {},
    "corners": {"align_corners": 1},
    "half": {"half_pixel_centers": 1},
}
SIZES: dict[str, tuple[Shape, Shape]] = {
    "larger": ((2, 3, 4, 5), (7, 9)),
    "smaller": ((1, 6, 7, 2), (4, 3)),
    "one": ((1, 1, 5, 3), (1, 10)),
}
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
    "padv2": Move("PADV2", ((2, 3), numbers([1, 0], [0, 2]), np.array(7.0)), [(3, 5)], table="PadV2Options"),
    "mirror_pad_reflect": Move(
        "MIRROR_PAD", (X, numbers([0, 0], [3, 1], [0, 5], [0, 0])), [(2, 8, 11, 8)], {"mode": 0}, "MirrorPadOptions"
    ),
    "mirror_pad_symmetric": Move(
        "MIRROR_PAD", ((3, 4), numbers([1, 3], [4, 0])), [(7, 8)], {"mode": 1}, "MirrorPadOptions"
    ),
    "reverse_v2": Move("REVERSE_V2", ((3, 4, 5), numbers(-1)), [(3, 4, 5)], table="ReverseV2Options"),
    "reverse_v2_middle": Move("REVERSE_V2", ((3, 4, 5), numbers(1)), [(3, 4, 5)], table="ReverseV2Options"),
    "space_to_depth": Move("SPACE_TO_DEPTH", (X,), [(2, 2, 3, 32)], {"block_size": 2}, "SpaceToDepthOptions"),
    "depth_to_space": Move("DEPTH_TO_SPACE", (X,), [(2, 8, 12, 2)], {"block_size": 2}, "DepthToSpaceOptions"),
    "space_to_batch_nd": Move(
        "SPACE_TO_BATCH_ND", (X, numbers(3, 2), numbers([1, 1], [2, 4])), [(12, 2, 6, 8)],
        table="SpaceToBatchNDOptions",
    ),
    "space_to_batch_nd_3": Move(
        "SPACE_TO_BATCH_ND", ((1, 5, 3), numbers(3), numbers([4, 0])), [(3, 3, 3)], table="SpaceToBatchNDOptions"
    ),
    "batch_to_space_nd": Move(
        "BATCH_TO_SPACE_ND", ((12, 2, 3, 2), numbers(3, 2), numbers([1, 2], [0, 3])), [(2, 3, 3, 2)],
        table="BatchToSpaceNDOptions",
    ),
    "batch_to_space_nd_3": Move(
        "BATCH_TO_SPACE_ND", ((4, 3, 2), numbers(2), numbers([0, 1])), [(2, 5, 2)], table="BatchToSpaceNDOptions"
    ),
    "broadcast_to": Move(
        "BROADCAST_TO", ((3, 1, 4), numbers(2, 3, 5, 4)), [(2, 3, 5, 4)], table="BroadcastToOptions"
    ),
    "broadcast_to_last": Move("BROADCAST_TO", ((3, 1), numbers(3, 4)), [(3, 4)], table="BroadcastToOptions"),
    "broadcast_args": Move("BROADCAST_ARGS", (numbers(4, 1), numbers(2, 1, 3)), [(3,)], result="int32"),
    "fill": Move("FILL", (numbers(3, 5), ()), [(3, 5)], table="FillOptions"),
    "zeros_like": Move("ZEROS_LIKE", ((3, 5),), [(3, 5)], table="ZerosLikeOptions"),
    "shape": Move("SHAPE", (X,), [(4,)], {"out_type": TensorType.INT32}, "ShapeOptions", result="int32"),
    "gather": Move("GATHER", (X, numbers(3, 0, 2, 2, 1)), [(2, 5, 6, 8)], {"axis": 1}, "GatherOptions"),
    "gather_last": Move("GATHER", (X, numbers([5, 0], [7, 1])), [(2, 4, 6, 2, 2)], {"axis": -1}, "GatherOptions"),
    "gather_batches": Move(
        "GATHER", ((2, 4, 3), numbers([3, 0], [2, 2])), [(2, 2, 3)], {"axis": 1, "batch_dims": 1}, "GatherOptions"
    ),
    "gather_nd": Move("GATHER_ND", (X, numbers([1, 3], [0, 0], [1, 0])), [(3, 6, 8)], table="GatherNdOptions"),
    "gather_nd_elements": Move("GATHER_ND", ((3, 4), numbers([[2, 3], [0, 1]])), [(1, 2)], table="GatherNdOptions"),
    "embedding_lookup": Move("EMBEDDING_LOOKUP", (numbers(3, 0, 2), (4, 5)), [(3, 5)]),
    "select_v2": Move("SELECT_V2", ((3, 4), (3, 4), (3, 4)), [(3, 4)], table="SelectV2Options", conditions=(0,)),
    "select_v2_broadcasts": Move(
        "SELECT_V2", ((2, 1, 4), (3, 1), (1,)), [(2, 3, 4)], table="SelectV2Options", conditions=(0,)
    ),
    "dynamic_update_slice": Move(
        "DYNAMIC_UPDATE_SLICE", ((5, 6), (2, 3), numbers(2, 1)), [(5, 6)], table="DynamicUpdateSliceOptions"
    ),
    "dynamic_update_slice_moved": Move(
        "DYNAMIC_UPDATE_SLICE", ((5, 6), (2, 3), numbers(-2, 5)), [(5, 6)], table="DynamicUpdateSliceOptions"
    ),
    **{
        f"resize_nearest_{size}_{way}": Move(
            "RESIZE_NEAREST_NEIGHBOR", (shape, numbers(*wanted)), [(shape[0], *wanted, shape[3])], flags,
            "ResizeNearestNeighborOptions",
        )
        for size, (shape, wanted) in SIZES.items()
        for way, flags in WAYS.items()
    },
}  # fmt: skip
BILINEAR = {
    f"{size}_{way}": Move(
        "RESIZE_BILINEAR",
        (shape, numbers(*wanted)),
        [(shape[0], *wanted, shape[3])],
        flags,
        "ResizeBilinearOptions",
    )
    for size, (shape, wanted) in SIZES.items()
    for way, flags in WAYS.items()
}
