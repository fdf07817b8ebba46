"""Real numbers on the grid that integers stand for, with gradients that pass through."""

from __future__ import annotations

from typing import Any

import torch


def round_half_away(tensor: torch.Tensor) -> torch.Tensor:
    """The nearest integers, ties away from zero, as C's round."""
    half = torch.full((), 0.5, dtype=tensor.dtype, device=tensor.device)
    return _truncated(torch.copysign(half, tensor).add_(tensor))


def _truncated(tensor: torch.Tensor) -> torch.Tensor:
    """The whole part, in place: finite numbers as torch.trunc gives them, in a tenth of its time."""
    return tensor.sub_(tensor.frac())


def on_grid(tensor: torch.Tensor, scale: torch.Tensor, zero_point: int, low: int, high: int) -> torch.Tensor:
    """Each number as the nearest of scale * (integer - zero_point), the integers from low to high.

    Gradients are those of LSQ: to a number that is not clipped its own, and to the scale (which broadcasts) how far
    rounding moved, or clipping holds, what it scales.  Esser et al., "Learned step size quantization", 2020, equations
    3 and 5, and their gradient scale.
    """
    return _OnGrid.apply(tensor, scale, zero_point, low, high)


class _OnGrid(torch.autograd.Function):
    @staticmethod
    def forward(
        ctx: Any, tensor: torch.Tensor, scale: torch.Tensor, zero_point: int, low: int, high: int
    ) -> torch.Tensor:
        steps = tensor / scale
        clipped = torch.clamp(steps, low - zero_point, high - zero_point)
        levels, inside = round_half_away(clipped), clipped == steps
        ctx.save_for_backward(torch.where(inside, levels - steps, levels), inside)
        ctx.scale_shape, ctx.reach = scale.shape, max(high, 1)
        return levels.mul_(scale)

    @staticmethod
    def backward(ctx: Any, given: torch.Tensor) -> tuple[Any, ...]:
        moved, inside = ctx.saved_tensors
        own = given * inside if ctx.needs_input_grad[0] else None
        if not ctx.needs_input_grad[1]:
            return own, None, None, None, None
        shape = ctx.scale_shape
        count = max(1, given.numel() // max(1, shape.numel()))
        of_scale = (given * moved).sum_to_size(shape) if shape else (given * moved).sum()
        return own, of_scale / (count * ctx.reach) ** 0.5, None, None, None


def signs(tensor: torch.Tensor, scale: torch.Tensor) -> torch.Tensor:
    """Each number as scale or -scale (which broadcasts); the gradient of a number within these is its own.

    Courbariaux et al., "Binarized neural networks", 2016, section 1.3.
    """
    near = torch.clamp(tensor / scale.detach(), -1, 1)
    return exactly(near, torch.where(near.detach() < 0, -1.0, 1.0)) * scale


def exactly(approximate: torch.Tensor, exact: torch.Tensor) -> torch.Tensor:
    """The exact numbers, with the gradient of the approximate ones: straight through."""
    return _Exactly.apply(approximate, exact)


class _Exactly(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, approximate: torch.Tensor, exact: torch.Tensor) -> torch.Tensor:
        return exact.clone()

    @staticmethod
    def backward(ctx: Any, given: torch.Tensor) -> tuple[torch.Tensor, None]:
        return given, None


def requantized(
    sums: torch.Tensor, unit: torch.Tensor, multiplier: torch.Tensor, step: torch.Tensor
) -> torch.Tensor:
    """Sums in units, rounded as the integers' first rounding does: step * round(multiplier * sums).

    Results are a quarter of a step further from zero, so that the second rounding, which takes ties away from zero,
    does so in real numbers too.  All tensors broadcast; the gradient is that of unit * sums.
    """
    return _Requantized.apply(sums, unit, multiplier, step)


class _Requantized(torch.autograd.Function):
    @staticmethod
    def forward(
        ctx: Any, sums: torch.Tensor, unit: torch.Tensor, multiplier: torch.Tensor, step: torch.Tensor
    ) -> torch.Tensor:
        ctx.save_for_backward(unit)
        fine = sums * multiplier
        half = torch.copysign(torch.full((), 0.5, dtype=fine.dtype, device=fine.device), fine)
        return _truncated(fine.add_(half)).add_(half, alpha=0.5).mul_(step)

    @staticmethod
    def backward(ctx: Any, given: torch.Tensor) -> tuple[Any, ...]:
        return given * ctx.saved_tensors[0], None, None, None


def levels(tensor: torch.Tensor, scale: torch.Tensor) -> torch.Tensor:
    """Numbers in steps of a scale as integers, zero where the zero point is; the gradient is that of a division.

    Numbers that lie on the scale's grid are no ties.
    """
    return _Levels.apply(tensor, scale)


class _Levels(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, tensor: torch.Tensor, scale: torch.Tensor) -> torch.Tensor:
        ctx.save_for_backward(scale)
        return (tensor / scale).round_()

    @staticmethod
    def backward(ctx: Any, given: torch.Tensor) -> tuple[torch.Tensor, None]:
        return given / ctx.saved_tensors[0], None
