"""Each ONNX operator alone, against ONNX Runtime; the functions' signatures against ONNX's own schemas."""

from __future__ import annotations

import inspect
from typing import Any

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper
from onnx_models import check, model, operators, single, weights

from smelt.errors import FormatError, UnsupportedError
from smelt.formats.onnx import read_onnx
from smelt.formats.onnx.model import NEWEST_OPSET, OLDEST_OPSET
from smelt.formats.onnx.schema import Row
from smelt.formats.onnx.tables import FOLDING, OPERATORS

IMAGE = (1, 4, 7, 6)
SIGNAL = (2, 4, 9)


def scalars(*numbers: float) -> list[Any]:
    return [np.array(number, np.float32) for number in numbers]


def axes(*numbers: int) -> Any:
    return np.array(numbers, np.int64)


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


@pytest.mark.parametrize("name", CASES)
def test_operator_means_what_it_means_in_onnx_runtime(name: str) -> None:
    check(CASES[name])


def test_cases_cover_every_operator() -> None:
    used = {node.op_type for data in CASES.values() for node in onnx.load_model_from_string(data).graph.node}
    untested = {"Greater", "Less"}  # computed by the same function as Equal
    assert used >= (OPERATORS.operators() | FOLDING.operators()) - untested


def test_folded_chains_leave_no_nodes() -> None:
    assert operators(read_onnx(CASES["shape arithmetic"])) == ["reshape", "add"]
    assert operators(read_onnx(CASES["reversed, ranged, expanded, chosen"])) == ["mul"]


@pytest.mark.parametrize(
    "row", [*OPERATORS, *FOLDING], ids=lambda row: f"{row.operator}-{row.since}-{row.function.__module__}"
)
def test_signatures_are_the_schemas_of_all_opsets(row: Row) -> None:
    """Every attribute of every opset of the row is a parameter with ONNX's default, and nothing else is one."""
    if onnx.defs.onnx_opset_version() < NEWEST_OPSET:
        pytest.skip(f"the installed onnx package does not know opset {NEWEST_OPSET}")
    parameters = inspect.signature(row.function).parameters.values()
    given = {p.name: p.default for p in parameters if p.kind is p.KEYWORD_ONLY}
    variadic = any(p.kind is p.VAR_POSITIONAL for p in parameters)
    positional = sum(p.kind is p.POSITIONAL_OR_KEYWORD for p in parameters) - 1
    known: dict[str, Any] = {}
    most = 0
    for opset in range(max(row.since, OLDEST_OPSET), min(row.until, NEWEST_OPSET) + 1):
        schema = onnx.defs.get_schema(row.operator, opset)
        most = max(most, schema.max_input)
        for name, attribute in schema.attributes.items():
            default = (
                helper.get_attribute_value(attribute.default_value) if attribute.default_value.name else None
            )
            known[name] = default.decode() if isinstance(default, bytes) else default
            if attribute.required:
                known[name] = inspect.Parameter.empty
    refused = {"Constant": {"sparse_value", "value_string", "value_strings"}}.get(row.operator, set())
    assert given.keys() == known.keys() - refused
    assert variadic or positional == most
    for name, default in given.items():
        if isinstance(default, float):
            assert default == pytest.approx(known[name])
        elif default is not None:
            assert default == known[name]
        else:
            assert known[name] in (None, [])


REFUSED: dict[str, tuple[bytes, str]] = {
    "computed weights": (
        model([helper.make_node("Relu", ["w"], ["r"]), helper.make_node("Conv", ["x", "r"], ["y"])],
              {"x": IMAGE, "w": [5, 4, 3, 3]}), "input 'r' must be a constant"),
    "batched product": (model([helper.make_node("MatMul", ["x", "x"], ["y"])], {"x": [2, 3, 3]}), "MatMul 'y': of"),
    "3-D convolution": (single("Conv", (1, 2, 4, 4, 4), weights(2, 2, 3, 3, 3)), "only 1-D and 2-D"),
    "clip to other bounds": (single("Clip", (2, 3), *scalars(0, 4)), "clips to 0.0 … 4.0"),
    "division by a tensor": (model([helper.make_node("Div", ["x", "z"], ["y"])], {"x": [2], "z": [2]}), "constant"),
    "division by zero": (single("Div", (2, 3), *scalars(0)), "divides by zero"),
    "negative pads": (single("Conv", IMAGE, weights(5, 4, 3, 3), pads=[-1, 0, 0, 0]), "negative pads"),
    "reflecting pad": (single("Pad", (2, 3), axes(0, 1, 0, 1), mode="reflect"), "mode 'reflect'"),
    "dilated pool": (single("MaxPool", IMAGE, kernel_shape=[2, 2], dilations=[2, 2]), "dilations"),
    "indices of a pool": (
        model([helper.make_node("MaxPool", ["x"], ["y", "i"], kernel_shape=[2, 2])], {"x": IMAGE}),
        "its output 1 (i) is not supported"),
    "training": (
        single("BatchNormalization", (3, 4), *weights(4, 4), training_mode=1), "model.eval()"),
    "cast to integers": (single("Cast", (2, 3), to=TensorProto.INT32), "only float32"),
    "gather of activations": (single("Gather", (2, 3), axes(0)), "Gather 'y': is supported only on constants"),
    "double weights": (single("MatMul", (2, 3), weights(3, 4).astype(np.float64)), "'c0' is float64"),
}  # fmt: skip


@pytest.mark.parametrize("name", REFUSED)
def test_what_smelt_does_not_do_is_refused(name: str) -> None:
    data, words = REFUSED[name]
    with pytest.raises(UnsupportedError) as caught:
        read_onnx(data)
    assert words in str(caught.value)


WRONG: dict[str, tuple[bytes, str]] = {
    "weights of another width": (single("Gemm", (2, 3), weights(4, 5)), "'c0' has 4 inputs, 'x' is [2, 3]"),
    "weights of other channels": (single("Conv", IMAGE, weights(5, 3, 3, 3)), "do not fit 4 channels in 1 groups"),
    "kernel larger than the image": (single("Conv", IMAGE, weights(5, 4, 9, 9)), "conv_2d 'y'"),
    "no such axis": (single("Softmax", (2, 3), axis=2), "not distinct axes"),
    "wrong reshape": (single("Reshape", (2, 3), axes(4, -1)), "cannot reshape [2, 3] to [4, -1]"),
    "shapes that do not broadcast": (single("Add", (2, 3), weights(2)), "make no sense"),
    "missing input": (single("Conv", IMAGE), "Conv 'y': has 1 inputs, needs 2 to 3"),
    "missing attribute": (single("MaxPool", IMAGE), "the attribute 'kernel_shape' is missing"),
    "attribute of another type": (single("Softmax", (2, 3), axis=1.5), "the attribute 'axis' has the wrong type"),
    "no permutation": (single("Transpose", (2, 3), perm=[0, 0]), "not distinct axes"),
}  # fmt: skip


@pytest.mark.parametrize("name", WRONG)
def test_contradictions_are_named(name: str) -> None:
    data, words = WRONG[name]
    with pytest.raises(FormatError) as caught:
        read_onnx(data)
    assert words in str(caught.value)
