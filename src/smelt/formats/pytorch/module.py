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
from smelt.formats.pytorch.said_quantization import Decomposed, Native
from smelt.ir import Array, DType, Graph, Quantization
from smelt.operators import Call, call_of, verify_graph

CHANNELS_FIRST = {3: (0, 2, 1), 4: (0, 3, 1, 2)}
"""By number of dimensions, the permutation from smelt's order to torch's."""

CHANNELS_LAST = {3: (0, 2, 1), 4: (0, 2, 3, 1)}
"""The permutation back."""


def to_module(graph: Graph, *, decomposed: bool = False) -> Any:
    """A torch.nn.Module in evaluation mode that computes what the graph computes.

    What is quantized is computed in real numbers that integers stand for; `decomposed` says so in the operators of
    PT2E, which torch.export's readers know, instead of torch's own.

    Its inputs are the graph's, by name, in order; those whose metadata say that they came with channels first
    have them first, and so has the result.  One output is a tensor, several are a tuple.  Raises UnsupportedError
    naming the operator that torch cannot say, MissingExtraError without torch.
    """
    torch = require("torch", "torch", "making a PyTorch module")
    verify_graph(graph)
    module = _module_class(torch, [_identifier(name) for name in graph.inputs])()
    module.running = Running(torch, graph, module, decomposed)
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


def _check_said(graph: Graph) -> None:
    from smelt.formats.pytorch.said_operators import SAID

    unsaid = [node.label for node in graph.nodes if node.operator not in SAID]
    if unsaid:
        raise UnsupportedError(f"'{graph.name}': torch has no words for {', '.join(unsaid)}")


