"""The tables of TFLite's schema say what other implementations of it say."""

from __future__ import annotations

import dataclasses
import inspect
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from flatbuffer_models import MODEL_FILES, every_model, needs_models, new, read, write

from smelt.formats.tflite import schema as schema_module
from smelt.formats.tflite.flatbuffer import read_flatbuffer, write_flatbuffer
from smelt.formats.tflite.flatbuffer_schema import SCALARS, Field, Kind, Record
from smelt.formats.tflite.schema import ENUMS, TFLITE, UNIONS


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
