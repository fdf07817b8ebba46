"""The FlatBuffer layer: what is written reads back, other schemas say the same, and no file can hurt."""

from __future__ import annotations

import dataclasses
import inspect
import pickle
import random
import struct
import time
import tracemalloc
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from shared_files import shared_folder

from smelt.errors import FormatError
from smelt.formats.tflite import schema as schema_module
from smelt.formats.tflite.flatbuffer import read_flatbuffer, write_flatbuffer
from smelt.formats.tflite.flatbuffer_schema import SCALARS, Field, Kind, Record
from smelt.formats.tflite.schema import (
    ENUMS,
    TFLITE,
    UNIONS,
    ActivationFunctionType,
    BuiltinOperator,
    Padding,
    TensorType,
)

MODELS = (shared_folder() or Path("absent")) / "models"
MODEL_FILES = sorted(MODELS.glob("*/*.tflite"))
needs_models = pytest.mark.skipif(not MODEL_FILES, reason=f"{MODELS} has no models")
every_model = pytest.mark.parametrize("path", MODEL_FILES, ids=lambda path: path.stem)
new = TFLITE.record


def read(data: bytes) -> Record:
    return read_flatbuffer(data, TFLITE)


def write(tree: Record) -> bytes:
    return write_flatbuffer(tree, TFLITE)


def small_model() -> Record:
    """A model that has at least one of every kind of field."""
    sparse = new(
        "SparsityParameters",
        traversal_order=[0, 1],
        dim_metadata=[
            new("DimensionMetadata", dense_size=4),
            new(
                "DimensionMetadata",
                format=1,
                array_segments=new("Uint8Vector", values=[0, 1, 2]),
                array_indices=new("Uint16Vector", values=[3, 60000, 7]),
            ),
        ],
    )
    quantization = new("QuantizationParameters", scale=[0.5, 0.25], zero_point=[-3, 0], quantized_dimension=1)
    blockwise = new("QuantizationParameters", details=new("BlockwiseQuantization", scales=2, block_size=32))
    tensors = [
        new("Tensor", name="in", shape=[1, 4], type=TensorType.INT8, quantization=quantization),
        new("Tensor", name="weights", shape=[4, 2], type=TensorType.INT8, buffer=1, quantization=blockwise),
        new("Tensor", name="out", shape=[1, 2], shape_signature=[-1, 2], has_rank=True, sparsity=sparse),
    ]
    convolve = new(
        "Operator",
        inputs=[0, 1, -1],
        outputs=[2],
        builtin_options=new("Conv2DOptions", padding=Padding.VALID, stride_w=2, stride_h=1),
        mutating_variable_inputs=[True, False, True],
        large_custom_options_offset=2**40 + 3,
    )
    scatter = new(
        "Operator",
        opcode_index=1,
        builtin_options_2=new("StablehloScatterOptions", update_window_dims=[1, 2**40], index_vector_dim=-1),
        custom_options=b"\1\2\3",
    )
    return new(
        "Model",
        version=3,
        description="a grey test model: äöü",
        operator_codes=[
            new("OperatorCode", deprecated_builtin_code=3, builtin_code=BuiltinOperator.CONV_2D, version=5),
            new("OperatorCode", deprecated_builtin_code=127, builtin_code=BuiltinOperator.STABLEHLO_SCATTER),
        ],
        subgraphs=[
            new(
                "SubGraph",
                name="main",
                tensors=tensors,
                inputs=[0],
                outputs=[2],
                operators=[convolve, scatter],
            )
        ],
        buffers=[new("Buffer"), new("Buffer", data=bytes(range(8))), new("Buffer", offset=2**33, size=2**33)],
        metadata=[new("Metadata", name="min_runtime_version", buffer=1)],
        signature_defs=[
            new("SignatureDef", signature_key="serve", inputs=[new("TensorMap", name="x")], subgraph_index=0)
        ],
    )


# What is written reads back.


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


# What other schemas say.


