"""Printing: tables and JSON on standard output, progress and notes on standard error."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

# into a file or a pipe nothing is wrapped
# no markup: names from files are printed as they are, whatever brackets they hold
stdout = Console(
    highlight=False, markup=False, emoji=False, soft_wrap=True, width=None if sys.stdout.isatty() else 200
)
stderr = Console(stderr=True, highlight=False, markup=False, emoji=False, soft_wrap=True)


def print_json(data: Any) -> None:
    """Print data as indented JSON."""
    from smelt.report.plain_json import json_text

    sys.stdout.write(json_text(data))


def table(
    title: str, columns: list[tuple[str, str]], rows: Sequence[Sequence[str | Text]], footer: bool = False
) -> Table:
    """A table; `columns` are (heading, "left" or "right"); with `footer` the last row is a total."""
    result = Table(title=title, title_justify="left", title_style="bold", header_style="bold", box=None)
    for heading, justify in columns:
        result.add_column(
            heading,
            justify="right" if justify == "right" else "left",
            no_wrap=justify == "right",
            overflow="fold",
        )
    for index, row in enumerate(rows):
        if footer and index == len(rows) - 1:
            result.add_section()
        result.add_row(*row, style="bold" if footer and index == len(rows) - 1 else None)
    return result


def note(text: str) -> None:
    """A line on standard error that is no part of the result."""
    stderr.print(text, style="dim")


@contextmanager
def progress(description: str, total: int | None) -> Iterator[Callable[[int], None]]:
    """A progress bar on standard error (only on a terminal); call the result with the steps done."""
    with stages({description: total}) as advance:
        yield lambda done: advance(description, done, None)


@contextmanager
def stages(totals: Mapping[str, int | None]) -> Iterator[Callable[[str, int, int | None], None]]:
    """A progress bar for stages one after the other: call the result with the stage, the steps done and of how many.

    `totals`: of stages for which the caller of the result knows none; the first is shown from the beginning.
    """
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=stderr, transient=True, disable=not stderr.is_terminal) as bar:
        shown = next(iter(totals))
        task = bar.add_task(shown, total=totals[shown])

        def advance(stage: str, done: int, total: int | None) -> None:
            nonlocal shown, task
            total = totals.get(stage) if total is None else total
            if stage != shown or done <= bar.tasks[0].completed:
                # a stage that begins, or begins again, has its own time left
                bar.remove_task(task)
                shown, task = stage, bar.add_task(stage, total=total)
            bar.update(task, completed=done)

        yield advance
