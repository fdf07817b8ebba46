"""PyTorch's files without torch: hand-made ones are read, damaged, hostile and foreign ones refused in words."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
import zipfile
from collections.abc import Callable
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import small_torch_files as files

import smelt
from smelt.engines.reference import ReferenceEngine

KINDS: dict[str, tuple[Callable[[], bytes], dict[str, tuple[int, ...]] | None]] = {
    ".pt2": (files.exported, None),
    ".pt": (files.scripted, {"x": files.INPUT}),
    ".ptl": (files.lite, {"x": files.INPUT}),
}


def replaced(data: bytes, record: str, content: bytes) -> bytes:
    """The archive with another record."""
    with zipfile.ZipFile(BytesIO(data)) as file:
        records = {name.removeprefix("model/"): file.read(name) for name in file.namelist()}
    return files.archive({**records, record: content})


def record(data: bytes, name: str) -> bytes:
    with zipfile.ZipFile(BytesIO(data)) as file:
        return file.read(f"model/{name}")


def wanted(x: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    """The model in numpy, channels first."""
    weights = files.arrays()
    padded = np.pad(x, ((0, 0), (0, 0), (1, 1), (1, 1)))
    windows = np.lib.stride_tricks.sliding_window_view(padded, (3, 3), axis=(2, 3))
    image = np.einsum("ncijkl,ockl->noij", windows, weights["conv.weight"])
    flat = np.maximum(image + weights["conv.bias"][:, None, None], 0).reshape(1, -1)
    return flat @ weights["head.weight"].T + weights["head.bias"]


@pytest.mark.parametrize("suffix", KINDS)
def test_hand_made_files(suffix: str) -> None:
    make, shapes = KINDS[suffix]
    graph = smelt.optimize(smelt.load(make(), shapes=shapes))
    assert [node.operator for node in graph.nodes] == ["conv_2d", "reshape", "fully_connected"]
    assert (graph.inputs, graph.outputs) == (("x",), ("output",))
    x = np.random.default_rng(2).normal(size=files.INPUT).astype(np.float32)
    results = ReferenceEngine(graph).run({"x": np.moveaxis(x, 1, -1)})
    np.testing.assert_allclose(results["output"], wanted(x), rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("suffix", KINDS)
def test_torch_is_not_imported(tmp_path: Path, suffix: str) -> None:
    make, shapes = KINDS[suffix]
    path = tmp_path / f"model{suffix}"
    path.write_bytes(make())
    code = f"import smelt, sys; smelt.load({str(path)!r}, shapes={shapes}); sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


@pytest.mark.parametrize("suffix", [".pt", ".ptl"])
def test_missing_shapes_are_asked_for(suffix: str) -> None:
    make, _ = KINDS[suffix]
    with pytest.raises(smelt.SmeltError, match=r"which shape its input 'x' has.*--shape x=1,3,32,32"):
        smelt.load(make())
    with pytest.raises(smelt.SmeltError, match=r"'y'.*inputs are: x"):
        smelt.load(make(), shapes={"x": files.INPUT, "y": (1,)})


HOSTILE = {
    "os.system": files.Reduced(files.Name("os", "system"), ("echo hostile > {path}",)),
    "builtins.eval": files.Reduced(files.Name("builtins", "eval"), ("open('{path}', 'w')",)),
    "builtins.getattr": files.Reduced(files.Name("builtins", "getattr"), (files.Name("os", "system"), "x")),
    "torch.load": files.Reduced(files.Name("torch", "load"), ("{path}",)),
    "torch._utils._rebuild_device_tensor": files.Name("torch._utils", "_rebuild_device_tensor_from_numpy"),
    "numpy.core": files.Name("numpy.core.multiarray", "_reconstruct"),
}


@pytest.mark.parametrize("kind", HOSTILE)
@pytest.mark.parametrize("place", [".pt data.pkl", ".ptl data.pkl", ".ptl bytecode.pkl", ".pt constants.pkl"])
def test_hostile_pickles_are_refused_and_nothing_is_run(tmp_path: Path, kind: str, place: str) -> None:
    suffix, name = place.split()
    make, shapes = KINDS[suffix]
    mark = tmp_path / "hostile"
    content = files.pickled(HOSTILE[kind]).replace(b"{path}", os.fsencode(mark)[:6].ljust(6, b"x"))
    with pytest.raises(smelt.SmeltError) as caught:
        smelt.load(replaced(make(), name, content), shapes=shapes)
    assert "no model needs" in str(caught.value)
    assert "\n" not in str(caught.value)
    assert not mark.exists()


@pytest.mark.parametrize(
    "content",
    [
        b"\x80\x02",
        b".",
        b"\x80\x02(((((.",
        b"\x80\x02r\xff\xff\xff\x7f.",  # a memo as large as memory
        b"\x80\x02\x8d\xff\xff\xff\xff\xff\xff\xff\x7f.",  # a text as large
        b"\x80\x02\x96\xff\xff\xff\xff\xff\xff\xff\x7f.",
        b"\x80\x02]q\x00h\x00a.",  # a list in itself
        b"\x80\x02}(X\x01\x00\x00\x00au.",
        b"\x80\x02" + b"(" * 5000 + b"t" * 5000 + b".",
        files.pickled(files.Instance(files.Name("__torch__", "Net"), {"training": True})),
        files.pickled(
            files.Persistent(("storage", files.Name("torch", "FloatStorage"), "../../x", "cpu", 3))
        ),
        files.pickled(
            files.Persistent(("storage", files.Name("torch", "FloatStorage"), "0", "cpu", 1 << 30))
        ),
    ],
)
def test_damaged_pickles(content: bytes) -> None:
    for suffix, name in ((".pt", "data.pkl"), (".ptl", "bytecode.pkl"), (".pt", "constants.pkl")):
        make, shapes = KINDS[suffix]
        broken = replaced(make(), name, content)
        if name == "constants.pkl":  # of which the code reads none
            with contextlib.suppress(smelt.SmeltError):
                smelt.load(broken, shapes=shapes)
            continue
        with pytest.raises(smelt.SmeltError) as caught:
            smelt.load(broken, shapes=shapes)
        assert str(caught.value)


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("torch.relu((conv)", "torch.relu((cnv)", "cnv"),
        ("return (head)", "while True:\n      pass\n    return (head)", "runs too long"),
        ("return (head)", "import os\n    return (head)", "no statement Import"),
        ("head = self.head", "head = (self).forward(x, )", "calls itself"),
        ("torch.relu(", "torch.os.system(", "os.system"),
        ("torch.relu(", "eval(", "nowhere defined"),
        ("[1, 1], [1, 1])", "[1, 1], [1 << 62, 1])", "no expression BinOp"),
        ("[1, 1], [1, 1])", "[1, 1], [4611686018427387904, 1])", "padding|pads|large|fit|numbers"),
        ("[1, 1], [1, 1])", "'a', [1, 1])", "argument 'stride'"),
        ("self: __torch__.Net", "self: (" + "(" * 3000, "damaged"),
    ],
)
def test_source_that_is_no_torchscript(old: str, new: str, words: str) -> None:
    data = files.scripted()
    source = record(data, "code/__torch__.py").decode()
    assert old in source
    broken = replaced(data, "code/__torch__.py", source.replace(old, new).encode())
    with pytest.raises(smelt.SmeltError, match=words):
        smelt.load(broken, shapes={"x": files.INPUT})


def test_views_outside_their_storage() -> None:
    data = files.exported()
    place = "data/weights/model_weights_config.json"
    for key, value in (
        ("sizes", [{"as_int": 5}]),
        ("strides", [{"as_int": 9}]),
        ("storage_offset", {"as_int": 7}),
    ):
        config = json.loads(record(data, place))
        config["config"]["conv.bias"]["tensor_meta"][key] = value
        with pytest.raises(smelt.SmeltError, match="reach outside"):
            smelt.load(replaced(data, place, json.dumps(config).encode()))


@pytest.mark.parametrize(
    ("records", "words"),
    [
        ({"serialized_exported_program.json": b"{}"}, "older torch.export"),
        ({"data/aotinductor/model/x.so": b"", "archive_format": b"pt2"}, "AOTInductor"),
        ({"data.pkl": files.pickled({"w": 1})}, "state dict"),
        ({"data.pkl": files.pickled(files.Name("torch.nn.modules.linear", "Linear"))}, "pickled module"),
        ({"data.pkl": files.pickled(files.Name("posix", "system"))}, "hostile"),
        ({"models/a.json": b"{}", "models/b.json": b"{}"}, "2 models"),
        ({"models/a.json": json.dumps({"schema_version": {"major": 9}}).encode()}, "schema version 9"),
        ({"models/a.json": b"{", "archive_format": b"pt2"}, "damaged"),
        ({"byteorder": b"big", "models/a.json": b"{}"}, "big-endian"),
        ({"bytecode.pkl": files.pickled((3,)), "data.pkl": files.pickled(files.Instance(files.Name("__torch__", "N")))},
         "version 3"),
    ],
)  # fmt: skip
def test_other_archives_are_refused_with_what_to_do(records: dict[str, bytes], words: str) -> None:
    with pytest.raises(smelt.SmeltError, match=words):
        smelt.load(files.archive(records))


@pytest.mark.parametrize("content", [b"", b"not a model", b"PK\x03\x04"])
def test_files_of_nothing(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "model.pt"
    path.write_bytes(content)
    with pytest.raises(smelt.SmeltError, match=r"none of PyTorch's archives.*torch\.export\.save|damaged"):
        smelt.load(path)


def test_a_bare_pickle_is_refused() -> None:
    with pytest.raises(smelt.SmeltError, match="bare pickle"):
        smelt.load(b"\x80\x02\x8a\nl\xfc\x9cF\xf9 j\xa8P\x19.")
