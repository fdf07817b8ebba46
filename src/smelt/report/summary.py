"""What is in a model: tensors, layers, parameters, work, memory."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from smelt.ir import Graph, Value
from smelt.memory import Step, lifetimes, peak_bound
from smelt.operators import call_of, find_operator


@dataclass(frozen=True)
class TensorSummary:
    """An input or output: name, type with shape, scale and zero point when quantized per tensor."""

    name: str
    type: str
    scale: float | None
    zero_point: int | None

    @property
    def quantization_text(self) -> str:
        """The quantization in words, empty when there is none."""
        return "" if self.scale is None else f", scale {self.scale:.8g}, zero point {self.zero_point}"


@dataclass(frozen=True)
class LayerSummary:
    """One node: its name, operator, first output's type, parameters and multiply-accumulates."""

    name: str
    operator: str
    output: str
    parameters: int
    macs: int


@dataclass(frozen=True)
class Summary:
    """A model at a glance; `live_peak_bytes` is the largest sum of tensors alive at once, in file order."""

    name: str
    inputs: tuple[TensorSummary, ...]
    outputs: tuple[TensorSummary, ...]
    layers: tuple[LayerSummary, ...]
    parameters: int
    constant_bytes: int
    macs: int
    live_peak_bytes: int

    def to_json(self) -> dict[str, Any]:
        """Plain data."""
        return asdict(self)


def type_text(value: Value) -> str:
    """Type and shape, for example s8[1,28,28,1]."""
    return f"{value.dtype.value}[{','.join(map(str, value.shape))}]"


def summarize(graph: Graph) -> Summary:
    """Summarize a graph."""
    layers = []
    for node in graph.nodes:
        call = call_of(graph, node)
        constants = [graph.values[n].elements for n in node.inputs if n is not None and n in graph.constants]
        macs = find_operator(node.operator).cost(call).macs
        layers.append(LayerSummary(node.name, node.operator, type_text(call.output), sum(constants), macs))
    return Summary(
        name=graph.name,
        inputs=tuple(_tensor(graph.values[n]) for n in graph.inputs),
        outputs=tuple(_tensor(graph.values[n]) for n in graph.outputs),
        layers=tuple(layers),
        parameters=sum(graph.values[n].elements for n in graph.constants),
        constant_bytes=sum(graph.values[n].bytes for n in graph.constants),
        macs=sum(layer.macs for layer in layers),
        live_peak_bytes=_live_peak(graph),
    )


def _tensor(value: Value) -> TensorSummary:
    parameters = value.quantization
    if parameters is None or parameters.axis is not None:
        return TensorSummary(value.name, type_text(value), None, None)
    return TensorSummary(value.name, type_text(value), parameters.scale, parameters.zero_point)


def _live_peak(graph: Graph) -> int:
    """The live peak of the nodes in their order; tensors that only rename another take nothing."""
    home = {name: name for name in graph.inputs}
    steps = []
    for index, node in enumerate(graph.nodes):
        source = home.get(node.inputs[0] or "") if node.inputs else None
        alias = find_operator(node.operator).traits.alias and source is not None
        for name in node.outputs:
            home[name] = source if alias and source is not None else name
        if not alias:
            inputs = tuple(dict.fromkeys(home[n] for n in node.inputs if n is not None and n in home))
            steps.append(Step(f"layer {index}", inputs, node.outputs))
    sizes = {name: graph.values[name].bytes for name in home}
    outputs = tuple(dict.fromkeys(home[n] for n in graph.outputs if n in home))
    return peak_bound(lifetimes(steps, sizes, graph.inputs, outputs)).bytes
