"""Float graphs that mean the same and quantize better."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from smelt.ir import Graph, Node
from smelt.operators import call_of, find_operator, verify_graph
from smelt.quantize.calibrate import observe
from smelt.quantize.noise import Sample

LARGEST_FACTOR = 4096.0
EQUALIZED = "smelt.equalized"
"""The key of graph metadata that keeps powers of two by tensor, JSON."""


def means_of_whole_maps(graph: Graph) -> Graph:
    """Average pools over the whole height and width as means.

    Both compute the same; but the specification gives a pool's output the scale of its input, whose
    values are larger than their averages, and lets a mean have its own.
    """
    return graph.replaced(nodes=[_mean(graph, node) or node for node in graph.nodes])


def _mean(graph: Graph, node: Node) -> Node | None:
    if node.operator != "average_pool_2d":
        return None
    call = call_of(graph, node)
    data, output, attributes = call.input(0), call.output, call.attributes
    whole = tuple(attributes.filter) == data.shape[1:3] and output.shape[1:3] == (1, 1)
    plain = attributes.activation == "none" and not any(attributes.padding)
    if not whole or not plain or output.shape[0] != data.shape[0]:
        return None
    return Node("mean", node.inputs[:1], node.outputs, {"axes": (1, 2), "keep_dims": True}, node.name)


class ChannelReach:
    """The largest |value| of each channel (last dimension) that was seen."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.largest: NDArray[np.float64] = np.zeros(0)

    def update(self, array: NDArray[np.generic]) -> None:
        """Take in one sample."""
        if array.ndim and array.size:
            seen = np.abs(array.astype(np.float64)).reshape(-1, array.shape[-1]).max(axis=0)
            self.largest = np.maximum(self.largest, seen) if self.largest.size else seen

    def range(self) -> tuple[float, float]:
        """All channels' reach as one symmetric range."""
        reach = float(self.largest.max(initial=0.0))
        return -reach, reach


def equalize(graph: Graph, samples: Sequence[Sample]) -> Graph:
    """Scale channels between two layers so that all use the tensor's range, undone in the second layer.

    Between a convolution or dense layer with activation none or relu and the only one that reads it.
    Nagel et al., "Data-free quantization through weight equalization and bias correction", 2019,
    section 4.1, with the channels' measured reach in place of the first layer's weights, which have a scale
    for each channel already.  The graph's metadata keep the factors (`channel_factors`).
    """
    reach = {name: seen.largest for name, seen in observe(graph, samples, ChannelReach).items()}
    constants = dict(graph.constants)
    consumers, exponents = graph.consumers(), dict[str, list[int]]()
    for node in graph.nodes:
        follower, output = _follower(graph, node, consumers), node.outputs[0]
        if follower is not None:
            factors = _equalize_pair(constants, node, follower, reach[output])
            exponents[output] = np.log2(factors).astype(int).tolist()
    metadata = {**graph.metadata, EQUALIZED: json.dumps(exponents).encode()}
    return verify_graph(replace(graph, constants=constants, metadata=metadata))


def channel_factors(graph: Graph) -> dict[str, NDArray[np.float64]]:
    """For each tensor whose channels were equalized: what they are multiplied by to be as they were."""
    try:
        found = json.loads(graph.metadata.get(EQUALIZED, b"{}"))
    except (ValueError, RecursionError):
        found = {}
    # a file may hold anything by that name
    pairs = found.items() if isinstance(found, dict) else ()
    return {
        name: np.exp2(np.array(powers, np.float64))
        for name, powers in pairs
        if isinstance(powers, list)
        and all(isinstance(power, int) and abs(power) <= 64 for power in powers)
        and name in graph.values
        and graph.values[name].shape[-1:] == (len(powers),)
    }


def _follower(graph: Graph, node: Node, consumers: Mapping[str, list[Node]]) -> Node | None:
    """The only reader of a layer, where channels can be scaled between the two."""
    place, output = find_operator(node.operator).traits.weights, node.outputs[0]
    readers = consumers[output]
    if place is None or output in graph.outputs or len(readers) != 1:
        return None
    if node.attributes.get("activation", "none") not in ("none", "relu"):
        return None
    after = find_operator(readers[0].operator).traits.weights
    if after is None or readers[0].inputs.count(output) != 1 or readers[0].inputs[after.data] != output:
        return None
    for each, where in ((node, place), (readers[0], after)):
        names = [each.inputs[i] for i in (where.input, where.bias) if i is not None and i < len(each.inputs)]
        if any(n is not None and (n not in graph.constants or len(consumers[n]) > 1) for n in names):
            return None
    weights = graph.values[readers[0].inputs[after.input] or ""]
    channels = graph.values[output].shape[-1]
    axis = after.channel_axis if after.data_axis is None else after.data_axis
    return readers[0] if weights.shape[axis] == channels else None


def _equalize_pair(
    constants: dict[str, NDArray[np.generic]], first: Node, second: Node, reach: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Scale both layers; the factors by which the channels between them became smaller."""
    before = find_operator(first.operator).traits.weights
    after = find_operator(second.operator).traits.weights
    assert before is not None
    assert after is not None
    weights_name, reader_name = first.inputs[before.input], second.inputs[after.input]
    assert weights_name is not None
    assert reader_name is not None
    axis = after.channel_axis if after.data_axis is None else after.data_axis
    factors = _factors(reach, constants[reader_name], axis if after.data_axis is not None else None)
    _scale(constants, weights_name, before.channel_axis, 1 / factors)
    if before.bias is not None and before.bias < len(first.inputs) and first.inputs[before.bias]:
        _scale(constants, first.inputs[before.bias] or "", 0, 1 / factors)
    _scale(constants, reader_name, axis, factors)
    return factors


def _factors(
    reach: NDArray[np.float64], readers: NDArray[np.generic], axis: int | None
) -> NDArray[np.float64]:
    """What each channel is divided by; the geometric mean of what its values and the weights that read it wish.

    Powers of two, so that nothing is rounded.  A dead channel counts as the smallest of the others, so that
    weights which meet nothing do not set the scale of those beside them.
    """
    largest = float(reach.max(initial=0.0))
    if largest == 0:
        return np.ones(len(reach))
    values = np.where(reach > 0, reach, reach[reach > 0].min()) / largest
    wish = values
    if axis is not None:
        other = tuple(i for i in range(readers.ndim) if i != axis)
        weights = np.abs(readers.astype(np.float64)).max(axis=other)
        weights = np.where(weights > 0, weights / max(float(weights.max()), 1e-300), 1.0)
        wish = np.sqrt(values / np.maximum(weights, 1e-6))
    wish = np.clip(wish / wish.max(), 1 / LARGEST_FACTOR, 1.0)
    return np.asarray(np.exp2(np.round(np.log2(wish))))


def _scale(
    constants: dict[str, NDArray[np.generic]], name: str, axis: int, factors: NDArray[np.float64]
) -> None:
    array = constants[name]
    shape = [1] * array.ndim
    shape[axis] = -1
    constants[name] = (array.astype(np.float64) * factors.reshape(shape)).astype(array.dtype)
