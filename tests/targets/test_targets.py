"""Cores and boards: what the data files say, and how names are found."""

import dataclasses

import pytest

from smelt.errors import UsageError
from smelt.targets import all_boards, all_targets, find_board, find_target

CORES = {
    "cortex-m0plus",
    "cortex-m3",
    "cortex-m4",
    "cortex-m4-nofpu",
    "cortex-m7",
    "cortex-m33",
    "cortex-m55",
    "rv32imc",
    "host",
}
FIGURES = {"clock_hz", "flash_bytes", "ram_bytes", "supply_volts", "active_amperes", "sleep_amperes"}


def test_the_cores_are_there_in_order_of_name() -> None:
    names = [target.name for target in all_targets()]
    assert set(names) >= CORES
    assert names == sorted(names)


@pytest.mark.parametrize("target", all_targets(), ids=lambda target: target.name)
def test_a_core_is_consistent(target) -> None:
    assert find_target(target.name) is target
    assert target.features <= {"single_cycle_mul", "divide", "unaligned", "dsp", "fpu", "mve"}
    assert target.alignment_bytes in (4, 8, 16)
    assert target.cycle_model in (None, "cortex-m4", "cortex-m0plus")
    assert target.emulator.partition(":")[0] in ("unicorn", "qemu", "none")
    if target.isa == "arm":
        assert target.has("fpu") == ("-mfloat-abi=hard" in target.gcc_flags)
        assert target.has("fpu") == target.zig_target.endswith("eabihf")


def test_features_of_known_cores() -> None:
    assert find_target("cortex-m4").has("dsp")
    assert not find_target("cortex-m3").has("dsp")
    assert find_target("cortex-m55").has("mve")
    assert find_target("cortex-m4-nofpu").cycle_model == "cortex-m4"
    assert find_target("cortex-m7").cycle_model is None


@pytest.mark.parametrize("board", all_boards(), ids=lambda board: board.name)
def test_every_figure_of_a_board_has_a_source_and_a_sane_value(board) -> None:
    assert find_board(board.name) is board
    assert set(board.sources) == FIGURES
    assert all(board.sources.values())
    assert board.estimates <= FIGURES
    assert 10e6 <= board.clock_hz <= 1e9
    assert board.ram_bytes < board.flash_bytes
    assert 1.8 <= board.supply_volts <= 3.6
    assert 0 < board.sleep_amperes < board.active_amperes < 1
    assert board.target in all_targets()


def test_a_board_is_found_whatever_its_case_and_separators() -> None:
    assert find_board("nucleo_l4r5zi").target.name == "cortex-m4"
    assert find_board("Arduino Nano 33 BLE").clock_hz == 64_000_000
    assert {"RP2040 Pico", "nRF52840 DK", "ESP32-C3"} <= {board.name for board in all_boards()}


def test_unknown_names_say_what_is_close_and_what_is_known() -> None:
    with pytest.raises(UsageError, match=r"Unknown target 'cortex-m5'.*cortex-m55.*Known:.*rv32imc"):
        find_target("cortex-m5")
    with pytest.raises(UsageError, match="Unknown board 'toaster'"):
        find_board("toaster")


def test_targets_cannot_be_changed() -> None:
    with pytest.raises(dataclasses.FrozenInstanceError):
        find_target("host").name = "other"  # type: ignore[misc]
