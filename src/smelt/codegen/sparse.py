"""Which layers skip weights of zero: those where that saves what the options count most."""

from __future__ import annotations

from dataclasses import dataclass

from smelt.codegen.options import Options
from smelt.operators import Call, Kernel, choose_kernel, find_operator
from smelt.operators.cycles import estimated_cycles
from smelt.operators.packed_weights import packed_kernel, stored_bytes
from smelt.targets import Target

CODE_BYTES = 600
"""Flash that a sparse kernel's code takes at most; a layer that does not save so much leaves the kernel that it has."""

_UNSURE = 0.75
"""What a kernel that does not state its cycles may take of a usual estimate."""


@dataclass(frozen=True)
class SparseForm:
    """A layer's sparse kernel beside the one that multiplies zeros too: bytes of tables, and estimated cycles."""

    kernel: Kernel
    dense_bytes: int
    sparse_bytes: int
    dense_cycles: float
    sparse_cycles: float

    def pays(self, options: Options) -> bool:
        """Whether it is better: faster and not larger, or for "size" and "flash" smaller by more than its code."""
        if options.optimize in ("size", "flash"):
            return self.sparse_bytes + CODE_BYTES < self.dense_bytes
        faster = self.sparse_cycles < self.dense_cycles
        return faster and (options.optimize == "speed" or self.sparse_bytes < self.dense_bytes)


def sparse_form(call: Call, kernel: Kernel, target: Target, options: Options) -> SparseForm | None:
    """What the sparse kernel of a call is worth; None where there is none, or too few weights are zero for it."""
    kernels = [each for each in find_operator(call.node.operator).kernels if each.form == "sparse"]
    sparse = next((each for each in kernels if each.accepts(call, target)), None)
    if sparse is None:
        return None
    return SparseForm(
        kernel=sparse,
        dense_bytes=_least_bytes(call, kernel, target, options),
        sparse_bytes=stored_bytes(sparse.lower(call, target), call),
        dense_cycles=min(_sure_cycles(call, each, target) for each in (kernel, choose_kernel(call, target))),
        sparse_cycles=estimated_cycles(call, sparse, target=target),
    )


def _sure_cycles(call: Call, kernel: Kernel, target: Target) -> float:
    """Cycles that a kernel takes at least, as far as is known."""
    return estimated_cycles(call, kernel, target=target) * (1.0 if kernel.cycles is not None else _UNSURE)


def _least_bytes(call: Call, kernel: Kernel, target: Target, options: Options) -> int:
    """The tables of a kernel, in a code where weights are kept so."""
    plain = stored_bytes(kernel.lower(call, target), call)
    packed = packed_kernel(kernel, 1)
    if options.optimize != "flash" or not packed.accepts(call, target):
        return plain
    return min(plain, stored_bytes(packed.lower(call, target), call))
