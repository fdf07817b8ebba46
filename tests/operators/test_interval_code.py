"""The code of packed weights: no larger than it claims, and the decoder gives every byte back, on any core."""

from __future__ import annotations

import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from arm_dsp_firmware import RUNTIME

from smelt.codegen.c_text import initializer
from smelt.engines.machine import Machine
from smelt.engines.toolchain import find_toolchain
from smelt.errors import SmeltError
from smelt.operators.interval_code import MOST_BITS, IntervalCode, Uint8, best_code, encode
from smelt.operators.operator import WeightBytes
from smelt.operators.packed_weights import pack_slices
from smelt.targets import find_target

SANITIZERS = ("-g", "-O1", "-fsanitize=address,undefined", "-fno-sanitize-recover=all", "-Wall", "-Werror")
KINDS = 8


def random_weights(seed: int, count: int) -> Uint8:
    """Int8 weights as bytes: of any deviation, pruned, of a few clusters, one value, extremes, all values."""
    rng = np.random.default_rng(seed)
    wide = np.clip(rng.normal(scale=2.0 ** rng.uniform(-1, 7), size=count).round(), -128, 127)
    pruned = np.where(rng.random(count) < rng.uniform(0.3, 0.98), 0, wide)
    chosen = (
        wide,
        pruned,
        rng.choice(rng.integers(-128, 128, 16), count),
        np.full(count, rng.integers(-128, 128)),
        rng.choice([-128, 127], count),
        rng.integers(-128, 128, count),
        np.arange(count) % 256 - 128,
        np.clip(wide + 128, -128, 127) if seed % 2 else np.zeros(count),
    )[seed % KINDS]
    return chosen.astype(np.int64).astype(np.uint8)


def decode(code: IntervalCode, bits: np.ndarray, count: int) -> list[int]:
    """What smelt_unpack_s8.c says, bit by bit."""
    text, table, found = "".join("1" if bit else "0" for bit in bits), code.table(), []
    at = 0
    for _ in range(count):
        word = int(table[int(text[at : at + code.prefix_bits].ljust(code.prefix_bits, "0"), 2)])
        length, raw, first = word & 15, word >> 4 & 15, word >> 8
        at += length
        found.append((first + (int(text[at : at + raw], 2) if raw else 0)) % 256)
        at += raw
    assert at == len(text)
    return found


@pytest.mark.parametrize("seed", range(3 * KINDS))
def test_a_code_is_complete_short_and_gives_the_values_back(seed: int) -> None:
    values = random_weights(seed, 3 + 37 * seed)
    code = best_code(values)
    bits = encode(code, values, np.ones(len(values), np.bool_))
    assert decode(code, bits, len(values)) == values.tolist()
    counts = np.bincount(values, minlength=256)
    assert len(bits) == code.coded_bits(counts)
    lengths = code.codes()[1][counts > 0]
    assert lengths.max() <= MOST_BITS
    # plain bytes are one interval of 256 values: nothing may take more
    assert len(bits) <= 8 * len(values)


def test_bytes_that_are_not_coded_are_stored_as_they_are() -> None:
    values = random_weights(0, 200)
    coded = np.arange(200) % 3 > 0
    bits = encode(best_code(values[coded]), values, coded)
    text = np.packbits(bits[:8])
    assert text[0] == values[0]
    assert len(bits) >= 8 * int((~coded).sum())


@pytest.mark.parametrize(("share", "allowed"), [(0.5, 1.08), (0.7, 1.2), (0.0, 1.03)])
def test_pruned_and_dense_weights_come_near_the_entropy(share: float, allowed: float) -> None:
    rng = np.random.default_rng(9)
    weights = np.clip(rng.normal(scale=25, size=20_000).round(), -127, 127)
    weights = np.where(rng.random(len(weights)) < share, 0, weights).astype(np.int8)
    counts = np.bincount(weights.view(np.uint8), minlength=256)
    shares = counts[counts > 0] / len(weights)
    entropy = float(-(shares * np.log2(shares)).sum()) * len(weights)
    assert best_code(weights.view(np.uint8)).coded_bits(counts) < allowed * entropy


def test_sixteen_clusters_take_four_bits() -> None:
    rng = np.random.default_rng(10)
    values = rng.choice(rng.permutation(256)[:16], 5_000).astype(np.uint8)
    assert best_code(values).coded_bits(np.bincount(values, minlength=256)) <= 4 * len(values)


