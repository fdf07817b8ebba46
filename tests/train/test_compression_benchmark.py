"""benchmarks/compression.py on the repository's own digits: rows are made, merged and shown."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

for module in ("torch", "matplotlib", "unicorn", "sklearn"):
    pytest.importorskip(module, reason=f"{module} is not installed")

compression = pytest.importorskip("compression", reason="benchmarks is not on the path")


@pytest.mark.parametrize("row", ["clusters", "joint"])
def test_a_row_of_digits(row: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rows, page = tmp_path / "rows.json", tmp_path / "page.md"
    said = ["--json", str(rows), "--markdown", str(page), "--work", str(tmp_path / "stages")]
    compression.main(["--task", "digits", "--rows", row, *said])
    found = json.loads(rows.read_text())
    original, last = found[0], found[-1]
    assert original["label"] == "original"
    assert original["tested"] > 0.95
    assert last["tested"] > original["tested"] - 0.03
    if row == "joint":
        assert last["cycles"] <= 0.65 * original["cycles"]
    assert page.read_text().rstrip() == capsys.readouterr().out.rstrip()[-len(page.read_text().rstrip()) :]
    assert f"| {row} | {last['label']} | {100 * last['tested']:.2f} |" in page.read_text()


def test_rows_are_replaced_not_repeated() -> None:
    before = [{"task": "a", "row": "x", "n": 1}, {"task": "a", "row": "y", "n": 1}]
    found = compression.merged(before, [{"task": "a", "row": "x", "n": 2}])
    assert found == [{"task": "a", "row": "y", "n": 1}, {"task": "a", "row": "x", "n": 2}]
