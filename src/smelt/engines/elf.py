"""Reading ELF images: symbols, what is loaded where, exact sizes, and source lines."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from smelt.errors import EngineError, require

# Memory above this address is RAM on every target that smelt links for.
RAM_ADDRESS = 0x20000000


class Symbol(NamedTuple):
    """A function or an object of an image: `address` without the Thumb bit, `size` in bytes."""

    name: str
    address: int
    size: int
    is_function: bool
    is_local: bool


class Segment(NamedTuple):
    """A loaded piece: where it is stored, where it runs, and its bytes."""

    load_address: int
    run_address: int
    data: bytes


class LineRange(NamedTuple):
    """Code of one source line: addresses from `low` up to, not including, `high`."""

    low: int
    high: int
    file: str
    line: int


def file_offset(elf: Path, symbol: str) -> int:
    """Where in the file the first byte of a stored symbol lies; EngineError when it is not stored."""
    address = ElfImage(elf).symbol(symbol).address
    elffile = require("elftools.elf.elffile", "emulator", "Reading firmware images", "pyelftools")
    with elf.open("rb") as stream:
        for section in elffile.ELFFile(stream).iter_sections():
            low = int(section["sh_addr"])
            if section["sh_type"] == "SHT_PROGBITS" and low <= address < low + int(section["sh_size"]):
                return int(section["sh_offset"]) + address - low
    raise EngineError(f"{elf.name} does not store '{symbol}'.")


@dataclass(frozen=True)
class ElfSizes:
    """What an image occupies, in bytes.

    Every loaded byte is in `table_bytes` (symbols that the caller named as tables) or in
    `code_bytes` (all the rest: instructions, literal pools, other constants, padding, initial values
    of variables). `flash_bytes` is their sum. `ram_bytes` is initialized plus zeroed variables,
    without the stack. `functions` and `objects` give the size of each named symbol.
    """

    flash_bytes: int
    code_bytes: int
    table_bytes: int
    data_bytes: int
    bss_bytes: int
    tables: Mapping[str, int]
    functions: Mapping[str, int]
    objects: Mapping[str, int]

    @property
    def ram_bytes(self) -> int:
        """Bytes of variables, initialized and zeroed."""
        return self.data_bytes + self.bss_bytes


class ElfImage:
    """An ELF file, read whole; raises EngineError when it is not one, or has no symbols."""

    def __init__(self, path: Path) -> None:
        elffile = require("elftools.elf.elffile", "emulator", "Reading firmware images", "pyelftools")
        exceptions = require("elftools.common.exceptions", "emulator", "Reading firmware", "pyelftools")
        self.path = path
        try:
            with path.open("rb") as stream:
                self._read(elffile.ELFFile(stream))
        except OSError as error:
            raise EngineError(f"Cannot read the image {path}: {error}") from error
        except exceptions.ELFError as error:
            raise EngineError(f"{path} is not an ELF image: {error}") from error

    def _read(self, elf: Any) -> None:
        self.entry = int(elf["e_entry"])
        self.segments = tuple(
            Segment(int(s["p_paddr"]), int(s["p_vaddr"]), s.data())
            for s in elf.iter_segments()
            if s["p_type"] == "PT_LOAD" and s["p_filesz"]
        )
        if not self.segments:
            raise EngineError(f"{self.path} loads nothing; it is not a linked image.")
        self.sections = {
            s.name: (int(s["sh_addr"]), int(s["sh_size"])) for s in elf.iter_sections() if s["sh_flags"] & 2
        }
        self.code_ranges = tuple(
            (int(s["sh_addr"]), int(s["sh_addr"]) + int(s["sh_size"]))
            for s in elf.iter_sections()
            if s["sh_flags"] & 4 and s["sh_size"]
        )
        table = elf.get_section_by_name(".symtab")
        if table is None:
            raise EngineError(f"{self.path} has no symbol table; build it without -s.")
        self.symbols = tuple(_symbols(table, is_arm=elf["e_machine"] == "EM_ARM"))
        self._by_name = {s.name: s for s in reversed(self.symbols)}
        self._functions = sorted((s for s in self.symbols if s.is_function), key=lambda s: s.address)

    @property
    def load_address(self) -> int:
        """The lowest address that anything is loaded to: the vector table's on Arm."""
        return min(segment.load_address for segment in self.segments)

    def symbol(self, name: str) -> Symbol:
        """The symbol of that name, or EngineError."""
        if name not in self._by_name:
            raise EngineError(
                f"{self.path.name} has no symbol '{name}'; what nothing uses is left out when linking."
            )
        return self._by_name[name]

    def describe(self, address: int) -> str:
        """An address as text, with the function it lies in."""
        before = [f for f in self._functions if f.address <= address]
        if before and address < before[-1].address + max(before[-1].size, 2):
            return f"{address:#010x} ({before[-1].name}+{address - before[-1].address:#x})"
        return f"{address:#010x} (in no function)"


def _symbols(table: Any, is_arm: bool) -> list[Symbol]:
    found = []
    for entry in table.iter_symbols():
        kind, section = entry["st_info"]["type"], entry["st_shndx"]
        if section == "SHN_UNDEF" or kind not in ("STT_FUNC", "STT_OBJECT", "STT_NOTYPE"):
            continue
        if not entry.name or entry.name.startswith(("$", ".L")):
            continue
        address = int(entry["st_value"])
        is_function = kind == "STT_FUNC"
        if is_function and is_arm:
            address &= ~1
        local = entry["st_info"]["bind"] == "STB_LOCAL"
        found.append(Symbol(entry.name, address, int(entry["st_size"]), is_function, local))
    return found


