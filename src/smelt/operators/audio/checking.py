"""What the signal operators check of their tensors, and how their C is called."""

from __future__ import annotations

from collections.abc import Callable

from smelt.errors import GraphError
from smelt.ir import DType
from smelt.operators.operator import Argument, Call, Kernel, Lowering, Traits
from smelt.targets import Target

TRAITS = Traits(quantizable=False)


def require(call: Call, condition: bool, message: str) -> None:
    """GraphError with the message unless the condition holds."""
    if not condition:
        raise GraphError(f"{call.node.label}: {message}")


def require_types(call: Call, *types: DType) -> None:
    """GraphError unless the inputs are of these types."""
    found = tuple(None if value is None else value.dtype for value in call.inputs)
    names = ", ".join(kind.value for kind in types)
    require(call, found == types, f"takes inputs of the types {names}")


def require_range(call: Call, name: str, low: int, high: int) -> None:
    """GraphError unless an attribute is in a range."""
    value = getattr(call.attributes, name)
    require(call, low <= value <= high, f"{name} must be between {low} and {high}, it is {value}")


def kernel(name: str, source: str, arguments: Callable[[Call], tuple[Argument, ...]]) -> Kernel:
    """The kernel smelt_<name>, whose inputs `infer` has checked."""

    def lower(call: Call, target: Target) -> Lowering:
        return Lowering(f"smelt_{name}", arguments(call))

    return Kernel(f"smelt_{name}", (source,), "signal_operators.h", lambda call, target: True, lower)
