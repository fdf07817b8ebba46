"""The judge of every row plan: runs its steps in an arena of owner tags. Shares no code with the planner."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from smelt.errors import GraphError
from smelt.memory.rows import RowKernel, RowLayer, RowPlan, RowTensor

_NOBODY = -1


def check_row_plan(
    layers: Sequence[RowLayer],
    tensors: Sequence[RowTensor],
    plan: RowPlan,
    inputs: Sequence[str],
    outputs: Sequence[str],
    keep_inputs: bool = False,
) -> None:
    """Raise GraphError, naming layer and tensors, if a plan loses a byte before its last use.

    Each byte carries the tensor and row, or the scratch, that wrote it last. A step marks its scratch, finds
    all rows that it reads, marks the row that it writes, and, unless its kernel is buffered, finds the
    rows that it reads once more. Also checked: places, alignments, order and number of rows, and that
    only kernels that can be streamed or run downward are.
    """
    run = _Run(layers, tensors, plan)
    run.check_places()
    for name in inputs:
        for row in range(run.tensors[name].rows):
            run.write(name, row)
    for name in inputs:
        run.find_all(name, "the start")
    for step in plan.steps:
        layer = run.layers.get(step.layer)
        if not layer:
            raise GraphError(f"row plan: it runs layer '{step.layer}', which does not exist")
        rows = range(step.first_row, step.first_row + step.count)
        for row in reversed(rows) if step.descending else rows:
            run.step(layer, row, step.descending)
    for layer in layers:
        run.check_complete(layer, layer.output in outputs)
    for name in (*outputs, *(inputs if keep_inputs else ())):
        run.find_all(name, "the end")


class _Run:
    """The arena of tags while a plan runs."""

    def __init__(self, layers: Sequence[RowLayer], tensors: Sequence[RowTensor], plan: RowPlan) -> None:
        self.plan = plan
        self.layers = {layer.name: layer for layer in layers}
        self.tensors = {tensor.name: tensor for tensor in tensors}
        self.owners: list[str] = []
        self.tags: dict[tuple[str, int], int] = {}
        self.arena: NDArray[np.int64] = np.full(plan.arena_bytes, _NOBODY, np.int64)
        self.done: dict[str, list[int]] = {layer.name: [] for layer in layers}
        self.expanded: set[tuple[str, str, int]] = set()
        self.running = ""
        self.grouped = {name: group for group in plan.groups for name in group}

    def kernel(self, layer: RowLayer) -> RowKernel:
        return layer.kernels[self.plan.kernels[layer.name]]

    def check_places(self) -> None:
        """Every tensor and scratch has an aligned offset inside the arena."""
        places = []
        for tensor in self.tensors.values():
            if tensor.name in self.plan.offsets:
                rows = self.plan.ring_rows[tensor.name]
                places.append((tensor.name, rows * tensor.row_bytes, tensor.alignment))
        for layer in self.layers.values():
            kernel = self.kernel(layer)
            if kernel.scratch_bytes:
                places.append((layer.scratch, kernel.scratch_bytes, kernel.scratch_alignment))
        for name, size, alignment in places:
            if name not in self.plan.offsets:
                raise GraphError(f"row plan: '{name}' has no place")
            offset = self.plan.offsets[name]
            if offset < 0 or offset + size > self.plan.arena_bytes:
                raise GraphError(f"row plan: '{name}' at {offset}..{offset + size} is outside the arena")
            if offset % alignment:
                raise GraphError(f"row plan: '{name}' at {offset} is not aligned to {alignment} bytes")

    def step(self, layer: RowLayer, row: int, descending: bool) -> None:
        """One step of a layer."""
        kernel = self.kernel(layer)
        done = self.done[layer.name]
        steps = self._steps(layer)
        expected = (steps - 1 - len(done)) if descending else len(done)
        if row != expected:
            raise GraphError(f"row plan: layer '{layer.name}' runs row {row} where row {expected} is next")
        if descending and not kernel.descending:
            raise GraphError(f"row plan: layer '{layer.name}' runs downward, which its kernel cannot")
        if done and self.running != layer.name and not kernel.streamable:
            raise GraphError(
                f"row plan: layer '{layer.name}' is interrupted, which its kernel does not allow"
            )
        self.running = layer.name
        if kernel.whole:
            self._run_whole(layer, kernel, row)
        else:
            self._run_row(layer, kernel, row, len(done) + 1 == steps)
        done.append(row)

    def _run_whole(self, layer: RowLayer, kernel: RowKernel, row: int) -> None:
        """All of a layer that goes in an order of its own, at its first row: at worst it mixes everything."""
        if row:
            return
        if kernel.scratch_bytes:
            self.write(layer.scratch, 0)
        reads = [read.tensor for read in layer.inputs]
        for name in reads:
            self.find_all(name, f"layer '{layer.name}'")
        for output_row in range(self.tensors[layer.output].rows):
            self.write(layer.output, output_row)
        for at, name in enumerate(reads):
            same_place = self.plan.offsets[name] == self.plan.offsets[layer.output]
            written = self.tensors[layer.output].bytes
            allowed = kernel.in_place and not at and name not in reads[1:] and same_place
            if not allowed or written > self.tensors[name].bytes:
                self.find_all(name, f"layer '{layer.name}'")
            else:
                self.find_behind(name, written, f"layer '{layer.name}'")
        self.find_all(layer.output, f"layer '{layer.name}'")
        if kernel.scratch_bytes:
            self._find(layer.scratch, 0, f"layer '{layer.name}'")

    def _run_row(self, layer: RowLayer, kernel: RowKernel, row: int, last: bool) -> None:
        self._mark_scratch(layer, kernel, bool(self.done[layer.name]))
        self._find_inputs(layer, row)
        if not layer.accumulates:
            self.write(layer.output, row)
        elif last:
            for output_row in range(self.tensors[layer.output].rows):
                self.write(layer.output, output_row)
        self._check_elementwise(layer, row)
        if kernel.scratch_bytes:
            self._find(layer.scratch, 0, f"layer '{layer.name}' row {row}")
        if not (kernel.buffered or kernel.keeps_rows):
            self._find_inputs(layer, row, after=True)
        for read in layer.inputs:
            if kernel.keeps_rows:
                first, stop = self._range(layer, read.needs, read.tensor, row)
                self.expanded |= {(layer.name, read.tensor, r) for r in range(first, stop)}

    def _mark_scratch(self, layer: RowLayer, kernel: RowKernel, started: bool) -> None:
        if not kernel.scratch_bytes:
            return
        if started and (kernel.keeps_rows or layer.accumulates):
            self._find(layer.scratch, 0, f"layer '{layer.name}', which keeps it between rows")
        else:
            self.write(layer.scratch, 0)

    def _find_inputs(self, layer: RowLayer, row: int, after: bool = False) -> None:
        for read in layer.inputs:
            if after and read.elementwise and self.kernel(layer).elementwise:
                continue
            first, stop = self._range(layer, read.needs, read.tensor, row)
            for r in range(first, stop):
                if (layer.name, read.tensor, r) not in self.expanded:
                    self._find(read.tensor, r, f"layer '{layer.name}' row {row}")

    def _range(
        self, layer: RowLayer, needs: tuple[tuple[int, int], ...] | None, tensor: str, row: int
    ) -> tuple[int, int]:
        if needs is None:
            return 0, self.tensors[tensor].rows
        return needs[row][0], needs[row][1] + 1

    def _check_elementwise(self, layer: RowLayer, row: int) -> None:
        """Element i must not be written on an element of the same row that is yet to be read."""
        kernel = self.kernel(layer)
        for read in layer.inputs:
            if read.elementwise and kernel.elementwise and not (kernel.buffered or kernel.keeps_rows):
                begin, size = self._place(read.tensor, row)
                distance = self._place(layer.output, row)[0] - begin
                if 0 < distance < size:
                    raise GraphError(
                        f"row plan: layer '{layer.name}' row {row} writes '{layer.output}' {distance} bytes "
                        f"above its input '{read.tensor}', whose elements it has yet to read"
                    )

    def _steps(self, layer: RowLayer) -> int:
        if layer.accumulates:
            return next(len(read.needs) for read in layer.inputs if read.needs is not None)
        return self.tensors[layer.output].rows

    def _place(self, name: str, row: int) -> tuple[int, int]:
        """The first byte and the size of a row, or of a scratch."""
        if name in self.tensors:
            size = self.tensors[name].row_bytes
            return self.plan.offsets[name] + row % self.plan.ring_rows[name] * size, size
        layer = self.layers[name.removesuffix(".scratch")]
        return self.plan.offsets[name], self.kernel(layer).scratch_bytes

    def write(self, name: str, row: int) -> None:
        """Mark the bytes of a row."""
        begin, size = self._place(name, row)
        if (name, row) not in self.tags:
            self.tags[name, row] = len(self.owners)
            self.owners.append(f"'{name}' row {row}" if name in self.tensors else f"'{name}'")
        self.arena[begin : begin + size] = self.tags[name, row]

    def _find(self, name: str, row: int, reader: str) -> None:
        begin, size = self._place(name, row)
        what = f"'{name}' row {row}" if name in self.tensors else f"'{name}'"
        if (name, row) not in self.tags:
            raise GraphError(f"row plan: {reader} reads {what} before it is written")
        found = self.arena[begin : begin + size]
        lost = found[found != self.tags[name, row]]
        if lost.size:
            raise GraphError(f"row plan: {reader} needs {what}, overwritten by {self.owners[int(lost[0])]}")

    def find_behind(self, name: str, written: int, when: str) -> None:
        """Find the bytes of a tensor from `written` on, of which an output at its place leaves rows in part."""
        offset, row_bytes = self.plan.offsets[name], self.tensors[name].row_bytes
        for row in range(self.tensors[name].rows):
            first = max(written - row * row_bytes, 0)
            found = self.arena[offset + row * row_bytes + first : offset + (row + 1) * row_bytes]
            if first < row_bytes and (found != self.tags[name, row]).any():
                raise GraphError(f"row plan: {when} needs '{name}' row {row}, overwritten")

    def find_all(self, name: str, when: str) -> None:
        """Find every row of a tensor."""
        for row in range(self.tensors[name].rows):
            self._find(name, row, when)

    def check_complete(self, layer: RowLayer, wanted: bool) -> None:
        """A layer by itself runs all its rows; a streamed one those that somebody needs."""
        if layer.name not in self.grouped or wanted or layer.accumulates:
            done, steps = len(self.done[layer.name]), self._steps(layer)
            if done != steps:
                raise GraphError(f"row plan: layer '{layer.name}' runs {done} of its {steps} rows")
