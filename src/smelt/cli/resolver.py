"""smelt resolver: the list of operators that models need in smelt's interpreter."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def command(
    models: Annotated[
        list[Path],
        typer.Argument(help="Models that one firmware runs; of other formats than .tflite, as converted."),
    ],
    output: Annotated[
        Path, typer.Option("--output", "-o", help="A C header, for example ops.h.", show_default=False)
    ],
) -> None:
    """Write the list of operators to register in smelt's interpreter for these models."""
    from smelt import formats
    from smelt.cli import console
    from smelt.cli.outputs import check_output
    from smelt.codegen.interpreter import resolver
    from smelt.engines import tflite_file

    check_output(output, models)
    text = resolver(output.stem, {str(model): tflite_file(formats.load(model), model) for model in models})
    formats.write_bytes(output, text.encode())
    console.stdout.print(f"{output}: {text.count('&smelt_operator_')} operators")
