"""The trained parameters of a quantized graph: real weights, biases and scales, and the integers that they become."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

import numpy as np
import torch
from numpy.typing import NDArray

from smelt.ir import Array, DType, Graph, Node, Quantization, Value
from smelt.operators import call_of, find_operator
from smelt.quantize.parameters import real
from smelt.quantize.sharing import Groups
from smelt.train.grid import levels, on_grid, round_half_away, signs

UNIT_STEPS = 32


@dataclass(frozen=True)
class Layer:
    """Where a layer with trained integer weights has what; `data` is None where it computes in real numbers."""

    index: int
    node: Node
    weights: str
    bias: str | None
    data: str | None
    axis: int | None


class TrainedIntegers(torch.nn.Module):
    """What is trained of a quantized graph.

    Weights are real numbers, rounded to the grid of a learned scale an output channel; biases are rounded to the grid
    of the product of scales, in double.  With `learn_ranges` the scales of activations are learned too, zero points
    staying: one for all tensors that must share it; inputs, constants and what the specification fixes keep theirs.
    Scales are learned as the logarithm of what they are multiplied by, weights in units of about UNIT_STEPS steps of
    their channel, biases in units of a quarter of the output's range: a learning rate means the same in every layer,
    and lets weights pass over steps while scales settle.
    `zeros` says, by weights, which stay zero.
    """

    def __init__(self, graph: Graph, learn_ranges: bool, zeros: Mapping[str, NDArray[np.bool_]]) -> None:
        super().__init__()
        self.graph = graph
        self.layers = {layer.weights: layer for layer in _layers(graph)}
        self.by_bias = {layer.bias: layer for layer in self.layers.values() if layer.bias and layer.data}
        self.weights, self.weight_scales = torch.nn.ParameterList(), torch.nn.ParameterList()
        self.biases, self.ranges = torch.nn.ParameterList(), torch.nn.ParameterList()
        for layer in self.layers.values():
            weights = self._real(layer.weights)
            units = self._units(layer, weights.ndim)
            self.weights.append(_parameter(weights / units, torch.float32))
            if layer.weights in zeros:
                units = np.where(zeros[layer.weights], np.float32(0), units)
            self.register_buffer(f"unit_{layer.index}", torch.from_numpy(units))
            self.weight_scales.append(torch.nn.Parameter(torch.zeros(len(self._own(layer.weights).scales))))
            bias = self._real(layer.bias) if layer.bias in self.by_bias else np.zeros(0)
            self.biases.append(_parameter(bias / self._bias_unit(layer), torch.float64))
        self.groups = _groups(graph, set(self.layers)) if learn_ranges else {}
        for _ in range(1 + max(self.groups.values(), default=-1)):
            self.ranges.append(torch.nn.Parameter(torch.zeros(())))

    def _own(self, name: str) -> Quantization:
        found = self.graph.values[name].quantization
        assert found is not None
        return found

    def _real(self, name: str | None) -> NDArray[np.float64]:
        assert name is not None
        return real(self.graph.values[name], self.graph.constants[name])

    def _units(self, layer: Layer, rank: int) -> NDArray[np.float32]:
        """Powers of two near UNIT_STEPS steps, which broadcast to a layer's weights."""
        scales = np.array(self._own(layer.weights).scales, np.float64)
        units = np.exp2(np.round(np.log2(UNIT_STEPS * scales))).astype(np.float32)
        return units.reshape([-1 if axis == layer.axis else 1 for axis in range(rank)])

    def _bias_unit(self, layer: Layer) -> float:
        output = self.graph.values[layer.node.outputs[0]]
        if output.quantization is None:
            return 1.0
        return float(2.0 ** np.round(np.log2(output.quantization.scale) + output.dtype.bits - 2))

    def layer(self, node: Node) -> Layer | None:
        """What is trained of a node; by its outputs, since a wider graph has other nodes."""
        return next((x for x in self.layers.values() if x.node.outputs == node.outputs), None)

    def scale(self, name: str) -> torch.Tensor:
        """The scale of an activation."""
        base = torch.tensor(self._own(name).scale)
        group = self.groups.get(name)
        return base if group is None else base.to(self.ranges[group].device) * self.ranges[group].exp()

    def weight_scale(self, layer: Layer) -> torch.Tensor:
        """The scales of a layer's weights, one dimension."""
        learned = self.weight_scales[layer.index]
        return torch.tensor(self._own(layer.weights).scales, device=learned.device) * learned.exp()

    def _grid(self, layer: Layer) -> tuple[torch.Tensor, torch.Tensor]:
        """Weights on their grid, and scales that broadcast to them."""
        weights = self.weights[layer.index] * getattr(self, f"unit_{layer.index}")
        scale = self.weight_scale(layer)
        if layer.axis is not None:
            scale = scale.reshape([-1 if axis == layer.axis else 1 for axis in range(weights.dim())])
        dtype = self.graph.values[layer.weights].dtype
        if dtype is DType.S1:
            return signs(weights, scale), scale
        low, high = dtype.integer_range
        low = min(-high, int(self.graph.constants[layer.weights].min(initial=0)))
        return on_grid(weights, scale, 0, low, high), scale

    def real_weights(self, layer: Layer) -> torch.Tensor:
        """Weights as the real numbers that the integers stand for."""
        return self._grid(layer)[0]

    def weight_levels(self, layer: Layer) -> torch.Tensor:
        """Weights as integers."""
        return levels(*self._grid(layer))

    def unit(self, layer: Layer) -> torch.Tensor:
        """What one step of a layer's sums stands for, an output channel: the scales of data times weights, float32."""
        assert layer.data is not None
        scales = self.weight_scale(layer).detach().double() * self.scale(layer.data).detach().double()
        return scales.float()

    def bias_levels(self, layer: Layer) -> torch.Tensor:
        """A layer's bias as integers, in double."""
        bias = self.biases[layer.index] * self._bias_unit(layer)
        steps = levels(bias, self.unit(layer).double())
        limit = 2.0 ** (30 if self.graph.values[layer.bias or ""].dtype is DType.S32 else 46)
        return torch.clamp(steps, -limit, limit)

    def described(self, value: Value) -> Value:
        """A value with its scales as they are now."""
        name, own = value.name, value.quantization
        if own is None:
            return value
        if name in self.layers:
            scales = self.weight_scale(self.layers[name])
        elif name in self.by_bias:
            scales = self.unit(self.by_bias[name])
        elif name in self.groups:
            scales = self.scale(name)
        else:
            return value
        numbers = np.broadcast_to(scales.detach().cpu().numpy(), len(own.scales))
        return replace(value, quantization=replace(own, scales=tuple(float(x) for x in numbers)))

    def constant(self, name: str) -> Array | None:
        """A trained constant's integers as they are now; None for any other."""
        if name in self.layers:
            found = self.weight_levels(self.layers[name])
        elif name in self.by_bias:
            found = self.bias_levels(self.by_bias[name])
        else:
            return None
        with np.errstate(invalid="ignore"):
            array: Array = found.detach().cpu().numpy().astype(self.graph.values[name].dtype.numpy)
        return array

    def integers(self, tensor: torch.Tensor, value: Value) -> Array:
        """Real numbers on the grid of an activation as its integers."""
        own = self._own(value.name)
        steps = round_half_away(tensor.detach() / self.scale(value.name).detach())
        with np.errstate(invalid="ignore"):  # of parameters that are no numbers the loss tells
            array: Array = (steps.cpu().numpy() + own.zero_point).astype(value.dtype.numpy)
        return array

    def real_numbers(self, array: Array, value: Value) -> torch.Tensor:
        """The integers of an activation as real numbers."""
        steps = array.astype(np.float32) - np.float32(self._own(value.name).zero_point)
        return torch.from_numpy(steps) * self.scale(value.name).detach().cpu()


