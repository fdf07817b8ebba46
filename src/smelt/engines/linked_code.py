"""Which code the linker takes for a function: what it reaches by references, section by section."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from smelt.engines.elf import ElfImage, object_symbols, undefined_symbols
from smelt.errors import require

_ALLOCATED = 2


@dataclass
class _Section:
    """Bytes of a section that is loaded, and the names of the sections and symbols that it refers to."""

    bytes: int
    needs: set[str] = field(default_factory=set)


def linked_code(elf: Path, objects: Sequence[Path], functions: Iterable[str]) -> dict[str, dict[str, int]]:
    """For each function what is linked for it: bytes by section (named with its object) or library function.

    `elf` is the image of the objects, which are compiled with a section a function, as `Toolchain.compile_firmware`
    does.  An unknown function has nothing.
    """
    sections: dict[str, _Section] = {}
    homes: dict[str, str] = {}
    for path in objects:
        _read(path, sections, homes)
    library = _library_bytes(elf, objects)
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
        sizes = {name: sections[name].bytes if name in sections else library.get(name, 0) for name in reached}
        found[function] = {name: size for name, size in sorted(sizes.items()) if size}
    return found


def _library_bytes(elf: Path, objects: Sequence[Path]) -> dict[str, int]:
    """Bytes of each library function that objects call, with those before it that only the library calls."""
    own = {symbol.name for path in objects for symbol in object_symbols(path)}
    called = set().union(*(undefined_symbols(path) for path in objects))
    found: dict[str, int] = {}
    begin = end = 0
    for symbol in sorted(ElfImage(elf).symbols, key=lambda symbol: symbol.address):
        if not symbol.is_function or symbol.name in own:
            begin = end = 0
            continue
        begin, end = begin or symbol.address, max(end, symbol.address + symbol.size)
        if symbol.name in called:
            found[symbol.name] = end - begin
            begin = 0
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
