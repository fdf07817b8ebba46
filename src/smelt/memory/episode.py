"""An episode: consecutive layers that run together, and which bytes of which buffer are live when.

Time is counted in half steps: on the even half a row step reads, on the odd half it writes. A buffer's live
bytes at a time are given as the range that covers them; from these ranges follow the bytes that an episode
takes, and for each pair of buffers the forbidden gap between their bases (see `layout`).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from smelt.memory.layout import Gap
from smelt.memory.row_graph import RowGraph
from smelt.memory.row_order import RowOrder, row_order
from smelt.memory.rows import RowKernel
from smelt.memory.time_search import Gaps

Times = NDArray[np.int64]
_NEVER = -1
_FAR = 1 << 40  # more bytes than any arena has


@dataclass(frozen=True)
class Variant:
    """How layers first .. last - 1 run: `kernels` holds the index of each layer's kernel.

    `in_place`: the output takes the place of input 0 (one layer, whose kernel allows it).
    """

    first: int
    last: int
    kernels: tuple[int, ...]
    descending: bool = False
    reverse_inputs: bool = False
    in_place: bool = False


@dataclass(frozen=True)
class Living:
    """A buffer during an episode: at time t the bytes begin[t] .. end[t] - 1 are live, none if equal."""

    name: str
    bytes: int
    alignment: int
    rows: int
    begin: Times
    end: Times


class Episode:
    """What happens to all buffers while the layers of a variant run; immutable once made."""

    def __init__(self, graph: RowGraph, variant: Variant) -> None:
        self.graph = graph
        self.variant = variant
        self.kernels: dict[int, RowKernel] = {
            at: graph.layers[at].kernels[kernel]
            for at, kernel in zip(range(variant.first, variant.last), variant.kernels, strict=True)
        }
        self.order: RowOrder = row_order(
            graph,
            variant.first,
            variant.last,
            descending=variant.descending,
            reverse_inputs=variant.reverse_inputs,
        )
        self.times = 2 * len(self.order)
        self.buffers = (*self._tensors(), *self._scratch())

    @property
    def streams(self) -> bool:
        """Whether several layers run in turn."""
        return self.variant.last - self.variant.first > 1

    @cached_property
    def price(self) -> float:
        """The cycles that its kernels and streaming cost."""
        kernels = self.kernels.values()
        return sum(kernel.price + (kernel.stream_price if self.streams else 0.0) for kernel in kernels)

    @cached_property
    def peak_bytes(self) -> int:
        """The most bytes that are live at once: no layout takes fewer."""
        total = np.zeros(self.times, np.int64)
        for buffer in self.buffers:
            total += buffer.end - buffer.begin
        return int(total.max(initial=0))

    @cached_property
    def room(self) -> tuple[int, ...]:
        """For each layer the most bytes that are live while it runs a step, without workspaces of single steps."""
        total = np.zeros(self.times, np.int64)
        passing = {self.graph.layers[at].scratch for at, k in self.kernels.items() if not self._keeps(at, k)}
        for buffer in self.buffers:
            if buffer.name not in passing:
                total += buffer.end - buffer.begin
        most = dict.fromkeys(self.kernels, 0)
        for position, (at, _) in enumerate(self.order):
            most[at] = max(most[at], int(total[2 * position : 2 * position + 2].max()))
        return tuple(most.values())

    @cached_property
    def gaps(self) -> Gaps:
        """For pairs (a, b) that conflict, the (low, high) such that low < base_b - base_a < high is forbidden."""
        found: dict[tuple[str, str], tuple[Gap, ...]] = {}
        for at, b in enumerate(self.buffers):
            for a in self.buffers[:at]:
                both = (a.begin < a.end) & (b.begin < b.end)
                if both.any():
                    low, high = (a.begin - b.end)[both].min(), (a.end - b.begin)[both].max()
                    found[a.name, b.name] = ((int(low), int(high)),)
        for pair, gap in self._elementwise():
            found[pair] = tuple(dict.fromkeys((*found.get(pair, ()), gap)))
        if self.variant.in_place:
            layer = self.graph.layers[self.variant.first]
            found[layer.inputs[0].tensor, layer.output] = ((-_FAR, 0), (0, _FAR))
        return found

    def _elementwise(self) -> list[tuple[tuple[str, str], Gap]]:
        """Within a row an elementwise layer's output lies on its input, below it, or off it."""
        rows = {buffer.name: buffer.rows for buffer in self.buffers}
        found = []
        for at, step in self.order:
            layer = self.graph.layers[at]
            for read in layer.inputs:
                kernel = self.kernels[at]
                in_order = read.elementwise and kernel.elementwise and not kernel.buffered
                if in_order and not kernel.keeps_rows and read.tensor in rows:
                    size = self.graph.tensors[layer.output].row_bytes
                    shift = (step % rows[read.tensor] - step % rows[layer.output]) * size
                    found.append(((read.tensor, layer.output), (shift, shift + size)))
        return found

    def _tensors(self) -> list[Living]:
        births, deaths = self._lives()
        found = []
        for name, birth in births.items():
            death = deaths[name]
            if not (birth <= death).any() and name != self._replaced:
                continue
            tensor = self.graph.tensors[name]
            rows = tensor.rows
            begin, end = _cover(birth, death, np.arange(rows), self.times)
            if self.streams and self.graph.inside(name, self.variant.first, self.variant.last):
                span = int((end - begin).max())
                if span < rows:
                    rows = span
                    begin, end = _cover(birth, death, np.arange(tensor.rows) % rows, self.times)
            size = tensor.row_bytes
            if name == self._replaced:
                found.append(self._rest(name))
                continue
            found.append(Living(name, rows * size, tensor.alignment, rows, begin * size, end * size))
        return found

    def _rest(self, name: str) -> Living:
        """What is left of a tensor whose place a smaller output takes."""
        tensor, output = self.graph.tensors[name], self.graph.layers[self.variant.first].output
        begin = np.full(self.times, self.graph.tensors[output].bytes)
        end = np.full(self.times, tensor.bytes)
        return Living(name, tensor.bytes, tensor.alignment, tensor.rows, begin, end)

    @property
    def _replaced(self) -> str | None:
        """The tensor whose place the output takes, so that its bytes count as the output's from the start."""
        return self.graph.layers[self.variant.first].inputs[0].tensor if self.variant.in_place else None

    def _lives(self) -> tuple[dict[str, Times], dict[str, Times]]:
        """The first and the last time of each row of each tensor; a row that never lives dies before birth."""
        births: dict[str, Times] = {}
        deaths: dict[str, Times] = {}
        for name, tensor in self.graph.tensors.items():
            made = self.graph.producer.get(name, -1 if name in self.graph.inputs else self.variant.last)
            if made < self.variant.last and (made >= self.variant.first or self._arrives(name)):
                births[name] = np.full(tensor.rows, self.times if made >= self.variant.first else 0)
                deaths[name] = np.full(tensor.rows, _NEVER)
        if any(kernel.whole for kernel in self.kernels.values()):
            self._run_whole(births, deaths)
        else:
            self._run(births, deaths)
        for name, death in deaths.items():
            death[self.graph.pending(name, self.variant.last)] = self.times - 1
        return births, deaths

    def _arrives(self, name: str) -> bool:
        return bool(self.graph.pending(name, self.variant.first).any())

    def _run_whole(self, births: dict[str, Times], deaths: dict[str, Times]) -> None:
        """A layer by itself that reads and writes in an order of its own."""
        layer = self.graph.layers[self.variant.first]
        births[layer.output][:] = 0
        for name in (layer.output, *(read.tensor for read in layer.inputs)):
            deaths[name][:] = self.times - 1
        if self._replaced:
            deaths[self._replaced][:] = _NEVER

    def _run(self, births: dict[str, Times], deaths: dict[str, Times]) -> None:
        """Note when each row is written and last read."""
        last_position = {at: position for position, (at, _) in enumerate(self.order)}
        expanded = {
            (at, k): np.zeros(self.graph.tensors[read.tensor].rows, np.bool_)
            for at, kernel in self.kernels.items()
            for k, read in enumerate(self.graph.layers[at].inputs)
            if kernel.keeps_rows
        }
        for position, (at, step) in enumerate(self.order):
            layer = self.graph.layers[at]
            kernel = self.kernels[at]
            copied = kernel.buffered or kernel.keeps_rows
            for k, read in enumerate(layer.inputs):
                low, high = self.graph.needs[at][k][step]
                death = deaths[read.tensor][low : high + 1]
                time = 2 * position + (not (copied or (read.elementwise and kernel.elementwise)))
                if (at, k) in expanded:
                    known = expanded[at, k][low : high + 1]
                    death[~known] = np.maximum(death[~known], time)
                    known[:] = True
                else:
                    np.maximum(death, time, out=death)
            if not layer.accumulates or position == last_position[at]:
                rows = slice(None) if layer.accumulates else slice(step, step + 1)
                births[layer.output][rows] = 2 * position + 1
                deaths[layer.output][rows] = 2 * position + 1

    def _keeps(self, at: int, kernel: RowKernel) -> bool:
        """Whether a layer's workspace holds something between its steps."""
        return kernel.keeps_rows or self.graph.layers[at].accumulates

    def _scratch(self) -> list[Living]:
        positions: dict[int, list[int]] = {}
        for position, (at, _) in enumerate(self.order):
            positions.setdefault(at, []).append(position)
        found = []
        for at, kernel in self.kernels.items():
            if not kernel.scratch_bytes or at not in positions:
                continue
            end = np.zeros(self.times, np.int64)
            if kernel.whole or self._keeps(at, kernel):
                end[2 * positions[at][0] : 2 * positions[at][-1] + 2] = kernel.scratch_bytes
            else:
                end.reshape(-1, 2)[positions[at]] = kernel.scratch_bytes
            name = self.graph.layers[at].scratch
            begin = np.zeros(self.times, np.int64)
            found.append(Living(name, kernel.scratch_bytes, kernel.scratch_alignment, 1, begin, end))
        return found


def _cover(birth: Times, death: Times, slots: Times, times: int) -> tuple[Times, Times]:
    """For each time the range [begin, end) that covers the slots of all rows that live then; (0, 0) if none."""
    nothing = len(birth)
    begin = np.full(times, nothing)
    end = np.zeros(times, np.int64)
    for row in np.flatnonzero(birth <= death):
        life = slice(birth[row], death[row] + 1)
        np.minimum(begin[life], slots[row], out=begin[life])
        np.maximum(end[life], slots[row] + 1, out=end[life])
    begin[end == 0] = 0
    return begin, end
