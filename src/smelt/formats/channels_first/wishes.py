"""Which tensors the operators that read them would have channels last, so that inputs are declared so."""

from __future__ import annotations

import enum
from collections.abc import Iterable, Sequence
from dataclasses import dataclass


class Wish(enum.Enum):
    """How an operator would have the tensors that it reads."""

    FILE = "as in the file"
    CHANNELS_LAST = "the first with channels last, others as in the file"
    ANY = "in whatever layout the readers of its result wish"
    NONE = "it does not read their elements"


@dataclass(frozen=True)
class Reader:
    """An operator of a file: the names that it reads, its first result, and its wish."""

    inputs: Sequence[str]
    output: str
    wish: Wish


def layout_wishes(readers: Iterable[Reader]) -> dict[str, bool]:
    """For each tensor whether its readers would have it in NHWC (True) or as it is in the file (False).

    Readers come in the order of execution, backwards.  Those that take any layout pass on the wish for their
    result; a tensor that nobody has a wish for is absent.
    """
    wishes: dict[str, bool] = {}
    for reader in readers:
        for index, name in enumerate(reader.inputs):
            wish: bool | None = False
            match reader.wish:
                case Wish.ANY:
                    wish = wishes.get(reader.output)
                case Wish.CHANNELS_LAST:
                    wish = index == 0
                case Wish.NONE:
                    wish = None
            if wish is not None:
                wishes[name] = wishes.get(name, True) and wish
    return wishes
