"""Operators that move or rename elements without computing: reshape and kin, transpose, strided_slice, pad,
concatenation, tile."""

from smelt.operators.shape.concatenation import CONCATENATION
from smelt.operators.shape.copies import PAD, STRIDED_SLICE, TRANSPOSE
from smelt.operators.shape.repeats import BROADCAST_TO, TILE
from smelt.operators.shape.views import BITCAST, EXPAND_DIMS, RESHAPE, SQUEEZE

__all__ = [
    "BITCAST",
    "BROADCAST_TO",
    "CONCATENATION",
    "EXPAND_DIMS",
    "PAD",
    "RESHAPE",
    "SQUEEZE",
    "STRIDED_SLICE",
    "TILE",
    "TRANSPOSE",
]
