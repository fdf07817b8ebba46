"""dequantize, an operator on real numbers, quantize: one operator on int8 values, as the TFLite specification has it.

Formats that keep quantized networks as such pairs (ONNX, PyTorch) are read as they are written; this makes integer
networks of them.  Results are those of the pairs but for the rounding of fixed-point multipliers, and of outputs
whose parameters the specification fixes: those are computed with the fixed ones, then requantized.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from smelt.errors import SmeltError
from smelt.ir import Array, DType, Graph, Node, Quantization, Value
from smelt.ir.rewrite import Anything, Match, Pattern, Replacement, Rule, apply_rules
from smelt.operators import find_operator
from smelt.operators.fixed_point import quantize_value, round_half_away
from smelt.operators.operator import Call, Traits, Weights

_LARGEST_BIAS = 2**31 - 1
_ADDENDS = ("add", "sub")
_AVERAGES = ("average_pool_2d", "resize_bilinear")
"""Their int8 results have their input's parameters, but are rounded."""

_FINEST_SUM = 2.0**19
"""How many times finer than its inputs' the scale of a sum must not be."""


def fuse_quantized_operators(graph: Graph) -> Graph:
    """Move dequantize nodes past operators that only move elements, and fuse operators between them and quantize.

    An operator is fused where its inputs are int8 per tensor, its weights int8 and symmetric, its bias constant,
    and nothing else reads its real result.
    """
    return apply_rules(graph, RULES)


def _traits(node: Node) -> Traits:
    return find_operator(node.operator).traits


def _is_int8(value: Value) -> bool:
    return value.dtype is DType.S8 and value.quantization is not None and value.quantization.axis is None


def _requantized(match: Match) -> Replacement | None:
    """quantize(dequantize(x)): x itself, or x with other parameters."""
    source, result = match.value(match.tensor("x")), match.output
    bytes_ = source.dtype is DType.U8 and source.quantization is not None and source.quantization.axis is None
    if not (_is_int8(source) or bytes_) or not _is_int8(result):
        return None
    if source.dtype is result.dtype and source.quantization == result.quantization:
        return match.use("x")
    return Replacement((replace(match.root, inputs=(source.name,)),))


def _moves_elements(node: Node) -> bool:
    traits = _traits(node)
    if node.operator == "relu":
        return True
    if not traits.same_quantization or node.attributes.get("activation", "none") != "none":
        return False
    return node.operator not in _AVERAGES


def _moved(match: Match) -> Replacement | None:
    """An operator that moves elements, on integers: what is dequantized is its result."""
    node, result = match.root, match.output
    sources: list[Value] = []
    for name in node.inputs:
        producer = None if name is None else match.producer(name)
        if producer is None or producer.operator != "dequantize" or producer.inputs[0] is None:
            return None
        sources.append(match.value(producer.inputs[0]))
    first = sources[0]
    alike = all(s.quantization == first.quantization and _is_int8(s) for s in sources)
    if not alike or first.quantization is None or result.dtype is not DType.F32:
        return None
    padding = float(node.attributes.get("value", 0.0))  # type: ignore[arg-type]
    if node.operator == "pad" and not _is_representable(padding, first.quantization):
        return None
    inside = replace(result, name=match.fresh_name(f"{result.name}/int8"), dtype=DType.S8)
    inside = replace(inside, quantization=first.quantization)
    return Replacement(
        (
            replace(node, inputs=tuple(s.name for s in sources), outputs=(inside.name,)),
            Node("dequantize", (inside.name,), node.outputs, {}, f"dequantize {node.name}"),
        ),
        (inside,),
    )


def _is_representable(real: float, quantization: Quantization) -> bool:
    integer = quantize_value(real, quantization)
    exact = np.float32(integer - quantization.zero_point) * np.float32(quantization.scale) == np.float32(real)
    return bool(exact) and -128 <= integer <= 127


