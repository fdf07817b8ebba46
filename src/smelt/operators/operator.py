"""What an operator is: attributes, shape rule, numpy meaning, cost, traits and C kernels."""

from __future__ import annotations

import dataclasses
import typing
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from smelt.errors import GraphError
from smelt.ir import Array, Attribute, DType, Graph, Node, Quantization, Value
from smelt.targets import Target


@dataclass(frozen=True)
class Call:
    """One node with all that is known of it: typed attributes, described inputs and outputs, constants.

    `inputs[k]` is None where an optional input is absent; `constants[k]` is the array of an input
    that is constant, else None.  `outputs` is empty while shapes are being inferred.
    """

    node: Node
    attributes: Any
    inputs: tuple[Value | None, ...]
    outputs: tuple[Value, ...]
    constants: tuple[Array | None, ...]

    def input(self, index: int) -> Value:
        """The described input; GraphError when it is absent."""
        if index >= len(self.inputs):
            raise GraphError(f"{self.node.label}: input {index} is missing")
        value = self.inputs[index]
        if value is None:
            raise GraphError(f"{self.node.label}: input {index} is absent")
        return value

    def has(self, index: int) -> bool:
        """Whether an optional input is there."""
        return index < len(self.inputs) and self.inputs[index] is not None

    def constant(self, index: int) -> Array | None:
        """The array of a constant input, or None."""
        return self.constants[index] if index < len(self.constants) else None

    @property
    def output(self) -> Value:
        """The first output."""
        return self.outputs[0]

    def quantization(self, value: Value) -> Quantization:
        """The quantization parameters of one of its tensors; GraphError when there are none."""
        if value.quantization is None:
            raise GraphError(f"{self.node.label}: tensor '{value.name}' has no quantization parameters")
        return value.quantization


@dataclass(frozen=True)
class TensorType:
    """The element type and shape of an output."""

    dtype: DType
    shape: tuple[int, ...]


@dataclass(frozen=True)
class Weights:
    """Where an operator keeps trained parameters.

    `input` is the weights' index, `channel_axis` the dimension of output channels in them, `bias`
    the index of the bias, `data` that of the activations they meet.  `data_axis` is the dimension of
    the data's channels in the weights; None where an output channel meets only the one that
    `Traits.channels` pairs it with; where it is shorter than the data's channels, these fall into groups of
    that size, and so do the outputs.  `inner_taps` says which weights never meet padding, as an array
    that broadcasts to them; None where there is no padding.
    `gates` is how many blocks of rows, each with one for every output channel, follow each other along
    `channel_axis`.  `recurrent` is the index of weights as the others are, that meet the outputs of the step before.
    """

    input: int
    channel_axis: int
    bias: int | None = None
    data: int = 0
    data_axis: int | None = None
    inner_taps: Callable[[Call], NDArray[np.bool_]] | None = None
    gates: int = 1
    recurrent: int | None = None


ChannelPairs = NDArray[np.int64]
"""[n, 2]: a channel (index of the last dimension) of an input, and the channel of the output that it becomes."""


Mask = NDArray[np.bool_]
"""Which channels stay."""

Narrow = Callable[[Call, Mask, Mask], Mapping[str, Attribute]]
"""The attributes that change when of input 0 and of the output the channels of these masks stay."""


Needs = tuple[tuple[int, int], ...] | None
"""For each output row the first and last input row that it needs (last < first: none); None: the whole input."""


def whole_input(call: Call, input_index: int) -> Needs:
    """The needs of an operator of which nothing better is known."""
    return None


@dataclass(frozen=True)
class Traits:
    """Answers to what passes, the quantizer and the planner ask.

    elementwise: output element i depends on element i of the inputs only (after broadcasting).
    alias: the output has the bytes of input 0 (reshape and its kin).
    same_quantization: inputs and output share scale and zero point in the int8 specification.
    rounds: of operators with same_quantization, those whose results are not elements of the inputs.
    fixed_output: the parameters that the int8 specification fixes for the output.
    weights: where the trained parameters are.
    fuses_activation: has an `activation` attribute (none, relu, relu6, relu_n1_to_1).
    activation: this operator is an activation that such an attribute can name.
    quantizable: has an int8 meaning.
    int8_only: has no int16 one.
    channels: for each input, pairs of a channel of it and a channel of the output that depends on no
    other of that input: left out on both sides, it changes no other.  None for an input any channel of
    which may count for any of the output.  Elementwise and alias operators need not say it.
    narrow: which attributes speak of channels, and become others when channels are left out.
    units: what `weights` is to others, of a layer with a state: no scale of its own a channel, no activation to fuse;
    all outputs have the same channels.
    needs: which rows of an input each output row needs (smelt.operators.rows).
    """

    elementwise: bool = False
    alias: bool = False
    same_quantization: bool = False
    rounds: bool = False
    fixed_output: Callable[[DType], Quantization] | None = None
    weights: Weights | None = None
    fuses_activation: bool = False
    activation: str | None = None
    quantizable: bool = True
    int8_only: bool = False
    needs: Callable[[Call, int], Needs] = whole_input
    channels: Callable[[Call], tuple[ChannelPairs | None, ...]] | None = None
    narrow: Narrow | None = None
    units: Weights | None = None


