"""Counting executed basic blocks of a unicorn core, by phase, at nearly full speed.

unicorn calls back at the start of every block. The callback is a few lines of C, compiled for this
computer on first use into smelt's cache folder; where there is no C compiler, the same in Python.
"""

from __future__ import annotations

import ctypes
import hashlib
import os
import platform
import tempfile
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache, partial
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from smelt.engines.cycle_model import BlockCost, cost_of_block, count_instructions
from smelt.engines.toolchain import find_toolchain
from smelt.errors import CompileError, EngineError, require
from smelt.targets import Target, find_target

OUTSIDE = "(outside)"
_SOURCE = Path(__file__).with_name("block_counter.c")
_UNLIMITED = 2**62
_LONGEST_INSTRUCTION_BYTES = 4


class Counts(NamedTuple):
    """What was executed: instructions, estimated cycles (None without a documented table), blocks."""

    instructions: int
    estimated_cycles: int | None
    blocks: int


class _State(ctypes.Structure):
    """Field for field `struct block_counter` of block_counter.c."""

    _fields_ = (
        ("code_base", ctypes.c_uint64),
        ("halfwords", ctypes.c_uint64),
        ("executions", ctypes.c_void_p),
        ("taken", ctypes.c_void_p),
        ("block_bytes", ctypes.c_void_p),
        ("phase_at", ctypes.c_void_p),
        ("stop", ctypes.c_void_p),
        ("phase", ctypes.c_uint64),
        ("previous_slot", ctypes.c_uint64),
        ("previous_end", ctypes.c_uint64),
        ("has_previous", ctypes.c_uint64),
        ("conflicts", ctypes.c_uint64),
        ("bytes_allowed", ctypes.c_int64),
    )