class Running:
    """One run over the graph's nodes; what the functions of said_operators.py may ask.

    A value is there in smelt's order, with channels first, or both: each is made when it is first asked for.
    Quantized values are there as real numbers.
    """

    def __init__(self, torch: Any, graph: Graph, module: Any, decomposed: bool) -> None:
        _check_said(graph)
        self.quantization = Decomposed(torch) if decomposed else Native(torch)
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
            (name, f"layout:{name}" in self.graph.metadata): self._entered(name, tensor)
            for name, tensor in zip(self.graph.inputs, inputs, strict=True)
        }
        for call in self._calls:
            self._say(SAID[call.node.operator], call)
            if self.seen is not None:
                self.seen.update({v.name: self._left(v.name, self.tensor(v.name)) for v in call.outputs})
        results = []
        for name in self.graph.outputs:
            tensor = self.tensor(name, first=f"layout:{name}" in self.graph.metadata)
            results.append(self._left(name, tensor))
        self._values = {}
        return results[0] if len(results) == 1 else tuple(results)

    def _say(self, say: Callable[[Running, Call], None], call: Call) -> None:
        try:
            say(self, call)
        except (RuntimeError, TypeError) as error:  # torch's answers to types that it does not compute with
            words = next(
                (line.strip() for line in str(error).splitlines() if line.strip()), type(error).__name__
            )
            raise UnsupportedError(
                f"{call.node.label}: torch does not compute this: {words[:200]}"
            ) from error

    def _entered(self, name: str, tensor: Any) -> Any:
        """An input of the model: real numbers where it is quantized."""
        value = self.graph.values[name]
        return (
            tensor
            if value.quantization is None
            else self.quantization.real(tensor, value, self.dtype(value.dtype))
        )

    def _left(self, name: str, tensor: Any) -> Any:
        """A result as the graph has it: integers where it is quantized."""
        value = self.graph.values[name]
        if value.quantization is None:
            return tensor
        return self.quantization.integers(tensor, value, self.dtype(value.dtype))

    def is_first(self, name: str) -> bool:
        """Whether a value was computed with its channels first."""
        return (name, True) in self._values and (name, False) not in self._values

    def tensor(self, name: str, first: bool = False) -> Any:
        """A value in either order."""
        if (name, first) not in self._values:
            array = self.graph.constants.get(name)
            if array is not None:
                return self._constant(name, CHANNELS_FIRST[array.ndim] if first else range(array.ndim))
            other = self._values[name, not first]
            order = (CHANNELS_FIRST if first else CHANNELS_LAST)[other.dim()]
            self._values[name, first] = other.permute(order)
        return self._values[name, first]

    def operand(self, name: str, rank: int, first: bool) -> Any:
        """A value that is broadcast against one of `rank` dimensions; a constant of one number is that number."""
        value, array = self.graph.values[name], self.graph.constants.get(name)
        if array is not None and array.size == 1 and rank >= array.ndim:
            return array.reshape(()).item() if value.quantization is None else self.tensor(name)
        if not first or value.elements == 1:
            return self.tensor(name)
        if len(value.shape) == rank:
            return self.tensor(name, first=True)
        shape = (1,) * (rank - len(value.shape)) + value.shape
        order = CHANNELS_FIRST[rank]
        if array is not None and value.quantization is None:
            return self.parameter((name, rank), name, lambda array: array.reshape(shape).transpose(order))
        return self.tensor(name).reshape(shape).permute(order)

    def parameter(self, key: Hashable, name: str, arrange: Callable[[Array], Array]) -> Any:
        """A constant with its numbers, or some of them, in other places, made once for a key.

        Real numbers are trained parameters of the module, others buffers.
        """
        return self.registered(key, name, lambda: arrange(self.graph.constants[name]))

    def buffer(self, key: Hashable, name: str, make: Callable[[], Array]) -> Any:
        """Numbers that are not trained, made once for a key."""
        return self.registered(key, name, make, is_trained=False)

    def registered(
        self, key: Hashable, name: str, make: Callable[[], Array], *, is_trained: bool = True
    ) -> Any:
        """Numbers as a parameter (trained real numbers) or buffer of the module, made once for a key."""
        if key not in self._parameters:
            array = np.array(make(), order="C")
            label = _identifier(name)
            while hasattr(self._module, label):
                label += "_"
            tensor = self.torch.from_numpy(array)
            if tensor.is_floating_point() and is_trained:
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
        narrow = call.input(index).dtype is DType.F16 and call.input(0).dtype is DType.F32
        if array is not None and narrow:
            return self._constant(name, order, shape).to(self.torch.float32)
        if array is None:
            moved = self.tensor(name).permute(*order)
            return moved if shape is None else moved.reshape(tuple(shape))
        return self._constant(name, order, shape)

    def _constant(self, name: str, order: Sequence[int], shape: Sequence[int] | None = None) -> Any:
        """A constant with its dimensions in another order, then reshaped; real numbers where it is quantized."""
        key, value = (name, tuple(order), tuple(shape or ())), self.graph.values[name]
        own = value.quantization

        def arrange(array: Array) -> Array:
            moved = array.transpose(order)
            return moved if shape is None else moved.reshape(shape)

        if own is None:
            return self.parameter(key, name, arrange)
        if value.dtype.bits > 8:  # a bias: torch has it in real numbers
            return self.registered(key, name, lambda: arrange(_real(own, self.graph.constants[name])))
        stored, dtype = self.parameter(key, name, arrange), self.dtype(value.dtype)
        if own.axis is None:
            return self.quantization.real(stored, value, dtype)
        scales = self.buffer((*key, "scales"), f"{name}_scales", lambda: np.array(own.scales, np.float32))
        points = self.buffer((*key, "points"), f"{name}_points", lambda: np.array(own.zero_points, np.int64))
        return self.quantization.real_channels(
            stored, value, list(order).index(own.axis), dtype, scales, points
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
        value = call.outputs[index]
        if value.quantization is not None:
            result = self.quantization.on_grid(result, value, self.dtype(value.dtype))
        self._values[value.name, first] = result

    def dtype(self, dtype: DType) -> Any:
        """torch's element type."""
        return self.torch.from_numpy(np.zeros(1, dtype.numpy)).dtype


def _real(own: Quantization, array: Array) -> Array:
    scales, points = np.array(own.scales), np.array(own.zero_points)
    if own.axis is not None:
        along = [-1 if axis == own.axis else 1 for axis in range(array.ndim)]
        scales, points = scales.reshape(along), points.reshape(along)
    return np.asarray((array.astype(np.float64) - points) * scales, np.float32)


_ACTIVATIONS: dict[str, Callable[[Any, Any], Any]] = {
    "relu": lambda f, x: f.relu(x),
    "relu6": lambda f, x: f.relu6(x),
    "relu_n1_to_1": lambda f, x: f.hardtanh(x),
}
