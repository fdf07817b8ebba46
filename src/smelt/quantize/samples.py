"""Samples: from arrays, as .npz and .npy files hold them, to one mapping of input arrays a sample."""

from __future__ import annotations

import tokenize
import zipfile
import zlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from smelt.errors import FormatError
from smelt.ir import Array, Graph, Quantization, Value

Sample = Mapping[str, Array]
LABEL_NAMES = ("y", "labels", "label", "targets")


@dataclass(frozen=True)
class DataFile:
    """The arrays of a .npz or .npy file by name (a .npy file's only array is called 'x')."""

    path: Path
    arrays: Mapping[str, Array]

    @property
    def labels(self) -> Array | None:
        """The integer class labels, from an array called y, labels, label or targets; else None."""
        return next((self.arrays[n] for n in LABEL_NAMES if n in self.arrays), None)


# What numpy and zipfile raise for damaged, encrypted or exotic files.
_DAMAGE = (
    ValueError,
    EOFError,
    KeyError,
    TypeError,
    SyntaxError,
    MemoryError,
    RuntimeError,
    tokenize.TokenError,
    zipfile.BadZipFile,
    zlib.error,
)


def read_data(path: Path | str) -> DataFile:
    """Read a .npz or .npy file without running code from it; FormatError when it is not one."""
    path = Path(path)
    try:
        with path.open("rb") as stream:
            loaded = np.load(stream, allow_pickle=False)
            if isinstance(loaded, np.lib.npyio.NpzFile):
                # a member that is no .npy file comes as bytes
                members = {name: loaded[name] for name in loaded.files}
                arrays: dict[str, Array] = {n: a for n, a in members.items() if isinstance(a, np.ndarray)}
            else:
                arrays = {"x": np.asarray(loaded)}
    except OSError as error:
        raise FormatError(f"cannot read '{path}': {error.strerror or error}") from error
    except _DAMAGE as error:
        raise FormatError(f"'{path}' is not a readable .npz or .npy file: {_reason(path, error)}") from error
    return DataFile(path, arrays)


def _reason(path: Path, error: Exception) -> str:
    """What is wrong with a file and what would work, instead of numpy's advice to load pickles."""
    with path.open("rb") as stream:
        beginning = stream.read(6)
    if not beginning.startswith((b"PK", b"\x93NUMPY")):
        return "it begins as neither of them; write the samples with numpy.savez(path, x=array)"
    if "allow_pickle" in str(error):
        return (
            "it holds Python objects, which smelt does not read; save arrays of numbers, all samples of one shape "
            "(array.astype(numpy.float32))"
        )
    return str(error) or type(error).__name__


def samples_for(graph: Graph, data: DataFile | Mapping[str, Array]) -> Iterator[dict[str, Array]]:
    """One mapping of input arrays a sample, from arrays whose first dimension counts samples.

    Arrays are matched to inputs by name; a model with one input takes 'x', or the only array that
    is no label.  A sample is reshaped to the input's shape when only dimensions of 1 differ, and
    converted by `to_input`.  FormatError says which shape was wanted.
    """
    arrays = data.arrays if isinstance(data, DataFile) else data
    where = f"'{data.path}'" if isinstance(data, DataFile) else "the given arrays"
    matched = {name: _match(graph, name, arrays, where) for name in graph.inputs}
    counts = {len(array) for array in matched.values()}
    if len(counts) > 1:
        raise FormatError(f"{where}: the inputs have different numbers of samples: {sorted(counts)}")
    for index in range(counts.pop() if counts else 0):
        yield {
            name: to_input(graph.values[name], array[index], where, came_channels_first(graph, name))
            for name, array in matched.items()
        }


def sample_count(graph: Graph, data: DataFile | Mapping[str, Array]) -> int:
    """How many samples `samples_for` yields."""
    arrays = data.arrays if isinstance(data, DataFile) else data
    where = f"'{data.path}'" if isinstance(data, DataFile) else "the given arrays"
    return len(_match(graph, graph.inputs[0], arrays, where)) if graph.inputs else 0


