"""smelt convert --quantize: schemes, calibration methods and sources, what stays in float."""

from __future__ import annotations

import json
import sys
import wave
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from small_models import small_float, small_samples

import smelt
from smelt.cli.main import main
from smelt.cli.quantizing import Calibrator, Scheme
from smelt.ir import DType
from smelt.ir.equality import graphs_equal
from smelt.operators.builder import GraphBuilder
from smelt.quantize import CALIBRATORS, SCHEMES

Convert = Callable[..., tuple[int, str]]


@pytest.fixture
def convert(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Convert:
    """Runs `smelt convert model.tflite -o out.tflite ARGUMENTS`: the exit code and what it wrote to stderr."""
    smelt.save(small_float(), tmp_path / "model.tflite")
    np.savez(tmp_path / "calibrate.npz", x=small_samples())

    def call(*arguments: str | Path) -> tuple[int, str]:
        paths = ["convert", tmp_path / "model.tflite", "-o", tmp_path / "out.tflite"]
        monkeypatch.setattr(sys, "argv", ["smelt", *map(str, [*paths, *arguments])])
        code: object = 0
        try:
            main()
        except SystemExit as exit_:
            code = exit_.code
        return int(str(code or 0)), capsys.readouterr().err

    return call


def test_the_options_name_what_there_is() -> None:
    assert {scheme.value for scheme in Scheme} == set(SCHEMES)
    assert {calibrator.value for calibrator in Calibrator} == {*CALIBRATORS, "auto"}


@pytest.mark.parametrize("calibrator", Calibrator)
def test_calibrators(convert: Convert, tmp_path: Path, calibrator: Calibrator) -> None:
    arguments = ("--quantize", "int8", "--calibrate", tmp_path / "calibrate.npz", "--calibrator", calibrator)
    code, said = convert(*arguments)
    assert code == 0
    assert ("calibration by" in said) == (calibrator is Calibrator.auto)
    wanted = smelt.quantize_graph(
        smelt.optimize(smelt.load(tmp_path / "model.tflite")),
        "int8",
        tmp_path / "calibrate.npz",
        calibrator=calibrator.value,
        tell=lambda text: None,
    )
    smelt.save(wanted, tmp_path / "wanted.tflite")
    found = smelt.load(tmp_path / "out.tflite")
    assert graphs_equal(found, smelt.load((tmp_path / "wanted.tflite").rename(tmp_path / "out.tflite")))


def test_tables_as_samples(convert: Convert, tmp_path: Path) -> None:
    np.savetxt(tmp_path / "x.csv", small_samples().reshape(len(small_samples()), -1), delimiter=",")
    for path in (tmp_path / "x.csv", tmp_path / "calibrate.npz"):
        assert convert("--quantize", "int8", "--calibrate", path)[0] == 0
        (tmp_path / "out.tflite").rename(path.with_suffix(".tflite"))
    assert (tmp_path / "x.tflite").read_bytes() == (tmp_path / "calibrate.tflite").read_bytes()


def test_what_stays_in_float_is_said_and_strict_refuses(convert: Convert, tmp_path: Path) -> None:
    build = GraphBuilder("island")
    x = build.input("x", DType.F32, (1, 4))
    graph = build.build([build.add("relu", [build.add("exp", [x], name="wave")])])
    smelt.save(graph, tmp_path / "model.tflite")
    np.save(tmp_path / "x.npy", np.ones((3, 4), np.float32))
    arguments = ("--quantize", "int8", "--calibrate", tmp_path / "x.npy")
    code, said = convert(*arguments)
    assert (code, said) == (0, "exp 'wave' stays in float32: exp has no int8 form in smelt\n")
    code, said = convert(*arguments, "--strict")
    assert (code, said) == (2, "smelt: exp 'wave': exp has no int8 form in smelt\n")


def test_image_recipes(convert: Convert, tmp_path: Path) -> None:
    arguments = ("--quantize", "int8", "--calibrate", tmp_path / "calibrate.npz", "--images")
    assert "is for a folder" in convert(*arguments, "fit=crop")[1]
    assert "fit=stretch|crop|pad" in convert(*arguments, "zoom=2")[1]


def test_recordings(
    convert: Convert, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    build = GraphBuilder("sound")
    smelt.save(
        build.build([build.add("relu", [build.input("x", DType.F32, (1, 49, 10, 1))])]),
        tmp_path / "model.tflite",
    )
    (tmp_path / "sounds").mkdir()
    with wave.open(str(tmp_path / "sounds" / "a.wav"), "wb") as stream:
        stream.setparams((1, 2, 16000, 0, "NONE", ""))
        stream.writeframes(np.arange(16000, dtype=np.int16).tobytes())
    arguments = ("--quantize", "int8", "--calibrate", tmp_path / "sounds")
    recipe = "features=mfcc,frame=40,coefficients=10,low=20,high=4000"
    assert convert(*arguments, "--audio", recipe) == (0, "")
    compiled = ["smelt", "compile", tmp_path / "model.tflite", "-o", tmp_path / "c", *arguments]
    monkeypatch.setattr(sys, "argv", [*map(str, compiled), "--audio", recipe])
    with pytest.raises(SystemExit) as ended:
        main()
    assert not ended.value.code
    assert "files for cortex-m4" in capsys.readouterr().out.replace("\n", " ")
    code, said = convert(*arguments, "--audio", recipe + ",rate=8000")
    assert (code, said.count("\n")) == (2, 1)
    assert "a.wav' has 16000 samples a second, and the recipe says 8000" in said
    assert "there is no 'pitch'" in convert(*arguments, "--audio", "pitch=2")[1]
    assert "--audio is used by --quantize" in convert("--audio", recipe)[1]
    assert "give one" in convert(*arguments, "--audio", recipe, "--images", "fit=crop")[1]


def test_blocks(convert: Convert, tmp_path: Path) -> None:
    code, said = convert("--quantize", "dynamic-int4", "--block", "32")
    assert (code, "blocks of 32 do not divide its rows of 8" in said) == (0, True)
    assert "blocks have a positive size" in convert("--quantize", "dynamic", "--block", "32")[1]
    assert "--block is used by --quantize" in convert("--block", "32")[1]


def test_reports(convert: Convert, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    calibrate = tmp_path / "calibrate.npz"
    np.savez(tmp_path / "labelled.npz", x=small_samples(), y=np.arange(len(small_samples())) % 5)
    arguments = ("--quantize", "int8", "--calibrate", calibrate, "--report")
    for name in ("r.html", "r.json"):
        assert convert(*arguments, tmp_path / name, "--evaluate", tmp_path / "labelled.npz")[0] == 0
    data = json.loads((tmp_path / "r.json").read_text())
    assert data["models"] == ["model.tflite", "out.tflite"]
    assert data["scores"][0]["name"] == "accuracy"
    assert (tmp_path / "r.html").read_text().startswith("<!doctype html>")
    for report, wants in (("r.txt", ".html or .json"), ("terminal", "")):
        code, said = convert(*arguments, report)
        assert (code == 0) == (report == "terminal")
        assert wants in said
    assert "--report is used by --quantize" in convert("--report", "terminal")[1]
    assert "--evaluate is used by --report" in convert("--evaluate", calibrate)[1]


def test_compare_reports_too(
    convert: Convert, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    calibrate, report = tmp_path / "calibrate.npz", tmp_path / "compared.json"
    assert convert("--quantize", "int8", "--calibrate", calibrate, "--report", tmp_path / "r.json")[0] == 0
    compare = ["smelt", "compare", tmp_path / "model.tflite", tmp_path / "out.tflite", "--inputs", calibrate]
    monkeypatch.setattr(sys, "argv", [*map(str, compare), "--report", str(report)])
    with pytest.raises(SystemExit) as ended:
        main()
    assert not ended.value.code
    found, wanted = json.loads(report.read_text()), json.loads((tmp_path / "r.json").read_text())
    assert found["samples"] == wanted["samples"]
    ratios = [data["outputs"][0]["signal_to_noise_db"] for data in (found, wanted)]
    assert ratios[0] == pytest.approx(ratios[1], abs=0.01)


def test_mixed_precision(convert: Convert, tmp_path: Path) -> None:
    layers = tmp_path / "layers.toml"
    layers.write_text('[layers]\n"*" = "int16x8"\n')
    arguments = ("--quantize", "int8", "--calibrate", tmp_path / "calibrate.npz", "--improve", "")
    assert convert(*arguments, "--layers", layers)[0] == 0
    graph = smelt.load(tmp_path / "out.tflite")
    assert {graph.values[n.outputs[0]].dtype for n in graph.nodes if n.operator == "conv_2d"} == {DType.S16}
    code, said = convert(*arguments, "--fallback", "1", "--fallback-to", "float32")
    assert code == 0
    assert "before fallback" in said
    code, said = convert(*arguments, "--budget", "size=100000")
    assert (code, said.count("within the budget")) == (0, 1)
    assert "budget: size " in said
    assert "wants size=BYTES" in convert(*arguments, "--budget", "size=big")[1]
    assert "--budget is used by --quantize" in convert("--budget", "size=1")[1]


@pytest.mark.parametrize("scheme", ["ternary", "binary"])
def test_weights_of_few_bits_are_compiled_and_have_no_file(
    convert: Convert,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    scheme: str,
) -> None:
    calibrate = ["--quantize", scheme, "--calibrate", str(tmp_path / "calibrate.npz")]
    (tmp_path / "layers.toml").write_text(f'[layers]\n"*" = "{scheme}"\n', encoding="utf-8")
    layers = ["--layers", str(tmp_path / "layers.toml")]
    code, said = convert(*calibrate, *layers)
    assert code == 2
    assert f"{scheme} weights" in said
    assert f"smelt compile MODEL --quantize {scheme}" in " ".join(said.split())
    assert not (tmp_path / "out.tflite").exists()
    folder = tmp_path / "c"
    compiled = ["smelt", "compile", str(tmp_path / "model.tflite"), "-o", str(folder), *calibrate, *layers]
    monkeypatch.setattr(sys, "argv", compiled)
    with pytest.raises(SystemExit) as ended:
        main()
    assert not ended.value.code
    assert "files for cortex-m4" in capsys.readouterr().out.replace("\n", " ")
    assert any("smelt_planes_s8(" in path.read_text(encoding="utf-8") for path in folder.rglob("*.c"))
