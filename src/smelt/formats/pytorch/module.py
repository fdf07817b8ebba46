"""A Graph as a torch.nn.Module: each float operator's meaning by torch's functions.

torch's convolutions want NCHW.  A tensor that a convolution computes stays NCHW as long as what reads it takes
either order, so that reading the module back leaves no transposes.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Hashable, Sequence
from typing import Any

import numpy as np

from smelt.errors import UnsupportedError, UsageError, require
from smelt.ir import Array, DType, Graph
from smelt.operators import Call, call_of, verify_graph

CHANNELS_FIRST = {3: (0, 2, 1), 4: (0, 3, 1, 2)}
"""By number of dimensions, the permutation from smelt's order to torch's."""

CHANNELS_LAST = {3: (0, 2, 1), 4: (0, 2, 3, 1)}
"""The permutation back."""


def to_module(graph: Graph) -> Any:
    """A torch.nn.Module in evaluation mode that computes what the graph computes.

    Its inputs are the graph's, by name, in order; those whose metadata say that they came with channels first
    have them first, and so has the result.  One output is a tensor, several are a tuple.  Raises UnsupportedError
    naming the operator that torch cannot say, MissingExtraError without torch.
    """
    torch = require("torch", "torch", "making a PyTorch module")
    from smelt.formats.pytorch.said_operators import SAID

    verify_graph(graph)
    for node in graph.nodes:
        if node.operator not in SAID:
            raise UnsupportedError(f"{node.label}: a PyTorch model cannot hold this operator")
        if any(name and graph.values[name].quantization for name in (*node.inputs, *node.outputs)):
            raise UnsupportedError(
                f"{node.label}: is quantized; smelt makes PyTorch models of float graphs only"
            )
    module = _module_class(torch, [_identifier(name) for name in graph.inputs])()
    module.running = Running(torch, graph, module)
    module.eval()
    with torch.no_grad():
        module(*example_inputs(torch, graph))  # makes the parameters
    return module


def example_inputs(torch: Any, graph: Graph) -> tuple[Any, ...]:
    """Ones for the module's inputs."""
    examples = []
    for name in graph.inputs:
        array = np.ones(graph.values[name].shape, graph.values[name].dtype.numpy)
        if f"layout:{name}" in graph.metadata:
            array = np.moveaxis(array, -1, 1)
        examples.append(torch.from_numpy(np.ascontiguousarray(array)))
    return tuple(examples)


def _identifier(name: str) -> str:
    word = re.sub(r"\W", "_", name)
    return word if word.isidentifier() else f"_{word}"


def _module_class(torch: Any, names: Sequence[str]) -> Any:
    """A class whose forward method has these arguments, which exporters ask for by `inspect.signature`."""
    if len(set(names)) != len(names):
        names = [f"input_{index}" for index in range(len(names))]

    def forward(self: Any, *inputs: Any) -> Any:
        return self.running.run(inputs)

    kinds = [inspect.Parameter(name, inspect.Parameter.POSITIONAL_OR_KEYWORD) for name in ("self", *names)]
    forward.__signature__ = inspect.Signature(kinds)  # type: ignore[attr-defined]
    return type("SmeltModule", (torch.nn.Module,), {"forward": forward})


