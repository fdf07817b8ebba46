"""The command `smelt`: registers the commands, turns errors into one paragraph and exit code 2."""

from __future__ import annotations

import io
import os
import sys
from typing import Annotated

import typer

from smelt.cli import (
    arena,
    compare,
    compile,
    compress,
    convert,
    doctor,
    evaluate,
    fit,
    inspect,
    plan,
    profile,
    resolver,
    run,
    runtime,
    targets,
)
from smelt.errors import SmeltError

app = typer.Typer(
    name="smelt",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
    help="Make trained neural networks small and turn them into C99 firmware for microcontrollers.",
)
_COMMANDS = (
    inspect,
    convert,
    compress,
    compile,
    plan,
    run,
    profile,
    evaluate,
    compare,
    fit,
    runtime,
    resolver,
    arena,
    targets,
    doctor,
)
for _module in _COMMANDS:
    app.command(_module.__name__.rsplit(".", 1)[-1])(_module.command)


def _version(value: bool) -> None:
    if value:
        from smelt import __version__

        typer.echo(f"smelt {__version__}")
        raise typer.Exit


@app.callback()
def _options(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version and exit.")
    ] = False,
) -> None:
    """Make trained neural networks small and turn them into C99 firmware for microcontrollers."""


def main() -> None:
    """Run the command line; errors that a user caused end with one paragraph and exit code 2."""
    for stream in (sys.stdout, sys.stderr):
        # a name or a unit that the terminal's encoding lacks must not end the command
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    try:
        app()
    except SmeltError as error:
        _fail(str(error))
    except BrokenPipeError:
        # the reader of our output went away (`smelt … | head`): no error, and no message at shutdown
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(1)
    except OSError as error:
        name = f" '{error.filename}'" if error.filename else ""
        _fail(f"the system refused{name}: {error.strerror or error}")


def _fail(message: str) -> None:
    sys.stderr.write(f"smelt: {' '.join(message.split())}\n")
    sys.exit(2)
