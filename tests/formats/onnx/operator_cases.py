"""Models of one operator each, for all that is read by arithmetic.py, operators.py, rearranging.py, reductions.py."""

from __future__ import annotations

from typing import Any

import numpy as np
from onnx import TensorProto, helper
from onnx_models import model, single, weights

IMAGE = (1, 4, 7, 6)
SIGNAL = (2, 4, 9)
INTEGERS, BOOLS, HALVES, DOUBLES = np.int32, np.bool_, np.float16, np.float64


def scalars(*numbers: float) -> list[Any]:
    """float32 constants of one element."""
    return [np.array(number, np.float32) for number in numbers]


def axes(*numbers: int) -> Any:
    """A constant of some integers."""
    return np.array(numbers, np.int64)


def pair(operator: str, first: Any, second: Any, opset: int = 17, **attributes: Any) -> bytes:
    """One operator on two inputs, each a shape or (dtype, shape)."""
    return model(
        [helper.make_node(operator, ["x", "z"], ["y"], **attributes)], {"x": first, "z": second}, opset=opset
    )


CASES: dict[str, bytes] = {
    "conv": single("Conv", IMAGE, weights(5, 4, 3, 2), weights(5), strides=[2, 1], pads=[1, 0, 2, 1]),
    "conv auto_pad upper": single("Conv", IMAGE, weights(5, 4, 2, 3), auto_pad="SAME_UPPER", strides=[2, 2]),
    "conv auto_pad lower": single("Conv", IMAGE, weights(5, 4, 2, 4), auto_pad="SAME_LOWER", strides=[1, 3]),
    "conv auto_pad valid": single("Conv", IMAGE, weights(5, 4, 2, 3), auto_pad="VALID"),
    "conv dilated": single("Conv", IMAGE, weights(5, 4, 3, 3), dilations=[2, 1]),
    "conv grouped": single("Conv", IMAGE, weights(6, 2, 3, 3), group=2),
    "conv depthwise": single("Conv", IMAGE, weights(8, 1, 3, 3), weights(8), group=4),
    "conv of one channel": single("Conv", (1, 1, 5, 5), weights(3, 1, 2, 2)),
    "conv 1-D": single("Conv", SIGNAL, weights(5, 4, 3), weights(5), strides=[2], pads=[0, 2], dilations=[2]),
    "conv 1-D depthwise": single("Conv", SIGNAL, weights(4, 1, 3), group=4, auto_pad="SAME_UPPER"),
    "gemm": single("Gemm", (3, 4), weights(4, 5)),
    "gemm transposed": single(
        "Gemm", (4, 3), weights(5, 4), weights(5), transA=1, transB=1, alpha=0.5, beta=2.0
    ),
    "gemm with a scalar": single("Gemm", (3, 4), weights(4, 5), weights(1)),
    "gemm with a column": single("Gemm", (3, 4), weights(4, 5), weights(3, 1)),
    "gemm with a matrix": single("Gemm", (3, 4), weights(4, 5), weights(3, 5)),
    "matmul": single("MatMul", (3, 4), weights(4, 5)),
    "matmul of a sequence": single("MatMul", (2, 3, 4), weights(4, 5)),
    "add a channel": single("Add", IMAGE, weights(4, 1, 1)),
    "sub a scalar": single("Sub", IMAGE, *scalars(2.5)),
    "mul a row": single("Mul", IMAGE, weights(6)),
    "div": single("Div", IMAGE, 1 + np.abs(weights(1, 4, 7, 1))),
    "add in more dimensions": single("Add", (3, 4), weights(2, 1, 4)),
    "batch normalization": single(
        "BatchNormalization", IMAGE, *weights(3, 4), np.abs(weights(4)) + 0.1, epsilon=0.01
    ),
    "batch normalization of rows": single(
        "BatchNormalization", (3, 4), *weights(3, 4), np.abs(weights(4)) + 0.1
    ),
    "average pool": single("AveragePool", IMAGE, kernel_shape=[3, 2], strides=[2, 2], pads=[1, 0, 1, 1]),
    "average pool with pads": single(
        "AveragePool", IMAGE, kernel_shape=[3, 2], strides=[2, 2], pads=[1, 0, 1, 1], count_include_pad=1
    ),
    "average pool rounded up": single("AveragePool", IMAGE, kernel_shape=[2, 3], strides=[2, 2], ceil_mode=1),
    "average pool 1-D": single("AveragePool", SIGNAL, kernel_shape=[3], auto_pad="SAME_UPPER", strides=[2]),
    "max pool": single("MaxPool", IMAGE, kernel_shape=[3, 3], strides=[2, 3], pads=[0, 1, 1, 2]),
    "max pool rounded up": single("MaxPool", IMAGE, kernel_shape=[3, 3], strides=[3, 2], ceil_mode=1),
    "max pool 1-D": single("MaxPool", SIGNAL, kernel_shape=[2], strides=[2]),
    "global average pool": single("GlobalAveragePool", IMAGE),
    "global average pool 1-D": single("GlobalAveragePool", SIGNAL),
    "global max pool": single("GlobalMaxPool", IMAGE),
    "reduce mean, attribute": single("ReduceMean", IMAGE, axes=[-1, 1], keepdims=0),
    "reduce mean, input": single("ReduceMean", IMAGE, axes(2, 3), opset=18),
    "reduce mean of all": single("ReduceMean", (3, 4), keepdims=0),
    "reduce mean of nothing": single("ReduceMean", (3, 4), opset=18, noop_with_empty_axes=1),
    "reshape": single("Reshape", (2, 3, 4), axes(0, -1)),
    "flatten": single("Flatten", (2, 3, 4), axis=-1),
    "squeeze": single("Squeeze", (1, 3, 1, 4), axes(-2)),
    "squeeze all": single("Squeeze", (1, 3, 1, 4)),
    "unsqueeze": single("Unsqueeze", (3, 4), axes(-1, 0)),
    "transpose": single("Transpose", (2, 3, 4), perm=[2, 0, 1]),
    "transpose reversed": single("Transpose", (2, 3)),
    "transpose that moves nothing": single("Transpose", (1, 3, 1, 4), perm=[1, 0, 3, 2]),
    "pad": single("Pad", (2, 3, 4), axes(0, 1, 0, 2, 0, 1), *scalars(1.5)),
    "pad some axes": single("Pad", (2, 3, 4), axes(1, 2), None, axes(-1), opset=18),
    "softmax": single("Softmax", (2, 3, 4)),
    "softmax over another axis": single("Softmax", (2, 3, 4), axis=1),
    "sigmoid": single("Sigmoid", (2, 3)),
    "tanh": single("Tanh", (2, 3)),
    "relu": single("Relu", (2, 3)),
    "clip to relu": single("Clip", (2, 3), *scalars(0)),
    "clip to relu6": single("Clip", (2, 30), *scalars(0, 6)),
    "clip to 1": single("Clip", (2, 30), *scalars(-1, 1)),
    "clip to nothing": single("Clip", (2, 3)),
    "leaky relu": single("LeakyRelu", (2, 3)),
    "dropout": single("Dropout", (2, 3)),
    "identity": single("Identity", (2, 3)),
    "cast": single("Cast", (2, 3), to=TensorProto.FLOAT),
}
CASES |= {
    "concat": model([helper.make_node("Concat", ["x", "c", "x"], ["y"], axis=-1)], {"x": [2, 3]},
                    constants={"c": weights(2, 4)}),
    "shape arithmetic": model(
        [
            helper.make_node("Shape", ["x"], ["s"]),
            helper.make_node("Slice", ["s", "from", "to", "axes"], ["inner"]),
            helper.make_node("Gather", ["s", "zero"], ["first"], axis=0),
            helper.make_node("Unsqueeze", ["first", "axes"], ["batch"]),
            helper.make_node("Mul", ["batch", "three"], ["tripled"]),
            helper.make_node("Div", ["tripled", "three"], ["one"]),
            helper.make_node("Constant", [], ["rest"], value_ints=[-1]),
            helper.make_node("Cast", ["rest"], ["rest64"], to=TensorProto.INT64),
            helper.make_node("Concat", ["one", "rest64"], ["shape"], axis=0),
            helper.make_node("Reshape", ["x", "shape"], ["flat"]),
            helper.make_node("ConstantOfShape", ["inner"], ["ones"], value=helper.make_tensor("v", 1, [1], [1.5])),
            helper.make_node("Reshape", ["ones", "rest"], ["row"]),
            helper.make_node("Add", ["flat", "row"], ["y"]),
        ],
        {"x": [2, 3, 4]},
        constants={"from": axes(1), "to": axes(2**63 - 1), "axes": axes(0), "zero": np.array(0), "three": axes(3)},
    ),
    "reversed, ranged, expanded, chosen": model(
        [
            helper.make_node("Range", ["zero", "six", "two"], ["range"]),
            helper.make_node("Slice", ["range", "last", "before", "axis", "back"], ["reversed"]),
            helper.make_node("Cast", ["reversed"], ["floats"], to=TensorProto.FLOAT),
            helper.make_node("Expand", ["floats", "shape"], ["wide"]),
            helper.make_node("Equal", ["range", "two"], ["is_two"]),
            helper.make_node("Where", ["is_two", "wide", "half"], ["chosen"]),
            helper.make_node("Transpose", ["chosen"], ["tall"]),
            helper.make_node("Mul", ["x", "tall"], ["y"]),
        ],
        {"x": [3, 2]},
        constants={
            "zero": np.array(0), "six": np.array(6), "two": np.array(2), "last": axes(-1), "before": axes(-(2**63)),
            "axis": axes(0), "back": axes(-1), "shape": axes(2, 3), "half": np.array(0.5, np.float32),
        },
    ),
}  # fmt: skip
CASES |= {
    f"{name} of real numbers": single(name, (2, 3), opset=22)
    for name in ("Abs", "Ceil", "Cos", "Erf", "Exp", "Floor", "Gelu", "HardSwish", "Log", "Neg", "Reciprocal",
                 "Round", "Sign", "Sin", "Softplus", "Sqrt", "Elu", "LeakyRelu")
}  # fmt: skip
CASES |= {f"{name} of integers": single(name, (INTEGERS, (2, 3))) for name in ("Abs", "Neg", "Sign", "Relu")}
CASES |= {
    f"{name} of two": pair(name, (2, 3, 4), (3, 1))
    for name in ("Div", "Equal", "Less", "LessOrEqual", "PRelu")
}
CASES |= {
    f"{name} of two of integers": pair(name, (INTEGERS, (2, 3, 4)), (INTEGERS, (1, 3, 4)))
    for name in ("Add", "Sub", "Mul", "Greater", "GreaterOrEqual", "Max", "Min", "Equal")
}
CASES |= {f"{name} of bools": pair(name, (BOOLS, (2, 3)), (BOOLS, (3,))) for name in ("And", "Or", "Xor")}
CASES |= {
    f"{name}, {what}": single(name, shape, *given, opset=opset, **options)
    for name in ("ReduceL1", "ReduceL2", "ReduceLogSumExp", "ReduceMax", "ReduceMean", "ReduceMin", "ReduceProd",
                 "ReduceSum", "ReduceSumSquare")
    for what, shape, given, opset, options in (
        ("axes as attribute", IMAGE, (), 11, {"axes": [-1, 1], "keepdims": 0}),
        ("axes as input", IMAGE, (np.array([2, 3]),), 18, {}),
        ("of all", (3, 4), (), 18, {"keepdims": 0}),
        ("of nothing", (3, 4), (), 18, {"noop_with_empty_axes": 1}),
    )
}  # fmt: skip
CASES |= {
    "gelu by tanh": single("Gelu", (2, 3), opset=20, approximate="tanh"),
    "relu of halves": single("Relu", (HALVES, (2, 3))),
    "sum of doubles": pair("Add", (DOUBLES, (2, 3)), (DOUBLES, (3,))),
    "logarithm of a sum": model(
        [helper.make_node("Abs", ["x"], ["a"]), helper.make_node("ReduceLogSum", ["a"], ["y"], axes=[1])],
        {"x": [3, 4]}),
    "largest of bytes": single("ReduceMax", (np.uint8, (3, 4)), opset=18),
    "any of bools": model(
        [helper.make_node("Cast", ["x"], ["b"], to=TensorProto.BOOL), helper.make_node("ReduceMax", ["b"], ["y"])],
        {"x": (INTEGERS, [3, 4])}, opset=20),
    "largest of three": model([helper.make_node("Max", ["x", "c", "x"], ["y"])], {"x": [2, 3]},
                              constants={"c": weights(3)}),
    "sum of one": model([helper.make_node("Sum", ["x"], ["y"])], {"x": [2, 3]}),
    "mean of three": model([helper.make_node("Mean", ["x", "c", "z"], ["y"])], {"x": [2, 3], "z": [1, 3]},
                           constants={"c": weights(3)}),
    "mean of one": model([helper.make_node("Mean", ["x"], ["y"])], {"x": [2, 3]}),
    "integers to a power": model(
        [helper.make_node("Abs", ["x"], ["a"]), helper.make_node("Pow", ["a", "e"], ["y"])], {"x": [2, 3]},
        constants={"e": np.array(3)}),
    "square": single("Pow", (2, 3), *scalars(2)),
    "remainder": single("Mod", (INTEGERS, (2, 3)), np.array([2, -3, 4], np.int32)),
    "clip of opset 7": single("Clip", (2, 3), min=-0.5, max=0.25, opset=7),
    "clip of opset 7 to relu": single("Clip", (2, 3), min=0.0, opset=7),
    "clip to other bounds": single("Clip", (2, 30), *scalars(-0.5, 0.7)),
    "clip of integers": single("Clip", (INTEGERS, (2, 30)), np.array(-2, np.int32), np.array(3, np.int32)),
    "clip to a computed bound": model([helper.make_node("Clip", ["x", "z"], ["y"])], {"x": [2, 3], "z": []}),
    "where": model([helper.make_node("Where", ["b", "x", "c"], ["y"])], {"b": (BOOLS, [3, 1]), "x": [2, 3, 4]},
                   constants={"c": weights(4)}),
    "dropout of opset 7": single("Dropout", (2, 3), ratio=0.25, opset=7),
    "dropout with its mask": model([helper.make_node("Dropout", ["x"], ["y", "m"])], {"x": [2, 3]}, ["y", "m"]),
    "cast like": model([helper.make_node("CastLike", ["x", "z"], ["y"])], {"x": [2, 3], "z": (np.int64, [1])}),
    "cast to bytes": single("Cast", (INTEGERS, (2, 3)), to=TensorProto.INT8),
    "cast to doubles and halves": model(
        [helper.make_node("Cast", ["x"], ["d"], to=TensorProto.DOUBLE),
         helper.make_node("Cast", ["d"], ["y"], to=TensorProto.FLOAT16)], {"x": [2, 3]}),
    "softmax of opset 12": single("Softmax", (2, 3, 4), opset=12),
    "softmax of opset 12 over the last axis": single("Softmax", (2, 3, 4), opset=12, axis=-1),
    "softmax of opset 12 over an image": single("Softmax", IMAGE, opset=12),
    "batch normalization of opset 7": single(
        "BatchNormalization", IMAGE, *weights(3, 4), np.abs(weights(4)) + 0.1, opset=7),
    "pad of opset 7": single("Pad", (2, 3), pads=[0, 1, 2, 0], value=1.5, opset=7),
    "pad that cuts": single("Pad", (4, 5), axes(-1, 1, 2, -2)),
    "slice of opset 7": single("Slice", (4, 5), starts=[1, -3], ends=[100, -1], opset=7),
    "slice of opset 7 with axes": single("Slice", (4, 5), axes=[1], starts=[1], ends=[3], opset=7),
    "slice": single("Slice", (4, 9, 3), axes(1, -8), axes(3, 8), axes(0, -2), axes(1, 3)),
    "squeeze of opset 7": single("Squeeze", (1, 3, 1, 4), axes=[0], opset=7),
    "unsqueeze of opset 7": single("Unsqueeze", (3, 4), axes=[0, 3], opset=7),
    "gather": single("Gather", (4, 5), np.array([[0, -1], [2, 2]]), axis=1),
    "gather one": single("Gather", (4, 5), np.array(-2), axis=0),
    "gather by computed indices": model(
        [helper.make_node("Abs", ["x"], ["a"]), helper.make_node("Gather", ["c", "a"], ["y"])],
        {"x": (np.int64, [2, 3])}, constants={"c": weights(10, 4)}),
    "size": model([helper.make_node("Size", ["x"], ["y"])], {"x": [2, 3]}),
    "arg max": single("ArgMax", IMAGE, axis=1),
    "arg max, fewer dimensions": single("ArgMax", (2, 3, 4), axis=-1, keepdims=0),
    "arg min": single("ArgMin", IMAGE, axis=2, keepdims=0),
    "matmul of two inputs": pair("MatMul", (2, 1, 3, 4), (5, 4, 2)),
    "matmul of a constant on the left": model(
        [helper.make_node("MatMul", ["c", "x"], ["y"])], {"x": [4, 3]}, constants={"c": weights(2, 4)}),
    "matmul of vectors": pair("MatMul", (4,), (4,)),
    "matmul of a vector on the left": pair("MatMul", (4,), (2, 4, 3)),
    "matmul of a vector on the right": single("MatMul", (2, 3, 4), weights(4)),
    "gemm of two inputs": pair("Gemm", (4, 3), (5, 4), transA=1, transB=1, alpha=0.5),
    "gemm with an input to add": model(
        [helper.make_node("Gemm", ["x", "c", "z"], ["y"], beta=0.5)], {"x": [2, 3], "z": [2, 1]},
        constants={"c": weights(3, 4)}),
    "operators of constants": model(
        [helper.make_node("Exp", ["c"], ["e"]), helper.make_node("MatMul", ["e", "e"], ["m"]),
         helper.make_node("ReduceMax", ["m"], ["r"], axes=[0]), helper.make_node("Add", ["x", "r"], ["y"])],
        {"x": [2, 3]}, constants={"c": weights(3, 3)}),
    "slice of constants, backwards and of opset 7": model(
        [helper.make_node("Slice", ["c"], ["s"], starts=[1], ends=[3]), helper.make_node("Add", ["x", "s"], ["y"])],
        {"x": [2]}, constants={"c": weights(4)}, opset=9),
}  # fmt: skip
CASES |= {
    "layer normalization": single("LayerNormalization", (2, 3, 4), weights(4), weights(4, seed=1)),
    "layer normalization of two dimensions": single("LayerNormalization", (2, 3, 4), weights(3, 4), axis=1),
    "layer normalization with its statistics": model(
        [helper.make_node("LayerNormalization", ["x", "c"], ["y", "m", "d"], epsilon=0.01)],
        {"x": [2, 3, 4]},
        ["y", "m", "d"],
        {"c": weights(4)},
    ),
    "rms normalization": single("RMSNormalization", (2, 3, 4), weights(4), opset=23),
    "instance normalization": single("InstanceNormalization", IMAGE, weights(4), weights(4, seed=1)),
    "group normalization": single("GroupNormalization", IMAGE, *weights(2, 4), num_groups=2, opset=21),
    "group normalization of opset 18": single(
        "GroupNormalization", IMAGE, *weights(2, 2), num_groups=2, opset=18
    ),
    "normalization by the sum": single("LpNormalization", (2, 3, 4), axis=1, p=1),
    "normalization by the length": single("LpNormalization", (2, 3, 4)),
    "response normalization": single("LRN", IMAGE, size=3, alpha=0.3, beta=0.5, bias=2.0),
}
EQUATIONS = {
    "ij->ji": [(2, 3)], "ij->i": [(2, 3)], "ij": [(2, 3)], "ij->": [(2, 3)], "...ii->...i": [(2, 3, 4, 4)],
    "i,i": [(4,), (4,)], "bij, bjk -> bik": [(2, 3, 4), (2, 4, 5)], "bhqd,bhkd->bhqk": [(2, 2, 3, 4), (2, 2, 5, 4)],
    "...ij,...jk->...ik": [(2, 3, 4), (2, 4, 5)], "ij,kj,kl->il": [(2, 3), (4, 3), (4, 5)],
    "ij,ij->ij": [(2, 3), (2, 3)], "ia,b->a": [(2, 3), (4,)], "nchw,oc->nohw": [(1, 3, 4, 5), (2, 3)],
}  # fmt: skip
CASES |= {
    f"einsum {equation}": model(
        [helper.make_node("Einsum", [f"x{i}" for i in range(len(shapes))], ["y"], equation=equation)],
        {f"x{i}": shape for i, shape in enumerate(shapes)},
    )
    for equation, shapes in EQUATIONS.items()
}
CASES["einsum with a constant"] = model(
    [helper.make_node("Einsum", ["x", "c"], ["y"], equation="btd,dhe->bthe")], {"x": [2, 3, 4]},
    constants={"c": weights(4, 2, 3)},
)  # fmt: skip
