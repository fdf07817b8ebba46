"""smelt doctor: what is installed, what is missing, what it would enable."""

from __future__ import annotations

from smelt.cli.options import Json


def command(json: Json = False) -> None:
    """Check this machine: packages, compilers, emulators, and how to get what is missing."""
    from rich.text import Text

    from smelt.cli import console
    from smelt.engines.inventory import inventory

    items = inventory()
    if json:
        console.print_json([{**vars(item)} for item in items])
        return
    rows: list[list[str | Text]] = [
        [
            Text("yes", style="green") if item.version else Text("no", style="yellow"),
            item.name,
            item.version or "",
            item.enables,
            "" if item.version else item.install,
        ]
        for item in items
    ]
    columns = [("", "left"), ("what", "left"), ("version", "left"), ("enables", "left"), ("get it", "left")]
    console.stdout.print(console.table("", columns, rows))
