"""Instructions and stack counted on a Cortex-M55 under QEMU, by a timer that the program reads."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from small_models import small_int8

from smelt.codegen import Options, generate
from smelt.engines import qemu
from smelt.engines.profile import profile
from smelt.engines.qemu_model import count_on_qemu
from smelt.engines.toolchain import FIRMWARE_FOLDER, find_toolchain
from smelt.errors import SmeltError
from smelt.operators.builder import random_array
from smelt.targets import Target, find_target

M55 = find_target("cortex-m55")

NET_HEADER = """
#include <stdint.h>
#define SMELT_ALIGN(bytes)
int32_t net_invoke(void *arena);
"""
NET = """
#include "net.h"
int32_t net_invoke(void *arena) {
    (void)arena;
    __asm volatile("mov r3, %0\\n1: subs r3, r3, #1\\nbne 1b" :: "r"(LOOPS) : "r3", "cc");
    __asm volatile("sub sp, sp, %0\\nmov r3, #0\\nstr r3, [sp]\\nadd sp, sp, %0" :: "r"(STACK) : "r3", "memory");
    return 0;
}
"""


def _gcc(target: Target = M55):  # type: ignore[no-untyped-def]
    if not qemu.is_available():
        pytest.skip("qemu-system-arm is not installed")
    try:
        return find_toolchain(target, "gcc")
    except SmeltError as error:
        pytest.skip(str(error))


def _count(folder: Path, loops: int, stack: int) -> dict[str, int]:
    (folder / "net.h").write_text(NET_HEADER)
    (folder / "net.c").write_text(NET)
    firmware = _gcc().compile_firmware(
        [folder / "net.c", FIRMWARE_FOLDER / "count_main.c"],
        [folder],
        folder / "net.elf",
        defines=(
            f"LOOPS={loops}",
            f"STACK={stack}",
            'SMELT_MODEL_HEADER="net.h"',
            "SMELT_MODEL_INVOKE=net_invoke",
            "SMELT_MODEL_MEMORY_BYTES=16",
            "SMELT_MODEL_ARGUMENTS=memory",
            "SMELT_MODEL_ARENA_ALIGNMENT=16",
        ),
    )
    lines = qemu.run_image(firmware.elf, M55, timeout=60, count=True).output.splitlines()
    return {name: int(number) for name, number in (line.split() for line in lines)}


def test_a_known_loop_is_counted_to_the_instruction(tmp_path: Path) -> None:
    """Two instructions a pass; counts beyond 2**32 ticks of the timer too."""
    counts = {loops: _count(tmp_path, loops, 16)["instructions"] for loops in (1, 2, 1000, 100_000_000)}
    assert counts[2] - counts[1] == 2
    assert counts[1000] - counts[1] == 2 * 999
    assert (
        abs(counts[100_000_000] - counts[1] - 2 * 99_999_999) <= 2
    )  # a constant takes an instruction or two
    assert counts[1] < 20


def test_the_stack_is_measured(tmp_path: Path) -> None:
    depths = [_count(tmp_path, 1, stack)["stack"] for stack in (64, 1064)]
    assert 64 <= depths[0] <= 96
    assert depths[1] - depths[0] == 1000


@pytest.mark.parametrize("options", [Options("speed"), Options()], ids=["layer by layer", "row by row"])
def test_qemu_counts_as_unicorn_does(tmp_path: Path, options: Options) -> None:
    """The same code for a Cortex-M3, which a Cortex-M55 executes too: on either emulator, layer by layer.

    A few instructions around each call may be booked on a neighbour; a layer in a group is called once a row.
    """
    pytest.importorskip("unicorn")
    target = find_target("cortex-m3")
    graph = small_int8()
    sample = {name: random_array(graph.values[name], 3) for name in graph.inputs}
    expected = profile(graph, target, inputs=sample, options=options)
    on_qemu = replace(target, emulator=M55.emulator)
    project = generate(graph, on_qemu, options=options)
    counted = count_on_qemu(project, tmp_path, _gcc(on_qemu), "-O2", sample)
    assert counted.instructions == pytest.approx(expected.totals.instructions, abs=10)
    assert counted.stack_bytes == pytest.approx(expected.totals.stack_bytes, abs=16)
    calls = {layer.index: 1 for layer in expected.layers}
    for group in project.program.groups:
        calls.update({layer.index: group.schedule.count(at) for at, layer in enumerate(group.layers)})
    for layer in expected.layers:
        found = counted.phases[str(layer.index)].instructions
        assert found == pytest.approx(layer.instructions, abs=20 * calls[layer.index])


def test_a_model_is_profiled(tmp_path: Path) -> None:
    _gcc()
    result = profile(small_int8(), M55, keep=tmp_path)
    assert all(layer.instructions > 0 for layer in result.layers)
    total = sum(layer.instructions for layer in result.layers)
    assert total == pytest.approx(result.totals.instructions, abs=40)
    assert result.totals.estimated_cycles is None
    assert 0 < result.totals.stack_bytes < 1000
    assert min(result.totals.code_bytes, result.totals.weight_bytes, result.totals.arena_bytes) > 0
    assert list(tmp_path.glob("*.elf"))