class BlockCounter:
    """Counters for the code between two addresses, split by phase.

    `phases` are (low, high, label) address ranges. When a block ends inside a range (its last
    instruction lies there), that phase begins; other blocks belong to the phase that is on. The last
    instruction decides because it is the call: the block that begins after the return from one layer's
    kernel also loads the arguments of the next layer's call, and ends with that call. Until the first
    phase begins, blocks are booked under OUTSIDE. Several ranges may have one label.
    """

    def __init__(
        self,
        code_low: int,
        code_high: int,
        phases: Sequence[tuple[int, int, str]] = (),
        instruction_limit: int | None = None,
    ) -> None:
        self.labels = list(dict.fromkeys([OUTSIDE, *(label for _, _, label in phases)]))
        halfwords = (code_high - code_low + 1) // 2
        # Untouched rows cost no memory: the pages of a zeroed array come into being when written.
        self._executions = np.zeros((len(self.labels), halfwords), np.uint64)
        self._taken = np.zeros((len(self.labels), halfwords), np.uint64)
        self._block_bytes = np.zeros(halfwords, np.uint32)
        self._phase_at = np.zeros(halfwords, np.uint16)
        for low, high, label in phases:
            first, last = max(low - code_low, 0) // 2, max(high - code_low, 0) // 2
            self._phase_at[first:last] = self.labels.index(label) + 1
        limit = _UNLIMITED if instruction_limit is None else instruction_limit * _LONGEST_INSTRUCTION_BYTES
        self._state = _State(
            code_base=code_low,
            halfwords=halfwords,
            executions=self._executions.ctypes.data,
            taken=self._taken.ctypes.data,
            block_bytes=self._block_bytes.ctypes.data,
            phase_at=self._phase_at.ctypes.data,
            bytes_allowed=limit,
        )

    @property
    def is_exhausted(self) -> bool:
        """Whether the instruction limit was reached."""
        return bool(self._state.bytes_allowed < 0)

    def attach(self, engine: Any) -> Callable[[], None]:
        """Start counting on a unicorn engine; the function that comes back ends it.

        Translated code is thrown away on both occasions: unicorn decides at translation whether a
        block calls back, so that uncounted runs pay nothing.
        """
        unicorn = require("unicorn", "emulator", "Counting instructions")
        callback = compiled_callback()
        if callback is None:
            handle = engine.hook_add(unicorn.UC_HOOK_BLOCK, self._count_in_python)
            remove: Callable[[], None] = partial(engine.hook_del, handle)
        else:
            remove = self._attach_compiled(engine, callback, unicorn.UC_HOOK_BLOCK)
        engine.ctl_flush_tb()

        def detach() -> None:
            remove()
            engine.ctl_flush_tb()
            # The last block left for an address that was not reported: by its return, which branches.
            if self._state.has_previous:
                self._taken.reshape(-1)[self._state.previous_slot] += np.uint64(1)
                self._state.has_previous = 0

        return detach

    def _attach_compiled(self, engine: Any, callback: int, hook_type: int) -> Callable[[], None]:
        binding = require("unicorn.unicorn_py3.unicorn", "emulator", "Counting instructions", "unicorn")
        self._state.stop = ctypes.cast(binding.uclib.uc_emu_stop, ctypes.c_void_p).value
        handle = ctypes.c_size_t()
        status = binding.uclib.uc_hook_add(
            engine._uch,
            ctypes.byref(handle),
            hook_type,
            ctypes.c_void_p(callback),
            ctypes.addressof(self._state),
            ctypes.c_uint64(1),
            ctypes.c_uint64(0),
        )
        if status != 0:
            raise EngineError(f"unicorn refused the block counter (error {status}).")

        def remove() -> None:
            binding.uclib.uc_hook_del(engine._uch, handle)

        return remove

    def _count_in_python(self, engine: Any, address: int, size: int, _user: object) -> None:
        """The twin of smelt_count_block."""
        state = self._state
        if state.has_previous:
            self._taken.reshape(-1)[state.previous_slot] += np.uint64(address != state.previous_end)
            state.has_previous = 0
        halfword = (address - state.code_base) // 2
        if address < state.code_base or halfword + size // 2 > state.halfwords or size == 0:
            return
        phase = int(self._phase_at[halfword + size // 2 - 1])
        if phase != 0:
            state.phase = phase - 1
        if self._block_bytes[halfword] == 0:
            self._block_bytes[halfword] = size
        state.conflicts += int(self._block_bytes[halfword] != size)
        slot = state.phase * state.halfwords + halfword
        self._executions.reshape(-1)[slot] += np.uint64(1)
        state.previous_slot, state.previous_end, state.has_previous = slot, address + size, 1
        state.bytes_allowed -= size
        if state.bytes_allowed < 0:
            engine.emu_stop()

    def totals(self, code: bytes, target: Target) -> dict[str, Counts]:
        """Counts by label (those that were reached); `code` is the code from the lowest address on."""
        if self._state.conflicts:
            raise EngineError("unicorn cut a block in two ways; the instruction count would be wrong.")
        base = int(self._state.code_base)
        costs: dict[int, BlockCost] = {}
        for halfword in map(int, np.flatnonzero(self._block_bytes)):
            block = code[2 * halfword : 2 * halfword + int(self._block_bytes[halfword])]
            costs[halfword] = _cost(block, base + 2 * halfword, target)
        return {
            label: counts
            for row, label in enumerate(self.labels)
            if (counts := self._row_total(row, costs, target)).blocks
        }

    def _row_total(self, row: int, costs: Mapping[int, BlockCost], target: Target) -> Counts:
        instructions = cycles = blocks = 0
        for halfword in map(int, np.flatnonzero(self._executions[row])):
            executed, taken = int(self._executions[row, halfword]), int(self._taken[row, halfword])
            cost = costs[halfword]
            instructions += cost.instructions * executed
            cycles += cost.cycles * executed + cost.refill_cycles * taken
            blocks += executed
        return Counts(instructions, cycles if target.cycle_model else None, blocks)


def _cost(block: bytes, address: int, target: Target) -> BlockCost:
    if target.cycle_model is None:
        return BlockCost(count_instructions(block, target.isa == "arm"), 0, 0)
    return cost_of_block(block, address, target.cycle_model)


def cache_folder() -> Path:
    """Where smelt keeps what it compiles for itself: $SMELT_CACHE, else ~/.cache/smelt."""
    chosen = os.environ.get("SMELT_CACHE")
    return Path(chosen) if chosen else Path.home() / ".cache" / "smelt"


@lru_cache(maxsize=1)
def compiled_callback() -> int | None:
    """The address of the C callback, compiled if the cache has none; None if it cannot be compiled."""
    try:
        library = ctypes.CDLL(str(_compiled_library()))
    except (CompileError, OSError, RuntimeError):
        return None
    return ctypes.cast(library.smelt_count_block, ctypes.c_void_p).value


def _compiled_library() -> Path:
    source = _SOURCE.read_bytes()
    machine = f"{platform.system()}-{platform.machine()}"
    key = hashlib.sha256(source + machine.encode()).hexdigest()[:16]
    folder = cache_folder()
    library = folder / f"block_counter-{key}.so"
    if not library.exists():
        folder.mkdir(parents=True, exist_ok=True)
        # Renaming is atomic: whoever comes second replaces the file by an equal one.
        with tempfile.TemporaryDirectory(dir=folder) as workplace:
            built = find_toolchain(find_target("host")).compile_shared_library(
                [_SOURCE], [], Path(workplace) / library.name
            )
            os.replace(built, library)
    return library