def same_channels(call: Call) -> tuple[ChannelPairs, ...]:
    """`Traits.channels` of an operator whose inputs and output all have the same channels."""
    count = call.input(0).shape[-1]
    return (np.stack([np.arange(count)] * 2, axis=1),) * len(call.inputs)


@dataclass(frozen=True)
class Cost:
    """Arithmetic of one node, independent of a target."""

    macs: int = 0


@dataclass(frozen=True)
class WeightBytes:
    """Which bytes of a table are weights.

    After `head` others there are `repeats` times `before` others, `coded` that are weights, and `after` others; then
    `tail` others.  `pairs`: two bytes of them are an int16, 256 * odd weight + even weight.
    """

    coded: int
    repeats: int = 1
    head: int = 0
    before: int = 0
    after: int = 0
    tail: int = 0
    pairs: bool = False

    @property
    def bytes(self) -> int:
        """Of all parts."""
        return self.head + self.repeats * (self.before + self.coded + self.after) + self.tail


@dataclass(frozen=True)
class Table:
    """A constant array in flash that a kernel reads.

    `role` names it within its layer ("weights", "bias", ...); `array` is stored as is, little endian.
    `weights` says where weights are, in a table that may be kept packed (smelt.operators.packed_weights).
    """

    role: str
    array: Array
    comment: str = ""
    weights: WeightBytes | None = None


@dataclass(frozen=True)
class Parameters:
    """A constant C struct passed to a kernel by pointer; fields in order, tables by pointer (None: NULL)."""

    type: str
    fields: Mapping[str, int | float | Table | None]


@dataclass(frozen=True)
class Input:
    """A kernel argument: pointer to input `index` (a constant input becomes a table)."""

    index: int


@dataclass(frozen=True)
class Output:
    """A kernel argument: pointer to output `index`."""

    index: int = 0


@dataclass(frozen=True)
class Scratch:
    """A kernel argument: pointer to the kernel's workspace in the arena."""


@dataclass(frozen=True)
class Unpacked:
    """A kernel argument: pointer to a table that is unpacked `offset` bytes after the start of the workspace."""

    offset: int


Argument = Input | Output | Scratch | Parameters | Table | Unpacked | int | None
"""None is a null pointer."""


@dataclass(frozen=True)
class Unpacking:
    """What is done around a kernel's call whose weights are kept packed: the channels in slices, one call for each.

    `stream` and `codes` are those of `struct smelt_packed_s8`; `weights` describes a slice.  `fields` are the pointers
    of the kernel's parameter struct that lead to unpacked tables, by offset.  Offsets count from the start of the
    layer's workspace: slices are unpacked to 0, a copy of the struct goes to `parameters_at` (if there are `fields`),
    the kernel's own workspace is at `scratch_at`, and where a slice's outputs are not side by side (`pixels` > 1 and
    several slices), they are computed at `outputs_at` and then placed.
    """

    stream: Table
    codes: Table
    prefix_bits: int
    weights: WeightBytes
    slices: int
    slice_channels: int
    pixels: int
    fields: Mapping[str, int]
    parameters_at: int
    outputs_at: int
    scratch_at: int


@dataclass(frozen=True)
class Lowering:
    """One C call: the function and its arguments in order; `unpacking` where the weights are kept packed."""

    function: str
    arguments: tuple[Argument, ...]
    unpacking: Unpacking | None = None


def no_scratch(call: Call, target: Target) -> int:
    """The workspace of a kernel that has none."""
    return 0


def no_input(call: Call) -> tuple[int, ...]:
    """The `in_place` of a kernel that cannot."""
    return ()


def equal_inputs(call: Call) -> tuple[int, ...]:
    """The `in_place` of a kernel that goes through elements in order: inputs as large as the output."""
    output = call.output
    return tuple(
        index
        for index, value in enumerate(call.inputs)
        if value is not None and value.shape == output.shape and value.dtype.bits == output.dtype.bits
    )


Cycles = Callable[[Call, int | None], float]
"""Estimated cycles of a call on the cores that a kernel is for (portable C: on a Cortex-M4): None by the function of
`lower`; a number by the row function, called for so many rows at a time."""

Form = Literal["usual", "compact", "large", "sparse", "measured"]
"""What a kernel's body trades: nothing; more cycles for less flash; more flash for fewer cycles.

"sparse" skips weights of zero, and is chosen layer by layer (smelt.codegen.sparse).
"measured" is a variant for which no rule says when it is better: only tuning chooses it.
"""


