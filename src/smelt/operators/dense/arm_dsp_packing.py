"""Weights of dense layers in the order that smelt_dense_s8__arm_dsp.h describes."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from smelt.operators.convolution.arm_dsp_packing import Fields, pairs_fit
from smelt.operators.convolution.arm_dsp_requantization import Requantization, Scaling
from smelt.operators.fixed_point import Int64
from smelt.operators.operator import Table, WeightBytes

SHIFT_EACH = 13  # SMELT_DENSE_SHIFT_EACH
_EACH, _SIGNED = 1, 2  # SMELT_DENSE_EACH, SMELT_DENSE_SIGNED
_FIRST_STEPS, _STEPS = 4, 8  # of four values in a round, of the first block and of the others
_HALF_SHIFT = 7  # from starts of 256 * acc to those of 2 * acc


@dataclass(frozen=True)
class Blocks:
    """Which rows of weights go by fours.

    firsts: the first row of each block of four; fives: the number of last rows that go with one of the first
    blocks each.  Without blocks all rows go by themselves.
    """

    firsts: tuple[int, ...]
    fives: int

    @staticmethod
    def of(weights: Int64) -> Blocks:
        """Blocks of rows, if all of their pairs fit.

        Rows that are left after the fours go with a block each, or make one that shares rows with the first.
        """
        rows = len(weights)
        count, left = divmod(rows, 4)
        firsts, fives = tuple(range(0, rows - 3, 4)), left
        if left > count > 0:
            firsts, fives = (0, *range(left, rows - 3, 4)), 0
        if firsts and all(pairs_fit(weights[first : first + 4]) for first in firsts):
            return Blocks(firsts, fives)
        return Blocks((), 0)

    @property
    def first_step(self) -> int:
        """From the first block's first row to the second block's."""
        return self.firsts[1] - self.firsts[0] if len(self.firsts) > 1 else 4


def is_uniform(found: Requantization) -> bool:
    """Whether all rows have one multiplier and one divisor."""
    return len(set(found.multipliers.tolist())) == 1 and len(set(found.divisors.tolist())) == 1


def dense_fields(weights: Int64, found: Requantization, meant: Scaling, *, each: bool) -> Fields:
    """The fields of `struct smelt_dense_s8__arm_dsp`, as member `dense`, for weights [outputs, inputs].

    each: every row has a multiplier (and divisor) of its own.
    """
    outputs, inputs = weights.shape
    packed = _Packed(weights, found, each=each)
    blocks = [packed.block(k) for k in range(len(packed.blocks.firsts))]
    others = [packed.other(row) for row in range(outputs - packed.blocks.fives if blocks else 0, outputs)]
    words = np.concatenate([*blocks, *others]) & 0xFFFFFFFF
    common = np.zeros(2, np.int64)
    if not packed.each:
        common[: len(packed.numbers)] = packed.numbers[:, 0]
    return {
        "dense.weights": Table("packed", words.astype(np.uint32), weights=packed.places(4 * len(words))),
        "dense.multiplier": int(common[0]),
        "dense.divisor": int(common[1]),
        "dense.block_bytes": 4 * sum(map(len, blocks)),
        "dense.word_bytes": (inputs - 1) // 4 * 4,
        "dense.outputs": outputs,
        "dense.absent_bits": -inputs % 4 * 8,
        "dense.fives": packed.blocks.fives,
        "dense.first_step": packed.blocks.first_step,
        "dense.form": (_EACH if packed.each else 0) | (_SIGNED if found.signed_rounding else 0),
        "dense.zero_point": meant.zero_point,
        "dense.low": meant.low,
        "dense.high": meant.high,
        **_entries((inputs - 1) // 4, fifth=packed.blocks.fives > 0),
    }


def _entries(words: int, *, fifth: bool) -> Fields:
    """Where blocks enter the rounds of steps, `words` steps and one for the last values."""
    fields: Fields = {}
    for name, steps, step_bytes in (("first_", _FIRST_STEPS, 20 if fifth else 16), ("", _STEPS, 16)):
        skipped = -words % steps
        entry = skipped if words else steps
        # the first step of a round advances the pointers by a round, the others count from where it began
        back = skipped or steps
        fields[f"dense.{name}entry"] = entry + (_FIRST_STEPS + 1 if fifth and name else 0)
        fields[f"dense.{name}values_back"] = 4 * back
        fields[f"dense.{name}weights_back"] = step_bytes * back
    return fields


def is_plain(weights: Int64, meant: Scaling) -> bool:
    """Whether the blocks are all that there is to compute."""
    blocks = Blocks.of(weights)
    return blocks.firsts != () and blocks.fives == 0 and (meant.low, meant.high) == (-128, 127)


class _Packed:
    """The words of one layer."""

    def __init__(self, weights: Int64, found: Requantization, each: bool) -> None:
        self.blocks = Blocks.of(weights)
        self.weights = np.pad(weights, ((0, 0), (0, -weights.shape[1] % 4)))
        self.signed = found.signed_rounding
        numbers = [found.multipliers, found.divisors] if self.signed else [found.multipliers]
        self.numbers = np.stack(numbers)
        self.each = each
        self.starts = found.starts
        self.crossed = (self.weights[:, 0::2] * self.weights[:, 1::2]).sum(axis=1)

    def block(self, index: int) -> Int64:
        """The words of a block."""
        first = self.blocks.firsts[index]
        rows = slice(first, first + 4)
        even, odd = self.weights[rows][0::2], self.weights[rows][1::2]
        halves = ((256 * odd + even) & 0xFFFF).reshape(2, -1, 4)
        # [four values, pair of values, pair of rows] as words of the values (0, 2) and (1, 3)
        words = (halves[..., :2] | halves[..., 2:] << 16).transpose(1, 2, 0).reshape(-1, 4)
        if index < self.blocks.fives:
            words = np.concatenate([words, self._bytes(index - self.blocks.fives)[:, None]], axis=1)
        starts, crossed = self.starts[rows], self.crossed[rows][0::2]
        unit = _HALF_SHIFT if self.signed else 0
        return np.concatenate(
            [
                starts[1::2] + crossed,
                words.reshape(-1),
                (starts[0::2] - (crossed << 8)) >> unit,
                self.numbers[:, rows].reshape(-1)[: 4 * len(self.numbers) * self.each],
            ]
        )

    def places(self, count: int) -> WeightBytes:
        """Where the weights are in so many bytes; where not all are in blocks alike everything counts as weights."""
        if not self.blocks.firsts or self.blocks.fives:
            return WeightBytes(count)
        blocks, coded = len(self.blocks.firsts), 4 * self.weights.shape[1]
        return WeightBytes(coded, blocks, before=8, after=count // blocks - coded - 8, pairs=True)

    def other(self, row: int) -> Int64:
        """The words of a row that is in no block of four, without the weights that are in one."""
        words = self._bytes(row)[: 0 if self.blocks.firsts else None]
        start = [self.starts[row] - (self.crossed[row] << 8)]
        return np.concatenate([words, start, self.numbers[: len(self.numbers) * self.each, row]])

    def _bytes(self, row: int) -> Int64:
        """A row's weights as words of four bytes."""
        octets = (self.weights[row] & 0xFF).reshape(-1, 4)
        words: Int64 = (octets << np.array([0, 8, 16, 24])).sum(axis=1)
        return words
