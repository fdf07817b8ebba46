"""The FlatBuffer layer: what is written reads back."""

from __future__ import annotations

import pickle
from typing import Any

import numpy as np
import pytest
from flatbuffer_models import new, read, small_model, write

from smelt.errors import FormatError
from smelt.formats.tflite.flatbuffer import read_flatbuffer, write_flatbuffer
from smelt.formats.tflite.schema import TFLITE, ActivationFunctionType, Padding


def test_round_trip() -> None:
    tree = small_model()
    data = write(tree)
    assert data[4:8] == b"TFL3"
    again = read(data)
    assert again == tree
    assert write(again) == data
    operator = again.subgraphs[0].operators[0]
    assert operator.builtin_options.table_name == "Conv2DOptions"
    assert operator.builtin_options.padding is Padding.VALID
    assert operator.builtin_options.fused_activation_function is ActivationFunctionType.NONE
    assert operator.builtin_options.dilation_w_factor == 1
    assert operator.builtin_options_2 is None
    assert operator.large_custom_options_offset == 2**40 + 3
    assert operator.mutating_variable_inputs.tolist() == [True, False, True]
    assert again.subgraphs[0].tensors[0].quantization.zero_point.tolist() == [-3, 0]
    assert again.description.endswith("äöü")


def test_forced_defaults_are_written_and_read_as_the_same() -> None:
    tree = small_model()
    forced = write_flatbuffer(tree, TFLITE, force_defaults=True)
    assert len(forced) > len(write(tree))
    assert read(forced) == tree


def test_absent_and_empty_are_told_apart() -> None:
    tree = new("Model", subgraphs=[new("SubGraph", tensors=[], inputs=[])], description="")
    for model in (tree, read(write(tree))):
        graph = model.subgraphs[0]
        assert graph.has("tensors")
        assert graph.has("inputs")
        assert not graph.has("outputs")
        assert graph.tensors == ()
        assert graph.operators == ()
        assert graph.inputs.size == graph.outputs.size == 0
        assert graph.outputs.dtype == np.int32
        assert model.has("description")
        assert not graph.has("name")
        assert model.description == graph.name == ""
    assert graph != graph.replace(outputs=[])
    assert graph == graph.replace(outputs=[]).replace(outputs=None)


def test_buffers_are_aligned_views_that_cannot_be_changed() -> None:
    buffers = [new("Buffer", data=bytes(range(1, n))) for n in range(1, 40)]
    data = write(new("Model", buffers=buffers, description="x" * 5))
    backing = np.frombuffer(data, np.uint8)
    for n, buffer in enumerate(read(data).buffers, 1):
        assert buffer.data.tolist() == list(range(1, n))
        assert not buffer.data.flags.writeable
        if buffer.data.size:
            assert np.shares_memory(buffer.data, backing)
            assert (buffer.data.ctypes.data - backing.ctypes.data) % 16 == 0


def test_arrays_are_read_only_whatever_they_were_read_from() -> None:
    for data in (bytearray(write(small_model())), memoryview(bytearray(write(small_model())))):
        tree = read_flatbuffer(data, TFLITE)
        assert tree == small_model()
        assert not tree.buffers[1].data.flags.writeable


def test_a_shared_record_is_written_once() -> None:
    shared = new("QuantizationParameters", scale=[0.1], zero_point=[1])
    model = [
        new("Model", subgraphs=[new("SubGraph", tensors=[new("Tensor", quantization=q) for q in qs])])
        for qs in ([shared] * 50, [shared.replace() for _ in range(50)])
    ]
    assert model[0] == model[1]
    assert len(write(model[0])) < len(write(model[1])) / 2
    tensors = read(write(model[0])).subgraphs[0].tensors
    assert tensors[0].quantization is tensors[49].quantization


def test_special_floats_survive() -> None:
    options = new("FakeQuantOptions", min=float("-inf"), max=float("nan"))
    scales = [float("nan"), float("inf"), -0.0, 1e-40]
    tensor = new("Tensor", quantization=new("QuantizationParameters", scale=scales))
    tree = new(
        "Model",
        subgraphs=[new("SubGraph", tensors=[tensor], operators=[new("Operator", builtin_options=options)])],
    )
    assert read(write(tree)) == tree


def test_records() -> None:
    options = new("Conv2DOptions", stride_w=2, padding=1)
    assert repr(options) == "Conv2DOptions(padding=VALID, stride_w=2)"
    assert options.replace(stride_w=None) == new("Conv2DOptions", padding=Padding.VALID)
    assert pickle.loads(pickle.dumps(small_model())) == small_model()
    assert "stride_h" in dir(options)
    assert new("SoftmaxOptions", beta=0.1).beta == float(np.float32(0.1))
    with pytest.raises(AttributeError, match="Conv2DOptions has no field alpha"):
        _ = options.alpha
    with pytest.raises(AttributeError, match="frozen"):
        options.stride_w = 3
    with pytest.raises(TypeError):
        hash(options)


@pytest.mark.parametrize(
    ("table", "fields", "error", "message"),
    [
        ("Conv2DOptions", {"stride": 1}, TypeError, "no field stride"),
        ("Conv2DOptions", {"stride_w": 1.5}, TypeError, "float"),
        (
            "Conv2DOptions",
            {"stride_w": 2**31},
            FormatError,
            "Conv2DOptions.stride_w: 2147483648 does not fit",
        ),
        ("Conv2DOptions", {"padding": 7}, FormatError, "no Padding is 7"),
        ("SoftmaxOptions", {"beta": 1e39}, FormatError, "does not fit into float"),
        ("Tensor", {"shape": [1, 2**31]}, FormatError, "Tensor.shape: a number does not fit into int"),
        ("Tensor", {"shape": [1.0]}, TypeError, "1-D vector of int"),
        ("Tensor", {"shape": np.zeros((2, 2), np.int32)}, TypeError, "1-D vector"),
        ("Tensor", {"name": b"x"}, TypeError, "Tensor.name is a string"),
        ("Tensor", {"quantization": "x"}, TypeError, "is a table"),
        ("Buffer", {"data": [256]}, FormatError, "does not fit into ubyte"),
        ("QuantizationParameters", {"scale": [1e39]}, FormatError, "does not fit into float"),
        ("Operator", {"builtin_options": "x"}, TypeError, "is a union"),
        ("SubGraph", {"tensors": ["x"]}, TypeError, "vector of tables"),
    ],
)
def test_records_refuse_what_the_file_cannot_hold(
    table: str, fields: dict[str, Any], error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=message):
        new(table, **fields)
