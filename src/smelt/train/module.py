"""The torch module of a float graph, whose constants are trained."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import torch

from smelt.errors import UnsupportedError, UsageError
from smelt.formats.pytorch.module import Running
from smelt.ir import Array, Graph
from smelt.operators import verify_graph
from smelt.operators.evaluate import sample_inputs
from smelt.quantize.batches import rebatched


class GraphModule(torch.nn.Module):
    """What `to_module` makes; `outputs` names the tensors that it gives."""

    def __init__(self, graph: Graph, outputs: Sequence[str] | None = None) -> None:
        super().__init__()
        verify_graph(graph)
        self.graph = graph
        metadata = {name: data for name, data in graph.metadata.items() if not name.startswith("layout:")}
        seen = graph if outputs is None else replace(graph, outputs=tuple(outputs))
        self.outputs = seen.outputs
        for name in seen.outputs:
            if name not in graph.values:
                raise UsageError(f"'{graph.name}' has no tensor '{name}'")
        own = self._made_running(replace(seen, metadata=metadata), None)
        self._own = own
        self._by_size: dict[int, TrainedRunning | None] = {self._own_size(): own}
        self.eval()
        with torch.no_grad():
            own.run(self._examples())  # makes the parameters

    def _made_running(self, graph: Graph, like: Any) -> TrainedRunning:
        """What runs the graph, with the parameters of `like`."""
        return TrainedRunning(graph, self, like)

    def _examples(self) -> list[torch.Tensor]:
        inputs = sample_inputs(self.graph)
        place = next((parameter.device for parameter in self.parameters()), "cpu")
        return [torch.from_numpy(np.array(inputs[name])).to(place) for name in self.graph.inputs]

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

    def running(self, size: int) -> TrainedRunning | None:
        """What runs so many samples at once; None where they can only be run one after the other."""
        if size not in self._by_size:
            wide = rebatched(self._own.graph, size) if self._own_size() == 1 else None
            running = None if wide is None else self._made_running(wide, self._own)
            if running is not None and not (self._pair_is_alike(running) if size == 2 else self.running(2)):
                running = None
            self._by_size[size] = running
        return self._by_size[size]

    def _one_by_one(self, inputs: Sequence[torch.Tensor]) -> Any:
        parts = list(zip(*(tensor.split(self._own_size()) for tensor in inputs), strict=True))
        found = [_all(self._own.run(part)) for part in parts]
        joined = tuple(torch.cat(each) for each in zip(*found, strict=True))
        return joined[0] if len(joined) == 1 else joined

    def _other(self, name: str, tensor: torch.Tensor) -> torch.Tensor:
        """Another sample of an input; of integers that may be indices the same."""
        if tensor.is_floating_point():
            return -0.5 * tensor
        return tensor if self.graph.values[name].quantization is None else ~tensor

    def _pair_is_alike(self, running: TrainedRunning) -> bool:
        """Whether two samples give together what they give alone."""
        one = self._examples()
        other = [self._other(*pair) for pair in zip(self.graph.inputs, one, strict=True)]
        with torch.no_grad():
            alone = [_all(self._own.run(each)) for each in (one, other)]
            found = _all(running.run([torch.cat(pair) for pair in zip(one, other, strict=True)]))
        wanted = [torch.cat(pair) for pair in zip(*alone, strict=True)]
        return all(
            a.shape == b.shape and torch.allclose(a.double(), b.double(), 1e-4, 1e-5, equal_nan=True)
            for a, b in zip(found, wanted, strict=True)
        )

    @property
    def parameter_places(self) -> Mapping[str, tuple[str, Array]]:
        """For each parameter its constant, and the indices of the parameter's numbers in it."""
        return self._own.places

    def current_constant(self, name: str) -> Array:
        """A constant as the parameters are now."""
        array: Array = self.graph.constants[name]
        flat = np.array(array).reshape(-1)
        for label, (source, places) in self.parameter_places.items():
            if source == name:
                flat[places] = getattr(self, label).detach().cpu().numpy()
        return flat.reshape(array.shape)

    def current_graph(self) -> Graph:
        """The graph with the parameters as they are now as constants."""
        return replace(
            self.graph, constants={name: self.current_constant(name) for name in self.graph.constants}
        )


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
