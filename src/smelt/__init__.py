"""smelt: trained models become small, and become firmware.

>>> import smelt
>>> graph = smelt.load("model.onnx")
>>> small = smelt.quantize_int8(smelt.optimize(graph), samples)
>>> smelt.save(small, "model.tflite")
>>> smelt.write_project(smelt.generate(small, smelt.find_target("cortex-m4")), "firmware")
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from smelt.codegen import Project, generate, write_project
    from smelt.converter import Converter, OpsSet, Optimize, TargetSpec
    from smelt.engines import Engine, open_engine
    from smelt.engines.profile import Profile, profile
    from smelt.engines.tune import Tuning, tune
    from smelt.errors import SmeltError
    from smelt.formats import load, save
    from smelt.formats.keras import from_keras
    from smelt.formats.pytorch import from_torch
    from smelt.formats.saved_model import from_tensorflow
    from smelt.formats.sklearn import from_sklearn
    from smelt.ir import DType, Graph, Node, Quantization, Value
    from smelt.operators import register_operator
    from smelt.passes import optimize
    from smelt.quantize import calibrate, quantize_graph, quantize_int8, read_data, samples_for
    from smelt.report.fit import Fit, fit
    from smelt.targets import Board, Target, find_board, find_target

__version__ = "0.1.0"

# name → module; imported when first used, so that `import smelt` and `smelt --help` stay fast
_HOMES = {
    "Board": "smelt.targets",
    "Converter": "smelt.converter",
    "DType": "smelt.ir",
    "Engine": "smelt.engines",
    "Fit": "smelt.report.fit",
    "Graph": "smelt.ir",
    "Node": "smelt.ir",
    "OpsSet": "smelt.converter",
    "Optimize": "smelt.converter",
    "Profile": "smelt.engines.profile",
    "Project": "smelt.codegen",
    "Quantization": "smelt.ir",
    "SmeltError": "smelt.errors",
    "Target": "smelt.targets",
    "TargetSpec": "smelt.converter",
    "Tuning": "smelt.engines.tune",
    "Value": "smelt.ir",
    "calibrate": "smelt.quantize",
    "find_board": "smelt.targets",
    "find_target": "smelt.targets",
    "fit": "smelt.report.fit",
    "from_keras": "smelt.formats.keras",
    "from_sklearn": "smelt.formats.sklearn",
    "from_tensorflow": "smelt.formats.saved_model",
    "from_torch": "smelt.formats.pytorch",
    "generate": "smelt.codegen",
    "load": "smelt.formats",
    "open_engine": "smelt.engines",
    "optimize": "smelt.passes",
    "profile": "smelt.engines.profile",
    "quantize_graph": "smelt.quantize",
    "quantize_int8": "smelt.quantize",
    "read_data": "smelt.quantize",
    "register_operator": "smelt.operators",
    "samples_for": "smelt.quantize",
    "save": "smelt.formats",
    "tune": "smelt.engines.tune",
    "write_project": "smelt.codegen",
}

__all__ = [
    "Board",
    "Converter",
    "DType",
    "Engine",
    "Fit",
    "Graph",
    "Node",
    "OpsSet",
    "Optimize",
    "Profile",
    "Project",
    "Quantization",
    "SmeltError",
    "Target",
    "TargetSpec",
    "Tuning",
    "Value",
    "__version__",
    "calibrate",
    "find_board",
    "find_target",
    "fit",
    "from_keras",
    "from_sklearn",
    "from_tensorflow",
    "from_torch",
    "generate",
    "load",
    "open_engine",
    "optimize",
    "profile",
    "quantize_graph",
    "quantize_int8",
    "read_data",
    "register_operator",
    "samples_for",
    "save",
    "tune",
    "write_project",
]


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        return getattr(importlib.import_module(_HOMES[name]), name)
    raise AttributeError(f"module 'smelt' has no attribute '{name}'")


def __dir__() -> list[str]:
    return __all__
