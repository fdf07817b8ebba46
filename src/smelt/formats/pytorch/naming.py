"""Inputs and outputs: shapes that a file leaves open, names that it does not give."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from smelt.errors import UnknownInputError, UsageError
from smelt.formats.channels_first.shapes import checked_shape


def input_shape(
    name: str, sizes: Sequence[int | None] | None, shapes: Mapping[str, Sequence[int]]
) -> tuple[int, ...]:
    """An input's shape: the file's, where None is a size left open; the batch is 1 if nothing else is said.

    `sizes` is None where the file does not know.  UsageError asks for what is missing, or does not fit.
    """
    given = shapes.get(name)
    if sizes is None and given is None:
        raise UsageError(
            f"the file does not say which shape its input '{name}' has; give it, for example "
            f"smelt.load(path, shapes={{'{name}': (1, 3, 32, 32)}}) or --shape {name}=1,3,32,32"
        )
    if sizes is None:
        return checked_shape(given or (), f"input '{name}'")
    if given is not None:
        if len(given) != len(sizes) or any(s not in (None, g) for s, g in zip(sizes, given, strict=True)):
            shown = ["any" if s is None else s for s in sizes]
            raise UsageError(f"the shape {list(given)} does not fit the input '{name}' of {shown}")
        return checked_shape(given, f"input '{name}'")
    fixed = [1 if axis == 0 and size is None else size for axis, size in enumerate(sizes)]
    if None in fixed:
        raise UsageError(
            f"the input '{name}' has sizes that are not fixed ({['any' if s is None else s for s in sizes]}); "
            f"give them: shapes={{'{name}': (…)}} or --shape {name}=…"
        )
    return checked_shape([size or 0 for size in fixed], f"input '{name}'")


def check_names(shapes: Mapping[str, Sequence[int]], inputs: Sequence[str]) -> None:
    """Raise UsageError for a shape of an input that is not there."""
    if unknown := set(shapes) - set(inputs):
        raise UnknownInputError(min(unknown), inputs)


def output_names(count: int, keys: Sequence[str] | None = None) -> list[str]:
    """Names for what a model returns: a dictionary's keys, "output", or "output_0", "output_1" …"""
    if keys is not None and len(keys) == count == len(set(keys)):
        return list(keys)
    return ["output"] if count == 1 else [f"output_{index}" for index in range(count)]
