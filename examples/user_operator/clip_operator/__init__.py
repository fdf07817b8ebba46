"""The custom operator "Clip": numbers below `low` become low, numbers above `high` become high."""

import struct
from dataclasses import dataclass
from pathlib import Path

import numpy as np

import smelt
from smelt.operators.interpreted import Interpreted
from smelt.operators.operator import (
    Input,
    Kernel,
    Lowering,
    Operator,
    Output,
    Parameters,
    TensorType,
    Traits,
    equal_inputs,
)


@dataclass(frozen=True)
class Clip:
    low: float
    high: float


def infer(call):
    x = call.input(0)
    return (TensorType(x.dtype, x.shape),)


def evaluate(call, arrays):
    low, high = np.float32(call.attributes.low), np.float32(call.attributes.high)
    return (np.minimum(np.maximum(arrays[0], low), high),)


def accepts(call, target):
    return call.input(0).dtype is smelt.DType.F32


def lower(call, target):
    bounds = Parameters("struct clip_parameters", {"low": call.attributes.low, "high": call.attributes.high})
    return Lowering("clip_f32", (Output(), Input(0), bounds, call.output.elements))


smelt.register_operator(
    Operator(
        name="clip",
        summary="numbers within bounds",
        attributes=Clip,
        infer=infer,
        evaluate=evaluate,
        traits=Traits(elementwise=True, quantizable=False),
        kernels=(Kernel("clip_f32", ("clip_f32.c",), "clip.h", accepts, lower, in_place=equal_inputs),),
    ),
    custom="Clip",
    folder=Path(__file__).parent,
    read_options=lambda options: dict(zip(("low", "high"), struct.unpack("<ff", options), strict=True)),
    write_options=lambda clip: struct.pack("<ff", clip.low, clip.high),
    interpreted=(Interpreted("clip", smelt.DType.F32, ("interpreted_clip_f32.c", "clip_f32.c")),),
)
