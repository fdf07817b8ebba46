"""The operators: smelt's own, one folder a family, and those of users; see `operator.py` for what an operator is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import cache
from pathlib import Path

from smelt.errors import GraphError, UnsupportedError, UsageError
from smelt.ir import Attribute, Graph, Node, verify
from smelt.operators.families import own_operators
from smelt.operators.interpreted import Interpreted, own_interpreted
from smelt.operators.operator import Call, Form, Kernel, Operator
from smelt.operators.registered import (
    ReadOptions,
    Registered,
    WriteOptions,
    add_registered,
    registered_operators,
)
from smelt.targets import Target

__all__ = [
    "Call",
    "Form",
    "Kernel",
    "Operator",
    "accepted_kernels",
    "all_operators",
    "call_of",
    "candidate_kernels",
    "choose_kernel",
    "find_operator",
    "register_operator",
    "verify_graph",
]


@cache
def all_operators() -> dict[str, Operator]:
    """Every operator by name, in alphabetical order: smelt's own, and those that are registered."""
    return dict(sorted({**own_operators(), **registered_operators()}.items()))


def register_operator(
    operator: Operator,
    *,
    custom: str,
    folder: str | Path,
    read_options: ReadOptions | None = None,
    write_options: WriteOptions | None = None,
    interpreted: Sequence[Interpreted] = (),
) -> None:
    """Make an operator of yours known, which .tflite files call by the name `custom`.

    `folder` has the C files that the operator's kernels and `interpreted` name.  `read_options` makes attributes of the
    bytes of a custom operator's options, `write_options` bytes of the operator's attributes; without both there are no
    bytes.  Registered again from the same folder it takes its own place.  UsageError says what is wrong.
    """
    own = {name for row in own_interpreted() for name in (row.name, row.custom) if name} | set(
        own_operators()
    )
    for name in own.intersection((operator.name, custom)):
        raise UsageError(
            f"operator '{operator.name}' cannot be registered: '{name}' is an operator of smelt's"
        )
    if read_options is None and write_options is None:
        write_options = _no_bytes
    new = Registered(operator, custom, read_options or _no_attributes, write_options, tuple(interpreted))
    add_registered(new, Path(folder).resolve())
    all_operators.cache_clear()


def _no_bytes(attributes: object) -> bytes:
    return b""


def _no_attributes(options: bytes) -> dict[str, Attribute]:
    if options:
        raise ValueError("the operator is registered without options")
    return {}


def find_operator(name: str) -> Operator:
    """The operator of that name; raises UnsupportedError."""
    try:
        return all_operators()[name]
    except KeyError:
        raise UnsupportedError(f"operator '{name}' is not supported") from None


def call_of(graph: Graph, node: Node) -> Call:
    """The call that a node makes: typed attributes, described inputs and outputs."""
    return find_operator(node.operator).call(graph, node)


def accepted_kernels(call: Call, target: Target, form: Form = "usual") -> tuple[Kernel, ...]:
    """The kernels that can compute this call on this target, the best for the form first.

    Kernels of the form come first, then the usual ones; others are left out.
    """
    kernels = find_operator(call.node.operator).kernels
    of_form = [kernel for kernel in kernels if kernel.form == form]
    usual = [kernel for kernel in kernels if kernel.form == "usual" != form]
    return tuple(kernel for kernel in (*of_form, *usual) if kernel.accepts(call, target))


def candidate_kernels(call: Call, target: Target) -> tuple[Kernel, ...]:
    """All kernels that can compute this call on this target, of every form, one a label."""
    found: dict[str, Kernel] = {}
    for kernel in find_operator(call.node.operator).kernels:
        if kernel.label not in found and kernel.accepts(call, target):
            found[kernel.label] = kernel
    return tuple(found.values())


def choose_kernel(call: Call, target: Target, form: Form = "usual") -> Kernel:
    """The first of `accepted_kernels`; raises UnsupportedError when there is none."""
    accepted = accepted_kernels(call, target, form)
    if accepted:
        return accepted[0]
    types = ", ".join("-" if v is None else f"{v.dtype.value}{list(v.shape)}" for v in call.inputs)
    raise UnsupportedError(f"{call.node.label} on {types}: smelt has no C kernel for these types")


def verify_graph(graph: Graph) -> Graph:
    """The IR's own rules, then each operator's: attributes, and output types as `infer` gives them.

    Returns the graph; raises GraphError naming the node and the tensor.
    """
    verify(graph)
    for node in graph.nodes:
        call = call_of(graph, node)
        _check_blocks(call)
        expected = find_operator(node.operator).infer(replace(call, outputs=()))
        if len(expected) != len(call.outputs):
            raise GraphError(f"{node.label}: has {len(call.outputs)} outputs, computes {len(expected)}")
        for value, kind in zip(call.outputs, expected, strict=True):
            if value.shape != kind.shape or value.dtype is not kind.dtype:
                raise GraphError(
                    f"{node.label}: output '{value.name}' is described as {value.dtype.value}"
                    f"{list(value.shape)}, computes {kind.dtype.value}{list(kind.shape)}"
                )
    return graph


def _check_blocks(call: Call) -> None:
    """Scales of blocks belong to the weights of fully_connected; UnsupportedError for any other tensor with them."""
    for index, value in enumerate((*call.inputs, *call.outputs)):
        if value is None or value.quantization is None or not value.quantization.block:
            continue
        if call.node.operator != "fully_connected" or index != 1:
            raise UnsupportedError(
                f"{call.node.label}: '{value.name}' has scales of blocks; only weights may"
            )
