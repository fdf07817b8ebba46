"""Training samples changed at random, as a recipe says: images mirrored and shifted, signals delayed, noise."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields

import torch

from smelt.errors import UsageError
from smelt.ir import Graph

MIRRORED = 0.5
"""The share of images that is mirrored."""


@dataclass(frozen=True)
class Augmentation:
    """What happens to each sample of a batch, in this order; 0 and false: nothing.

    Images (height, width, channels): `mirror`: half of them from left to right; `shift`: by up to so many pixels along
    each side, the edges repeated; `erase`: a square of so many pixels has the sample's mean.  Series (time first):
    `delay`: by up to so many steps either way, the ends repeated.  Real numbers of any shape: `gain`: times 1 ± up to
    so much; `noise`: normal, its standard deviation in shares of the sample's own; `mix`: with another sample of the
    batch, at a weight of at most `mix` (0.5: half of each); teachers judge the mixture, labels stay those of the first.
    Inputs that a change does not fit stay as they are.
    """

    mirror: bool = False
    shift: int = 0
    erase: int = 0
    delay: int = 0
    gain: float = 0.0
    noise: float = 0.0
    mix: float = 0.0

    def __post_init__(self) -> None:
        numbers = [float(getattr(self, each.name)) for each in fields(self)]
        if not all(0 <= number < math.inf for number in numbers) or self.gain >= 1 or self.mix > 0.5:
            raise UsageError(
                "[augment] has pixels, steps and shares that are not negative, gain below 1 and mix up to 0.5; given "
                f"{self}"
            )

    def __bool__(self) -> bool:
        return any(getattr(self, each.name) for each in fields(self))

    def check(self, graph: Graph) -> None:
        """UsageError for a change that fits no input of the graph."""
        inputs = [graph.values[name] for name in graph.inputs]
        for each in fields(self):
            rank, real = _NEEDS[each.name]
            fits = [len(v.shape) >= rank and (v.dtype.numpy.kind == "f" or not real) for v in inputs]
            if getattr(self, each.name) and not any(fits):
                wanted = {4: "images [1, height, width, channels]", 2: "inputs with time", 1: "inputs"}[rank]
                raise UsageError(
                    f"[augment] {each.name} changes {wanted}{' of real numbers' if real else ''}; "
                    f"'{graph.name}' has the inputs {', '.join(str(list(v.shape)) for v in inputs)}"
                )

    def __call__(
        self, inputs: tuple[torch.Tensor, ...], generator: torch.Generator
    ) -> tuple[torch.Tensor, ...]:
        """A batch's inputs, changed; the same generator gives the same."""
        for each in fields(self):
            amount, (rank, real) = getattr(self, each.name), _NEEDS[each.name]
            if amount:
                change = _CHANGES[each.name]
                inputs = tuple(
                    change(tensor, amount, generator)
                    if tensor.dim() >= rank and (tensor.is_floating_point() or not real)
                    else tensor
                    for tensor in inputs
                )
        return inputs


def _mirror(x: torch.Tensor, _: float, generator: torch.Generator) -> torch.Tensor:
    chosen = _uniform(x, 0, 1, generator) < MIRRORED
    return torch.where(chosen, x.flip(2), x)


def _shift(x: torch.Tensor, most: float, generator: torch.Generator) -> torch.Tensor:
    return _moved(_moved(x, 1, most, generator), 2, most, generator)


def _delay(x: torch.Tensor, most: float, generator: torch.Generator) -> torch.Tensor:
    return _moved(x, 1, most, generator)


def _moved(x: torch.Tensor, axis: int, most: float, generator: torch.Generator) -> torch.Tensor:
    """Samples moved along an axis by as many places as are drawn for each, the ends repeated."""
    steps = torch.randint(-int(most), int(most) + 1, (len(x), 1), generator=generator)
    places = (torch.arange(x.shape[axis]) + steps).clamp(0, x.shape[axis] - 1).to(x.device)
    places = places.reshape(len(x), *(x.shape[axis] if n == axis else 1 for n in range(1, x.dim())))
    return x.gather(axis, places.expand(len(x), *x.shape[1:axis], x.shape[axis], *x.shape[axis + 1 :]))


def _erase(x: torch.Tensor, side: float, generator: torch.Generator) -> torch.Tensor:
    inside = torch.ones((), dtype=torch.bool, device=x.device)
    for axis in (1, 2):
        size = x.shape[axis]
        first = torch.randint(1 - int(side), size, (len(x), 1), generator=generator)
        along = (torch.arange(size) >= first) & (torch.arange(size) < first + int(side))
        inside = inside & along.reshape(len(x), *(size if n == axis else 1 for n in range(1, x.dim()))).to(
            x.device
        )
    mean = x.double().mean(dim=_rest(x), keepdim=True).to(x.dtype)
    return torch.where(inside, mean, x)


def _gain(x: torch.Tensor, most: float, generator: torch.Generator) -> torch.Tensor:
    return x * _uniform(x, 1 - most, 1 + most, generator)


def _noise(x: torch.Tensor, share: float, generator: torch.Generator) -> torch.Tensor:
    deviation = x.std(dim=_rest(x), keepdim=True, correction=0)
    return x + share * deviation * torch.randn(x.shape, generator=generator).to(x)


def _mix(x: torch.Tensor, most: float, generator: torch.Generator) -> torch.Tensor:
    weight = _uniform(x, 0, most, generator)
    other = torch.randperm(len(x), generator=generator).to(x.device)
    return (1 - weight) * x + weight * x[other]


def _uniform(x: torch.Tensor, low: float, high: float, generator: torch.Generator) -> torch.Tensor:
    """A number for each sample."""
    drawn = torch.rand((len(x), *(1,) * (x.dim() - 1)), generator=generator)
    return (low + (high - low) * drawn).to(x.device)


def _rest(x: torch.Tensor) -> Sequence[int]:
    return tuple(range(1, x.dim()))


_CHANGES: dict[str, Callable[[torch.Tensor, float, torch.Generator], torch.Tensor]] = {
    "mirror": _mirror,
    "shift": _shift,
    "erase": _erase,
    "delay": _delay,
    "gain": _gain,
    "noise": _noise,
    "mix": _mix,
}
_NEEDS = {
    "mirror": (4, False),
    "shift": (4, False),
    "erase": (4, False),
    "delay": (2, False),
    "gain": (2, True),
    "noise": (2, True),
    "mix": (2, True),
}
"""How many dimensions an input has to have for a change, the batch included, and whether only real numbers do."""
