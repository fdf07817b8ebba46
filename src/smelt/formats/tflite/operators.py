"""All of TFLite's operators that are read: importing a room enters its functions in the table."""

from __future__ import annotations

from collections.abc import Mapping

from smelt.formats.tflite import (
    arithmetic,
    rearranging,
    recurrent,
    signal_operators,
    splitting,
    translation,
    windows,
)
from smelt.formats.tflite.schema import BuiltinOperator

ROOMS = (arithmetic, rearranging, recurrent, signal_operators, splitting, windows)

FUNCTIONS: Mapping[BuiltinOperator | str, translation.Function] = translation.FUNCTIONS
"""What reads an operator; custom operators by name."""
