"""Compilers: choosing one, building images and libraries, and counting their bytes."""

import ctypes
import importlib.util
import itertools
import shutil
from pathlib import Path

import pytest

from smelt.engines.elf import ElfImage, elf_sizes, line_ranges, object_sizes
from smelt.engines.toolchain import find_toolchain
from smelt.errors import CompileError, EngineError
from smelt.targets import all_targets, find_target

PROGRAM = """
#include "smelt_semihosting.h"
#include <math.h>
#include <stdint.h>
#include <string.h>
const int8_t weights_a[1000] = {1, 2, 3};
const int32_t weights_b[50] = {4};
int32_t initialized[20] = {5};
int32_t zeroed[30];
volatile float x = 1.0f;
int main(void)
{
    char text[16];
    memset(text, 0, sizeof text);
    memcpy(text, "sum ", 5u);
    smelt_semihosting_write(text);
    for (int i = 0; i < 30; i++) {
        zeroed[i] = weights_a[i] + initialized[i % 20];
    }
    smelt_semihosting_write_int(zeroed[0] + zeroed[1] - 100);
    x = expf(x);
    return (int)(x * 10.0f) + weights_b[x > 5.0f];
}
"""
BARE_METAL = [target for target in all_targets() if target.isa != "host"]


def toolchain_or_skip(target, kind):
    try:
        return find_toolchain(target, kind)
    except CompileError as error:
        pytest.skip(str(error))


@pytest.fixture(params=["gcc", "zig"])
def kind(request):
    return request.param


@pytest.fixture
def program(tmp_path) -> Path:
    source = tmp_path / "program.c"
    source.write_text(PROGRAM)
    return source


@pytest.mark.parametrize("target", BARE_METAL, ids=lambda target: target.name)
def test_an_image_builds_for_every_core_without_a_warning(target, kind, program, tmp_path) -> None:
    toolchain = toolchain_or_skip(target, kind)
    built = toolchain.compile_firmware(
        [program], [], tmp_path / "out" / "image.elf", extra_flags=toolchain.warning_flags
    )
    image = ElfImage(built.elf)
    assert image.symbol("main").is_function
    assert len(built.objects) == 3
    if target.isa == "arm":
        stack, reset = (
            int.from_bytes(image.segments[0].data[offset : offset + 4], "little") for offset in (0, 4)
        )
        assert stack == image.symbol("smelt_stack_top").address
        assert reset == image.symbol("smelt_reset_handler").address | 1


def test_every_stored_byte_is_a_table_or_code(kind, program, tmp_path) -> None:
    toolchain = toolchain_or_skip(find_target("cortex-m4"), kind)
    built = toolchain.compile_firmware([program], [], tmp_path / "image.elf")
    sizes = elf_sizes(built.elf, lambda name: name.startswith("weights_"))
    assert sizes.tables == {"weights_a": 1000, "weights_b": 200}
    assert sizes.table_bytes == 1200
    assert sizes.flash_bytes == sum(len(s.data) for s in ElfImage(built.elf).segments)
    assert sizes.code_bytes == sizes.flash_bytes - 1200
    assert sizes.data_bytes >= 84
    assert sizes.bss_bytes >= 120
    assert sizes.ram_bytes == sizes.data_bytes + sizes.bss_bytes
    assert sizes.functions["main"] > 0
    assert elf_sizes(built.elf).table_bytes == 0


def test_sizes_by_object_add_up(kind, program, tmp_path) -> None:
    toolchain = toolchain_or_skip(find_target("cortex-m4"), kind)
    built = toolchain.compile_firmware([program], [], tmp_path / "image.elf")
    by_object = object_sizes(built.elf, built.objects)
    assert sum(by_object.values()) == elf_sizes(built.elf).flash_bytes
    assert by_object["000_program.o"] >= 1200 + 80
    assert by_object["001_startup_arm.o"] >= 64


def test_defines_and_include_folders_reach_the_compiler(kind, tmp_path) -> None:
    toolchain = toolchain_or_skip(find_target("cortex-m0plus"), kind)
    (tmp_path / "include").mkdir()
    (tmp_path / "include" / "there.h").write_text("#define THERE 3\n")
    source = tmp_path / "main.c"
    source.write_text('#include "there.h"\nint table[THERE * GIVEN] = {1};\nint main(void){return table[0];}')
    built = toolchain.compile_firmware(
        [source], [tmp_path / "include"], tmp_path / "image.elf", optimize="-O0", defines=["GIVEN=7"]
    )
    assert ElfImage(built.elf).symbol("table").size == 84


def test_what_nothing_uses_is_left_out_unless_kept(kind, tmp_path) -> None:
    toolchain = toolchain_or_skip(find_target("cortex-m4"), kind)
    source = tmp_path / "main.c"
    source.write_text("int unused(void);\nint unused(void) { return 3; }\nint main(void) { return 0; }\n")
    plain = toolchain.compile_firmware([source], [], tmp_path / "plain.elf")
    kept = toolchain.compile_firmware([source], [], tmp_path / "kept.elf", keep=["unused"])
    with pytest.raises(EngineError, match="no symbol 'unused'"):
        ElfImage(plain.elf).symbol("unused")
    assert ElfImage(kept.elf).symbol("unused").size > 0


