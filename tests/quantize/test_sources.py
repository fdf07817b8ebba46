"""Calibration samples from tables and folders of images."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import smelt
from smelt.errors import FormatError, UsageError
from smelt.ir import Array, DType, Graph
from smelt.operators.builder import GraphBuilder
from smelt.quantize.images import ImageRecipe
from smelt.quantize.sources import open_samples, representative


def network(*shape: int) -> Graph:
    build = GraphBuilder("one")
    return build.build([build.add("relu", [build.input("a", DType.F32, shape)])])


# ---- tables


def rows(graph: Graph, path: Path, limit: int | None = None) -> list[list[float]]:
    samples, _ = open_samples(graph, path, limit=limit)
    return [sample["a"].ravel().tolist() for sample in samples]


def test_a_row_is_a_sample(tmp_path: Path) -> None:
    path = tmp_path / "x.csv"
    path.write_text("1,2.5,-3,4e-1\n\n5,6,7,8\n")
    assert rows(network(1, 2, 2), path) == [[1, 2.5, -3, np.float32(0.4)], [5, 6, 7, 8]]
    assert rows(network(1, 2, 2), path, limit=1) == [[1, 2.5, -3, np.float32(0.4)]]
    assert [s["a"].shape for s in representative(network(1, 2, 2), path)] == [(1, 2, 2)] * 2


def test_a_row_of_names_is_skipped_and_labels_are_left_out(tmp_path: Path) -> None:
    path = tmp_path / "x.csv"
    path.write_text("\ufeffwidth, Label ,height\n1,9,2\n3,9,4\n", encoding="utf-8")
    assert rows(network(1, 2), path) == [[1, 2], [3, 4]]


@pytest.mark.parametrize(
    ("text", "says"),
    [("1,2,3\n", "row 1: 3 numbers, and the input has 2"), ("1,2\n3,x\n", "row 2: could not"), ("\xff", "")],
)
def test_a_table_that_does_not_fit(tmp_path: Path, text: str, says: str) -> None:
    path = tmp_path / "x.csv"
    path.write_bytes(text.encode("latin-1"))
    with pytest.raises(FormatError, match=f"x.csv.*{says}"):
        rows(network(1, 2), path)


def test_a_table_for_two_inputs(tmp_path: Path) -> None:
    build = GraphBuilder("two")
    a, b = build.input("a", DType.F32, (1, 4)), build.input("b", DType.F32, (1, 4))
    (tmp_path / "x.csv").write_text("1,2,3,4\n")
    with pytest.raises(UsageError, match="one input, not 2"):
        rows(build.build([build.add("add", [a, b])]), tmp_path / "x.csv")


def test_a_folder_without_images(tmp_path: Path) -> None:
    with pytest.raises(FormatError, match="holds no images"):
        open_samples(network(1, 4, 4, 3), tmp_path)
    with pytest.raises(UsageError, match="--images is for a folder"):
        open_samples(network(1, 2), tmp_path / "x.csv", recipe=ImageRecipe())


# ---- images


def test_a_recipe_from_text() -> None:
    assert ImageRecipe.parse("") == ImageRecipe()
    recipe = ImageRecipe.parse("fit=crop, mean=1:2:3,std=4, order=bgr")
    assert recipe == ImageRecipe("crop", (1.0, 2.0, 3.0), (4.0,), "bgr")
    for wrong in ("fit=zoom", "mean=a", "std=0", "mean=nan", "size=3"):
        with pytest.raises(UsageError, match="--images"):
            ImageRecipe.parse(wrong)


def picture(path: Path, pixels: Array) -> None:
    images = pytest.importorskip("PIL.Image", reason="Pillow (extra images) is not installed")
    images.fromarray(pixels).save(path)


def quarters() -> Array:
    """Red, green, blue and white quarters of an image twice as wide as high, in blocks that scaling keeps."""
    colours = np.array([[[200, 0, 0], [0, 100, 0]], [[0, 0, 50], [255, 255, 255]]], np.uint8)
    return colours.repeat(16, axis=0).repeat(32, axis=1)


def only_sample(graph: Graph, folder: Path, recipe: ImageRecipe) -> Array:
    samples, count = open_samples(graph, folder, recipe=recipe)
    (sample,) = samples
    assert count == 1
    return sample["a"]


def test_channels_mean_and_order(tmp_path: Path) -> None:
    picture(tmp_path / "a.png", quarters())
    graph = network(1, 32, 64, 3)
    plain = only_sample(graph, tmp_path, ImageRecipe())
    assert plain.dtype == np.float32
    assert (plain[0] == quarters()).all()
    turned = only_sample(graph, tmp_path, ImageRecipe(order="bgr", mean=(50, 100, 200), std=(2,)))
    np.testing.assert_array_equal(turned[0], (quarters()[..., ::-1] - np.array([50.0, 100, 200])) / 2)


def test_grey(tmp_path: Path) -> None:
    picture(tmp_path / "a.png", np.full((4, 4, 3), (255, 255, 255), np.uint8))
    assert (only_sample(network(1, 2, 2, 1), tmp_path, ImageRecipe(std=(255,))) == 1).all()


@pytest.mark.parametrize(("fit", "corner"), [("stretch", 200), ("crop", 200), ("pad", 0)])
def test_fits(tmp_path: Path, fit: str, corner: int) -> None:
    picture(tmp_path / "a.png", quarters())
    found = only_sample(network(1, 32, 32, 3), tmp_path, ImageRecipe(fit=fit))[0]
    assert found[0, 0, 0] == corner
    # a square of twice as wide: cropped keeps the blocks' width, stretched and padded halve it
    red = (found[10, :, 0] > 150).sum()
    assert red == pytest.approx(16, abs=1)


def test_all_files_in_order_and_what_is_no_image(tmp_path: Path) -> None:
    (tmp_path / "deep").mkdir()
    for name, level in (("b.png", 2), ("deep/c.png", 3), ("a.png", 1)):
        picture(tmp_path / name, np.full((4, 4), level, np.uint8))
    (tmp_path / "notes.txt").write_text("no image")
    graph = network(1, 4, 4, 1)
    samples, count = open_samples(graph, tmp_path)
    assert ([float(s["a"].max()) for s in samples], count) == ([1, 2, 3], 3)
    assert len(list(open_samples(graph, tmp_path, limit=2)[0])) == 2
    (tmp_path / "a.png").write_bytes(b"\x89PNG\r\n\x1a\n damaged")
    with pytest.raises(FormatError, match=r"a\.png' is not a readable image"):
        list(open_samples(graph, tmp_path)[0])


def test_models_that_images_do_not_fit(tmp_path: Path) -> None:
    picture(tmp_path / "a.png", quarters())
    with pytest.raises(UsageError, match=r"\[1, height, width, 1 or 3\]; this one has 'a' \[1, 4\]"):
        list(open_samples(network(1, 4), tmp_path)[0])
    with pytest.raises(UsageError, match="2 numbers as mean for 3 channels"):
        list(open_samples(network(1, 4, 4, 3), tmp_path, recipe=ImageRecipe(mean=(1, 2)))[0])


def test_quantizing_from_a_folder(tmp_path: Path) -> None:
    picture(tmp_path / "a.png", quarters())
    result = smelt.quantize_graph(network(1, 32, 64, 3), "int8", tmp_path)
    assert result.values["a"].quantization == smelt.Quantization.per_tensor(1.0, -128)
