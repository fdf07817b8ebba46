"""How many cycles a basic block takes on a Cortex-M4 or a Cortex-M0+, from documented tables.

Memory has no wait states, the bus is free, accesses are aligned. A block's cost is static, apart from
the pipeline refill that its last instruction causes when it branches. Sources: Cortex-M4 Technical
Reference Manual r0p1, 3.3.1 and 7.2.3; Cortex-M0+ Technical Reference Manual r0p1, 3.3. The reading of
these tables is the one of the project's baselines (`baselines/tflite_micro.json`, notes).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import lru_cache
from types import MappingProxyType
from typing import Any, NamedTuple

from smelt.errors import EngineError, require


class BlockCost(NamedTuple):
    """Cost of one pass through a block: `refill_cycles` are added when its last branch is taken."""

    instructions: int
    cycles: int
    refill_cycles: int


class _Step(NamedTuple):
    """Cost of an instruction, and the registers that it loads if the next access can overlap it.

    `loaded` is None when the next load or store cannot start during this instruction.
    """

    cycles: int
    refill_cycles: int = 0
    loaded: frozenset[int] | None = None


_MULTIPLE = ("ldm", "stm", "push", "pop", "vldm", "vstm", "vpush", "vpop")
_IMPLICIT_BASE = ("push", "pop", "vpush", "vpop")
_MULTIPLY_ADD = ("vmla", "vmls", "vfma", "vfms", "vnmla", "vnmls", "vfnma", "vfnms")
_NOT_BRANCHES = ("bfc", "bfi", "bic", "bics", "bkpt")
_BARRIERS = ("dsb", "isb", "dmb")


def cost_of_block(code: bytes, address: int, model: str | None) -> BlockCost:
    """Instructions and cycles of a block of Thumb or RISC-V code starting at `address`.

    `model` is "cortex-m4", "cortex-m0plus" or None (cycles are then 0). Encodings that the disassembler
    does not know count one cycle each, for the whole block. Raises MissingExtraError without capstone.
    """
    if model is None:
        raise EngineError("Cycles are estimated for cores with a documented table only.")
    decoded = list(_disassembler().disasm(code, address))
    if sum(instruction.size for instruction in decoded) != len(code):
        count = count_instructions(code, is_arm=True)
        return BlockCost(count, count, 0)
    step_of = _MODELS[model]
    cycles, step = 0, _Step(0)
    for instruction in decoded:
        step = step_of(instruction, step.loaded)
        cycles += step.cycles
    return BlockCost(len(decoded), cycles, step.refill_cycles)


def count_instructions(code: bytes, is_arm: bool) -> int:
    """The number of instructions in a piece of Thumb (or else RISC-V) code, from their lengths."""
    count, offset = 0, 0
    while offset < len(code):
        is_long = code[offset + 1] >> 3 >= 0x1D if is_arm else code[offset] & 3 == 3
        offset += 4 if is_long else 2
        count += 1
    return count


@lru_cache(maxsize=1)
def _disassembler() -> Any:
    capstone = require("capstone", "emulator", "Estimating cycles")
    disassembler = capstone.Cs(capstone.CS_ARCH_ARM, capstone.CS_MODE_THUMB | capstone.CS_MODE_MCLASS)
    disassembler.detail = True
    return disassembler


@lru_cache(maxsize=1)
def _arm() -> Any:
    return require("capstone.arm", "emulator", "Estimating cycles", "capstone")


def _cortex_m4(instruction: Any, loaded: frozenset[int] | None) -> _Step:
    name = instruction.mnemonic.split(".")[0]
    refill = 2 if _writes_pc(instruction) else 0
    if name.startswith(_MULTIPLE):
        return _Step(1 + _transferred_words(instruction, name), refill)
    if name.startswith(("ldrd", "strd")):
        return _Step(3)
    if name.startswith(("vldr", "vstr")):
        return _Step(1 + _words(instruction.operands[0].reg))
    if name.startswith("ldr"):
        return _cortex_m4_load(instruction, loaded, refill)
    if name.startswith("str"):
        return _cortex_m4_store(instruction, loaded)
    if name in ("tbb", "tbh"):
        return _Step(2, 2)
    if name.startswith(("sdiv", "udiv")):
        return _Step(6)
    if name.startswith(("vdiv", "vsqrt")):
        return _Step(14)
    if name.startswith(_MULTIPLY_ADD):
        return _Step(3)
    if name.startswith(_BARRIERS):
        return _Step(2)
    return _Step(1, 2 if _is_branch(name) else refill)


def _cortex_m4_load(instruction: Any, loaded: frozenset[int] | None, refill: int) -> _Step:
    if refill:
        return _Step(2, refill)
    memory = _memory_operand(instruction)
    overlaps = (
        loaded is not None and memory is not None and memory.base not in loaded and memory.index not in loaded
    )
    return _Step(1 if overlaps else 2, 0, frozenset({instruction.operands[0].reg}))


def _cortex_m4_store(instruction: Any, loaded: frozenset[int] | None) -> _Step:
    memory = _memory_operand(instruction)
    if memory is not None and memory.index != 0:
        # A register-offset store takes its address late: it hides behind a load, nothing behind it.
        return _Step(2 if loaded is None else 1)
    return _Step(1, 0, frozenset())


def _cortex_m0plus(instruction: Any, loaded: frozenset[int] | None) -> _Step:
    name = instruction.mnemonic.split(".")[0]
    writes_pc = _writes_pc(instruction)
    if name.startswith(_MULTIPLE):
        refill = 2 if name == "pop" and writes_pc else 0
        return _Step(1 + _transferred_words(instruction, name), refill)
    if name.startswith(("ldr", "str")):
        return _Step(2)
    if name in ("msr", "mrs", *_BARRIERS):
        return _Step(3)
    if name == "bl":
        return _Step(1, 2)
    return _Step(1, 1 if _is_branch(name) or writes_pc else 0)


_MODELS: Mapping[str, Callable[[Any, frozenset[int] | None], _Step]] = MappingProxyType(
    {"cortex-m4": _cortex_m4, "cortex-m0plus": _cortex_m0plus}
)


def _is_branch(name: str) -> bool:
    return name.startswith(("cbz", "cbnz")) or (name[0] == "b" and name not in _NOT_BRANCHES)


def _writes_pc(instruction: Any) -> bool:
    return _arm().ARM_REG_PC in instruction.regs_access()[1]


def _memory_operand(instruction: Any) -> Any:
    kind = _arm().ARM_OP_MEM
    return next((operand.mem for operand in instruction.operands if operand.type == kind), None)


def _transferred_words(instruction: Any, name: str) -> int:
    kind = _arm().ARM_OP_REG
    registers = [operand.reg for operand in instruction.operands if operand.type == kind]
    return sum(map(_words, registers)) - (0 if name.startswith(_IMPLICIT_BASE) else 1)


def _words(register: int) -> int:
    arm = _arm()
    return 2 if arm.ARM_REG_D0 <= register <= arm.ARM_REG_D31 else 1
