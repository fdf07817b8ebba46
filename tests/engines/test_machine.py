"""The emulated core: calls, exact instruction and cycle counts, phases, stack, faults, whole programs."""

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from smelt.engines import block_counter, qemu
from smelt.engines.cycle_model import count_instructions
from smelt.engines.elf import line_ranges
from smelt.engines.machine import OUTSIDE, Machine
from smelt.engines.toolchain import find_toolchain
from smelt.errors import CompileError, EngineError, MissingExtraError
from smelt.targets import find_target

pytest.importorskip("unicorn", reason="the package unicorn is not installed")

COUNT_PY = Path(__file__).parents[3] / "shared" / "prototypes" / "count.py"
ARM = ["cortex-m0plus", "cortex-m3", "cortex-m4", "cortex-m4-nofpu", "cortex-m7", "cortex-m33"]

# Whole functions in assembler: what they execute and what it costs is known by hand.
ASSEMBLER = """
#define FUNCTION(name, body) \\
    __attribute__((naked, noinline, used)) void name(void) { __asm__ volatile(".syntax unified\\n" body); }
FUNCTION(just_return, "bx lr")
FUNCTION(three_moves, "movs r0, #1\\n movs r0, #2\\n movs r0, #7\\n bx lr")
FUNCTION(loop_of_ten, "movs r0, #10\\n 1: subs r0, #1\\n bne 1b\\n bx lr")
FUNCTION(one_load, "ldr r0, [r0]\\n bx lr")
FUNCTION(two_loads, "ldr r1, [r0]\\n ldr r2, [r0, #4]\\n bx lr")
FUNCTION(dependent_loads, "ldr r0, [r0]\\n ldr r1, [r0]\\n bx lr")
FUNCTION(store, "str r1, [r0]\\n bx lr")
FUNCTION(store_indexed, "str r1, [r0, r2]\\n bx lr")
FUNCTION(push_pop, "push {r4, r5, lr}\\n pop {r4, r5, pc}")
FUNCTION(calls, "push {r4, lr}\\n bl just_return\\n pop {r4, pc}")
FUNCTION(skipped_branch, "movs r0, #0\\n bne 1f\\n movs r0, #1\\n 1: bx lr")
volatile int cells[4];
int main(void)
{
    cells[0] = 1;
    just_return(); three_moves(); loop_of_ten(); one_load(); two_loads(); dependent_loads();
    store(); store_indexed(); push_pop(); calls(); skipped_branch();
    return 0;
}
"""
# name: instructions, Cortex-M4 cycles, Cortex-M0+ cycles.
KNOWN = {
    "just_return": (1, 1 + 2, 1 + 1),
    "three_moves": (4, 3 + 3, 3 + 2),
    "loop_of_ten": (22, 1 + 10 + 9 * 3 + 1 + 3, 1 + 10 + 9 * 2 + 1 + 2),
    "one_load": (2, 2 + 3, 2 + 2),
    "two_loads": (3, 2 + 1 + 3, 2 + 2 + 2),
    "dependent_loads": (3, 2 + 2 + 3, 2 + 2 + 2),
    "store": (2, 1 + 3, 2 + 2),
    "store_indexed": (2, 2 + 3, 2 + 2),
    "push_pop": (2, 4 + 4 + 2, 4 + 4 + 2),
    "calls": (4, 3 + 3 + 3 + 3 + 2, 3 + 3 + 2 + 3 + 2),
    "skipped_branch": (4, 1 + 1 + 1 + 3, 1 + 1 + 1 + 2),
}

