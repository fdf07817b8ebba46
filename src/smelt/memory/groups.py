"""Which consecutive layers to stream: the cheapest partition whose episodes stay within a budget of bytes.

An episode's bytes depend on its own layers only, because what earlier and later ones leave or need is whole.
So the best partition follows by dynamic programming over where its last group begins.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from smelt.memory.episode import Episode, Variant
from smelt.memory.row_graph import RowGraph
from smelt.memory.rows import RowKernel

LONGEST_GROUP = 24


@dataclass(frozen=True)
class Option:
    """A way to run some layers, what it costs and the bytes live at its peak; `room` as in Episode."""

    variant: Variant
    price: float
    peak_bytes: int
    room: tuple[int, ...]


@dataclass(frozen=True)
class Partition:
    """Episodes that cover all layers: for each one the options of equal price, one of which is to be taken."""

    episodes: tuple[tuple[Option, ...], ...]

    @property
    def price(self) -> float:
        """What all episodes cost."""
        return sum(options[0].price for options in self.episodes)

    @property
    def peak_bytes(self) -> int:
        """The bound: the largest of the episodes' peaks, each at its best option."""
        return max((min(o.peak_bytes for o in options) for options in self.episodes), default=0)


class Groups:
    """The options of all groups of layers, worked out when asked for."""

    def __init__(self, graph: RowGraph, *, stream: bool, any_kernel: bool) -> None:
        self.graph = graph
        self.stream = stream
        self.any_kernel = any_kernel
        self._known: dict[tuple[int, int], tuple[Option, ...]] = {}
        self._options: dict[Variant, Option] = {}
        count = len(graph.layers)
        self.single_peaks = [min(o.peak_bytes for o in self.options(at, at + 1)) for at in range(count)]

    @property
    def free_peak(self) -> int:
        """The peak where every layer runs by itself and by a kernel of no price."""
        count = len(self.graph.layers)
        options = [self.options(at, at + 1) for at in range(count)]
        least = [min(o.price for o in each) for each in options]
        peaks = [
            min(o.peak_bytes for o in each if o.price == price)
            for each, price in zip(options, least, strict=True)
        ]
        return max(peaks, default=0)

    def cheapest(self, budget: int) -> Partition | None:
        """The partition of least price, then of fewest streamed layers, within a budget; None if none is."""
        count = len(self.graph.layers)
        best: list[tuple[float, int, int] | None] = [(0.0, 0, 0), *[None] * count]
        for last in range(1, count + 1):
            for first in range(last - 1, max(last - LONGEST_GROUP, 0) - 1, -1):
                before = best[first]
                if not before or (last - first > 1 and not self._worth(first, last, budget)):
                    continue
                price = self._price(first, last, budget)
                if price is not None:
                    streamed = last - first if last - first > 1 else 0
                    found = (before[0] + price, before[1] + streamed, first)
                    best[last] = min(best[last] or found, found, key=lambda entry: entry[:2])
        if not best[count]:
            return None
        return Partition(tuple(self._fitting(first, last, budget) for first, last in _cuts(best)))

    def least_peak(self, price_limit: float) -> int:
        """The smallest budget that has a partition of at most that price, by bisection."""
        low, high = 0, self.free_peak
        while self.any_kernel and low < high:
            middle = (low + high) // 2
            found = self.cheapest(middle)
            if found and found.price <= price_limit:
                high = middle
            else:
                low = middle + 1
        return high

    def options(self, first: int, last: int) -> tuple[Option, ...]:
        """The ways to run layers first .. last - 1 together; none where they cannot."""
        if (first, last) not in self._known:
            variants = self._single(first) if last - first == 1 else self._group(first, last)
            self._known[first, last] = tuple(self._option(variant) for variant in dict.fromkeys(variants))
        return self._known[first, last]

    def _option(self, variant: Variant) -> Option:
        if variant not in self._options:
            episode = Episode(self.graph, variant)
            self._options[variant] = Option(variant, episode.price, episode.peak_bytes, episode.room)
        return self._options[variant]

    def _price(self, first: int, last: int, budget: int) -> float | None:
        """The least that layers first .. last - 1 cost within a budget; None if they do not fit."""
        prices = []
        for option in self.options(first, last):
            if option.peak_bytes <= budget:
                kernels = option.variant.kernels if last - first == 1 else self._fastest(option, budget)
                prices.append(min(option.price, self._sum(first, kernels)))
        return min(prices, default=None)

    def _sum(self, first: int, kernels: Sequence[int]) -> float:
        """The price of streaming layers by these kernels."""
        layers = self.graph.layers[first : first + len(kernels)]
        return sum(_streamed_price(layer.kernels[k]) for layer, k in zip(layers, kernels, strict=True))

    def _fastest(self, option: Option, budget: int) -> tuple[int, ...]:
        """The fastest kernels whose workspaces fit the room that is left; workspaces that last are as they are."""
        kernels = list(option.variant.kernels)
        for place, room in enumerate(option.room):
            layer = self.graph.layers[option.variant.first + place]
            taken = layer.kernels[kernels[place]]
            for index, kernel in enumerate(layer.kernels):
                fits = kernel.streamable and room + kernel.scratch_bytes <= budget
                lasts = kernel.keeps_rows or taken.keeps_rows or layer.accumulates
                if fits and not lasts and _streamed_price(kernel) < _streamed_price(taken):
                    kernels[place], taken = index, kernel
        return tuple(kernels)

    def _worth(self, first: int, last: int, budget: int) -> bool:
        """A group is of use only where one of its layers by itself would break the budget."""
        return self.stream and any(peak > budget for peak in self.single_peaks[first:last])

    def _fitting(self, first: int, last: int, budget: int) -> tuple[Option, ...]:
        """The cheapest options of an episode within the budget, of both directions."""
        options = [o for o in self.options(first, last) if o.peak_bytes <= budget]
        if last - first > 1:
            fast = [replace(o.variant, kernels=self._fastest(o, budget)) for o in options]
            options += [o for o in map(self._option, fast) if o.peak_bytes <= budget]
        price = min(o.price for o in options)
        options = list(dict.fromkeys(o for o in options if o.price == price))
        if last - first == 1:
            return tuple(options)
        options = [self._faster(option, budget) for option in options]
        price = min(o.price for o in options)
        options = [o for o in options if o.price == price]
        kernels = [self.graph.layers[at].kernels for at in range(first, last)]
        for option in list(options):
            if all(kernels[n][k].descending for n, k in enumerate(option.variant.kernels)):
                upward = self._option(replace(option.variant, descending=True))
                options += [upward] if upward.peak_bytes <= budget else []
        return tuple(options)

    def _faster(self, option: Option, budget: int) -> Option:
        """Take a layer's fastest kernel wherever the budget allows, the largest gain first."""
        first, last = option.variant.first, option.variant.last
        gains = []
        for at in range(first, last):
            fastest = self._pick(at, lean=False)
            kernels = self.graph.layers[at].kernels
            now = option.variant.kernels[at - first]
            if fastest is not None:
                gain = _streamed_price(kernels[now]) - _streamed_price(kernels[fastest])
                gains.append((-gain, at - first, fastest))
        for gain, place, kernel in sorted(gains):
            if gain < 0:
                kernels_now = list(option.variant.kernels)
                kernels_now[place] = kernel
                tried = self._option(replace(option.variant, kernels=tuple(kernels_now)))
                option = tried if tried.peak_bytes <= budget else option
        return option

    def _single(self, at: int) -> list[Variant]:
        kernels = self.graph.layers[at].kernels
        price = min(kernel.price for kernel in kernels)
        found = []
        for index, kernel in enumerate(kernels):
            if self.any_kernel or kernel.price == price:
                found.append(Variant(at, at + 1, (index,)))
                if kernel.in_place and self._may_replace(at):
                    found.append(Variant(at, at + 1, (index,), in_place=True))
                if kernel.descending and self.graph.steps[at] > 1:
                    found.append(Variant(at, at + 1, (index,), descending=True))
        return found

    def _may_replace(self, at: int) -> bool:
        """Whether a layer's output can take the place of its first input: no larger, and read by nobody later."""
        layer, tensors = self.graph.layers[at], self.graph.tensors
        if not layer.inputs or layer.accumulates:
            return False
        read, output = tensors[layer.inputs[0].tensor], tensors[layer.output]
        again = any(other.tensor == read.name for other in layer.inputs[1:])
        return output.bytes <= read.bytes and not again and not self.graph.pending(read.name, at + 1).any()

    def _group(self, first: int, last: int) -> list[Variant]:
        """The fastest and the leanest kernels, with both orders of pulling where they may differ."""
        layers = self.graph.layers[first:last]
        orders = (False, True) if any(len(layer.inputs) > 1 for layer in layers) else (False,)
        found = []
        for lean in (False, True):
            picks = [self._pick(at, lean=lean) for at in range(first, last)]
            kernels = tuple(pick for pick in picks if pick is not None)
            if len(kernels) == last - first and not self._reads_whole(first, last):
                found += [Variant(first, last, kernels, reverse_inputs=order) for order in orders]
        return found

    def _pick(self, at: int, *, lean: bool) -> int | None:
        """The fastest or the leanest kernel of a layer that can be streamed."""
        kernels = self.graph.layers[at].kernels
        able = [index for index, kernel in enumerate(kernels) if kernel.streamable]

        def key(index: int) -> tuple[float, ...]:
            cost = (_streamed_price(kernels[index]), float(kernels[index].scratch_bytes))
            return (*(cost[::-1] if lean else cost), index)

        return min(able, key=key, default=None)

    def _reads_whole(self, first: int, last: int) -> bool:
        """Whether a layer reads all of a tensor at once that this group makes, so that streaming is no use."""
        made = {layer.output for layer in self.graph.layers[first:last]}
        return any(
            read.needs is None and read.tensor in made and self.graph.tensors[read.tensor].rows > 1
            for layer in self.graph.layers[first:last]
            for read in layer.inputs
        )


def _streamed_price(kernel: RowKernel) -> float:
    return kernel.price + kernel.stream_price


def _cuts(best: Sequence[tuple[float, int, int] | None]) -> list[tuple[int, int]]:
    """The episodes of the best partition, from where each last group begins."""
    found = []
    last = len(best) - 1
    while last:
        entry = best[last]
        assert entry
        found.append((entry[2], last))
        last = entry[2]
    return found[::-1]
