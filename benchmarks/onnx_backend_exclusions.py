"""Which of ONNX's backend tests are of a kind that firmware for microcontrollers has no use for, by rule."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from typing import Any

_STRING = 8
_BFLOAT16 = 16
_FLOAT8 = frozenset((17, 18, 19, 20, 24))

_BY_OPERATOR = {
    "strings": "StringNormalizer StringSplit StringConcat RegexFullMatch",
    "sequences, maps, optionals": """SequenceAt SequenceConstruct SequenceEmpty SequenceErase SequenceInsert
        SequenceLength SequenceMap ConcatFromSequence SplitToSequence Optional OptionalHasElement
        OptionalGetElement ZipMap DictVectorizer CastMap""",
    "training and optimizers": """NegativeLogLikelihoodLoss SoftmaxCrossEntropyLoss Adagrad Adam Momentum
        Gradient""",
    "random": "RandomNormal RandomNormalLike RandomUniform RandomUniformLike Bernoulli Multinomial",
    "image decoding": "ImageDecoder",
    "NLP vectorizers": "TfIdfVectorizer",
}
_CATEGORY = {operator: category for category, names in _BY_OPERATOR.items() for operator in names.split()}
_TRAINING = "training and optimizers"
_CONTROL_FLOW = ("If", "Loop", "Scan")


@cache
def operator_names() -> frozenset[str]:
    """The names of all operators that ONNX has in its own domain."""
    from onnx import defs

    return frozenset(schema.name for schema in defs.get_all_schemas() if schema.domain == "")


def category(model: Any) -> str | None:
    """The first category that a model belongs to, or None."""
    graph = model.graph
    for node in graph.node:
        if node.op_type in _CATEGORY:
            return _CATEGORY[node.op_type]
        if node.domain == "ai.onnx.preview.training":
            return _TRAINING
    if _trains(graph):
        return _TRAINING
    kinds = {value.type.WhichOneof("value") for value in (*graph.input, *graph.output)}
    if kinds & {"sequence_type", "map_type", "optional_type"}:
        control = any(node.op_type in _CONTROL_FLOW for node in graph.node)
        return "control flow over sequences" if control else "sequences, maps, optionals"
    if kinds & {"sparse_tensor_type"} or graph.sparse_initializer:
        return "sparse"
    types = set(_element_types(graph))
    if _STRING in types:
        return "strings"
    if types & _FLOAT8:
        return "float8"
    return "bfloat16" if _BFLOAT16 in types else None


def _element_types(graph: Any) -> Iterator[int]:
    for value in (*graph.input, *graph.output, *graph.value_info):
        yield value.type.tensor_type.elem_type
    for tensor in graph.initializer:
        yield tensor.data_type
    for node in graph.node:
        for attribute in node.attribute:
            if attribute.HasField("t"):
                yield attribute.t.data_type
            if node.op_type == "Cast" and attribute.name == "to":
                yield attribute.i
            if attribute.name in ("value_string", "keys_strings", "values_strings"):
                yield _STRING


def _trains(graph: Any) -> bool:
    """Whether a dropout or a batch normalization is asked to do what it does in training."""
    names = {value.name for value in graph.input}
    for node in graph.node:
        if node.op_type == "BatchNormalization" and any(
            a.name == "training_mode" and a.i for a in node.attribute
        ):
            return True
        if node.op_type == "Dropout" and len(node.input) > 2 and node.input[2] in names | _constants(graph):
            return True
    return False


def _constants(graph: Any) -> frozenset[str]:
    return frozenset(output for node in graph.node if node.op_type == "Constant" for output in node.output)
