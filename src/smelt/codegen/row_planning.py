"""Layers as the row planner sees them, and the plan that the options ask for."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from smelt.codegen.layers import Layer
from smelt.codegen.options import Options
from smelt.errors import CompileError
from smelt.ir import Graph, Value
from smelt.memory.row_plan import plan_rows
from smelt.memory.rows import RowInput, RowKernel, RowLayer, RowPlan, RowTensor
from smelt.operators import find_operator
from smelt.operators.operator import Kernel, Needs
from smelt.operators.rows import row_count
from smelt.targets import Target

STREAMING_LOSS = 0.03
"""The part of a layer's cycles that calling its kernel a row at a time costs, roughly."""

ROW_KERNEL_LOSS = 0.3
"""The part of a layer's cycles that a kernel's form by rows costs where the other form is not by rows."""

_CYCLES_A_MAC = 1.2
_ALLOWED_LOSS = {"balanced": 0.015, "ram": 0.15, "speed": 0.0, "size": 0.0}
_BUDGETS = 6


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
) -> RowPlan:
    """The row plan for the options; CompileError when a RAM budget cannot be met."""
    tensors = [_tensor(graph, root, home, target) for root in dict.fromkeys(home.values())]
    shapes = {tensor.name: tensor for tensor in tensors}
    rows = [_layer(layer, shapes, home, target) for layer in layers]

    def plan(mode: str, ram_bytes: int | None = None) -> RowPlan:
        return plan_rows(
            rows,
            tensors,
            arrive,
            leave,
            mode="stream" if mode == "stream" else "overlap",
            ram_bytes=ram_bytes,
            keep_inputs=options.keep_input,
        )

    if options.ram_bytes is not None:
        return _within(options.ram_bytes, plan("overlap"), lambda budget: plan("stream", budget))
    fastest = plan("overlap")
    allowed = _ALLOWED_LOSS[options.optimize] * _CYCLES_A_MAC * sum(layer.macs for layer in layers)
    if allowed == 0:
        return fastest
    return _smallest(fastest, plan("stream"), allowed, lambda budget: plan("stream", budget))


def _within(ram_bytes: int, fastest: RowPlan, plan: Callable[[int], RowPlan]) -> RowPlan:
    if fastest.arena_bytes <= ram_bytes:
        return fastest
    found = plan(ram_bytes)
    if found.arena_bytes > ram_bytes:
        raise CompileError(
            f"no plan with an arena of {ram_bytes:,} bytes was found; the smallest found takes {found.arena_bytes:,}"
        )
    return found


def _smallest(fastest: RowPlan, least: RowPlan, allowed: float, plan: Callable[[int], RowPlan]) -> RowPlan:
    """The smallest arena whose price is allowed: `least`, or by bisection between it and `fastest`."""
    if least.price - fastest.price <= allowed:
        return least if least.arena_bytes < fastest.arena_bytes else fastest
    best, low, high = fastest, least.arena_bytes, fastest.arena_bytes
    for _ in range(_BUDGETS):
        if high - low <= max(high // 64, 16):
            break
        found = plan((low + high) // 2)
        if found.price - fastest.price <= allowed:
            high = min(found.arena_bytes, (low + high) // 2)
            best = found if found.arena_bytes < best.arena_bytes else best
        else:
            low = (low + high) // 2
    return best


def _tensor(graph: Graph, root: str, home: Mapping[str, str], target: Target) -> RowTensor:
    value = graph.values[root]
    rows = row_count(value)
    sharing = [graph.values[name].dtype.numpy.itemsize for name, other in home.items() if other == root]
    alignment = max(target.alignment_bytes, 4, *sharing)
    return RowTensor(root, rows, value.bytes // rows, alignment)


def _layer(
    layer: Layer, tensors: Mapping[str, RowTensor], home: Mapping[str, str], target: Target
) -> RowLayer:
    call, kernel = layer.call, layer.kernel
    output = tensors[home[layer.node.outputs[0]]]
    kernels = _kernels(layer, target)
    by_rows = not kernels[0].whole
    needs = find_operator(layer.node.operator).traits.needs
    in_place = kernel.in_place(call) if kernel is not None and by_rows else ()
    read: dict[str, RowInput] = {}
    for index, value in enumerate(call.inputs):
        if value is None or value.name not in home:
            continue
        source = tensors[home[value.name]]
        wanted = _fitting(needs(call, index), value, source, output)
        same = (source.rows, source.row_bytes) == (output.rows, output.row_bytes)
        each = wanted is not None and all(need == (row, row) for row, need in enumerate(wanted))
        item = RowInput(source.name, wanted, elementwise=index in in_place and same and each)
        known = read.get(source.name)
        if known is not None and known != item:
            item = RowInput(source.name, known.needs if known.needs == item.needs else None)
        read[source.name] = item
    if not by_rows and kernel is not None and kernels[0].in_place:
        # the planner takes the first input for the one that may be overwritten
        first = home[str(call.node.inputs[0])]
        read = {first: read[first], **read}
    return RowLayer(layer_name(layer), tuple(read.values()), output.name, kernels)


def _fitting(needs: Needs, value: Value, source: RowTensor, output: RowTensor) -> Needs:
    """Needs in rows of the tensors that hold the values; None where a reshape changed the rows."""
    if needs is None or len(needs) != output.rows or row_count(value) != source.rows:
        return None
    return needs


def _kernels(layer: Layer, target: Target) -> tuple[RowKernel, ...]:
    """The forms of the chosen kernel: as a whole, or by rows."""
    kernel = layer.kernel
    cycles = _CYCLES_A_MAC * layer.macs
    if kernel is None:
        return (RowKernel(whole=True),)
    plain = RowKernel(
        layer.scratch_bytes, max(4, target.alignment_bytes), stream_price=STREAMING_LOSS * cycles
    )
    streamable = kernel.row_function is not None or kernel.row_by_row
    if kernel.ascending or kernel.buffered:
        return (replace(plain, buffered=kernel.buffered, streamable=streamable),)
    whole = replace(plain, whole=True, in_place=0 in kernel.in_place(layer.call))
    by_rows = replace(plain, streamable=True, price=ROW_KERNEL_LOSS * cycles)
    return (whole, by_rows) if streamable else (whole,)


def runs_by_rows(kernel: Kernel, chosen: int) -> bool:
    """Whether the planner chose the form by rows of a kernel that has two forms (see `_kernels`)."""
    return chosen == 1 and not (kernel.ascending or kernel.buffered)
