"""What a user says of a model's inputs: symbolic sizes, and inputs that become constants."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from onnx import helper
from onnx_models import check, model, operators

from smelt.errors import UnsupportedError, UsageError
from smelt.formats.onnx import read_onnx


def two(first: list[Any], second: list[Any]) -> bytes:
    """The sum of two inputs."""
    return model([helper.make_node("Add", ["a", "b"], ["y"])], {"a": first, "b": second})


def test_a_symbol_is_one_number_wherever_it_occurs() -> None:
    graph = check(two(["n", "width", 3], ["n", "width", 1]), shapes={"a": (2, 5, 3)})
    assert graph.values["b"].shape == (2, 5, 1)


def test_a_symbolic_batch_is_one_wherever_it_occurs() -> None:
    assert read_onnx(two(["n", 4], [3, "n"])).values["b"].shape == (3, 1)


def test_sizes_that_contradict_each_other() -> None:
    with pytest.raises(UsageError, match=r"'width' is 6 in the shape .* but 5 in another"):
        read_onnx(two(["n", "width"], ["n", "width"]), shapes={"a": (1, 5), "b": (1, 6)})


def test_sizes_that_remain_unknown_are_asked_for_with_what_is_known() -> None:
    data = two(["n", "width"], ["n", "height"])
    with pytest.raises(
        UnsupportedError, match=r"input 'b' has no fixed size for 'height'.*--shape b=2,height"
    ):
        read_onnx(data, shapes={"a": (2, 5)})


def reshaping() -> bytes:
    """A reshape to an input of the model, through an operator."""
    nodes = [
        helper.make_node("Cast", ["size"], ["shape"], to=7),
        helper.make_node("Reshape", ["x", "shape"], ["y"]),
    ]
    return model(nodes, {"x": [2, 6], "size": (np.int32, [2])})


def test_an_input_that_must_be_constant_says_how_to_make_it_one() -> None:
    with pytest.raises(UnsupportedError) as caught:
        read_onnx(reshaping())
    assert "Reshape 'y': input 'shape' must be a constant" in str(caught.value)
    assert "--constant size=VALUE" in str(caught.value)
    assert "constants={'size': ...}" in str(caught.value)


def test_inputs_become_constants() -> None:
    graph = read_onnx(reshaping(), constants={"size": np.array([3, 4])})
    assert graph.inputs == ("x",)
    assert operators(graph) == ["reshape"]
    assert graph.values["y"].shape == (3, 4)


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("size", np.array([3, 4, 5]), "does not fit"),
        ("size", np.array([3.5, 4]), "float64 does not become int32"),
        ("size", np.array(["a", "b"]), "does not become int32"),
        ("z", np.array([3, 4]), "inputs are: x"),
    ],
)
def test_constants_that_do_not_fit(name: str, value: Any, words: str) -> None:
    with pytest.raises(UsageError, match=words):
        read_onnx(reshaping(), constants={"size": np.array([3, 4]), name: value})