def sample(field: Field, number: int) -> Any:
    """A value for a field that is not its default."""
    dtype = SCALARS.get(field.scalar)
    match field.kind:
        case Kind.STRING:
            return f"text {number}"
        case Kind.TABLE:
            return new(field.tables[0])
        case Kind.TABLES:
            return [new(field.tables[0])] * (1 + number % 3)
        case Kind.UNION:
            return new(field.tables[number % len(field.tables)])
        case Kind.VECTOR:
            return np.arange(number, number + 3).astype(dtype)
        case Kind.SCALAR if field.enum is not None:
            return next((member for member in reversed(field.enum) if member != field.default), field.default)
        case _ if field.scalar == "bool":
            return not field.default
    assert dtype is not None
    return number + 0.5 if dtype.kind == "f" else np.iinfo(dtype).max - number


def accessors(other: Any) -> dict[str, Callable[..., Any]]:
    return {name.lower(): method for name, method in inspect.getmembers(other, callable)}


def assert_same(record: Record, other: Any, module: Any, *, older: bool = False) -> None:
    """Compare a record with what another package's generated code reads at the same place."""
    methods = accessors(other)
    table = TFLITE.tables[record.table_name]
    for field in table.fields:
        name = field.name.replace("_", "")
        value = getattr(record, field.name)
        where = f"{record.table_name}.{field.name}"
        if older and name not in methods:
            assert not np.any(value) or value == field.default, where
            continue
        if older and where == "OperatorCode.builtin_code":
            continue  # that package makes one number of this field and deprecated_builtin_code
        get = methods[name]
        match field.kind:
            case Kind.SCALAR:
                assert get() == value, where
            case Kind.STRING:
                assert (get() or b"").decode() == value, where
            case Kind.VECTOR:
                assert methods[name + "length"]() == value.size, where
                assert not value.size or np.array_equal(methods[name + "asnumpy"](), value), where
            case Kind.TABLES:
                assert methods[name + "length"]() == len(value), where
                for i, row in enumerate(value):
                    assert_same(row, get(i), module, older=older)
            case Kind.TABLE:
                assert (get() is None) == (value is None), where
                if value is not None:
                    assert_same(value, get(), module, older=older)
            case Kind.UNION:
                number = methods[name + "type"]()
                assert number == (0 if value is None else 1 + field.tables.index(value.table_name)), where
                if value is not None:
                    child = getattr(module, value.table_name)()
                    child.Init(get().Bytes, get().Pos)
                    assert_same(value, child, module, older=older)


@pytest.mark.parametrize("name", sorted(TFLITE.tables))
def test_every_table_is_as_in_the_schema_of_litert(name: str) -> None:
    module = pytest.importorskip(
        "ai_edge_litert.schema_py_generated", reason="ai-edge-litert is not installed"
    )
    schema = dataclasses.replace(TFLITE, root=name)
    fields = TFLITE.tables[name].fields
    for record in (new(name), new(name, **{field.name: sample(field, i) for i, field in enumerate(fields)})):
        data = write_flatbuffer(record, schema)
        assert read_flatbuffer(data, schema) == record
        assert_same(record, getattr(module, name).GetRootAs(data, 0), module)


def test_the_tables_enums_and_unions_are_those_of_litert() -> None:
    module = pytest.importorskip(
        "ai_edge_litert.schema_py_generated", reason="ai-edge-litert is not installed"
    )
    theirs = {name for name, value in vars(module).items() if hasattr(value, "GetRootAs")}
    assert theirs == set(TFLITE.tables)
    for enum in (enum for group in ENUMS.values() for enum in group):
        assert {member.name: member.value for member in enum} == public(getattr(module, enum.__name__))
        assert getattr(schema_module, enum.__name__) is enum
    for union, members in UNIONS.items():
        assert ["NONE", *members.split()] == list(public(getattr(module, union)))
        assert list(public(getattr(module, union)).values()) == list(range(1 + len(members.split())))


def public(other: Any) -> dict[str, Any]:
    return {name: value for name, value in vars(other).items() if not name.startswith("_")}


@needs_models
@every_model
def test_models_read_as_with_the_tflite_package(path: Path) -> None:
    module = pytest.importorskip("tflite", reason="the package tflite is not installed")
    data = path.read_bytes()
    assert_same(read(data), module.Model.GetRootAs(data, 0), module, older=True)


