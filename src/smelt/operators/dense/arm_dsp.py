"""Kernels for Arm cores with the DSP extension."""

from smelt.operators.operator import Kernel

FULLY_CONNECTED: tuple[Kernel, ...] = ()