def test_a_mistake_in_the_source_is_reported_with_its_line(kind, tmp_path) -> None:
    toolchain = toolchain_or_skip(find_target("cortex-m4"), kind)
    source = tmp_path / "wrong.c"
    source.write_text("int main(void)\n{\n    return nothing;\n}\n")
    with pytest.raises(CompileError, match=r"(?s)could not compile .*wrong\.c.*wrong\.c:3.*nothing"):
        toolchain.compile_firmware([source], [], tmp_path / "image.elf")


def test_a_missing_function_is_reported_by_the_linker(kind, tmp_path) -> None:
    toolchain = toolchain_or_skip(find_target("cortex-m4"), kind)
    source = tmp_path / "main.c"
    source.write_text("int elsewhere(void);\nint main(void){return elsewhere();}\n")
    with pytest.raises(CompileError, match=r"(?s)could not link.*elsewhere"):
        toolchain.compile_firmware([source], [], tmp_path / "image.elf")


@pytest.mark.parametrize("kind", ["gcc", "clang", "zig"])
def test_a_shared_library_for_this_computer(kind, tmp_path) -> None:
    toolchain = toolchain_or_skip(find_target("host"), kind)
    source = tmp_path / "twice.c"
    source.write_text("int twice(int x);\nint twice(int x)\n{\n    return 2 * x;\n}\n")
    library = toolchain.compile_shared_library(
        [source], [], tmp_path / "out" / "twice.so", extra_flags=toolchain.warning_flags
    )
    assert ctypes.CDLL(str(library)).twice(21) == 42
    with pytest.raises(CompileError, match="no firmware"):
        toolchain.compile_firmware([source], [], tmp_path / "image.elf")


def test_a_shared_library_is_for_the_host_only(kind, tmp_path) -> None:
    toolchain = toolchain_or_skip(find_target("cortex-m4"), kind)
    with pytest.raises(CompileError, match="'host'"):
        toolchain.compile_shared_library([], [], tmp_path / "x.so")


def test_the_environment_chooses_the_compiler(monkeypatch) -> None:
    if importlib.util.find_spec("ziglang") is None:
        pytest.skip("the package ziglang is not installed")
    monkeypatch.setenv("SMELT_TOOLCHAIN", "zig")
    assert find_toolchain(find_target("cortex-m4")).name == "zig"
    assert find_toolchain(find_target("host")).version.startswith("zig ")
    monkeypatch.setenv("SMELT_TOOLCHAIN", "borland")
    with pytest.raises(CompileError, match="known: gcc, clang, zig"):
        find_toolchain(find_target("host"))


def test_no_compiler_at_all_says_how_to_get_one(monkeypatch) -> None:
    monkeypatch.delenv("SMELT_TOOLCHAIN", raising=False)
    monkeypatch.setattr(shutil, "which", lambda program: None)
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(CompileError, match=r"arm-none-eabi-gcc .*pip install 'smelt\[toolchain\]'"):
        find_toolchain(find_target("cortex-m4"))
    with pytest.raises(CompileError, match="this computer"):
        find_toolchain(find_target("host"))


def test_lines_of_a_function_cover_it(kind, tmp_path) -> None:
    toolchain = toolchain_or_skip(find_target("cortex-m4"), kind)
    source = tmp_path / "lines.c"
    source.write_text(
        "int first(int); int second(int);\n"
        "__attribute__((noinline, used)) int invoke(int x)\n"
        "{\n"
        "    x = first(x);\n"
        "    x = second(x);\n"
        "    return x + 1;\n"
        "}\n"
        '__attribute__((noinline)) int first(int x) { __asm__ volatile(""); return x * 3; }\n'
        '__attribute__((noinline)) int second(int x) { __asm__ volatile(""); return x ^ 5; }\n'
        "int main(void) { return invoke(1); }\n"
    )
    built = toolchain.compile_firmware([source], [], tmp_path / "image.elf")
    symbol = ElfImage(built.elf).symbol("invoke")
    ranges = line_ranges(built.elf, "invoke")
    assert {4, 5} <= {r.line for r in ranges}
    assert {r.file for r in ranges} == {"lines.c"}
    assert ranges[0].low == symbol.address
    assert ranges[-1].high == symbol.address + symbol.size
    assert all(before.high == after.low for before, after in itertools.pairwise(ranges))
    with pytest.raises(EngineError, match="no symbol 'absent'"):
        line_ranges(built.elf, "absent")


def test_what_is_not_an_image_is_refused(tmp_path) -> None:
    wrong = tmp_path / "wrong.elf"
    wrong.write_bytes(b"not an ELF file")
    with pytest.raises(EngineError, match="not an ELF image"):
        ElfImage(wrong)
    with pytest.raises(EngineError, match="Cannot read"):
        elf_sizes(tmp_path / "absent.elf")
