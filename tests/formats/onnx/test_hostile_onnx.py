"""Damaged and hostile .onnx files: an error in words or a graph, never a traceback, a hang or gigabytes."""

from __future__ import annotations

import itertools
import random
import resource
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import pytest
from onnx import TensorProto, helper
from onnx_models import model, parsed, single, weights
from test_onnx_inlining import KEEP_ON, loop
from test_onnx_quantized import scaled
from test_onnx_recurrent import layer
from test_read_onnx import residual

from smelt.errors import FormatError, SmeltError, UnsupportedError
from smelt.formats.onnx import read_onnx
from smelt.ir import Graph

SECONDS = 5


EINSUM = model(
    [helper.make_node("Einsum", ["x", "z"], ["y"], equation="...ij,...jk->...ik")],
    {"x": [2, 3, 4], "z": [4, 5]},
)


@contextmanager
def bounded(seconds: int = SECONDS, megabytes: int = 512) -> Iterator[None]:
    """Fail when the block takes longer, or takes more address space than it had and that many megabytes."""

    def stop(*_: Any) -> None:
        raise TimeoutError(f"took more than {seconds} s")

    with open("/proc/self/statm", encoding="ascii") as stream:
        taken = int(stream.read().split()[0]) * resource.getpagesize()
    before = resource.getrlimit(resource.RLIMIT_AS)
    old = signal.signal(signal.SIGALRM, stop)
    resource.setrlimit(resource.RLIMIT_AS, (taken + (megabytes << 20), before[1]))
    signal.alarm(seconds)
    try:
        yield
    finally:
        signal.alarm(0)
        resource.setrlimit(resource.RLIMIT_AS, before)
        signal.signal(signal.SIGALRM, old)


def mutated(data: bytes, rng: random.Random) -> bytes:
    """The file with some bits flipped, bytes replaced, a part cut out, repeated, or the end missing."""
    result = bytearray(data)
    start = rng.randrange(len(result))
    # Half of the changes go to the front, where the structure is: weights are most of a file.
    if rng.random() < 0.5:
        start = rng.randrange(min(600, len(result)))
    match rng.randrange(6):
        case 0:
            result[start] ^= 1 << rng.randrange(8)
        case 1:
            for _ in range(8):
                result[rng.randrange(len(result))] = rng.randrange(256)
        case 2:
            del result[start:]
        case 3:
            del result[start : start + rng.randrange(1, 20)]
        case 4:
            result[start:start] = result[start : start + rng.randrange(1, 60)]
        case _:
            result[start] = rng.choice([0, 1, 0x7F, 0x80, 0xFF])
    return bytes(result)


def tried(data: bytes) -> Graph | SmeltError:
    """The graph or the error that a file gives; any other exception is the test's failure."""
    try:
        with bounded():
            return read_onnx(data)
    except SmeltError as error:
        return error


@pytest.mark.parametrize("seed", range(6))
def test_mutated_files_give_a_graph_or_an_error_in_words(seed: int) -> None:
    """1080 deterministic mutations; both outcomes occur, so neither branch is tested in vain."""
    rng = random.Random(seed)
    shapes = model(
        [
            helper.make_node("Shape", ["x"], ["s"]),
            helper.make_node("Gather", ["s", "zero"], ["n"], axis=0),
            helper.make_node("Concat", ["n", "rest"], ["shape"], axis=0),
            helper.make_node("ConstantOfShape", ["shape"], ["ones"], value=helper.make_tensor("v", 1, [1], [1.5])),
            helper.make_node("Pad", ["x", "pads"], ["p"]),
            helper.make_node("Reshape", ["p", "shape"], ["r"]),
            helper.make_node("Add", ["r", "ones"], ["y"]),
        ],
        {"x": ["batch", 3, 4]},
        constants={
            "zero": np.array([0]), "rest": np.array([3, 6]), "pads": np.array([0, 0, 1, 0, 0, 1]),
        },
    )  # fmt: skip
    files = [
        residual(), shapes, layer("LSTM", direction="bidirectional", states=True), scaled((3, 4), np.uint8, 0.02, 7),
        loop("four", "true", goes_on=KEEP_ON), EINSUM,
    ]  # fmt: skip
    outcomes = [tried(mutated(data, rng)) for data, _ in itertools.product(files, range(30))]
    assert {Graph} < {type(outcome) for outcome in outcomes}
    assert all(str(outcome) for outcome in outcomes if isinstance(outcome, SmeltError))


def test_every_truncation_of_the_structure() -> None:
    data = residual()
    for length in range(0, len(data), 7):
        assert isinstance(tried(data[:length]), SmeltError)