@needs_models
@every_model
def test_models_survive_rewriting(path: Path) -> None:
    tree = read(path.read_bytes())
    data = write(tree)
    assert read(data) == tree
    assert write(read(data)) == data
    assert len(data) < 1.03 * path.stat().st_size


@needs_models
@every_model
def test_litert_runs_rewritten_models_alike(path: Path) -> None:
    interpreter = pytest.importorskip("ai_edge_litert.interpreter", reason="ai-edge-litert is not installed")
    outputs = []
    for data in (path.read_bytes(), write(read(path.read_bytes()))):
        runner = interpreter.Interpreter(model_content=data, num_threads=1)
        runner.allocate_tensors()
        for detail in runner.get_input_details():
            runner.set_tensor(detail["index"], random_input(detail["shape"], detail["dtype"]))
        runner.invoke()
        outputs.append(
            [runner.get_tensor(detail["index"]).tobytes() for detail in runner.get_output_details()]
        )
    assert outputs[0] == outputs[1]


# TFLite Micro's package has no kernels for 4-bit and dynamic-range weights, or for float16.
MICRO_FILES = [
    path for path in MODEL_FILES if not {"dynamic", "float16", "int4", "int16x8"} & set(path.stem.split("_"))
]


@needs_models
@pytest.mark.parametrize("path", MICRO_FILES, ids=lambda path: path.stem)
def test_tflite_micro_runs_rewritten_models_alike(path: Path) -> None:
    runtime = pytest.importorskip(
        "tflite_micro.python.tflite_micro.runtime", reason="tflite-micro is not installed"
    )
    outputs = []
    for data in (path.read_bytes(), write(read(path.read_bytes()))):
        runner = runtime.Interpreter.from_bytes(data)
        detail = runner.get_input_details(0)
        runner.set_input(random_input(detail["shape"], detail["dtype"]), 0)
        runner.invoke()
        outputs.append(runner.get_output(0).tobytes())
    assert outputs[0] == outputs[1]


def random_input(shape: Any, dtype: Any) -> np.ndarray[Any, Any]:
    values: np.ndarray[Any, Any] = np.random.default_rng(7).normal(0, 40, shape)
    return values.astype(dtype) if dtype == np.float32 else np.clip(values, -128, 127).astype(dtype)


# No file can hurt.


def mutations(data: bytes, count: int, seed: int) -> Iterator[bytes]:
    rng = random.Random(seed)
    extremes = (0, 1, 2, 3, 4, 0x7F, 0xFF, 0x7FFF, 0xFFFF, 2**31 - 1, 2**31, 2**32 - 4, 2**32 - 1, len(data))
    for _ in range(count):
        mutant = bytearray(data)
        for _ in range(rng.choice((1, 1, 2, 4, 16))):
            at = rng.randrange(len(mutant))
            match rng.randrange(7):
                case 0:
                    mutant[at] ^= 1 << rng.randrange(8)
                case 1:
                    mutant[at] = rng.randrange(256)
                case 2 if at > 3:
                    del mutant[at:]
                case 3:
                    start, size = rng.randrange(len(mutant)), rng.randrange(64)
                    mutant[at : at + size] = mutant[start : start + size]
                case 4:
                    del mutant[at : at + rng.randrange(1, 32)]
                case _:
                    at = at // 4 * 4
                    mutant[at : at + 4] = struct.pack("<I", rng.choice(extremes))
            if len(mutant) < 4:
                break
        yield bytes(mutant)


def hello_world() -> bytes:
    path = MODELS / "tflm/hello_world_int8.tflite"
    return path.read_bytes() if path.exists() else write(small_model())


@pytest.mark.parametrize("file", ["small", "forced", "hello_world"])
def test_mutated_files_give_a_tree_or_an_error(file: str) -> None:
    data = {
        "small": lambda: write(small_model()),
        "forced": lambda: write_flatbuffer(small_model(), TFLITE, force_defaults=True),
        "hello_world": hello_world,
    }[file]()
    trees = slowest = 0.0
    tracemalloc.start()
    try:
        for mutant in mutations(data, 1000, seed=len(data)):
            started = time.perf_counter()
            try:
                tree = read(mutant)
            except FormatError:
                pass
            else:
                trees += 1
                assert read(write(tree)) == tree
            slowest = max(slowest, time.perf_counter() - started)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert 50 < trees < 950
    assert slowest < 1
    assert peak < 20e6


