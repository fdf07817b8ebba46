"""A Graph as a torch module, and back."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from smelt.formats.pytorch import from_torch
from smelt.ir import Graph
from smelt.train.module import GraphModule
from smelt.train.quantized_module import QuantizedModule


def to_module(graph: Graph, *, outputs: Sequence[str] | None = None) -> GraphModule:
    """A torch module that computes what a graph computes, its constants being the trained parameters.

    Inputs and results are tensors in the graph's own order and shapes (NHWC), with any number of samples in the first
    dimension.  `outputs` names the tensors that it returns, the graph's own by default: a loss wants those before a
    softmax (`scored_tensors` in smelt.quantize.noise).  Constants of one number, and integers, are not trained.
    A graph has no dropout, and its batch normalization is a multiplication and an addition, or part of a layer: the
    module computes the same in training mode as in evaluation mode.

    A quantized graph becomes a `QuantizedModule`, whose weights, biases and scales are trained.
    Raises UnsupportedError for operators that torch cannot say.
    """
    if any(value.quantization is not None for value in graph.values.values()):
        return QuantizedModule(graph, outputs)
    return GraphModule(graph, outputs)


def to_graph(module: Any, example_inputs: Any = None) -> Graph:
    """The graph of a module with its parameters as they are now.

    A module of `to_module` gives its own graph: the same nodes and names.  Any other torch module is read as
    `smelt.from_torch` reads it, which needs `example_inputs`; it raises what that raises.
    """
    if isinstance(module, GraphModule):
        return module.current_graph()
    return from_torch(module, example_inputs)