def _parameter(numbers: Array, dtype: torch.dtype) -> torch.nn.Parameter:
    return torch.nn.Parameter(torch.from_numpy(np.array(numbers, np.float64)).to(dtype))


def _layers(graph: Graph) -> Iterator[Layer]:
    """The layers whose integer weights can be trained: constant, symmetric, and read by no other node."""
    uses = [name for node in graph.nodes for name in node.inputs]
    index = 0
    for node in graph.nodes:
        place = find_operator(node.operator).traits.weights
        weights = node.inputs[place.input] if place else None
        if place is None or weights is None or weights not in graph.constants:
            continue
        has_bias = place.bias is not None and place.bias < len(node.inputs)
        bias = node.inputs[place.bias] if has_bias and place.bias is not None else None
        own = graph.values[weights].quantization
        symmetric = own is not None and not own.block and not any(own.zero_points)
        fixed = bias is not None and bias not in graph.constants
        shared = any(uses.count(name) > 1 for name in (weights, bias) if name is not None)
        if own is None or not symmetric or fixed or shared:
            continue
        data = node.inputs[place.data]
        is_integer = data is not None and graph.values[data].quantization is not None
        yield Layer(index, node, weights, bias, data if is_integer else None, own.axis)
        index += 1


def _groups(graph: Graph, trained: set[str]) -> dict[str, int]:
    """Activations whose scale is learned, numbered; those that must share a scale have one number."""
    groups, fixed, names = Groups(), set(graph.inputs) | set(graph.constants), dict[str, None]()
    for node in graph.nodes:
        traits, call = find_operator(node.operator).traits, call_of(graph, node)
        tensors = [value.name for value in call.inputs if value and value.quantization]
        results = [value.name for value in call.outputs if value.quantization]
        names.update(dict.fromkeys(results))
        if traits.fixed_output is not None:  # 16-bit tables want the scale of their input as it is
            fixed.update(results)
            fixed.update(name for name in tensors if graph.values[name].dtype is DType.S16)
        if traits.same_quantization:
            for name in (*tensors, *results):
                groups.join(name, results[0]) if results else None
        if traits.weights is not None and results and node.inputs[traits.weights.input] not in trained:
            fixed.update(tensors)  # its bias stays in steps of the scale that its data have
    members = groups.partition([*names, *fixed])
    learned = [group for group in members if not fixed.intersection(group)]
    return {name: index for index, group in enumerate(learned) for name in group}
