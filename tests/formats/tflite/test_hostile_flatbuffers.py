"""No FlatBuffer, however damaged or hostile, does more than raise an error."""

from __future__ import annotations

import random
import struct
import time
import tracemalloc
from collections.abc import Callable, Iterator

import pytest
from flatbuffer_models import MODELS, new, read, small_model, write

from smelt.errors import FormatError
from smelt.formats.tflite.flatbuffer import write_flatbuffer
from smelt.formats.tflite.schema import TFLITE


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