@dataclass
class _Fusion:
    """An operator that is being fused: what takes its place, and what is new."""

    match: Match
    node: Node
    activation: str
    before: list[Node] = field(default_factory=list)
    values: list[Value] = field(default_factory=list)
    constants: dict[str, Array] = field(default_factory=dict)

    def source(self, name: str | None) -> Value | None:
        """The quantized tensor behind a dequantize node."""
        producer = None if name is None else self.match.producer(name)
        if producer is None or producer.operator != "dequantize" or producer.inputs[0] is None:
            return None
        return self.match.value(producer.inputs[0])

    def with_parameters(self, value: Value, quantization: Quantization | None) -> str:
        """An int8 tensor, or a copy of it with other parameters."""
        if value.dtype is DType.S8 and value.quantization == quantization:
            return value.name
        copy = replace(
            value, name=self._fresh(f"{value.name}/requantized"), dtype=DType.S8, quantization=quantization
        )
        self.values.append(copy)
        self.before.append(Node("quantize", (value.name,), (copy.name,), {"dtype": "s8"}, copy.name))
        return copy.name

    def _fresh(self, stem: str) -> str:
        taken = {value.name for value in self.values}
        name = self.match.fresh_name(stem)
        return next(new for i in range(len(taken) + 1) if (new := f"{name}_{i}" if i else name) not in taken)

    def data(self, name: str) -> Value | None:
        """An operand: an int8 tensor behind a dequantize node (bytes of an input are made int8)."""
        value = self.source(name)
        if value is None or value.quantization is None or value.quantization.axis is not None:
            return None
        if value.dtype is not DType.U8:
            return value if value.dtype is DType.S8 else None
        own = value.quantization
        shifted = Quantization.per_tensor(own.scale, own.zero_point - 128)
        copied = self.with_parameters(value, shifted)
        return replace(value, name=copied, dtype=DType.S8, quantization=shifted)

    def weights(self, place: Weights) -> Value | None:
        """Constant int8 weights, symmetric per tensor or output channel."""
        value = self.source(self.node.inputs[place.input])
        if value is None or value.dtype is not DType.S8 or self.match.array(value.name) is None:
            return None
        own = value.quantization
        if own is None or own.axis not in (None, place.channel_axis) or any(own.zero_points):
            return None
        return value

    def bias(self, name: str, data: Value, weights: Value) -> str | None:
        """The bias as int32 in steps of the product of the scales; its own integers where they are that."""
        assert data.quantization is not None
        assert weights.quantization is not None
        own = self.source(name)
        steps = (data.quantization.scale * np.array(weights.quantization.scales)).astype(np.float32)
        if own is not None and own.dtype is DType.S32 and own.quantization is not None:
            scales = np.array(own.quantization.scales)
            if len(scales) in (1, len(steps)) and np.allclose(scales, steps, rtol=1e-5, atol=0):
                return own.name
        real = self._real(name, own)
        if real is None:
            return None
        integers = round_half_away(real / steps.astype(np.float64))
        if not np.all(np.abs(integers) <= _LARGEST_BIAS):
            return None
        axis = None if len(steps) == 1 else 0
        quantization = Quantization(tuple(map(float, steps)), (0,) * len(steps), axis)
        held = Value(self._fresh(f"{name}/int32"), DType.S32, real.shape, quantization)
        self.values.append(held)
        self.constants[held.name] = integers.astype(np.int32)
        return held.name

    def _real(self, name: str, own: Value | None) -> Array | None:
        array = self.match.array(name if own is None else own.name)
        if own is None or array is None:
            return array
        assert own.quantization is not None
        points = np.array(own.quantization.zero_points, np.int64)
        return np.asarray((array.astype(np.int64) - points) * np.array(own.quantization.scales))

    def inputs(self, wanted: Quantization | None) -> list[str | None] | None:
        """All inputs as integers; None where one cannot be.  `wanted`: parameters that the operands must have."""
        place = _traits(self.node).weights
        names = list(self.node.inputs)
        found: list[str | None] = []
        special: dict[int, str | None] = {}
        if place is not None:
            data, weights = self.data(str(names[place.data])), self.weights(place)
            if data is None or weights is None:
                return None
            special = {place.data: data.name, place.input: weights.name}
            bias = names[place.bias] if place.bias is not None and place.bias < len(names) else None
            if bias is not None and place.bias is not None:
                special[place.bias] = self.bias(bias, data, weights)
                if special[place.bias] is None:
                    return None
        for index, name in enumerate(names):
            if name is None or index in special:
                found.append(special.get(index))
                continue
            value = self.data(name)
            if value is None:
                return None
            found.append(self.with_parameters(value, wanted or value.quantization))
        return found


