"""How far two models' tensors are apart on the same inputs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from smelt.engines import Engine
from smelt.errors import UsageError
from smelt.ir import Array, Graph
from smelt.quantize.parameters import real
from smelt.quantize.samples import to_input


@dataclass
class TensorDifference:
    """Errors of one tensor over all samples, in real numbers (quantized tensors are dequantized).

    `relative` is the largest difference over the largest |value| of the first model (infinite where one has a number
    and the other none);
    `signal_to_noise_db` and `cosine` compare all values.
    """

    name: str
    shape: tuple[int, ...]
    max_difference: float = 0.0
    max_value: float = 0.0
    identical: bool = True
    _signal: float = field(default=0.0, repr=False)
    _noise: float = field(default=0.0, repr=False)
    _other: float = field(default=0.0, repr=False)
    _dot: float = field(default=0.0, repr=False)

    @np.errstate(invalid="ignore", over="ignore")
    def update(self, a: NDArray[np.float64], b: NDArray[np.float64], *, identical: bool) -> None:
        """Take in one sample."""
        error = np.nan_to_num(np.abs(a - b), nan=np.inf, posinf=np.inf)
        error = np.where((a == b) | (np.isnan(a) & np.isnan(b)), 0.0, error)
        self.max_difference = max(self.max_difference, float(error.max(initial=0.0)))
        finite = np.abs(a[np.isfinite(a)])
        self.max_value = max(self.max_value, float(finite.max(initial=0.0)))
        self.identical &= identical
        self._signal += float((a * a).sum())
        self._other += float((b * b).sum())
        self._noise += float((error * error).sum())
        self._dot += float((a * b).sum())

    @property
    def relative(self) -> float:
        """Largest difference over the largest |value|; 0 when both are 0."""
        return self.max_difference / self.max_value if self.max_value else float(self.max_difference > 0)

    @property
    def signal_to_noise_db(self) -> float | None:
        """10 log10 of signal power over error power; None when there is no error, no signal or an infinite one."""
        if self._noise == 0 or self._signal == 0 or not np.isfinite(self._noise + self._signal):
            return None
        return 10 * float(np.log10(self._signal / self._noise))

    @property
    def cosine(self) -> float | None:
        """Cosine of the angle between all values of both; None for vectors of length zero or infinity."""
        norm = float(np.sqrt(self._signal * self._other))
        return self._dot / norm if norm and np.isfinite(norm) else None

    def to_json(self) -> dict[str, Any]:
        """Plain data."""
        data = {k: v for k, v in asdict(self).items() if not k.startswith("_")}
        return {
            **data,
            "relative": self.relative,
            "signal_to_noise_db": self.signal_to_noise_db,
            "cosine": self.cosine,
        }


def compare_tensors(
    graphs: tuple[Graph, Graph], engines: tuple[Engine, Engine], samples: Iterable[Mapping[str, Array]]
) -> list[TensorDifference]:
    """Run both models on samples given for the first one; compare tensors of the same name and shape, and outputs.

    Outputs are matched by position, other tensors by name.  A sample is converted for the second
    model as `to_input` does, from real numbers.  UsageError when the models' inputs differ.
    """
    first, second = graphs
    if len(first.inputs) != len(second.inputs) or len(first.outputs) != len(second.outputs):
        raise UsageError("the two models have different numbers of inputs or outputs")
    result: dict[str, TensorDifference] = {}
    for sample in samples:
        other = sample_for(first, second, sample)
        tensors_a, tensors_b = engines[0].run_all(sample), engines[1].run_all(other)
        for name_a, name_b in _pairs(first, second, tensors_a, tensors_b):
            value_a, value_b = first.values[name_a], second.values[name_b]
            a, b = tensors_a[name_a], tensors_b[name_b]
            identical = value_a.quantization == value_b.quantization and np.array_equal(a, b)
            entry = result.setdefault(name_a, TensorDifference(name_a, value_a.shape))
            entry.update(real(value_a, a), real(value_b, b).reshape(a.shape), identical=bool(identical))
    return list(result.values())


def sample_for(first: Graph, second: Graph, sample: Mapping[str, Array]) -> dict[str, Array]:
    """A sample of the first model as the second one takes it, inputs matched by position.

    Real numbers are converted as `to_input` does; FormatError when a shape does not fit.
    """
    result: dict[str, Array] = {}
    for name_a, name_b in zip(first.inputs, second.inputs, strict=True):
        value_a, value_b = first.values[name_a], second.values[name_b]
        array = sample[name_a]
        if value_a.dtype is not value_b.dtype or value_a.quantization != value_b.quantization:
            array = real(value_a, array).astype(np.float32) if value_a.quantization else array
        result[name_b] = to_input(value_b, array)
    return result


def _pairs(
    first: Graph, second: Graph, a: Mapping[str, Array], b: Mapping[str, Array]
) -> Iterable[tuple[str, str]]:
    outputs = dict(zip(first.outputs, second.outputs, strict=True))
    for name in a:
        if name in outputs:
            continue
        if name in b and first.values[name].shape == second.values[name].shape and name in second.values:
            yield name, name
    for name_a, name_b in outputs.items():
        if first.values[name_a].elements != second.values[name_b].elements:
            raise UsageError(f"output '{name_a}' has another shape than '{name_b}'")
        if name_a in a and name_b in b:
            yield name_a, name_b
