"""Equal constants are stored once; every table is named after the layer that needs it first."""

from __future__ import annotations

import numpy as np
from small_models import small_int8

import smelt
from smelt.codegen.tables import TableStore


def test_equal_arrays_share_a_table() -> None:
    store = TableStore()
    first = store.add("first", np.arange(4, dtype=np.int8))
    assert store.add("second", np.arange(4, dtype=np.int8)) == first == "first"
    assert store.add("third", np.arange(4, dtype=np.int32)) == "third"
    assert store.add("empty", np.zeros(0, np.int8)) == "empty"
    assert [(t.name, t.c_type, t.elements, t.bytes) for t in store.tables] == [
        ("first", "int8_t", 4, 4),
        ("third", "int32_t", 4, 16),
        ("empty", "int8_t", 1, 0),
    ]


def test_tables_of_a_model() -> None:
    project = smelt.generate(small_int8(), smelt.find_target("cortex-m4"))
    names = [table.name for table in project.tables]
    assert len(names) == len(set(names))
    source = project.files[f"{project.name}.c"]
    for table in project.tables:
        # defined once, and used
        assert source.count(f" {table.name}[") == 1
        assert source.count(table.name) >= 2
