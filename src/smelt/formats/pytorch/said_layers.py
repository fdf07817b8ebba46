"""smelt's layers said by torch's functions: convolutions, pools, resizes, products, recurrent layers."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from smelt.errors import UnsupportedError
from smelt.formats.pytorch.module import Running
from smelt.operators import Call

_Function = Callable[[Running, Call], None]


def _convolution(_: Running, call: Call) -> None:
    a, shape = call.attributes, call.input(1).shape
    if call.node.operator == "depthwise_conv_2d":
        group = call.input(0).shape[3]
        weight = _.weights(call, 1, (3, 0, 1, 2), (shape[3], 1, *shape[1:3]))
    else:
        group = call.input(0).shape[3] // shape[3]
        weight = _.weights(call, 1, (0, 3, 1, 2))
    x = _.tensor(call.input(0).name, first=True)
    top, bottom, left, right = a.padding
    if (top, left) == (bottom, right):
        padding = (top, left)
    else:
        x, padding = _.functional.pad(x, (left, right, top, bottom)), (0, 0)
    bias = _.tensor(call.input(2).name) if call.has(2) else None
    result = _.functional.conv2d(x, weight, bias, a.stride, padding, a.dilation, group)
    _.keep(call, result, first=True)


def _transpose_conv(_: Running, call: Call) -> None:
    """torch cuts as much after the output as before it, less output_padding."""
    a, (_batch, height, width, _channels) = call.attributes, call.input(0).shape
    kernel = call.input(1).shape[1:3]
    extra = []
    for axis, n in enumerate((height, width)):
        after = (n - 1) * a.stride[axis] + kernel[axis] - a.padding[axis] - a.size[axis]
        extra.append(max(a.padding[axis] - after, 0))
        if extra[-1] >= max(a.stride[axis], 2):
            raise UnsupportedError(f"{call.node.label}: torch has no output padding of {extra[-1]} pixels")
    x, weight = _.tensor(call.input(0).name, first=True), _.weights(call, 1, (3, 0, 1, 2))
    bias = _.tensor(call.input(2).name) if call.has(2) else None
    result = _.functional.conv_transpose2d(x, weight, bias, a.stride, a.padding, extra)
    if tuple(result.shape[2:]) != tuple(a.size):
        result = result[:, :, : a.size[0], : a.size[1]]
    _.keep(call, result, first=True)


def _resize(modes: Mapping[tuple[bool, bool], Mapping[str, Any]]) -> _Function:
    """Modes by (align_corners, half_pixel_centers)."""

    def say(_: Running, call: Call) -> None:
        a = call.attributes
        how = modes.get((a.align_corners, a.half_pixel_centers))
        if how is None:
            raise UnsupportedError(f"{call.node.label}: torch does not place pixels like this")
        x = _.tensor(call.input(0).name, first=True)
        _.keep(call, _.functional.interpolate(x, size=list(a.size), **how), first=True)

    return say


def _pools_alike(call: Call) -> bool:
    """Whether torch's padding before, and rounding the size up, give these windows."""
    a, shape = call.attributes, call.input(0).shape
    for axis in (0, 1):
        before, after = a.padding[2 * axis : 2 * axis + 2]
        size, kernel, stride = shape[1 + axis], a.filter[axis], a.stride[axis]
        count = -(-(size + 2 * before - kernel) // stride) + 1
        if (count - 1) * stride >= size + before:
            count -= 1  # a window that starts in the padding after the input is left out
        if before > kernel // 2 or count != (size + before + after - kernel) // stride + 1:
            return False
    return True


def _max_pool(_: Running, call: Call) -> None:
    a, x = call.attributes, _.tensor(call.input(0).name, first=True)
    top, bottom, left, right = a.padding
    if _pools_alike(call):
        ceil = (top, left) != (bottom, right)
        result = _.functional.max_pool2d(x, a.filter, a.stride, (top, left), ceil_mode=ceil)
    else:
        lowest = float(np.finfo(np.float32).min)
        result = _.functional.max_pool2d(
            _.functional.pad(x, (left, right, top, bottom), value=lowest), a.filter, a.stride
        )
    _.keep(call, result, first=True)


def _average_pool(_: Running, call: Call) -> None:
    a, x = call.attributes, _.tensor(call.input(0).name, first=True)
    top, bottom, left, right = a.padding
    if _pools_alike(call):
        ceil = (top, left) != (bottom, right)
        result = _.functional.avg_pool2d(x, a.filter, a.stride, (top, left), ceil, count_include_pad=False)
    else:
        whole = _.functional.avg_pool2d(_.functional.pad(x, (left, right, top, bottom)), a.filter, a.stride)
        result = whole * _.buffer(
            (call.output.name, "counts"), f"{call.output.name}_counts", lambda: _shares(call)
        )
    _.keep(call, result, first=True)


def _shares(call: Call) -> Any:
    """For each window its size, divided by how many of its elements are inside."""
    a, (_batch, height, width, _channels) = call.attributes, call.input(0).shape
    inside = np.pad(np.ones((height, width), np.float32), (a.padding[:2], a.padding[2:]))
    views = np.lib.stride_tricks.sliding_window_view(inside, a.filter)[:: a.stride[0], :: a.stride[1]]
    return (np.prod(a.filter) / views.sum((2, 3)))[None, None].astype(np.float32)


def _fully_connected(_: Running, call: Call) -> None:
    x, columns = _.tensor(call.input(0).name), call.input(1).shape[1]
    if len(call.output.shape) == 2 and x.dim() != 2:
        x = x.reshape(-1, columns)
    bias = _.tensor(call.input(2).name) if call.has(2) else None
    _.keep(call, _.functional.linear(x, _.weights(call, 1, (0, 1)), bias))


def _batch_matmul(_: Running, call: Call) -> None:
    a = call.attributes
    left, right = _.tensor(call.input(0).name), _.tensor(call.input(1).name)
    left = left.transpose(-2, -1) if a.transpose_a else left
    _.keep(call, left @ (right.transpose(-2, -1) if a.transpose_b else right))


def _weights_of(_: Running, call: Call) -> list[Any]:
    """kernel, recurrent kernel and biases in torch's order of gates."""
    gru = call.node.operator == "gru"
    if gru and not call.attributes.reset_after:
        raise UnsupportedError(f"{call.node.label}: torch applies the reset gate after the product only")

    def ordered(array: Any) -> Any:
        if not gru:
            return array
        update, reset, new = np.split(array, 3)
        return np.concatenate([reset, update, new])

    biased, count = call.has(3), call.input(1).shape[0]
    if any(call.constant(index) is None for index in (1, 2, 3)[: 2 + biased]):
        raise UnsupportedError(f"{call.node.label}: torch's recurrent layers have constant weights")
    kernel, recurrent, *bias = (str(name) for name in call.node.inputs[1 : 3 + biased])
    found = [_.parameter((name, "recurrent"), name, ordered) for name in (kernel, recurrent)]
    for name in bias:
        found.append(_.parameter((name, "first"), name, lambda array: ordered(array[:count])))
        if gru:
            found.append(_.parameter((name, "second"), name, lambda array: ordered(array[count:])))
        else:
            found.append(_.buffer((name, "second"), name, lambda: np.zeros(count, np.float32)))
    return found


def _recurrent(_: Running, call: Call) -> None:
    a, operator = call.attributes, call.node.operator
    wanted = ("tanh", "relu") if operator == "rnn" else ("tanh",)
    if a.activation not in wanted or (operator != "rnn" and a.gate_activation != "logistic"):
        raise UnsupportedError(
            f"{call.node.label}: torch has no {operator} with {a.activation} and {a.gate_activation}"
        )
    x = _.tensor(call.input(0).name)
    x = x.flip(1) if a.reverse else x
    zeros = x.new_zeros(1, call.input(0).shape[0], call.input(2).shape[1])
    states = [
        _.tensor(call.input(k).name).unsqueeze(0) if call.has(k) else zeros
        for k in ((4, 5) if operator == "lstm" else (4,))
    ]
    function = getattr(_.torch, {"rnn": f"rnn_{a.activation}"}.get(operator, operator))
    weights = _weights_of(_, call)
    hidden = states if operator == "lstm" else states[0]
    sequence, *finals = function(x, hidden, weights, len(weights) == 4, 1, 0.0, False, False, True)
    results = [sequence.flip(1) if a.reverse else sequence, *(final.squeeze(0) for final in finals)]
    kept = {"sequence": results[:1], "last": results[1:2], "all": results}[a.returns]
    for index, result in enumerate(kept[: len(call.outputs)]):
        _.keep(call, result, index=index)


LAYERS: dict[str, _Function] = {
    "conv_2d": _convolution,
    "depthwise_conv_2d": _convolution,
    "transpose_conv": _transpose_conv,
    "max_pool_2d": _max_pool,
    "average_pool_2d": _average_pool,
    "fully_connected": _fully_connected,
    "batch_matmul": _batch_matmul,
    "lstm": _recurrent,
    "gru": _recurrent,
    "rnn": _recurrent,
    "resize_nearest_neighbor": _resize(
        {(False, False): {"mode": "nearest"}, (False, True): {"mode": "nearest-exact"}}
    ),
    "resize_bilinear": _resize(
        {
            (False, True): {"mode": "bilinear", "align_corners": False},
            (True, False): {"mode": "bilinear", "align_corners": True},
        }
    ),
}
"""What says a layer, by smelt's name."""
