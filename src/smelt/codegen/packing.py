"""Which layers keep their weights packed in flash, and in how many slices they are unpacked."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from smelt.codegen.layers import Layer, with_kernel
from smelt.codegen.options import Options
from smelt.operators import Call, Kernel
from smelt.operators.packed_weights import packed_kernel, stored_bytes
from smelt.targets import Target

SLICES = (1, 2, 4, 8, 16, 32, 64)

_LAYER_BYTES = 80
"""Flash that a packed layer takes beside its tables: struct smelt_packed_s8, and the statements around the call."""

_DECODER_BYTES = 330


_PADDING = 64
"""Slices may add 1 in so many to the packed weights."""

BLOCK_BYTES = 4096
"""What unpacking may add to the arena without need: more is unpacked at once only where that is free."""


def pack(layers: tuple[Layer, ...], target: Target, options: Options) -> tuple[Layer, ...]:
    """The layers, with packed weights where the options ask for it."""
    packed = options.packed
    if options.optimize == "flash":
        packed |= layers_worth_packing(layers, target)
    return tuple(_packed(layer, target) if layer.call.output.name in packed else layer for layer in layers)


def layers_worth_packing(layers: Sequence[Layer], target: Target) -> frozenset[str]:
    """The names of first outputs of all layers for which it pays; of none where it does not pay for the decoder."""
    saved = {layer.call.output.name: saved_bytes(layer, target) for layer in layers}
    worth = {name: count for name, count in saved.items() if count > 0}
    return frozenset(worth) if sum(worth.values()) > _DECODER_BYTES else frozenset()


def saved_bytes(layer: Layer, target: Target) -> int:
    """The flash that packing a layer's weights saves (below 0: costs), the decoder's code not counted."""
    if layer.kernel is None or layer.lowering is None or layer.macs == 0:
        return 0
    kernel = packed_kernel(layer.kernel, 1)
    if not kernel.accepts(layer.call, target):
        return 0
    packed = stored_bytes(kernel.lower(layer.call, target), layer.call)
    return stored_bytes(layer.lowering, layer.call) - packed - _LAYER_BYTES


def packed_kernels(call: Call, kernel: Kernel, target: Target) -> tuple[Kernel, ...]:
    """The kernel with packed weights, in one slice first; nothing where it has no weights that can be packed."""
    candidates = (packed_kernel(kernel, slices) for slices in SLICES)
    found = [candidate for candidate in candidates if candidate.accepts(call, target)]
    sizes = [stored_bytes(candidate.lower(call, target), call) for candidate in found]
    # where kernels pad channels, small slices of them may take as much as plain weights
    return tuple(x for x, size in zip(found, sizes, strict=True) if size <= sizes[0] + sizes[0] // _PADDING)


def _packed(layer: Layer, target: Target) -> Layer:
    """The layer with its choice of packed kernels; the one that it has is for those who do not plan by rows."""
    assert layer.kernel is not None
    kernels = packed_kernels(layer.call, layer.kernel, target)
    if not kernels:
        return layer
    usual = usual_packed(kernels, layer.call, target)
    return replace(with_kernel(layer, usual, target, by_rows=False), packed=kernels)


def usual_packed(kernels: Sequence[Kernel], call: Call, target: Target) -> Kernel:
    """Of the packed kernels of a call the one with the largest slices that take little RAM."""
    small = [kernel for kernel in kernels if kernel.scratch_bytes(call, target) <= BLOCK_BYTES]
    return [*small, min(kernels, key=lambda kernel: kernel.scratch_bytes(call, target))][0]