def _match(graph: Graph, name: str, arrays: Mapping[str, Array], where: str) -> Array:
    found = arrays.get(name)
    if found is None and len(graph.inputs) == 1:
        candidates = [n for n in arrays if n not in LABEL_NAMES]
        found = arrays.get("x") if "x" in arrays else arrays[candidates[0]] if len(candidates) == 1 else None
    if found is None:
        raise FormatError(f"{where} has no array for input '{name}'; it has: {', '.join(arrays) or 'none'}")
    value = graph.values[name]
    if found.shape == value.shape and (not value.shape or value.shape[0] != 1):
        return found[np.newaxis]
    if found.ndim == 0:
        raise FormatError(
            f"{where}: input '{name}' wants samples of shape {list(value.shape)}, got one number"
        )
    return found


def came_channels_first(graph: Graph, name: str) -> bool:
    """Whether a tensor that has its channels last in the graph had them second in the file it was read from."""
    return f"layout:{name}" in graph.metadata


def to_input(value: Value, sample: Array, where: str = "the sample", channels_first: bool = False) -> Array:
    """One sample as an input tensor.

    Equal types are taken as they are; for a float input integers are converted; for a quantized
    input real numbers are quantized with its scale and zero point, and uint8 pixels (0 to 255) are
    shifted to int8 where the input's scale and zero point say the same.  An integer input without
    scale takes any integers that it can hold.  With `channels_first` a sample may have its channels
    before its pixels, as the model's file has; where the shape does not tell, they are last.
    """
    wanted = [d for d in value.shape if d != 1]
    first = [d for d in (*value.shape[:1], *value.shape[-1:], *value.shape[1:-1]) if d != 1]
    if channels_first and [d for d in sample.shape if d != 1] == first != wanted:
        sample = np.moveaxis(sample.reshape(*value.shape[:1], value.shape[-1], *value.shape[1:-1]), 1, -1)
    if [d for d in sample.shape if d != 1] != wanted:
        raise FormatError(
            f"{where}: input '{value.name}' wants samples of shape {list(value.shape)}, got {list(sample.shape)}"
        )
    shaped = sample.reshape(value.shape)
    if shaped.dtype == value.dtype.numpy:
        return shaped
    kind = shaped.dtype.kind
    if value.dtype.is_float and kind in "fiub":
        with np.errstate(over="ignore"):
            return shaped.astype(value.dtype.numpy)
    if value.quantization is not None and kind in "fu":
        return _quantized(value, value.quantization, shaped)
    if value.dtype.is_integer and value.quantization is None and kind in "iu":
        low, high = value.dtype.integer_range
        if shaped.size == 0 or (low <= int(shaped.min()) and int(shaped.max()) <= high):
            return shaped.astype(value.dtype.numpy)
    advice = "give real numbers (float) or the quantized values themselves"
    raise FormatError(
        f"{where}: input '{value.name}' wants {value.dtype.value}, got {shaped.dtype}"
        + (f"; {advice}" if value.quantization else "")
    )


def _quantized(value: Value, quantization: Quantization, numbers: Array) -> Array:
    """Real numbers as the generated `…_from_float` makes them: nearest, saturated, NaN the zero point."""
    low, high = value.dtype.integer_range
    with np.errstate(over="ignore"):
        scaled = numbers.astype(np.float32) / np.float32(quantization.scale)
    rounded = np.copysign(np.floor(np.abs(scaled) + np.float32(0.5)), scaled) + quantization.zero_point
    rounded = np.where(np.isnan(rounded), quantization.zero_point, rounded)
    result: Array = np.clip(rounded, low, high).astype(value.dtype.numpy)
    return result


KEPT_SAMPLES = 256
KEPT_BYTES = 128 << 20


def keeping(samples: Iterable[Sample], kept: list[Sample]) -> Iterator[Sample]:
    """The samples; the first, at most KEPT_SAMPLES and about KEPT_BYTES, are also added to `kept`."""
    size = 0
    for sample in samples:
        size += sum(array.nbytes for array in sample.values())
        if not kept or (len(kept) < KEPT_SAMPLES and size <= KEPT_BYTES):
            kept.append(sample)
        yield sample
