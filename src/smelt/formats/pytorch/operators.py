"""aten's operators as smelt's: all tables together.

One short function reads an operator and its overloads; its signature is the schema, with aten's defaults.  `_` is what
surrounds the operator.
"""

from __future__ import annotations

from smelt.formats.pytorch.arithmetic import ARITHMETIC
from smelt.formats.pytorch.converting import CONVERTING
from smelt.formats.pytorch.creating import CREATING
from smelt.formats.pytorch.normalizing import NORMALIZING
from smelt.formats.pytorch.padding import PADDING
from smelt.formats.pytorch.products import PRODUCTS
from smelt.formats.pytorch.quantizing import QUANTIZING
from smelt.formats.pytorch.rearranging import REARRANGING
from smelt.formats.pytorch.recurrent import RECURRENT
from smelt.formats.pytorch.reducing import REDUCING
from smelt.formats.pytorch.resizing import RESIZING
from smelt.formats.pytorch.schema import Table
from smelt.formats.pytorch.spatial import SPATIAL
from smelt.formats.pytorch.transformers import TRANSFORMERS

OPERATORS = Table()
"""What reads an operator, by its name ("aten.conv2d")."""

for _table in (
    ARITHMETIC,
    CONVERTING,
    CREATING,
    NORMALIZING,
    PADDING,
    PRODUCTS,
    QUANTIZING,
    REARRANGING,
    RECURRENT,
    REDUCING,
    RESIZING,
    SPATIAL,
    TRANSFORMERS,
):
    OPERATORS.update(_table)
