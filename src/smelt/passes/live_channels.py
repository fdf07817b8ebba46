"""Which channels have to be computed for the outputs of a graph."""

from __future__ import annotations

import numpy as np

from smelt.ir import Graph
from smelt.operators import Call, call_of, find_operator
from smelt.operators.operator import ChannelPairs, Mask
from smelt.passes.channels import Mixing, channel_count, channel_pairs, mixing

Place = tuple[int, int]
"""An input of a node: the index of the node, the index of the input."""


class LiveChannels:
    """Which channels of a graph's tensors are needed, or have to stay beside one that is.

    A layer needs the channels that it weighs with anything but zero for outputs that are needed.
    Channels that a node pairs stay or go together.  Those of the graph's inputs and outputs all stay.
    """

    def __init__(self, graph: Graph) -> None:
        self._calls = [call_of(graph, node) for node in graph.nodes]
        self._pairs = [channel_pairs(call) for call in self._calls]
        self._mixing = [mixing(call) for call in self._calls]
        fixed = {*graph.inputs, *graph.outputs}
        self._live = {
            name: np.full(channel_count(value), name in fixed) for name, value in graph.values.items()
        }
        self._operands: dict[Place, Mask] = {}
        before = -1
        while before != (before := self._count()):
            for index in reversed(range(len(self._calls))):
                self._visit(index)

    def of(self, name: str) -> Mask:
        """The live channels of a tensor that a node computes, or of an input."""
        return self._live[name]

    def mixes(self, node: int) -> bool:
        """Whether a node is a layer whose weights have features, which live or not."""
        return self._mixing[node] is not None

    def of_input(self, node: int, index: int) -> Mask:
        """The live channels of an input of a node: of a constant those that this reader needs, of
        weights the live features."""
        value, mixed = self._calls[node].input(index), self._mixing[node]
        is_weights = mixed is not None and index == mixed.role.input
        if not is_weights and self._calls[node].constants[index] is None:
            return self._live[value.name]
        if (node, index) not in self._operands:
            count = mixed.weights.shape[2] if is_weights and mixed else channel_count(value)
            self._operands[node, index] = np.zeros(count, np.bool_)
        return self._operands[node, index]

    def _count(self) -> int:
        masks = [*self._live.values(), *self._operands.values()]
        return sum(int(np.count_nonzero(mask)) for mask in masks)

    def _visit(self, node: int) -> None:
        call, pairs, mixed = self._calls[node], self._pairs[node], self._mixing[node]
        outputs = [self._live[value.name] for value in call.outputs]
        if not any(output.any() for output in outputs):
            return
        if mixed is not None:
            outputs[0] |= np.logical_or.reduce(outputs)
        if mixed is None and all(pair is None for pair in pairs):
            for output in outputs:
                output[:] = True
        _keep_two_scales(call, outputs[0])
        if mixed is not None:
            self._visit_layer(node, mixed, outputs[0])
            for output in outputs[1:]:
                output[:] = outputs[0]
        for index, pair in enumerate(pairs):
            of_layer = mixed and (mixed.role.input, mixed.role.data, mixed.role.bias, mixed.role.recurrent)
            if call.inputs[index] is None or (of_layer and index in of_layer):
                continue
            self._visit_operand(node, index, pair, outputs[0])

    def _visit_layer(self, node: int, mixed: Mixing, output: Mask) -> None:
        features, data = self.of_input(node, mixed.role.input), self.of_input(node, mixed.role.data)
        output[:] = np.tile(output.reshape(mixed.groups, -1).any(axis=0), mixed.groups)
        if mixed.remembers is not None:
            output |= mixed.remembers[output].any(axis=0)
        features |= mixed.reads[output].any(axis=0)
        features[0] |= not features.any() and not data.any()
        data |= features.reshape(-1, len(data)).any(axis=0)
        features |= np.resize(data, len(features))
        features |= np.tile(features.reshape(mixed.groups, -1).any(axis=0), mixed.groups)

    def _visit_operand(self, node: int, index: int, pairs: ChannelPairs | None, output: Mask) -> None:
        source = self.of_input(node, index)
        if pairs is None:
            source[:] = True
            return
        linked = pairs[source[pairs[:, 0]] | output[pairs[:, 1]]]
        source[linked[:, 0]] = True
        output[linked[:, 1]] = True
        if not source.any() and len(self._calls[node].inputs) == 1:
            source[pairs[0, 0]] = True


def _keep_two_scales(call: Call, output: Mask) -> None:
    """A single scale means one for the whole tensor, and is rounded otherwise: two channels stay of several."""
    role = find_operator(call.node.operator).traits.weights
    if role is None or np.count_nonzero(output) != 1:
        return
    quantization = call.input(role.input).quantization
    if quantization is not None and len(quantization.scales) > 1:
        output[np.flatnonzero(~output)[0]] = True
