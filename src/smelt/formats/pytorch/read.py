"""Reading PyTorch's files: which of its formats one is, and what to do with those that hold no network."""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence

import numpy as np

from smelt.errors import FormatError, GraphError, UnsupportedError
from smelt.formats.pytorch.archive import Archive
from smelt.formats.pytorch.exported import trace_exported
from smelt.formats.pytorch.naming import check_names
from smelt.formats.pytorch.operands import IntegersNeeded
from smelt.formats.pytorch.pickles import names_in
from smelt.formats.pytorch.scripted import trace_lite, trace_script
from smelt.formats.pytorch.tracing import Tracer
from smelt.formats.pytorch.translate import translated
from smelt.ir import Graph

EXPORT = "torch.export.save(torch.export.export(model.eval(), (example,)), 'model.pt2')"
"""What to do with files that hold no network, in messages."""


def read_pytorch(data: bytes, name: str, shapes: Mapping[str, Sequence[int]] | None = None) -> Graph:
    """The graph in a .pt2, TorchScript .pt or lite-interpreter .ptl file; nothing of the file is run.

    `shapes` gives the input shapes, in PyTorch's order of dimensions, that the file leaves open: all of a
    scripted file's, none of a traced one's; a symbolic batch is 1.

    Images are NHWC and signals NLC in the graph where convolutions and pools read or make them;
    `metadata["layout:<name>"]` is then b"NCHW" or b"NCL".  The model's result is named "output"; several are
    "output_0", "output_1" …, or what a dictionary calls them.

    Raises FormatError for damaged files, UnsupportedError for what smelt does not do, UsageError for shapes
    that are missing or do not fit.
    """
    try:
        with np.errstate(all="ignore"), warnings.catch_warnings():
            warnings.simplefilter("ignore", SyntaxWarning)
            return _read(data, name, dict(shapes or {}))
    except GraphError as error:
        raise FormatError(f"the model contradicts itself: {error}") from error
    except (
        ValueError,
        IndexError,
        KeyError,
        OverflowError,
        ArithmeticError,
        RecursionError,
        MemoryError,
    ) as error:
        raise FormatError(f"the model holds values that make no sense: {error}") from error


def _read(data: bytes, name: str, shapes: dict[str, Sequence[int]]) -> Graph:
    if not data.startswith((b"PK", b"\x80")):
        raise FormatError(
            "it is none of PyTorch's archives (zip files) nor a pickle: empty, damaged, or another kind of file; write "
            f"the model again {EXPORT}"
        )
    if not data.startswith(b"PK"):
        raise UnsupportedError(
            "this is a bare pickle, as old versions of torch.save wrote; smelt reads no pickles but those in "
            f"PyTorch's archives. If you trust it, load it in PyTorch and write {EXPORT}"
        )
    budget_bytes = 8 * len(data) + (1 << 26)
    integers: frozenset[str] = frozenset()
    while True:
        tracer = Tracer(budget_bytes)
        try:
            _trace(Archive(data), tracer, shapes, integers)
            break
        except IntegersNeeded as error:
            if error.name not in tracer.program.inputs or error.name in integers:
                raise
            integers |= {error.name}
    check_names(shapes, list(tracer.program.inputs))
    return translated(tracer.program, name, budget_bytes)


def kind_of(data: bytes) -> str:
    """Which of PyTorch's files with a network it is: "exported", "lite", "scripted"; else "other"."""
    return _kind(Archive(data)) if data.startswith(b"PK") else "other"


def _kind(archive: Archive) -> str:
    if any(n.startswith("models/") and n.endswith(".json") for n in archive.names):
        return "exported"
    if "bytecode.pkl" in archive:
        return "lite"
    return (
        "scripted" if "data.pkl" in archive and any(n.startswith("code/") for n in archive.names) else "other"
    )


def _trace(
    archive: Archive, tracer: Tracer, shapes: Mapping[str, Sequence[int]], integers: frozenset[str]
) -> None:
    kind = _kind(archive)
    if kind == "exported":
        trace_exported(archive, tracer, shapes)
    elif kind == "lite":
        trace_lite(archive, tracer, shapes, integers)
    elif kind == "scripted":
        trace_script(archive, tracer, shapes, integers)
    else:
        _refuse(archive)


def _refuse(archive: Archive) -> None:
    """Say what a file holds instead of a network, and what to do."""
    if "serialized_exported_program.json" in archive:
        raise UnsupportedError(
            "the file was written by an older torch.export, whose layout smelt does not read; "
            "load it with torch.export.load in the PyTorch that wrote it and export it anew with a recent one: "
            f"{EXPORT}"
        )
    if any(n.startswith("data/aotinductor/") for n in archive.names):
        raise UnsupportedError(
            f"the file holds code that AOTInductor compiled, not a network; export the network itself: {EXPORT}"
        )
    if "data.pkl" not in archive:
        raise FormatError("the archive holds none of the records that PyTorch's models have")
    names = names_in(archive.read("data.pkl"))
    modules = [str(n) for n in names if n.module.startswith(("torch.nn.", "torchvision.", "__main__"))]
    strange = [str(n) for n in names if n.module.partition(".")[0] not in ("torch", "collections", "numpy")]
    if modules:
        raise UnsupportedError(
            f"the file is a pickled module ({modules[0]}), which is only names of Python code; smelt runs no code of "
            f"files. Load it in PyTorch and write {EXPORT}"
        )
    if strange:
        raise FormatError(
            f"the pickle asks for '{strange[0]}', which no model needs: the file may be hostile. Nothing of it was run"
        )
    raise UnsupportedError(
        "the file holds weights only (a state dict), without the network they belong to; load them into the module "
        f"in PyTorch and write {EXPORT}"
    )
