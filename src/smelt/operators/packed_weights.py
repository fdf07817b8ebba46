"""Kernels whose weights are kept packed in flash and unpacked into the arena, some output channels at a time.

Any kernel becomes one: its own `lower` says what tables it wants, for the whole call or for a slice of its output
channels, and those are coded (smelt.operators.interval_code).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import lru_cache
from math import prod

import numpy as np

from smelt.operators import find_operator
from smelt.operators.channel_slices import may_be_sliced, slice_calls
from smelt.operators.cycles import estimated_cycles
from smelt.operators.interval_code import Bool, IntervalCode, Uint8, best_code, encode
from smelt.operators.operator import (
    Argument,
    Call,
    Input,
    Kernel,
    Lowering,
    Parameters,
    Table,
    Unpacked,
    Unpacking,
    WeightBytes,
    no_input,
)
from smelt.operators.rows import has_rows, row_count
from smelt.targets import Target

SOURCE, HEADER = "smelt_unpack_s8.c", "smelt_unpack_s8.h"

_OVERREAD = 3  # bytes that the decoder may read past the last code
_LENGTH_BYTES = 3  # before each slice
_LARGEST_FIELD = 2**16 - 1  # of struct smelt_packed_s8
_ALIGNMENT = 8
_UNPACKING = 35.0  # cycles a weight
_PLACING = 5.0  # cycles an output


def packed_kernel(kernel: Kernel, slices: int) -> Kernel:
    """The kernel with packed weights, its output channels computed in so many slices one after the other.

    With one slice it keeps what the planner may rely on; with several every slice reads all of the input.
    """
    whole, packer = slices == 1, _Packer(kernel, slices)
    return replace(
        kernel,
        variant=", ".join(part for part in (kernel.variant, f"packed in {slices}") if part),
        sources=(*kernel.sources, SOURCE),
        accepts=packer.accepts,
        lower=packer.lower,
        scratch_bytes=packer.scratch_bytes,
        ascending=kernel.ascending and whole,
        keeps_rows=kernel.keeps_rows and whole,
        buffered=kernel.buffered and whole,
        in_place=kernel.in_place if whole else no_input,
        row_function=None,
        row_by_row=False,
        cycles=packer.cycles,
    )


def stored_bytes(lowering: Lowering, call: Call) -> int:
    """The flash that the tables of a call take."""
    stored = sum(table.array.nbytes for _, table in _tables(lowering, call))
    if lowering.unpacking is not None:
        stored += lowering.unpacking.stream.array.nbytes + lowering.unpacking.codes.array.nbytes
    return stored


Place = str | int
"""Where a call has a table: a field of its parameter struct, or the index of an argument."""


@dataclass(frozen=True)
class _Pack:
    """The slices of a call: what is unpacked for each, at which offset, and the call that all of them make."""

    slices: tuple[bytes, ...]
    weights: WeightBytes
    offsets: dict[Place, int]
    lowering: Lowering
    scratch_bytes: int
    pixels: int
    struct_bytes: int
    output_bytes: int

    @property
    def parameters_at(self) -> int:
        return _aligned(self.weights.bytes)

    @property
    def outputs_at(self) -> int:
        return self.parameters_at + _aligned(self.struct_bytes)

    @property
    def scratch_at(self) -> int:
        return self.outputs_at + _aligned(self.output_bytes)


class _Packer:
    """What the functions of a packed kernel answer; remembers the last call, about which it is asked several times."""

    def __init__(self, kernel: Kernel, slices: int) -> None:
        self.kernel = kernel
        self.slices = slices
        self._last: tuple[Call, Target, _Pack | None] | None = None

    def accepts(self, call: Call, target: Target) -> bool:
        """Whether the kernel accepts the call, and so it does all slices, which then make the same call."""
        return self.kernel.accepts(call, target) and self._pack(call, target) is not None

    def scratch_bytes(self, call: Call, target: Target) -> int:
        """A slice's tables, parameters and outputs, and the kernel's own workspace."""
        pack = self._known(call, target)
        return pack.scratch_at + pack.scratch_bytes

    def cycles(self, call: Call, rows: int | None) -> float:
        """Those of the kernel for every slice, of unpacking, and of placing outputs."""
        weights = find_operator(call.node.operator).traits.weights
        assert weights is not None
        computing = sum(estimated_cycles(piece, self.kernel) for piece in slice_calls(call, self.slices))
        placing = _PLACING * prod(call.output.shape) if self.slices > 1 else 0.0
        return computing + _UNPACKING * prod(call.input(weights.input).shape) + placing

    def lower(self, call: Call, target: Target) -> Lowering:
        """The call of the kernel, with what is done around it."""
        pack = self._known(call, target)
        code, stream = pack_slices(pack.slices, pack.weights)
        unpacking = Unpacking(
            stream=Table("stream", stream),
            codes=Table("codes", code.table()),
            prefix_bits=code.prefix_bits,
            weights=pack.weights,
            slices=self.slices,
            slice_channels=call.output.shape[-1] // self.slices,
            pixels=pack.pixels,
            fields={place: at for place, at in pack.offsets.items() if isinstance(place, str)},
            parameters_at=pack.parameters_at,
            outputs_at=pack.outputs_at,
            scratch_at=pack.scratch_at,
        )
        return replace(pack.lowering, unpacking=unpacking)

    def _known(self, call: Call, target: Target) -> _Pack:
        pack = self._pack(call, target)
        assert pack is not None
        return pack

    def _pack(self, call: Call, target: Target) -> _Pack | None:
        if self._last is None or self._last[0] is not call or self._last[1] is not target:
            self._last = (call, target, _pack(self.kernel, self.slices, call, target))
        return self._last[2]


def _pack(kernel: Kernel, slices: int, call: Call, target: Target) -> _Pack | None:
    """None where slices would not make the same call, or no table of weights is known."""
    if slices > 1 and not may_be_sliced(call, slices):
        return None
    calls = slice_calls(call, slices)
    if not all(kernel.accepts(piece, target) for piece in calls):
        return None
    lowerings = [kernel.lower(piece, target) for piece in calls]
    tables = [_unpacked_tables(x, piece, slices) for x, piece in zip(lowerings, calls, strict=True)]
    weights = _weight_bytes(list(tables[0].values()))
    offsets = _offsets(tables[0])
    stripped = [_without(lowering, offsets) for lowering in lowerings]
    alike = all(x == stripped[0] for x in stripped) and all(
        _weight_bytes(list(x.values())) == weights for x in tables
    )
    if weights is None or not alike:
        return None
    pixels = prod(call.output.shape[:-1])
    in_struct = any(isinstance(place, str) for place in offsets)
    fields = sum(len(x.fields) for x in stripped[0].arguments if isinstance(x, Parameters))
    return _Pack(
        slices=tuple(b"".join(table.array.tobytes() for table in x.values()) for x in tables),
        weights=weights,
        offsets=offsets,
        lowering=stripped[0] if slices > 1 else _by_rows(kernel, call, stripped[0]),
        scratch_bytes=max(kernel.scratch_bytes(piece, target) for piece in calls),
        pixels=pixels,
        # no field of a struct takes more than a pointer
        struct_bytes=fields * (8 if target.isa == "host" else 4) if in_struct else 0,
        output_bytes=calls[0].output.bytes if pixels > 1 and slices > 1 else 0,
    )


def _unpacked_tables(lowering: Lowering, call: Call, slices: int) -> dict[Place, Table]:
    """What is unpacked: the weights, and all other tables of slices of a call, in the order of their places."""
    tables = dict(_tables(lowering, call))
    marked = {place: table for place, table in tables.items() if table.weights is not None}
    if slices == 1:
        return marked
    # after the weights the larger elements, so that all are aligned
    others = sorted((x for x in tables.items() if x[0] not in marked), key=lambda x: -x[1].array.itemsize)
    return {**marked, **dict(others)}


def _tables(lowering: Lowering, call: Call) -> Iterator[tuple[Place, Table]]:
    """The tables of a call; constant weights that are an argument among them."""
    weights = find_operator(call.node.operator).traits.weights
    for index, argument in enumerate(lowering.arguments):
        if isinstance(argument, Table):
            yield index, argument
        elif isinstance(argument, Parameters):
            for name, value in argument.fields.items():
                if isinstance(value, Table):
                    yield name, value
        elif isinstance(argument, Input) and call.constant(argument.index) is not None:
            array = call.constant(argument.index)
            assert array is not None
            known = weights is not None and argument.index == weights.input and array.dtype == np.int8
            yield index, Table("weights", array, weights=WeightBytes(array.nbytes) if known else None)


def _weight_bytes(tables: list[Table]) -> WeightBytes | None:
    """Where weights are in tables one after the other; None unless the first one alone has some.

    Sizes that struct smelt_packed_s8 cannot hold give None too.
    """
    if not tables or tables[0].weights is None or any(table.weights is not None for table in tables[1:]):
        return None
    weights = tables[0].weights
    assert weights.bytes == tables[0].array.nbytes
    # the decoder tells an even weight by its address
    assert not (weights.pairs and (weights.head | weights.before | weights.after | weights.coded) % 2)
    others = sum(table.array.nbytes for table in tables[1:])
    if weights.bytes % max([1, *(table.array.itemsize for table in tables[1:])]):
        return None
    whole = replace(weights, tail=weights.tail + others)
    sizes = (whole.head, whole.repeats, whole.before, whole.after, whole.tail, whole.bytes // 2**8)
    fits = max(sizes) <= _LARGEST_FIELD
    return whole if fits else None


def _offsets(tables: dict[Place, Table]) -> dict[Place, int]:
    sizes = [table.array.nbytes for table in tables.values()]
    return {place: sum(sizes[:at]) for at, place in enumerate(tables)}


def _without(lowering: Lowering, offsets: dict[Place, int]) -> Lowering:
    """The call with unpacked tables in place of stored ones."""
    arguments: list[Argument] = []
    for index, argument in enumerate(lowering.arguments):
        if index in offsets:
            arguments.append(Unpacked(offsets[index]))
        elif isinstance(argument, Parameters):
            fields = {name: None if name in offsets else v for name, v in argument.fields.items()}
            arguments.append(replace(argument, fields=fields))
        else:
            arguments.append(argument)
    return replace(lowering, arguments=tuple(arguments))


def _by_rows(kernel: Kernel, call: Call, lowering: Lowering) -> Lowering:
    """The call of the row function for all rows where that is as fast, so that the other need not be linked."""
    whole = kernel.ascending or kernel.buffered
    if kernel.row_function is None or not (whole and has_rows(call.input(0)) and has_rows(call.output)):
        return lowering
    rows = (0, row_count(call.output), row_count(call.input(0)))
    return Lowering(kernel.row_function, (*lowering.arguments, *rows))


def _aligned(count: int) -> int:
    return -(-count // _ALIGNMENT) * _ALIGNMENT


@lru_cache(maxsize=64)
def pack_slices(slices: tuple[bytes, ...], weights: WeightBytes) -> tuple[IntervalCode, Uint8]:
    """The best code for the weights of all slices, and the stream of these."""
    coded = _is_weight(weights)
    values = [_single_weights(np.frombuffer(piece, np.uint8), coded, weights.pairs) for piece in slices]
    code = best_code(np.concatenate([array[coded] for array in values]))
    parts = []
    for array in values:
        packed = np.packbits(encode(code, array, coded)).tobytes()
        parts.append(len(packed).to_bytes(_LENGTH_BYTES, "little") + packed)
    return code, np.frombuffer(b"".join([*parts, bytes(_OVERREAD)]), np.uint8)


def _is_weight(weights: WeightBytes) -> Bool:
    """Which bytes of a slice are coded."""
    period = np.repeat([False, True, False], [weights.before, weights.coded, weights.after])
    head, tail = np.zeros(weights.head, np.bool_), np.zeros(weights.tail, np.bool_)
    return np.concatenate([head, np.tile(period, weights.repeats), tail])


def _single_weights(array: Uint8, coded: Bool, pairs: bool) -> Uint8:
    """The bytes of a slice, int16 pairs of weights as two int8."""
    found = array.copy()
    if pairs:
        even, odd = np.flatnonzero(coded).reshape(-1, 2).T
        found[odd] += array[even] >= 128
    return found
