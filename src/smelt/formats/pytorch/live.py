"""Live PyTorch modules: exported by torch, and then read as the file that torch would write."""

from __future__ import annotations

import io
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np

from smelt.errors import UnsupportedError, UsageError, require
from smelt.formats.pytorch.read import read_pytorch
from smelt.ir import Graph


def from_torch(
    module: Any, example_inputs: Any = None, *, shapes: Mapping[str, Sequence[int]] | None = None
) -> Graph:
    """The graph of a torch.nn.Module, an exported program, or a scripted or traced module.

    `example_inputs` are the arguments of the module's forward method, as tensors or arrays: a sequence, one
    tensor, or a mapping by name.  A module needs them; a scripted one needs them or `shapes` by input name.
    Inputs and outputs lie as `read_pytorch` says.

    A module in training mode is exported in evaluation mode, with a warning; afterwards it is in the mode that
    it was in.  Raises UnsupportedError for what torch.export or smelt cannot do, UsageError for missing inputs.
    """
    torch = require("torch", "torch", "converting live PyTorch modules")
    arguments, named = _arguments(torch, example_inputs)
    stream = io.BytesIO()
    if isinstance(module, torch.export.ExportedProgram):
        torch.export.save(module, stream)
        return read_pytorch(stream.getvalue(), "model", shapes)
    if not isinstance(module, torch.nn.Module):
        raise UsageError(f"a torch.nn.Module or an exported program is needed, given {type(module).__name__}")
    with _evaluating(module):
        if isinstance(module, torch.jit.ScriptModule):
            torch.jit.save(module, stream)
            return read_pytorch(stream.getvalue(), "model", shapes or _shapes(module, arguments, named))
        if example_inputs is None:
            raise UsageError(
                "example_inputs are missing: give the module's inputs, for example (torch.zeros(1, 3, 32, 32),)"
            )
        torch.export.save(_exported(torch, module, arguments, named), stream)
    return read_pytorch(stream.getvalue(), type(module).__name__, shapes)


def _arguments(torch: Any, given: Any) -> tuple[tuple[Any, ...], dict[str, Any]]:
    """Positional and named arguments of the forward method."""
    if isinstance(given, Mapping):
        return (), {name: _tensor(torch, item) for name, item in given.items()}
    if given is None or isinstance(given, list | tuple):
        return tuple(_tensor(torch, item) for item in given or ()), {}
    return (_tensor(torch, given),), {}


def _tensor(torch: Any, item: Any) -> Any:
    return torch.from_numpy(np.array(item)) if isinstance(item, np.ndarray) else item


@contextmanager
def _evaluating(module: Any) -> Iterator[None]:
    """The module in evaluation mode; afterwards each part is in the mode it was in."""
    modes = [(part, part.training) for part in module.modules()]
    if any(training for _part, training in modes):
        warnings.warn(
            f"{type(module).__name__} is in training mode; it is converted as in evaluation mode (model.eval())",
            stacklevel=4,
        )
    module.eval()
    try:
        yield
    finally:
        for part, training in modes:
            part.training = training


def _exported(torch: Any, module: Any, arguments: tuple[Any, ...], named: dict[str, Any]) -> Any:
    try:
        with torch.no_grad(), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return torch.export.export(module, arguments, named)
    except Exception as error:  # torch raises what it likes where a module cannot be exported
        words = next((line.strip() for line in str(error).splitlines() if line.strip()), type(error).__name__)
        raise UnsupportedError(
            f"torch.export cannot export {type(module).__name__}: {words[:300]}. If its code does the same for every "
            "input, trace it: smelt.from_torch(torch.jit.trace(module, example_inputs))"
        ) from error


def _shapes(module: Any, arguments: tuple[Any, ...], named: Mapping[str, Any]) -> dict[str, tuple[int, ...]]:
    """The shapes of the arguments by the names that the scripted forward method has for them."""
    names = [argument.name for argument in module.forward.schema.arguments][1:]
    given = {**dict(zip(names, arguments, strict=False)), **named}
    return {name: tuple(item.shape) for name, item in given.items() if hasattr(item, "shape")}
