"""The rows of a compression: which of them nothing beats, and where their labels stand."""

from __future__ import annotations

import numpy as np
import pytest

from smelt.ir import Array

pytest.importorskip("torch", reason="torch is not installed")

from smelt.report.compression import Row, class_labels, not_beaten
from smelt.report.compression_page import Page, compression_html
from smelt.train import Costs


def row(label: str, flash: int, tested: float | None, chosen_by: float | None = None) -> Row:
    return Row(label, Costs(flash, 10 * flash, 100 - flash), chosen_by, tested)


ROWS = [
    row("original", 50, 0.9),
    row("worse and larger", 60, 0.8),
    row("small", 20, 0.7),
    row("as good, larger", 30, 0.7),
    row("unknown", 1, None),
    row("held out only", 40, None, 0.85),
]


def test_the_front_is_what_nothing_beats() -> None:
    assert [each.label for each in not_beaten(ROWS, "flash")] == ["small", "held out only", "original"]
    # cycles are the other way round
    assert [each.label for each in not_beaten(ROWS, "cycles")] == ["worse and larger", "original"]


def test_the_page_names_all_and_escapes() -> None:
    pytest.importorskip("matplotlib", reason="matplotlib is not installed")
    page = compression_html(Page("<script>", "cortex-m4", "test samples", [*ROWS, row("<b>", 2, 0.1)]))
    assert "<script>" not in page
    assert "<b>" not in page
    assert page.count("worse and larger") >= 2  # in the table and in the picture
    assert "0.40" in page  # the share of "small"


@pytest.mark.parametrize(
    ("labels", "wanted"),
    [
        (None, None),
        (np.array([0.5, 1.5], np.float32), None),
        (np.array([[1], [2]], np.uint8), np.array([1, 2])),
        (np.array([True, False]), np.array([1, 0])),
    ],
)
def test_labels_are_classes_or_nothing(labels: Array | None, wanted: Array | None) -> None:
    found = class_labels(labels)
    assert (found is None) == (wanted is None)
    assert found is None or np.array_equal(found, wanted)
