"""The converter that users of TensorFlow Lite know, for models of every origin.

>>> converter = smelt.Converter.from_torch(module, (image,))
>>> converter.optimizations = [smelt.Optimize.DEFAULT]
>>> converter.representative_dataset = lambda: ([image] for image in images)
>>> tflite_bytes = converter.convert()
"""

from __future__ import annotations

import enum
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

import numpy as np

from smelt.errors import UnsupportedError, UsageError
from smelt.formats import load
from smelt.formats.tflite import write_tflite
from smelt.ir import Graph
from smelt.passes import optimize
from smelt.quantize.quantize_graph import IoType, quantize_graph
from smelt.quantize.scheme import SCHEMES


class Optimize(enum.Enum):
    """What is optimized beyond what costs nothing; TensorFlow's members of the same names do as well."""

    DEFAULT = "DEFAULT"
    OPTIMIZE_FOR_SIZE = "OPTIMIZE_FOR_SIZE"
    OPTIMIZE_FOR_LATENCY = "OPTIMIZE_FOR_LATENCY"


class OpsSet(enum.Enum):
    """The operators that a target has, by their types; TensorFlow's members of the same names do as well."""

    TFLITE_BUILTINS = "TFLITE_BUILTINS"
    TFLITE_BUILTINS_INT8 = "TFLITE_BUILTINS_INT8"
    EXPERIMENTAL_TFLITE_BUILTINS_ACTIVATIONS_INT16_WEIGHTS_INT8 = (
        "EXPERIMENTAL_TFLITE_BUILTINS_ACTIVATIONS_INT16_WEIGHTS_INT8"
    )


@dataclass
class TargetSpec:
    """What the target runs: sets of operators, and element types that constants may be narrowed to."""

    supported_ops: Sequence[object] = (OpsSet.TFLITE_BUILTINS,)
    supported_types: Sequence[object] = ()


@dataclass
class Converter:
    """A model on its way to a .tflite file; set what you want, then `convert`.

    optimizations: empty for a float model; with any member of `Optimize` it is quantized: to float16 where
    `target_spec.supported_types` says so, to int8 or int16x8 with a `representative_dataset`, else its weights only.
    representative_dataset: a function (or an iterable) that yields samples: arrays, sequences in input order, or
    mappings by input name.
    inference_input_type, inference_output_type: what the quantized model takes and gives, float32 or its integer type
    (a numpy type or its name).
    """

    graph: Graph
    optimizations: Sequence[object] = ()
    representative_dataset: Callable[[], Iterable[object]] | Iterable[object] | None = None
    target_spec: TargetSpec = field(default_factory=TargetSpec)
    inference_input_type: object = np.float32
    inference_output_type: object = np.float32

    @classmethod
    def from_saved_model(
        cls, saved_model_dir: Path | str, signature_keys: Sequence[str] | None = None
    ) -> Converter:
        """A TensorFlow SavedModel folder; at most one signature.  TensorFlow is not needed."""
        if signature_keys is not None and len(signature_keys) > 1:
            raise UsageError(f"one signature at a time is converted, given {', '.join(signature_keys)}")
        return cls(load(saved_model_dir, signature=signature_keys[0] if signature_keys else None))

    @classmethod
    def from_keras_model(cls, model: Any) -> Converter:
        """A live Keras model, or the path of a .keras or .h5 file."""
        return cls(load(model))

    @classmethod
    def from_concrete_functions(cls, funcs: Sequence[Any], trackable_obj: Any = None) -> Converter:
        """A TensorFlow concrete function (a list of one); needs TensorFlow."""
        if len(funcs) != 1:
            raise UsageError(f"one concrete function at a time is converted, given {len(funcs)}")
        return cls(load(funcs[0]))

    @classmethod
    def from_torch(cls, module: Any, example_inputs: Sequence[Any] | None = None) -> Converter:
        """A torch.nn.Module with example inputs, an exported program, or the path of a .pt2, .pt or .ptl file."""
        return cls(load(module, example_inputs=example_inputs))

    @classmethod
    def from_onnx(
        cls, model: Path | str | bytes | Any, shapes: Mapping[str, Sequence[int]] | None = None
    ) -> Converter:
        """An .onnx file, its bytes, or a live onnx.ModelProto."""
        return cls(load(model, shapes=shapes))

    def convert(self) -> bytes:
        """The bytes of the .tflite file.

        Raises UsageError for wishes that contradict each other, UnsupportedError naming the operator that cannot be
        quantized or written.
        """
        graph = optimize(self.graph)
        scheme = self._scheme()
        inputs, outputs = (
            _type_name(kind) for kind in (self.inference_input_type, self.inference_output_type)
        )
        if scheme == "float32":
            if (inputs, outputs) != ("float32", "float32"):
                raise UsageError(f"a float model has float32 inputs and outputs, not {inputs} and {outputs}")
            return write_tflite(graph)
        if scheme not in SCHEMES:
            raise UnsupportedError(f"smelt does not quantize to {scheme}; it does to {', '.join(SCHEMES)}")
        quantized = quantize_graph(
            graph,
            scheme,
            self.representative_dataset,
            input_type=cast(IoType, inputs),
            output_type=cast(IoType, outputs),
            strict=OpsSet.TFLITE_BUILTINS.name not in map(_member, self.target_spec.supported_ops),
        )
        return write_tflite(quantized)

    def _scheme(self) -> str:
        """The quantization that the wishes come to, by smelt's name."""
        wishes = {_member(item) for item in self.optimizations}
        if unknown := wishes - set(Optimize.__members__):
            raise UsageError(
                f"there is no optimization {min(unknown)}; there are {', '.join(Optimize.__members__)}"
            )
        sets = {_member(item) for item in self.target_spec.supported_ops}
        if unknown := sets - set(OpsSet.__members__):
            raise UsageError(f"smelt has no operators of the set {min(unknown)}")
        int16 = OpsSet.EXPERIMENTAL_TFLITE_BUILTINS_ACTIVATIONS_INT16_WEIGHTS_INT8.name in sets
        if not wishes:
            if int16 or OpsSet.TFLITE_BUILTINS_INT8.name in sets:
                raise UsageError("set `optimizations` too: without them the model stays float")
            return "float32"
        if self.representative_dataset is not None:
            return "int16x8" if int16 else "int8"
        if int16 or sets == {OpsSet.TFLITE_BUILTINS_INT8.name}:
            raise UsageError("set `representative_dataset`: integer models are calibrated on samples")
        halves = "float16" in {_type_name(kind) for kind in self.target_spec.supported_types}
        return "float16" if halves else "dynamic"


def _member(item: object) -> str:
    """The name of a member of an enumeration, ours or TensorFlow's."""
    return str(getattr(item, "name", item))


def _type_name(kind: object) -> str:
    """The name of an element type: numpy's, TensorFlow's or a text."""
    try:
        return np.dtype(getattr(kind, "as_numpy_dtype", kind)).name  # type: ignore[call-overload, no-any-return]
    except TypeError as error:
        raise UsageError(f"{kind!r} is no element type") from error
