"""What tuning has measured, kept between runs: a JSON file a layer in the user's cache folder."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import smelt
from smelt.codegen.sources import kernel_files
from smelt.engines.kernel_figures import Figures
from smelt.engines.toolchain import Toolchain
from smelt.errors import UsageError
from smelt.formats import write_bytes
from smelt.ir import Value
from smelt.operators import find_operator
from smelt.operators.operator import (
    Argument,
    Call,
    Input,
    Kernel,
    Output,
    Parameters,
    Scratch,
    Table,
    Unpacked,
)
from smelt.targets import Target

Key = Mapping[str, Any]
"""What measured figures hold for, as plain data: the layer's signature, the target, the compiler, smelt."""


def default_folder() -> Path:
    """SMELT_CACHE, or `smelt` in XDG_CACHE_HOME, or in ~/.cache."""
    own, shared = os.environ.get("SMELT_CACHE"), os.environ.get("XDG_CACHE_HOME")
    if own:
        return Path(own)
    return (Path(shared) if shared else Path.home() / ".cache") / "smelt"


def key_of(call: Call, kernels: Sequence[Kernel], toolchain: Toolchain, level: str) -> Key:
    """What the figures of these kernels on this call hold for; `level` is the C compiler's.

    Layers that differ in nothing but the contents of tables (weights, biases, multipliers) have one key: kernels
    do the same work on them.
    """
    target = toolchain.target
    return {
        "smelt": smelt.__version__,
        "kernels": {kernel.label: _described(call, kernel, target) for kernel in kernels},
        "target": target.name,
        "compiler": f"{toolchain.name} {toolchain.version}",
        "flags": [*toolchain.flags, level],
        "operator": call.node.operator,
        "attributes": repr(call.attributes),
        "inputs": [
            None if value is None else [*_kind(value), constant is not None]
            for value, constant in zip(call.inputs, call.constants, strict=True)
        ],
        "outputs": [_kind(value) for value in call.outputs],
    }


def _kind(value: Value) -> list[Any]:
    """Type, shape, and how many scales."""
    scales = 0 if value.quantization is None else len(value.quantization.scales)
    return [value.dtype.value, list(value.shape), scales]


def _described(call: Call, kernel: Kernel, target: Target) -> list[Any]:
    """The digest of a kernel's C, and its call with the type and shape of tables in place of their contents."""
    texts = kernel_files(kernel, find_operator(call.node.operator).folder)
    digest = hashlib.sha256("\0".join(f"{name}\0{text}" for name, text in texts.items()).encode())
    lowering = kernel.lower(call, target)
    return [digest.hexdigest()[:16], lowering.function, *(_argument(a) for a in lowering.arguments)]


def _argument(argument: Argument | float | None) -> Any:
    if isinstance(argument, Table):
        return [argument.role, str(argument.array.dtype), *argument.array.shape]
    if isinstance(argument, Parameters):
        return [argument.type, {name: _argument(value) for name, value in argument.fields.items()}]
    if isinstance(argument, Input | Output | Scratch | Unpacked):
        return repr(argument)
    return None if argument is None else float(argument)


class TuningCache:
    """A folder of measured figures; files that are damaged or not its own are reported and left alone.

    `warnings` collects what was wrong with files, a line each; nothing that is wrong with them is an error.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.warnings: list[str] = []

    def path(self, key: Key) -> Path:
        """The file of a key."""
        text = json.dumps(key, sort_keys=True)
        return self.folder / f"tune-{hashlib.sha256(text.encode()).hexdigest()[:32]}.json"

    def load(self, key: Key) -> dict[str, Figures] | None:
        """The figures by kernel label that were stored for this very key; None where there are none."""
        path = self.path(key)
        try:
            document = json.loads(path.read_text(encoding="utf-8"))
            if document["key"] != key:
                raise ValueError("it is of another key")
            found = {label: _figures(document["figures"][label]) for label in key["kernels"]}
        except (FileNotFoundError, NotADirectoryError):
            return None
        except (OSError, ValueError, LookupError, TypeError, AttributeError) as error:
            self.warnings.append(f"{path} is ignored, it is not a tuning result: {error}")
            return None
        return found

    def store(self, key: Key, figures: Mapping[str, Figures]) -> None:
        """Write the figures, whole or not at all; a folder that cannot be written is a warning."""
        document = {"key": key, "figures": {label: asdict(f) for label, f in figures.items()}}
        text = json.dumps(document, indent=1, sort_keys=True) + "\n"
        try:
            write_bytes(self.path(key), text.encode())
        except UsageError as error:
            self.warnings.append(str(error))


def _figures(data: Mapping[str, Any]) -> Figures:
    """Figures from plain data; ValueError or its kin where they make no sense."""
    counts = [data[name] for name in ("cycles", "scratch_bytes", "table_bytes")]
    numbers = [*counts, *data["code"].values()]
    if not all(type(number) is int and number >= 0 for number in numbers) or type(data["exact"]) is not bool:
        raise ValueError("a figure is no number")
    cycles, scratch_bytes, table_bytes = counts
    return Figures(cycles, scratch_bytes, table_bytes, data["exact"], dict(data["code"]))
