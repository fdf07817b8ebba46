"""Flash budgets: the fastest build that fits, from larger kernels to packed weights; what packing is said to cost."""

from __future__ import annotations

import re
from functools import cache

import numpy as np
import pytest

from smelt.codegen import Options
from smelt.engines.emulated import EmulatedEngine
from smelt.engines.flash_budget import FlashFit, fit_flash
from smelt.engines.packing_price import is_packed, packing_price, plain
from smelt.engines.profile import profile
from smelt.engines.toolchain import find_toolchain
from smelt.errors import CompileError, SmeltError, UsageError
from smelt.ir import DType, Graph, Quantization
from smelt.operators.builder import GraphBuilder, random_array
from smelt.operators.evaluate import evaluate_graph
from smelt.targets import Target, find_target

TENSOR = Quantization.per_tensor(0.05, -3)


def target_or_skip(name: str) -> Target:
    pytest.importorskip("unicorn")
    target = find_target(name)
    try:
        find_toolchain(target)
    except SmeltError as error:
        pytest.skip(str(error))
    return target


@cache
def network() -> Graph:
    """3 x 3 convolutions, for which a Cortex-M4 has a larger kernel too, and a dense layer of mostly equal weights."""
    rng = np.random.default_rng(1)
    build = GraphBuilder("budget")

    def weights(shape: tuple[int, ...], kept: float) -> str:
        values = np.where(rng.random(shape) < kept, rng.integers(-127, 128, shape), 1)
        return build.constant("w", values.astype(np.int8), Quantization.per_tensor(0.001))

    x = build.input("x", DType.S8, (1, 8, 8, 16), TENSOR)
    for outputs in (16, 32):
        inputs = [x, weights((outputs, 3, 3, build.values[x].shape[3]), 1.0)]
        x = build.add("conv_2d", inputs, {"padding": (1, 1, 1, 1)}, quantization=TENSOR)
    return build.build([build.add("fully_connected", [x, weights((8, 2048), 0.2)], quantization=TENSOR)])


@cache
def fits(core: str, flash_bytes: int, optimize: str = "balanced") -> FlashFit:
    return fit_flash(network(), target_or_skip(core), Options(optimize), flash_bytes)  # type: ignore[arg-type]


def smallest(core: str) -> int:
    with pytest.raises(CompileError, match="takes at most 1 bytes") as caught:
        fits(core, 1)
    found = re.search(r"smallest found takes ([\d,]+)", str(caught.value))
    assert found
    return int(found.group(1).replace(",", ""))


def test_less_flash_takes_more_cycles_and_gives_the_same_outputs() -> None:
    core = "cortex-m4"
    free = profile(network(), target_or_skip(core)).totals.flash_bytes
    largest = fits(core, 10**7).profile.totals.flash_bytes
    assert free < largest
    budgets = [largest, (largest + free) // 2, free, free - 8, smallest(core)]
    made = [fits(core, budget) for budget in budgets]
    for budget, found in zip(budgets, made, strict=True):
        assert found.profile.totals.flash_bytes <= budget
    cycles = [found.profile.cost for found in made]
    assert cycles == sorted(cycles)
    assert cycles[0] < cycles[2] < cycles[-1]
    assert [is_packed(found.options) for found in made] == [False] * 4 + [True]
    inputs = {"x": random_array(network().values["x"], 4)}
    for found in (made[1], made[-1]):
        engine = EmulatedEngine(network(), find_target(core), options=found.options)
        try:
            outputs = engine.run(inputs)
        finally:
            engine.close()
        for name, expected in evaluate_graph(network(), inputs).items():
            np.testing.assert_array_equal(outputs[name], expected)


def test_a_budget_that_the_usual_build_meets_changes_nothing_without_larger_kernels() -> None:
    assert fits("cortex-m0plus", 10**7).options == Options()


def test_the_wish_for_little_code_is_kept() -> None:
    assert fits("cortex-m0plus", 10**7, "size").options == Options("size")


def test_the_price_of_packing_is_the_difference_of_two_builds() -> None:
    target, options = target_or_skip("cortex-m4"), Options("flash")
    packed, before = (profile(network(), target, options=o) for o in (options, plain(options)))
    price = packing_price(network(), target, options)
    assert price.saved_bytes == before.totals.flash_bytes - packed.totals.flash_bytes > 8_000
    assert price.cycles == packed.cost - before.cost > 0
    assert [layer.index for layer in price.layers] == [3]
    assert sum(layer.saved_bytes for layer in price.layers) >= price.saved_bytes
    assert 0 < sum(layer.cycles for layer in price.layers) <= price.cycles


def test_what_cannot_be_counted_or_makes_no_sense_is_refused() -> None:
    with pytest.raises(UsageError, match="cannot be counted"):
        fit_flash(network(), find_target("host"), Options(), 1000)
    with pytest.raises(UsageError, match="makes no sense"):
        fit_flash(network(), find_target("cortex-m4"), Options(), 0)
