"""The activation tensors of the seven int8 models: planned in exactly the live-peak bound.

`CHAINS` holds the sizes of consecutive tensors in bytes, reshapes left out.
"""

import pytest

from smelt.memory import Step, best_order, lifetimes, peak_bound, plan

CHAINS = {
    "kws": ([490, *[8000] * 9, 64, 12, 12], 16_000),
    "vww": (
        [
            *[27648, 18432, 18432, 36864, 9216, 18432, 18432, 18432, 4608, 9216, 9216, 9216, 2304],
            *[4608] * 11,
            *[1152, 2304, 2304, 2304, 256, 2, 2],
        ],
        55_296,
    ),
    "ad": ([640, 128, 128, 128, 128, 8, 128, 128, 128, 128, 640], 768),
    "sww": ([1200, 1120, 3584, 3072, 3072, 1920, 1920, 128, 32, 3, 3], 6_656),
    "micro_speech": ([1960, 4000, 4, 4], 5_960),
    "hello_world": ([1, 16, 16, 1], 32),
}


def chain(sizes):
    steps = [Step(f"s{at}", (f"t{at}",), (f"t{at + 1}",)) for at in range(len(sizes) - 1)]
    return steps, {f"t{at}": size for at, size in enumerate(sizes)}, ["t0"], [f"t{len(sizes) - 1}"]


def resnet8():
    k = 1024
    sizes = {"x": 3 * k, "a": 16 * k, "b": 16 * k, "c": 16 * k, "d": 16 * k}
    sizes |= {"e": 8 * k, "f": 8 * k, "g": 8 * k, "h": 8 * k, "i": 4 * k, "j": 4 * k, "k": 4 * k, "l": 4 * k}
    sizes |= {"m": 64, "n": 10, "y": 10}
    edges = (
        "x a",
        "a b",
        "b c",
        "ac d",
        "d e",
        "e f",
        "d g",
        "gf h",
        "h i",
        "i j",
        "h k",
        "kj l",
        "l m",
        "m n",
    )
    pairs = [edge.split() for edge in (*edges, "n y")]
    return [Step(to, tuple(origin), (to,)) for origin, to in pairs], sizes, ["x"], ["y"]


MODELS = {name: (chain(sizes), bound) for name, (sizes, bound) in CHAINS.items()}
MODELS["resnet8"] = (resnet8(), 49_152)


@pytest.mark.parametrize("alignment", [1, 4, 8])
@pytest.mark.parametrize("name", MODELS)
def test_plan_equals_the_bound(name, alignment):
    (steps, sizes, inputs, outputs), bound = MODELS[name]
    order = best_order(steps, sizes, inputs, outputs)
    assert (order.indices, order.peak_bytes, order.proved) == (tuple(range(len(steps))), bound, True)
    buffers = lifetimes(steps, sizes, inputs, outputs, alignment)
    assert peak_bound(buffers).bytes == bound
    assert plan(buffers).arena_bytes == bound


def test_inputs_kept_for_the_caller():
    """What disjoint lifetimes cost more when the input is preserved."""
    for name, expected in (("kws", 16_490), ("vww", 82_944), ("ad", 1_408)):
        (steps, sizes, inputs, outputs), _ = MODELS[name]
        made = plan(lifetimes(steps, sizes, inputs, [*outputs, *inputs]))
        assert made.arena_bytes == made.bound_bytes == expected
