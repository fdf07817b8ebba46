"""Rows: the planner's vocabulary below whole tensors.

A tensor is a run of rows, a layer makes its output row by row and says which input rows each one needs. That
is enough to run a layer over its own input, and to run several layers in turn through rings of a few rows.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from smelt.errors import GraphError

RowRange = tuple[int, int]


def _check_alignment(what: str, alignment: int) -> None:
    if alignment < 1 or alignment & (alignment - 1):
        raise GraphError(f"{what}: an alignment of {alignment} is not a power of two")


@dataclass(frozen=True)
class RowTensor:
    """A tensor as `rows` consecutive rows of `row_bytes`; its first byte is aligned to `alignment`.

    Tensors that share bytes (a reshape) are one tensor; what is not in the arena is not listed.
    """

    name: str
    rows: int
    row_bytes: int
    alignment: int = 1

    def __post_init__(self) -> None:
        if self.rows < 1 or self.row_bytes < 0:
            raise GraphError(
                f"tensor '{self.name}': {self.rows} rows of {self.row_bytes} bytes make no sense"
            )
        _check_alignment(f"tensor '{self.name}'", self.alignment)

    @property
    def bytes(self) -> int:
        """The size of the whole tensor."""
        return self.rows * self.row_bytes


@dataclass(frozen=True)
class RowInput:
    """A tensor that a layer reads, already resolved if it is an alias.

    `needs[s]` is the first and the last input row (inclusive) that step s of the layer reads; the empty range
    is (k, k - 1); None means that every step may read the whole tensor. `elementwise`: output element i
    depends on element i of this input, and is written after it was read and before element i + 1 is
    written, so the output may lie on this input or below it; needs is then ((0, 0), (1, 1), ...), and rows
    and row bytes of the two tensors are the same.
    """

    tensor: str
    needs: tuple[RowRange, ...] | None
    elementwise: bool = False


@dataclass(frozen=True)
class RowKernel:
    """One way to compute a layer; a layer offers one or more, and the plan chooses.

    scratch_bytes: workspace; live only during a step, unless the kernel keeps rows or the layer accumulates.
    buffered: all that a step reads is copied to scratch before the step writes, so the output row
        may overwrite input rows that no later step needs. False: they stay intact while it is written.
    keeps_rows: an input row is expanded to scratch by the first step that needs it and read from
        there by later ones, so the row itself may go (which includes `buffered`); scratch lives from
        the first to the last step.
    descending: can run from the last row to the first.
    streamable: can be called for a range of rows, in turn with other layers.
    elementwise: it treats elementwise inputs as RowInput says; False: as any other input.
    whole: does not go row by row (channels outermost, say), so all of its inputs and of its output live
        from the first step to the last.
    in_place: such a kernel may write its output exactly where input 0 is, a tensor of at least as many bytes.
    price: cycles that this kernel takes more than the layer's fastest one.
    stream_price: cycles that calling it for a few rows at a time costs.
    """

    scratch_bytes: int = 0
    scratch_alignment: int = 1
    buffered: bool = False
    keeps_rows: bool = False
    descending: bool = False
    streamable: bool = False
    elementwise: bool = True
    whole: bool = False
    in_place: bool = False
    price: float = 0.0
    stream_price: float = 1.0

    def __post_init__(self) -> None:
        if self.scratch_bytes < 0 or self.price < 0 or self.stream_price < 0:
            raise GraphError("a kernel's scratch bytes and prices must not be negative")
        if self.whole and (self.buffered or self.keeps_rows or self.descending or self.streamable):
            raise GraphError("a kernel that does not go row by row can be neither streamed nor run downward")
        if self.in_place and not self.whole:
            raise GraphError("a kernel that goes row by row says by its needs where its output may lie")
        _check_alignment("a kernel's scratch", self.scratch_alignment)


@dataclass(frozen=True)
class RowLayer:
    """One unit of work: step s makes row s of `output`.

    `accumulates`: its steps are the rows of its inputs instead; sums stay in scratch from the first to
    the last step, and the last one writes all output rows (global pooling, a reducing depthwise).
    """

    name: str
    inputs: tuple[RowInput, ...]
    output: str
    kernels: tuple[RowKernel, ...] = (RowKernel(),)
    accumulates: bool = False

    @property
    def scratch(self) -> str:
        """The name of its scratch among a plan's offsets."""
        return f"{self.name}.scratch"


@dataclass(frozen=True)
class RowStep:
    """Steps first_row .. first_row + count - 1 of a layer; the last one first where `descending`."""

    layer: str
    first_row: int
    count: int
    descending: bool = False


@dataclass(frozen=True)
class RowPlan:
    """What runs when, and where everything lives.

    steps: the layers, a run of rows each, in execution order.
    offsets: bytes from the start of the arena, of tensors and of scratch ("<layer>.scratch").
    ring_rows: rows of each tensor that are kept; row r lives at offset + (r % ring_rows) * row_bytes.
    kernels: the index of the kernel chosen for each layer.
    groups: layers that run in turn, row by row; `streamed` lists all of them.
    bound_bytes: no layout of these steps takes fewer bytes.
    price: cycles that kernels and streaming cost, as the kernels declare.
    method: how the layout was found.
    """

    steps: tuple[RowStep, ...]
    offsets: Mapping[str, int]
    ring_rows: Mapping[str, int]
    kernels: Mapping[str, int]
    groups: tuple[tuple[str, ...], ...]
    arena_bytes: int
    bound_bytes: int
    price: float
    method: str

    @property
    def streamed(self) -> tuple[str, ...]:
        """The layers that run a few rows at a time."""
        return tuple(name for group in self.groups for name in group)
