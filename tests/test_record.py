"""Instructions, code and arena of the repository's own networks stay within 1 % of the stored record."""

from __future__ import annotations

from pathlib import Path

import pytest

import record
from smelt.engines.toolchain import find_toolchain
from smelt.errors import SmeltError
from smelt.targets import find_target


@pytest.mark.parametrize("target", record.TARGETS)
def test_nothing_became_dearer(target: str) -> None:
    pytest.importorskip("unicorn")
    pytest.importorskip("onnx")
    try:
        toolchain = find_toolchain(find_target(target))
    except SmeltError as error:
        pytest.skip(str(error))
    key = record.key(toolchain)
    before = record.stored(key)
    if before is None:
        pytest.skip(f"no record for {target} of smelt {key['smelt']} with {key['compiler']}")
    now = record.measured(toolchain)
    worse = record.regressions(before, now)
    assert not worse, "\n".join([*worse, "a price worth paying? then: python benchmarks/record.py --write"])


BEFORE = {"net/balanced": {"instructions": 10_000, "code_bytes": 2000, "arena_bytes": 500, "stack_bytes": 8}}


@pytest.mark.parametrize("metric", record.GUARDED)
def test_more_than_a_percent_is_a_regression(metric: str) -> None:
    figures = BEFORE["net/balanced"]
    at_limit = {"net/balanced": {**figures, metric: figures[metric] * 101 // 100}}
    beyond = {"net/balanced": {**figures, metric: figures[metric] * 101 // 100 + 1}}
    assert record.regressions(BEFORE, at_limit) == []
    (line,) = record.regressions(BEFORE, beyond)
    assert metric in line
    assert record.improvements(BEFORE, beyond) == []


def test_less_is_an_improvement() -> None:
    now = {"net/balanced": {**BEFORE["net/balanced"], "instructions": 9000}, "new/ram": {}}
    assert record.regressions(BEFORE, now) == []
    assert len(record.improvements(BEFORE, now)) == 2


def test_a_network_that_is_gone_is_a_regression() -> None:
    assert record.regressions(BEFORE, {}) != []


def test_a_record_is_found_by_its_key_only(tmp_path: Path) -> None:
    key = {"compiler": "gcc arm-none-eabi-gcc (x) 12.2.1 20221205", "smelt": "1", "target": "cortex-m4"}
    path = record.write(key, BEFORE, tmp_path)
    assert path.name == "cortex-m4_gcc_12.2.1.json"
    assert record.stored(key, tmp_path) == BEFORE
    assert record.stored({**key, "smelt": "2"}, tmp_path) is None
