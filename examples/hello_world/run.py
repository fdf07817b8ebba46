"""Builds main.c, and main.cc in the names of TensorFlow Lite Micro, with smelt's interpreter for an emulated
Cortex-M4 and runs them.

    python examples/hello_world/run.py [FOLDER]

What is built stays in FOLDER, by default build/hello_world. Needs an Arm compiler (arm-none-eabi-gcc, or the package
ziglang) and unicorn.
"""

from __future__ import annotations

import json
import shlex
import subprocess
import sys
from pathlib import Path

from smelt.engines.machine import Machine
from smelt.engines.toolchain import find_toolchain
from smelt.targets import find_target

HERE = Path(__file__).parent
MODEL = HERE / "sine.tflite"
TARGET = "cortex-m4"
PROGRAMS = ("main.c", "main.cc")


def smelt(*arguments: str | Path) -> str:
    """Show a command, run it, and return what it prints."""
    words = [str(argument) for argument in arguments]
    print(f"$ smelt {shlex.join(words)}", flush=True)
    command = [sys.executable, "-m", "smelt", *words]
    return subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout


def main() -> int:
    """Write the C, compile, run; the exit status of the program."""
    out = Path(sys.argv[1] if len(sys.argv) > 1 else "build/hello_world")
    smelt("runtime", "-o", out / "interpreter")
    smelt("resolver", MODEL, "-o", out / "ops.h")
    smelt("convert", MODEL, "-o", out / "sine.h")
    arena = json.loads(smelt("arena", MODEL, "--target", TARGET, "--json"))["arena_bytes"]
    return max(run(out, program, arena) for program in PROGRAMS)


def run(out: Path, program: str, arena: int) -> int:
    """Compile one of the programs and run it: its exit status."""
    target = find_target(TARGET)
    elf = out / f"{program.replace('.', '_')}.elf"
    sources = [HERE / program, *sorted((out / "interpreter").glob("*.c"))]
    includes = [out, out / "interpreter"]
    find_toolchain(target).compile_firmware(
        sources, includes, elf, optimize="-Os", defines=[f"ARENA_BYTES={arena}"]
    )
    print(f"$ {elf} on an emulated {TARGET}")
    result = Machine(elf, target).boot()
    print(result.output, end="")
    return result.exit_status


if __name__ == "__main__":
    sys.exit(main())
