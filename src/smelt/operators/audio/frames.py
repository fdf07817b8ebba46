"""Samples delayed, and frames that overlap added up: what is kept from call to call begins at zero."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import prod

import numpy as np

from smelt.ir import Array, DType
from smelt.operators.audio.checking import TRAITS, require, require_range, require_types
from smelt.operators.operator import (
    Argument,
    Call,
    Input,
    Kernel,
    Lowering,
    Operator,
    Output,
    Scratch,
    TensorType,
)

LONGEST_DELAY = 1 << 20


@dataclass(frozen=True)
class Delay:
    """delay_length: by how many samples."""

    delay_length: int


def _infer_delay(call: Call) -> tuple[TensorType, ...]:
    require_types(call, DType.S16)
    shape = call.input(0).shape
    require(call, len(shape) >= 1 and shape[-1] > 0, "takes samples in its last dimension")
    require_range(call, "delay_length", 0, LONGEST_DELAY)
    return (TensorType(DType.S16, shape),)


def _evaluate_delay(call: Call, arrays: Sequence[Array | None]) -> tuple[Array, ...]:
    (data,) = arrays
    assert data is not None
    before = np.zeros((*data.shape[:-1], call.attributes.delay_length), np.int16)
    return (np.concatenate([before, data], axis=-1)[..., : data.shape[-1]].astype(np.int16),)


def _call_delay(call: Call) -> tuple[Argument, ...]:
    *rows, size = call.input(0).shape
    return Output(), Input(0), prod(rows), size, call.attributes.delay_length, 1, Scratch()


@dataclass(frozen=True)
class OverlapAdd:
    """frame_step: how many samples later a frame begins than the one before."""

    frame_step: int


def _infer_add(call: Call) -> tuple[TensorType, ...]:
    require_types(call, DType.S16)
    shape = call.input(0).shape
    require(call, len(shape) >= 2 and shape[-1] > 0, "takes frames in its last two dimensions")
    require_range(call, "frame_step", 1, shape[-1])
    return (TensorType(DType.S16, (*shape[:-2], shape[-2] * call.attributes.frame_step)),)


def _evaluate_add(call: Call, arrays: Sequence[Array | None]) -> tuple[Array, ...]:
    """Every sum saturates.  Source: OverlapAdd in TensorFlow Lite Micro."""
    (data,) = arrays
    assert data is not None
    step, frames = call.attributes.frame_step, data.astype(np.int32)
    rest = np.zeros_like(frames[..., 0, :])
    found = []
    for index in range(data.shape[-2]):
        rest = np.clip(rest + frames[..., index, :], -(2**15), 2**15 - 1)
        found.append(rest[..., :step])
        rest = np.concatenate([rest[..., step:], np.zeros_like(rest[..., :step])], axis=-1)
    joined = np.concatenate(found, axis=-1) if found else rest[..., :0]
    return (joined.astype(np.int16),)


def _call_add(call: Call) -> tuple[Argument, ...]:
    *rows, frames, size = call.input(0).shape
    return Output(), Input(0), prod(rows), frames, size, call.attributes.frame_step, 1, Scratch()


def _kernel(
    name: str, arguments: Callable[[Call], tuple[Argument, ...]], state: Callable[[Call], int]
) -> Kernel:
    return Kernel(
        f"smelt_{name}",
        (f"{name}.c",),
        "signal_operators.h",
        lambda call, target: True,
        lambda call, target: Lowering(f"smelt_{name}", arguments(call)),
        scratch_bytes=lambda call, target: state(call),
    )


SIGNAL_DELAY = Operator(
    name="signal_delay",
    summary="samples that come later",
    attributes=Delay,
    infer=_infer_delay,
    evaluate=_evaluate_delay,
    traits=TRAITS,
    kernels=(
        _kernel(
            "signal_delay_s16",
            _call_delay,
            lambda call: 2 * prod(call.input(0).shape[:-1]) * call.attributes.delay_length,
        ),
    ),
)
SIGNAL_OVERLAP_ADD = Operator(
    name="signal_overlap_add",
    summary="sums of frames that overlap",
    attributes=OverlapAdd,
    infer=_infer_add,
    evaluate=_evaluate_add,
    traits=TRAITS,
    kernels=(
        _kernel(
            "signal_overlap_add_s16",
            _call_add,
            lambda call: 2 * prod(call.input(0).shape[:-2]) * call.input(0).shape[-1],
        ),
    ),
)
