"""A memory plan for people: who lives where, and when, as rows of text and as SVG."""

from __future__ import annotations

import html
from dataclasses import asdict, dataclass
from typing import Any

from smelt.codegen import Program
from smelt.codegen.program import Group
from smelt.operators.rows import row_count

_COLOURS = ("#4e79a7", "#f28e2b", "#59a14f", "#b07aa1", "#9c755f", "#edc948", "#76b7b2", "#e15759")


@dataclass(frozen=True)
class Resident:
    """A tensor or a kernel's scratch: bytes [offset, offset + bytes), from layer `first` to layer `last`.

    `rows` of `all_rows` rows are kept (fewer where it passes through a ring).
    """

    name: str
    offset: int
    bytes: int
    first: int
    last: int
    rows: int
    all_rows: int
    scratch: bool


@dataclass(frozen=True)
class Residents:
    """Everything in the arena, by offset, the groups of layers that run row by row, and the inputs `outside`."""

    residents: tuple[Resident, ...]
    layers: tuple[str, ...]
    groups: tuple[tuple[int, ...], ...]
    arena_bytes: int
    live_peak_bytes: int
    bound_bytes: int
    outside: tuple[str, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """Plain data."""
        return asdict(self)


def residents(program: Program) -> Residents:
    """Who lives where and when in a program's arena; tensors that only rename another are left out."""
    layers, graph = program.layers, program.graph
    first = dict.fromkeys((name for name in graph.inputs if name in program.offsets), 1)
    last = dict(first)
    place = {name: (program.offsets[name], graph.values[name].bytes) for name in program.offsets}
    alias: dict[str, str] = {}
    produced = {name for layer in layers for name in layer.node.outputs}
    for node in graph.nodes:
        for name in node.outputs:
            if name not in produced and node.inputs and node.inputs[0]:
                alias[name] = alias.get(node.inputs[0], node.inputs[0])
    for layer in layers:
        for name in layer.node.outputs:
            first[name] = last[name] = layer.index
        for used in layer.node.inputs:
            if used is not None and used in place:
                last[alias.get(used, used)] = layer.index
    for name in graph.outputs:
        last[alias.get(name, name)] = len(layers)
        first.setdefault(alias.get(name, name), 1)
    found = []
    for name in first:
        value = graph.values[name]
        rows, kept = row_count(value), program.ring_rows[name]
        size = value.bytes // rows * kept
        found.append(Resident(name, place[name][0], size, first[name], last[name], kept, rows, False))
    for layer in layers:
        if layer.scratch_bytes:
            offset = program.scratch_offsets[layer.index]
            name = f"scratch of {layer.node.operator} {layer.index:02d}"
            found.append(Resident(name, offset, layer.scratch_bytes, layer.index, layer.index, 1, 1, True))
    groups = [part for part in program.parts if isinstance(part, Group)]
    return Residents(
        residents=tuple(sorted(found, key=lambda r: (r.first, r.offset))),
        layers=tuple(f"{layer.index:02d} {layer.node.operator}" for layer in layers),
        groups=tuple(tuple(layer.index for layer in group.layers) for group in groups),
        arena_bytes=program.plan.arena_bytes,
        live_peak_bytes=program.live_peak_bytes,
        bound_bytes=program.plan.bound_bytes,
        outside=tuple(name for name in graph.inputs if name in program.external),
    )


def bar(resident: Resident, layers: int) -> str:
    """The layers during which it lives, one character each."""
    return "".join("█" if resident.first <= i <= resident.last else "·" for i in range(1, layers + 1))


def to_svg(plan: Residents) -> str:
    """The plan as a drawing: layers from left to right, addresses from bottom to top."""
    column, height, left, bottom = 44, 420, 70, 120
    width = left + column * len(plan.layers) + 20
    scale = height / max(plan.arena_bytes, 1)
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height + bottom + 30}" '
        f'font-family="system-ui, sans-serif" font-size="11">',
        f'<rect width="100%" height="100%" fill="white"/><text x="{left}" y="16" font-size="13">'
        f"arena {plan.arena_bytes:,} bytes; whole tensors would take {plan.live_peak_bytes:,}</text>",
    ]
    for group in plan.groups:
        x = left + column * (group[0] - 1)
        lines.append(
            f'<rect x="{x}" y="26" width="{column * len(group)}" height="{height + 4}" fill="#eef3fb"/>'
            f'<text x="{x + 4}" y="{height + 44}" fill="#4e79a7">row by row</text>'
        )
    for at, r in enumerate(plan.residents):
        x, w = left + column * (r.first - 1), column * (r.last - r.first + 1) - 3
        y, h = 28 + height - (r.offset + r.bytes) * scale, max(r.bytes * scale, 1.0)
        fill = "#cccccc" if r.scratch else _COLOURS[at % len(_COLOURS)]
        kept = f", {r.rows} of {r.all_rows} rows" if r.rows < r.all_rows else ""
        title = html.escape(f"{r.name}: {r.bytes:,} bytes at {r.offset:,}{kept}")
        lines.append(
            f'<rect x="{x}" y="{y:.1f}" width="{w}" height="{h:.1f}" fill="{fill}" fill-opacity="0.65" '
            f'stroke="#333" stroke-width="0.5"><title>{title}</title></rect>'
        )
        if h > 12:
            text = html.escape(f"{r.bytes:,}")
            lines.append(f'<text x="{x + 3}" y="{y + 11:.1f}">{text}</text>')
    for part in range(5):
        value = plan.arena_bytes * part // 4
        y = 28 + height - value * scale
        lines.append(f'<text x="{left - 6}" y="{y + 4:.1f}" text-anchor="end">{value:,}</text>')
    for at, name in enumerate(plan.layers):
        middle, y = left + column * at + column / 2, height + 50
        lines.append(f'<text transform="translate({middle:.0f},{y}) rotate(60)">{html.escape(name)}</text>')
    lines.append("</svg>")
    return "\n".join(lines) + "\n"
