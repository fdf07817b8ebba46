"""smelt's own operators: the sub-packages of this folder, one a family."""

from __future__ import annotations

import importlib
import pkgutil
from dataclasses import replace
from functools import cache
from pathlib import Path

from smelt.operators.operator import Operator


@cache
def own_operators() -> dict[str, Operator]:
    """Every operator of a family, by name."""
    found: dict[str, Operator] = {}
    for module in pkgutil.iter_modules([str(Path(__file__).parent)]):
        if module.ispkg:
            family = importlib.import_module(f"smelt.operators.{module.name}")
            folder = Path(str(family.__file__)).parent
            for item in vars(family).values():
                if isinstance(item, Operator):
                    found[item.name] = replace(item, folder=folder)
    return found