@dataclass(frozen=True)
class Packed:
    """Slices and their form in flash."""

    slices: tuple[bytes, ...]
    weights: WeightBytes
    parameters: bytes

    @property
    def parameters_at(self) -> int:
        return -(-self.weights.bytes // 8) * 8

    def source(self, at: int) -> str:
        """The tables, and `case_<at>(to, slice)`, which returns the copy of the parameters."""
        code, stream = pack_slices(self.slices, self.weights)
        w = self.weights
        fields = (
            f"stream{at}, codes{at}, parameters{at}, {w.coded}, {w.repeats}, {w.head}, {w.before}, {w.after}, "
            f"{w.tail}, "
            f"{self.parameters_at}, {len(self.parameters)}, {code.prefix_bits}, {int(w.pairs)}"
        )
        parameters = np.frombuffer(self.parameters, np.uint8)
        return "\n".join(
            [
                f"static const uint8_t stream{at}[] = {initializer(stream)};",
                f"static const uint16_t codes{at}[] = {initializer(code.table())};",
                f"static const uint8_t parameters{at}[] = {initializer(parameters)};",
                f"static const struct smelt_packed_s8 packed{at} = {{{fields}}};",
                f"void *case_{at}(void *to, int32_t slice);",
                f"void *case_{at}(void *to, int32_t slice) {{ return smelt_unpack_s8(to, &packed{at}, slice); }}",
            ]
        )


def random_packed(seed: int) -> Packed:
    """Any form, with pairs as the kernels for DSP cores have them every other time."""
    rng = np.random.default_rng(100 + seed)
    pairs = bool(seed % 2)
    unit = 2 if pairs else 1
    head, before, after, tail = (unit * int(n) for n in rng.integers(0, 9, 4) * (rng.random(4) < 0.6))
    coded, repeats = unit * int(rng.integers(1, 300)), int(rng.integers(1, 5))
    weights = WeightBytes(coded, repeats, head, before, after, tail, pairs)
    slices = []
    for k in range(1 + seed % 3):
        values = random_weights(seed + 8 * k, repeats * coded).view(np.int8).astype(np.int64)
        if pairs:
            values = (values[0::2] + 256 * values[1::2]).clip(-(2**15), 2**15 - 1).astype("<i2")
        parts = values.astype("<i2" if pairs else np.int8).tobytes()
        periods = (
            rng.bytes(before) + parts[k * coded : (k + 1) * coded] + rng.bytes(after) for k in range(repeats)
        )
        slices.append(rng.bytes(head) + b"".join(periods) + rng.bytes(tail))
    return Packed(tuple(slices), weights, rng.bytes(4 * int(rng.integers(0, 8)) or 4))


CASES = [random_packed(seed) for seed in range(24)]


def _source(folder: Path, main: str) -> list[Path]:
    text = [
        "#include <stdint.h>",
        '#include "smelt_unpack_s8.h"',
        *(c.source(k) for k, c in enumerate(CASES)),
    ]
    path = folder / "cases.c"
    path.write_text("\n".join([*text, main, ""]))
    return [path, RUNTIME / "primitives" / "smelt_unpack_s8.c"]


INCLUDES = [RUNTIME / "primitives", RUNTIME / "include"]


def test_the_decoder_is_exact_under_sanitizers(tmp_path: Path) -> None:
    gcc = shutil.which("gcc") or pytest.skip("gcc is not installed")
    calls = []
    for at, case in enumerate(CASES):
        size = case.parameters_at + len(case.parameters)
        calls += [
            f"{{ uint8_t *m = malloc({size}); if ((uint8_t *)case_{at}(m, {k}) != m + {case.parameters_at}) return 1;"
            f"fwrite(m, {case.weights.bytes}, 1, stdout);"
            f"fwrite(m + {case.parameters_at}, {len(case.parameters)}, 1, stdout); free(m); }}"
            for k in range(len(case.slices))
        ]
    main = "\n".join(["#include <stdio.h>", "#include <stdlib.h>", "int main(void) {", *calls, "return 0; }"])
    files = _source(tmp_path, main)
    command = [gcc, "-std=c99", *SANITIZERS, *(f"-I{path}" for path in INCLUDES), *map(str, files)]
    subprocess.run([*command, "-o", str(tmp_path / "cases")], check=True)
    result = subprocess.run([str(tmp_path / "cases")], capture_output=True, check=False)
    assert result.returncode == 0, result.stderr.decode(errors="replace")[-2000:]
    assert result.stdout == b"".join(piece + case.parameters for case in CASES for piece in case.slices)


@pytest.mark.parametrize("optimize", ["-Os", "-O2"])
@pytest.mark.parametrize("core", ["cortex-m0plus", "cortex-m4", "rv32imc"])
def test_the_decoder_is_exact_and_small_on_emulated_cores(core: str, optimize: str, tmp_path: Path) -> None:
    target = find_target(core)
    keep = [f"case_{at}" for at in range(len(CASES))]
    main = "unsigned char memory[4096]; int main(void); int main(void) { return memory[0]; }"
    try:
        toolchain = find_toolchain(target)
    except SmeltError as error:
        pytest.skip(str(error))
    files = _source(tmp_path, main)
    built = toolchain.compile_firmware(files, INCLUDES, tmp_path / "cases.elf", optimize=optimize, keep=keep)
    machine = Machine(built.elf, target)
    base, capacity = machine.symbol("memory")
    base = base + 7 & -8
    for at, case in enumerate(CASES):
        size = case.parameters_at + len(case.parameters)
        assert size + 16 <= capacity
        for k, piece in enumerate(case.slices):
            machine.write(base, bytes([0xA5]) * (size + 8))
            result = machine.call(f"case_{at}", base, k)
            assert result.return_value == base + case.parameters_at
            found = machine.read(base, size + 8)
            assert found[: len(piece)] == piece, f"case {at}, slice {k}"
            assert found[case.parameters_at : size] == case.parameters
            assert found[size:] == bytes([0xA5]) * 8
    functions = ("unpack", "smelt_unpack_s8", "smelt_place_channels_s8")
    code = sum(x.size for x in machine.image.symbols if x.name in functions)
    assert code > 200
    assert target.isa != "arm" or code <= 400
