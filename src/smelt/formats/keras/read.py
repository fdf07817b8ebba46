"""Reading a Keras model, a .keras archive or a legacy .h5 file, into a Graph."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from smelt.errors import FormatError, GraphError, UnknownInputError, UnsupportedError, UsageError
from smelt.formats.keras import attention, images, normalization, recurrent  # register their layers
from smelt.formats.keras.archive import Archive, Config, Path, layer_name, layers_of, read_archive
from smelt.formats.keras.building import Layer
from smelt.formats.keras.calls import (
    Arguments,
    Reference,
    Tensor,
    call_settings,
    listed,
    read_call,
    tensors_of,
)
from smelt.formats.keras.lambdas import FUNCTIONS, KINDS, call_lambda
from smelt.formats.keras.layers import HEEDS_MASKS, LAYERS, translate
from smelt.formats.keras.operations import MODULES, OPERATIONS, operate
from smelt.formats.keras.weights import MODELS
from smelt.ir import DType, Graph
from smelt.operators import verify_graph
from smelt.operators.builder import GraphBuilder

__all__ = ["attention", "images", "normalization", "read_keras", "recurrent"]

_KERAS_MODULES = ("keras", "tensorflow.keras", "tf_keras", "tensorflow.python.keras")
_LISTED = 20
_LARGEST = 1 << 28
"""The most elements of an input."""
_DTYPES = {
    "float32": DType.F32,
    "int32": DType.S32,
    "int64": DType.S64,
    "bool": DType.BOOL,
    "uint8": DType.U8,
}


def read_keras(data: bytes, name: str = "model", shapes: Mapping[str, Sequence[int]] | None = None) -> Graph:
    """The graph in a .keras or .h5 file: sequential and functional models, nested ones included, in float32.

    `shapes` fixes what the model leaves open, by input name; a batch that is left open is 1.  Needs the extra
    `keras` (h5py), neither Keras nor TensorFlow; no code in the file is run.

    Raises FormatError for damaged files, UnsupportedError naming the layers that smelt does not read.
    """
    archive = read_archive(data)
    try:
        return _Reader(archive, name, dict(shapes or {})).read()
    except GraphError as error:
        raise FormatError(f"the model contradicts itself: {error}") from error
    except (KeyError, IndexError, TypeError, ValueError, AttributeError, RecursionError) as error:
        raise FormatError(f"the model's configuration makes no sense: {error}") from error


class _Reader:
    """Builds the graph call by call."""

    def __init__(self, archive: Archive, name: str, shapes: dict[str, Sequence[int]]) -> None:
        self.archive = archive
        self.builder = GraphBuilder(name)
        self.shapes = shapes

    def read(self) -> Graph:
        """Inputs first, then the layers that the outputs need."""
        config = self.archive.config
        self._check(config)
        outputs = self._model(config, [self._input(layer) for layer in self._input_layers(config)], ())
        if unknown := self.shapes.keys() - set(self.builder.inputs):
            raise UnknownInputError(min(unknown), self.builder.inputs)
        return verify_graph(self.builder.build(outputs))

    def _check(self, config: Config) -> None:
        """Raise UnsupportedError with all layers that nothing here reads."""
        known = {*LAYERS, *MODELS, "InputLayer"}

        def is_known(layer: Config) -> bool:
            if layer["class_name"] in KINDS:
                return layer["config"].get("function") in FUNCTIONS
            if _is_operation(layer):
                return layer["class_name"] in OPERATIONS
            return _is_of_keras(layer) and layer["class_name"] in known

        unknown = [
            f"{layer['class_name']} '{layer_name(layer)}'"
            for layer in _all_layers(config)
            if not is_known(layer)
        ]
        self._check_masks(config)
        if unknown:
            more = f" and {len(unknown) - _LISTED} more" if len(unknown) > _LISTED else ""
            raise UnsupportedError(
                f"layers that are not supported: {', '.join(unknown[:_LISTED])}{more}. A custom layer or a Lambda is "
                "Python code, which smelt does not run: express it by Keras's own layers, or export the model to ONNX "
                "or as a SavedModel"
            )

    def _check_masks(self, config: Config) -> None:
        """Raise UnsupportedError where a layer says which steps count, and another one asks."""
        layers = _all_layers(config)
        masking = [n for n in layers if n["class_name"] == "Masking" or n["config"].get("mask_zero")]
        heeding = [n for n in layers if n["class_name"] in HEEDS_MASKS]
        if masking and heeding:
            raise UnsupportedError(
                f"layer '{layer_name(masking[0])}' masks steps, which layer '{layer_name(heeding[0])}' leaves out; "
                "masks are not supported. Where sequences always have their full length, build the model without "
                "mask_zero and without Masking"
            )

    def _input_layers(self, config: Config) -> list[Config]:
        layers = layers_of(config)
        if config["class_name"] == "Sequential":
            first = layers[0]
            if first["class_name"] in MODELS:
                return self._input_layers(first)
            if first["class_name"] != "InputLayer" and not _declared_shape(first):
                shape = (
                    config["config"].get("build_input_shape") if isinstance(config["config"], dict) else None
                )
                if shape is None:
                    raise UnsupportedError(
                        "the sequential model does not say the shape of its input: build it before saving, "
                        "model.build((None, ...))"
                    )
                return [{"class_name": "InputLayer", "config": {"name": "input", "batch_shape": shape}}]
            return [first]
        by_name = {layer_name(layer): layer for layer in layers}
        return [by_name[reference.layer] for reference in listed(config["config"]["input_layers"])]

    def _input(self, layer: Config) -> str:
        config = layer["config"]
        own = layer_name(layer)
        declared = _declared_shape(layer)
        kind = config.get("dtype", "float32")
        dtype = kind if isinstance(kind, str) else kind.get("config", {}).get("name", "float32")
        if layer["class_name"] == "Embedding":
            dtype = "int32"
        given = self.shapes.get(own)
        asked = declared if not declared or declared[0] is not None else [1, *declared[1:]]
        shape = tuple(given) if given is not None else tuple(asked or ())
        fixed = [int(n) for n in shape if n is not None]
        if declared is None or len(fixed) != len(shape):
            raise UsageError(
                f"input '{own}' has the shape {declared}: fix what is None, for example --shape "
                f"{own}={','.join(str(n or 16) for n in shape)}"
            )
        if not all(0 <= n <= _LARGEST for n in fixed) or math.prod(fixed) > _LARGEST:
            raise FormatError(f"input '{own}': its shape {fixed} makes no sense")
        return self.builder.input(own, _DTYPES.get(dtype, DType.F32), fixed)

    def _model(self, config: Config, inputs: Sequence[str], path: Path) -> list[str]:
        """One call of a model; a nested model is built again for every call."""
        if config["class_name"] == "Sequential":
            current = list(inputs)
            for layer in layers_of(config):
                if layer["class_name"] != "InputLayer":
                    current = self._call(layer, Arguments([[Tensor(name) for name in current]]), path)
            return current
        return _FunctionalCall(self, config, inputs, path).outputs()

    def _call(self, layer: Config, arguments: Arguments, path: Path) -> list[str]:
        own = (*path, layer_name(layer))
        kind = layer["class_name"]
        if kind in MODELS:
            return self._model(layer, arguments.tensors(), own)
        arrays = self.archive.weights.get(own, {})
        about = Layer(self.builder, own, kind, arrays, keras=self.archive.keras)
        if kind in KINDS:
            result = call_lambda(about, layer["config"], arguments)
        elif _is_operation(layer):
            result = operate(about, kind, layer["config"], arguments)
        else:
            inputs = tensors_of(kind, about.label, arguments)
            settings = {**layer["config"], **call_settings(kind, arguments)}
            result = translate(about, kind, settings, inputs)
        return [result] if isinstance(result, str) else list(result)


class _FunctionalCall:
    """One call of a functional model: values by layer and number of the call."""

    def __init__(self, reader: _Reader, config: Config, inputs: Sequence[str], path: Path) -> None:
        self.reader, self.path = reader, path
        self.layers = {layer_name(layer): layer for layer in layers_of(config)}
        self.results: dict[tuple[str, int], list[str]] = {}
        self.wanted = listed(config["config"]["output_layers"])
        for reference, value in zip(listed(config["config"]["input_layers"]), inputs, strict=True):
            self.results[(reference.layer, 0)] = [value]
        self.calls = {name: _calls(layer) for name, layer in self.layers.items()}
        self.inner = [found for some in self.calls.values() for call in some for found in call.tensors()]
        nodes = [node for layer in self.layers.values() for node in layer["inbound_nodes"]]
        self.is_keras_3 = any(isinstance(node, dict) for node in nodes)

    def outputs(self) -> list[str]:
        """The values of the model's outputs."""
        return [self._value(reference, is_output=True) for reference in self.wanted]

    def _value(self, reference: Reference, *, is_output: bool) -> str:
        """A value, computed when it is first asked for; without recursion, since models can be deep."""
        goal = (reference.layer, self._number(reference, is_output))
        pending = [goal]
        while pending:
            name, number = pending[-1]
            if (name, number) in self.results:
                pending.pop()
                continue
            arguments = self.calls[name][number]
            needed = [(r.layer, self._number(r, False)) for r in arguments.tensors()]
            missing = [key for key in needed if key not in self.results]
            if len(pending) > len(self.inner) + len(self.layers) + 1:
                raise FormatError(f"layer '{name}' needs its own result")
            if missing:
                pending += missing
                continue
            filled = arguments.filled(
                lambda r: Tensor(self.results[(r.layer, self._number(r, False))][r.tensor])
            )
            self.results[(name, number)] = self.reader._call(self.layers[name], filled, self.path)
            pending.pop()
        return self.results[goal][reference.tensor]

    def _number(self, reference: Reference, is_output: bool) -> int:
        """The call's index among those in the file.

        Calls of nested models are counted from 1 in Keras 2, since the model's own construction is the first; in
        Keras 3 from 0 among layers and from 1 among outputs.
        """
        layer = self.layers[reference.layer]
        if layer["class_name"] not in MODELS:
            return reference.call
        if self.is_keras_3:
            return reference.call - int(is_output and layer["class_name"] != "Sequential")
        largest = max(r.call for r in (*self.inner, *self.wanted) if r.layer == reference.layer)
        return reference.call - int(largest == len(layer["inbound_nodes"]))


def _declared_shape(layer: Config) -> list[int | None] | None:
    config = layer["config"]
    shape = config.get("batch_shape", config.get("batch_input_shape"))
    return None if shape is None else list(shape)


def _all_layers(config: Config) -> list[Config]:
    found: list[Config] = []
    for layer in layers_of(config):
        found += _all_layers(layer) if layer["class_name"] in MODELS else [layer]
    return found


def _calls(layer: Config) -> list[Arguments]:
    return [read_call(node) for node in layer["inbound_nodes"]]


def _is_operation(layer: Config) -> bool:
    """Whether the layer stands for a function of keras.ops: classes there have the names of layers."""
    return str(layer.get("module") or "").startswith(MODULES)


def _is_of_keras(layer: Config) -> bool:
    """Whether a layer is Keras's own: it may share its class's name with a custom one."""
    module, registered = layer.get("module"), layer.get("registered_name")
    if registered and ">" in registered and not registered.startswith(("keras", "Keras")):
        return False
    return module is None or module.startswith(_KERAS_MODULES)
