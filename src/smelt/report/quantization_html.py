"""The quantization report as one HTML page that needs nothing else."""

from __future__ import annotations

import re

import numpy as np
from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup, escape
from numpy.typing import NDArray

from smelt.ir import short_name
from smelt.report.quantization import QuantizationReport

HEIGHT, BAR = 34, 2


def quantization_html(report: QuantizationReport) -> str:
    """The page; names from the model are escaped."""
    environment = Environment(
        loader=PackageLoader("smelt.report"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(decibels=_decibels, cosine=_cosine, histogram=_histogram, short=_short)
    return environment.get_template("quantization.html.j2").render(report=report)


def _short(name: str) -> Markup:
    """The first of the names that a converter joined, broken where its parts end; the rest is in the cell's tip."""
    return Markup(re.sub(r"([/.:_]+)", r"\1<wbr>", str(escape(short_name(name)))))


def _decibels(ratio: float | None) -> str:
    return "" if ratio is None else f"{ratio:.1f} dB"


def _cosine(cosine: float | None) -> str:
    return "" if cosine is None else f"{cosine:.5f}"


def _histogram(counts: NDArray[np.int64] | None) -> Markup:
    """A drawing of counts over the integers' whole range; heights by square root, so that rare values show."""
    if counts is None or not counts.sum():
        return Markup("")
    heights = np.ceil(np.sqrt(counts / counts.max()) * HEIGHT).astype(int)
    bars = "".join(
        f'<rect class="bar" x="{index * BAR}" y="{HEIGHT - height}" width="{BAR}" height="{height}"/>'
        for index, height in enumerate(heights)
        if height
    )
    width = BAR * len(counts)
    return Markup(
        f'<svg width="{width}" height="{HEIGHT + 1}" role="img" aria-label="histogram">{bars}'
        f'<line class="axis" x1="0" y1="{HEIGHT}.5" x2="{width}" y2="{HEIGHT}.5"/></svg>'
    )
