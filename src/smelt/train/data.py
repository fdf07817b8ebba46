"""Training data: arrays of samples, split, shuffled and cut into batches."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch

from smelt.errors import UsageError
from smelt.ir import Array, Graph
from smelt.quantize.samples import LABEL_NAMES, DataFile, read_data, samples_for

Augment = Callable[[tuple[torch.Tensor, ...], torch.Generator], tuple[torch.Tensor, ...]]
"""Changes the inputs of a batch at random: (inputs, generator) → inputs."""


@dataclass(frozen=True)
class Batch:
    """Samples as tensors; `labels` where there are any; `taught`: what the teacher gives for the inputs."""

    inputs: tuple[torch.Tensor, ...]
    labels: torch.Tensor | None = None
    taught: Any = None

    @property
    def size(self) -> int:
        """The number of samples."""
        return int(self.inputs[0].shape[0])

    def to(self, device: Any) -> Batch:
        """The batch on a device."""
        labels = None if self.labels is None else self.labels.to(device)
        return replace(self, inputs=tuple(tensor.to(device) for tensor in self.inputs), labels=labels)


@dataclass(frozen=True)
class TrainingData:
    """One array an input, in the order of the inputs; the first dimension counts samples.  Labels are optional."""

    inputs: tuple[Array, ...]
    labels: Array | None = None

    def __len__(self) -> int:
        return len(self.inputs[0])

    def at(self, index: Array | slice) -> TrainingData:
        """Some of the samples."""
        labels = None if self.labels is None else self.labels[index]
        return TrainingData(tuple(array[index] for array in self.inputs), labels)

    def split(self, held_out: float, seed: int) -> tuple[TrainingData, TrainingData]:
        """The samples to train on, and a share of them, drawn at random, to choose by."""
        order = np.random.default_rng(seed).permutation(len(self))
        count = round(len(self) * held_out)
        return self.at(order[count:]), self.at(order[:count])

    def batches(self, size: int, generator: torch.Generator | None = None) -> Iterator[Batch]:
        """All samples once, in another order where a generator is given."""
        order = np.arange(len(self))
        if generator is not None:
            order = torch.randperm(len(self), generator=generator).numpy()
        for start in range(0, len(self), size):
            part = self.at(order[start : start + size])
            labels = None if part.labels is None else torch.from_numpy(np.ascontiguousarray(part.labels))
            inputs = tuple(torch.from_numpy(np.ascontiguousarray(array)) for array in part.inputs)
            yield Batch(inputs, labels)


def training_data(
    graph: Graph, data: Path | str | DataFile | Mapping[str, Array] | TrainingData
) -> TrainingData:
    """A graph's training data from a .npz file or arrays by name, whose first dimension counts samples.

    Arrays belong to inputs as `smelt.samples_for` says; labels are an array called y, labels, label or targets.
    Raises FormatError for arrays of other shapes, UsageError where there are no samples.
    """
    if isinstance(data, TrainingData):
        return data
    file = read_data(data) if isinstance(data, Path | str) else data
    arrays = file.arrays if isinstance(file, DataFile) else file
    samples = list(samples_for(graph, file))
    if not samples:
        raise UsageError("the training data have no samples")
    inputs = tuple(np.concatenate([sample[name] for sample in samples]) for name in graph.inputs)
    labels = next((np.asarray(arrays[name]) for name in LABEL_NAMES if name in arrays), None)
    if labels is not None:
        labels = labels.astype(np.int64 if labels.dtype.kind in "iub" else np.float32)
        count = len(labels) if labels.ndim else 0
        if count != len(samples):
            raise UsageError(f"the training data have {len(samples)} samples and {count} labels")
    return TrainingData(inputs, labels)
