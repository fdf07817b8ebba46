"""The C kernels of add, sub and mul: which of them computes a call, and what it is given."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from math import ceil

from smelt.ir import DType
from smelt.operators.affine import SHIFT, Affine
from smelt.operators.elementwise.arithmetic import affine_sum, float_bounds, product_multiplier, sum_of
from smelt.operators.elementwise.broadcast import OUTER_LOOPS, Layout, layout_of
from smelt.operators.fixed_point import activation_bounds
from smelt.operators.operator import (
    Call,
    Form,
    Input,
    Kernel,
    Lowering,
    Output,
    Parameters,
    Table,
    equal_inputs,
)
from smelt.operators.rows import row_count
from smelt.targets import Target

__all__ = ["PRODUCTS", "SUMS"]

Fields = dict[str, int | float | Table | None]
_FULL_RANGE = (-128, 127)
_A_CALL = 60


def _always(call: Call, target: Target) -> bool:
    return True


@dataclass(frozen=True)
class _Row:
    """A C function for one row; names are without "smelt_".

    `sources` are the files that it calls besides its own; `usable` says when, of calls of its type; `cycles` are
    those of an output element.
    """

    function: str
    dtype: DType
    struct: str
    fields: Callable[[Call], Fields]
    header: str = "elementwise.h"
    sources: tuple[str, ...] = ()
    usable: Callable[[Call, Target], bool] = _always
    cycles: float | None = None

    def kernel(self, form: Form = "usual") -> Kernel:
        """For equal shapes and for a scalar."""
        return Kernel(
            name=f"smelt_{self.function}",
            sources=(f"{self.function}.c", *self.sources),
            header=self.header,
            accepts=partial(self._accepts, 0),
            lower=self._lower,
            ascending=True,
            in_place=equal_inputs,
            row_by_row=True,
            form=form,
            cycles=None if self.cycles is None else partial(_cycles, self.cycles),
        )

    def repeated(self, function: str) -> Kernel:
        """For other shapes that broadcast: `function` repeats the row."""
        return Kernel(
            name=f"smelt_{function}",
            sources=(f"{function}.c", f"{self.function}.c", *self.sources),
            header=self.header,
            accepts=partial(self._accepts, OUTER_LOOPS),
            lower=partial(self._lower_repeated, function),
        )

    def _accepts(self, most_loops: int, call: Call, target: Target) -> bool:
        same = call.input(0).dtype is call.input(1).dtype is call.output.dtype is self.dtype
        known = self.dtype.is_float or call.output.quantization is not None
        return same and known and len(_layout(call).loops) <= most_loops and self.usable(call, target)

    def _lower(self, call: Call, target: Target) -> Lowering:
        layout = _layout(call)
        row: Fields = {"count": layout.count, "step_a": layout.steps[0], "step_b": layout.steps[1]}
        parameters = Parameters(f"struct smelt_{self.struct}_parameters", {**row, **self.fields(call)})
        return Lowering(f"smelt_{self.function}", (Output(), Input(0), Input(1), parameters))

    def _lower_repeated(self, function: str, call: Call, target: Target) -> Lowering:
        row = self._lower(call, target)
        return Lowering(f"smelt_{function}", (*row.arguments, Table("broadcast", _layout(call).table())))


def _cycles(an_element: float, call: Call, rows: int | None) -> float:
    calls = 1 if rows is None else ceil(row_count(call.output) / rows)
    return an_element * call.output.elements + _A_CALL * calls


def _layout(call: Call) -> Layout:
    return layout_of(call.input(0).shape, call.input(1).shape)


def _bounds(call: Call) -> tuple[int, int]:
    return activation_bounds(call.attributes.activation, call.quantization(call.output), call.output.dtype)


def _add_s8(call: Call) -> Fields:
    total = sum_of(call)
    return {
        "zero_point_a": total.zero_point_a,
        "zero_point_b": total.zero_point_b,
        "mantissa_a": total.multiplier_a[0],
        "divide_a": -total.multiplier_a[1],
        "mantissa_b": total.multiplier_b[0],
        "divide_b": -total.multiplier_b[1],
        "sign_b": total.sign,
        "mantissa": total.multiplier[0],
        "divide": -total.multiplier[1],
        "zero_point": total.zero_point,
        "low": total.low,
        "high": total.high,
    }


def _affine(call: Call) -> Affine | None:
    return affine_sum(sum_of(call))


def _add_affine_s8(call: Call) -> Fields:
    form = _affine(call)
    assert form is not None
    low, high = _bounds(call)
    return {
        "multiplier_a": form.multiplier_a,
        "multiplier_b": form.multiplier_b,
        "start": form.start,
        "shift": form.shift,
        "low": low,
        "high": high,
    }


def _mul_s8(call: Call) -> Fields:
    mantissa, shift = product_multiplier(call)
    low, high = _bounds(call)
    return {
        "zero_point_a": call.quantization(call.input(0)).zero_point,
        "zero_point_b": call.quantization(call.input(1)).zero_point,
        "mantissa": mantissa,
        "shift": shift,
        "zero_point": call.quantization(call.output).zero_point,
        "low": low,
        "high": high,
    }


def _add_f32(call: Call) -> Fields:
    low, high = float_bounds(call)
    return {"sign_b": -1.0 if call.node.operator == "sub" else 1.0, "low": low, "high": high}


def _mul_f32(call: Call) -> Fields:
    low, high = float_bounds(call)
    return {"low": low, "high": high}


def _is_affine(call: Call, target: Target) -> bool:
    return _affine(call) is not None


def _suits_dsp(call: Call, target: Target) -> bool:
    form = _affine(call) if target.has("dsp") else None
    return form is not None and form.shift == SHIFT


def _suits_dsp_unclamped(call: Call, target: Target) -> bool:
    return _bounds(call) == _FULL_RANGE and _suits_dsp(call, target)


def _divides_product(call: Call, target: Target) -> bool:
    """Whether the multiplier is small enough for a right shift of two bits or more."""
    return target.has("dsp") and -31 <= product_multiplier(call)[1] <= -2


def _divides_product_unclamped(call: Call, target: Target) -> bool:
    return _bounds(call) == _FULL_RANGE and _divides_product(call, target)


def _is_symmetric(call: Call, target: Target) -> bool:
    """Whether the factors are quantized and products of two int16 fit 32 bits."""
    parameters = [call.input(k).quantization for k in range(2)]
    return all(p is not None and p.zero_point == 0 for p in parameters)


def _suits_vectors(call: Call, target: Target) -> bool:
    return target.has("mve") and _layout(call).steps == (1, 1)


def _is_affine_on_vectors(call: Call, target: Target) -> bool:
    return _suits_vectors(call, target) and _is_affine(call, target)


_ADD_S8 = _Row("add_s8", DType.S8, "add_s8", _add_s8)
_ADD_AFFINE_S8 = _Row("add_affine_s8", DType.S8, "add_affine_s8", _add_affine_s8, usable=_is_affine)
# Instructions: no table of cycles is public.
_ADD_AFFINE_MVE = _Row(
    "add_affine_s8__arm_mve",
    DType.S8,
    "add_affine_s8",
    _add_affine_s8,
    header="elementwise__arm_mve.h",
    usable=_is_affine_on_vectors,
    cycles=3.3,
)
_ADD_MVE = _Row(
    "add_s8__arm_mve",
    DType.S8,
    "add_s8",
    _add_s8,
    header="elementwise__arm_mve.h",
    usable=_suits_vectors,
    cycles=10.2,
)
_ADD_DSP = _Row(
    "add_s8__arm_dsp",
    DType.S8,
    "add_affine_s8",
    _add_affine_s8,
    header="elementwise__arm_dsp.h",
    usable=_suits_dsp_unclamped,
    cycles=6.8,
)
_ADD_CLAMPED_DSP = _Row(
    "add_clamped_s8__arm_dsp",
    DType.S8,
    "add_affine_s8",
    _add_affine_s8,
    header="elementwise__arm_dsp.h",
    sources=("add_s8__arm_dsp.c", "smelt_limit_s8__arm_dsp.c"),
    usable=_suits_dsp,
    cycles=10.0,
)
# Rows of the broadcasting kernels, which clamp by themselves.
_ADD_ROWS_DSP = replace(_ADD_DSP, sources=("smelt_limit_s8__arm_dsp.c",), usable=_suits_dsp)
_ADD_S16 = _Row("add_s16", DType.S16, "add_s8", _add_s8)
_ADD_F32 = _Row("add_f32", DType.F32, "add_f32", _add_f32)
_MUL_S8 = _Row("mul_s8", DType.S8, "mul_s8", _mul_s8)
_MUL_DSP = _Row(
    "mul_s8__arm_dsp",
    DType.S8,
    "mul_s8",
    _mul_s8,
    header="elementwise__arm_dsp.h",
    usable=_divides_product_unclamped,
    cycles=12.0,
)
_MUL_CLAMPED_DSP = _Row(
    "mul_clamped_s8__arm_dsp",
    DType.S8,
    "mul_s8",
    _mul_s8,
    header="elementwise__arm_dsp.h",
    sources=("mul_s8__arm_dsp.c", "smelt_limit_s8__arm_dsp.c"),
    usable=_divides_product,
    cycles=15.0,
)
_MUL_ROWS_DSP = replace(_MUL_DSP, sources=("smelt_limit_s8__arm_dsp.c",), usable=_divides_product)
_MUL_S16 = _Row("mul_s16", DType.S16, "mul_s8", _mul_s8, usable=_is_symmetric)
_MUL_F32 = _Row("mul_f32", DType.F32, "mul_f32", _mul_f32)

SUMS = (
    _ADD_AFFINE_S8.kernel("compact"),
    _ADD_AFFINE_MVE.kernel(),
    _ADD_MVE.kernel(),
    _ADD_DSP.kernel(),
    _ADD_CLAMPED_DSP.kernel(),
    _ADD_ROWS_DSP.repeated("add_broadcast_s8__arm_dsp"),
    _ADD_AFFINE_S8.kernel(),
    _ADD_AFFINE_S8.repeated("add_affine_broadcast_s8"),
    _ADD_S8.kernel(),
    _ADD_S8.repeated("add_broadcast_s8"),
    _ADD_S16.kernel(),
    _ADD_S16.repeated("add_broadcast_s16"),
    _ADD_F32.kernel(),
    _ADD_F32.repeated("add_broadcast_f32"),
)
PRODUCTS = (
    _MUL_DSP.kernel(),
    _MUL_CLAMPED_DSP.kernel(),
    _MUL_ROWS_DSP.repeated("mul_broadcast_s8__arm_dsp"),
    _MUL_S8.kernel(),
    _MUL_S8.repeated("mul_broadcast_s8"),
    _MUL_S16.kernel(),
    _MUL_S16.repeated("mul_broadcast_s16"),
    _MUL_F32.kernel(),
    _MUL_F32.repeated("mul_broadcast_f32"),
)