@dataclass(frozen=True)
class Kernel:
    """A C implementation of an operator for some types and targets.

    `sources` are files of the operator's folder; headers are found by following #include "...".
    `accepts` says whether it can compute this call on this target, `lower` gives the C call.
    `scratch_bytes` is the only statement of its workspace.  `form` says for which of the user's wishes it is
    tried before the others (smelt.operators.choose_kernel).  `variant` tells kernels of one name apart that do
    the same in another way (another tile, another order).

    What the memory planner may rely on:
    ascending: output rows are written in ascending order, each only reading the input rows that the
    operator's `needs` names, so that rows which later outputs do not need may be overwritten.
    in_place: the inputs whose very address the output may have.
    buffered: all that is read for an output row is copied to scratch before any of that row is written,
    so the row may also overwrite what only it reads (a dense layer that expands its input first).
    keeps_rows: every input row is copied to scratch by the first output row that needs it and read from there by
    later ones, so the output may take the place of all rows copied so far; scratch is kept from the first row to the
    last.
    row_function: a second C function that computes a range of output rows; its arguments are those
    of `lower` (the output pointer shows the first row to write), then the index of that row, the
    number of rows, and for each input with needs its ring: the number of rows that are kept, row r at
    (r modulo ring) times the bytes of a row from the pointer given.
    row_by_row: a row of the output is what the kernel computes from the same row of its inputs alone,
    so that a call for tensors of one row computes a row.
    accumulates: the row function, which is that of `lower` too, counts rows of input 0, from the first to the last:
    sums stay in scratch in between, and all of the output is written with the last row.
    cycles: what a call costs; None where nothing better is known than smelt.operators.cycles has.
    """

    name: str
    sources: tuple[str, ...]
    header: str
    accepts: Callable[[Call, Target], bool]
    lower: Callable[[Call, Target], Lowering]
    scratch_bytes: Callable[[Call, Target], int] = no_scratch
    ascending: bool = False
    in_place: Callable[[Call], tuple[int, ...]] = no_input
    buffered: bool = False
    keeps_rows: bool = False
    row_function: str | None = None
    row_by_row: bool = False
    accumulates: bool = False
    cycles: Cycles | None = None
    form: Form = "usual"
    variant: str = ""

    @property
    def label(self) -> str:
        """The name with the variant: kernels of one label compute a call in the same way."""
        return f"{self.name} ({self.variant})" if self.variant else self.name


@dataclass(frozen=True)
class NoAttributes:
    """The attributes of an operator that has none."""


@dataclass(frozen=True)
class Operator:
    """Everything that is true of an operator, whatever file it came from.

    `evaluate(call, arrays)` is its meaning; kernels of a form are tried in order, first accepted wins.
    """

    name: str
    summary: str
    infer: Callable[[Call], tuple[TensorType, ...]]
    evaluate: Callable[[Call, Sequence[Array | None]], tuple[Array, ...]]
    attributes: type[Any] = NoAttributes
    cost: Callable[[Call], Cost] = lambda call: Cost()
    traits: Traits = Traits()
    kernels: tuple[Kernel, ...] = ()
    folder: Path = field(default=Path(), compare=False)

    @cached_property
    def _types(self) -> dict[str, Any]:
        return typing.get_type_hints(self.attributes)

    def parse(self, node: Node) -> Any:
        """The node's attributes as this operator's dataclass; GraphError when one is unknown or ill-typed."""
        known = {f.name for f in dataclasses.fields(self.attributes)}
        for key, value in node.attributes.items():
            if key not in known:
                raise GraphError(f"{node.label}: unknown attribute '{key}'")
            if not _matches(value, self._types[key]):
                raise GraphError(f"{node.label}: attribute {key}={value!r} is not a {self._types[key]}")
        try:
            return self.attributes(**node.attributes)
        except TypeError as error:
            raise GraphError(f"{node.label}: {error}") from error

    def call(self, graph: Graph, node: Node, *, with_outputs: bool = True) -> Call:
        """The call that a node of a graph makes."""
        return Call(
            node=node,
            attributes=self.parse(node),
            inputs=tuple(None if name is None else graph.values[name] for name in node.inputs),
            outputs=tuple(graph.values[name] for name in node.outputs) if with_outputs else (),
            constants=tuple(None if name is None else graph.constants.get(name) for name in node.inputs),
        )


def _matches(value: object, kind: Any) -> bool:
    if typing.get_origin(kind) is tuple:
        element = typing.get_args(kind)[0]
        return isinstance(value, tuple) and all(_matches(item, element) for item in value)
    if kind is float:
        return isinstance(value, float | int) and not isinstance(value, bool)
    if kind is int:
        return isinstance(value, int) and not isinstance(value, bool)
    return isinstance(value, kind)
