"""Functions of the model and of ONNX itself, and branches whose condition is known, put in place."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper
from onnx_models import check, model, operators, parsed, single, weights

from smelt.errors import FormatError, UnsupportedError
from smelt.formats.onnx import read_onnx

OPSETS = [helper.make_opsetid("", 17), helper.make_opsetid("com.example", 1)]


def function(name: str, inputs: list[str], outputs: list[str], nodes: list[Any], **options: Any) -> Any:
    return helper.make_function("com.example", name, inputs, outputs, nodes, OPSETS, **options)


def with_functions(data: bytes, *functions: Any) -> bytes:
    file = parsed(data)
    file.functions.extend(functions)
    result: bytes = file.SerializeToString()
    return result


def leaky() -> Any:
    """x → leaky relu of x twice, the slope being an attribute with a default."""
    first = helper.make_node("LeakyRelu", ["a"], ["t"])
    first.attribute.add(name="alpha", type=onnx.AttributeProto.FLOAT, ref_attr_name="slope")
    return function(
        "Leaky", ["a"], ["b"], [first, helper.make_node("Neg", ["t"], ["b"])],
        attribute_protos=[helper.make_attribute("slope", 0.3)],
    )  # fmt: skip


def test_functions_of_the_model_are_put_in_place() -> None:
    nodes = [
        helper.make_node("Leaky", ["x"], ["t"], domain="com.example", slope=0.2),
        helper.make_node("Leaky", ["t"], ["y"], domain="com.example"),
    ]
    graph = check(with_functions(model(nodes, {"x": [2, 3]}), leaky()))
    assert operators(graph) == ["leaky_relu", "neg", "leaky_relu", "neg"]
    slopes = [node.attributes["alpha"] for node in graph.nodes if node.operator == "leaky_relu"]
    assert slopes == pytest.approx([0.2, 0.3])


def test_functions_inside_functions() -> None:
    outer = function("Outer", ["a"], ["t"], [
        helper.make_node("Leaky", ["a"], ["b"], domain="com.example"),
        helper.make_node("Conv", ["b", "w"], ["t"]),
    ])  # fmt: skip
    outer.node.insert(
        0, helper.make_node("Constant", [], ["w"], value=numpy_helper.from_array(weights(4, 3, 2, 2)))
    )
    data = model([helper.make_node("Outer", ["x"], ["y"], domain="com.example")], {"x": [1, 3, 5, 5]})
    graph = check(with_functions(data, outer, leaky()))
    assert operators(graph) == ["leaky_relu", "neg", "conv_2d"]
    assert graph.metadata["layout:x"] == b"NCHW"


def test_functions_that_never_end_are_refused() -> None:
    itself = function("Leaky", ["a"], ["b"], [helper.make_node("Leaky", ["a"], ["b"], domain="com.example")])
    data = model([helper.make_node("Leaky", ["x"], ["y"], domain="com.example")], {"x": [2]})
    with pytest.raises(FormatError, match="nested too deeply"):
        read_onnx(with_functions(data, itself))


def test_functions_that_grow_without_bounds_are_refused() -> None:
    """Twenty functions, each calling the next ten times."""

    def calls(number: int) -> Any:
        names = ["a", *(f"t{i}" for i in range(9)), "b"]
        return function(f"F{number}", ["a"], ["b"], [
            helper.make_node(f"F{number + 1}", [x], [y], domain="com.example")
            for x, y in itertools.pairwise(names)
        ])  # fmt: skip

    last = function("F20", ["a"], ["b"], [helper.make_node("Relu", ["a"], ["b"])])
    data = model([helper.make_node("F0", ["x"], ["y"], domain="com.example")], {"x": [2]})
    with pytest.raises(FormatError, match="too many operations"):
        read_onnx(with_functions(data, last, *map(calls, range(20))))


def branches(condition: Any) -> bytes:
    """If: a matrix product with a constant of the branch, or a sum with a tensor from around it."""
    empty = helper.make_empty_tensor_value_info
    product = helper.make_graph(
        [helper.make_node("MatMul", ["t", "w"], ["r"])], "then", [], [empty("r")],
        [numpy_helper.from_array(weights(3, 3), "w")],
    )  # fmt: skip
    total = helper.make_graph([helper.make_node("Add", ["t", "t"], ["r"])], "else", [], [empty("r")])
    nodes = [
        helper.make_node("Relu", ["x"], ["t"]),
        *condition,
        helper.make_node("If", ["c"], ["y"], then_branch=product, else_branch=total),
    ]
    return model(nodes, {"x": [2, 3]}, constants={"rank": np.array([2])})


@pytest.mark.parametrize(("rank", "operator"), [(2, "fully_connected"), (3, "add")])
def test_a_branch_that_is_known_is_put_in_place(rank: int, operator: str) -> None:
    condition = [
        helper.make_node("Shape", ["x"], ["s"]),
        helper.make_node("Shape", ["s"], ["n"]),
        helper.make_node("Constant", [], ["wanted"], value_ints=[rank]),
        helper.make_node("Equal", ["n", "wanted"], ["c"]),
    ]
    assert operators(check(branches(condition))) == ["relu", operator]


def test_a_branch_that_is_not_known_is_refused() -> None:
    condition = [
        helper.make_node("ReduceMax", ["x"], ["m"], keepdims=0),
        helper.make_node("Cast", ["m"], ["c"], to=TensorProto.BOOL),
    ]
    with pytest.raises(UnsupportedError, match="If 'y': input 'c' must be a constant"):
        read_onnx(branches(condition))


def test_operators_that_onnx_defines_by_others() -> None:
    check(single("Mish", (2, 3), opset=18))
    check(single("Celu", (2, 3), opset=17, alpha=0.7))
    check(single("Celu", (2, 3), opset=17))
    check(single("MeanVarianceNormalization", (1, 3, 4, 4), opset=17))
    check(single("LayerNormalization", (2, 3, 4), weights(4), weights(4), opset=17))
    check(single("Softsign", (2, 3), opset=22))


def value(name: str, kind: int = TensorProto.FLOAT) -> Any:
    return helper.make_tensor_value_info(name, kind, None)


def loop(trips: Any, condition: Any, *, goes_on: Any) -> bytes:
    """x doubled in each round, the rounds' sums with their number collected."""
    body = helper.make_graph(
        [
            helper.make_node("Add", ["s", "s"], ["t"]),
            helper.make_node("Cast", ["i"], ["f"], to=TensorProto.FLOAT),
            helper.make_node("Add", ["t", "f"], ["o"]),
            goes_on,
        ],
        "body",
        [helper.make_tensor_value_info("i", TensorProto.INT64, []),
         helper.make_tensor_value_info("c", TensorProto.BOOL, []), value("s")],
        [value("d", TensorProto.BOOL), value("t"), value("o")],
    )  # fmt: skip
    constants = {"four": np.array(4), "limit": np.array(2), "true": np.array(True)}
    node = helper.make_node("Loop", [trips, condition, "x"], ["y", "all"], body=body)
    return model([node], {"x": [2, 3]}, ["y", "all"], constants)