def test_every_truncation_gives_an_error_or_a_tree() -> None:
    data = write(small_model())
    for size in range(len(data)):
        with pytest.raises(FormatError):
            read(data[:size])


def patched(place: int, code: str, value: int) -> bytes:
    data = bytearray(write(small_model()))
    struct.pack_into(code, data, place, value)
    return bytes(data)


def model_position() -> int:
    return int(struct.unpack_from("<I", write(small_model()))[0])


def field_position(data: bytes | bytearray, table_position: int, slot: int) -> int:
    vtable = table_position - struct.unpack_from("<i", data, table_position)[0]
    return int(table_position + struct.unpack_from("<H", data, vtable + 4 + 2 * slot)[0])


def target(data: bytes | bytearray, position: int) -> int:
    return int(position + struct.unpack_from("<I", data, position)[0])


def first_operator(data: bytes) -> int:
    graph = target(data, target(data, field_position(data, model_position(), 2)) + 4)
    return target(data, target(data, field_position(data, graph, 3)) + 4)


def operator_field(slot: int) -> int:
    data = write(small_model())
    return field_position(data, first_operator(data), slot)


def vtable_of(position: int) -> int:
    return int(position - struct.unpack_from("<i", write(small_model()), position)[0])


def model_field(slot: int) -> int:
    return field_position(write(small_model()), model_position(), slot)


def description_end() -> int:
    data = write(small_model())
    position = target(data, model_field(3))
    return int(position + 4 + struct.unpack_from("<I", data, position)[0])


AT_OPERATOR = r"\(at Model\.subgraphs\[0\]\.operators\[0\]\)"
HOSTILE: dict[str, tuple[Callable[[], bytes], str]] = {
    "empty file": (lambda: b"", "0 bytes is too short"),
    "seven bytes": (lambda: b"\0\0\0\0TFL", "7 bytes is too short"),
    "wrong identifier": (lambda: b"\4\0\0\0ONNX" + bytes(64), "marked b'ONNX'"),
    "root is its own offset": (lambda: patched(0, "<I", 0), "Model: the offset 0 "),
    "root out of the file": (lambda: patched(0, "<I", 2**32 - 1), "Model: the offset 4294967295 "),
    "vtable before the file": (
        lambda: patched(model_position(), "<i", 2**31 - 1),
        "Model: its vtable would be",
    ),
    "vtable after the file": (
        lambda: patched(model_position(), "<i", -(2**31)),
        "Model: its vtable would be",
    ),
    "vtable is the table": (lambda: patched(model_position(), "<i", 0), "Model: "),
    "vtable of odd size": (lambda: patched(vtable_of(model_position()), "<H", 9), "cannot be of 9 bytes"),
    "vtable of no size": (lambda: patched(vtable_of(model_position()), "<H", 0), "cannot be of 0 bytes"),
    "giant vtable": (lambda: patched(vtable_of(model_position()), "<H", 65534), "cannot be of 65534 bytes"),
    "giant table": (
        lambda: patched(vtable_of(model_position()) + 2, "<H", 65535),
        "cannot be of 65535 bytes",
    ),
    "field out of its table": (
        lambda: patched(vtable_of(model_position()) + 4, "<H", 60000),
        "Model.version: it lies at byte 60000 of a table",
    ),
    "table is its own child": (
        lambda: patched(model_field(1), "<I", 0),
        "Model.operator_codes: the offset 0",
    ),
    "giant vector": (
        lambda: patched(target(write(small_model()), operator_field(1)), "<I", 2**32 - 1),
        f"Operator.inputs: 4294967295 items of 4 bytes .*{AT_OPERATOR}",
    ),
    "giant vector of tables": (
        lambda: patched(target(write(small_model()), model_field(4)), "<I", 2**30),
        "Model.buffers: 1073741824 items of 4 bytes",
    ),
    "endless string": (
        lambda: patched(description_end(), "<B", 65),
        "Model.description: the string of .* zero",
    ),
    "giant string": (
        lambda: patched(target(write(small_model()), model_field(3)), "<I", 2**31),
        "Model.description: 2147483648 items",
    ),
    "unknown union type": (
        lambda: patched(operator_field(3), "<B", 255),
        f"Operator.builtin_options: 255 is no type of this union; known are 0 to 126 {AT_OPERATOR}",
    ),
    "union type without value": (
        lambda: patched(vtable_of(first_operator(write(small_model()))) + 4 + 2 * 4, "<H", 0),
        f"Operator.builtin_options: the union has the type Conv2DOptions, but no value {AT_OPERATOR}",
    ),
    "unknown enum value": (
        lambda: (
            write(small_model()).replace(b"\x05\0\0\0\0\0\0\3", b"", 0)
            and patched(operator_code_builtin(), "<i", 5000)
        ),
        r"OperatorCode.builtin_code: 5000 is no BuiltinOperator; .*\(at Model.operator_codes\[0\]\)",
    ),
}


