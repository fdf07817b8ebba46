"""Kernels for Arm cores with the DSP extension."""

from smelt.operators.operator import Kernel

CONV_2D: tuple[Kernel, ...] = ()
DEPTHWISE_CONV_2D: tuple[Kernel, ...] = ()
