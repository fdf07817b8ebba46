"""Equal constants are stored once; every table is named after the layer that needs it first."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from small_models import small_int8

import smelt
from smelt.codegen import Options
from smelt.codegen.tables import TableStore
from smelt.engines.elf import ElfImage
from smelt.engines.image import build_image
from smelt.engines.toolchain import find_toolchain
from smelt.errors import SmeltError


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


@pytest.mark.parametrize("optimize", ["balanced", "flash"])
@pytest.mark.parametrize("core", ["cortex-m4", "cortex-m0plus", "rv32imc"])
def test_what_is_stored_is_used_and_not_padded(core: str, optimize: str, tmp_path: Path) -> None:
    """The compiler leaves out tables that nothing refers to, so all that the linker was given are used."""
    target = smelt.find_target(core)
    try:
        toolchain = find_toolchain(target)
    except SmeltError as error:
        pytest.skip(str(error))
    options = Options(optimize)  # type: ignore[arg-type]
    project = smelt.generate(small_int8(), target, options=options)
    symbols = {s.name: s for s in ElfImage(build_image(project, tmp_path, toolchain).elf).symbols}
    tables = {table.name: table for table in project.tables}
    assert tables.keys() <= symbols.keys()
    assert all(symbols[name].size == table.bytes for name, table in tables.items())
    stored = sorted((s.address, s.size) for s in symbols.values() if s.name.startswith("layer_"))
    gaps = [after[0] - before[0] - before[1] for before, after in pairwise(stored)]
    # words first, then bytes, then structs; clang goes by its own order
    if toolchain.name == "gcc":
        assert sum(gap for gap in gaps if 0 < gap < 4) <= 3
