"""Cores and boards that smelt knows, each read from one small TOML file.

A `Target` is a processor core with what a compiler and an emulator need to know; a `Board` is a
product around a core, with the figures that decide whether a model fits and what it costs to run.
"""

from __future__ import annotations

import difflib
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from importlib import resources
from types import MappingProxyType
from typing import Any, Literal

from smelt.errors import UsageError

Isa = Literal["arm", "riscv", "host"]


@dataclass(frozen=True)
class Target:
    """A processor core: its features, its compiler flags, and what emulates it.

    `features` is a subset of {"single_cycle_mul", "divide", "unaligned", "dsp", "fpu", "mve"}.
    `alignment_bytes` is what the arena and weights should be aligned to. `cycle_model` names a table
    of `engines/cycle_model.py`, None where no documented one exists. `emulator` is
    "unicorn:<model>", "qemu:<machine>" or "none".
    """

    name: str
    description: str
    isa: Isa
    features: frozenset[str]
    alignment_bytes: int
    gcc_prefix: str
    gcc_flags: tuple[str, ...]
    zig_target: str
    zig_cpu: str
    cycle_model: str | None
    emulator: str

    def has(self, feature: str) -> bool:
        """Whether the core has a feature, such as "dsp"."""
        return feature in self.features


@dataclass(frozen=True)
class Board:
    """A board with one of the targets, and the figures that fitting and energy estimates need.

    Currents are those of the microcontroller alone, at `supply_volts`: `active_amperes` with the core
    busy at `clock_hz`, `sleep_amperes` in a mode that keeps RAM and can wake by timer or pin.
    `sources` says where each figure comes from; `estimates` names the figures that were not
    checked against a vendor's document or a published measurement.
    """

    name: str
    description: str
    target: Target
    clock_hz: int
    flash_bytes: int
    ram_bytes: int
    supply_volts: float
    active_amperes: float
    sleep_amperes: float
    sources: Mapping[str, str]
    estimates: frozenset[str]


_FIGURES = ("clock_hz", "flash_bytes", "ram_bytes", "supply_volts", "active_amperes", "sleep_amperes")


@lru_cache(maxsize=1)
def all_targets() -> tuple[Target, ...]:
    """Every known core, in order of name."""
    return tuple(_target(name, table) for name, table in _tables("cores"))


@lru_cache(maxsize=1)
def all_boards() -> tuple[Board, ...]:
    """Every known board, in order of file name."""
    return tuple(_board(table) for _, table in _tables("boards"))


def find_target(name: str) -> Target:
    """The core of that name, such as "cortex-m4"; raises UsageError with close matches if unknown."""
    found = {target.name: target for target in all_targets()}
    return found[_known_key(name, found, "target")]


def find_board(name: str) -> Board:
    """The board of that name, whatever its case and separators; raises UsageError if unknown."""
    found = {board.name: board for board in all_boards()}
    return found[_known_key(name, found, "board")]


def _plain(name: str) -> str:
    return "".join(character for character in name.lower() if character.isalnum())


def _known_key(name: str, known: Iterable[str], kind: str) -> str:
    by_plain_name = {_plain(key): key for key in known}
    if _plain(name) in by_plain_name:
        return by_plain_name[_plain(name)]
    close = difflib.get_close_matches(_plain(name), by_plain_name, n=3)
    hint = f" Did you mean {' or '.join(by_plain_name[key] for key in close)}?" if close else ""
    raise UsageError(f"Unknown {kind} '{name}'.{hint} Known: {', '.join(by_plain_name.values())}.")


def _tables(folder: str) -> list[tuple[str, dict[str, Any]]]:
    directory = resources.files("smelt.targets").joinpath(folder)
    texts = {
        file.name.removesuffix(".toml"): file.read_text(encoding="utf-8")
        for file in directory.iterdir()
        if file.name.endswith(".toml")
    }
    return [(name, tomllib.loads(texts[name])) for name in sorted(texts)]


def _target(name: str, table: dict[str, Any]) -> Target:
    return Target(
        name=name,
        description=table["description"],
        isa=table["isa"],
        features=frozenset(table["features"]),
        alignment_bytes=table["alignment_bytes"],
        gcc_prefix=table["gcc_prefix"],
        gcc_flags=tuple(table["gcc_flags"]),
        zig_target=table["zig_target"],
        zig_cpu=table["zig_cpu"],
        cycle_model=table.get("cycle_model"),
        emulator=table["emulator"],
    )


def _board(table: dict[str, Any]) -> Board:
    sources = {name: str(table[name]["source"]) for name in _FIGURES}
    return Board(
        name=table["name"],
        description=table["description"],
        target=find_target(table["target"]),
        clock_hz=int(table["clock_hz"]["value"]),
        flash_bytes=int(table["flash_bytes"]["value"]),
        ram_bytes=int(table["ram_bytes"]["value"]),
        supply_volts=float(table["supply_volts"]["value"]),
        active_amperes=float(table["active_amperes"]["value"]),
        sleep_amperes=float(table["sleep_amperes"]["value"]),
        sources=MappingProxyType(sources),
        estimates=frozenset(
            name
            for name in _FIGURES
            if table[name].get("estimate", False) or sources[name].startswith("estimate")
        ),
    )
