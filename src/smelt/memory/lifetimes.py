"""Steps and buffers, the planner's vocabulary, and the lifetimes that follow from an execution order."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from smelt.errors import GraphError


@dataclass(frozen=True)
class Buffer:
    """A run of bytes that lives in the arena on the steps first..last, both included.

    Scratch is a buffer with first == last. `alignment` is a power of two. `extents`, when given, holds
    for each step first..last the range [begin, end) of the buffer's bytes that hold something then: a
    tensor that is consumed row by row shrinks, one that is produced row by row grows. Without it all bytes
    are live on all steps. Raises GraphError for numbers that make no sense.
    """

    name: str
    bytes: int
    first: int
    last: int
    alignment: int = 1
    extents: tuple[tuple[int, int], ...] = ()

    def __post_init__(self) -> None:
        where = f"buffer '{self.name}'"
        if self.bytes < 0:
            raise GraphError(f"{where}: a size of {self.bytes} bytes is negative")
        if not 0 <= self.first <= self.last:
            raise GraphError(f"{where}: steps {self.first}..{self.last} are not a lifetime")
        if self.alignment < 1 or self.alignment & (self.alignment - 1):
            raise GraphError(f"{where}: an alignment of {self.alignment} is not a power of two")
        if self.extents and len(self.extents) != self.last - self.first + 1:
            raise GraphError(
                f"{where}: {len(self.extents)} extents for {self.last - self.first + 1} steps of life"
            )
        for begin, end in self.extents:
            if not 0 <= begin <= end <= self.bytes:
                raise GraphError(f"{where}: extent {begin}..{end} is not within its {self.bytes} bytes")

    def extent(self, step: int) -> tuple[int, int]:
        """The range [begin, end) of bytes that are live on a step; (0, 0) where nothing is."""
        if not self.first <= step <= self.last:
            return 0, 0
        return self.extents[step - self.first] if self.extents else (0, self.bytes)


@dataclass(frozen=True)
class Step:
    """One unit of execution: the tensors it reads and writes, and workspace that lives only meanwhile.

    Constants are not listed. A tensor that shares the bytes of another one (a reshape) is named as that one.
    """

    name: str
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    scratch_bytes: int = 0
    scratch_alignment: int = 1


def lifetimes(
    steps: Sequence[Step],
    sizes: Mapping[str, int],
    inputs: Sequence[str],
    outputs: Sequence[str],
    alignments: Mapping[str, int] | int = 1,
) -> tuple[Buffer, ...]:
    """The buffers of an execution order, in order of birth: inputs, then each step's outputs and scratch.

    `sizes` is in bytes. `inputs` live from step 0, `outputs` until the last step; a name in both is an input
    that is kept. Scratch of step s is named "s.scratch". `alignments` is one number, or one for each
    tensor (1 where it names none). Raises GraphError as `check_steps` does.
    """
    check_steps(steps, sizes, inputs, outputs)
    if not isinstance(alignments, int):
        given = alignments
        alignment = {name: given.get(name, 1) for name in sizes}
    else:
        alignment = dict.fromkeys(sizes, alignments)
    last_use = {name: at for at, step in enumerate(steps) for name in (*step.outputs, *step.inputs)}
    last_use |= dict.fromkeys(outputs, max(len(steps) - 1, 0))
    buffers = [Buffer(name, sizes[name], 0, last_use.get(name, 0), alignment[name]) for name in inputs]
    for at, step in enumerate(steps):
        buffers += [Buffer(name, sizes[name], at, last_use[name], alignment[name]) for name in step.outputs]
        if step.scratch_bytes:
            buffers.append(Buffer(f"{step.name}.scratch", step.scratch_bytes, at, at, step.scratch_alignment))
    check_names(buffers)
    return tuple(buffers)


def check_names(buffers: Sequence[Buffer]) -> None:
    """Raise GraphError if two buffers have one name."""
    seen: set[str] = set()
    for buffer in buffers:
        if buffer.name in seen:
            raise GraphError(f"buffer '{buffer.name}' is listed twice")
        seen.add(buffer.name)


def check_steps(
    steps: Sequence[Step], sizes: Mapping[str, int], inputs: Sequence[str], outputs: Sequence[str]
) -> None:
    """Raise GraphError unless each tensor has a size, is written once, and only read after that."""
    written: set[str] = set()

    def write(name: str, writer: str) -> None:
        if name in written:
            raise GraphError(f"{writer} writes tensor '{name}', which exists already")
        if name not in sizes:
            raise GraphError(f"tensor '{name}' has no size")
        written.add(name)

    for name in inputs:
        write(name, "the list of inputs")
    for step in steps:
        for name in step.inputs:
            if name not in written:
                raise GraphError(f"step '{step.name}' reads tensor '{name}' before it is written")
        for name in step.outputs:
            write(name, f"step '{step.name}'")
        if step.scratch_bytes < 0:
            raise GraphError(f"step '{step.name}': {step.scratch_bytes} bytes of scratch are negative")
    for name in outputs:
        if name not in written:
            raise GraphError(f"output tensor '{name}' is written by no step")