C_PROGRAM = r"""
#include "smelt_semihosting.h"
#include <math.h>
#include <stdint.h>
#include <string.h>
int32_t numbers[256] = {3, -1, 2};
int8_t left[1024], right[1024];
float reals[64];
__attribute__((noinline, used)) int32_t add_six(int32_t a, int32_t b, int32_t c,
                                                         int32_t d, int32_t e, int32_t f)
{
    return a + 2 * b + 3 * c + 4 * d + 5 * e + 6 * f;
}
__attribute__((noinline, used)) void fill(int8_t *to, int32_t n)
{
    for (int32_t i = 0; i < n; i++) {
        to[i] = (int8_t)(i * 7);
    }
}
__attribute__((noinline, used)) int32_t dot(const int8_t *a, const int8_t *b, int32_t n)
{
    int32_t sum = 0;
    for (int32_t i = 0; i < n; i++) {
        sum += a[i] * b[i];
    }
    return sum;
}
__attribute__((noinline, used)) void scale(float *values, int32_t n, float by)
{
    for (int32_t i = 0; i < n; i++) {
        values[i] = values[i] * by + 1.5f;
        if (values[i] > 10.0f) {
            values[i] /= 3.0f;
        }
    }
}
__attribute__((noinline, used)) int32_t mixed(int32_t *values, int32_t n)
{
    int32_t s = 0;
    for (int32_t i = 0; i < n; i++) {
        switch (i & 7) {
        case 0: s++; break;
        case 1: s *= 3; break;
        case 2: s -= 7; break;
        case 3: s ^= 99; break;
        case 4: s += values[i] / (i + 1); break;
        default: s = -s; break;
        }
    }
    return s;
}
__attribute__((noinline, used)) int32_t invoke(int32_t n)
{
    fill(left, n);
    memcpy(right, left, 777u);
    int32_t result = dot(left, right, n);
    scale(reals, 64, 1.25f);
    result += mixed(numbers, 256);
    return result;
}
__attribute__((noinline, used)) int32_t use_stack(int32_t n)
{
    volatile uint8_t room[400];
    for (int32_t i = 0; i < 400; i++) {
        room[i] = (uint8_t)n;
    }
    return room[n];
}
__attribute__((noinline, used)) int32_t load_from(uintptr_t address) { return *(volatile int32_t *)address; }
__attribute__((noinline, used)) void store_to(uintptr_t address) { *(volatile int32_t *)address = 1; }
__attribute__((noinline, used)) void jump_to(uintptr_t address) { ((void (*)(void))address)(); }
__attribute__((noinline, used)) void forever(void) { for (;;) { __asm__ volatile(""); } }
__attribute__((noinline, used)) void leave(int32_t status) { smelt_semihosting_exit(status); }
__attribute__((noinline, used)) void undefined(void) { UNDEFINED; }
__attribute__((noinline, used)) int32_t whole_exponential(int32_t x) { return (int32_t)expf((float)x); }
int main(void)
{
    smelt_semihosting_write("numbers ");
    smelt_semihosting_write_int(numbers[0] + numbers[1]);
    smelt_semihosting_write(" ");
    smelt_semihosting_write_int(-2147483647L - 1L);
    smelt_semihosting_write("\n");
    return invoke(1000) == 0 ? 0 : 17;
}
"""


@pytest.fixture(scope="module")
def images(tmp_path_factory):
    """Builds an image once a compiler, core, source and optimization."""
    built: dict[tuple[str, str, str, str], Path] = {}

    def image(kind: str, target_name: str, source: str, optimize: str = "-O2") -> Path:
        key = (kind, target_name, source, optimize)
        if key not in built:
            target = find_target(target_name)
            try:
                toolchain = find_toolchain(target, kind)
            except CompileError as error:
                pytest.skip(str(error))
            folder = tmp_path_factory.mktemp("image")
            (folder / "program.c").write_text(source)
            undefined = '__asm__ volatile("udf #0")' if target.isa == "arm" else '__asm__ volatile(".word 0")'
            built[key] = toolchain.compile_firmware(
                [folder / "program.c"],
                [],
                folder / "image.elf",
                optimize=optimize,
                defines=[f"UNDEFINED={undefined}"],
                keep=re.findall(r"used\)\) \w+ (\w+)\(", source),
            ).elf
        return built[key]

    return image


@pytest.fixture(params=["gcc", "zig"])
def kind(request):
    return request.param


@pytest.fixture
def machine(images, kind):
    return Machine(images(kind, "cortex-m4", C_PROGRAM), find_target("cortex-m4"))


