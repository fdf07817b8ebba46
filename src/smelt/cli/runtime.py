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
    amalgamate: Annotated[bool, typer.Option("--amalgamate", help="In one smelt.h and one smelt.c.")] = False,
    json: Json = False,
) -> None:
    """Write the C99 of smelt's interpreter with all its operators; those not registered are not linked."""
    from smelt.cli import console
    from smelt.codegen import write_folder
    from smelt.codegen.interpreter import amalgamated_project, runtime_project

    files = amalgamated_project() if amalgamate else runtime_project()
    write_folder(files, output)
    if json:
        console.print_json({"folder": str(output), "files": sorted(files)})
        return
    console.stdout.print(f"{output}: {len(files)} files")
    header = "smelt.h" if amalgamate else "smelt_interpreter.h"
    console.stdout.print(f"include {header}, and what `smelt resolver` writes for your models")
