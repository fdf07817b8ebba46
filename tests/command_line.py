"""How tests look at what `smelt …` did."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Result:
    """How the command line ended."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


Command = Callable[..., Result]


def refused(result: Result, *, says: Sequence[str] = ()) -> None:
    """Exit code 2 and one paragraph on standard error that holds each of the texts."""
    assert result.code == 2, result
    assert result.out == ""
    assert result.err.startswith("smelt: ")
    assert result.err.endswith("\n")
    assert result.err.count("\n") == 1
    assert "Traceback" not in result.err
    for text in says:
        assert text in result.err, result.err