def operator_code_builtin() -> int:
    data = write(small_model())
    return field_position(data, target(data, target(data, model_field(1)) + 4), 3)


@pytest.mark.parametrize("case", HOSTILE)
def test_hostile_files_are_named_errors(case: str) -> None:
    data, message = HOSTILE[case][0](), HOSTILE[case][1]
    with pytest.raises(FormatError, match=message):
        read(data)


def test_a_union_value_without_type_is_passed_over() -> None:
    assert read(patched(operator_field(3), "<B", 0)).subgraphs[0].operators[0].builtin_options is None


def bomb(tables: int) -> bytes:
    """A file whose subgraphs share one vector of operators: what can be visited is the parts squared."""
    vector = tables * 4 + 4
    head = struct.pack("<I4s", 28, b"TFL3")
    model_vtable = struct.pack("<5H", 10, 8, 0, 0, 4) + bytes(10)
    model = struct.pack("<iI", 20, 4)
    start = len(head + model_vtable + model)
    graph_vtable_at = start + vector
    graphs_at = graph_vtable_at + 12
    operators_at = graphs_at + 8 * tables
    operator_at = operators_at + vector
    out = bytearray(head + model_vtable + model)
    out += struct.pack("<I", tables)
    for i in range(tables):
        out += struct.pack("<I", graphs_at + 8 * i - len(out))
    out += struct.pack("<6H", 12, 8, 0, 0, 0, 4)
    for i in range(tables):
        at = graphs_at + 8 * i
        out += struct.pack("<iI", at - graph_vtable_at, operators_at - at - 4)
    out += struct.pack("<I", tables)
    for _ in range(tables):
        out += struct.pack("<I", operator_at - len(out))
    return bytes(out + struct.pack("<iHH", -4, 4, 4))


def test_shared_vectors_cannot_multiply() -> None:
    assert len(read(bomb(3)).subgraphs[2].operators) == 3
    started = time.perf_counter()
    with pytest.raises(FormatError, match="more parts than its size allows"):
        read(bomb(20_000))
    assert time.perf_counter() - started < 1


def test_overlapping_arrays_cannot_multiply() -> None:
    data = bytearray(
        write(new("Model", buffers=[new("Buffer", data=bytes(4000 * (i == 0))) for i in range(50)]))
    )
    buffers = target(data, field_position(data, target(data, 0), 4))
    rows = [target(data, buffers + 4 + 4 * i) for i in range(50)]
    large = target(data, field_position(data, rows[0], 0))
    for i, row in enumerate(rows):
        if i == 2:
            assert read(bytes(data)).buffers[1].data.size == 4000
        inline = field_position(data, row, 0)
        struct.pack_into("<I", data, inline, large - inline)
    with pytest.raises(FormatError, match=r"Buffer.data: .* more parts than its size allows"):
        read(bytes(data))


def test_invalid_utf8_reads_as_escapes() -> None:
    data = write(small_model()).replace("ä".encode(), b"\xff\xfe")
    tree = read(data)
    assert tree.description.endswith("\\xff\\xfeöü")
    assert read(write(tree)) == tree


def test_the_root_must_be_the_schemas() -> None:
    with pytest.raises(TypeError, match="root"):
        write(new("SubGraph"))
