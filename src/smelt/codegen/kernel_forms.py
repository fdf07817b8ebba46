"""The ways in which a layer can be computed, as the memory planner weighs them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from smelt.codegen.layers import Layer, goes_by_rows, prefers_rows
from smelt.codegen.options import Options
from smelt.memory.rows import RowKernel
from smelt.operators import accepted_kernels
from smelt.operators.cycles import estimated_cycles
from smelt.operators.operator import Call, Kernel
from smelt.targets import Target

_A_KERNEL_MORE = 1.0
"""The price, in cycles, of a form that is not the first one but is as fast: it may take more code."""


@dataclass(frozen=True)
class KernelForm:
    """A kernel, run by its row function where `by_rows`, else by that of `lower`; None is a plain copy."""

    kernel: Kernel | None
    scratch_bytes: int = 0
    by_rows: bool = False

    @property
    def ordered(self) -> bool:
        """Whether rows are computed one after the other, also where all are asked for."""
        kernel = self.kernel
        return kernel is not None and (
            self.by_rows or kernel.ascending or kernel.buffered or kernel.accumulates
        )


def kernel_forms(layer: Layer, target: Target, options: Options) -> tuple[KernelForm, ...]:
    """The forms that a plan may choose from: the layer's kernel first, others too where RAM counts most.

    Packed weights are a choice by themselves: how many slices.
    """
    if layer.kernel is None:
        return (KernelForm(None),)
    kernels = list(layer.packed) or [layer.kernel]
    if not layer.packed and (options.optimize == "ram" or options.ram_bytes is not None):
        others = accepted_kernels(layer.call, target, options.form)
        kernels += [kernel for kernel in others if kernel.label != layer.kernel.label]
    return tuple(form for kernel in kernels for form in _forms(layer.call, kernel, target))


def _forms(call: Call, kernel: Kernel, target: Target) -> tuple[KernelForm, ...]:
    """As a whole, and by rows where that is another thing."""
    form = KernelForm(kernel, kernel.scratch_bytes(call, target), prefers_rows(call, kernel))
    if form.ordered or not goes_by_rows(call, kernel):
        return (form,)
    return (form, replace(form, by_rows=True))


def row_kernels(
    call: Call,
    forms: Sequence[KernelForm],
    target: Target,
    prices: Mapping[str, int],
    first_in_arena: bool = True,
) -> tuple[RowKernel, ...]:
    """The forms of a layer as the planner sees them, with prices above that of the first one.

    `prices` holds measured cycles of the whole layer by the kernel's label, where there are any.  Where the first input
    is not in the arena, nothing takes its place and no steps are its rows.
    """
    costs = [_cycles(call, form, target, prices) for form in forms]
    first, _ = costs[0]
    found = []
    for at, (form, (whole, streamed)) in enumerate(zip(forms, costs, strict=True)):
        kernel = _row_kernel(call, form, target, accumulates(forms), first_in_arena)
        price = max(whole - first, _A_KERNEL_MORE) if at else 0.0
        found.append(replace(kernel, price=price, stream_price=max(streamed - first - price, 0.0)))
    return tuple(found)


def accumulates(forms: Sequence[KernelForm]) -> bool:
    """Whether a form goes through the rows of the input: then the steps of the layer are these."""
    return any(form.kernel is not None and form.kernel.accumulates for form in forms)


def _cycles(call: Call, form: KernelForm, target: Target, prices: Mapping[str, int]) -> tuple[float, float]:
    """Cycles of the whole layer, and where it runs a row at a time."""
    kernel = form.kernel
    if kernel is None:
        return 0.0, 0.0
    rows = call.output.shape[1] if form.by_rows and not kernel.accumulates else None
    streamed = estimated_cycles(call, kernel, 1, target=target) if goes_by_rows(call, kernel) else 0.0
    whole = estimated_cycles(call, kernel, rows, target=target)
    known = estimated_cycles(call, kernel, target=target)
    scale = prices.get(kernel.label, known) / known
    return whole * scale, streamed * scale


def _row_kernel(
    call: Call, form: KernelForm, target: Target, accumulating: bool, first_in_arena: bool
) -> RowKernel:
    """A form without its prices; `accumulating`: the steps of the layer are rows of the input, where that is there."""
    kernel = form.kernel
    if kernel is None:
        return RowKernel(whole=True)
    made = RowKernel(form.scratch_bytes, max(4, target.alignment_bytes))
    if not form.ordered or kernel.accumulates != (accumulating and first_in_arena):
        return replace(made, whole=True, in_place=first_in_arena and 0 in kernel.in_place(call))
    return replace(
        made,
        buffered=kernel.buffered,
        keeps_rows=kernel.keeps_rows,
        streamable=goes_by_rows(call, kernel),
        elementwise=bool(kernel.in_place(call)),
    )
