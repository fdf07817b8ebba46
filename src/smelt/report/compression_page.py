"""The compression report: accuracy against costs, as a picture and as one HTML page that needs nothing else."""

from __future__ import annotations

import io
from collections.abc import Iterator, Mapping, Sequence
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
        # on a page the ground is the page's
        figure.savefig(stream, format=kind, dpi=120, metadata=metadata, transparent=kind == "svg")
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
    known = [row for row in rows if row.accuracy is not None]
    most = max((getattr(row.costs, cost) for row in known), default=1)
    places = {row.label: (getattr(row.costs, cost), 100 * (row.accuracy or 0.0)) for row in known}
    for row in known:
        panel.scatter(*places[row.label], s=28, color="#3b7dd8" if row in front else "#93a0ad", zorder=2)
    for text, place, height in _spread(places, most):
        panel.annotate(text, place, xytext=(6, height), textcoords="offset points", fontsize=8, va="center")
    panel.set_xlabel(label)
    panel.set_xlim(0, 1.3 * most)
    panel.margins(y=0.15)
    panel.grid(alpha=0.25)
    panel.spines[["top", "right"]].set_visible(False)
    panel.xaxis.set_major_formatter(lambda value, place: f"{value:,.0f}")
    panel.tick_params(axis="x", labelrotation=20)


def _spread(
    places: Mapping[str, tuple[float, float]], most: float
) -> Iterator[tuple[str, tuple[float, float], float]]:
    """Labels with their places, and so many points above them that labels of neighbours do not cover each other."""
    span = max((y for _, y in places.values()), default=0.0) - min(
        (y for _, y in places.values()), default=0.0
    )
    taken: list[tuple[float, float, float]] = []
    for label, (x, y) in sorted(places.items(), key=lambda pair: -pair[1][1]):
        # a picture of about 200 points for the span of accuracies; a line of text takes 9
        line = 9 * max(span, 0.1) / 200
        height = y
        for other_x, other_height, _ in taken:
            if abs(x - other_x) < 0.3 * most and other_height - height < line:
                height = min(height, other_height - line)
        taken.append((x, height, y))
        yield label, (x, y), (height - y) / line * 9
