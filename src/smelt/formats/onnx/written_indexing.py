"""Gathering, scattering, repeating and ranking, as ONNX's operators."""

from __future__ import annotations

from collections.abc import Callable

from smelt.errors import UnsupportedError
from smelt.formats.onnx.write import Writer, type_number
from smelt.ir import DType
from smelt.operators import Call

Function = Callable[[Writer, Call], None]


def argument(operator: str) -> Function:
    def write(_: Writer, call: Call) -> None:
        index = _.emit(operator, [_.real(call.input(0).name)], axis=call.attributes.axis, keepdims=0)
        _.result(call.output, "Cast", [index], to=type_number(call.output.dtype))

    return write


def gather(_: Writer, call: Call) -> None:
    if call.attributes.batch_dims:
        raise UnsupportedError(f"{call.node.label}: ONNX gathers without batch dimensions only")
    inputs = [_.real(call.input(0).name), _.real(call.input(1).name)]
    _.result(call.output, "Gather", inputs, axis=call.attributes.axis)


def gather_nd(_: Writer, call: Call) -> None:
    """The indices are 64-bit in ONNX."""
    inputs = [_.real(call.input(0).name), _indices(_, call, 1)]
    _.result(call.output, "GatherND", inputs, batch_dims=call.attributes.batch_dims)


def gather_elements(_: Writer, call: Call) -> None:
    """Indices of either width."""
    inputs = [_.real(call.input(0).name), _.real(call.input(1).name)]
    _.result(call.output, "GatherElements", inputs, axis=call.attributes.axis)


def tensor_scatter(_: Writer, call: Call) -> None:
    """The order in which updates of one place come is open in ONNX when nothing combines them."""
    kind = {"update": "none"}.get(call.attributes.reduction, call.attributes.reduction)
    inputs = [_.real(call.input(0).name), _indices(_, call, 1), _.real(call.input(2).name)]
    _.result(call.output, "ScatterND", inputs, **({} if kind == "none" else {"reduction": kind}))


def cumsum(_: Writer, call: Call) -> None:
    """Running sums."""
    a = call.attributes
    axis = _.integers(f"{call.output.name}/axis", [a.axis])
    inputs = [_.real(call.input(0).name), axis]
    _.result(call.output, "CumSum", inputs, exclusive=int(a.exclusive), reverse=int(a.reverse))


def tile(_: Writer, call: Call) -> None:
    """The whole tensor repeated."""
    repeats = _.integers(f"{call.output.name}/repeats", call.attributes.multiples)
    _.result(call.output, "Tile", [_.real(call.input(0).name), repeats])


def broadcast_to(_: Writer, call: Call) -> None:
    """Dimensions of size 1 repeated."""
    shape = _.integers(f"{call.output.name}/shape", call.output.shape)
    _.result(call.output, "Expand", [_.real(call.input(0).name), shape])


def topk(_: Writer, call: Call) -> None:
    """Two results; the indices are 64-bit in ONNX."""
    a, (values, indices) = call.attributes, call.outputs
    if values.quantization is not None:
        raise UnsupportedError(f"{call.node.label}: ONNX ranks no quantized numbers")
    count = _.integers(f"{values.name}/k", [a.k])
    names = [_.fresh(f"{values.name}/largest"), _.fresh(f"{values.name}/indices")]
    inputs = [_.real(call.input(0).name), count]
    _.emit_all("TopK", inputs, names, axis=-1, largest=int(a.largest), sorted=1)
    _.result(values, "Identity", names[:1])
    _.result(indices, "Cast", names[1:], to=type_number(indices.dtype))


def _indices(_: Writer, call: Call, index: int) -> str:
    value = call.input(index)
    name = _.real(value.name)
    return name if value.dtype is DType.S64 else _.emit("Cast", [name], to=type_number(DType.S64))
