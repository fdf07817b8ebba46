"""Every command: what it prints, as text and as JSON, and how it refuses: one paragraph, exit code 2, no debris."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from command_line import Command, Result, refused
from small_models import small_float, small_samples

import smelt
from smelt.cli.options import EngineName
from smelt.engines import ENGINES
from smelt.formats.tflite import read_tflite, write_tflite
from smelt.ir import DType
from smelt.operators.builder import GraphBuilder

COMMANDS = (
    "inspect",
    "convert",
    "compress",
    "compile",
    "plan",
    "run",
    "profile",
    "evaluate",
    "compare",
    "fit",
    "runtime",
    "resolver",
    "arena",
    "targets",
    "doctor",
)
TOTALS = {
    "macs",
    "instructions",
    "estimated_cycles",
    "code_bytes",
    "weight_bytes",
    "arena_bytes",
    "stack_bytes",
}


# ---- what every command does


def test_help_names_every_command(command: Command) -> None:
    result = command("--help")
    assert result.code == 0
    assert all(f" {name} " in result.out for name in COMMANDS)


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_has_help_and_refuses_unknown_options(command: Command, name: str) -> None:
    assert command(name, "--help").code == 0
    unknown = command(name, "--no-such-option")
    assert unknown.code == 2
    assert "Traceback" not in unknown.err


def test_version(command: Command) -> None:
    assert command("--version").out == f"smelt {smelt.__version__}\n"


def test_inspect(command: Command, files: Path) -> None:
    text = command("inspect", files / "small_int8.tflite")
    assert text.code == 0
    assert "depthwise_conv_2d" in text.out
    described = command("inspect", files / "small_int8.tflite", "--json").json
    assert len(described["layers"]) == len(smelt.load(files / "small_int8.tflite").nodes)
    listing = command("inspect", files / "small.tflite", "--text")
    assert listing.code == 0
    assert "conv_2d" in listing.out


def test_convert_quantizes(command: Command, files: Path, tmp_path: Path) -> None:
    output = tmp_path / "out.tflite"
    arguments = ("convert", files / "small.tflite", "-o", output, "--quantize", "int8")
    result = command(*arguments, "--calibrate", files / "calibrate.npz")
    assert result.code == 0
    graph = read_tflite(output.read_bytes())
    assert {graph.values[n].dtype for n in (*graph.inputs, *graph.outputs)} == {smelt.DType.S8}
    options = (
        "--calibrate",
        files / "calibrate.npz",
        "--calibration-samples",
        "2",
        "--input-type",
        "float32",
    )
    printed = command(*arguments, *options, "--json").json
    assert printed["output_bytes"] == output.stat().st_size
    graph = read_tflite(output.read_bytes())
    assert graph.values[graph.inputs[0]].dtype is smelt.DType.F32
    assert graph.values[graph.outputs[0]].dtype is smelt.DType.S8


def test_convert_without_quantizing_keeps_the_result(command: Command, files: Path, tmp_path: Path) -> None:
    for passes in ((), ("--passes", ""), ("--passes", "fold-padding, remove-dead-nodes")):
        output = tmp_path / "out.tflite"
        assert command("convert", files / "small.tflite", "-o", output, *passes).code == 0
        differences = command("compare", files / "small.tflite", output, "--json").json
        assert differences[-1]["relative"] <= 1e-5


def test_compile(command: Command, files: Path, tmp_path: Path) -> None:
    folder = tmp_path / "firmware"
    arguments = ("compile", files / "small_int8.tflite", "-o", folder, "--target", "cortex-m0plus")
    assert command(*arguments).code == 0
    assert (folder / "small_int8.c").exists()
    printed = command(*arguments, "--name", "net", "--golden", files / "sample.npy", "--json").json
    assert sorted(printed["files"]) == sorted(str(p.relative_to(folder)) for p in folder.rglob("*.*"))
    assert printed["target"] == "cortex-m0plus"
    assert 0 < printed["arena_bytes"] <= printed["live_peak_bytes"]


def test_every_engine_can_be_chosen() -> None:
    assert tuple(EngineName) == ENGINES


@pytest.mark.parametrize("engine", ENGINES)
def test_run(command: Command, files: Path, tmp_path: Path, engine: str) -> None:
    modules = {
        "emulated": "unicorn",
        "litert": "ai_edge_litert",
        "tflm": "tflite_micro",
        "onnxruntime": "onnxruntime",
        "tvm": "tvm",
        "torch": "torch",
    }
    if engine in modules:
        pytest.importorskip(modules[engine])
    output = tmp_path / "scores.npy"
    model = files / "small_int8.tflite"
    arguments = ("run", model, "--engine", engine, "--input", files / "sample.npy")
    result = command(*arguments, "--output", output, "--json")
    assert result.code == 0
    (scores,) = result.json.values()
    np.testing.assert_array_equal(np.load(output), scores)
    expected = command(*("run", model, "--inputs", files / "sample.npy", "--json")).json
    assert np.abs(np.subtract(scores, *expected.values())).max() <= {
        "litert": 1,
        "onnxruntime": 3,
        "tvm": 3,
        "torch": 3,
    }.get(engine, 0)
    assert command(*arguments).code == 0


@pytest.mark.parametrize("target", ["cortex-m4", "cortex-m0plus"])
def test_profile(command: Command, files: Path, tmp_path: Path, target: str) -> None:
    pytest.importorskip("unicorn")
    keep = tmp_path / "keep"
    profile = command(
        "profile", files / "small_int8.tflite", "--target", target, "--keep", keep, "--json"
    ).json
    totals = profile["totals"]
    assert set(totals) >= TOTALS
    assert all(isinstance(totals[name], int) and totals[name] > 0 for name in TOTALS)
    assert totals["macs"] == sum(layer["macs"] for layer in profile["layers"])
    assert sum(layer["instructions"] for layer in profile["layers"]) <= totals["instructions"]
    assert list(keep.rglob("*.elf"))
    assert list(keep.rglob("main.c"))
    text = command("profile", files / "small_int8.tflite", "--target", target)
    assert text.code == 0
    assert f"{totals['instructions']:,}" in text.out


@pytest.mark.parametrize("subcommand", ["compile", "profile"])
def test_tune(command: Command, files: Path, tmp_path: Path, subcommand: str) -> None:
    pytest.importorskip("unicorn")
    cache = tmp_path / "cache"
    arguments = [subcommand, files / "small_int8.tflite", "--tune", "--tune-cache", cache]
    if subcommand == "compile":
        arguments += ["-o", tmp_path / "firmware"]
    printed = command(*arguments, "--json").json["tuning"]
    assert printed["measured"] == len(printed["layers"]) == len(list(cache.iterdir()))
    for layer in printed["layers"]:
        assert {layer["default"], layer["chosen"]} <= layer["kernels"].keys()
        assert all(kernel["exact"] for kernel in layer["kernels"].values())
    (cache / "tune-0.json").write_text("not ours")
    victim = next(path for path in sorted(cache.iterdir()) if path.name != "tune-0.json")
    victim.write_text("damaged")
    text = command(*arguments)
    assert text.code == 0
    assert "1 kinds of layers measured" in text.out
    assert f"warning: {victim}" in text.err
    for layer in printed["layers"]:
        assert all(label.removeprefix("smelt_") in text.out for label in layer["kernels"])


def pruned_model(folder: Path) -> Path:
    """A dense layer most of whose weights are alike, but not zero: zeros would be skipped."""
    build = GraphBuilder("pruned")
    scale = smelt.Quantization.per_tensor(0.05)
    x = build.input("x", smelt.DType.S8, (1, 64), scale)
    weights = build.constant("w", np.eye(64, dtype=np.int8) * 98 + np.int8(1), scale)
    output = build.add("fully_connected", [x, weights], quantization=scale)
    path = folder / "pruned.tflite"
    path.write_bytes(write_tflite(build.build([output])))
    return path


def test_flash(command: Command, tmp_path: Path) -> None:
    pytest.importorskip("unicorn")
    model = pruned_model(tmp_path)
    packed = command("profile", model, "--optimize", "flash", "--json").json
    assert packed["packing"]["saved_bytes"] > 1000
    assert [layer["index"] for layer in packed["packing"]["layers"]] == [1]
    shown = command("compile", model, "-o", tmp_path / "packed", "--optimize", "flash").out
    assert f"packing saves {packed['packing']['saved_bytes']:,} of" in shown
    plain = command("profile", model, "--json").json
    assert "packing" not in plain
    flash = packed["totals"]["code_bytes"] + packed["totals"]["weight_bytes"]
    fitted = command("profile", model, "--flash", flash, "--json")
    assert fitted.json["totals"] == packed["totals"]
    assert "packed weights in 1 layer" in fitted.err
    too_little = command("compile", model, "-o", tmp_path / "none", "--flash", flash - 1)
    refused(too_little, says=[f"at most {flash - 1:,} bytes", f"the smallest found takes {flash:,}"])
    assert not (tmp_path / "none").exists()


def test_evaluate(command: Command, files: Path) -> None:
    arguments = ("evaluate", files / "small.tflite", "--evaluate", files / "labelled.npz")
    with smelt.open_engine("reference", small_float()) as engine:
        decisions = [engine.run({"image": x[np.newaxis]})["scores"].argmax() for x in small_samples()]
    correct = int((np.array(decisions) == np.arange(8) % 5).sum())
    printed = command(*arguments, "--json").json
    assert f'"correct": {correct}' in json.dumps(printed)
    text = command(*arguments, "--against", files / "small_int8.tflite", "--engine", "reference")
    assert text.code == 0
    assert "McNemar" in text.out


def test_compare(command: Command, files: Path) -> None:
    models = (files / "small.tflite", files / "small_int8.tflite")
    text = command("compare", *models, "--inputs", files / "calibrate.npz")
    assert text.code == 0
    assert "scores" in text.out
    same = command("compare", models[1], models[1], "--second-engine", "native", "--json").json
    assert same
    assert all(tensor["identical"] for tensor in same)
    other = command("compare", *models, "--inputs", files / "calibrate.npz", "--json").json
    assert not all(tensor["identical"] for tensor in other)


def test_compare_engines(command: Command, files: Path) -> None:
    models = (files / "small.tflite", files / "small_int8.tflite")
    arguments = ("compare", *models, "--inputs", files / "calibrate.npz", "--engines")
    results = command(*arguments, "native, reference", "--json").json
    assert [(r["model"], r["engine"]) for r in results] == [
        (model.name, engine) for model in models for engine in ("native", "reference")
    ]
    assert results[0]["relative"] <= 1e-5
    assert results[1]["max_difference"] == 0
    assert results[2]["max_difference"] == results[3]["max_difference"] > 0
    assert all(r["seconds"] > 0 and r["reason"] is None for r in results)
    text = command("compare", models[1], "--engines", "all")
    assert text.code == 0
    assert all(f" {engine} " in text.out for engine in ENGINES)
    assert "wall time" in text.out


def test_compare_with_shapes_of_inputs_that_only_one_model_has(command: Command, tmp_path: Path) -> None:
    onnx = pytest.importorskip("onnx", reason="onnx is not installed")
    for name in ("a", "b"):
        declared = [
            onnx.helper.make_tensor_value_info(each, onnx.TensorProto.FLOAT, ["n", 3])
            for each in (name, f"{name}_out")
        ]
        node = onnx.helper.make_node("Relu", [name], [f"{name}_out"])
        graph = onnx.helper.make_graph([node], name, declared[:1], declared[1:])
        opset = [onnx.helper.make_opsetid("", 17)]
        onnx.save(onnx.helper.make_model(graph, opset_imports=opset, ir_version=8), tmp_path / f"{name}.onnx")
    models = [tmp_path / "a.onnx", tmp_path / "b.onnx"]
    (same,) = command("compare", *models, "--shape", "a=2,3", "--shape", "b=2,3", "--json").json
    assert (same["shape"], same["identical"]) == ([2, 3], True)
    refused(command("compare", *models, "--shape", "c=2,3"), says=["'c'", "a, b"])


def test_json_has_no_names_for_what_is_no_number(command: Command, tmp_path: Path) -> None:
    for operator, name in (("log", "m"), ("abs", "n")):
        build = GraphBuilder(name)
        graph = build.build([build.add(operator, [build.input("x", DType.F32, (1, 2))])])
        smelt.save(graph, tmp_path / f"{name}.tflite")
    np.savez(tmp_path / "x.npz", x=np.array([[-1.0, 0.0]], np.float32))
    text = command(
        "compare", tmp_path / "m.tflite", tmp_path / "n.tflite", "--inputs", tmp_path / "x.npz", "--json"
    )
    (found,) = json.loads(text.out, parse_constant=lambda name: pytest.fail(f"{name} is no JSON"))
    assert found["max_difference"] is None


def test_compare_wants_two_models_or_engines(command: Command, files: Path) -> None:
    model = files / "small.tflite"
    refused(command("compare", model), says=["two models", "--engines"])
    refused(command("compare", model, model, model), says=["two models"])
    refused(command("compare", model, "--engines", "native,gpu"), says=["native,gpu", "onnxruntime"])
    refused(command("compare", model, "--engines", "all", "--engine", "native"), says=["--engine"])


def test_fit(command: Command, files: Path) -> None:
    pytest.importorskip("unicorn")
    arguments = ("fit", files / "small_int8.tflite", "--board")
    text = command(*arguments, "nucleo-l4r5zi", "--every", "100ms")
    assert text.code == 0
    assert "fits" in text.out
    assert command(*arguments, "nucleo-l4r5zi", "--json").json["fits"] is True


def test_targets_and_doctor(command: Command) -> None:
    assert "cortex-m4" in command("targets").out
    listed = command("targets", "--json").json
    assert {t["name"] for t in listed["targets"]} >= {
        "cortex-m0plus",
        "cortex-m4",
        "cortex-m55",
        "rv32imc",
        "host",
    }
    assert all(board["sources"] for board in listed["boards"])
    assert command("doctor").code == 0
    assert "unicorn" in json.dumps(command("doctor", "--json").json)


@pytest.mark.parametrize("name", ["[/bold]", "[red]x", ":smile:", "a b", "größe"])
def test_any_name_is_printed_as_it_is(command: Command, tmp_path: Path, name: str) -> None:
    path = tmp_path / f"m{name.replace('/', '')}.tflite"
    build = GraphBuilder("names")
    x = build.input(name, smelt.DType.F32, (1, 4))
    path.write_bytes(write_tflite(build.build([build.add("relu", [x], name=f"out {name}")])))
    np.savez(tmp_path / "x.npz", x=np.ones((2, 4), np.float32), y=np.zeros(2, np.uint8))
    for arguments in (
        ("inspect", path),
        ("run", path),
        ("compare", path, path),
        ("profile", path),
        ("fit", path, "--board", "nucleo-l4r5zi"),
        ("evaluate", path, "--evaluate", tmp_path / "x.npz"),
        ("convert", path, "-o", tmp_path / f"out{path.name}"),
        ("compile", path, "-o", tmp_path / "c"),
    ):
        result = command(*arguments)
        assert result.code == 0, result
        if arguments[0] in ("inspect", "run", "compare"):
            assert f"out {name}" in result.out


# ---- the package


def test_help_imports_no_numpy() -> None:
    program = (
        "import sys; sys.argv = ['smelt', '--help']\n"
        "from smelt.cli.main import main\n"
        "try: main()\n"
        "except SystemExit: pass\n"
        "heavy = {'numpy', 'onnx', 'torch', 'unicorn', 'jinja2'} & set(sys.modules)\n"
        "sys.exit(f'imported: {heavy}' if heavy else 0)"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_module_and_script_are_the_same_command(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "smelt", "inspect", str(tmp_path)], capture_output=True, text=True, check=False
    )
    refused(Result(done.returncode, done.stdout, done.stderr), says=["folder"])


def test_everything_public_can_be_imported() -> None:
    assert list(smelt.__all__) == sorted(smelt.__all__)
    for name in smelt.__all__:
        assert getattr(smelt, name) is not None
    assert set(dir(smelt)) >= set(smelt.__all__)
    with pytest.raises(AttributeError, match="no_such"):
        _ = smelt.no_such  # type: ignore[attr-defined]