@pytest.mark.parametrize("core", [*ARM, "rv32imc"])
def test_a_program_boots_prints_and_exits(images, kind, core) -> None:
    machine = Machine(images(kind, core, C_PROGRAM), find_target(core))
    result = machine.boot()
    assert result.output == "numbers 2 -2147483648\n"
    assert result.exit_status == 17
    assert machine.boot() == result


@pytest.mark.parametrize("core", [*ARM, "rv32imc"])
def test_arguments_in_registers_and_on_the_stack(images, kind, core) -> None:
    machine = Machine(images(kind, core, C_PROGRAM), find_target(core))
    assert machine.call("add_six", 1, 2, 3, 4, 5, 6).return_value == 91
    assert machine.call("add_six", -1, -2, -3, -4, -5, -6).return_value == -91
    assert machine.call("whole_exponential", 5).return_value == 148


def test_memory_is_shared_with_the_program(machine) -> None:
    left, size = machine.symbol("left")
    right, _ = machine.symbol("right")
    assert size == 1024
    machine.write(left, bytes([2]) * 100)
    machine.write(right, bytes([3]) * 100)
    assert machine.call("dot", left, right, 100).return_value == 600
    machine.call("fill", left, 10)
    assert machine.read(left, 10) == bytes(i * 7 for i in range(10))
    machine.reset()
    assert machine.read(left, 10) == bytes(10)
    assert machine.read(machine.symbol("numbers")[0], 8) == (3).to_bytes(4, "little") + b"\xff" * 4


@pytest.mark.parametrize(("core", "column"), [("cortex-m4", 1), ("cortex-m4-nofpu", 1), ("cortex-m0plus", 2)])
@pytest.mark.parametrize("function", KNOWN)
def test_known_instructions_and_cycles(images, kind, core, column, function) -> None:
    machine = Machine(images(kind, core, ASSEMBLER), find_target(core))
    somewhere = machine.symbol("cells")[0]
    machine.write(somewhere, somewhere.to_bytes(4, "little"))
    result = machine.call(function, somewhere, 0, 0, count=True)
    assert result.instructions == KNOWN[function][0]
    assert result.estimated_cycles == KNOWN[function][column]


def test_no_cycles_without_a_documented_table(images, kind) -> None:
    machine = Machine(images(kind, "cortex-m3", ASSEMBLER), find_target("cortex-m3"))
    result = machine.call("loop_of_ten", count=True)
    assert result.instructions == 22
    assert result.estimated_cycles is None
    assert result.phases[OUTSIDE].estimated_cycles is None


def test_riscv_instructions_are_counted(images, kind) -> None:
    source = (
        "__attribute__((naked, noinline, used)) void loop(void)"
        '{ __asm__ volatile("li a0, 10\\n1: addi a0, a0, -1\\n bnez a0, 1b\\n ret"); }\n'
        "int main(void) { loop(); return 0; }\n"
    )
    machine = Machine(images(kind, "rv32imc", source), find_target("rv32imc"))
    assert machine.call("loop", count=True).instructions == 22


def test_instruction_lengths() -> None:
    assert count_instructions(bytes.fromhex("00bfaff3008000bf"), is_arm=True) == 3
    assert count_instructions(bytes.fromhex("0100130000000100"), is_arm=False) == 3


@pytest.mark.skipif(not COUNT_PY.exists(), reason="the independent counter of ../shared is not here")
@pytest.mark.parametrize(("core", "cpu"), [("cortex-m4", "m4"), ("cortex-m0plus", "m0p")])
@pytest.mark.parametrize("optimize", ["-O0", "-Os", "-O2", "-O3"])
def test_the_independent_counter_agrees(images, kind, core, cpu, optimize, tmp_path) -> None:
    if shutil.which("gcc") is None:
        pytest.skip("the independent counter needs gcc")
    elf = images(kind, core, C_PROGRAM, optimize)
    for name in ("count.py", "_cnt.c"):  # it compiles its helper beside itself
        shutil.copy(COUNT_PY.with_name(name), tmp_path / name)
        os.chmod(tmp_path / name, 0o644)
    command = [sys.executable, str(tmp_path / "count.py"), str(elf)]
    command += ["--func", "invoke", "--cpu", cpu, "--json"]
    theirs = json.loads(subprocess.run(command, check=True, capture_output=True).stdout)
    ours = Machine(elf, find_target(core)).call("invoke", 1000, count=True)
    assert theirs["undecoded"] == 0
    assert (ours.instructions, ours.estimated_cycles) == (theirs["instr"], theirs["m4cyc"])


