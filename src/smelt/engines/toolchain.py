"""C compilers: which one builds for a target, and how it is called.

A bare-metal image is the caller's sources plus smelt's own start-up code and linker script (folder
`firmware`), so that any of the supported compilers makes an image which the emulators can boot.
"""

from __future__ import annotations

import importlib.util
import os
import shutil
import subprocess
import sys
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from smelt.errors import CompileError
from smelt.targets import Target

FIRMWARE_FOLDER = Path(__file__).parent / "firmware"

# Contraction to fused multiply-add differs between compilers and cores; results must not.
_LANGUAGE_FLAGS = ("-std=c99", "-g", "-ffp-contract=off")
_CPP_FLAGS = ("-std=c++11", "-fno-exceptions", "-fno-rtti", "-fno-threadsafe-statics")
_SECTION_FLAGS = ("-ffunction-sections", "-fdata-sections")
_ZIG_FLAGS = (
    "-fno-sanitize=all",
    "-fno-unwind-tables",
    "-fno-asynchronous-unwind-tables",
    "-fomit-frame-pointer",
)
_WARNING_FLAGS = ("-Wall", "-Wextra", "-Wconversion", "-Wshadow", "-pedantic", "-Werror")
_DIAGNOSTIC_LINES = 12


@dataclass(frozen=True)
class Firmware:
    """A linked bare-metal image and the objects it was linked from, one a source file."""

    elf: Path
    objects: tuple[Path, ...]


@dataclass(frozen=True)
class Toolchain:
    """A C compiler for one target: `name` is "gcc", "clang" or "zig", `command` what starts it."""

    name: str
    version: str
    target: Target
    command: tuple[str, ...]

    @property
    def flags(self) -> tuple[str, ...]:
        """The flags that decide what code it makes, without the level of optimization."""
        return (*self._machine_flags(), *_LANGUAGE_FLAGS, *_SECTION_FLAGS)

    @property
    def warning_flags(self) -> tuple[str, ...]:
        """The flags under which smelt's C builds without a warning."""
        return _WARNING_FLAGS

    def compile_firmware(
        self,
        sources: Sequence[Path],
        include_dirs: Sequence[Path],
        output_elf: Path,
        *,
        optimize: str = "-O2",
        defines: Iterable[str] = (),
        extra_flags: Iterable[str] = (),
        keep: Iterable[str] = (),
    ) -> Firmware:
        """Build a bare-metal image with smelt's start-up code; `main` is called after reset.

        `defines` are "NAME" or "NAME=value"; `extra_flags` go to the compiler; `keep` names functions and
        variables to be linked though the program does not use them. Objects and the linker script are
        kept in the folder `<output_elf>.objects`.
        Raises CompileError with the first diagnostics, or when the target is the host.
        """
        if self.target.isa == "host":
            raise CompileError("The target 'host' has no firmware; build a shared library for it.")
        output_elf.parent.mkdir(parents=True, exist_ok=True)
        folder = output_elf.with_name(output_elf.name + ".objects")
        folder.mkdir(exist_ok=True)
        everything = [*sources, *self._startup_sources()]
        includes = [*include_dirs, FIRMWARE_FOLDER]
        flags = (optimize, *(f"-D{define}" for define in defines), *extra_flags)
        objects = tuple(folder / f"{index:03d}_{s.stem}.o" for index, s in enumerate(everything))

        def compile_one(source: Path, output: Path) -> None:
            own = _CPP_FLAGS if source.suffix in (".cc", ".cpp") else ()
            compiling = [flag for flag in self._compile_flags(includes) if not (own and flag == "-std=c99")]
            self._run([*compiling, *own, *flags, "-c", str(source), "-o", str(output)], source)

        with ThreadPoolExecutor(max_workers=os.cpu_count() or 1) as pool:
            list(pool.map(compile_one, everything, objects))
        script = self._linker_script(folder, keep)
        self._run([*self._link_flags(script), *map(str, objects), "-o", str(output_elf), *self._libraries()])
        return Firmware(output_elf, objects)

    def compile_shared_library(
        self,
        sources: Sequence[Path],
        include_dirs: Sequence[Path],
        output: Path,
        *,
        optimize: str = "-O2",
        defines: Iterable[str] = (),
        extra_flags: Iterable[str] = (),
    ) -> Path:
        """Build a shared library for this computer and return its path; raises CompileError."""
        if self.target.isa != "host":
            raise CompileError(f"A shared library is for the target 'host', not for '{self.target.name}'.")
        output.parent.mkdir(parents=True, exist_ok=True)
        own = _ZIG_FLAGS if self.name == "zig" else ()
        includes = [flag for folder in include_dirs for flag in ("-I", str(folder))]
        flags = [*includes, *(f"-D{define}" for define in defines), *extra_flags]
        libraries = () if sys.platform == "win32" else ("-lm",)
        files = [*map(str, sources), "-o", str(output)]
        self._run([*_LANGUAGE_FLAGS, *own, "-shared", "-fPIC", optimize, *flags, *files, *libraries])
        return output

    def _startup_sources(self) -> tuple[Path, ...]:
        return (FIRMWARE_FOLDER / f"startup_{self.target.isa}.c", FIRMWARE_FOLDER / "semihosting.c")

    def _machine_flags(self) -> tuple[str, ...]:
        if self.name == "zig":
            return ("-target", self.target.zig_target, f"-mcpu={self.target.zig_cpu}", *_ZIG_FLAGS)
        return self.target.gcc_flags

    def _compile_flags(self, include_dirs: Sequence[Path]) -> list[str]:
        includes = [flag for folder in include_dirs for flag in ("-I", str(folder))]
        if self.name == "zig":
            includes += ["-isystem", str(FIRMWARE_FOLDER / "freestanding")]
        else:
            includes += ["--specs=nano.specs"]
        return [*self.flags, *includes]

    def _linker_script(self, folder: Path, keep: Iterable[str]) -> Path:
        # One file, because zig's linker finds no INCLUDE.
        memories = "mps3_an547.ld" if self.target.emulator.startswith("qemu:") else "emulated.ld"
        script = folder / "link.ld"
        parts = [(FIRMWARE_FOLDER / name).read_text(encoding="utf-8") for name in (memories, "sections.ld")]
        kept = [f"EXTERN({name})\n" for name in keep]
        script.write_text("\n".join([*parts, *kept]), encoding="utf-8")
        return script

    def _link_flags(self, script: Path) -> list[str]:
        own = [] if self.name == "zig" else ["--specs=nano.specs", "-nostartfiles"]
        return [
            *self._machine_flags(),
            *own,
            "-O2",
            "-static",
            f"-Wl,-T,{script}",
            "-Wl,--gc-sections",
            "-Wl,--entry=smelt_reset_handler",
        ]

    def _libraries(self) -> tuple[str, ...]:
        # zig adds its compiler_rt by itself: mem*, the soft floats and the float functions of C99.
        return () if self.name == "zig" else ("-lm",)

    def _run(self, arguments: Sequence[str], source: Path | None = None) -> None:
        command = [*self.command, *arguments]
        try:
            done = subprocess.run(command, capture_output=True, text=True, errors="replace", check=False)
        except OSError as error:
            raise CompileError(f"{self.name} could not be started: {error}") from error
        if done.returncode != 0:
            lines = [line for line in (done.stderr + done.stdout).splitlines() if line.strip()]
            what = f"compile {source}" if source else "link"
            raise CompileError(
                f"{self.name} ({self.version}) could not {what} for {self.target.name}:\n"
                + "\n".join(lines[:_DIAGNOSTIC_LINES])
            )


