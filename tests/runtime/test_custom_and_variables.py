"""The interpreter's core: custom operators by name and of every type, variables, tensors of five dimensions."""

from __future__ import annotations

import shutil
import subprocess
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from flatbuffer_models import new, write

from smelt.engines.interpreted import write_interpreter
from smelt.formats.tflite.schema import BuiltinOperator, TensorType
from smelt.operators.interpreted import all_interpreted, find_interpreted

OPTION, ZERO_POINT = 7, -3
SANITIZERS = ("-fsanitize=address,undefined", "-fno-sanitize-recover=all")


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Path:
    compiler = shutil.which("gcc")
    if compiler is None:
        pytest.skip("gcc is not here, whose sanitizers are used")
    folder = tmp_path_factory.mktemp("custom")
    sources = [path for path in write_interpreter(folder / "c", ()) if path.name != "interpreted.c"]
    main = Path(__file__).with_name("custom_operator.c")
    flags = ("-std=c99", "-Wall", "-Wextra", "-Werror", "-O1", *SANITIZERS, f"-I{folder / 'c'}")
    subprocess.run([compiler, *flags, main, *sources, "-o", folder / "custom", "-lm"], check=True)
    return folder / "custom"


def model(
    kind: TensorType,
    shape: tuple[int, ...],
    *,
    variable: bool = True,
    contents: bytes = b"",
    inputs: tuple[int, ...] = (0, 1),
    outputs: tuple[int, ...] = (2,),
) -> bytes:
    """x and a state → the custom operator 'Count' → y."""
    zero_point = abs(ZERO_POINT) if kind == TensorType.UINT8 else ZERO_POINT
    quantization = new("QuantizationParameters", scale=[0.5], zero_point=[zero_point])
    fields: dict[str, Any] = {"shape": shape, "type": kind, "quantization": quantization}
    tensors = [
        new("Tensor", name="x", **fields),
        new("Tensor", name="state", buffer=1, is_variable=variable, **fields),
        new("Tensor", name="y", **fields),
    ]
    count = new("Operator", inputs=inputs, outputs=outputs, custom_options=bytes([OPTION]))
    custom = new("OperatorCode", builtin_code=BuiltinOperator.CUSTOM, custom_code="Count")
    graph = new("SubGraph", tensors=tensors, inputs=[0], outputs=[2], operators=[count])
    buffers = [new("Buffer"), new("Buffer", data=contents)]
    return write(new("Model", version=3, operator_codes=[custom], subgraphs=[graph], buffers=buffers))


def run(program: Path, data: bytes, folder: Path, name: str = "Count") -> str:
    (folder / "model.tflite").write_bytes(data)
    command = [program, folder / "model.tflite", name]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return done.stdout.strip()


@pytest.mark.parametrize(
    ("kind", "shape", "count", "start"),
    [
        (TensorType.INT8, (1, 2, 1, 3, 2), 12, ZERO_POINT),
        (TensorType.UINT8, (2, 2), 4, 0),
        (TensorType.INT4, (5,), 3, 0),
    ],
)
def test_state_stays_and_is_reset(
    kind: TensorType, shape: tuple[int, ...], count: int, start: int, program: Path, tmp_path: Path
) -> None:
    found = np.array(run(program, model(kind, shape), tmp_path).split(), int).reshape(4, count)
    calls = np.array([1, 2, 1, 2])  # since the beginning or the reset
    expected = (np.arange(count) + (start + OPTION * calls)[:, None]) % 256
    np.testing.assert_array_equal(found, expected)


def test_another_name_is_another_operator(program: Path, tmp_path: Path) -> None:
    for name in ("Coun", "Counts", "count"):
        found = run(program, model(TensorType.INT8, (2,)), tmp_path, name)
        assert found == "-4 0 Count not registered for the type of its first input"


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"variable": False}, "-3 0 Count a tensor is read before it is written, or written twice, or fixed"),
        ({"inputs": (0, 0)}, "-5 0 Count this input must be a variable, and no other input"),
        ({"inputs": (1, 1)}, "-5 0 Count this input must be a variable, and no other input"),
        ({"outputs": (1,)}, "-3 0 Count a tensor is read before it is written, or written twice, or fixed"),
        ({"contents": b"12"}, "-5 -1 (null) a variable whose first value is in the file"),
    ],
)
def test_what_is_no_variable_is_not_written(
    changes: dict[str, Any], expected: str, program: Path, tmp_path: Path
) -> None:
    assert run(program, model(TensorType.INT8, (2,), **changes), tmp_path) == expected


def test_no_operator_is_registered_for_every_type_and_for_one() -> None:
    names = Counter(row.custom or row.name for row in all_interpreted())
    assert all(names[row.custom or row.name] == 1 for row in all_interpreted() if row.dtype is None)
    for row in all_interpreted():
        assert find_interpreted(row.custom or row.name, row.dtype) == row
    assert find_interpreted("no_such_operator", None) is None