def test_counting_changes_nothing_and_can_be_repeated(machine) -> None:
    plain = machine.call("invoke", 900)
    machine.reset()
    first = machine.call("invoke", 900, count=True)
    machine.reset()
    between = machine.call("invoke", 900)
    machine.reset()
    again = machine.call("invoke", 900, count=True)
    assert plain.return_value == first.return_value == between.return_value == again.return_value
    assert first == again
    assert plain.instructions is None
    assert plain.stack_bytes is None
    assert not plain.phases


def test_counting_without_a_host_compiler_gives_the_same(machine, monkeypatch) -> None:
    phases = [(r.low, r.high, f"line {r.line}") for r in line_ranges(machine.image.path, "invoke")]
    if block_counter.compiled_callback() is None:
        pytest.skip("this computer has no C compiler, so there is only the Python callback")
    compiled = machine.call("invoke", 900, count=True, phases=phases)
    machine.reset()
    monkeypatch.setattr(block_counter, "compiled_callback", lambda: None)
    assert machine.call("invoke", 900, count=True, phases=phases) == compiled


def test_the_callback_is_compiled_once_into_the_cache(machine, monkeypatch, tmp_path) -> None:
    monkeypatch.setenv("SMELT_CACHE", str(tmp_path / "cache"))
    block_counter.compiled_callback.cache_clear()
    try:
        if block_counter.compiled_callback() is None:
            pytest.skip("this computer has no C compiler")
        assert [path.suffix for path in (tmp_path / "cache").iterdir()] == [".so"]
        assert machine.call("dot", 0x20000000, 0x20000000, 1, count=True).instructions
    finally:
        block_counter.compiled_callback.cache_clear()


def test_an_unwritable_cache_falls_back(monkeypatch, tmp_path) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("SMELT_CACHE", str(tmp_path / "file" / "below"))
    block_counter.compiled_callback.cache_clear()
    try:
        assert block_counter.compiled_callback() is None
    finally:
        block_counter.compiled_callback.cache_clear()


def test_kernels_are_booked_on_the_layer_that_calls_them(machine) -> None:
    elf = machine.image.path
    lines = C_PROGRAM.splitlines()
    label_of = {
        number: name
        for number, text in enumerate(lines, 1)
        for name in ("fill(left", "dot(left", "scale(reals", "mixed(numbers")
        if name in text
    }
    phases = [(r.low, r.high, label_of[r.line]) for r in line_ranges(elf, "invoke") if r.line in label_of]
    result = machine.call("invoke", 1000, count=True, phases=phases)
    assert sum(counts.instructions for counts in result.phases.values()) == result.instructions
    assert sum(counts.estimated_cycles for counts in result.phases.values()) == result.estimated_cycles
    left, right = machine.symbol("left")[0], machine.symbol("right")[0]
    alone = {
        "fill(left": machine.call("fill", left, 1000, count=True).instructions,
        "dot(left": machine.call("dot", left, right, 1000, count=True).instructions,
        "mixed(numbers": machine.call("mixed", machine.symbol("numbers")[0], 256, count=True).instructions,
    }
    for label, instructions in alone.items():
        # The layer also has its call; fill's line is followed by the memcpy's, which no phase claims.
        extra = result.phases[label].instructions - instructions
        assert 0 <= extra <= (1500 if label == "fill(left" else 40), label
    assert result.phases["scale(reals"].instructions > 64 * 5
    assert sum(counts.instructions for label, counts in result.phases.items() if label == OUTSIDE) < 40


def test_stack_use_is_the_depth_that_was_written(images, kind) -> None:
    assembler = Machine(images(kind, "cortex-m4", ASSEMBLER), find_target("cortex-m4"))
    assert assembler.call("just_return", count=True).stack_bytes == 0
    assert assembler.call("push_pop", count=True).stack_bytes == 12
    assert assembler.call("calls", count=True).stack_bytes == 8
    program = Machine(images(kind, "cortex-m4", C_PROGRAM), find_target("cortex-m4"))
    assert 400 <= program.call("use_stack", 3, count=True).stack_bytes <= 440


