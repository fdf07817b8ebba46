"""Graphs as torch modules, and what needs training."""

from smelt.errors import require

require("torch", "torch", "training")

from smelt.train.augmentation import Augmentation  # noqa: E402
from smelt.train.compression import Compression, Done, Watch  # noqa: E402
from smelt.train.convert import to_graph, to_module  # noqa: E402 - all of them import torch
from smelt.train.costs import Costs, Measure  # noqa: E402
from smelt.train.data import Batch, TrainingData, training_data  # noqa: E402
from smelt.train.distillation import distil  # noqa: E402
from smelt.train.loop import fit  # noqa: E402
from smelt.train.losses import cross_entropy, soft_targets, squared_error  # noqa: E402
from smelt.train.module import GraphModule  # noqa: E402
from smelt.train.progress import Epoch, Fitted  # noqa: E402
from smelt.train.qat import qat  # noqa: E402
from smelt.train.quantized_module import QuantizedModule  # noqa: E402
from smelt.train.recipe import Recipe, Stage, Training, read_recipe  # noqa: E402
from smelt.train.stages import TECHNIQUES  # noqa: E402
from smelt.train.students import make_student  # noqa: E402

__all__ = [
    "TECHNIQUES",
    "Augmentation",
    "Batch",
    "Compression",
    "Costs",
    "Done",
    "Epoch",
    "Fitted",
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
