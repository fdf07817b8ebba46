"""The layers of a row plan, checked, with the questions that planning asks of them."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from smelt.errors import GraphError
from smelt.memory.rows import RowInput, RowLayer, RowRange, RowTensor

Mask = NDArray[np.bool_]


class RowGraph:
    """Layers in execution order and their tensors; raises GraphError where they contradict each other."""

    def __init__(
        self,
        layers: Sequence[RowLayer],
        tensors: Sequence[RowTensor],
        inputs: Sequence[str],
        outputs: Sequence[str],
        keep_inputs: bool = False,
    ) -> None:
        self.layers = tuple(layers)
        self.tensors = {tensor.name: tensor for tensor in tensors}
        self.inputs = tuple(dict.fromkeys(inputs))
        self.kept = {*outputs, *(inputs if keep_inputs else ())}
        if len(self.tensors) != len(tensors) or len({layer.name for layer in layers}) != len(layers):
            raise GraphError("row plan: two tensors or two layers have the same name")
        clash = self.tensors.keys() & {layer.scratch for layer in self.layers}
        if clash:
            raise GraphError(f"row plan: tensor '{min(clash)}' has the name of a layer's scratch")
        self._check_order(outputs)
        self.producer = {layer.output: at for at, layer in enumerate(self.layers)}
        self.steps = [_steps(layer, self.tensors[layer.output].rows) for layer in self.layers]
        self.needs = [[self._needs(at, k) for k in layer.inputs] for at, layer in enumerate(self.layers)]
        self.readers: dict[str, list[tuple[int, Mask]]] = {name: [] for name in self.tensors}
        for at, layer in enumerate(self.layers):
            for read, needs in zip(layer.inputs, self.needs[at], strict=True):
                self.readers[read.tensor].append((at, _mask(needs, self.tensors[read.tensor].rows)))
        self.pending = lru_cache(maxsize=None)(self._pending)

    def _check_order(self, outputs: Sequence[str]) -> None:
        written: set[str] = set()
        for name in (*self.inputs, *outputs, *(layer.output for layer in self.layers)):
            if name not in self.tensors:
                raise GraphError(f"row plan: tensor '{name}' is not described")
        written.update(self.inputs)
        for layer in self.layers:
            if not layer.kernels:
                raise GraphError(f"row plan: layer '{layer.name}' has no kernel")
            for read in layer.inputs:
                if read.tensor not in written:
                    raise GraphError(
                        f"row plan: layer '{layer.name}' reads tensor '{read.tensor}' before it is written"
                    )
            if layer.output in written:
                raise GraphError(
                    f"row plan: layer '{layer.name}' writes '{layer.output}', which exists already"
                )
            written.add(layer.output)
        for name in outputs:
            if name not in written:
                raise GraphError(f"row plan: output tensor '{name}' is written by no layer")

    def _needs(self, at: int, read: RowInput) -> tuple[RowRange, ...]:
        """The rows of one input that each step reads, checked."""
        layer, tensor = self.layers[at], self.tensors[read.tensor]
        where = f"row plan: layer '{layer.name}', input '{read.tensor}'"
        if read.needs is None:
            if read.elementwise:
                raise GraphError(f"{where}: an elementwise input is not read as a whole")
            return ((0, tensor.rows - 1),) * self.steps[at]
        if len(read.needs) != self.steps[at]:
            raise GraphError(f"{where}: needs of {len(read.needs)} steps, but the layer has {self.steps[at]}")
        for first, last in read.needs:
            if not (first >= 0 and first - 1 <= last < tensor.rows):
                raise GraphError(f"{where}: rows {first}..{last} are not within its {tensor.rows} rows")
        if read.elementwise:
            output = self.tensors[layer.output]
            same = (tensor.rows, tensor.row_bytes) == (output.rows, output.row_bytes)
            if layer.accumulates or not same or any(n != (r, r) for r, n in enumerate(read.needs)):
                raise GraphError(f"{where}: an elementwise input must have the output's rows, one a step")
        return read.needs

    def _pending(self, name: str, at: int) -> Mask:
        """The rows of a tensor that layer `at` or a later one reads, or that are kept to the end."""
        rows = self.tensors[name].rows
        mask = np.full(rows, name in self.kept)
        for reader, needed in self.readers[name]:
            if reader >= at:
                mask |= needed
        return mask

    def inside(self, name: str, first: int, last: int) -> bool:
        """Whether a tensor is written and read by layers first .. last - 1 only, and not kept."""
        made = self.producer.get(name, -1)
        return first <= made < last and not bool(self.pending(name, last).any())


def _steps(layer: RowLayer, rows: int) -> int:
    """How many steps a layer has."""
    if not layer.accumulates:
        return rows
    counts = {len(read.needs) for read in layer.inputs if read.needs is not None}
    if len(counts) != 1 or 0 in counts:
        raise GraphError(f"row plan: accumulating layer '{layer.name}' must have one number of steps")
    return counts.pop()


def _mask(needs: Sequence[RowRange], rows: int) -> Mask:
    mask = np.zeros(rows, np.bool_)
    for first, last in needs:
        mask[first : last + 1] = True
    return mask
