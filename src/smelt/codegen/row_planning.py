"""Layers as the row planner sees them, and the plan that the options ask for."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from math import inf

from smelt.codegen.kernel_forms import KernelForm, accumulates, kernel_forms, row_kernels
from smelt.codegen.layers import Layer, with_kernel
from smelt.codegen.options import Options
from smelt.errors import CompileError
from smelt.ir import Graph, Value
from smelt.memory.row_plan import Mode, plan_rows
from smelt.memory.rows import RowInput, RowLayer, RowPlan, RowTensor
from smelt.operators import find_operator
from smelt.operators.cycles import estimated_cycles
from smelt.operators.operator import Call, Needs
from smelt.operators.rows import row_count
from smelt.targets import Target

_ALLOWED_LOSS = {"balanced": 0.015, "ram": 0.19, "speed": 0.0, "size": 0.015, "flash": 0.015}


def layer_name(layer: Layer) -> str:
    """The name of a layer in plans."""
    return f"layer {layer.index}"


def plan_arena(
    graph: Graph,
    layers: Sequence[Layer],
    home: Mapping[str, str],
    target: Target,
    arrive: Sequence[str],
    leave: Sequence[str],
    options: Options,
    enough_bytes: int | None = None,
) -> tuple[RowPlan, tuple[Layer, ...]]:
    """The row plan for the options, and the layers with the kernels that it chose.

    Where a larger arena than `enough_bytes` can be avoided at all it is, by slower kernels. CompileError when a RAM
    budget cannot be met.
    """
    rows, tensors, forms = row_layers(graph, layers, home, target, options)
    made = _plan(rows, tensors, arrive, leave, options, _cycles(layers, target), enough_bytes)
    taken = [f[made.kernels[layer_name(layer)]] for layer, f in zip(layers, forms, strict=True)]
    chosen = tuple(
        with_kernel(layer, form.kernel, target, by_rows=form.by_rows) if form.kernel else layer
        for layer, form in zip(layers, taken, strict=True)
    )
    return made, chosen


def row_layers(
    graph: Graph, layers: Sequence[Layer], home: Mapping[str, str], target: Target, options: Options
) -> tuple[list[RowLayer], list[RowTensor], list[tuple[KernelForm, ...]]]:
    """Layers and tensors as the row planner sees them, and the forms of kernels that each layer offers."""
    tensors = [_tensor(graph, root, home, target) for root in dict.fromkeys(home.values())]
    shapes = {tensor.name: tensor for tensor in tensors}
    forms = [kernel_forms(layer, target, options) for layer in layers]
    rows = [_layer(layer, f, shapes, home, target, options) for layer, f in zip(layers, forms, strict=True)]
    return rows, tensors, forms


def _cycles(layers: Sequence[Layer], target: Target) -> float:
    """Estimated cycles of the layers as they were made."""
    return sum(estimated_cycles(layer.call, layer.kernel, target=target) for layer in layers if layer.kernel)


def _plan(
    rows: Sequence[RowLayer],
    tensors: Sequence[RowTensor],
    arrive: Sequence[str],
    leave: Sequence[str],
    options: Options,
    cycles: float,
    enough_bytes: int | None,
) -> RowPlan:
    """The plan that the options ask for, of a model that takes so many cycles."""

    def plan(mode: Mode, ram_bytes: int | None = None, price_limit: float = inf) -> RowPlan:
        return plan_rows(
            rows,
            tensors,
            arrive,
            leave,
            mode=mode,
            ram_bytes=ram_bytes,
            price_limit=price_limit,
            keep_inputs=options.keep_input,
        )

    fastest = plan("overlap", enough_bytes)
    if options.ram_bytes is not None:
        return _within(options.ram_bytes, fastest, lambda budget: plan("stream", budget))
    allowed = _ALLOWED_LOSS[options.optimize] * cycles
    if allowed == 0:
        return fastest
    least = plan("stream", price_limit=fastest.price + allowed)
    return least if least.arena_bytes < fastest.arena_bytes else fastest


def _within(ram_bytes: int, fastest: RowPlan, plan: Callable[[int], RowPlan]) -> RowPlan:
    if fastest.arena_bytes <= ram_bytes:
        return fastest
    found = plan(ram_bytes)
    if found.arena_bytes > ram_bytes:
        raise CompileError(
            f"no plan with an arena of {ram_bytes:,} bytes was found; the smallest found takes {found.arena_bytes:,}"
        )
    return found


def _tensor(graph: Graph, root: str, home: Mapping[str, str], target: Target) -> RowTensor:
    value = graph.values[root]
    rows = row_count(value)
    sharing = [graph.values[name].dtype.numpy.itemsize for name, other in home.items() if other == root]
    alignment = max(target.alignment_bytes, 4, *sharing)
    return RowTensor(root, rows, value.bytes // rows, alignment)


def _layer(
    layer: Layer,
    forms: Sequence[KernelForm],
    tensors: Mapping[str, RowTensor],
    home: Mapping[str, str],
    target: Target,
    options: Options,
) -> RowLayer:
    call = layer.call
    output = tensors[home[layer.node.outputs[0]]]
    first = home.get(str(call.node.inputs[0]))
    by_input = accumulates(forms) and first is not None
    read: dict[str, RowInput] = {}
    for index, value in enumerate(call.inputs):
        if value is None or value.name not in home:
            continue
        source = tensors[home[value.name]]
        if by_input and index == 0:
            wanted: Needs = tuple((row, row) for row in range(source.rows))
        else:
            wanted = _fitting(
                find_operator(layer.node.operator).traits.needs(call, index), value, source, output
            )
        item = RowInput(source.name, wanted, _overwritable(call, index, wanted, forms, source, output))
        known = read.get(source.name)
        if known is not None and known != item:
            item = RowInput(source.name, known.needs if known.needs == item.needs else None)
        read[source.name] = item
    if first is not None:
        # the planner takes the first input for the one whose place an output may take
        read = {first: read[first], **read}
    prices = options.prices.get(call.output.name, {})
    kernels = row_kernels(call, forms, target, prices, first is not None)
    return RowLayer(layer_name(layer), tuple(read.values()), output.name, kernels, by_input)


def _overwritable(
    call: Call,
    index: int,
    needs: Needs,
    forms: Sequence[KernelForm],
    source: RowTensor,
    output: RowTensor,
) -> bool:
    """Whether forms that go by rows write an element of the output when they have read the same one of an input."""
    if needs is None or (source.rows, source.row_bytes) != (output.rows, output.row_bytes):
        return False
    kernels = [form.kernel for form in forms if form.ordered and form.kernel]
    return all(need == (row, row) for row, need in enumerate(needs)) and any(
        index in kernel.in_place(call) for kernel in kernels
    )


def _fitting(needs: Needs, value: Value, source: RowTensor, output: RowTensor) -> Needs:
    """Needs in rows of the tensors that hold the values; None where a reshape changed the rows."""
    if needs is None or len(needs) != output.rows or row_count(value) != source.rows:
        return None
    return needs