@pytest.mark.parametrize("data", [b"", b"\x08\x08", b"\x08\x08" + b"\xff" * 100, b"{}", b"\0" * 4096])
def test_files_that_are_no_models(data: bytes) -> None:
    with pytest.raises(FormatError):
        read_onnx(data)


def bomb(*nodes: Any, **constants: Any) -> bytes:
    """A model in which nodes on constants compute something large."""
    return model([*nodes, helper.make_node("Add", ["x", "big"], ["y"])], {"x": [1]}, constants=constants)


HUGE = np.array([1 << 20, 1 << 20])
LARGE = np.array([1 << 13, 1 << 13])
DOUBLINGS = [
    helper.make_node("Concat", [f"d{i}", f"d{i}"], [f"d{i + 1}" if i < 39 else "big"], axis=0)
    for i in range(40)
]
BOMBS = {
    "constant of a huge shape": bomb(helper.make_node("ConstantOfShape", ["s"], ["big"]), s=HUGE),
    "constant of a large shape": bomb(helper.make_node("ConstantOfShape", ["s"], ["big"]), s=LARGE),
    "constant of a negative shape": bomb(helper.make_node("ConstantOfShape", ["s"], ["big"]), s=-HUGE),
    "expanded": bomb(helper.make_node("Expand", ["c", "s"], ["big"]), s=HUGE, c=weights(1)),
    "range": bomb(
        helper.make_node("Range", ["a", "b", "c"], ["big"]), a=np.array(0.0), b=np.array(1e12), c=np.array(1.0)
    ),
    "outer sum": bomb(helper.make_node("Add", ["a", "b"], ["big"]), a=weights(20000, 1), b=weights(1, 20000)),
    "outer choice": bomb(
        helper.make_node("Where", ["w", "a", "b"], ["big"]), w=np.ones(1, np.bool_), a=weights(20000, 1),
        b=weights(1, 20000),
    ),
    "gathered": bomb(
        helper.make_node("Gather", ["a", "i"], ["big"]), a=weights(1, 20000), i=np.zeros(20000, np.int64)
    ),
    "doubled forty times": bomb(*DOUBLINGS, d0=weights(1)),
    "padded": single("Pad", (1, 2), np.array([0, 0, 0, 1 << 40])),
    "tensor of a huge shape": model(
        [helper.make_node("Relu", ["x"], ["y"])], {"x": [1 << 20, 1 << 20]},
    ),
    "outer sum of activations": model(
        [helper.make_node("Add", ["x", "z"], ["y"])], {"x": [1 << 20, 1], "z": [1, 1 << 20]},
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", BOMBS)
def test_small_files_that_ask_for_gigabytes(name: str) -> None:
    with bounded(), pytest.raises(FormatError):
        read_onnx(BOMBS[name])


def test_dimensions_are_compared_with_the_data() -> None:
    for change, words in [
        ({"dims": [1 << 40, 1 << 40]}, "too large"),
        ({"dims": [-1, 3, 3, 3]}, "negative"),
        ({"dims": [6, 3, 3, 4]}, "needs 864 bytes, has 648"),
    ]:
        file = parsed(residual())
        del file.graph.initializer[0].dims[:]
        file.graph.initializer[0].dims.extend(change["dims"])
        with bounded(), pytest.raises(FormatError, match=words):
            read_onnx(file.SerializeToString())


def test_unknown_types_of_tensors() -> None:
    for kind in (TensorProto.STRING, TensorProto.COMPLEX64, TensorProto.BFLOAT16, 77):
        file = parsed(residual())
        file.graph.initializer[0].data_type = kind
        with pytest.raises(UnsupportedError, match="initializer 'w1'"):
            read_onnx(file.SerializeToString())


def test_names_that_are_no_text() -> None:
    data = residual().replace(b"gamma", b"g\xff\xfema")
    assert isinstance(tried(data), FormatError)


def test_a_long_chain_is_read_in_time() -> None:
    """Neither recursion nor quadratic work: 3000 nodes one after another."""
    nodes = [helper.make_node("Relu", [f"v{i}"], [f"v{i + 1}"]) for i in range(3000)]
    with bounded(20):
        assert len(read_onnx(model(nodes, {"v0": [1, 3, 4, 4]}, ["v3000"])).nodes) == 3000


def test_one_large_constant_read_by_many_operators_is_not_copied_by_each() -> None:
    """Thousands of convolutions and reciprocals of the same megabyte stay within the file's budget."""
    convolutions = [helper.make_node("Conv", ["x", "w"], [f"y{i}"], name=f"n{i}") for i in range(500)]
    constants = {"w": weights(512, 512, 1, 1)}
    data = model(convolutions, {"x": [1, 512, 1, 1]}, [f"y{i}" for i in range(500)], constants)
    with bounded():
        assert len(read_onnx(data).constants) == 1
