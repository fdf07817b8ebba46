"""All rows that read ONNX operators: those of the modules named here, each with a table ROWS."""

from __future__ import annotations

from smelt.formats.onnx import (
    activations,
    arithmetic,
    before_7,
    classical,
    classical_svm,
    classical_trees,
    einsum,
    functions,
    indexing,
    normalizing,
    operators,
    quantized,
    rearranging,
    recurrent,
    reductions,
    resizing,
    sampling,
    spreading,
    transforms,
)
from smelt.formats.onnx.folding import FOLDING
from smelt.formats.onnx.schema import Table

_MODULES = (
    before_7,
    activations,
    arithmetic,
    classical,
    classical_svm,
    classical_trees,
    einsum,
    functions,
    indexing,
    normalizing,
    operators,
    quantized,
    rearranging,
    recurrent,
    reductions,
    resizing,
    sampling,
    spreading,
    transforms,
)

OPERATORS = Table(row for module in _MODULES for row in module.ROWS)
"""What reads an operator; an operator of constants is computed by smelt's meaning of it, or by FOLDING."""

__all__ = ["FOLDING", "OPERATORS"]
