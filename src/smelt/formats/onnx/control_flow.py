"""If, Loop and Scan while reading: the branch that is known is taken, loops of known length are unrolled."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

import numpy as np

from smelt.errors import FormatError, UnsupportedError
from smelt.formats.channels_first.layout import Tensor
from smelt.formats.channels_first.rearranging import concatenation, part, reshape
from smelt.formats.channels_first.shapes import positive_axes
from smelt.formats.channels_first.translation import Surroundings, kept
from smelt.formats.onnx.inlining import Inliner, Operation
from smelt.ir import Array

CONTROL_FLOW = frozenset(("If", "Loop", "Scan"))
"""The operators that `read_control_flow` reads."""


class Reading(Surroundings, Protocol):
    """What reads the operations of a body."""

    inliner: Inliner
    tensors: dict[str, Tensor]
    initializers: dict[str, Any]

    def begin(self, label: str, node_name: str, outputs: Sequence[str]) -> None:
        """The operation that is being read."""

    def read_operation(self, operation: Operation) -> None:
        """Read one operation."""


def read_control_flow(_: Reading, operation: Operation) -> None:
    """Put in place what an If, Loop or Scan does; its results become tensors of their names."""
    read = {"If": _if, "Loop": _loop, "Scan": _scan}[operation.operator]
    results = read(_, operation, {attribute.name: attribute for attribute in operation.attributes})
    for name, tensor in zip(operation.outputs, results, strict=False):
        if name:
            _.tensors[name] = tensor


def _body(operation: Operation, attributes: Mapping[str, Any], name: str) -> Any:
    if name not in attributes or not attributes[name].HasField("g"):
        raise FormatError(f"{operation.label}: has no {name}")
    return attributes[name].g


def _run(_: Reading, operation: Operation, body: Any, given: Sequence[Tensor]) -> list[Tensor]:
    """The results of a body for its inputs."""
    if len(body.input) != len(given):
        raise FormatError(f"{operation.label}: its body has {len(body.input)} inputs, needs {len(given)}")
    inner, scope = _.inliner.branch(body, operation)
    for tensor in body.initializer:
        _.initializers[scope.declare(tensor.name)] = tensor
    for value, tensor in zip(body.input, given, strict=True):
        _.tensors[scope.meaning(value.name)] = tensor
    for each in inner:
        _.read_operation(each)
    _.begin(operation.label, operation.name, operation.outputs)
    return [_.tensor(scope.meaning(value.name)) for value in body.output]


def _if(_: Reading, operation: Operation, attributes: Mapping[str, Any]) -> list[Tensor]:
    condition = _.constant(operation.inputs[0]) if operation.inputs else np.empty(0)
    wanted = "then_branch" if _truth(operation, condition) else "else_branch"
    body = _body(operation, attributes, wanted)
    if len(body.output) < len(operation.outputs):
        raise FormatError(f"{operation.label}: has no {wanted} with its outputs")
    return _run(_, operation, body, [])


def _truth(operation: Operation, array: Array) -> bool:
    if array.size != 1:
        raise FormatError(f"{operation.label}: its condition is not one element")
    return bool(array.reshape(())[()])


def _loop(_: Reading, operation: Operation, attributes: Mapping[str, Any]) -> list[Tensor]:
    """While the condition holds and the trips are not over: both have to be known in advance."""
    names = (*operation.inputs, "", "")[: max(len(operation.inputs), 2)]
    body = _body(operation, attributes, "body")
    trips = None if not names[0] else int(_.constant(names[0]).reshape(-1)[0])
    condition = _.known(np.array(True) if not names[1] else _.constant(names[1]))
    states = [_.tensor(name) for name in names[2:]]
    collected: list[list[Tensor]] = [[] for _output in range(len(body.output) - 1 - len(states))]
    index = 0
    while trips is None or index < trips:
        if condition.array is None:
            raise UnsupportedError(
                f"{operation.label}: whether it goes on after {index} rounds is computed from the model's inputs; "
                "only loops of known length are supported"
            )
        if not _truth(operation, condition.array):
            break
        _.inliner.spend(operation.label)
        results = _run(_, operation, body, [_.known(np.array(index, np.int64)), condition, *states])
        condition, states = results[0], results[1 : 1 + len(states)]
        for found, result in zip(collected, results[1 + len(states) :], strict=True):
            found.append(result)
        index += 1
    return [*states, *(_stacked(_, operation, found, 0) for found in collected)]


def _stacked(_: Reading, operation: Operation, found: Sequence[Tensor], axis: int) -> Tensor:
    """Results of all rounds along a new axis."""
    if not found:
        raise UnsupportedError(f"{operation.label}: makes no rounds, so that a result has no elements")
    (place,) = positive_axes([axis], found[0].rank + 1)
    parts = [kept(_, reshape(_, x, (*x.shape[:place], 1, *x.shape[place:]))) for x in found]
    return parts[0] if len(parts) == 1 else kept(_, concatenation(_, parts, place))


def _scan(_: Reading, operation: Operation, attributes: Mapping[str, Any]) -> list[Tensor]:
    if operation.scope.opset < 9:
        raise UnsupportedError(f"{operation.label}: is supported from opset 9 on")
    body = _body(operation, attributes, "body")
    scanned = int(attributes["num_scan_inputs"].i) if "num_scan_inputs" in attributes else 0
    first = len(operation.inputs) - scanned
    if not 0 < scanned <= len(operation.inputs) or len(body.output) < first:
        raise FormatError(f"{operation.label}: scans {scanned} of {len(operation.inputs)} inputs")
    states = [_.tensor(name) for name in operation.inputs[:first]]
    sources = [_.tensor(name) for name in operation.inputs[first:]]
    outputs = len(body.output) - first
    axes = _numbers(operation, attributes, "scan_input_axes", scanned)
    axes = [positive_axes([axis], x.rank)[0] for axis, x in zip(axes, sources, strict=True)]
    backwards = _numbers(operation, attributes, "scan_input_directions", scanned)
    lengths = {x.shape[axis] for x, axis in zip(sources, axes, strict=True)}
    if len(lengths) != 1:
        raise FormatError(f"{operation.label}: its inputs have {sorted(lengths)} elements to scan")
    (length,) = lengths
    collected: list[list[Tensor]] = [[] for _output in range(outputs)]
    for index in range(length):
        _.inliner.spend(operation.label)
        parts = [
            _element(_, x, axis, length - 1 - index if back else index)
            for x, axis, back in zip(sources, axes, backwards, strict=True)
        ]
        results = _run(_, operation, body, [*states, *parts])
        states = results[:first]
        for found, result in zip(collected, results[first:], strict=True):
            found.append(result)
    results_axes = _numbers(operation, attributes, "scan_output_axes", outputs)
    reverse = _numbers(operation, attributes, "scan_output_directions", outputs)
    stacks = [
        _stacked(_, operation, found[::-1] if back else found, axis)
        for found, axis, back in zip(collected, results_axes, reverse, strict=True)
    ]
    return [*states, *stacks]


def _numbers(operation: Operation, attributes: Mapping[str, Any], name: str, count: int) -> list[int]:
    numbers = list(attributes[name].ints) if name in attributes else [0] * count
    if len(numbers) != count:
        raise FormatError(f"{operation.label}: {name} has {len(numbers)} numbers, needs {count}")
    return numbers


def _element(_: Reading, x: Tensor, axis: int, index: int) -> Tensor:
    """One index of an axis, without that axis."""
    spans = [(index, index + 1, 1) if k == axis else (0, size, 1) for k, size in enumerate(x.shape)]
    return kept(_, reshape(_, kept(_, part(_, x, spans)), (*x.shape[:axis], *x.shape[axis + 1 :])))
