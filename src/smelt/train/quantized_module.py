"""A quantized graph as a torch module: in evaluation its integers, exactly; in training real numbers on their grid."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from smelt.formats.pytorch.module import CHANNELS_FIRST
from smelt.formats.pytorch.said_quantization import Native
from smelt.ir import Array, DType, Graph, Value
from smelt.operators import Call, find_operator
from smelt.operators.convolution.geometry import requantization
from smelt.operators.dense.geometry import requantization as dense_requantization
from smelt.operators.fixed_point import reduced_multiplier
from smelt.train.grid import exactly, levels, on_grid, requantized
from smelt.train.module import GraphModule, TrainedRunning
from smelt.train.trained_integers import Layer, TrainedIntegers

_ADDING = ("add", "sub")
_REQUANTIZATION = {
    "conv_2d": requantization,
    "depthwise_conv_2d": requantization,
    "fully_connected": dense_requantization,
}


class QuantizedModule(GraphModule):
    """What `to_module` makes of a quantized graph.

    It takes real numbers, or integers, and returns the real numbers that its integers stand for.  In evaluation mode
    these are what the operators' meanings give for `to_graph(module)`, bit for bit; gradients pass straight through.
    In training mode layers are computed in real numbers on the grid, which is fast, and agrees but for rare values that
    are one step away; other operators whose rounding real numbers do not follow are computed as in evaluation mode.
    """

    def __init__(
        self,
        graph: Graph,
        outputs: Sequence[str] | None = None,
        *,
        learn_ranges: bool = True,
        zeros: Mapping[str, NDArray[np.bool_]] | None = None,
    ) -> None:
        self._learn_ranges, self._zeros = learn_ranges, dict(zeros or {})
        super().__init__(graph, outputs)

    def _made_running(self, graph: Graph, like: Any) -> QuantizedRunning:
        if like is None:
            self.integers = TrainedIntegers(self.graph, self._learn_ranges, self._zeros)
        return QuantizedRunning(graph, self, like)

    def current_constant(self, name: str) -> Array:
        """A constant as the parameters are now."""
        found = self.integers.constant(name)
        return super().current_constant(name) if found is None else found

    def current_graph(self) -> Graph:
        """The integer graph of the parameters and scales as they are now."""
        values = {name: self.integers.described(value) for name, value in self.graph.values.items()}
        return replace(super().current_graph(), values=values)


class _Vocabulary(Native):
    """Fake quantization with scales that are learned."""

    def __init__(self, integers: TrainedIntegers) -> None:
        super().__init__(torch)
        self._integers = integers

    def real(self, tensor: Any, value: Value, dtype: Any) -> Any:
        """The real numbers that a tensor of integers stands for."""
        assert value.quantization is not None
        return (tensor.to(torch.float32) - value.quantization.zero_point) * self._integers.scale(value.name)

    def on_grid(self, tensor: Any, value: Value, dtype: Any) -> Any:
        """Real numbers as the nearest that integers stand for."""
        assert value.quantization is not None
        scale, bounds = self._integers.scale(value.name), value.dtype.integer_range
        return on_grid(tensor, scale, value.quantization.zero_point, *bounds).to(torch.float32)


class QuantizedRunning(TrainedRunning):
    """Layers multiply integers, held in real numbers, so that sums are exact."""

    _module: QuantizedModule

    def __init__(self, graph: Graph, module: QuantizedModule, like: QuantizedRunning | None) -> None:
        super().__init__(graph, module, like)
        self._integers = module.integers
        self.quantization = _Vocabulary(module.integers)
        self._arrays: dict[str, Array] = {}
        self._layer: Layer | None = None

    def run(self, inputs: Sequence[Any]) -> Any:
        """The module's results."""
        self._arrays = {}
        place = inputs[0].device.type if inputs else "cpu"
        try:
            # sums of integers are exact in float32 alone
            with torch.autocast(place, enabled=False):
                return super().run(inputs)
        finally:
            self._arrays = {}

    def _entered(self, name: str, tensor: Any) -> Any:
        value = self.graph.values[name]
        if value.quantization is None or not tensor.is_floating_point():
            return super()._entered(name, tensor)
        # NaN is the zero point, as in smelt.quantize.samples
        return self.quantization.on_grid(torch.where(tensor.isnan(), 0.0, tensor), value, None)

    def _left(self, name: str, tensor: Any) -> Any:
        return tensor

    def registered(self, key: Any, name: str, make: Any, *, is_trained: bool = True) -> Any:
        """Quantized constants are trained by TrainedIntegers, or not at all."""
        value = self.graph.values.get(name)
        is_real = value is None or value.quantization is None
        return super().registered(key, name, make, is_trained=is_trained and is_real)

    def _say(self, say: Any, call: Call) -> None:
        self._layer = self._integers.layer(call.node)
        try:
            super()._say(say, call)
        finally:
            self._layer = None
        if not self._module.training or not self._is_followed(call):
            self._evaluate(call)

    def _is_followed(self, call: Call) -> bool:
        """Whether real arithmetic gives an operator's integers."""
        value, operator = call.output, call.node.operator
        if value.quantization is None:
            return True
        layer = self._integers.layer(call.node)
        if layer is not None and layer.data:
            return value.dtype is DType.S8 or operator in _REQUANTIZATION
        traits = find_operator(operator).traits
        moves = traits.same_quantization and not traits.rounds
        return moves or (operator in _ADDING and value.dtype is DType.S8)

    def tensor(self, name: str, first: bool = False) -> Any:
        """A value in either order; integers, held in real numbers, for the layer that is being computed."""
        found = super().tensor(name, first)
        if self._layer is None or self._layer.data != name:
            return found
        whole = levels(found, self._integers.scale(name))
        return whole.double() if self._is_wide(self._layer) else whole

    def _is_wide(self, layer: Layer) -> bool:
        """Whether sums need double precision."""
        return self.graph.values[layer.data or ""].dtype is not DType.S8

    def weights(
        self, call: Call, index: int, order: Sequence[int], shape: Sequence[int] | None = None
    ) -> Any:
        """A layer's weights in torch's order: integers where its data are."""
        if self._layer is None or call.node.inputs[index] != self._layer.weights:
            return super().weights(call, index, order, shape)
        if self._layer.data is None:
            found = self._integers.real_weights(self._layer)
        else:
            found = self._integers.weight_levels(self._layer)
            found = found.double() if self._is_wide(self._layer) else found
        moved = found.permute(*order)
        return moved if shape is None else moved.reshape(tuple(shape))

    def _constant(self, name: str, order: Sequence[int], shape: Sequence[int] | None = None) -> Any:
        if self._layer is None or self._layer.bias != name or self._layer.data is None:
            return super()._constant(name, order, shape)
        found = self._integers.bias_levels(self._layer)
        return found if self._is_wide(self._layer) else found.float()

    def keep(self, call: Call, result: Any, *, first: bool = False, index: int = 0) -> None:
        """The result of an operator: sums of a layer become real numbers."""
        layer = self._layer
        if layer is not None and layer.data is not None:
            axis = 1 if first else result.dim() - 1
            shape = [-1 if dimension == axis else 1 for dimension in range(result.dim())]
            result = self._real_sums(layer, call, result, shape)
        super().keep(call, result, first=first, index=index)

    def _real_sums(self, layer: Layer, call: Call, sums: torch.Tensor, shape: Sequence[int]) -> torch.Tensor:
        """What the sums of a layer stand for, multiplied and rounded as the integers are; `shape` is of channels."""

        def along(numbers: Any) -> torch.Tensor:
            tensor = torch.as_tensor(numbers, dtype=sums.dtype, device=sums.device)
            return tensor.reshape(list(shape))

        multipliers = _REQUANTIZATION.get(call.node.operator)
        if multipliers is None:
            return sums * along(self._integers.unit(layer))
        mantissas, shifts = multipliers(self._current(call))
        scale = float(self._integers.scale(call.output.name).detach())
        if self._is_wide(layer):
            reduced, right = reduced_multiplier(mantissas, shifts)
            return sums * along(scale * reduced * np.exp2(-right.astype(np.float64)))
        left, right = np.maximum(shifts, 0), np.maximum(-shifts.astype(np.float64), 0)
        return requantized(
            sums,
            along(self._integers.unit(layer)),
            along(mantissas / 2.0**31 * np.exp2(left)),
            along(scale * np.exp2(-right)),
        )

    def _current(self, call: Call) -> Call:
        """A call with scales as they are now."""
        return replace(
            call,
            inputs=tuple(value and self._integers.described(value) for value in call.inputs),
            outputs=tuple(self._integers.described(value) for value in call.outputs),
        )

    def _evaluate(self, call: Call) -> None:
        """An operator's results by its meaning, with the gradient of the real ones."""
        constants = [
            None if value is None or array is None else self._module.current_constant(value.name)
            for value, array in zip(call.inputs, call.constants, strict=True)
        ]
        given = [
            None if value is None else self._array(value) if array is None else array
            for value, array in zip(call.inputs, constants, strict=True)
        ]
        own = replace(self._current(call), constants=tuple(constants))
        with np.errstate(all="ignore"):
            results = find_operator(call.node.operator).evaluate(own, given)
        for value, array in zip(call.outputs, results, strict=True):
            self._arrays[value.name] = array
            self._replace(value, array)

    def _array(self, value: Value) -> Array:
        """A computed value as the graph has it."""
        if value.name not in self._arrays:
            tensor = self._plain(value.name)
            quantized = value.quantization is not None
            array = self._integers.integers(tensor, value) if quantized else tensor.detach().cpu().numpy()
            self._arrays[value.name] = array
        return self._arrays[value.name]

    def _plain(self, name: str) -> torch.Tensor:
        """A value in smelt's order, without making it another time."""
        if (name, False) in self._values:
            return self._values[name, False]
        found = self._values[name, True]
        return found.permute(tuple(np.argsort(CHANNELS_FIRST[found.dim()])))

    def _replace(self, value: Value, array: Array) -> None:
        first = (value.name, True) in self._values
        approximate = self._values[value.name, first]
        if value.quantization is None:
            exact = torch.from_numpy(np.array(array))
        else:
            exact = self._integers.real_numbers(array, value)
        exact = exact.to(approximate.device)
        if first:
            exact = exact.permute(CHANNELS_FIRST[exact.dim()])
        real = approximate.is_floating_point()
        self._values[value.name, first] = exactly(approximate, exact) if real else exact
