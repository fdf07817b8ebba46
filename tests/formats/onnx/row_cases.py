"""Models of one operator each, for what the modules of rows read that operator_cases.py does not have."""

from __future__ import annotations

import numpy as np
from onnx import helper
from onnx_models import model, single, weights
from operator_cases import BOOLS, IMAGE, INTEGERS, axes, pair, scalars

BYTES, LONG = np.uint8, np.int64
MATRIX = (3, 4)


def empty() -> object:
    """An input that is there and holds nothing."""
    return np.zeros(0, np.float32)


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
    "larger image": single("Resize", IMAGE, empty(), np.array([1, 1, 2, 2], np.float32)),
    "larger image between pixels": single(
        "Resize", IMAGE, empty(), np.array([1, 1, 2, 2], np.float32), mode="linear"
    ),
    "image of another size": single(
        "Resize",
        IMAGE,
        empty(),
        empty(),
        axes(1, 4, 9, 4),
        mode="linear",
        coordinate_transformation_mode="align_corners",
    ),
    "larger volume": single(
        "Resize",
        (1, 1, 2, 3, 4),
        empty(),
        np.array([1, 1, 2, 1.5, 1], np.float32),
        mode="nearest",
        coordinate_transformation_mode="asymmetric",
        nearest_mode="floor",
    ),
    "smaller image by cubes": single(
        "Resize", IMAGE, empty(), np.array([1, 1, 0.8, 0.8], np.float32), mode="cubic", cubic_coeff_a=-0.5
    ),
    "smaller image without echoes": single(
        "Resize", IMAGE, empty(), np.array([1, 1, 0.6, 0.6], np.float32), mode="linear", antialias=1, opset=18
    ),
    "resize of opset 10": single("Resize", IMAGE, np.array([1, 1, 2, 3], np.float32), opset=10),
    "upsample of opset 7": single("Upsample", IMAGE, scales=[1.0, 1.0, 2.0, 3.0], opset=7),
    "upsample of opset 9": single(
        "Upsample", IMAGE, np.array([1, 1, 2, 2], np.float32), mode="linear", opset=9
    ),
    "transposed convolution": single(
        "ConvTranspose",
        IMAGE,
        weights(4, 3, 3, 2),
        weights(3),
        strides=[2, 3],
        pads=[1, 0, 0, 1],
        output_padding=[1, 0],
    ),
    "transposed convolution in groups": single(
        "ConvTranspose", IMAGE, weights(4, 2, 3, 3), strides=[2, 2], group=2, dilations=[2, 1]
    ),
    "transposed convolution of a signal": single("ConvTranspose", (1, 4, 5), weights(4, 2, 3), strides=[2]),
    "transposed convolution to a shape": single(
        "ConvTranspose",
        IMAGE,
        weights(4, 2, 3, 3),
        strides=[2, 2],
        output_shape=[14, 12],
        auto_pad="SAME_UPPER",
    ),
    "convolution of a volume": single(
        "Conv",
        (2, 4, 5, 4, 3),
        weights(6, 2, 3, 2, 2),
        weights(6),
        group=2,
        strides=[2, 1, 1],
        pads=[1, 0, 1, 1, 1, 0],
        dilations=[1, 2, 1],
    ),
    "dilated pool": single("MaxPool", IMAGE, kernel_shape=[2, 3], dilations=[2, 1], pads=[1, 1, 0, 1]),
    "pool of a volume": single(
        "MaxPool", (1, 2, 5, 6, 7), kernel_shape=[2, 2, 3], strides=[2, 1, 2], ceil_mode=1
    ),
    "average of a volume": single(
        "AveragePool", (1, 2, 5, 6, 7), kernel_shape=[2, 2, 3], strides=[2, 1, 2], pads=[1, 0, 1, 0, 1, 1]
    ),
    "indices of a pool": model(
        [helper.make_node("MaxPool", ["x"], ["y", "i"], kernel_shape=[2, 2], strides=[2, 2])],
        {"x": [2, 3, 5, 4]},
        ["y", "i"],
    ),
    "spread maxima": model(
        [
            helper.make_node("MaxPool", ["x"], ["p", "i"], kernel_shape=[2, 2], strides=[2, 2]),
            helper.make_node("MaxUnpool", ["p", "i"], ["y"], kernel_shape=[2, 2], strides=[2, 2]),
        ],
        {"x": [2, 3, 4, 4]},
    ),
    "blocks to an image": single("Col2Im", (1, 8, 12), axes(4, 5), axes(2, 2), opset=18),
    "pool of norms": single("LpPool", IMAGE, kernel_shape=[2, 2], strides=[2, 1], p=2, opset=18),
    "pool of norms of opset 7": single("LpPool", IMAGE, kernel_shape=[2, 2], p=1, opset=7),
    "norm of a channel": single("GlobalLpPool", IMAGE, p=2),
    **{
        f"einsum {equation}": pair("Einsum", first, second, equation=equation)
        for equation, first, second in (
            ("bij,bjk->bik", (2, 3, 4), (2, 4, 5)),
            ("...i,...i->...", (2, 3), (2, 3)),
            ("ij,k->kij", (2, 3), (4,)),
            ("bhid,bhjd->bhij", (1, 2, 3, 4), (1, 2, 5, 4)),
            ("ij,jk", (2, 3), (3, 4)),
            ("i,i", (5,), (5,)),
        )
    },
    "einsum of a diagonal": single("Einsum", (3, 3), equation="ii->i"),
    "spectrum": single("DFT", (1, 12, 1), opset=17, axis=1),
    "half a spectrum": single("DFT", (1, 12, 3, 1), opset=17, axis=1, onesided=1),
    "spectrum of opset 20": single("DFT", (2, 6, 2), axes(8).reshape(()), opset=20, inverse=1),
    "spectra of frames": single("STFT", (1, 32, 1), np.array(8), np.hanning(16).astype(np.float32), opset=17),
    "determinant": single("Det", (2, 3, 3)),
    "normalized neighbours": single("LRN", IMAGE, size=3, alpha=0.2, beta=0.6, bias=1.5),
    "normalized instances": single("InstanceNormalization", IMAGE, weights(4), weights(4)),
    "normalized vectors": single("LpNormalization", (3, 4), axis=1, p=1),
    "normalized by squares": single("LpNormalization", (3, 4), axis=0),
    **{
        f"samples of a grid {mode} {padding} {corners}": model(
            [
                helper.make_node(
                    "GridSample", ["x", "g"], ["y"], mode=mode, padding_mode=padding, align_corners=corners
                )
            ],
            {"x": [2, 3, 4, 5]},
            opset=opset,
            constants={"g": 1.5 * np.tanh(weights(2, 3, 4, 2))},
        )
        for mode, opset in (("bilinear", 16), ("nearest", 16), ("cubic", 20), ("linear", 20))
        for padding, corners in (("zeros", 0), ("border", 1), ("reflection", 0))
    },
}
