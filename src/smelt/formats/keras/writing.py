"""A Keras 3 model being written: layers and operations of keras.ops in order, and the arrays of the layers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from smelt.errors import UnsupportedError
from smelt.ir import Array, DType, Graph, Node, Value
from smelt.operators.operator import Call

_INPUT = "InputLayer"


@dataclass(frozen=True)
class Result:
    """A tensor of the model: which result of which layer, and what describes it."""

    layer: str
    index: int
    value: Value


@dataclass
class Written:
    """What a function that writes one operator adds to."""

    graph: Graph
    layers: list[dict[str, Any]] = field(default_factory=list)
    weights: list[tuple[str, str, list[Array]]] = field(default_factory=list)
    """(class, layer, arrays) of each layer in order."""
    results: dict[str, Result] = field(default_factory=dict)
    parents: dict[str, list[str]] = field(default_factory=dict)
    """The layers that each layer reads."""
    node: Node | None = None
    open_batch: bool = True

    @property
    def label(self) -> str:
        """The operator that is being written, for messages."""
        return self.node.label if self.node else "the model"

    def unsupported(self, what: str) -> UnsupportedError:
        """An error that names the operator."""
        return UnsupportedError(f"{self.label}: {what} cannot be said in Keras's layers")

    def constant(self, name: str | None) -> Array | None:
        """The contents of a constant, None where the tensor is computed or absent."""
        return None if name is None else self.graph.constants.get(name)

    def weights_of(self, name: str | None) -> Array:
        """The same where it must be known."""
        array = self.constant(name)
        if array is None:
            raise self.unsupported(f"'{name}', which is computed,")
        return array

    def read(self, name: str) -> Result:
        """A tensor of the graph as the model has it."""
        return self.results[name]

    def add(
        self,
        kind: str,
        config: Mapping[str, Any],
        inputs: Sequence[Any],
        shapes: Sequence[Value],
        arrays: Sequence[Array] = (),
        module: str = "keras.layers",
        keywords: Mapping[str, Any] | None = None,
    ) -> list[Result]:
        """Append a layer, or an operation of keras.ops; returns its results."""
        name = self._name()
        for array in arrays:
            if array.dtype != np.float32:
                raise self.unsupported(f"{array.dtype} weights")
        is_layer = module == "keras.layers"
        own = {"name": name, **({"trainable": True, "dtype": "float32"} if is_layer else {}), **config}
        entry: dict[str, Any] = {
            "module": module,
            "class_name": kind,
            "config": own,
            "registered_name": None if is_layer else kind,
            "name": name,
            "inbound_nodes": [
                {"args": [said(item) for item in inputs], "kwargs": said(dict(keywords or {}))}
            ],
        }
        tensors = [item for item in _flat(inputs) if isinstance(item, Result)]
        more = [item for item in _flat(list((keywords or {}).values())) if isinstance(item, Result)]
        self.parents[name] = [item.layer for item in (*tensors, *more)]
        if is_layer and tensors:
            sizes = [[None, *item.value.shape[1:]] for item in tensors]
            entry["build_config"] = {"input_shape": sizes[0] if len(sizes) == 1 else sizes}
        self.layers.append(entry)
        if is_layer:
            self.weights.append((kind, name, list(arrays)))
        return [Result(name, index, value) for index, value in enumerate(shapes)]

    def operation(
        self, kind: str, inputs: Sequence[Any], value: Value, config: Mapping[str, Any] | None = None,
        module: str = "numpy", keywords: Mapping[str, Any] | None = None,
    ) -> Result:  # fmt: skip
        """An operation of keras.ops with one result."""
        return self.add(
            kind, config or {}, inputs, [value], module=f"keras.src.ops.{module}", keywords=keywords
        )[0]

    def operand(self, name: str) -> Any:
        """A tensor of the model, or the contents of a constant."""
        array = self.constant(name)
        return self.read(name) if array is None else array

    def call(self) -> Call:
        """The call that is being written, with its attributes."""
        from smelt.operators import call_of

        assert self.node is not None
        return call_of(self.graph, self.node)

    def input(self, value: Value) -> None:
        """Append an input of the model."""
        if value.dtype not in (DType.F32, DType.S32, DType.S64, DType.BOOL) or value.quantization:
            raise UnsupportedError(
                f"input '{value.name}' of {value.dtype.value} cannot be said in Keras's layers"
            )
        name = self._name(value.name)
        config = {
            "name": name,
            "batch_shape": list(value.shape),
            "dtype": value.dtype.numpy.name,
            "sparse": False,
        }
        self.layers.append(
            {
                "module": "keras.layers", "class_name": _INPUT, "config": config, "registered_name": None,
                "name": name, "inbound_nodes": [],
            }
        )  # fmt: skip
        self.weights.append((_INPUT, name, []))
        self.parents[name] = []
        self.results[value.name] = Result(name, 0, value)

    def _name(self, stem: str | None = None) -> str:
        """A name that no layer has: Keras wants no slash in one."""
        chosen = (stem or (self.node.name if self.node else "layer")).replace("/", "_") or "layer"
        names = {layer["name"] for layer in self.layers}
        name, number = chosen, 0
        while name in names:
            number += 1
            name = f"{chosen}_{number}"
        return name


def _flat(item: Any) -> list[Any]:
    if isinstance(item, list | tuple):
        return [inner for part in item for inner in _flat(part)]
    return [item]


def said(item: Any) -> Any:
    """An argument of a call as the configuration has it."""
    if isinstance(item, Result):
        config = {
            "shape": [None, *item.value.shape[1:]] if item.value.shape else [],
            "dtype": item.value.dtype.numpy.name,
            "keras_history": [item.layer, 0, item.index],
        }
        return {"class_name": "__keras_tensor__", "config": config}
    if isinstance(item, np.ndarray):
        return {"class_name": "__numpy__", "config": {"value": item.tolist(), "dtype": item.dtype.name}}
    if isinstance(item, slice):
        config = {"start": item.start, "stop": item.stop, "step": item.step}
        return {"class_name": "__slice__", "config": config}
    if isinstance(item, Mapping):
        return {name: said(inner) for name, inner in item.items()}
    return [said(inner) for inner in item] if isinstance(item, list | tuple) else item
