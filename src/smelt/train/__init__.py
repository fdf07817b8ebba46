"""Graphs as torch modules, and what needs training.

Names are imported when they are first asked for: the modules that need no torch (pruning, low rank, clustering,
sparsity) are there without it.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from smelt.errors import require

if TYPE_CHECKING:
    from smelt.train.augmentation import Augmentation
    from smelt.train.compression import Compression, Done, Watch
    from smelt.train.convert import to_graph, to_module
    from smelt.train.costs import Costs, Measure
    from smelt.train.data import Batch, TrainingData, training_data
    from smelt.train.distillation import distil
    from smelt.train.gradual_pruning import GradualPruning
    from smelt.train.loop import fit
    from smelt.train.losses import cross_entropy, soft_targets, squared_error
    from smelt.train.module import GraphModule
    from smelt.train.progress import Epoch, Fitted
    from smelt.train.quantized_module import QuantizedModule
    from smelt.train.quantized_training import qat
    from smelt.train.recipe import Recipe, Stage, Training, read_recipe
    from smelt.train.stages import TECHNIQUES
    from smelt.train.students import make_student

_MODULES = {
    "Augmentation": "smelt.train.augmentation",
    "Compression": "smelt.train.compression",
    "Done": "smelt.train.compression",
    "Watch": "smelt.train.compression",
    "to_graph": "smelt.train.convert",
    "to_module": "smelt.train.convert",
    "Costs": "smelt.train.costs",
    "Measure": "smelt.train.costs",
    "Batch": "smelt.train.data",
    "TrainingData": "smelt.train.data",
    "training_data": "smelt.train.data",
    "distil": "smelt.train.distillation",
    "GradualPruning": "smelt.train.gradual_pruning",
    "fit": "smelt.train.loop",
    "cross_entropy": "smelt.train.losses",
    "soft_targets": "smelt.train.losses",
    "squared_error": "smelt.train.losses",
    "GraphModule": "smelt.train.module",
    "Epoch": "smelt.train.progress",
    "Fitted": "smelt.train.progress",
    "qat": "smelt.train.quantized_training",
    "QuantizedModule": "smelt.train.quantized_module",
    "Recipe": "smelt.train.recipe",
    "Stage": "smelt.train.recipe",
    "Training": "smelt.train.recipe",
    "read_recipe": "smelt.train.recipe",
    "TECHNIQUES": "smelt.train.stages",
    "make_student": "smelt.train.students",
}

__all__ = [
    "TECHNIQUES",
    "Augmentation",
    "Batch",
    "Compression",
    "Costs",
    "Done",
    "Epoch",
    "Fitted",
    "GradualPruning",
    "GraphModule",
    "Measure",
    "QuantizedModule",
    "Recipe",
    "Stage",
    "Training",
    "TrainingData",
    "Watch",
    "cross_entropy",
    "distil",
    "fit",
    "make_student",
    "qat",
    "read_recipe",
    "soft_targets",
    "squared_error",
    "to_graph",
    "to_module",
    "training_data",
]


def __getattr__(name: str) -> Any:
    if name not in _MODULES:
        raise AttributeError(f"module 'smelt.train' has no attribute '{name}'")
    require("torch", "torch", "training")
    return getattr(import_module(_MODULES[name]), name)
