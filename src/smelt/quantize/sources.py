"""Where calibration samples come from: a file or folder, opened by what it is, arrays, or any iterable."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator, Mapping
from itertools import islice
from pathlib import Path

import numpy as np

from smelt.errors import FormatError, QuantizationError, UsageError
from smelt.ir import Array, Graph
from smelt.quantize.audio import AudioRecipe, audio_files, audio_for
from smelt.quantize.images import SUFFIXES, ImageRecipe, image_files, images_for
from smelt.quantize.samples import (
    LABEL_NAMES,
    DataFile,
    Sample,
    came_channels_first,
    read_data,
    sample_count,
    samples_for,
    to_input,
)


def open_samples(
    graph: Graph, path: Path, *, recipe: ImageRecipe | AudioRecipe | None = None, limit: int | None = None
) -> tuple[Iterator[Sample], int | None]:
    """The samples in .npz, .npy, .csv or a folder of images or .wav files, and how many there are where known.

    A .csv file has a sample a row, the elements of the only input in its columns; a first row of names is
    skipped, and so are columns that it calls y, label, labels or targets.  At most `limit` samples.
    """
    if recipe is not None and not path.is_dir():
        option = (
            "--images is for a folder of images"
            if isinstance(recipe, ImageRecipe)
            else "--audio is for a folder"
        )
        raise UsageError(f"{option}, and '{path}' is none")
    samples: Iterator[Sample]
    if path.is_dir():
        return _folder(graph, path, recipe, limit)
    if path.suffix.lower() == ".csv":
        return islice(_rows(graph, path), limit), limit
    data = read_data(path)
    total = sample_count(graph, data)
    samples = samples_for(graph, data)
    return islice(samples, limit), min(total, limit or total)


def _folder(
    graph: Graph, path: Path, recipe: ImageRecipe | AudioRecipe | None, limit: int | None
) -> tuple[Iterator[Sample], int | None]:
    sounds = [] if isinstance(recipe, ImageRecipe) else audio_files(path)
    images = [] if isinstance(recipe, AudioRecipe) else image_files(path)
    if sounds and images:
        raise UsageError(
            f"the folder '{path}' holds .wav files and images: say which with --audio or --images"
        )
    if sounds:
        how = recipe if isinstance(recipe, AudioRecipe) else AudioRecipe()
        if how.fit == "split":
            return islice(audio_for(graph, sounds, how), limit), limit
        return audio_for(graph, sounds[:limit], how), len(sounds[:limit])
    if images:
        shown = recipe if isinstance(recipe, ImageRecipe) else ImageRecipe()
        return images_for(graph, images[:limit], shown), len(images[:limit])
    kinds = [
        *([] if isinstance(recipe, AudioRecipe) else [f"images ({', '.join(SUFFIXES)})"]),
        *([] if isinstance(recipe, ImageRecipe) else [".wav files"]),
    ]
    raise FormatError(f"the folder '{path}' holds no {' and no '.join(kinds)}")


def representative(graph: Graph, source: object) -> Iterator[Sample]:
    """Calibration samples from a path (`open_samples`), a DataFile, arrays by name, or an iterable.

    An iterable yields arrays (models with one input), sequences of arrays in input order, or
    mappings by name; each item is one sample.
    """
    if isinstance(source, str | Path):
        yield from open_samples(graph, Path(source))[0]
    elif isinstance(source, DataFile | Mapping):
        yield from samples_for(graph, source)
    elif isinstance(source, np.ndarray):
        yield from samples_for(graph, {graph.inputs[0]: source})
    elif isinstance(source, Iterable):
        for item in source:
            yield _sample(graph, item)
    elif callable(source):
        yield from representative(graph, source())
    else:
        raise QuantizationError(f"calibration data cannot be a {type(source).__name__}")


def _sample(graph: Graph, item: object) -> dict[str, Array]:
    if isinstance(item, Mapping):
        given = dict(item)
    elif isinstance(item, np.ndarray):
        given = {graph.inputs[0]: item}
    elif isinstance(item, list | tuple):
        given = dict(zip(graph.inputs, item, strict=False))
    else:
        given = {graph.inputs[0]: np.asarray(item)}
    missing = [name for name in graph.inputs if name not in given]
    if missing:
        raise QuantizationError(f"a calibration sample has no array for input '{missing[0]}'")
    return {
        name: to_input(
            graph.values[name], np.asarray(given[name]), channels_first=came_channels_first(graph, name)
        )
        for name in graph.inputs
    }


def _rows(graph: Graph, path: Path) -> Iterator[dict[str, Array]]:
    if len(graph.inputs) != 1:
        raise UsageError(
            f"'{path}': a .csv file gives samples for models with one input, not {len(graph.inputs)}"
        )
    value = graph.values[graph.inputs[0]]
    try:
        with path.open(newline="", encoding="utf-8-sig") as stream:
            left_out: set[int] = set()
            for number, row in enumerate(csv.reader(stream), start=1):
                if number == 1 and not all(map(_is_number, row)):
                    left_out = {i for i, text in enumerate(row) if text.strip().lower() in LABEL_NAMES}
                    continue
                if not row:
                    continue
                cells = [text for i, text in enumerate(row) if i not in left_out]
                yield {
                    value.name: to_input(
                        value, _numbers(path, number, cells, value.elements).reshape(value.shape)
                    )
                }
    except OSError as error:
        raise FormatError(f"cannot read '{path}': {error.strerror or error}") from error
    except (UnicodeDecodeError, csv.Error) as error:
        raise FormatError(f"'{path}' is not a readable .csv file: {error}") from error


def _numbers(path: Path, row: int, cells: list[str], wanted: int) -> Array:
    if len(cells) != wanted:
        raise FormatError(f"'{path}', row {row}: {len(cells)} numbers, and the input has {wanted} elements")
    try:
        return np.array([float(text) for text in cells], np.float32)
    except ValueError as error:
        raise FormatError(f"'{path}', row {row}: {error}") from None


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True
