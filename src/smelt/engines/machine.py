"""A bare-metal image on an emulated core, in this process: unicorn with calls, counts and faults.

The machine has the image's flash (read-only), 4 MiB of RAM at 0x20000000 and, on Arm, plain memory in
place of the system control space. Nothing else is mapped, so that a stray pointer faults.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Any, NamedTuple

from smelt.engines.block_counter import OUTSIDE, BlockCounter, Counts
from smelt.engines.core import Core, core_for
from smelt.engines.elf import RAM_ADDRESS, ElfImage
from smelt.errors import EngineError, require
from smelt.targets import Target

__all__ = ["OUTSIDE", "BootResult", "CallResult", "Counts", "Machine"]

RAM_BYTES = 4 * 1024 * 1024
_SYSTEM_ADDRESS, _SYSTEM_BYTES = 0xE0000000, 0x100000
# A called function returns to here: an executable page that no image uses.
_RETURN_ADDRESS = 0x1FFF0000
_PAGE_BYTES = 0x1000
_PAINT = 0xA5
_SYS_WRITEC, _SYS_WRITE0, _SYS_EXIT, _SYS_EXIT_EXTENDED = 0x03, 0x04, 0x18, 0x20
_APPLICATION_EXIT = 0x20026


@dataclass(frozen=True)
class CallResult:
    """The outcome of one call.

    `return_value` is the result register as a signed 32-bit number. The rest is None (`phases`
    empty) for an uncounted call: `instructions` executed from the function's first up to and including its
    return; `estimated_cycles`, also None where the core has no documented table; `phases`, the counts by
    label; `stack_bytes`, how far below the stack pointer at entry memory was written.
    """

    return_value: int
    instructions: int | None = None
    estimated_cycles: int | None = None
    phases: Mapping[str, Counts] = field(default_factory=lambda: MappingProxyType({}))
    stack_bytes: int | None = None


class BootResult(NamedTuple):
    """What a whole program did: its exit status and the text that it wrote over semihosting."""

    exit_status: int
    output: str


class Machine:
    """An emulated core with an image loaded and its variables initialized, ready for calls.

    `elf` is an image as `Toolchain.compile_firmware` makes it. Raises EngineError for what cannot be
    read or emulated in process (Cortex-M55: see engines/qemu.py), MissingExtraError without unicorn.
    Not for use from several threads at once.
    """

    def __init__(self, elf: Path, target: Target) -> None:
        self._unicorn = require("unicorn", "emulator", "Emulating a core")
        self.target = target
        self.image = ElfImage(elf)
        self._core: Core = core_for(target)
        self.reset()

    def reset(self) -> None:
        """Put memory back to its state after start-up: variables initialized, the rest zero."""
        self._engine = self._core.open_engine()
        self._fault: str | None = None
        self._exit_status: int | None = None
        self._output = bytearray()
        self._map_memory()
        for segment in self.image.segments:
            self.write(segment.load_address, segment.data)
            self.write(segment.run_address, segment.data)
        self._engine.hook_add(self._unicorn.UC_HOOK_INTR, self._on_interrupt)
        self._engine.hook_add(self._unicorn.UC_HOOK_INSN_INVALID, self._on_invalid_instruction)
        self._engine.hook_add(self._unicorn.UC_HOOK_MEM_INVALID, self._on_invalid_access)

    @property
    def output(self) -> str:
        """The text written over semihosting since the last reset."""
        return self._output.decode(errors="replace")

    def symbol(self, name: str) -> tuple[int, int]:
        """Address and size in bytes of a function or variable; raises EngineError if there is none."""
        symbol = self.image.symbol(name)
        return symbol.address, symbol.size

    def read(self, address: int, n: int) -> bytes:
        """`n` bytes of memory; raises EngineError where nothing is mapped."""
        try:
            return bytes(self._engine.mem_read(address, n))
        except self._unicorn.UcError as error:
            raise EngineError(f"Cannot read {n} bytes at {address:#x}: {error}") from error

    def write(self, address: int, data: bytes) -> None:
        """Set memory, flash included; raises EngineError where nothing is mapped."""
        try:
            self._engine.mem_write(address, bytes(data))
        except self._unicorn.UcError as error:
            raise EngineError(f"Cannot write {len(data)} bytes at {address:#x}: {error}") from error

    def call(
        self,
        function: str,
        *arguments: int,
        count: bool = False,
        phases: Sequence[tuple[int, int, str]] = (),
        instruction_limit: int | None = None,
        timeout_seconds: float = 600.0,
    ) -> CallResult:
        """Call a C function with integer or pointer arguments; see CallResult, and BlockCounter on phases.

        A counted call also measures the stack. The memory between the image's variables and the stack
        pointer is taken to be the stack's. `instruction_limit` ends a call after at least that many
        and at most twice as many instructions. Raises EngineError on a fault, with the address and
        function, on a limit, and on an exit over semihosting.
        """
        entry = self.image.symbol(function).address
        stack_pointer = self._prepare_call(arguments)
        counter = None
        if count or instruction_limit is not None:
            low, high = self._code_range()
            counter = BlockCounter(low, high, phases, instruction_limit)
        painted = self._paint_stack(stack_pointer) if count else None
        self._run(entry, timeout_seconds, counter, f"the call of '{function}'")
        value = self._core.read(self._engine, self._core.result)
        value -= (value & 0x80000000) << 1
        if counter is None or painted is None:
            return CallResult(value)
        stack_bytes = self._unpaint_stack(stack_pointer, painted)
        low, high = self._code_range()
        totals = counter.totals(self.read(low, high - low), self.target)
        cycles = [counts.estimated_cycles for counts in totals.values()]
        return CallResult(
            return_value=value,
            instructions=sum(counts.instructions for counts in totals.values()),
            estimated_cycles=sum(c for c in cycles if c is not None) if self.target.cycle_model else None,
            phases=MappingProxyType(totals),
            stack_bytes=stack_bytes,
        )

    def boot(self, timeout_seconds: float = 600.0) -> BootResult:
        """Run the whole program, from reset to its exit over semihosting; raises EngineError on a fault."""
        self.reset()
        entry = self.image.entry
        if self.target.isa == "arm":
            entry = self._word(self.image.load_address + 4)
            self._core.write(self._engine, self._core.stack_pointer, self._stack_top())
        self._run(entry & ~1, timeout_seconds, None, "the program")
        if self._exit_status is None:
            raise EngineError("The program ended without an exit over semihosting.")
        return BootResult(self._exit_status, self.output)

    def _word(self, address: int) -> int:
        return int.from_bytes(self.read(address, 4), "little")

    def _map_memory(self) -> None:
        engine, unicorn = self._engine, self._unicorn
        stored = [s for s in self.image.segments if s.load_address < RAM_ADDRESS]
        if not stored:
            raise EngineError(f"{self.image.path.name} stores nothing below {RAM_ADDRESS:#x}, in flash.")
        low = min(s.load_address for s in stored) & -_PAGE_BYTES
        high = max(s.load_address + len(s.data) for s in stored)
        engine.mem_map(low, _pages(high - low), unicorn.UC_PROT_READ | unicorn.UC_PROT_EXEC)
        engine.mem_map(RAM_ADDRESS, RAM_BYTES)
        engine.mem_map(_RETURN_ADDRESS, _PAGE_BYTES, unicorn.UC_PROT_READ | unicorn.UC_PROT_EXEC)
        engine.mem_write(_RETURN_ADDRESS, self._core.endless_loop)
        if self.target.isa == "arm":
            engine.mem_map(_SYSTEM_ADDRESS, _SYSTEM_BYTES)

    def _code_range(self) -> tuple[int, int]:
        low = min(low for low, _ in self.image.code_ranges)
        high = max(high for _, high in self.image.code_ranges)
        if high > RAM_ADDRESS:
            raise EngineError(f"{self.image.path.name} has code in RAM, whose instructions are not counted.")
        return low, high

    def _stack_top(self) -> int:
        if self.target.isa == "arm":
            return self._word(self.image.load_address)
        return self.image.symbol("smelt_stack_top").address

    def _stack_floor(self) -> int:
        sections = self.image.sections.values()
        return max((a + size for a, size in sections if a >= RAM_ADDRESS), default=RAM_ADDRESS)

    def _prepare_call(self, arguments: Sequence[int]) -> int:
        """Set argument registers and stack as the procedure call standard says; gives the stack pointer."""
        engine, core = self._engine, self._core
        core.reset_status(engine)
        in_registers, on_stack = arguments[: len(core.arguments)], arguments[len(core.arguments) :]
        stack_pointer = (self._stack_top() - 4 * len(on_stack)) & -core.stack_alignment
        for register, value in zip(core.arguments, in_registers, strict=False):
            core.write(engine, register, value & 0xFFFFFFFF)
        for index, value in enumerate(on_stack):
            self.write(stack_pointer + 4 * index, (value & 0xFFFFFFFF).to_bytes(4, "little"))
        core.write(engine, core.stack_pointer, stack_pointer)
        core.write(engine, core.return_address, core.code_pointer(_RETURN_ADDRESS))
        return stack_pointer

    def _run(self, entry: int, timeout_seconds: float, counter: BlockCounter | None, what: str) -> None:
        """Emulate from `entry` until the return address or an exit; EngineError for any other end."""
        self._fault = self._exit_status = None
        timed_out = threading.Event()

        def give_up() -> None:
            timed_out.set()
            self._engine.emu_stop()

        timer = threading.Timer(timeout_seconds, give_up)
        timer.daemon = True
        detach = counter.attach(self._engine) if counter else None
        timer.start()
        try:
            self._resume_at: int | None = entry
            while self._resume_at is not None:
                self._emulate(self._resume_at)
        finally:
            timer.cancel()
            if detach:
                detach()
        if timed_out.is_set() and self._fault is None:
            self._fault = f"the time limit of {timeout_seconds:g} s is over"
        if counter is not None and counter.is_exhausted and self._fault is None:
            self._fault = "the instruction limit is reached"
        self._check_end(what)

    def _check_end(self, what: str) -> None:
        program_counter = self._core.read(self._engine, self._core.program_counter) & ~1
        where = self.image.describe(program_counter)
        if self._fault is not None:
            raise EngineError(f"Failure in {what} at {where}: {self._fault}.")
        if self._exit_status is not None and what != "the program":
            raise EngineError(f"The program exited with status {self._exit_status} during {what} at {where}.")
        if self._exit_status is None and program_counter != _RETURN_ADDRESS:
            raise EngineError(f"The emulator stopped in {what} at {where}, without a reason.")

    def _emulate(self, entry: int) -> None:
        self._resume_at = None
        try:
            self._engine.emu_start(self._core.code_pointer(entry), _RETURN_ADDRESS)
        except self._unicorn.UcError as error:
            if self._resume_at is None and self._exit_status is None:
                self._fault = self._fault or str(error)

    def _paint_stack(self, stack_pointer: int) -> bytes:
        floor = self._stack_floor()
        before = self.read(floor, stack_pointer - floor)
        self.write(floor, bytes([_PAINT]) * len(before))
        return before

    def _unpaint_stack(self, stack_pointer: int, before: bytes) -> int:
        floor = self._stack_floor()
        after = self.read(floor, len(before))
        self.write(floor, before)
        return len(after.lstrip(bytes([_PAINT])))

    def _on_invalid_access(
        self, _engine: Any, access: int, address: int, size: int, _value: int, _user: object
    ) -> bool:
        unicorn = self._unicorn
        kinds = {
            unicorn.UC_MEM_READ_UNMAPPED: "read of unmapped memory",
            unicorn.UC_MEM_WRITE_UNMAPPED: "write to unmapped memory",
            unicorn.UC_MEM_FETCH_UNMAPPED: "execution of unmapped memory",
            unicorn.UC_MEM_WRITE_PROT: "write to flash",
        }
        self._fault = f"{kinds.get(access, 'forbidden access')}, {size} bytes at {address:#010x}"
        return False

    def _on_interrupt(self, engine: Any, number: int, _user: object) -> None:
        following = self._after_semihosting()
        if following is None:
            self._fault = self._fault or self._core.exception_text(number)
        elif self._exit_status is None:
            self._core.write(engine, self._core.program_counter, self._core.code_pointer(following))
            return
        engine.emu_stop()

    def _on_invalid_instruction(self, _engine: Any, _user: object) -> bool:
        # unicorn reports RISC-V's ebreak in this way, and cannot go on by itself.
        following = self._after_semihosting()
        if following is None:
            self._fault = "undefined instruction"
        elif self._exit_status is None:
            self._resume_at = following
        return False

    def _after_semihosting(self) -> int | None:
        """Serve the call of the host at the program counter; where to go on, or None if there is none."""
        program_counter = self._core.read(self._engine, self._core.program_counter) & ~1
        if not self._core.is_semihosting(self._instruction_bytes(program_counter)):
            return None
        self._semihost()
        return program_counter + self._core.semihosting_bytes

    def _instruction_bytes(self, address: int) -> bytes:
        try:
            return self.read(address, 4)
        except EngineError:
            return b""

    def _semihost(self) -> None:
        core = self._core
        operation = core.read(self._engine, core.arguments[0])
        argument = core.read(self._engine, core.arguments[1])
        if operation == _SYS_WRITEC:
            self._output += self.read(argument, 1)
        elif operation == _SYS_WRITE0:
            while (byte := self.read(argument, 1)) != b"\0":
                self._output += byte
                argument += 1
        elif operation == _SYS_EXIT:
            self._exit_status = 0 if argument == _APPLICATION_EXIT else 1
        elif operation == _SYS_EXIT_EXTENDED:
            status = self._word(argument + 4) if self._word(argument) == _APPLICATION_EXIT else 1
            self._exit_status = status - ((status & 0x80000000) << 1)


def _pages(size: int) -> int:
    return (size + _PAGE_BYTES - 1) & -_PAGE_BYTES
