"""Tables that the interpreter has in C are those of the operators' meanings."""

from __future__ import annotations

import re
from pathlib import Path

import smelt
from smelt.ir import Array
from smelt.operators import softmax
from smelt.operators.activation.wide import sigmoid_table
from smelt.operators.softmax.wide import exponentials, reciprocals


def tables(path: Path) -> list[list[int]]:
    bodies = re.findall(r"= \{(.*?)\};", path.read_text(), re.DOTALL)
    return [[int(number) for number in re.findall(r"-?\d+", body)] for body in bodies]


def as_lists(*arrays: Array) -> list[list[int]]:
    return [[int(number) for number in array] for array in arrays]


def test_tables_are_those_of_the_meanings() -> None:
    primitives = Path(smelt.__file__).parent / "runtime/primitives"
    assert tables(primitives / "smelt_sigmoid_table.c") == as_lists(sigmoid_table())
    folder = Path(str(softmax.__file__)).parent
    assert tables(folder / "softmax_tables_s16.c") == as_lists(exponentials(), reciprocals())
