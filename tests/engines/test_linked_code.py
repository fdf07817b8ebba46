"""The code that a function needs, found from objects, is what the linker puts into the image."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from small_models import small_int8

from smelt.codegen import generate
from smelt.engines.elf import code_extents
from smelt.engines.image import build_image
from smelt.engines.linked_code import linked_code
from smelt.engines.toolchain import find_toolchain
from smelt.errors import SmeltError
from smelt.targets import find_target


@pytest.mark.parametrize("target", ["cortex-m4", "cortex-m0plus", "rv32imc"])
def test_all_that_is_linked_for_a_network(target: str, tmp_path: Path) -> None:
    pytest.importorskip("elftools")
    try:
        toolchain = find_toolchain(find_target(target))
    except SmeltError as error:
        pytest.skip(str(error))
    image = build_image(generate(small_int8(), toolchain.target), tmp_path, toolchain)
    linked = code_extents(image.elf)
    objects = sorted(image.elf.with_name(image.elf.name + ".objects").glob("*.o"))
    found = linked_code(objects, [image.invoke], linked)[image.invoke]
    sections = {name.partition(":.text.")[2] or name: size for name, size in found.items()}
    kernels = {name: size for name, size in linked.items() if name.startswith("smelt_")}
    harness = {name for name in kernels if re.match("smelt_(reset|start|semihosting|default_handler)", name)}
    assert kernels.keys() - harness <= sections.keys()
    for name in kernels.keys() - harness:
        assert kernels[name] <= sections[name] < kernels[name] + 4
    # what is aligned between sections, and no more
    assert image.code_bytes - 4 * len(found) <= sum(found.values()) - image.table_bytes <= image.code_bytes


def test_an_unknown_function_has_nothing(tmp_path: Path) -> None:
    assert linked_code([], ["nowhere"], {}) == {"nowhere": {}}
