"""The compression report: accuracy against costs, as a picture and as one HTML page that needs nothing else."""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from smelt.errors import require
from smelt.report.compression import COSTS, Row, not_beaten


@dataclass(frozen=True)
class Page:
    """What the page shows: the model's name, the target, where accuracy is from, and a row a stage."""

    model: str
    target: str
    accuracy: str
    rows: Sequence[Row]


def compression_html(page: Page) -> str:
    """The page; names are escaped.  MissingExtraError without matplotlib."""
    environment = Environment(
        loader=PackageLoader("smelt.report"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    drawing = _drawn(page, "svg").decode()
    picture = Markup(drawing[drawing.index("<svg") :])
    return environment.get_template("compression.html.j2").render(
        page=page, picture=picture, first=page.rows[0]
    )


def compression_png(page: Page) -> bytes:
    """The picture.  MissingExtraError without matplotlib."""
    return _drawn(page, "png")


def _drawn(page: Page, kind: str) -> bytes:
    """A panel a cost; a line joins the rows that nothing beats."""
    purpose = "drawing accuracy against costs"
    matplotlib = require("matplotlib", "plots", purpose)
    figures = require("matplotlib.figure", "plots", purpose, "matplotlib")
    with matplotlib.rc_context({"svg.hashsalt": "smelt", "font.size": 9}):
        figure = figures.Figure(figsize=(12, 4), layout="constrained")
        panels = figure.subplots(1, len(COSTS), sharey=True)
        for panel, (cost, label) in zip(panels, COSTS.items(), strict=True):
            _panel(panel, page.rows, cost, label)
        panels[0].set_ylabel(f"accuracy % ({page.accuracy})")
        stream = io.BytesIO()
        # no date, so that the same run gives the same file
        metadata = {"Date": None} if kind == "svg" else {}
        figure.savefig(stream, format=kind, dpi=120, metadata=metadata)
    return stream.getvalue()


def _panel(panel: Any, rows: Sequence[Row], cost: str, label: str) -> None:
    front = not_beaten(rows, cost)
    panel.plot(
        [getattr(row.costs, cost) for row in front],
        [100 * (row.accuracy or 0.0) for row in front],
        color="#3b7dd8",
        linewidth=1,
        zorder=1,
    )
    for row in rows:
        if row.accuracy is None:
            continue
        place = (getattr(row.costs, cost), 100 * row.accuracy)
        panel.scatter(*place, s=28, color="#3b7dd8" if row in front else "#93a0ad", zorder=2)
        panel.annotate(row.label, place, xytext=(4, 5), textcoords="offset points", fontsize=8)
    panel.set_xlabel(label)
    panel.set_xlim(left=0)
    panel.margins(x=0.15, y=0.2)
    panel.grid(alpha=0.25)
    panel.spines[["top", "right"]].set_visible(False)
    panel.xaxis.set_major_formatter(lambda value, place: f"{value:,.0f}")
    panel.tick_params(axis="x", labelrotation=20)
