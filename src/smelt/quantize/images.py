"""A folder of images as samples: how pixels become the numbers that a network was trained on."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from smelt.errors import FormatError, UsageError, require
from smelt.ir import Graph

SUFFIXES = (".png", ".jpg", ".jpeg", ".bmp", ".gif", ".ppm", ".pgm", ".tif", ".tiff", ".webp")
FITS = ("stretch", "crop", "pad")
ORDERS = ("rgb", "bgr")


@dataclass(frozen=True)
class ImageRecipe:
    """What is done to an image: fitted to the input's height and width, then (pixel - mean) / std a channel.

    fit: stretch; crop (fill, keep the middle); pad (show all of it, zeros around).  Pixels are 0 to 255,
    grey where the input has one channel, else in the order rgb or bgr.  One mean or std serves all channels.
    """

    fit: str = "stretch"
    mean: tuple[float, ...] = (0.0,)
    std: tuple[float, ...] = (1.0,)
    order: str = "rgb"

    @staticmethod
    def parse(text: str) -> ImageRecipe:
        """From text such as 'fit=crop,mean=123.7:116.3:103.5,std=58.4:57.1:57.4'; UsageError."""
        fields: dict[str, Any] = {}
        for part in filter(None, (item.strip() for item in text.split(","))):
            name, _, given = part.partition("=")
            if name in ("mean", "std"):
                try:
                    fields[name] = tuple(float(number) for number in given.split(":"))
                except ValueError:
                    raise UsageError(f"--images {part}: wants numbers, such as {name}=127.5") from None
            elif name in ("fit", "order") and given in (FITS if name == "fit" else ORDERS):
                fields[name] = given
            else:
                raise UsageError(
                    f"--images {part}: there are fit={'|'.join(FITS)}, order={'|'.join(ORDERS)}, mean=N and std=N "
                    "(one number, or one a channel with colons between)"
                )
        recipe = ImageRecipe(**fields)
        if not all(np.isfinite(recipe.mean)) or not all(np.isfinite(s) and s for s in recipe.std):
            raise UsageError(f"--images {text}: mean must be finite, std finite and not 0")
        return recipe


def image_files(folder: Path) -> list[Path]:
    """The image files below a folder, by name."""
    return sorted(p for p in folder.rglob("*") if p.suffix.lower() in SUFFIXES and p.is_file())


def images_for(
    graph: Graph, files: list[Path], recipe: ImageRecipe
) -> Iterator[dict[str, NDArray[np.float32]]]:
    """One sample a file, for a graph with one input [1, height, width, channels of 1 or 3]."""
    values = [graph.values[name] for name in graph.inputs]
    shape = values[0].shape if len(values) == 1 else ()
    if len(shape) != 4 or shape[0] != 1 or shape[3] not in (1, 3):
        raise UsageError(
            "images are samples of a model with one input [1, height, width, 1 or 3]; this one has "
            + ", ".join(f"'{v.name}' {list(v.shape)}" for v in values)
        )
    for name, numbers in (("mean", recipe.mean), ("std", recipe.std)):
        if len(numbers) not in (1, shape[3]):
            raise UsageError(f"--images: {len(numbers)} numbers as {name} for {shape[3]} channels")
    for file in files:
        pixels = _pixels(file, (shape[1], shape[2]), shape[3], recipe)
        numbers = (pixels.astype(np.float64) - np.array(recipe.mean)) / np.array(recipe.std)
        yield {values[0].name: numbers.astype(np.float32).reshape(shape)}


def _pixels(file: Path, size: tuple[int, int], channels: int, recipe: ImageRecipe) -> NDArray[np.uint8]:
    image_module = require("PIL.Image", "images", "reading images", "pillow")
    operations = require("PIL.ImageOps", "images", "reading images", "pillow")
    try:
        with warnings.catch_warnings():
            # so large that it is no photograph
            warnings.simplefilter("error", image_module.DecompressionBombWarning)
            with image_module.open(file) as opened:
                image = operations.exif_transpose(opened).convert("L" if channels == 1 else "RGB")
    except (
        OSError,
        ValueError,
        SyntaxError,
        MemoryError,
        Warning,
        image_module.DecompressionBombError,
    ) as error:
        raise FormatError(f"'{file}' is not a readable image: {error}") from error
    wanted = (size[1], size[0])
    fit = {"crop": operations.fit, "pad": operations.pad}.get(recipe.fit)
    filter_ = image_module.Resampling.BILINEAR
    image = fit(image, wanted, filter_) if fit else image.resize(wanted, filter_)
    pixels = np.asarray(image, np.uint8).reshape(*size, channels)
    return pixels[:, :, ::-1] if recipe.order == "bgr" else pixels
