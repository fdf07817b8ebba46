"""smelt runtime: the interpreter's C."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from smelt.cli.options import Json


def command(
    output: Annotated[
        Path, typer.Option("--output", "-o", help="The folder, created or renewed.", show_default=False)
    ],
    json: Json = False,
) -> None:
    """Write the C99 of smelt's interpreter with all its operators; those not registered are not linked."""
    from smelt.cli import console
    from smelt.codegen import write_folder
    from smelt.codegen.interpreter import runtime_project

    files = runtime_project()
    write_folder(files, output)
    if json:
        console.print_json({"folder": str(output), "files": sorted(files)})
        return
    console.stdout.print(f"{output}: {len(files)} files")
    console.stdout.print("include smelt_interpreter.h, and what `smelt resolver` writes for your models")
