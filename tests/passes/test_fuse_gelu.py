"""fuse_gelu, from text to text."""

from __future__ import annotations

import pytest
from rewriting import check, check_unchanged

from smelt.passes.fuse_gelu import fuse_gelu

SPELLINGS = [
    "%s = mul(%x, %root)\n%e = erf(%s)\n%b = add(%e, %one)\n%p = mul(%x, %b)\n%y = mul(%p, %half)",
    "%s = mul(%x, %root)\n%e = erf(%s)\n%b = add(%one, %e)\n%p = mul(%half, %x)\n%y = mul(%b, %p)",
    "%s = div(%x, %two)\n%e = erf(%s)\n%b = add(%e, %one)\n%p = mul(%b, %half)\n%y = mul(%x, %p)",
]


def text(lines: str, half: float = 0.5) -> str:
    constants = {"root": "[]: 0.70710677", "two": "[]: 1.4142135", "one": "[1]: 1.0", "half": f"[]: {half}"}
    declared = [
        f"constant %{name}: f32{shape} = [{number}]"
        for name, (shape, number) in ((name, kind.split(": ")) for name, kind in constants.items())
        if f"%{name})" in lines or f"%{name}," in lines
    ]
    typed = lines.replace(" = ", ": f32[9] = ")
    return "\n".join(['graph "g"', "input %x: f32[9]", *declared, typed, "output %y", ""])


@pytest.mark.parametrize("lines", SPELLINGS)
def test_spellings_of_gelu(lines: str) -> None:
    check(fuse_gelu, text(lines), 'graph "g"\ninput %x: f32[9]\n%y: f32[9] = gelu(%x)\noutput %y\n')


def test_other_factors_are_none() -> None:
    check_unchanged(fuse_gelu, text(SPELLINGS[0], 0.25))
