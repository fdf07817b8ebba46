"""A Graph as a torch module whose constants are trained, and back."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import torch

from smelt.errors import UnsupportedError, UsageError
from smelt.formats.pytorch import from_torch
from smelt.formats.pytorch.module import Running
from smelt.ir import Array, Graph
from smelt.operators import verify_graph
from smelt.operators.evaluate import sample_inputs
from smelt.quantize.batches import rebatched


def to_module(graph: Graph, *, outputs: Sequence[str] | None = None) -> GraphModule:
    """A torch module that computes what a float graph computes, its constants being the trained parameters.

    Inputs and results are tensors in the graph's own order and shapes (NHWC), with any number of samples in the first
    dimension.  `outputs` names the tensors that it returns, the graph's own by default: a loss wants those before a
    softmax (`scored_tensors` in smelt.quantize.noise).  Constants of one number, and integers, are not trained.
    A graph has no dropout, and its batch normalization is a multiplication and an addition, or part of a layer: the
    module computes the same in training mode as in evaluation mode.

    Raises UnsupportedError for operators that torch cannot say, and for graphs that are quantized.
    """
    verify_graph(graph)
    quantized = next((value.name for value in graph.values.values() if value.quantization is not None), None)
    if quantized is not None:
        raise UnsupportedError(
            f"'{graph.name}' is quantized ('{quantized}' holds integers): train the float model, then quantize it"
        )
    return GraphModule(graph, outputs)


def to_graph(module: Any, example_inputs: Any = None) -> Graph:
    """The graph of a module with its parameters as they are now.

    A module of `to_module` gives its own graph: the same nodes and names.  Any other torch module is read as
    `smelt.from_torch` reads it, which needs `example_inputs`; it raises what that raises.
    """
    if isinstance(module, GraphModule):
        return module.current_graph()
    return from_torch(module, example_inputs)


class GraphModule(torch.nn.Module):
    """What `to_module` makes."""

    def __init__(self, graph: Graph, outputs: Sequence[str] | None = None) -> None:
        super().__init__()
        self.graph = graph
        metadata = {name: data for name, data in graph.metadata.items() if not name.startswith("layout:")}
        seen = graph if outputs is None else replace(graph, outputs=tuple(outputs))
        for name in seen.outputs:
            if name not in graph.values:
                raise UsageError(f"'{graph.name}' has no tensor '{name}'")
        own = self._made_running(replace(seen, metadata=metadata), None)
        self._own = own
        self._by_size: dict[int, Running | None] = {self._own_size(): own}
        self.eval()
        with torch.no_grad():
            own.run(self._examples())  # makes the parameters

    def _made_running(self, graph: Graph, like: Any) -> Running:
        """What runs the graph, with the parameters of `like`."""
        return TrainedRunning(graph, self, like)

    def _examples(self) -> list[torch.Tensor]:
        inputs = sample_inputs(self.graph)
        return [torch.from_numpy(np.array(inputs[name])) for name in self.graph.inputs]

    def _own_size(self) -> int:
        shape = self.graph.values[self.graph.inputs[0]].shape if self.graph.inputs else ()
        return shape[0] if shape else 1

    def forward(self, *inputs: torch.Tensor) -> Any:
        """The outputs: a tensor, or a tuple of several."""
        size = int(inputs[0].shape[0]) if inputs and inputs[0].dim() else self._own_size()
        running = self.running(size)
        if running is not None:
            return running.run(inputs)
        return self._one_by_one(inputs)

    def running(self, size: int) -> Running | None:
        """What runs so many samples at once; None where they can only be run one after the other."""
        if size not in self._by_size:
            wide = rebatched(self._own.graph, size) if self._own_size() == 1 else None
            running = None if wide is None else self._made_running(wide, self._own)
            if running is not None and not self._is_alike(running, size):
                running = None
            self._by_size[size] = running
        return self._by_size[size]

    def _one_by_one(self, inputs: Sequence[torch.Tensor]) -> Any:
        parts = list(zip(*(tensor.split(self._own_size()) for tensor in inputs), strict=True))
        found = [_all(self._own.run(part)) for part in parts]
        joined = tuple(torch.cat(each) for each in zip(*found, strict=True))
        return joined[0] if len(joined) == 1 else joined

    def _is_alike(self, running: Running, size: int) -> bool:
        """Whether samples give in a batch what they give alone."""
        one = self._examples()
        other = [-0.5 * tensor if tensor.is_floating_point() else tensor for tensor in one]
        batch = [torch.cat([b] + [a] * (size - 1)) for a, b in zip(one, other, strict=True)]
        with torch.no_grad():
            alone = [_all(self._own.run(each)) for each in (other, one)]
            found = _all(running.run(batch))
        return all(
            torch.allclose(tensor[index : index + 1].double(), wanted.double(), 1e-4, 1e-5, equal_nan=True)
            for index in range(min(size, 2))
            for tensor, wanted in zip(found, alone[index], strict=True)
        )

    def current_graph(self) -> Graph:
        """The graph with the parameters as they are now as constants."""
        own, constants = self._own, dict(self.graph.constants)
        assert isinstance(own, TrainedRunning)
        for label, (name, places) in own.places.items():
            flat = np.array(constants[name]).reshape(-1)
            flat[places] = getattr(self, label).detach().cpu().numpy()
            constants[name] = flat.reshape(self.graph.constants[name].shape)
        return replace(self.graph, constants=constants)


class TrainedRunning(Running):
    """Keeps every number of a constant in one parameter only, and knows where it came from.

    `places`: for each parameter its constant, and the indices of the parameter's numbers in it.
    """

    def __init__(self, graph: Graph, module: torch.nn.Module, like: TrainedRunning | None) -> None:
        super().__init__(torch, graph, module, False)
        self.places: dict[str, tuple[str, Array]] = {}
        self._derived: dict[Hashable, tuple[list[str], torch.Tensor]] = {}
        if like is not None:
            self._parameters, self.places, self._derived = like._parameters, like.places, like._derived

    def parameter(self, key: Hashable, name: str, arrange: Callable[[Array], Array]) -> Any:
        """A constant's numbers in other places; those that another key has are taken from there."""
        array = self.graph.constants[name]
        if key in self._parameters or array.dtype.kind != "f":
            return super().parameter(key, name, arrange)
        if key not in self._derived:
            places = arrange(np.arange(array.size).reshape(array.shape))
            earlier = [label for label, (source, _) in self.places.items() if source == name]
            known = np.concatenate([self.places[label][1].reshape(-1) for label in earlier] or [places[:0]])
            if not np.isin(places, known).any():
                made = super().parameter(key, name, arrange)
                self.places[self._parameters[key]] = (name, places)
                return made
            self._derived[key] = (earlier, self._indices(name, known, places))
        labels, index = self._derived[key]
        return torch.cat([getattr(self._module, label).reshape(-1) for label in labels])[index]

    @staticmethod
    def _indices(name: str, known: Array, places: Array) -> torch.Tensor:
        if not np.isin(places, known).all():
            raise UnsupportedError(f"constant '{name}' is read in parts that overlap; it cannot be trained")
        order = np.argsort(known)
        return torch.from_numpy(order[np.searchsorted(known, places, sorter=order)])


def _all(result: Any) -> tuple[torch.Tensor, ...]:
    return result if isinstance(result, tuple) else (result,)