def test_the_stack_measurement_puts_memory_back(machine) -> None:
    top = machine.symbol("smelt_stack_top")[0]
    machine.write(top - 512, b"keep")
    machine.call("use_stack", 3, count=True)
    assert machine.read(top - 512, 4) == b"keep"


@pytest.mark.parametrize("core", ["cortex-m4", "cortex-m0plus", "rv32imc"])
def test_faults_name_the_place_and_the_cause(images, kind, core) -> None:
    machine = Machine(images(kind, core, C_PROGRAM), find_target(core))
    with pytest.raises(EngineError, match=r"(?s)\(load_from\+.*read of unmapped memory.*0x60000000"):
        machine.call("load_from", 0x60000000)
    with pytest.raises(EngineError, match=r"\(load_from\+.*read of unmapped memory.*0x00000000"):
        machine.call("load_from", 0)
    with pytest.raises(EngineError, match=r"\(store_to\+.*write to flash.*0x08000100"):
        machine.call("store_to", 0x08000100)
    with pytest.raises(EngineError, match=r"execution of unmapped memory"):
        machine.call("jump_to", 0x60000001)
    with pytest.raises(EngineError, match=r"(?i)\(undefined\+.*(undefined|illegal) instruction"):
        machine.call("undefined")
    with pytest.raises(EngineError, match=r"status 3 during the call of 'leave'"):
        machine.call("leave", 3)
    # The machine is as good as new for the next call.
    assert machine.call("add_six", 1, 1, 1, 1, 1, 1, count=True).return_value == 21


def test_endless_loops_end(machine) -> None:
    with pytest.raises(EngineError, match=r"forever.*instruction limit"):
        machine.call("forever", instruction_limit=10_000)
    with pytest.raises(EngineError, match=r"forever.*instruction limit"):
        machine.call("forever", instruction_limit=10_000, count=True)
    with pytest.raises(EngineError, match=r"forever.*time limit of 0.2 s"):
        machine.call("forever", timeout_seconds=0.2)
    assert machine.call("add_six", 1, 1, 1, 1, 1, 1, instruction_limit=1000).return_value == 21


def test_unknown_functions_and_addresses(machine) -> None:
    with pytest.raises(EngineError, match="no symbol 'absent'"):
        machine.call("absent")
    with pytest.raises(EngineError, match="Cannot read 4 bytes at 0x60000000"):
        machine.read(0x60000000, 4)
    with pytest.raises(EngineError, match="Cannot write"):
        machine.write(0x60000000, b"1234")


def test_a_missing_package_is_named(images, kind, monkeypatch) -> None:
    elf = images(kind, "cortex-m4", C_PROGRAM)
    monkeypatch.setitem(sys.modules, "unicorn", None)
    with pytest.raises(MissingExtraError, match=r"smelt\[emulator\]"):
        Machine(elf, find_target("cortex-m4"))


def test_what_unicorn_cannot_emulate_is_refused(images, kind) -> None:
    elf = images(kind, "cortex-m55", C_PROGRAM)
    with pytest.raises(EngineError, match="cortex-m55"):
        Machine(elf, find_target("cortex-m55"))


def test_cortex_m55_under_qemu(images, kind) -> None:
    if not qemu.is_available():
        pytest.skip("qemu-system-arm is not installed")
    target = find_target("cortex-m55")
    result = qemu.run_image(images(kind, "cortex-m55", C_PROGRAM), target, timeout=60)
    assert result == (17, "numbers 2 -2147483648\n")
    endless = 'int main(void) { for (;;) { __asm__ volatile(""); } }\n'
    with pytest.raises(EngineError, match="did not end within 1 s"):
        qemu.run_image(images(kind, "cortex-m55", endless), target, timeout=1)
    with pytest.raises(EngineError, match="no QEMU machine"):
        qemu.run_image(Path("x.elf"), find_target("cortex-m4"))
