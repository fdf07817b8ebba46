"""TVM compiles what smelt's .onnx writer makes: run here, and as libraries for its runtime."""

from __future__ import annotations

import shutil
import struct
import sys
from pathlib import Path

import numpy as np
import pytest
from case_graphs import all_cases
from small_models import small_float, small_samples

import smelt
from smelt.errors import CompileError, EngineError, MissingExtraError, UnsupportedError
from smelt.formats.tvm import write_tvm
from smelt.ir import DType, Graph
from smelt.operators.builder import GraphBuilder
from smelt.operators.evaluate import sample_inputs

CASES = {case.name: case for cases in all_cases().values() for case in cases}
DIGITS = Path(__file__).parents[2] / "examples" / "digits" / "digits.onnx"


@pytest.fixture
def tvm() -> object:
    """The package; skips the test where it is absent."""
    pytest.importorskip("onnx", reason="the extra onnx is not installed")
    return pytest.importorskip("tvm", reason="the extra tvm is not installed")


def with_two_outputs() -> Graph:
    build = GraphBuilder("two")
    x, y = build.input("x", DType.F32, (1, 6)), build.input("y", DType.F32, (1, 6))
    return build.build([build.add("sub", [x, y], name="apart"), build.add("maximum", [x, y], name="larger")])


@pytest.mark.parametrize(
    "case", ["max_pool_2d_same_3x3_s8", "gather_f32_middle", "strided_slice_f32", "conv_dilated_s8"]
)
def test_operators(tvm: object, case: str) -> None:
    same(CASES[case].graph())


def test_channels_first_files_and_several_outputs(tvm: object) -> None:
    same(smelt.load(DIGITS))
    same(with_two_outputs())


def same(graph: Graph) -> None:
    """Whether TVM's results are the reference's."""
    sample = sample_inputs(graph)
    expected = smelt.open_engine("reference", graph).run(sample)
    with smelt.open_engine("tvm", graph) as engine:
        results = engine.run(sample)
    assert list(results) == list(expected)
    for name, array in results.items():
        assert array.dtype == graph.values[name].dtype.numpy
        largest = np.abs(expected[name].astype(float)).max()
        steps = 1 if graph.values[name].quantization else 1e-5 * largest
        np.testing.assert_allclose(array.astype(float), expected[name], rtol=0, atol=steps)


@pytest.mark.parametrize("suffix", [".so", ".tar"])
def test_libraries_run_in_tvms_runtime(tvm: object, tmp_path: Path, suffix: str) -> None:
    from tvm import cpu, relax, runtime

    if not (shutil.which("g++") or shutil.which("clang++")):
        pytest.skip("no C++ compiler links the library")

    path = tmp_path / f"small{suffix}"
    smelt.save(small_float(), path)
    main = relax.VirtualMachine(runtime.load_module(str(path)), cpu())["main"]
    expected = smelt.open_engine("reference", small_float()).run({"image": small_samples(1)})["scores"]
    np.testing.assert_allclose(main(runtime.tensor(small_samples(1))).numpy(), expected, rtol=0, atol=1e-6)


def test_libraries_for_other_processors_are_not_linked(tvm: object, tmp_path: Path) -> None:
    import tarfile

    target = {"kind": "llvm", "mtriple": "aarch64-linux-gnu"}
    path = tmp_path / "small.tar"
    path.write_bytes(write_tvm(small_float(), ".tar", target))
    with tarfile.open(path) as archive:
        files = [archive.extractfile(name) for name in archive.getnames() if name.endswith(".o")]
        machines = [struct.unpack_from("<H", stream.read(), 18)[0] for stream in files if stream]
    assert machines
    assert set(machines) == {183}  # EM_AARCH64
    with pytest.raises(CompileError, match=r"cannot link.*\.tar holds"):
        write_tvm(small_float(), ".so", target)


def test_without_a_compiler(tvm: object, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv("CC", raising=False)
    monkeypatch.delenv("CXX", raising=False)
    with pytest.raises(CompileError, match=r"takes a C\+\+ compiler; a \.tar holds"):
        write_tvm(small_float(), ".so")
    assert write_tvm(small_float(), ".tar") == write_tvm(small_float(), ".tar")


def test_refusals(tvm: object, capfd: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(UnsupportedError, match=r"TVM cannot compile.*GRU"):
        smelt.open_engine("tvm", CASES["gru_last_f32"].graph())
    with pytest.raises(UnsupportedError, match=r"TVM cannot compile.*PRelu"):
        smelt.open_engine("tvm", CASES["prelu_f32_channels"].graph())
    with pytest.raises(UnsupportedError, match=r"TVM cannot compile this model: .*bogus"):
        write_tvm(small_float(), target="bogus")
    assert capfd.readouterr().out == ""
    with smelt.open_engine("tvm", small_float()) as engine, pytest.raises(EngineError, match="intermediate"):
        engine.run_all({"image": small_samples(1)})


def test_divisions_that_would_end_the_process(tvm: object) -> None:
    def divided(operator: str, divisor: list[int] | None) -> Graph:
        build = GraphBuilder("divided")
        x = build.input("x", DType.S32, (1, 2))
        if divisor is None:
            return build.build([build.add(operator, [x, build.input("y", DType.S32, (1, 2))])])
        return build.build([build.add(operator, [x, build.constant("y", np.array([divisor], np.int32))])])

    for operator in ("div", "floor_div", "floor_mod"):
        for divisor in (None, [3, 0], [-1, 3]):
            with pytest.raises(EngineError, match=f"{operator}.*divided by 0"):
                smelt.open_engine("tvm", divided(operator, divisor))
        same(divided(operator, [3, -2]))


def test_without_the_package(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "tvm", None)
    for action in (lambda: smelt.open_engine("tvm", small_float()), lambda: write_tvm(small_float())):
        with pytest.raises(MissingExtraError, match=r"apache-tvm.*smelt\[tvm\]"):
            action()
