"""Which code the linker takes for a function: what it reaches by references, section by section."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from smelt.errors import require

_ALLOCATED = 2


@dataclass
class _Section:
    """Bytes of a section that is loaded, and the names of the sections and symbols that it refers to."""

    bytes: int
    needs: set[str] = field(default_factory=set)


def linked_code(
    objects: Iterable[Path], functions: Iterable[str], elsewhere: Mapping[str, int]
) -> dict[str, dict[str, int]]:
    """For each function what is linked for it: bytes by section (named with its object) or library function.

    The objects are compiled with a section a function, as `Toolchain.compile_firmware` does; `elsewhere` gives
    the sizes of the functions that no object defines (the C library's; what these call in turn is not counted).
    An unknown function has nothing.
    """
    sections: dict[str, _Section] = {}
    homes: dict[str, str] = {}
    for path in objects:
        _read(path, sections, homes)
    found = {}
    for function in functions:
        reached: set[str] = set()
        waiting = [function]
        while waiting:
            name = waiting.pop()
            name = homes.get(name, name)
            if name not in reached:
                reached.add(name)
                waiting += sections[name].needs if name in sections else ()
        sizes = {
            name: sections[name].bytes if name in sections else elsewhere.get(name, 0) for name in reached
        }
        found[function] = {name: size for name, size in sorted(sizes.items()) if size}
    return found


def _read(path: Path, sections: dict[str, _Section], homes: dict[str, str]) -> None:
    """Add an object's sections, and where its global symbols are defined."""
    elffile = require("elftools.elf.elffile", "emulator", "Reading object files", "pyelftools")
    stem = re.sub(r"^\d+_", "", path.stem)
    with path.open("rb") as stream:
        elf = elffile.ELFFile(stream)
        symbols = list(elf.get_section_by_name(".symtab").iter_symbols())
        names = {index: f"{stem}:{section.name}" for index, section in enumerate(elf.iter_sections())}
        for index, section in enumerate(elf.iter_sections()):
            if section["sh_flags"] & _ALLOCATED:
                sections[names[index]] = _Section(int(section["sh_size"]))
        for symbol in symbols:
            if symbol["st_info"]["bind"] != "STB_LOCAL" and symbol["st_shndx"] in names:
                homes[symbol.name] = names[symbol["st_shndx"]]
        for section in elf.iter_sections():
            if section["sh_type"] in ("SHT_REL", "SHT_RELA"):
                owner = sections.get(names[section["sh_info"]])
                if owner is not None:
                    owner.needs |= {
                        _target(symbols[relocation["r_info_sym"]], names)
                        for relocation in section.iter_relocations()
                    }


def _target(symbol: Any, names: Mapping[int, str]) -> str:
    """The section of a symbol that the object defines, else the symbol's name."""
    index = symbol["st_shndx"]
    return names[index] if index in names else str(symbol.name)
