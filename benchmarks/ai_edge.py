"""What ai-edge-quantizer makes of a float .tflite model; run by a Python that has the package.

    python ai_edge.py MODEL.tflite SAMPLES.npy FOLDER

SAMPLES has one sample a row, shaped as the model's only input without the batch.  Writes one .tflite for each recipe
into FOLDER and prints which failed.  smelt is not needed here.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

ALGORITHMS = ("min-max", "octav", "mse")
"""Those that quantize convolutions; of release 0.10, gptq, oscar and Hadamard rotation do dense layers only."""
TRUE_RANGES = "min-max, true ranges"


def recipes() -> dict[str, Callable[[], Any]]:
    """What makes each recipe, by smelt's name of the scheme, then the algorithm."""
    from ai_edge_quantizer.algorithm_manager import AlgorithmName  # type: ignore[import-not-found]
    from ai_edge_quantizer.recipe_manager import RecipeManager  # type: ignore[import-not-found]

    def recipe(kind: str, bits: tuple[int, ...], algorithm: Any) -> Any:
        manager = RecipeManager()
        getattr(manager, f"add_{kind}_config")(".*", "*", *bits, algorithm_key=algorithm)
        return manager.get_quantization_recipe()

    schemes = {
        "int8": ("static", (8, 8)),
        "int16x8": ("static", (16, 8)),
        "int4": ("static", (8, 4)),
        "dynamic": ("dynamic", (8,)),
        "dynamic-int4": ("dynamic", (4,)),
        "weight-only-int8": ("weight_only", (8,)),
        "weight-only-int4": ("weight_only", (4,)),
    }
    keys = [AlgorithmName.MIN_MAX_UNIFORM_QUANT, AlgorithmName.OCTAV, AlgorithmName.MSE]
    result: dict[str, Callable[[], Any]] = {
        "float16 casting": partial(recipe, "weight_only", (16,), AlgorithmName.FLOAT_CASTING)
    }
    for scheme, (kind, bits) in schemes.items():
        for name, key in zip(ALGORITHMS, keys, strict=True):
            result[f"{scheme} {name}"] = partial(recipe, kind, bits, key)
        if kind == "static":
            result[f"{scheme} {TRUE_RANGES}"] = partial(recipe, kind, bits, keys[0])
    return result


def main() -> None:
    """Quantize with every recipe."""
    from ai_edge_quantizer import calibrator, quantizer, recipe_manager  # type: ignore[import-not-found]
    from ai_edge_quantizer.utils import qsv_utils  # type: ignore[import-not-found]
    from ai_edge_quantizer.utils import tfl_interpreter_utils as interpreters

    model, samples, folder = Path(sys.argv[1]), np.load(sys.argv[2]), Path(sys.argv[3])
    interpreter = interpreters.create_tfl_interpreter(str(model))
    (signature,) = interpreter.get_signature_list() or [None]
    name = interpreter.get_signature_list()[signature]["inputs"][0] if signature else None
    given = {signature: [{name: sample[None]} for sample in samples]}
    for title, made in recipes().items():
        try:
            recipe = made()
            tool, seen = quantizer.Quantizer(str(model), recipe), None
            if tool.need_calibration and title.endswith(TRUE_RANGES):
                ranges = calibrator.Calibrator(model.read_bytes(), qsv_update_func=qsv_utils.min_max_update)
                manager = recipe_manager.RecipeManager()
                manager.load_quantization_recipe(recipe)
                ranges.calibrate(given, manager)
                seen = ranges.get_model_qsvs()
            elif tool.need_calibration:
                seen = tool.calibrate(given)
            (folder / f"{title}.tflite").write_bytes(tool.quantize(seen).quantized_model)
        except Exception as error:  # what a recipe refuses differs from release to release
            print(f"{title}: {type(error).__name__}: {error}", file=sys.stderr)


if __name__ == "__main__":
    main()