def find_toolchain(target: Target, prefer: str | None = None) -> Toolchain:
    """The C compiler for a target: the first that is present, or the one asked for.

    The order is the target's own gcc, then zig (pip package ziglang); for the host cc, gcc, clang, zig.
    `prefer`, or else the environment variable SMELT_TOOLCHAIN, names "gcc", "clang" or "zig" and
    allows no other. Raises CompileError, saying how to get a compiler.
    """
    wanted = prefer or os.environ.get("SMELT_TOOLCHAIN") or None
    if wanted not in (None, "gcc", "clang", "zig"):
        raise CompileError(f"Unknown toolchain '{wanted}'; known: gcc, clang, zig.")
    for name, command in _candidates(target):
        if wanted in (None, name):
            return Toolchain(name, _version(name, command), target, command)
    raise CompileError(_advice(target, wanted))


def _candidates(target: Target) -> list[tuple[str, tuple[str, ...]]]:
    found: list[tuple[str, tuple[str, ...]]] = []
    if target.isa == "host":
        for program, name in (("cc", None), ("gcc", "gcc"), ("clang", "clang")):
            path = shutil.which(program)
            if path is not None:
                found.append((name or _kind_of(path), (path,)))
    else:
        path = shutil.which(f"{target.gcc_prefix}gcc")
        if path is not None and _has_newlib(path):
            found.append(("gcc", (path,)))
    if importlib.util.find_spec("ziglang") is not None:
        found.append(("zig", (sys.executable, "-m", "ziglang", "cc")))
    return found


@lru_cache(maxsize=16)
def _kind_of(path: str) -> str:
    return "clang" if "clang" in _output_of((path, "--version")).lower() else "gcc"


@lru_cache(maxsize=16)
def _has_newlib(path: str) -> bool:
    """Whether this gcc finds newlib-nano, from which mem* and the float functions come."""
    return os.path.isabs(_output_of((path, "-print-file-name=nano.specs")).strip())


@lru_cache(maxsize=16)
def _version(name: str, command: tuple[str, ...]) -> str:
    if name == "zig":
        return "zig " + _output_of((*command[:-1], "version")).strip()
    return (_output_of((*command, "--version")).splitlines() or ["unknown version"])[0]


def _output_of(command: Sequence[str]) -> str:
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout


def _advice(target: Target, wanted: str | None) -> str:
    if target.isa == "host":
        what, how = "this computer", "a C compiler (gcc or clang) of the system"
    else:
        what = target.name
        how = f"{target.gcc_prefix}gcc with newlib (Debian: gcc-arm-none-eabi, libnewlib-arm-none-eabi)"
        if target.isa != "arm":
            how = f"{target.gcc_prefix}gcc with newlib"
    missing = f"The toolchain '{wanted}' is not there, or cannot build" if wanted else "No C compiler"
    return (
        f"{missing} for {what}. Install {how}, or run: pip install 'smelt[toolchain]' (zig as a C compiler)."
    )
