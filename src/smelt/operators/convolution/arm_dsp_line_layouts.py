"""How a depthwise convolution is laid out in lines of pairs (smelt_depthwise_lines_s8__arm_dsp.h), and its cost."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from itertools import groupby
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from smelt.operators.convolution.arm_dsp_packing import round_up
from smelt.operators.convolution.geometry import Geometry
from smelt.operators.fixed_point import Int64

GROUP = 4  # SMELT_LINE_CHANNELS, and the outputs computed together
WORD_BYTES = 4 * GROUP
_ROW_TAPS = (3, 4, 5, 6, 9, 10)  # what `row` has code for
_BLOCK_ROWS = 4  # at least, where there are as many
_BLOCK_BYTES = 1536  # that more rows may take


@dataclass(frozen=True)
class Axis:
    """A dimension of the image: sizes in values, and bytes from a value to the next."""

    inputs: int
    outputs: int
    kernel: int
    stride: int
    dilation: int
    pad: int
    input_step: int
    output_step: int


@dataclass(frozen=True)
class Layout(ABC):
    """Lines along `line`, rows along `row`; subclasses are the ways to compute a line.

    A kernel row has `row_taps` taps in `row_pairs` pairs, a word for each; offsets are for `together` pairs at a time.
    An input row becomes `planes` of words. In plane p, word w holds in its low half the input at position
    p * plane_step + w * word_step from the first tap of the first output, and in its high half what the next tap meets.
    """

    line: Axis
    row: Axis
    along_height: bool

    way: ClassVar[str]
    together: ClassVar[int] = 1

    @property
    def possible(self) -> bool:
        """Whether the way can compute these lines."""
        return True

    @property
    def row_taps(self) -> int:
        """Taps of a kernel row, with those that are zeros."""
        return self.line.kernel

    @property
    def row_pairs(self) -> int:
        """Pairs of taps of a kernel row."""
        return round_up(-(-self.row_taps // 2), self.together)

    @property
    def planes(self) -> int:
        """The planes of an input row."""
        return 1

    @property
    def plane_step(self) -> int:
        """Positions from a plane to the next."""
        return 0

    @property
    def word_step(self) -> int:
        """Positions from a word to the next."""
        return 2

    @property
    def outputs(self) -> int:
        """The outputs of a line."""
        return self.line.outputs

    @property
    def used_words(self) -> int:
        """The words of a plane that outputs meet."""
        return -(-(self.outputs - 1 + self.line.kernel) // 2)

    @property
    def plane_words(self) -> int:
        """The words of a plane, with those that are read for outputs and taps that do not exist."""
        return round_up(self.outputs, GROUP) // 2 + self.row_pairs

    @property
    def pair_offset(self) -> int:
        """Words from where a pair of taps is to the next one of the kernel row."""
        return 1

    @property
    def weight_words(self) -> int:
        """Words of weights of a channel in scratch."""
        return self.row.kernel * self.row_pairs

    @property
    def lines(self) -> tuple[int, int]:
        """The lines of an output row, and those that have an output less."""
        return 1, 0

    @property
    def block_rows(self) -> int:
        """The output rows computed together."""
        overlap = (self.row.kernel - 1) * self.row.dilation + 1 - self.row.stride
        rows = (_BLOCK_BYTES // self.row_bytes - overlap) // self.row.stride
        return min(max(rows, _BLOCK_ROWS), self.row.outputs)

    @property
    def input_rows(self) -> int:
        """The input rows of a block."""
        return (self.block_rows - 1) * self.row.stride + (self.row.kernel - 1) * self.row.dilation + 1

    @property
    def row_bytes(self) -> int:
        """The bytes of the words of an input row."""
        return WORD_BYTES * self.planes * self.plane_words

    def runs(self) -> NDArray[np.uint16]:
        """The runs of words of each plane whose halves are inputs or pads alike."""
        found = []
        for plane in range(self.planes):
            low = plane * self.plane_step - self.line.pad + np.arange(self.used_words) * self.word_step
            inside = [(p >= 0) & (p < self.line.inputs) for p in (low, low + self.line.dilation)]
            for kind, run in groupby((inside[0] + 2 * inside[1]).tolist()):
                found.append(4 * len(list(run)) + kind)
            found.append(0)
        return np.array(found, np.uint16)

    def offsets(self) -> Int64:
        """Offsets in bytes of the pairs of taps of all kernel rows but the first ones, then -1."""
        rows = np.arange(self.row.kernel) * self.row.dilation * self.row_bytes
        pairs = np.arange(0, self.row_pairs, self.together) * self.pair_offset * WORD_BYTES
        return np.append((rows[:, None] + pairs).reshape(-1)[1:], -1)

    @property
    @abstractmethod
    def group_cycles(self) -> float:
        """Estimated cycles of four outputs."""

    def cycles(self, channels: int, rows: int | None = None) -> float:
        """Estimated cycles of four channels, or as few as there are, for so many output rows, or for all."""
        outputs = self.row.outputs if rows is None else rows
        block = min(self.block_rows, outputs)
        overlap = self.input_rows - self.block_rows * self.row.stride
        lines, shorter = self.lines
        groups = lines * -(-self.outputs // GROUP) + shorter * -(-(self.outputs - 1) // GROUP)
        computed = outputs * (groups * self.group_cycles + (lines + shorter) * 24)
        word = 17 if channels >= GROUP else 12 * channels
        transposed = (outputs * self.row.stride + overlap) * (
            110 + self.planes * (40 + word * self.used_words)
        )
        blocks = -(-outputs // block)
        moved = max(overlap, 0) * (blocks - 1) * self.row_bytes
        return min(channels, GROUP) * (computed + 60 * blocks) + transposed + moved + 80 * blocks + 250


class RowLayout(Layout):
    """A kernel of one row without stride; a line is split into residues modulo the dilation."""

    way = "row"

    @property
    def possible(self) -> bool:
        """Whether there is code for so many taps."""
        return self.row.kernel == 1 and self.line.stride == 1 and self.line.kernel <= _ROW_TAPS[-1]

    @property
    def row_taps(self) -> int:
        """The smallest number of taps that there is code for."""
        return min(t for t in _ROW_TAPS if t >= self.line.kernel)

    @property
    def weight_words(self) -> int:
        """None: weights are read where they are stored."""
        return 0

    @property
    def planes(self) -> int:
        """One for each residue."""
        return min(self.line.dilation, self.line.outputs)

    @property
    def plane_step(self) -> int:
        """From a residue to the next."""
        return 1

    @property
    def word_step(self) -> int:
        """Two inputs of a residue."""
        return 2 * self.line.dilation

    @property
    def outputs(self) -> int:
        """Those of the longest residue."""
        return -(-self.line.outputs // self.planes)

    @property
    def lines(self) -> tuple[int, int]:
        """The residues of both lengths."""
        longer = self.line.outputs - (self.outputs - 1) * self.planes
        return longer, self.planes - longer

    @property
    def block_rows(self) -> int:
        """One where there are residues, which are computed together."""
        return 1 if self.planes > 1 else super().block_rows

    @property
    def group_cycles(self) -> float:
        """By the code for the number of pairs."""
        return {2: 58.0, 3: 72.0, 5: 88.0}[self.row_pairs]


class FoursLayout(Layout):
    """Kernels without stride and dilation along the line."""

    way = "fours"
    together = 2

    @property
    def possible(self) -> bool:
        """Whether two words have what lies between their pairs."""
        return (self.line.stride, self.line.dilation) == (1, 1)

    @property
    def group_cycles(self) -> float:
        """23 for four taps."""
        return 48 + 23.0 * self.weight_words / 2


class TapsLayout(Layout):
    """Any kernel; without a plane in which the words of all pairs lie in one sequence, one for each pair."""

    way = "taps"

    @property
    def planes(self) -> int:
        """One, or as many as pairs."""
        shared = self.line.stride == 1 or (self.line.stride, self.line.dilation) == (2, 1)
        return 1 if shared else self.row_pairs

    @property
    def plane_step(self) -> int:
        """From a pair to the next."""
        return 2 * self.line.dilation

    @property
    def word_step(self) -> int:
        """From an output to the next."""
        return self.line.stride

    @property
    def _shift(self) -> int:
        """Words from a pair to the next in one plane."""
        return 2 * self.line.dilation // self.line.stride

    @property
    def used_words(self) -> int:
        """A word for each output and pair, of which many are shared in one plane."""
        return self.outputs + (self._shift * (self.row_pairs - 1) if self.planes == 1 else 0)

    @property
    def plane_words(self) -> int:
        """With those of outputs that do not exist."""
        return self.used_words + round_up(self.outputs, GROUP) - self.outputs

    @property
    def pair_offset(self) -> int:
        """In one plane or from plane to plane."""
        return self._shift if self.planes == 1 else self.plane_words

    @property
    def group_cycles(self) -> float:
        """15 for two taps."""
        return 48 + 15.0 * self.weight_words


def best_layout(sizes: Geometry) -> Layout:
    """The cheapest way and direction."""
    channels, outputs = sizes.input_channels, sizes.output_channels
    width = Axis(
        inputs=sizes.input_width,
        outputs=sizes.output_width,
        kernel=sizes.kernel_width,
        stride=sizes.stride_width,
        dilation=sizes.dilation_width,
        pad=sizes.left,
        input_step=channels,
        output_step=outputs,
    )
    height = Axis(
        inputs=sizes.input_height,
        outputs=sizes.output_height,
        kernel=sizes.kernel_height,
        stride=sizes.stride_height,
        dilation=sizes.dilation_height,
        pad=sizes.top,
        input_step=channels * sizes.input_width,
        output_step=outputs * sizes.output_width,
    )
    ways = (RowLayout, FoursLayout, TapsLayout)
    found = [way(*axes) for axes in ((width, height, False), (height, width, True)) for way in ways]
    return min((one for one in found if one.possible), key=lambda one: one.cycles(channels))
