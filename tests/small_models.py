"""Small networks that use most operators, for tests that want a model and not its accuracy."""

from __future__ import annotations

from functools import cache

import numpy as np

import smelt
from smelt.ir import Array, DType, Graph
from smelt.operators.builder import GraphBuilder

SHAPE = (1, 8, 8, 3)


@cache
def small_float(name: str = "small") -> Graph:
    """A residual network with a branch: pad, convolutions, add, pooling, concatenation, mean, dense, softmax."""
    rng = np.random.default_rng(5)
    build = GraphBuilder(name)

    def weights(stem: str, *shape: int) -> str:
        return build.constant(stem, rng.normal(scale=0.4, size=shape).astype(np.float32))

    x = build.input("image", DType.F32, SHAPE)
    padded = build.add("pad", [x], {"paddings": (0, 0, 1, 1, 1, 1, 0, 0)}, name="pad")
    first = build.add(
        "conv_2d",
        [padded, weights("first/w", 4, 3, 3, 3), weights("first/b", 4)],
        {"activation": "relu"},
        name="first",
    )
    depthwise = build.add(
        "depthwise_conv_2d",
        [first, weights("depthwise/w", 1, 3, 3, 4), weights("depthwise/b", 4)],
        {"padding": (1, 1, 1, 1), "multiplier": 1, "activation": "relu6"},
        name="depthwise",
    )
    added = build.add("add", [first, depthwise], name="add")
    halves = [
        build.add(f"{kind}_pool_2d", [added], {"filter": (2, 2), "stride": (2, 2)}, name=kind)
        for kind in ("max", "average")
    ]
    joined = build.add("concatenation", halves, {"axis": 3}, name="joined")
    mean = build.add("mean", [joined], {"axes": (1, 2), "keep_dims": False}, name="mean")
    flat = build.add("reshape", [mean], {"shape": (1, 8)}, name="flat")
    logits = build.add(
        "fully_connected", [flat, weights("dense/w", 5, 8), weights("dense/b", 5)], name="logits"
    )
    return build.build([build.add("softmax", [logits], name="scores")])


def small_samples(count: int = 8) -> Array:
    """Inputs of `small_float`, one after another."""
    return np.random.default_rng(6).normal(size=(count, *SHAPE[1:])).astype(np.float32)


@cache
def small_int8(name: str = "small") -> Graph:
    """`small_float` in int8."""
    graph = small_float(name)
    return smelt.quantize_int8(graph, smelt.samples_for(graph, {"x": small_samples()}))


@cache
def plain_int8(name: str = "plain") -> Graph:
    """An int8 network of the commonest operators alone: convolutions, a sum, a pool, dense, softmax."""
    rng = np.random.default_rng(8)
    build = GraphBuilder(name)

    def weights(stem: str, *shape: int) -> str:
        return build.constant(stem, rng.normal(scale=0.4, size=shape).astype(np.float32))

    x = build.input("image", DType.F32, SHAPE)
    same = {"padding": (1, 1, 1, 1), "activation": "relu"}
    first = build.add("conv_2d", [x, weights("first/w", 6, 3, 3, 3), weights("first/b", 6)], same)
    depthwise = [first, weights("depthwise/w", 1, 3, 3, 6), weights("depthwise/b", 6)]
    added = build.add("add", [first, build.add("depthwise_conv_2d", depthwise, {**same, "multiplier": 1})])
    pooled = build.add("average_pool_2d", [added], {"filter": (4, 4), "stride": (4, 4)})
    flat = build.add("reshape", [pooled], {"shape": (1, 24)})
    logits = build.add("fully_connected", [flat, weights("dense/w", 5, 24), weights("dense/b", 5)])
    graph = build.build([build.add("softmax", [logits], name="scores")])
    return smelt.quantize_int8(graph, smelt.samples_for(graph, {"x": small_samples()}))
