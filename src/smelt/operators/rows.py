"""Which rows of its inputs each output row of an operator needs: what streaming and overlap are planned from.

A row is one index of dimension 1 of a tensor [1, height, width, channels]; its bytes lie together.
"""

from __future__ import annotations

from dataclasses import replace

from smelt.ir import Value
from smelt.operators.operator import Call, Needs


def has_rows(value: Value) -> bool:
    """Whether a tensor consists of rows: four dimensions, a batch of one, whole bytes."""
    return len(value.shape) == 4 and value.shape[0] == 1 and value.shape[1] > 0 and value.dtype.bits >= 8


def row_count(value: Value) -> int:
    """The number of rows; a tensor of another form is one row."""
    return value.shape[1] if has_rows(value) else 1


def one_row(value: Value) -> Value:
    """A tensor of the same form with a single row."""
    return replace(value, shape=(1, 1, *value.shape[2:])) if has_rows(value) else value


def window_needs(call: Call, input_index: int, kernel_height: int) -> Needs:
    """The rows under a window that slides with the node's stride, dilation and padding (convolution, pooling)."""
    source, result = call.input(input_index), call.output
    if input_index != 0 or not has_rows(source) or not has_rows(result):
        return None
    stride = call.attributes.stride[0]
    dilation = getattr(call.attributes, "dilation", (1, 1))[0]
    top, height = call.attributes.padding[0], source.shape[1]
    needs = []
    for row in range(result.shape[1]):
        taps = [row * stride - top + k * dilation for k in range(kernel_height)]
        inside = [tap for tap in taps if 0 <= tap < height]
        needs.append((inside[0], inside[-1]) if inside else (0, -1))
    return tuple(needs)


def same_row_needs(call: Call, input_index: int) -> Needs:
    """Row r of an input of the output's shape for output row r; the whole of an input of another shape."""
    source, result = call.input(input_index), call.output
    if source.shape != result.shape or not has_rows(result):
        return None
    return tuple((row, row) for row in range(result.shape[1]))
