"""SavedModels read without TensorFlow."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from small_saved_models import FLOAT, Model, Raw, Type, crc32c, function, node, small_model, table
from small_saved_models import message as wire

import smelt
from smelt.errors import FormatError, SmeltError, UnsupportedError, UsageError
from smelt.formats.saved_model.crc import crc32c as fast_crc32c
from smelt.formats.saved_model.table import read_table
from smelt.operators.builder import random_array
from smelt.operators.evaluate import evaluate_graph
from smelt.passes import optimize


@pytest.mark.parametrize("file", ["", "saved_model.pb"])
def test_kws_equals_the_converted_file(file: str, shared: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "tensorflow", None)
    models = shared / "models" / "mlperf_tiny"
    ours = optimize(smelt.load(models / "kws_saved_model" / file))
    theirs = optimize(smelt.load(models / "kws_float32.tflite"))
    assert len(ours.nodes) == len(theirs.nodes)
    assert (ours.inputs, ours.outputs) == (("input_1",), ("dense",))
    data = random_array(ours.values[ours.inputs[0]], 7)
    (got,) = evaluate_graph(ours, {ours.inputs[0]: data}).values()
    shape = theirs.values[theirs.inputs[0]].shape
    (meant,) = evaluate_graph(theirs, {theirs.inputs[0]: data.reshape(shape)}).values()
    assert np.abs(got - meant).max() <= 1e-5 * np.abs(meant).max()


def test_a_written_model_computes_what_its_operators_say(tmp_path: Path) -> None:
    model = small_model()
    graph = smelt.load(model.write(tmp_path / "small"))
    assert (graph.name, graph.inputs, graph.outputs) == ("small", ("x",), ("y",))
    assert graph.values["x"].shape == (1, 6, 6, 2)
    x = np.random.default_rng(1).normal(size=(1, 6, 6, 2)).astype(np.float32)
    (got,) = evaluate_graph(graph, {"x": x}).values()
    meant = _by_hand(x, {name: array for name, (_key, array) in model.variables.items()})
    assert np.abs(got - meant).max() <= 1e-5 * np.abs(meant).max()
    assert [n.operator for n in optimize(graph).nodes] == [
        "conv_2d",
        "max_pool_2d",
        "reshape",
        "fully_connected",
    ]


def _by_hand(x: Any, w: dict[str, Any]) -> Any:
    padded = np.pad(x, ((0, 0), (1, 1), (1, 1), (0, 0)))
    y = sum(padded[:, i : i + 6, j : j + 6] @ w["kernel"][i, j] for i in range(3) for j in range(3))
    y = (y - w["mean"]) / np.sqrt(w["variance"] + 1e-3) * w["scale"] + w["offset"]
    y = np.maximum(y, 0).reshape(1, 3, 2, 3, 2, 4).max((2, 4))
    return y.reshape(1, 36) @ w["dense"]


def test_input_files_are_not_written_to(tmp_path: Path) -> None:
    folder = small_model().write(tmp_path / "small")
    before = {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    smelt.load(folder)
    assert {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()} == before


@pytest.mark.parametrize("compress", [False, True])
def test_tables_are_read_compressed_or_not(compress: bool) -> None:
    entries = {f"layer_{k // 7}/part/{k:03d}".encode(): bytes([k % 256]) * (k % 50) for k in range(300)}
    written = table(entries, compress=compress)
    assert read_table(written) == entries
    assert (len(written) < len(table(entries))) == compress


@pytest.mark.parametrize("size", [0, 1, 15, 16, 17, 1000, 4099])
def test_checksums_of_many_lanes_are_those_of_one(size: int) -> None:
    data = np.random.default_rng(size).bytes(size)
    assert fast_crc32c(data) == crc32c(data)
    assert fast_crc32c(b"123456789") == 0xE3069283


@pytest.mark.parametrize("place", [0, 100, -1])
def test_a_flipped_bit_in_the_data_is_found(place: int, tmp_path: Path) -> None:
    folder = small_model().write(tmp_path / "small")
    path = folder / "variables" / "variables.data-00000-of-00001"
    data = bytearray(path.read_bytes())
    data[place] ^= 4
    path.write_bytes(data)
    with pytest.raises(FormatError, match="checksum is wrong"):
        smelt.load(folder)


@pytest.mark.parametrize("file", ["variables.index", "variables.data-00000-of-00001"])
def test_missing_and_short_files_are_named(file: str, tmp_path: Path) -> None:
    folder = small_model().write(tmp_path / "small")
    path = folder / "variables" / file
    path.write_bytes(path.read_bytes()[:-1])
    with pytest.raises(FormatError, match=r"ends before|no table"):
        smelt.load(folder)
    path.unlink()
    with pytest.raises(FormatError, match=file.replace(".", r"\.")):
        smelt.load(folder)


def test_partitioned_variables_are_refused_by_name(tmp_path: Path) -> None:
    model = small_model()
    model.slices = ["", "4 0,2:0,3"] + [""] * 4
    with pytest.raises(UnsupportedError, match=r"variables/6/.*partitioned"):
        smelt.load(model.write(tmp_path / "small"))


def test_signatures_are_chosen_and_listed(tmp_path: Path) -> None:
    model = small_model()
    model.signature = "score"
    folder = model.write(tmp_path / "small")
    assert smelt.load(folder).outputs == smelt.load(folder, signature="score").outputs == ("y",)
    with pytest.raises(UsageError, match=r"no signature 'train'.*score"):
        smelt.load(folder, signature="train")


def test_open_sizes_are_asked_for(tmp_path: Path) -> None:
    model = Model(
        [node("in", "Placeholder"), node("out", "Relu", "in")],
        {"signal": ("in:0", FLOAT, (-1, -1, 3))},
        {"y": "out:0"},
    )
    folder = model.write(tmp_path / "open")
    with pytest.raises(UsageError, match="--shape signal=1,16,3"):
        smelt.load(folder)
    assert smelt.load(folder, shapes={"signal": (1, 5, 3)}).values["y"].shape == (1, 5, 3)
    with pytest.raises(UsageError, match="does not fit"):
        smelt.load(folder, shapes={"signal": (1, 5, 4)})
    with pytest.raises(UsageError, match="'sound'"):
        smelt.load(folder, shapes={"signal": (1, 5, 3), "sound": (1,)})


def _of(*nodes: bytes, inputs: tuple[int, ...] = (1, 4), variables: Any = None) -> Model:
    placeholder = node("in", "Placeholder")
    return Model([placeholder, *nodes], {"x": ("in:0", FLOAT, inputs)}, {"y": "out:0"}, [], variables or {})


@pytest.mark.parametrize(
    ("nodes", "message"),
    [
        ([node("out", "MatrixInverse", "in")], r"MatrixInverse 'out'.*not supported"),
        ([node("out", "Relu", "in", exotic=3)], r"Relu 'out'.*exotic=3"),
        ([node("out", "LeakyRelu", "in", alpha=1)], r"'alpha' has the wrong type"),
        ([node("out", "Relu", "in", "in")], "has 2 inputs, needs 1"),
        ([node("out", "Relu", "nowhere")], "'nowhere', which is not there"),
        ([node("out", "Relu", "other"), node("other", "Relu", "out")], "needs its own result"),
        ([node("out", "PartitionedCall", "in", f="function f")], "'f', which is not there"),
        ([node("out", "ReadVariableOp", "in")], "reads a variable that is none"),
        ([node("v", "VarHandleOp"), node("out", "ReadVariableOp", "v")], "nothing restores the variable 'v'"),
    ],
)
def test_what_cannot_be_read_is_named(nodes: list[bytes], message: str, tmp_path: Path) -> None:
    with pytest.raises(SmeltError, match=message):
        smelt.load(_of(*nodes).write(tmp_path / "bad"))


def test_training_mode_is_refused_with_advice(tmp_path: Path) -> None:
    ones = node("ones", "Const", value=np.ones(4, np.float32))
    # The default of is_training, which files leave out, is true.
    norm = node("out", "FusedBatchNormV3", "in", "ones", "ones", "ones", "ones")
    with pytest.raises(UnsupportedError, match=r"training mode.*training=False"):
        smelt.load(_of(ones, norm, inputs=(1, 2, 2, 4)).write(tmp_path / "training"))


def test_defaults_that_files_leave_out(tmp_path: Path) -> None:
    graph = smelt.load(_of(node("out", "LeakyRelu", "in")).write(tmp_path / "leaky"))
    assert graph.nodes[0].attributes["alpha"] == pytest.approx(0.2)


def test_short_constants_repeat_their_last_value(tmp_path: Path) -> None:
    content = wire((1, FLOAT), (2, wire((2, wire((1, 4))))), (5, 1.5), (5, -2.0))
    constant = node("c", "Const", value=Raw(wire((8, content))))
    halves = wire((1, 19), (2, wire((2, wire((1, 4))))), (13, 0x3C00), (13, 0xC000))
    half = node("h", "Const", value=Raw(wire((8, halves))))
    nodes = [constant, half, node("f", "Cast", "h", DstT=Type(FLOAT)), node("a", "AddV2", "c", "f")]
    graph = smelt.load(_of(*nodes, node("out", "Mul", "in", "a")).write(tmp_path / "short"))
    (array,) = graph.constants.values()
    assert array.tolist() == [2.5, -4.0, -4.0, -4.0]


def test_a_variable_that_the_model_changes_is_refused(tmp_path: Path) -> None:
    body = [
        node("read", "ReadVariableOp", "v"),
        node("more", "AddV2", "read:value:0", "x"),
        node("put", "AssignVariableOp", "v", "more:z:0"),
    ]
    called = function("f", ["x", "v"], {"r": "more:z:0"}, body)
    model = _of(
        node("out", "StatefulPartitionedCall", "in", "v", f="function f"),
        variables={"v": ("key", np.ones(4, np.float32))},
    )
    model.functions.append(called)
    with pytest.raises(UnsupportedError, match="'v' is changed while the model runs"):
        smelt.load(model.write(tmp_path / "state"))


def test_several_outputs_of_a_node_in_a_function(tmp_path: Path) -> None:
    body = [
        node("axis", "Const", value=np.array(1, np.int32)),
        node("parts", "Split", "axis:output:0", "x", num_split=2),
        node("difference", "Sub", "parts:output:1", "parts:output:0"),
    ]
    model = _of(node("out", "PartitionedCall", "in", f="function f"))
    model.functions.append(function("f", ["x"], {"r": "difference:z:0"}, body))
    graph = smelt.load(model.write(tmp_path / "split"))
    (got,) = evaluate_graph(graph, {"x": np.array([[1, 2, 5, 9]], np.float32)}).values()
    assert got.tolist() == [[4, 7]]


def test_a_frozen_graph(tmp_path: Path) -> None:
    open_batch = wire((2, wire((1, -1))), (2, wire((1, 4))))
    nodes = [
        node("in", "Placeholder", dtype=Type(FLOAT), shape=Raw(wire((7, open_batch)))),
        node("c", "Const", value=np.arange(12, dtype=np.float32).reshape(4, 3)),
        node("product", "MatMul", "in", "c"),
        node("idle", "NoOp"),
    ]
    path = tmp_path / "frozen.pb"
    path.write_bytes(wire(*((1, content) for content in nodes)))
    graph = smelt.load(path)
    assert (graph.inputs, graph.outputs) == (("in",), ("product",))
    (got,) = evaluate_graph(graph, {"in": np.array([[1, 0, 2, 0]], np.float32)}).values()
    assert got.tolist() == [[12, 15, 18]]


def test_functions_that_call_themselves_end(tmp_path: Path) -> None:
    model = _of(node("out", "PartitionedCall", "in", f="function f"))
    twice = [
        node(n, "PartitionedCall", source, f="function f") for n, source in (("a", "x"), ("b", "a:output:0"))
    ]
    model.functions.append(function("f", ["x"], {"r": "b:output:0"}, twice))
    with pytest.raises(FormatError, match="call each other too deeply"):
        smelt.load(model.write(tmp_path / "recursive"))


def test_functions_that_grow_without_bound_end(tmp_path: Path) -> None:
    model = _of(node("out", "PartitionedCall", "in", f="function f0"))
    for level in range(40):
        inner = f"function f{level + 1}"
        body = [
            node("a", "PartitionedCall", "x", f=inner),
            node("b", "PartitionedCall", "a:output:0", f=inner),
        ]
        model.functions.append(function(f"f{level}", ["x"], {"r": "b:output:0"}, body))
    model.functions.append(function("f40", ["x"], {"r": "x"}, []))
    with pytest.raises(FormatError, match="takes over"):
        smelt.load(model.write(tmp_path / "doubling"))


@pytest.mark.parametrize(
    "nodes",
    [
        [node("big", "Fill", "sizes", "one"), node("out", "Add", "in", "big")],
        [node("row", "Range", "zero", "many", "step"), node("out", "Add", "in", "row")],
        [node("big", "Const", value=Raw(wire((8, wire((1, FLOAT), (2, wire((2, wire((1, 1 << 28))))), (5, 1.0), (5, 2.0)))))),  # noqa: E501
         node("out", "Add", "in", "big")],
    ],
)  # fmt: skip
def test_constants_that_grow_are_refused_before_they_are_made(nodes: list[bytes], tmp_path: Path) -> None:
    known = [
        node("sizes", "Const", value=np.array([1 << 14, 1 << 14], np.int32)),
        node("one", "Const", value=np.array(1, np.float32)),
        *(
            node(n, "Const", value=np.array(v, np.int32))
            for n, v in (("zero", 0), ("many", 1 << 30), ("step", 1))
        ),
    ]
    with pytest.raises(FormatError, match=r"too large|stands for"):
        smelt.load(_of(*known, *nodes).write(tmp_path / "grown"))
