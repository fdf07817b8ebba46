"""The code that a function needs, found from objects, is what the linker puts into the image."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from small_models import small_int8

from smelt.codegen import generate
from smelt.engines.elf import elf_sizes
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
    linked = elf_sizes(image.elf).functions
    objects = sorted(image.elf.with_name(image.elf.name + ".objects").glob("*.o"))
    found = linked_code(image.elf, objects, [image.invoke])[image.invoke]
    sections = {name.partition(":.text.")[2] or name: size for name, size in found.items()}
    kernels = {name: size for name, size in linked.items() if name.startswith("smelt_")}
    harness = {name for name in kernels if re.match("smelt_(reset|start|semihosting|default_handler)", name)}
    assert kernels.keys() - harness <= sections.keys()
    for name in kernels.keys() - harness:
        assert kernels[name] <= sections[name] < kernels[name] + 4
    # what is aligned between sections, and no more
    assert image.code_bytes - 4 * len(found) <= sum(found.values()) - image.table_bytes <= image.code_bytes

    assert linked_code(image.elf, objects, ["nowhere"]) == {"nowhere": {}}


def test_what_the_library_calls_in_turn_counts(tmp_path: Path) -> None:
    """On a Cortex-M0+ a division is a call of libgcc, whose entry is a few bytes before the work."""
    try:
        toolchain = find_toolchain(find_target("cortex-m0plus"), "gcc")
    except SmeltError as error:
        pytest.skip(str(error))
    source = tmp_path / "main.c"
    source.write_text(
        "volatile int n = 7;\nint divides(void);\nint main(void);\n"
        "int divides(void) { return n / n + n % 3; }\nint main(void) { return divides(); }\n"
    )
    firmware = toolchain.compile_firmware([source], [], tmp_path / "main.elf")
    code = linked_code(firmware.elf, firmware.objects, ["divides"])["divides"]
    library = sum(size for name, size in code.items() if ":" not in name)
    whole = elf_sizes(firmware.elf).functions["__divsi3"]
    assert whole <= library < whole + 32
