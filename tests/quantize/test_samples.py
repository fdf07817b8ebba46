"""From files and iterables to input tensors."""

from __future__ import annotations

import contextlib
import warnings
import zipfile
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import smelt
from smelt.errors import FormatError, QuantizationError, SmeltError
from smelt.ir import DType, Graph, Value
from smelt.operators.builder import GraphBuilder
from smelt.quantize.samples import read_data, samples_for, to_input
from smelt.quantize.sources import representative

FLOAT = Value("x", DType.F32, (1, 4))
INT8 = Value("x", DType.S8, (1, 4), smelt.Quantization.per_tensor(0.5, 3))
INDICES = Value("x", DType.S32, (1, 4))


def two_inputs() -> Graph:
    build = GraphBuilder("two")
    a, b = build.input("a", DType.F32, (1, 4)), build.input("b", DType.F32, (1, 4))
    return build.build([build.add("add", [a, b])])


def one_input(shape: tuple[int, ...] = (1, 4)) -> Graph:
    build = GraphBuilder("one")
    return build.build([build.add("relu", [build.input("a", DType.F32, shape)])])


@pytest.mark.parametrize("kind", ["f2", "f4", "f8", "i1", "u1", "i4", "i8", "?"])
def test_numbers_for_a_float_input(kind: str) -> None:
    result = to_input(FLOAT, np.array([0, 1, 1, 0]).astype(kind))
    assert result.dtype == np.float32
    assert result.tolist() == [[0, 1, 1, 0]]


@pytest.mark.parametrize("kind", ["U1", "c16", "M8[s]", "S1"])
@pytest.mark.parametrize("value", [FLOAT, INT8, INDICES])
def test_what_is_no_number_is_refused(value: Value, kind: str) -> None:
    with pytest.raises(FormatError, match=f"wants {value.dtype.value}"):
        to_input(value, np.array([1, 1, 1, 1]).astype(kind))


def test_real_numbers_for_a_quantized_input() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert to_input(INT8, np.array([0.0, 0.25, -0.25, 1.0])).tolist() == [[3, 4, 2, 5]]
        assert to_input(INT8, np.array([np.nan, np.inf, -np.inf, 1e300])).tolist() == [[3, 127, -128, 127]]
    assert to_input(INT8, np.array([5, 6, 7, 8], np.int8)).tolist() == [[5, 6, 7, 8]]


def test_pixels_for_a_quantized_input() -> None:
    pixels = Value("x", DType.S8, (1, 4), smelt.Quantization.per_tensor(1.0, -128))
    assert to_input(pixels, np.array([0, 1, 128, 255], np.uint8)).tolist() == [[-128, -127, 0, 127]]


def test_integers_for_a_quantized_input_are_ambiguous() -> None:
    with pytest.raises(FormatError, match="real numbers"):
        to_input(INT8, np.array([5, 6, 7, 8], np.int64))


def test_integers_for_an_integer_input() -> None:
    assert to_input(INDICES, np.array([1, 2, 3, 4], np.int64)).dtype == np.int32
    with pytest.raises(FormatError, match="wants s32"):
        to_input(INDICES, np.array([1, 2, 3, 2**31], np.int64))
    with pytest.raises(FormatError, match="wants s32"):
        to_input(INDICES, np.array([1.0, 2, 3, 4]))


def test_dimensions_of_1_may_differ() -> None:
    assert to_input(FLOAT, np.zeros(4)).shape == (1, 4)
    assert to_input(FLOAT, np.zeros((4, 1, 1))).shape == (1, 4)
    with pytest.raises(FormatError, match=r"\[1, 4\], got \[2, 2\]"):
        to_input(FLOAT, np.zeros((2, 2)))


