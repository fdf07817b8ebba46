"""What a kernel's call costs, estimated without running it: how the memory planner weighs kernels."""

from __future__ import annotations

from math import ceil, prod

from smelt.operators import find_operator
from smelt.operators.operator import Call, Kernel
from smelt.targets import Target

_A_MAC = {"": 6.0, "arm_dsp": 1.5, "arm_v6m": 4.5, "arm_mve": 0.4}
"""Usual cycles a multiply-accumulate of a kernel named smelt_<operator>_<type>__<isa>."""

_AN_ELEMENT = 15.0
_A_CALL = 60.0
_ARMV6M = 1.6
"""How many times as long as a Cortex-M4 an Armv6-M core takes for portable C."""


def estimated_cycles(
    call: Call, kernel: Kernel, rows: int | None = None, *, target: Target | None = None
) -> float:
    """Cycles of a call: as the kernel states, else roughly; portable C takes longer on some targets.

    With `rows` its row function is called for so many rows at a time; None: all at once by the function of `lower`.
    """
    if kernel.cycles is not None:
        armv6m = target is not None and target.isa == "arm" and not target.has("unaligned")
        return kernel.cycles(call, rows) * (_ARMV6M if armv6m and "__" not in kernel.name else 1.0)
    work = _A_MAC[kernel.name.partition("__")[2]] * find_operator(call.node.operator).cost(call).macs
    stepped = call.input(0) if kernel.accumulates else call.output
    calls = 1 if rows is None else ceil(stepped.shape[1] / rows)
    return max(work, _AN_ELEMENT * _elements(call)) + _A_CALL * calls


def _elements(call: Call) -> int:
    """Those of the largest activation."""
    data = [v for v, c in zip(call.inputs, call.constants, strict=True) if v is not None and c is None]
    return max(prod(value.shape) for value in (*data, *call.outputs))
