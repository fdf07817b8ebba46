"""The outcomes of ONNX's backend tests as tables."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from onnx_backend import BackendTest, Outcome

RESULTS = ("passed", "refused", "failed")
Tests = Mapping[str, "BackendTest"]
Engines = Mapping[str, Mapping[str, "Outcome"]]


def summary(tests: Tests, engines: Engines) -> str:
    """Counts by group, of all, and without the excluded categories."""
    lines = [
        "| tests | " + " | ".join(f"{e}: passed | refused | failed | %" for e in engines) + " |",
        "|---|" + "---:|" * (4 * len(engines)),
    ]
    kept = {name for name, test in tests.items() if test.excluded is None}
    groups: dict[str, set[str]] = defaultdict(set)
    for name, test in tests.items():
        groups[test.group].add(name)
    rows = list(groups.items())
    rows += [("all", set(tests)), ("without the excluded categories", kept)]
    for title, names in rows:
        cells = [f"{title} ({len(names)})"]
        for outcomes in engines.values():
            count = Counter(outcomes[name].result for name in names)
            cells += [str(count[result]) for result in RESULTS]
            cells.append(f"{100 * count['passed'] / max(len(names), 1):.1f}")
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines)


def by_operator(tests: Tests, engines: Engines) -> str:
    """A row an operator: passed / refused / failed on each engine, without the excluded categories."""
    subjects: dict[str, list[str]] = defaultdict(list)
    for name, test in tests.items():
        if test.excluded is None:
            subjects[test.subject].append(name)
    lines = ["| tests of | number | " + " | ".join(engines) + " |", "|---|---:|" + "---|" * len(engines)]
    for subject, names in sorted(subjects.items()):
        cells = [subject, str(len(names))]
        for outcomes in engines.values():
            count = Counter(outcomes[name].result for name in names)
            cells.append(" / ".join(str(count[result]) for result in RESULTS))
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines)


def document(tests: Tests, engines: Engines) -> str:
    """docs/onnx.md."""
    excluded = Counter(test.excluded for test in tests.values() if test.excluded)
    frozen = Counter(bool(o.frozen) for o in engines["reference"].values() if o.result == "passed")
    categories = ", ".join(f"{name} ({count})" for name, count in sorted(excluded.items()))
    return _DOCUMENT.format(
        summary=summary(tests, engines),
        categories=categories,
        frozen=frozen[True],
        operators=by_operator(tests, engines),
    )


_DOCUMENT = """# ONNX's own backend tests

Made by `python benchmarks/onnx_backend.py --native --write`: ONNX's own backend tests, as the package `onnx` ships
them, through `smelt.load`, `optimize` and an engine. `reference` is the numpy meaning, `native` the generated C
compiled for this computer. Passed: outputs of the same type and shape, within the tolerances of ONNX's own runner
(0.001 relative, 1e-7 absolute), or in float32 within 5e-7 of the largest output: numbers that cancel leave as much.
Refused: an error that says what is not supported. Failed: anything else.

{summary}

A test is excluded by the types of its inputs, outputs and constants and by the names of its operators
(`benchmarks/onnx_backend_exclusions.py`): {categories}.

Firmware has static shapes, and weights in flash. In these tests everything is an input of the graph, also the shape
that a Reshape makes and the axes of a sum. Where smelt refuses a model because an input must be a constant, the test
is run again with that input's value given at conversion (`smelt.load(..., constants=...)`); {frozen} of the tests
that pass in `reference` do so in this way.

## By operator

Passed / refused / failed, without the excluded categories; tests of a function's expanded form count with the
function.

{operators}
"""
