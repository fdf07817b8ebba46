"""Models of one operator each, for what activations.py, functions.py and indexing.py read."""

from __future__ import annotations

import numpy as np
from onnx import helper
from onnx_models import model, single, weights
from operator_cases import BOOLS, INTEGERS, axes, pair, scalars

BYTES, LONG = np.uint8, np.int64
MATRIX = (3, 4)


def taking(operator: str, indices: list[object], shape: tuple[int, ...], **attributes: object) -> bytes:
    """An operator on data and constant indices."""
    return single(operator, shape, np.array(indices, np.int64), **attributes)


CASES: dict[str, bytes] = {
    **{
        f"{name} of numbers": single(name, (4, 5))
        for name in ("Atan", "Cosh", "Sinh", "Asinh", "Tan", "Softsign", "Celu", "Selu", "ThresholdedRelu")
    },
    **{
        f"{name} of tanh": model(
            [helper.make_node("Tanh", ["x"], ["a"]), helper.make_node(name, ["a"], ["y"])], {"x": [4, 5]}
        )
        for name in ("Asin", "Acos", "Atanh")
    },
    "acosh": model(
        [
            helper.make_node("Cosh", ["x"], ["a"]),
            helper.make_node("Add", ["a", "c"], ["b"]),
            helper.make_node("Acosh", ["b"], ["y"]),
        ],
        {"x": [4, 5]},
        constants={"c": np.float32(0.5)},
    ),
    "mish": single("Mish", (4, 5), opset=18),
    "not": single("Not", (BOOLS, (2, 3))),
    "celu of another alpha": single("Celu", (4, 5), alpha=2.5),
    "hard sigmoid": single("HardSigmoid", (4, 5), alpha=0.3, beta=0.4),
    "shrink": single("Shrink", (4, 5), bias=0.2, lambd=0.3),
    "log softmax": single("LogSoftmax", (2, 3, 4), axis=1),
    "log softmax of opset 7": single("LogSoftmax", (2, 3, 4), axis=1, opset=7),
    "hardmax": single("Hardmax", (2, 3, 4), axis=1),
    "hardmax of opset 7": single("Hardmax", (2, 3, 4), axis=1, opset=7),
    "bitwise and": pair("BitwiseAnd", (INTEGERS, MATRIX), (INTEGERS, (4,)), opset=18),
    "bitwise or": pair("BitwiseOr", (INTEGERS, MATRIX), (INTEGERS, (4,)), opset=18),
    "bitwise xor": pair("BitwiseXor", (INTEGERS, MATRIX), (INTEGERS, (4,)), opset=18),
    "bitwise not": single("BitwiseNot", (INTEGERS, MATRIX), opset=18),
    "shift left": single("BitShift", (BYTES, (4,)), np.array([0, 1, 5, 7], np.uint8), direction="LEFT"),
    "shift right": single("BitShift", (BYTES, (4,)), np.array([0, 1, 5, 7], np.uint8), direction="RIGHT"),
    "remainder with a sign": single("Mod", (2, 3), *scalars(2), fmod=1),
    "not a number": model(
        [helper.make_node("Sqrt", ["x"], ["a"]), helper.make_node("IsNaN", ["a"], ["y"])], {"x": [4, 5]}
    ),
    "infinite": model(
        [helper.make_node("Div", ["x", "z"], ["a"]), helper.make_node("IsInf", ["a"], ["y"])],
        {"x": [4, 5]},
        constants={"z": np.zeros(5, np.float32)},
    ),
    "infinite above": model(
        [
            helper.make_node("Div", ["x", "z"], ["a"]),
            helper.make_node("IsInf", ["a"], ["y"], detect_negative=0),
        ],
        {"x": [4, 5]},
        constants={"z": np.zeros(5, np.float32)},
    ),
    "cumulative sum": single("CumSum", (3, 4), np.array(1, np.int32), exclusive=1, reverse=1),
    "largest three": model(
        [helper.make_node("TopK", ["x", "k"], ["y", "i"], axis=0)],
        {"x": [5, 4]},
        ["y", "i"],
        constants={"k": axes(3)},
    ),
    "smallest two": model(
        [helper.make_node("TopK", ["x", "k"], ["y", "i"], largest=0)],
        {"x": [5, 4]},
        ["y", "i"],
        constants={"k": axes(2)},
    ),
    "largest of opset 7": model(
        [helper.make_node("TopK", ["x"], ["y", "i"], k=2)], {"x": [5, 4]}, ["y", "i"], opset=7
    ),
    "last of equal elements": single("ArgMax", (INTEGERS, (2, 30)), select_last_index=1, axis=1),
    "split in equal parts": model(
        [helper.make_node("Split", ["x"], ["y", "z"], axis=1)], {"x": [3, 4]}, ["y", "z"]
    ),
    "split in parts": model(
        [helper.make_node("Split", ["x", "s"], ["y", "z"], axis=1)],
        {"x": [3, 4]},
        ["y", "z"],
        constants={"s": axes(1, 3)},
    ),
    "split of opset 7": model(
        [helper.make_node("Split", ["x"], ["y", "z"], axis=0, split=[1, 2])],
        {"x": [3, 4]},
        ["y", "z"],
        opset=7,
    ),
    "expand": single("Expand", (3, 1), axes(2, 1, 4)),
    "tile": single("Tile", MATRIX, axes(2, 3)),
    "gather tuples": taking("GatherND", [[0, 1], [2, -1]], (3, 4, 2)),
    "gather tuples in batches": taking("GatherND", [[1], [-1], [0]], (3, 4, 2), batch_dims=1),
    "gather elements": taking("GatherElements", [[0, -1], [2, 1]], MATRIX, axis=1),
    "scatter tuples": single("ScatterND", MATRIX, np.array([[0], [2]]), weights(2, 4)),
    "scatter tuples by sums": single(
        "ScatterND", MATRIX, np.array([[0], [0]]), weights(2, 4), reduction="add", opset=18
    ),
    "scatter elements": single("ScatterElements", MATRIX, np.array([[0, -1], [2, 1]]), weights(2, 2), axis=1),
    "scatter of opset 9": single(
        "Scatter", MATRIX, np.array([[0, 1], [2, 1]]), weights(2, 2), axis=1, opset=9
    ),
    "one hot": model(
        [helper.make_node("OneHot", ["x", "d", "v"], ["y"], axis=1)],
        {"x": (LONG, [2, 3])},
        constants={"d": np.array(6), "v": np.array([-1, 2], np.float32)},
    ),
    "upper triangle": single("Trilu", (2, 3, 4), np.array(1)),
    "lower triangle": single("Trilu", (2, 3, 4), upper=0),
    "depth to space": single("DepthToSpace", (1, 8, 2, 3), blocksize=2),
    "depth to space, columns first": single("DepthToSpace", (1, 8, 2, 3), blocksize=2, mode="CRD"),
    "space to depth": single("SpaceToDepth", (1, 2, 4, 6), blocksize=2),
    "reversed sequences": single("ReverseSequence", (4, 3), np.array([1, 4, 3])),
    "compressed": single("Compress", MATRIX, np.array([True, False, True]), axis=0),
    "eye": single("EyeLike", MATRIX, k=1),
    "places of what is not zero": model(
        [
            helper.make_node("NonZero", ["c"], ["n"]),
            helper.make_node("Cast", ["n"], ["f"], to=1),
            helper.make_node("Add", ["x", "f"], ["y"]),
        ],
        {"x": [1, 3]},
        constants={"c": np.array([1, 0, 2, 3])},
    ),
    "different numbers": model(
        [helper.make_node("Unique", ["c"], ["n"]), helper.make_node("Add", ["x", "n"], ["y"])],
        {"x": [1, 3]},
        constants={"c": np.array([2, 1, 2, 5], np.float32)},
    ),
    "reflecting pad": single("Pad", (2, 3), axes(0, 1, 0, 1), mode="reflect"),
    "repeating pad": single("Pad", (2, 3), axes(1, 1, 0, 2), mode="edge"),
    "part that is backwards": single("Slice", (4, 3), axes(-1), axes(-9), axes(0), axes(-2)),
}
