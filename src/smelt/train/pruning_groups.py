"""Which channels of a graph have to be removed together, from what operators say of channels."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from smelt.ir import Graph, Value
from smelt.operators import Call, call_of
from smelt.operators.operator import Mask
from smelt.passes.channels import Mixing, channel_count, channel_pairs, layer_role, mixing
from smelt.train.channel_statistics import Floats

Labels = NDArray[np.int64]


@dataclass(frozen=True)
class Family:
    """Groups of the same channels' count in the same tensors: removing one saves as much as another.

    `groups` are numbers of groups; `name` is the first tensor that has them.
    """

    name: str
    groups: tuple[int, ...]


class ChannelGroups:
    """The groups of channels (indices of last dimensions) that stay or go together.

    Channels that a node pairs (additions, concatenation, depthwise convolution, pooling, a reshape before a
    dense layer) are of one group; a layer that sums over channels ends it.  Layers that share weights
    share groups.  Channels of inputs and outputs of the graph, and of tensors that an operator reads as a
    whole (softmax), are in none.
    """

    def __init__(self, graph: Graph) -> None:
        self.graph = graph
        names = [*graph.inputs, *(name for node in graph.nodes for name in node.outputs)]
        counts = [channel_count(graph.values[name]) for name in names]
        self._starts = dict(zip(names, np.cumsum([0, *counts]).tolist(), strict=False))
        self._counts = dict(zip(names, counts, strict=True))
        self._edges: list[NDArray[np.int64]] = []
        self._fixed = np.zeros(sum(counts), np.bool_)
        for name in (*graph.inputs, *graph.outputs):
            self._fix(name)
        self._first_call: dict[str, Call] = {}
        self.layers: list[tuple[Call, Mixing]] = []
        for node in graph.nodes:
            self._visit(call_of(graph, node))
        self._labels = self._numbered()

    @property
    def count(self) -> int:
        """The number of groups."""
        return int(self._labels.max(initial=-1)) + 1

    def of(self, name: str) -> Labels:
        """The group of each channel of a tensor that is no constant; -1: none."""
        start = self._starts[name]
        return self._labels[start : start + self._counts[name]]

    @cached_property
    def families(self) -> tuple[Family, ...]:
        """All groups, in families, in the order of the graph."""
        signatures: dict[int, list[tuple[str, int]]] = {}
        for name in self._starts:
            groups, counts = np.unique(self.of(name), return_counts=True)
            for group, count in zip(groups.tolist(), counts.tolist(), strict=True):
                signatures.setdefault(group, []).append((name, count))
        signatures.pop(-1, None)
        members: dict[tuple[tuple[str, int], ...], list[int]] = {}
        for group, signature in signatures.items():
            members.setdefault(tuple(signature), []).append(group)
        return tuple(Family(signature[0][0], tuple(groups)) for signature, groups in members.items())

    def mean(self, scores: Iterable[tuple[str, Floats]]) -> Floats:
        """The mean score of each group, from scores of channels of tensors; 0 without any."""
        total, number = np.zeros(self.count), np.zeros(self.count)
        for name, values in scores:
            groups = self.of(name)
            np.add.at(total, groups[groups >= 0], values[groups >= 0])
            np.add.at(number, groups[groups >= 0], 1)
        return np.divide(total, number, out=np.zeros(self.count), where=number > 0)

    def masks(self, removed: Collection[int]) -> dict[str, Mask]:
        """Of every tensor that loses channels to the removal of groups, which ones stay."""
        kept = {name: ~np.isin(self.of(name), list(removed)) for name in self._starts}
        return {name: mask for name, mask in kept.items() if not mask.all()}

    def _visit(self, call: Call) -> None:
        pairs, mixed = channel_pairs(call), mixing(call)
        if mixed is not None:
            self.layers.append((call, mixed))
            self._tie_groups(call, mixed)
        if mixed is None and all(pair is None for pair in pairs):
            for output in call.outputs:
                self._fix(output.name)
        for index, value in enumerate(call.inputs):
            if value is None or call.constants[index] is not None:
                continue
            if (pair := pairs[index]) is not None:
                self._tie(value.name, pair[:, 0], call.output.name, pair[:, 1])
            elif mixed is None or index != mixed.role.data:
                self._fix(value.name)
        self._share(call, mixed)

    def _tie_groups(self, call: Call, mixed: Mixing) -> None:
        """All groups of a layer stay alike; all outputs of a layer with a state have its units."""
        for value in (call.input(mixed.role.data), call.output):
            alike = np.arange(channel_count(value)).reshape(mixed.groups, -1)
            for others in alike[1:]:
                self._tie(value.name, alike[0], value.name, others)
        for output in call.outputs[1:]:
            self._tie_all(call.output, output)

    def _share(self, call: Call, mixed: Mixing | None) -> None:
        """Layers with the same weights have the same channels, on both sides."""
        role = layer_role(call)
        if role is None or call.constants[role.input] is None:
            return
        first = self._first_call.setdefault(call.input(role.input).name, call)
        if first is call:
            return
        self._tie_all(first.output, call.output)
        if mixed is not None:
            self._tie_all(first.input(role.data), call.input(role.data))

    def _tie_all(self, a: Value, b: Value) -> None:
        if channel_count(a) != channel_count(b):
            self._fix(a.name)
            self._fix(b.name)
            return
        every = np.arange(channel_count(a))
        self._tie(a.name, every, b.name, every)

    def _fix(self, name: str) -> None:
        if name in self._starts:
            self._fixed[self._starts[name] : self._starts[name] + self._counts[name]] = True

    def _tie(self, a: str, channels: NDArray[np.int64], b: str, others: NDArray[np.int64]) -> None:
        self._edges.append(np.stack([self._starts[a] + channels, self._starts[b] + others], axis=1))

    def _numbered(self) -> Labels:
        """Connected channels have the number of the first of them; then numbers without gaps."""
        labels = np.arange(len(self._fixed))
        edges = np.concatenate([np.zeros((0, 2), np.int64), *self._edges])
        while True:
            before = labels.copy()
            lowest = labels[edges].min(axis=1)
            np.minimum.at(labels, labels[edges[:, 0]], lowest)
            np.minimum.at(labels, labels[edges[:, 1]], lowest)
            labels = labels[labels]
            if np.array_equal(labels, before):
                break
        labels[np.isin(labels, labels[self._fixed])] = -1
        numbers = np.unique(labels[labels >= 0])
        return np.where(labels >= 0, np.searchsorted(numbers, labels), -1)
