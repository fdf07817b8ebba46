"""How a model's configuration writes down calls of layers: Keras 2's nested lists and Keras 3's dictionaries."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from smelt.errors import FormatError, UnsupportedError

_FIRST = ("inputs", "sequences", "sequence", "x", "data")
_ATTENTION = ("query", "value", "key")
_STATES = {"LSTM", "GRU", "SimpleRNN"}
_MASKED = {"MultiHeadAttention", "Attention", "AdditiveAttention"}
_SETTINGS = ("use_causal_mask",)
_MEANINGLESS = ("training", "name")


class Tensor(str):
    """The name of a value of the graph, among arguments that may be plain text."""


@dataclass(frozen=True)
class Reference:
    """A tensor of a functional model: the result of the k-th call of a layer."""

    layer: str
    call: int
    tensor: int


@dataclass(frozen=True)
class Arguments:
    """What a layer is called with; tensors are References, once they are computed Tensors."""

    positional: Sequence[Any] = ()
    keywords: Mapping[str, Any] = field(default_factory=dict)

    def tensors(self) -> list[Any]:
        """All references or tensors, in order."""
        return [*_tensors(list(self.positional)), *_tensors(list(self.keywords.values()))]

    def filled(self, value: Callable[[Reference], Tensor]) -> Arguments:
        """The same with tensors in the place of references."""
        keywords = {name: _filled(item, value) for name, item in self.keywords.items()}
        return Arguments([_filled(item, value) for item in self.positional], keywords)


def _tensors(item: Any) -> Iterator[Any]:
    if isinstance(item, Reference | Tensor):
        yield item
    elif isinstance(item, Mapping):
        yield from _tensors(list(item.values()))
    elif isinstance(item, list | tuple):
        for inner in item:
            yield from _tensors(inner)


def _filled(item: Any, value: Callable[[Reference], Tensor]) -> Any:
    if isinstance(item, Reference):
        return value(item)
    if isinstance(item, Mapping):
        return {name: _filled(inner, value) for name, inner in item.items()}
    return [_filled(inner, value) for inner in item] if isinstance(item, list) else item


def read_call(item: Any) -> Arguments:
    """The arguments of one call as the file has them."""
    if isinstance(item, dict):
        keywords = {str(name): _plain(value) for name, value in item.get("kwargs", {}).items()}
        return Arguments([_plain(value) for value in item.get("args", [])], keywords)
    tensors: list[Any] = []
    keywords = {}
    for entry in [item] if _is_reference(item) else item:
        tensors.append(_plain(entry[:3]))
        if len(entry) > 3 and isinstance(entry[3], dict):
            keywords.update({str(name): _plain(value) for name, value in entry[3].items()})
    return Arguments(tensors[:1] if len(tensors) == 1 else [tensors], keywords)


def listed(item: Any) -> list[Reference]:
    """The inputs or outputs of a model."""
    return Arguments([_plain(item)]).tensors()


def _is_reference(item: Any) -> bool:
    """Whether this is one tensor, or a constant in the place of one."""
    if isinstance(item, list) and item[:2] == ["_CONSTANT_VALUE", -1] and len(item) > 2:
        return True
    return (
        isinstance(item, list)
        and len(item) >= 3
        and isinstance(item[0], str)
        and all(isinstance(n, int) for n in item[1:3])
    )


def _plain(item: Any) -> Any:
    if isinstance(item, dict):
        if item.get("class_name") == "__keras_tensor__":
            layer, call, tensor = item["config"]["keras_history"]
            return Reference(str(layer), int(call), int(tensor))
        if item.get("class_name") == "__slice__":
            return slice(*(item["config"][key] for key in ("start", "stop", "step")))
        if item.get("class_name") == "__ellipsis__":
            return Ellipsis
        return {name: _plain(value) for name, value in item.items()}
    if _is_reference(item):
        if item[0] == "_CONSTANT_VALUE":
            return item[2]
        return Reference(item[0], item[1], item[2])
    return [_plain(value) for value in item] if isinstance(item, list) else item


def tensors_of(kind: str, label: str, arguments: Arguments) -> list[str]:
    """The tensors that a layer reads, in the order of its own parameters.

    UnsupportedError for arguments that are no tensors and say something.
    """
    ordered = list(_tensors(list(arguments.positional)))
    if len(ordered) != sum(1 for _ in _leaves(arguments.positional)):
        raise UnsupportedError(
            f"{label}: is called with {list(arguments.positional)!r}, which is not supported"
        )
    names = (
        _ATTENTION
        if kind == "MultiHeadAttention"
        else (*_FIRST, *(("initial_state",) if kind in _STATES else ()))
    )
    rest = dict(arguments.keywords)
    for name in names:
        ordered += _tensors([rest.pop(name, None)])
    for name, value in rest.items():
        if kind in _MASKED and name in _SETTINGS:
            continue
        if name not in _MEANINGLESS and value not in (None, False, []):
            raise UnsupportedError(f"{label}: is called with {name}={value!r}, which is not supported")
    if not ordered:
        raise FormatError(f"{label}: is called with nothing")
    return ordered


def call_settings(kind: str, arguments: Arguments) -> dict[str, Any]:
    """Arguments of a call that say what a setting says."""
    if kind not in _MASKED:
        return {}
    return {name: arguments.keywords[name] for name in _SETTINGS if arguments.keywords.get(name)}


def _leaves(item: Any) -> Iterator[Any]:
    """All arguments that say something."""
    if isinstance(item, list | tuple):
        for inner in item:
            yield from _leaves(inner)
    elif item is not None:
        yield item
