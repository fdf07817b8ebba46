"""Layers of next to no work take kernels whose code is there for other layers."""

from __future__ import annotations

from collections.abc import Sequence

from smelt.codegen.options import Options
from smelt.operators import Call, Kernel, accepted_kernels
from smelt.targets import Target

_SMALL_PART = {"speed": 0.001}
_USUAL_SMALL_PART = 0.01
"""A layer with less than this part of a network's multiply-accumulates saves flash rather than cycles."""


def sharing_kernels(
    calls: Sequence[Call],
    kernels: Sequence[Kernel | None],
    macs: Sequence[int],
    target: Target,
    options: Options,
) -> tuple[Kernel | None, ...]:
    """The kernels of the layers, with others where these add fewer files of code for a small layer.

    Of the kernels for the same instruction set the one is taken of whose sources the larger layers link
    the most; among equals the first of `accepted_kernels`, which is the fastest.  Layers with measured
    prices and those that multiply nothing stay as they are.
    """
    limit = _SMALL_PART.get(options.optimize, _USUAL_SMALL_PART) * sum(macs)
    linked = {
        s for kernel, n in zip(kernels, macs, strict=True) if kernel and n >= limit for s in kernel.sources
    }

    def added(kernel: Kernel) -> int:
        return len(set(kernel.sources) - linked)

    found: list[Kernel | None] = []
    for call, kernel, n in zip(calls, kernels, macs, strict=True):
        if kernel is None or not 0 < n < limit or kernel.label in options.prices.get(call.output.name, {}):
            found.append(kernel)
            continue
        alike = [k for k in accepted_kernels(call, target, options.form) if _isa(k) == _isa(kernel)]
        found.append(min(alike, key=added, default=kernel))
    return tuple(found)


def _isa(kernel: Kernel) -> str:
    """The instruction set that a kernel's name ends with; empty for portable C."""
    return kernel.name.partition("__")[2]
