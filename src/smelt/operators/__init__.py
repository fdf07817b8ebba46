"""The operators: one folder a family, discovered; see `operator.py` for what an operator is."""

from __future__ import annotations

import importlib
import pkgutil
from dataclasses import replace
from functools import cache
from pathlib import Path

from smelt.errors import GraphError, UnsupportedError
from smelt.ir import Graph, Node, verify
from smelt.operators.operator import Call, Form, Kernel, Operator
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
    "verify_graph",
]


@cache
def all_operators() -> dict[str, Operator]:
    """Every operator by name, in alphabetical order; families are the sub-packages of this folder."""
    found: dict[str, Operator] = {}
    for module in pkgutil.iter_modules(__path__):
        if module.ispkg:
            family = importlib.import_module(f"{__name__}.{module.name}")
            folder = Path(str(family.__file__)).parent
            for item in vars(family).values():
                if isinstance(item, Operator):
                    found[item.name] = replace(item, folder=folder)
    return dict(sorted(found.items()))


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
