"""Each ONNX operator alone, against ONNX Runtime; the functions' signatures against ONNX's own schemas."""

from __future__ import annotations

import inspect
from typing import Any

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper
from onnx_models import check, model, operators, single, weights
from operator_cases import CASES as FIRST_CASES
from operator_cases import IMAGE, axes
from row_cases import CASES as ROW_CASES

from smelt.errors import FormatError, UnsupportedError
from smelt.formats.onnx import read_onnx
from smelt.formats.onnx.model import NEWEST_OPSET, OLDEST_OPSET
from smelt.formats.onnx.schema import Row
from smelt.formats.onnx.tables import FOLDING, OPERATORS

CASES = {**FIRST_CASES, **ROW_CASES}
# Too new for it; ONNX's backend tests have them.
NOT_IN_ONNX_RUNTIME = {"BitCast", "CumProd", "SwiGLU", "Swish", "TensorScatter"}
TESTED_HERE = [
    f"smelt.formats.onnx.{name}"
    for name in (
        "activations",
        "arithmetic",
        "einsum",
        "folding",
        "functions",
        "indexing",
        "normalizing",
        "operators",
        "rearranging",
        "reductions",
        "resizing",
        "sampling",
        "spreading",
        "transforms",
    )
]


@pytest.mark.parametrize("name", CASES)
def test_operator_means_what_it_means_in_onnx_runtime(name: str) -> None:
    check(CASES[name])


def test_cases_cover_every_operator() -> None:
    used = {node.op_type for data in CASES.values() for node in onnx.load_model_from_string(data).graph.node}
    rows = [row for row in (*OPERATORS, *FOLDING) if row.function.__module__ in TESTED_HERE]
    assert used >= {row.operator for row in rows} - NOT_IN_ONNX_RUNTIME


def test_folded_chains_leave_no_nodes() -> None:
    assert operators(read_onnx(CASES["shape arithmetic"])) == ["reshape", "add"]
    assert operators(read_onnx(CASES["reversed, ranged, expanded, chosen"])) == ["mul"]
    assert operators(read_onnx(CASES["operators of constants"])) == ["add"]


@pytest.mark.parametrize(
    "row",
    [row for row in (*OPERATORS, *FOLDING) if "." not in row.operator],
    ids=lambda row: f"{row.operator}-{row.since}-{row.function.__module__}",
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
    first = min(schema.since_version for schema in onnx.defs.get_all_schemas_with_history()
                if schema.domain == "" and schema.name == row.operator)  # fmt: skip
    for opset in range(max(row.since, OLDEST_OPSET, first), min(row.until, NEWEST_OPSET) + 1):
        schema = onnx.defs.get_schema(row.operator, opset)
        most = max(most, schema.max_input)
        for name, attribute in schema.attributes.items():
            default = (
                helper.get_attribute_value(attribute.default_value) if attribute.default_value.name else None
            )
            known[name] = default.decode() if isinstance(default, bytes) else default
            if isinstance(default, list) and default:
                known[name] = tuple(text.decode() for text in default)
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
    "negative pads": (single("Conv", IMAGE, weights(5, 4, 3, 3), pads=[-1, 0, 0, 0]), "negative pads"),
    "training": (
        single("BatchNormalization", (3, 4), *weights(4, 4), training_mode=1), "model.eval()"),
    "cast to text": (single("Cast", (2, 3), to=TensorProto.STRING), "data type 8, which is not supported"),
    "range to a computed limit": (
        model([helper.make_node("Range", ["a", "n", "a"], ["y"])], {"n": []}, constants={"a": weights(1)[0]}),
        "Range 'y': input 'n' must be a constant"),
    "statistics for each element": (
        single("BatchNormalization", (3, 4), *weights(4, 4), spatial=0, opset=7), "spatial=0"),
    "integers in a convolution": (
        single("Conv", (np.int32, IMAGE), weights(5, 4, 3, 3)), "Conv 'y'"),
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
