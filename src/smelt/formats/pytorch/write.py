"""Writing a Graph as PyTorch's files: torch makes them from the module that computes the graph."""

from __future__ import annotations

import io
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from smelt.errors import UnsupportedError, require
from smelt.formats.pytorch.module import example_inputs, to_module
from smelt.ir import Graph


def write_pt(graph: Graph) -> bytes:
    """The graph as a TorchScript .pt file.

    Raises UnsupportedError naming the operator that torch cannot say, MissingExtraError without torch.
    """
    with _made("writing .pt files") as torch:
        stream = io.BytesIO()
        torch.jit.save(_traced(torch, graph), stream)
        return stream.getvalue()


def write_ptl(graph: Graph) -> bytes:
    """The graph as a .ptl file for PyTorch's lite interpreter; raises what `write_pt` raises."""
    with _made("writing .ptl files") as torch:
        return bytes(_traced(torch, graph)._save_to_buffer_for_lite_interpreter())


def write_pt2(graph: Graph) -> bytes:
    """The graph as a .pt2 file of torch.export; raises what `write_pt` raises."""
    with _made("writing .pt2 files") as torch:
        stream = io.BytesIO()
        module = to_module(graph, decomposed=True)
        torch.export.save(torch.export.export(module, example_inputs(torch, graph)), stream)
        return stream.getvalue()


def _traced(torch: Any, graph: Graph) -> Any:
    return torch.jit.trace(to_module(graph), example_inputs(torch, graph), check_trace=False)


@contextmanager
def _made(purpose: str) -> Iterator[Any]:
    """torch, without gradients and without its warnings; its errors in words."""
    torch = require("torch", "torch", purpose)
    try:
        with torch.no_grad(), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield torch
    except RuntimeError as error:
        words = next((line.strip() for line in str(error).splitlines() if line.strip()), type(error).__name__)
        raise UnsupportedError(f"torch cannot hold this model: {words[:300]}") from error