def test_arrays_are_found_by_name_or_because_there_is_only_one() -> None:
    array = np.arange(8, dtype=np.float32).reshape(2, 4)
    for arrays in ({"a": array}, {"x": array, "y": np.zeros(2)}, {"anything": array, "labels": np.zeros(2)}):
        assert [s["a"].tolist() for s in samples_for(one_input(), arrays)] == [[[0, 1, 2, 3]], [[4, 5, 6, 7]]]
    with pytest.raises(FormatError, match="no array for input 'a'; it has: p, q"):
        list(samples_for(one_input(), {"p": array, "q": array}))
    assert len(list(samples_for(two_inputs(), {"a": array, "b": array}))) == 2
    with pytest.raises(FormatError, match="input 'b'"):
        list(samples_for(two_inputs(), {"a": array}))
    with pytest.raises(FormatError, match="different numbers"):
        list(samples_for(two_inputs(), {"a": array, "b": array[:1]}))
    with pytest.raises(FormatError, match="one number"):
        list(samples_for(one_input(), {"a": np.float32(3)}))


def test_a_whole_tensor_without_batch_is_one_sample() -> None:
    assert len(list(samples_for(one_input((3, 4)), {"a": np.zeros((3, 4))}))) == 1
    assert len(list(samples_for(one_input((3, 4)), {"a": np.zeros((5, 3, 4))}))) == 5


def test_representative_takes_many_forms(tmp_path: Path) -> None:
    array = np.arange(8, dtype=np.float32).reshape(2, 4)
    np.savez(tmp_path / "x.npz", x=array)
    np.save(tmp_path / "x.npy", array)
    graph = one_input()
    forms: list[object] = [tmp_path / "x.npz", str(tmp_path / "x.npy"), {"x": array}, array]
    forms += [list(array), [{"a": row} for row in array], [(row,) for row in array], lambda: iter(array)]
    for form in forms:
        assert [s["a"].tolist() for s in representative(graph, form)] == [[[0, 1, 2, 3]], [[4, 5, 6, 7]]]
    with pytest.raises(QuantizationError, match="cannot be a int"):
        list(representative(graph, 5))
    with pytest.raises(QuantizationError, match="input 'b'"):
        list(representative(two_inputs(), [(array[0],)]))


def test_damaged_files(tmp_path: Path) -> None:
    """Cut or overwritten anywhere: an error in words, or the array when the damage is outside of it."""
    path = tmp_path / "x.npz"
    rng = np.random.default_rng(0)
    for save in (np.savez, np.savez_compressed):
        save(path, x=rng.normal(size=(4, 4)))
        good = path.read_bytes()
        for start in range(0, len(good), 7):
            for bad in (good[:start], good[:start] + bytes(9) + good[start + 9 :]):
                path.write_bytes(bad)
                with contextlib.suppress(SmeltError):
                    read_data(path)


def test_members_that_are_no_arrays(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "x.npz", "w") as archive:
        archive.writestr("readme.txt", "hello")
    with pytest.raises(FormatError, match="it has: none"):
        list(samples_for(one_input(), read_data(tmp_path / "x.npz")))
    np.savez(tmp_path / "o.npz", x=np.array([{}], dtype=object))
    with pytest.raises(FormatError, match=r"Python objects.*save arrays of numbers") as caught:
        read_data(tmp_path / "o.npz")
    assert "pickle" not in str(caught.value)
    for content in (b"", b"hello"):
        (tmp_path / "t.npz").write_bytes(content)
        with pytest.raises(
            FormatError, match=r"neither of them; write the samples with numpy\.savez"
        ) as caught:
            read_data(tmp_path / "t.npz")
        assert "pickle" not in str(caught.value)


def test_a_sample_may_have_its_channels_first_where_the_file_had() -> None:
    build = GraphBuilder("image")
    x = build.input("x", DType.F32, (1, 4, 5, 3))
    y = build.add("relu", [x])
    build.metadata["layout:x"] = b"NCHW"
    graph = build.build([y])
    images = np.random.default_rng(0).normal(size=(2, 4, 5, 3)).astype(np.float32)
    as_smelt_has = list(samples_for(graph, {"x": images}))
    as_the_file_has = list(samples_for(graph, {"x": images.transpose(0, 3, 1, 2)}))
    for ours, theirs, image in zip(as_smelt_has, as_the_file_has, images, strict=True):
        assert np.array_equal(ours["x"][0], image)
        assert np.array_equal(theirs["x"][0], image)
    with pytest.raises(FormatError, match=r"wants samples of shape \[1, 4, 5, 3\]"):
        list(samples_for(replace(graph, metadata={}), {"x": images.transpose(0, 3, 1, 2)}))
