"""The modules of a TorchScript file: objects with attributes, each named by its path in the whole."""

from __future__ import annotations

from typing import Any

import numpy as np

from smelt.errors import FormatError
from smelt.formats.pytorch.pickles import Thing
from smelt.formats.pytorch.storage import QuantizedArray
from smelt.formats.pytorch.tracing import Tracer

_MOST_MODULES = 20_000


class Modules:
    """A root module and all that it holds; what the model's code sets is kept apart from what the file stores."""

    def __init__(self, root: Any) -> None:
        if not isinstance(root, Thing):
            raise FormatError("the file's data.pkl holds no module")
        self.root = root
        self._paths: dict[int, str] = {}
        self._names: dict[int, str] = {}
        self._things: list[Thing] = []
        self._set: dict[tuple[int, str], Any] = {}
        waiting: list[tuple[str, Any]] = [("", root)]
        while waiting:
            path, value = waiting.pop()
            if isinstance(value, Thing) and id(value) not in self._paths:
                self._paths[id(value)] = path
                self._things.append(value)
                items = reversed(list(value.attributes.items()))
                waiting += [(f"{path}.{name}" if path else name, item) for name, item in items]
                waiting += [(path, item) for item in _parts(value.state)]
            elif isinstance(value, np.ndarray | QuantizedArray):
                self._names.setdefault(id(value), path)
            if len(self._paths) > _MOST_MODULES:
                raise FormatError(f"the file has more than {_MOST_MODULES} modules")

    def path(self, value: Any, otherwise: str) -> str:
        """Where a module is in the whole ("features.0"); `otherwise` for what is no module."""
        return self._paths.get(id(value), otherwise) if isinstance(value, Thing) else otherwise

    def get(self, thing: Thing, name: str) -> Any:
        """An attribute; FormatError when there is none."""
        if (id(thing), name) in self._set:
            return self._set[id(thing), name]
        if name not in thing.attributes:
            raise FormatError(f"'{self.path(thing, thing.type)}' has no attribute '{name}'")
        return thing.attributes[name]

    def set(self, thing: Thing, name: str, value: Any) -> None:
        """Give an attribute another value while tracing."""
        self._set[id(thing), name] = value

    def wrapped(self, tracer: Tracer, name: str, value: Any) -> Any:
        """A stored value with its tensors as the tracer's, named by their paths."""
        if isinstance(value, np.ndarray | QuantizedArray):
            return tracer.constant(self._names.get(id(value), name), value)
        if isinstance(value, list | tuple) and any(isinstance(item, _STORED) for item in value):
            return type(value)(self.wrapped(tracer, name, item) for item in value)
        if isinstance(value, Thing) and value.type.endswith("LinearPackedParamsBase"):
            return list(self.wrapped(tracer, name, value.state)) if isinstance(value.state, tuple) else value
        return value

    def waiting(self) -> list[Thing]:
        """The objects that have a state, which a method of theirs has to unpack."""
        return [thing for thing in self._things if thing.state is not None]


_STORED = (np.ndarray, QuantizedArray)


def _parts(state: Any) -> list[Any]:
    """What a state holds, lists within it included."""
    if isinstance(state, list | tuple):
        return [
            part for item in state for part in (_parts(item) if isinstance(item, list | tuple) else [item])
        ]
    return [state]
