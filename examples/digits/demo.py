"""The main job, end to end: a trained float model becomes int8 firmware on an emulated Cortex-M4.

Run by `make demo`; every step is a `smelt` command that you can type yourself.  Needs scikit-learn
(for its bundled digits), neither PyTorch nor root.  Results stay in build/demo.
"""

from __future__ import annotations

import json
import shlex
import subprocess
import sys
from pathlib import Path

import numpy as np
from data import load_digits_split

HERE = Path(__file__).parent
OUT = Path("build/demo")
MODEL = (
    str((HERE / "digits.onnx").relative_to(Path.cwd()))
    if HERE.is_relative_to(Path.cwd())
    else str(HERE / "digits.onnx")
)
INT8 = str(OUT / "digits.tflite")
TEST, CALIBRATION = str(OUT / "test.npz"), str(OUT / "calibration.npz")


def step(title: str) -> None:
    """Announce a step."""
    print(f"\n\033[1m== {title}\033[0m" if sys.stdout.isatty() else f"\n== {title}", flush=True)


def smelt(*arguments: str) -> None:
    """Show a command and run it; stop the demo when it fails."""
    print(f"$ smelt {shlex.join(arguments)}", flush=True)
    subprocess.run([sys.executable, "-m", "smelt", *arguments], check=True)


def smelt_json(*arguments: str) -> dict[str, object]:
    """The JSON result of a command."""
    command = [sys.executable, "-m", "smelt", *arguments, "--json"]
    result: dict[str, object] = json.loads(subprocess.run(command, check=True, capture_output=True).stdout)
    return result


def main() -> None:
    """Run all steps."""
    OUT.mkdir(parents=True, exist_ok=True)
    train_x, _, test_x, test_y = load_digits_split()
    np.savez(CALIBRATION, x=train_x[:100])
    np.savez(TEST, x=test_x, y=test_y)

    step("1. The trained float model (examples/digits/train.py made it)")
    smelt("inspect", MODEL)
    step("2. Quantize to int8, calibrated on 100 training images")
    smelt("convert", MODEL, "-o", INT8, "--quantize", "int8", "--calibrate", CALIBRATION)
    step(f"3. Accuracy on {len(test_y)} held-out images, int8 against float")
    smelt("evaluate", INT8, "--against", MODEL, "--evaluate", TEST)
    step("4. Generate C99 for a Cortex-M4")
    smelt("compile", INT8, "-o", str(OUT / "firmware"), "--target", "cortex-m4", "--golden", TEST)
    step("5. The same images on the emulated Cortex-M4")
    smelt("evaluate", INT8, "--evaluate", TEST, "--engine", "emulated", "--target", "cortex-m4")
    step("6. What each layer costs there")
    smelt("profile", INT8, "--target", "cortex-m4", "--inputs", TEST)
    step("7. Does it fit a board, and what does it draw?")
    smelt("fit", INT8, "--board", "nucleo-l4r5zi", "--every", "100ms")
    summary()


def summary() -> None:
    """The figures of all steps in four lines."""
    accuracy = {
        name: smelt_json("evaluate", path, "--evaluate", TEST)["accuracy"]
        for name, path in (("float", MODEL), ("int8", INT8))
    }
    totals = smelt_json("profile", INT8, "--target", "cortex-m4")["totals"]
    assert isinstance(totals, dict)
    step("In short")
    print(f"accuracy  {accuracy['float']:.2%} float, {accuracy['int8']:.2%} int8")
    print(f"flash     {totals['code_bytes'] + totals['weight_bytes']:,} bytes "
          f"(code {totals['code_bytes']:,}, weights and tables {totals['weight_bytes']:,})")  # fmt: skip
    print(f"RAM       {totals['arena_bytes'] + totals['stack_bytes']:,} bytes "
          f"(arena {totals['arena_bytes']:,}, stack {totals['stack_bytes']:,})")  # fmt: skip
    print(
        f"speed     {totals['estimated_cycles']:,} estimated cycles, {totals['instructions']:,} instructions"
    )
    print(f"\nThe firmware is in {OUT / 'firmware'}: start with its README.md.")


if __name__ == "__main__":
    main()
