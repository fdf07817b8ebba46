"""Calls of kernels on a Cortex-M55 under QEMU, many in one image: what they write, and where."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from arm_dsp_firmware import Cases

from smelt.codegen.c_text import initializer
from smelt.engines import qemu
from smelt.engines.toolchain import find_toolchain
from smelt.errors import SmeltError
from smelt.ir import Array, Graph
from smelt.targets import find_target

M55 = find_target("cortex-m55")

# Each input ends at the end of the machine's SRAM, where reading on is a fault.
_MAIN = r"""
#include "smelt_semihosting.h"

#define RAM_END 0x21400000u
#define OUTPUT ((int8_t *)0x21000041u)
#define SCRATCH ((int8_t *)0x21100040u)
#define GUARD 64

struct test {
    void (*call)(int8_t *output, const int8_t *input, void *scratch);
    const int8_t *data;
    int32_t input_bytes, output_bytes, scratch_bytes, back;
};

static const struct test tests[] = {TESTS};

static void set(int8_t *to, int32_t count, int8_t value) {
    for (int32_t i = 0; i < count; i++) {
        ((volatile int8_t *)to)[i] = value;
    }
}

static int changed(const int8_t *from) {
    for (int32_t i = 0; i < GUARD; i++) {
        if (from[i] != 0x5A) {
            return 1;
        }
    }
    return 0;
}

static void run(const struct test *test) {
    static const char digits[] = "0123456789abcdef";
    int8_t *const input = (int8_t *)RAM_END - test->input_bytes;
    int8_t *const output = test->back > 0 ? input - test->back : OUTPUT;
    set(output - GUARD, (test->back > 0 ? 0 : test->output_bytes + GUARD) + GUARD, 0x5A);
    set(SCRATCH - GUARD, test->scratch_bytes + 2 * GUARD, 0x5A);
    for (int32_t i = 0; i < test->input_bytes; i++) {
        input[i] = test->data[i];
    }
    test->call(output, input, SCRATCH);
    for (int32_t i = 0; i < test->output_bytes; i++) {
        const char text[3] = {digits[(output[i] >> 4) & 15], digits[output[i] & 15], 0};
        smelt_semihosting_write(text);
    }
    const int wild = changed(output - GUARD) || (test->back == 0 && changed(output + test->output_bytes)) ||
                     changed(SCRATCH - GUARD) || changed(SCRATCH + test->scratch_bytes);
    smelt_semihosting_write(wild ? " wild\n" : " fine\n");
}

int main(void);
int main(void) {
    for (int32_t i = 0; i < (int32_t)(sizeof tests / sizeof tests[0]); i++) {
        run(&tests[i]);
    }
    return 0;
}
"""


def lag_bytes(graph: Graph) -> int:
    """How far before its input a convolution's output may start when it is written over it; 0 where it may not.

    Output row r then covers input row r - top - 1, which no row from r on needs.
    """
    (node,) = graph.nodes
    source, result = graph.values[graph.inputs[0]], graph.values[graph.outputs[0]]
    if len(source.shape) != 4 or source.shape[0] > 1 or dict(node.attributes).get("stride", (1, 1))[0] > 1:
        return 0
    rows = [value.bytes // value.shape[1] for value in (source, result)]
    top = dict(node.attributes).get("padding", (0,))[0]
    return (top + 1) * rows[0] if rows[1] <= rows[0] and result.shape[1] <= source.shape[1] + top else 0


def run_on_m55(
    graphs: Sequence[Graph],
    data: Sequence[Array],
    folder: Path,
    *,
    optimize: str = "-O2",
    prefer: str | None = None,
    overwrite: bool = False,
    cases: Cases | None = None,
) -> list[Array]:
    """The outputs; with `overwrite` written over the input as far as `lag_bytes` allows.

    Asserts that nothing was written beside output and scratch, nor read behind the input. Skips the test
    without a compiler or QEMU.
    """
    if not qemu.is_available():
        pytest.skip("qemu-system-arm is not installed")
    try:
        toolchain = find_toolchain(M55, prefer)
    except SmeltError as error:
        pytest.skip(str(error))
    cases = cases or Cases(graphs, M55)
    tests = []
    for index, (graph, array) in enumerate(zip(graphs, data, strict=True)):
        cases.lines.append(f"static const int8_t data_{index}[] = {initializer(array)};")
        sizes = (array.nbytes, graph.values[graph.outputs[0]].bytes, cases.scratch_bytes[index])
        back = lag_bytes(graph) if overwrite else 0
        tests.append(f"{{case_{index}, data_{index}, {', '.join(map(str, sizes))}, {back}}}")
    main = _MAIN.replace("TESTS", ", ".join(tests))
    source = folder / "cases.c"
    source.write_text(cases.text(main))
    firmware = toolchain.compile_firmware(
        [source, *sorted(cases.sources)],
        cases.includes,
        folder / "cases.elf",
        optimize=optimize,
        extra_flags=[*toolchain.warning_flags, "-Wno-missing-field-initializers"],
    )
    status, text = qemu.run_image(firmware.elf, M55, timeout=100.0)
    assert status == 0, text[-500:]
    lines = text.splitlines()
    assert len(lines) == len(graphs)
    outputs = []
    for index, (graph, line) in enumerate(zip(graphs, lines, strict=True)):
        digits, verdict = line.split()
        assert verdict == "fine", f"case {index} wrote outside its buffers"
        shape = graph.values[graph.outputs[0]].shape
        outputs.append(np.frombuffer(bytes.fromhex(digits), np.int8).reshape(shape))
    return outputs
