"""What this machine has of the things that smelt can use."""

from __future__ import annotations

import platform
import re
import shutil
import subprocess
from dataclasses import dataclass
from importlib import metadata


@dataclass
class Item:
    """A thing that smelt can use: its version (None when missing), what it enables, how to get it."""

    name: str
    version: str | None
    enables: str
    install: str


_PACKAGES = (
    ("onnx", "reading .onnx files", "onnx"),
    ("h5py", "reading Keras files", "keras"),
    ("unicorn", "the emulated cores", "emulator"),
    ("pyelftools", "sizes and layers of firmware", "emulator"),
    ("capstone", "instruction and cycle counts", "emulator"),
    ("ziglang", "compiling for every target without root", "toolchain"),
    ("ortools", "somewhat smaller arenas", "solver"),
    ("ai-edge-litert", "the engine litert", "compare"),
    ("tflite-micro", "the engine tflm", "compare"),
    ("onnxruntime", "the engine onnxruntime", "compare"),
    ("torch", "live PyTorch modules, writing PyTorch's files, the engine torch", "torch"),
    ("apache-tvm", "the engine tvm, libraries for TVM's runtime", "tvm"),
)
_PROGRAMS = (
    ("arm-none-eabi-gcc", "compiling for Cortex-M", "apt install gcc-arm-none-eabi libnewlib-arm-none-eabi"),
    ("gcc", "the engine native, fast counting", "apt install gcc"),
    ("clang", "the engine native (instead of gcc)", "apt install clang"),
    ("qemu-system-arm", "running Cortex-M55 images", "apt install qemu-system-arm"),
)


def inventory() -> list[Item]:
    """Everything that smelt can use, packages first."""
    items = [Item("python", platform.python_version(), "smelt", "")]
    for package, enables, extra in _PACKAGES:
        items.append(Item(package, _package_version(package), enables, f"pip install 'smelt[{extra}]'"))
    for program, enables, install in _PROGRAMS:
        items.append(Item(program, _program_version(program), enables, install))
    return items


def _package_version(package: str) -> str | None:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return None


def _program_version(program: str) -> str | None:
    path = shutil.which(program)
    if path is None:
        return None
    try:
        output = subprocess.run(
            [path, "--version"], capture_output=True, text=True, timeout=20, check=False
        ).stdout
    except (OSError, subprocess.TimeoutExpired):
        return None
    found = re.search(r"\d+\.\d+(\.\d+)?", output)
    return found.group() if found else "installed"
