"""What ai-edge-quantizer makes of a float .tflite model; run by a Python that has the package.

    python ai_edge.py MODEL.tflite SAMPLES.npy FOLDER

SAMPLES has one sample a row, shaped as the model's only input without the batch.  Writes one .tflite for each recipe
into FOLDER and prints which failed.  smelt is not needed here.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import numpy as np


def recipes() -> dict[str, Any]:
    """By smelt's name of the scheme, then the algorithm."""
    from ai_edge_quantizer import recipe  # type: ignore[import-not-found]
    from ai_edge_quantizer.algorithm_manager import AlgorithmName  # type: ignore[import-not-found]

    plain = {
        "int8": recipe.static_wi8_ai8(),
        "int16x8": recipe.static_wi8_ai16(),
        "dynamic": recipe.dynamic_wi8_afp32(),
        "weight-only-int8": recipe.weight_only_wi8_afp32(),
    }
    algorithms = {
        "min-max": AlgorithmName.MIN_MAX_UNIFORM_QUANT,
        "octav": AlgorithmName.OCTAV,
        "mse": AlgorithmName.MSE,
    }
    result = {f"{scheme} default": made for scheme, made in plain.items()}
    for name, algorithm in algorithms.items():
        try:
            result[f"weight-only-int4 {name}"] = recipe.weight_only_wi4_afp32(algorithm)
        except Exception as error:  # what a recipe refuses differs from release to release
            print(f"weight-only-int4 {name}: {error}", file=sys.stderr)
    return result


def main() -> None:
    """Quantize with every recipe."""
    from ai_edge_quantizer import quantizer
    from ai_edge_quantizer.utils import tfl_interpreter_utils as interpreters  # type: ignore[import-not-found]

    model, samples, folder = Path(sys.argv[1]), np.load(sys.argv[2]), Path(sys.argv[3])
    interpreter = interpreters.create_tfl_interpreter(str(model))
    (signature,) = interpreter.get_signature_list() or [None]
    name = interpreter.get_signature_list()[signature]["inputs"][0] if signature else None
    for title, made in recipes().items():
        try:
            tool = quantizer.Quantizer(str(model), made)
            seen = None
            if tool.need_calibration:
                seen = tool.calibrate({signature: [{name: sample[None]} for sample in samples]})
            (folder / f"{title}.tflite").write_bytes(tool.quantize(seen).quantized_model)
        except Exception as error:
            print(f"{title}: {type(error).__name__}: {error}", file=sys.stderr)


if __name__ == "__main__":
    main()
