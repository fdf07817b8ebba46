"""Which layers a profile marks as portable C, which suffixes kernels have, and what is too large to run."""

from __future__ import annotations

import numpy as np
import pytest

from smelt.engines.emulated import EmulatedEngine
from smelt.engines.profile import ISAS, fell_back, profile
from smelt.errors import CompileError
from smelt.ir import DType, Quantization
from smelt.operators import all_operators, call_of, choose_kernel
from smelt.operators.builder import GraphBuilder
from smelt.operators.case import Case, Tensor, quantized
from smelt.targets import all_targets, find_target


def _convolution(groups: int) -> Case:
    """A 3x3 convolution of 4 channels; in groups it is beyond the DSP kernel."""
    weights = np.full((4, 3, 3, 4 // groups), 5, np.int8)
    scales = Quantization((0.01,) * 4, (0,) * 4, 0)
    tensors = (quantized((1, 6, 6, 4), 0.02, 3), Tensor(DType.S8, weights.shape, scales, weights))
    bias = Tensor(DType.S32, (4,), Quantization.per_tensor(1.0), np.zeros(4, np.int32))
    return Case("case", "conv_2d", (*tensors, bias), {}, Quantization.per_tensor(0.5, 0))


@pytest.mark.parametrize(
    ("target", "groups", "portable"),
    [("cortex-m4", 1, False), ("cortex-m4", 2, True), ("cortex-m3", 2, False), ("host", 1, False)],
)
def test_a_layer_without_the_fast_kernel_is_marked(target: str, groups: int, portable: bool) -> None:
    core = find_target(target)
    graph = _convolution(groups).graph()
    kernel = choose_kernel(call_of(graph, graph.nodes[0]), core)
    assert fell_back("conv_2d", kernel, core) is portable


def test_a_copy_is_not_marked() -> None:
    assert not fell_back("reshape", None, find_target("cortex-m4"))


def test_every_kernel_names_a_known_kind_of_core() -> None:
    suffixes = {k.name.partition("__")[2] for o in all_operators().values() for k in o.kernels} - {""}
    assert suffixes <= set(ISAS)
    for suffix in suffixes:
        assert any(ISAS[suffix](target) for target in all_targets())


def test_what_no_emulated_core_holds_is_refused_at_once() -> None:
    build = GraphBuilder("huge")
    x = build.input("x", DType.F32, (1, 1 << 26))
    graph = build.build([build.add("relu", [x])])
    for measure in (profile, EmulatedEngine):
        with pytest.raises(CompileError, match="inputs of 'huge' take 268,435,456 bytes"):
            measure(graph, find_target("cortex-m4"))