class Running:
    """One run over the graph's nodes; what the functions of said_operators.py may ask.

    A value is there in smelt's order, with channels first, or both: each is made when it is first asked for.
    """

    def __init__(self, torch: Any, graph: Graph, module: Any) -> None:
        self.torch, self.graph, self._module = torch, graph, module
        self.functional = torch.nn.functional
        self._calls = [call_of(graph, node) for node in graph.nodes]
        self._parameters: dict[Hashable, str] = {}
        self._values: dict[tuple[str, bool], Any] = {}
        self.seen: dict[str, Any] | None = None
        """Where every tensor that is computed goes, by name in smelt's order, when somebody wants to see them."""

    def run(self, inputs: Sequence[Any]) -> Any:
        """The module's results."""
        from smelt.formats.pytorch.said_operators import SAID

        if len(inputs) != len(self.graph.inputs):
            raise UsageError(f"the model has {len(self.graph.inputs)} inputs, given {len(inputs)}")
        self._values = {
            (name, f"layout:{name}" in self.graph.metadata): tensor
            for name, tensor in zip(self.graph.inputs, inputs, strict=True)
        }
        for call in self._calls:
            SAID[call.node.operator](self, call)
            if self.seen is not None:
                self.seen.update({value.name: self.tensor(value.name) for value in call.outputs})
        results = [
            self.tensor(name, first=f"layout:{name}" in self.graph.metadata) for name in self.graph.outputs
        ]
        self._values = {}
        return results[0] if len(results) == 1 else tuple(results)

    def is_first(self, name: str) -> bool:
        """Whether a value was computed with its channels first."""
        return (name, True) in self._values and (name, False) not in self._values

    def tensor(self, name: str, first: bool = False) -> Any:
        """A value in either order."""
        if (name, first) not in self._values:
            array = self.graph.constants.get(name)
            if array is not None:
                moved = array.transpose(CHANNELS_FIRST[array.ndim]) if first else array
                return self.parameter((name, first), name, lambda: moved)
            other = self._values[name, not first]
            order = (CHANNELS_FIRST if first else CHANNELS_LAST)[other.dim()]
            self._values[name, first] = other.permute(order)
        return self._values[name, first]

    def operand(self, name: str, rank: int, first: bool) -> Any:
        """A value that is broadcast against one of `rank` dimensions; a constant of one number is that number."""
        value, array = self.graph.values[name], self.graph.constants.get(name)
        if array is not None and array.size == 1 and rank >= array.ndim:
            return array.reshape(()).item()
        if not first or value.elements == 1:
            return self.tensor(name)
        if len(value.shape) == rank:
            return self.tensor(name, first=True)
        shape = (1,) * (rank - len(value.shape)) + value.shape
        order = CHANNELS_FIRST[rank]
        if array is not None:
            return self.parameter((name, rank), name, lambda: array.reshape(shape).transpose(order))
        return self.tensor(name).reshape(shape).permute(order)

    def parameter(self, key: Hashable, name: str, make: Callable[[], Array]) -> Any:
        """A constant as a parameter (real numbers) or buffer of the module, made once for a key."""
        if key not in self._parameters:
            array = np.array(make(), order="C")
            label = _identifier(name)
            while hasattr(self._module, label):
                label += "_"
            tensor = self.torch.from_numpy(array)
            if tensor.is_floating_point():
                self._module.register_parameter(label, self.torch.nn.Parameter(tensor))
            else:
                self._module.register_buffer(label, tensor)
            self._parameters[key] = label
        return getattr(self._module, self._parameters[key])

    def weights(
        self, call: Call, index: int, order: Sequence[int], shape: Sequence[int] | None = None
    ) -> Any:
        """A trained parameter in torch's order, reshaped afterwards if a shape is given."""
        array, name = call.constant(index), str(call.node.inputs[index])
        if array is None:
            moved = self.tensor(name).permute(*order)
            return moved if shape is None else moved.reshape(tuple(shape))
        return self.parameter(
            (name, tuple(order), tuple(shape or ())),
            name,
            lambda: array.transpose(order) if shape is None else array.transpose(order).reshape(shape),
        )

    def order(self, call: Call) -> bool:
        """Whether an operator that takes any order is computed with channels first: where an input lies so."""
        rank = len(call.output.shape)
        return rank in CHANNELS_FIRST and any(
            self.is_first(value.name) and len(value.shape) == rank for value in call.inputs if value
        )

    def keep(self, call: Call, result: Any, *, first: bool = False, index: int = 0) -> None:
        """The result of an operator, after the activation that is fused into it."""
        activation = getattr(call.attributes, "activation", "none")
        if activation in _ACTIVATIONS and call.node.operator not in ("lstm", "gru", "rnn"):
            result = _ACTIVATIONS[activation](self.functional, result)
        self._values[call.outputs[index].name, first] = result

    def dtype(self, dtype: DType) -> Any:
        """torch's element type."""
        return self.torch.from_numpy(np.zeros(1, dtype.numpy)).dtype


_ACTIVATIONS: dict[str, Callable[[Any, Any], Any]] = {
    "relu": lambda f, x: f.relu(x),
    "relu6": lambda f, x: f.relu6(x),
    "relu_n1_to_1": lambda f, x: f.hardtanh(x),
}