def _fused(match: Match) -> Replacement | None:
    """quantize(operator(dequantized …)), perhaps with an activation before quantize."""
    if not _is_int8(match.output):
        return None
    fusion = _fusion(match)
    if fusion is None or not _traits(fusion.node).quantizable:
        return None
    traits, result = _traits(fusion.node), match.output
    several = traits.same_quantization and len(fusion.node.inputs) > 1
    inputs = fusion.inputs(result.quantization if several else None)
    if inputs is None:
        return None
    known = {value.name: value for value in fusion.values}
    given = [None if name is None else known.get(name) or match.value(name) for name in inputs]
    own = _output_parameters(traits, given, result)
    made = result if own == result.quantization else replace(
        result, name=match.fresh_name(f"{result.name}/fixed"), quantization=own
    )  # fmt: skip
    attributes = dict(fusion.node.attributes)
    if fusion.activation:
        attributes["activation"] = fusion.activation
    node = Node(fusion.node.operator, tuple(inputs), (made.name,), attributes, fusion.node.name)
    if not _has_meaning(node, given, made, match, fusion.constants):
        return None
    nodes, values = [*fusion.before, node], list(fusion.values)
    if made is not result:
        values.append(made)
        nodes.append(replace(match.root, inputs=(made.name,)))
    return Replacement(tuple(nodes), tuple(values), fusion.constants)


def _averaged(match: Match) -> Replacement | None:
    """quantize(average_pool_2d(dequantized)) with parameters of its own: a depthwise convolution with equal weights.

    An int8 average pool rounds to its input's steps, which loses what the finer steps of averages could keep.
    """
    fusion = _fusion(match)
    if fusion is None or fusion.node.operator != "average_pool_2d" or not _is_int8(match.output):
        return None
    node, attributes = fusion.node, fusion.node.attributes
    size = find_operator(node.operator).parse(node)
    data = fusion.data(str(node.inputs[0]))
    if data is None or data.quantization == match.output.quantization or any(size.padding):
        return None
    height, width = size.filter
    one = Quantization.per_tensor(1 / (height * width))
    held = Value(
        match.fresh_name(f"{match.output.name}/ones"), DType.S8, (1, height, width, data.shape[-1]), one
    )
    kept = {"stride": size.stride, "activation": fusion.activation or attributes.get("activation", "none")}
    convolution = Node(
        "depthwise_conv_2d", (data.name, held.name), match.root.outputs, kept, node.name
    )  # fmt: skip
    constants: dict[str, Array] = {held.name: np.ones(held.shape, np.int8)}
    return Replacement((*fusion.before, convolution), (*fusion.values, held), constants)


def _fusion(match: Match) -> _Fusion | None:
    """The operator before quantize, and the activation between them; all read once."""
    read = match.root.inputs[0]
    last = None if read is None else match.producer(read)
    if read is None or last is None or match.uses(read) != 1:
        return None
    activation, name = _traits(last).activation, last.inputs[0] if last.inputs else None
    before = None if name is None else match.producer(name)
    alone = name is not None and match.uses(name) == 1
    if activation and alone and before is not None and _traits(before).fuses_activation:
        # A second activation would be another clamp.
        return _Fusion(match, before, activation) if _is_plain(before) else None
    if last.operator in ("quantize", "dequantize") or len(last.outputs) != 1:
        return None
    return _Fusion(match, last, "")


def _is_plain(node: Node) -> bool:
    return node.attributes.get("activation", "none") == "none"


def _output_parameters(traits: Traits, inputs: Sequence[Value | None], result: Value) -> Quantization | None:
    """Those that the operator can give: fixed ones, its input's, or the wanted ones."""
    if traits.fixed_output is not None:
        return traits.fixed_output(DType.S8)
    first = inputs[0]
    if traits.same_quantization and first is not None:
        return first.quantization
    return result.quantization


def _has_meaning(
    node: Node, inputs: Sequence[Value | None], output: Value, match: Match, constants: dict[str, Array]
) -> bool:
    """Whether the operator takes such integers."""
    scales = [v.quantization.scale for v in inputs if v is not None and _is_int8(v) and v.quantization]
    finest = 0.0 if output.quantization is None else _FINEST_SUM * output.quantization.scale
    if node.operator in _ADDENDS and not max(scales) < finest:
        return False
    operator = find_operator(node.operator)
    arrays = [None if name is None else constants.get(name, match.array(name)) for name in node.inputs]
    try:
        call = Call(node, operator.parse(node), tuple(inputs), (), tuple(arrays))
        (kind,) = operator.infer(call)
    except SmeltError:
        return False
    return kind.dtype is DType.S8 and kind.shape == output.shape


RULES = (
    Rule(
        "other parameters",
        Pattern("quantize", (Pattern("dequantize", (Anything("x"),)),)),
        _requantized,
    ),
    Rule("moved integers", Pattern(_moves_elements, (Pattern("dequantize"),)), _moved),
    Rule("averages in finer steps", Pattern("quantize", (Anything("x"),)), _averaged),
    Rule("operator on integers", Pattern("quantize", (Anything("x"),)), _fused),
)
