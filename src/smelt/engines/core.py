"""What differs between the cores that unicorn emulates: registers, calling convention, exceptions."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from smelt.errors import EngineError, require
from smelt.targets import Target

_THUMB_STATE = 1 << 24
_ARM_EXCEPTIONS = {1: "undefined instruction", 2: "supervisor call", 3: "prefetch abort", 4: "data abort"}
_ARM_MORE_EXCEPTIONS = {7: "breakpoint", 17: "no coprocessor (is the FPU enabled?)", 18: "invalid state"}
_RISCV_EXCEPTIONS = {2: "illegal instruction", 3: "breakpoint", 4: "misaligned load", 6: "misaligned store"}


@dataclass(frozen=True)
class Core:
    """One emulated core; register fields are unicorn's numbers."""

    architecture: int
    mode: int
    model: int
    arguments: tuple[int, ...]
    result: int
    stack_pointer: int
    return_address: int
    program_counter: int
    status: int | None
    stack_alignment: int
    endless_loop: bytes
    semihosting_code: bytes
    exceptions: Mapping[int, str]

    @property
    def semihosting_bytes(self) -> int:
        """Length of the instruction that calls the host."""
        return len(self.semihosting_code)

    def open_engine(self) -> Any:
        """A new unicorn engine of this core, with no memory."""
        unicorn = require("unicorn", "emulator", "Emulating a core")
        engine = unicorn.Uc(self.architecture, self.mode)
        engine.ctl_set_cpu_model(self.model)
        return engine

    def read(self, engine: Any, register: int) -> int:
        """The value of a register, unsigned."""
        return int(engine.reg_read(register)) & 0xFFFFFFFF

    def write(self, engine: Any, register: int, value: int) -> None:
        """Set a register."""
        engine.reg_write(register, value)

    def code_pointer(self, address: int) -> int:
        """An address as the core jumps to it: with the Thumb bit on Arm."""
        return address | 1 if self.status is not None else address

    def reset_status(self, engine: Any) -> None:
        """Forget flags and a half-done IT block of an earlier, faulted call."""
        if self.status is not None:
            engine.reg_write(self.status, _THUMB_STATE)

    def is_semihosting(self, instruction: bytes) -> bool:
        """Whether the instruction that caused an exception is a call of the host."""
        return instruction.startswith(self.semihosting_code)

    def exception_text(self, number: int) -> str:
        """An exception in words."""
        return self.exceptions.get(number, f"exception {number}")


def core_for(target: Target) -> Core:
    """The core that stands for a target; raises EngineError for one that unicorn does not have."""
    kind, _, model = target.emulator.partition(":")
    if kind != "unicorn":
        raise EngineError(f"The target '{target.name}' cannot be emulated in process.")
    return _riscv() if target.isa == "riscv" else _arm(model)


def _arm(model: str) -> Core:
    unicorn = require("unicorn", "emulator", "Emulating a core")
    arm = require("unicorn.arm_const", "emulator", "Emulating a core", "unicorn")
    return Core(
        architecture=unicorn.UC_ARCH_ARM,
        mode=unicorn.UC_MODE_THUMB | unicorn.UC_MODE_MCLASS,
        model=getattr(arm, "UC_CPU_ARM_" + model.replace("-", "_").upper()),
        arguments=(arm.UC_ARM_REG_R0, arm.UC_ARM_REG_R1, arm.UC_ARM_REG_R2, arm.UC_ARM_REG_R3),
        result=arm.UC_ARM_REG_R0,
        stack_pointer=arm.UC_ARM_REG_SP,
        return_address=arm.UC_ARM_REG_LR,
        program_counter=arm.UC_ARM_REG_PC,
        status=arm.UC_ARM_REG_XPSR,
        stack_alignment=8,
        endless_loop=b"\xfe\xe7",
        semihosting_code=b"\xab\xbe",
        exceptions={**_ARM_EXCEPTIONS, **_ARM_MORE_EXCEPTIONS},
    )


def _riscv() -> Core:
    unicorn = require("unicorn", "emulator", "Emulating a core")
    riscv = require("unicorn.riscv_const", "emulator", "Emulating a core", "unicorn")
    return Core(
        architecture=unicorn.UC_ARCH_RISCV,
        mode=unicorn.UC_MODE_RISCV32,
        model=riscv.UC_CPU_RISCV32_ANY,
        arguments=tuple(riscv.UC_RISCV_REG_A0 + index for index in range(8)),
        result=riscv.UC_RISCV_REG_A0,
        stack_pointer=riscv.UC_RISCV_REG_SP,
        return_address=riscv.UC_RISCV_REG_RA,
        program_counter=riscv.UC_RISCV_REG_PC,
        status=None,
        stack_alignment=16,
        endless_loop=b"\x6f\x00\x00\x00",
        semihosting_code=b"\x73\x00\x10\x00",
        exceptions=_RISCV_EXCEPTIONS,
    )
