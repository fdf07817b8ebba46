"""A bare-metal image under QEMU, for cores that unicorn lacks: Cortex-M55 on the machine mps3-an547.

The program runs from reset to its exit over semihosting. It can count its own instructions, by reading a
timer on a clock that advances with every instruction (`firmware/count_main.c`).
"""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path
from typing import NamedTuple

from smelt.errors import EngineError
from smelt.targets import Target

_PROGRAM = "qemu-system-arm"
# 2**10 ns of virtual time an instruction: more than a tick of any timer of the machine, so that none is missed.
_COUNT_FLAGS = ("-icount", "shift=10")


class ProgramResult(NamedTuple):
    """What a program did: its exit status and the text that it wrote over semihosting."""

    exit_status: int
    output: str


def is_available() -> bool:
    """Whether qemu-system-arm is installed."""
    return shutil.which(_PROGRAM) is not None


def run_image(elf: Path, target: Target, timeout: float = 600.0, *, count: bool = False) -> ProgramResult:
    """Run an image to its end on the QEMU machine of a target; `timeout` is in seconds.

    With `count` virtual time advances 1024 ns an instruction, else as QEMU likes.
    Raises EngineError without QEMU (Debian: qemu-system-arm), for a target without a QEMU machine, at
    the time limit, and when QEMU cannot run the image.
    """
    kind, _, machine = target.emulator.partition(":")
    if kind != "qemu":
        raise EngineError(f"The target '{target.name}' has no QEMU machine; see smelt.engines.machine.")
    if not is_available():
        raise EngineError(
            f"Running on '{target.name}' needs {_PROGRAM} (Debian: apt install qemu-system-arm)."
        )
    command = [_PROGRAM, "-machine", machine, "-nographic", "-monitor", "none", "-serial", "none"]
    command += ["-semihosting-config", "enable=on,target=native", "-kernel", str(elf)]
    command += _COUNT_FLAGS if count else ()
    try:
        done = subprocess.run(
            command, stdin=subprocess.DEVNULL, capture_output=True, timeout=timeout, check=False
        )
    except subprocess.TimeoutExpired as error:
        raise EngineError(f"{elf.name} did not end within {timeout:g} s on {machine}.") from error
    errors = done.stderr.decode(errors="replace")
    # Semihosting text may come on either stream; QEMU's own complaints carry its name.
    if done.returncode < 0 or "qemu-system-arm:" in errors or "Lockup" in errors:
        raise EngineError(f"{elf.name} failed on {machine}: {errors.strip()[:500] or done.returncode}")
    return ProgramResult(done.returncode, done.stdout.decode(errors="replace") + errors)