def elf_sizes(elf: Path, is_table: Callable[[str], bool] = lambda name: False) -> ElfSizes:
    """The exact sizes of an image; `is_table(symbol name)` says what counts as weights, not code.

    Symbols that share bytes (aliases, merged constants) are counted once. Raises EngineError.
    """
    image = ElfImage(elf)
    flash_bytes = sum(len(s.data) for s in image.segments if s.load_address < RAM_ADDRESS)
    data = image.sections.get(".data", (0, 0))[1]
    bss = image.sections.get(".bss", (0, 0))[1]
    tables = {s.name: s for s in image.symbols if not s.is_function and s.size and is_table(s.name)}
    stored = [s for s in tables.values() if _is_stored(s, image)]
    table_bytes = _union_bytes([(s.address, s.address + s.size) for s in stored])
    return ElfSizes(
        flash_bytes=flash_bytes,
        code_bytes=flash_bytes - table_bytes,
        table_bytes=table_bytes,
        data_bytes=data,
        bss_bytes=bss,
        tables={s.name: s.size for s in stored},
        functions={s.name: s.size for s in image.symbols if s.is_function},
        objects={s.name: s.size for s in image.symbols if not s.is_function and s.size},
    )


def object_sizes(elf: Path, objects: Sequence[Path]) -> dict[str, int]:
    """Stored bytes of the image by the object file that defines each symbol, e.g. Firmware.objects.

    Keys are file names; what no object explains (C library, vectors, padding) is under "".
    """
    image = ElfImage(elf)
    stored = {s for s in image.symbols if s.size and _is_stored(s, image)}
    sizes: dict[str, int] = {}
    claimed: list[tuple[int, int]] = []
    for path in objects:
        defined = {(s.name, s.size, s.is_local) for s in object_symbols(path)}
        mine = [s for s in stored if (s.name, s.size, s.is_local) in defined]
        ranges = [(s.address, s.address + s.size) for s in mine]
        sizes[path.name] = _union_bytes(claimed + ranges) - _union_bytes(claimed)
        claimed += ranges
    flash_bytes = sum(len(s.data) for s in image.segments if s.load_address < RAM_ADDRESS)
    sizes[""] = flash_bytes - _union_bytes(claimed)
    return sizes


def object_symbols(path: Path) -> list[Symbol]:
    """The symbols that an object file defines."""
    elffile = require("elftools.elf.elffile", "emulator", "Reading object files", "pyelftools")
    with path.open("rb") as stream:
        elf = elffile.ELFFile(stream)
        table = elf.get_section_by_name(".symtab")
        return [] if table is None else _symbols(table, is_arm=elf["e_machine"] == "EM_ARM")


def undefined_symbols(path: Path) -> set[str]:
    """The names that an object file needs from elsewhere."""
    elffile = require("elftools.elf.elffile", "emulator", "Reading object files", "pyelftools")
    with path.open("rb") as stream:
        table = elffile.ELFFile(stream).get_section_by_name(".symtab")
        entries = [] if table is None else list(table.iter_symbols())
        return {entry.name for entry in entries if entry.name and entry["st_shndx"] == "SHN_UNDEF"}


def _is_stored(symbol: Symbol, image: ElfImage) -> bool:
    """Whether the symbol's bytes are in flash: constants, and variables with initial values."""
    return any(s.run_address <= symbol.address < s.run_address + len(s.data) for s in image.segments)


def _union_bytes(ranges: Sequence[tuple[int, int]]) -> int:
    total, reached = 0, 0
    for low, high in sorted(ranges):
        total += max(0, high - max(low, reached))
        reached = max(reached, high)
    return total


def line_ranges(elf: Path, function: str) -> list[LineRange]:
    """The code of a function by source line, in order of address, from DWARF's .debug_line.

    Neighbouring ranges of the same line are joined; `file` is the base name of the source file (code
    inlined into the function has its own). Raises EngineError if the image has no such function, or no
    line information for it (build with -g).
    """
    elffile = require("elftools.elf.elffile", "emulator", "Reading line information", "pyelftools")
    symbol = ElfImage(elf).symbol(function)
    low, high = symbol.address, symbol.address + symbol.size
    rows: list[LineRange] = []
    with elf.open("rb") as stream:
        image = elffile.ELFFile(stream)
        if image.has_dwarf_info():
            dwarf = image.get_dwarf_info()
            for unit in dwarf.iter_CUs():
                rows += _unit_rows(dwarf.line_program_for_CU(unit), low, high)
                if rows:
                    break
    if not rows:
        raise EngineError(f"{elf.name} has no line information for '{function}'; build it with -g.")
    return _joined(sorted(rows))


def _unit_rows(program: Any, low: int, high: int) -> list[LineRange]:
    rows: list[LineRange] = []
    if program is None:
        return rows
    files = program["file_entry"]
    # DWARF 5 counts files from 0, earlier versions from 1.
    first = 0 if program["version"] >= 5 else 1
    previous: Any = None
    for entry in program.get_entries():
        state = entry.state
        if state is None:
            continue
        if previous is not None and low <= previous.address < high and state.address > previous.address:
            name = files[previous.file - first].name.decode(errors="replace")
            base = name.replace("\\", "/").rsplit("/", 1)[-1]
            rows.append(LineRange(previous.address, min(state.address, high), base, previous.line))
        previous = None if state.end_sequence else state
    return rows


def _joined(rows: Sequence[LineRange]) -> list[LineRange]:
    joined: list[LineRange] = []
    for row in rows:
        last = joined[-1] if joined else None
        if last and last.high == row.low and (last.file, last.line) == (row.file, row.line):
            joined[-1] = last._replace(high=row.high)
        else:
            joined.append(row)
    return joined
