"""A memory plan for people: who lives where, and when, as rows of text and as SVG."""

from __future__ import annotations

import html
from dataclasses import asdict, dataclass
from typing import Any

from smelt.codegen import Program
from smelt.codegen.program import Group
from smelt.ir import short_name
from smelt.operators.rows import row_count

_COLOURS = ("#4e79a7", "#f28e2b", "#59a14f", "#b07aa1", "#9c755f", "#edc948", "#76b7b2", "#e15759")
_LEFT, _TOP, _COLUMN, _HEIGHT, _LETTER = 70, 48, 48, 420, 6.2
_STYLE = (
    "text{fill:#1d2733}.ground{fill:#fff}.rows{fill:#eef3fb}.rows-text{fill:#3b6ea5}.box{stroke:#333;stroke-width:.5}"
    "@media(prefers-color-scheme:dark){text{fill:#e6ebf0}.ground{fill:#151b22}.rows{fill:#22303f}"
    ".rows-text{fill:#8fb8e8}.box{stroke:#aaa}}"
)


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
    width, height = _LEFT + _COLUMN * len(plan.layers), _TOP + _HEIGHT
    # layers' names hang down to the right
    longest = max((len(name) for name in plan.layers), default=0) * _LETTER
    width = max(width + int(longest / 2), _LEFT + 400)
    height += 30 + int(longest * 0.87)
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" '
        f'style="max-width:100%;height:auto" font-family="system-ui, sans-serif" font-size="11">',
        f'<style>{_STYLE}</style><rect class="ground" width="100%" height="100%"/>',
        f'<text x="{_LEFT}" y="18" font-size="13">arena {plan.arena_bytes:,} bytes; '
        f"whole tensors would take {plan.live_peak_bytes:,}</text>",
        f'<text x="{_LEFT}" y="34">bytes, by address and layer; grey: workspace of one layer, '
        "colours: tensors</text>",
        *(_group(group) for group in plan.groups),
        *_boxes(plan),
    ]
    for part in range(5):
        value = plan.arena_bytes * part // 4
        y = _address(plan, value) + 4
        lines.append(f'<text x="{_LEFT - 6}" y="{y:.1f}" text-anchor="end">{value:,}</text>')
    for at, name in enumerate(plan.layers):
        x, y = _LEFT + _COLUMN * at + _COLUMN // 2, _TOP + _HEIGHT + 24
        lines.append(f'<text transform="translate({x},{y}) rotate(60)">{html.escape(name)}</text>')
    lines.append("</svg>")
    return "\n".join(lines) + "\n"


def _address(plan: Residents, offset: int) -> float:
    """Where an address is, from the top."""
    return _TOP + _HEIGHT - offset * _HEIGHT / max(plan.arena_bytes, 1)


def _group(group: tuple[int, ...]) -> str:
    x, wide = _LEFT + _COLUMN * (group[0] - 1), _COLUMN * len(group)
    return (
        f'<rect class="rows" x="{x}" y="{_TOP - 2}" width="{wide}" height="{_HEIGHT + 4}"/>'
        f'<text class="rows-text" x="{x + 4}" y="{_TOP + _HEIGHT + 14}">row by row</text>'
    )


def _boxes(plan: Residents) -> list[str]:
    """A box for everything that lives in the arena, and above them their sizes, none over another."""
    boxes, texts = [], []
    taken: dict[int, list[float]] = {}
    for at, r in enumerate(plan.residents):
        x, wide = _LEFT + _COLUMN * (r.first - 1), _COLUMN * (r.last - r.first + 1) - 3
        top, bottom = _address(plan, r.offset + r.bytes), _address(plan, r.offset)
        fill = "#bbbbbb" if r.scratch else _COLOURS[at % len(_COLOURS)]
        kept = f", {r.rows} of {r.all_rows} rows" if r.rows < r.all_rows else ""
        title = html.escape(f"{short_name(r.name)}: {r.bytes:,} bytes at {r.offset:,}{kept}")
        boxes.append(
            f'<rect x="{x}" y="{top:.1f}" width="{wide}" height="{max(bottom - top, 1.0):.1f}" fill="{fill}" '
            f'fill-opacity="0.65" class="box"><title>{title}</title></rect>'
        )
        y = top + 12
        while any(abs(y - other) < 12 for other in taken.get(r.first, [])):
            y += 12
        if y <= bottom - 1:
            taken.setdefault(r.first, []).append(y)
            texts.append(f'<text x="{x + 3}" y="{y:.1f}">{r.bytes:,}</text>')
    return boxes + texts
