"""The kernel of int8 functions of one number: the device looks each of the 256 results up."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import numpy as np

from smelt.ir import DType
from smelt.operators.fixed_point import Int64
from smelt.operators.operator import Call, Input, Kernel, Lowering, Output, Table, equal_inputs
from smelt.targets import Target

Response = Callable[[Call, Int64], Int64]
"""What an operator makes of integers."""


def lookup_kernel(response: Response) -> Kernel:
    """The kernel with a table of the response."""
    return Kernel(
        name="smelt_lookup_s8",
        sources=("lookup_s8.c",),
        header="activation.h",
        accepts=_accepts,
        lower=partial(_lower, response),
        ascending=True,
        in_place=equal_inputs,
        row_by_row=True,
    )


def _accepts(call: Call, target: Target) -> bool:
    source, result = call.input(0), call.output
    return source.dtype is result.dtype is DType.S8 and source.quantization is not None


def _lower(response: Response, call: Call, target: Target) -> Lowering:
    # In the order of the input read as an unsigned byte: 0 .. 127, then -128 .. -1.
    inputs = np.arange(256, dtype=np.uint8).view(np.int8)
    table = response(call, inputs.astype(np.int64)).astype(np.int8)
    return Lowering("smelt_lookup_s8", (Output(), Input(0), Table("lookup", table), call.output.elements))
