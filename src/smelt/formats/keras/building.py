"""What a function that reads a Keras layer is given: the graph being built, and the layer's arrays."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np

from smelt.errors import FormatError, UnsupportedError
from smelt.formats.tflite.windows import same_padding
from smelt.ir import Array, Attribute
from smelt.operators.builder import GraphBuilder

_MOST_ELEMENTS = 1 << 26


class Layer:
    """One call of a layer: `label` names it in messages, `emit` appends nodes that are named after it.

    `keras` is the major version that wrote the file.  `flips`: the outputs of a layer that goes backwards stand in
    order of time, as Bidirectional wants them.
    """

    def __init__(
        self,
        builder: GraphBuilder,
        path: Sequence[str],
        kind: str,
        arrays: Mapping[str, Array],
        *,
        flips: bool = False,
        keras: int = 3,
    ) -> None:
        self.builder = builder
        self.flips = flips
        self.keras = keras
        self.name = "/".join(path)
        self.label = f"layer '{self.name}' ({kind})"
        self.arrays = arrays

    def shape(self, value: str) -> tuple[int, ...]:
        """The shape of a value of the graph."""
        return self.builder.values[value].shape

    def array(self, name: str) -> Array | None:
        """What the layer learned under that name, as float32; None where it has no such array."""
        array = self.arrays.get(name)
        return None if array is None else np.asarray(array, np.float32)

    def weights(self, name: str, shape: Sequence[int | None]) -> Array:
        """The same where it must be there, of a shape in which None stands for any size."""
        array = self.array(name)
        if array is None:
            raise FormatError(f"{self.label}: the file has no '{name}'")
        if array.ndim != len(shape) or any(
            w is not None and w != s for w, s in zip(shape, array.shape, strict=True)
        ):
            wanted = ["any" if size is None else size for size in shape]
            raise FormatError(f"{self.label}: '{name}' is {list(array.shape)}, needs {wanted}")
        return array

    def constant(self, stem: str, array: Array) -> str:
        """A constant of the graph."""
        return self.builder.constant(f"{self.name}/{stem}", np.ascontiguousarray(array, array.dtype))

    def number(self, number: float) -> str:
        """A constant of one number."""
        return self.constant("number", np.asarray(number, np.float32))

    def emit(
        self, operator: str, inputs: Sequence[str | None], attributes: Mapping[str, Attribute] | None = None
    ) -> str:
        """A node; returns its first output."""
        given = list(inputs)
        while given and given[-1] is None:
            given.pop()
        return self.builder.add(operator, given, attributes or {}, name=self.name)

    def reshape(self, value: str, shape: Sequence[int]) -> str:
        """The value in another shape; itself where it has it."""
        if self.shape(value) == tuple(shape):
            return value
        if math.prod(shape) != math.prod(self.shape(value)):
            raise FormatError(f"{self.label}: cannot reshape {list(self.shape(value))} to {list(shape)}")
        return self.emit("reshape", (value,), {"shape": tuple(shape)})

    def transpose(self, value: str, permutation: Sequence[int]) -> str:
        """The value with its dimensions in another order; itself where it is the same one."""
        if list(permutation) == list(range(len(permutation))):
            return value
        return self.emit("transpose", (value,), {"permutation": tuple(permutation)})

    def part(self, value: str, axis: int, begin: int, end: int) -> str:
        """What lies from begin to before end along an axis."""
        spans = [range(size) for size in self.shape(value)]
        spans[axis] = range(begin, end)
        return self.spans(value, spans)

    def spans(self, value: str, spans: Sequence[range]) -> str:
        """What lies at some places along each axis; a step may go backwards."""
        for axis, span in enumerate(spans):
            if not span:
                raise self.unsupported(f"nothing of {list(self.shape(value))} along axis {axis}")
            if span.step < 0:
                self.allow(len(span))
                value = self.emit(
                    "gather", (value, self.constant("places", np.array(span, np.int32))), {"axis": axis}
                )
        cut = [span if span.step > 0 else range(len(span)) for span in spans]
        if cut == [range(size) for size in self.shape(value)]:
            return value
        begin, end, stride = zip(*((span.start, span.stop, span.step) for span in cut), strict=True)
        return self.emit("strided_slice", (value,), {"begin": begin, "end": end, "stride": stride})

    def allow(self, elements: int) -> None:
        """Raise FormatError for a constant of so many elements, which no file's numbers should ask for."""
        if elements > _MOST_ELEMENTS:
            raise FormatError(f"{self.label}: its settings ask for a constant of {elements} elements")

    def unsupported(self, what: str) -> UnsupportedError:
        """An error that names the layer."""
        return UnsupportedError(f"{self.label}: {what} is not supported")


def pair(numbers: int | Sequence[int], rank: int) -> tuple[int, ...]:
    """A number for each spatial dimension, with 1 in front for one dimension."""
    given = (numbers,) * rank if isinstance(numbers, int) else tuple(int(n) for n in numbers)
    return (1, *given) if rank == 1 else given


def plane(layer: Layer, x: str, rank: int, data_format: str | None) -> str:
    """The input as [batch, height, width, channels], a signal with height 1."""
    if data_format not in (None, "channels_last"):
        raise layer.unsupported("data_format 'channels_first'")
    shape = layer.shape(x)
    if len(shape) != rank + 2:
        raise FormatError(f"{layer.label}: reads {list(shape)}, needs {rank + 2} dimensions")
    return x if rank == 2 else layer.reshape(x, (shape[0], 1, *shape[1:]))


def unplane(layer: Layer, x: str, rank: int) -> str:
    """The other way round."""
    shape = layer.shape(x)
    return x if rank == 2 else layer.reshape(x, (shape[0], *shape[2:]))


def window_padding(
    layer: Layer, x: str, kind: str, kernel: Sequence[int], stride: Sequence[int], dilation: Sequence[int]
) -> tuple[int, ...]:
    """Keras's 'valid', 'same' or 'causal' as (top, bottom, left, right) of a plane."""
    if kind == "valid":
        return (0, 0, 0, 0)
    if kind == "causal":
        return (0, 0, (kernel[1] - 1) * dilation[1], 0)
    if kind != "same":
        raise layer.unsupported(f"padding '{kind}'")
    shape = layer.shape(x)
    return (
        *same_padding(shape[1], kernel[0], stride[0], dilation[0]),
        *same_padding(shape[2], kernel[1], stride[1], dilation[1]),
    )