KEEP_ON = helper.make_node("Identity", ["c"], ["d"])


def test_loops_of_known_length_are_unrolled() -> None:
    graph = check(loop("four", "true", goes_on=KEEP_ON))
    assert operators(graph).count("add") == 8
    assert graph.values["all"].shape == (4, 2, 3)


def test_loops_whose_condition_is_known_are_unrolled() -> None:
    graph = check(loop("", "true", goes_on=helper.make_node("Less", ["i", "limit"], ["d"])))
    assert graph.values["all"].shape == (3, 2, 3)


def test_loops_that_never_end_are_refused() -> None:
    with pytest.raises(FormatError, match="too many operations"):
        read_onnx(loop("", "true", goes_on=KEEP_ON))


def test_loops_of_unknown_length_are_refused() -> None:
    nodes = [helper.make_node("ReduceMax", ["s"], ["m"], keepdims=0)]
    data = parsed(loop("four", "true", goes_on=helper.make_node("Cast", ["m"], ["d"], to=TensorProto.BOOL)))
    body = data.graph.node[0].attribute[0].g
    body.node.insert(0, nodes[0])
    with pytest.raises(UnsupportedError, match="after 1 rounds is computed"):
        read_onnx(data.SerializeToString())


@pytest.mark.parametrize("backwards", [0, 1])
def test_scans_are_unrolled(backwards: int) -> None:
    """A running sum over the second dimension, forwards or backwards."""
    body = helper.make_graph(
        [helper.make_node("Add", ["s", "e"], ["t"]), helper.make_node("Relu", ["t"], ["o"])], "body",
        [value("s"), value("e")], [value("t"), value("o")],
    )  # fmt: skip
    node = helper.make_node(
        "Scan", ["z", "x"], ["last", "y"], body=body, num_scan_inputs=1, scan_input_axes=[1],
        scan_input_directions=[backwards], scan_output_axes=[-1], scan_output_directions=[backwards],
    )  # fmt: skip
    graph = check(model([node], {"x": [3, 4]}, ["last", "y"], {"z": weights(3)}))
    assert graph.values["y"].shape == (3, 4)
