"""The fastest build whose code and tables fit a given amount of flash, found by building and counting.

From the fastest build to the smallest: kernels that take more flash where they save most cycles a byte; then what
the options ask for; then the least code; then packed weights in those layers where it costs least a byte.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from smelt.codegen import Options
from smelt.codegen.layers import Layer, make_layers
from smelt.codegen.packing import saved_bytes
from smelt.engines.profile import Profile, check_countable, profile
from smelt.errors import CompileError, UsageError
from smelt.ir import Graph
from smelt.operators import candidate_kernels
from smelt.operators.packed_weights import stored_bytes
from smelt.targets import Target


@dataclass(frozen=True)
class FlashFit:
    """What was chosen: options for `generate` and `profile`, their measured profile, and how they were come by."""

    options: Options
    profile: Profile
    found: str


def fit_flash(graph: Graph, target: Target, options: Options, flash_bytes: int) -> FlashFit:
    """The fastest build found with at most `flash_bytes` of code and tables.

    Raises CompileError, which says what the smallest takes, when there is none; UsageError where nothing can be
    counted.
    """
    if flash_bytes < 1:
        raise UsageError(f"a flash budget of {flash_bytes} bytes makes no sense")
    check_countable(target)
    smallest = None
    for candidate in _Search(graph, target, options, flash_bytes).candidates():
        taken = candidate.profile.totals.flash_bytes
        if taken <= flash_bytes:
            return candidate
        smallest = taken if smallest is None else min(smallest, taken)
    raise CompileError(
        f"no build of '{graph.name}' for {target.name} takes at most {flash_bytes:,} bytes of flash (code and tables); "
        f"the smallest found takes {smallest:,}"
    )


@dataclass(frozen=True)
class _Trade:
    """A layer, by its first output's name, that may be computed otherwise: so many bytes for so many cycles."""

    name: str
    bytes: int
    cycles: float

    @property
    def cycles_a_byte(self) -> float:
        """The more, the dearer the bytes."""
        return self.cycles / max(self.bytes, 1)


class _Search:
    """Makes candidates one after the other, from fast to small."""

    def __init__(self, graph: Graph, target: Target, options: Options, flash_bytes: int) -> None:
        self.graph = graph
        self.target = target
        self.options = options
        self.flash_bytes = flash_bytes

    def candidates(self) -> Iterator[FlashFit]:
        """Builds, the faster ones first."""
        last = self._measured(self.options, "without a limit")
        if self._spare(last) > 0 and self.options.optimize not in ("size", "flash"):
            yield from self._larger(last)
        yield last
        if self.options.optimize not in ("size", "flash"):
            last = self._measured(self._least_code(last), "least code")
            yield last
        if self.options.optimize != "flash":
            yield from self._packed(last)

    def _measured(self, options: Options, found: str) -> FlashFit:
        return FlashFit(options, profile(self.graph, self.target, options=options), found)

    def _spare(self, made: FlashFit) -> int:
        """Bytes of flash that a build leaves (below 0: lacks)."""
        return self.flash_bytes - made.profile.totals.flash_bytes

    def _least_code(self, usual: FlashFit) -> Options:
        """Least code; where RAM counts most, in no larger arena."""
        limit = self.options.ram_bytes
        if self.options.optimize == "ram":
            limit = usual.profile.totals.arena_bytes
        return replace(self.options, optimize="size", ram_bytes=limit, prices={})

    def _larger(self, usual: FlashFit) -> Iterator[FlashFit]:
        """With larger kernels, first in all layers that gain, then in ever fewer, down to one."""
        large = dict(self._large_kernels())
        everywhere = self._measured(self._taking(large), "") if large else usual
        trades = _trades(usual.profile, everywhere.profile, set(large))
        trades = sorted((t for t in trades if t.cycles > 0), key=lambda trade: -trade.cycles_a_byte)
        # code that they need takes flash once
        code = everywhere.profile.totals.code_bytes - usual.profile.totals.code_bytes
        while trades:
            if code + sum(trade.bytes for trade in trades) <= self._spare(usual):
                taken = {trade.name: large[trade.name] for trade in trades}
                yield self._measured(self._taking(taken), f"larger kernels in {_count(len(taken))}")
            trades.pop()

    def _large_kernels(self) -> Iterator[tuple[str, str]]:
        """Layers that have a kernel which takes more flash for fewer cycles, with its label."""
        for layer in make_layers(self.graph, self.target, self.options):
            for kernel in candidate_kernels(layer.call, self.target) if layer.kernel else ():
                if kernel.form == "large" and kernel != layer.kernel:
                    yield layer.call.output.name, kernel.label
                    break

    def _taking(self, kernels: Mapping[str, str]) -> Options:
        prices = {name: {label: 0} for name, label in kernels.items()}
        return replace(self.options, prices={**self.options.prices, **prices})

    def _packed(self, plain: FlashFit) -> Iterator[FlashFit]:
        """With packed weights in the layers where a byte costs least, in ever more of them."""
        layers = make_layers(self.graph, self.target, plain.options)
        saved = {layer.call.output.name: saved_bytes(layer, self.target) for layer in layers}
        trades = [_Trade(name, saved[name], size) for name, size in _weight_bytes(layers) if saved[name] > 0]
        trades.sort(key=lambda trade: trade.cycles_a_byte)
        for count in range(1, len(trades) + 1):
            # what decoder and calls take is known from building only: try once there is enough without
            if sum(trade.bytes for trade in trades[:count]) >= -self._spare(plain) or count == len(trades):
                chosen = frozenset(trade.name for trade in trades[:count])
                options = replace(plain.options, packed=chosen)
                yield self._measured(options, f"packed weights in {_count(count)}")


def _trades(usual: Profile, other: Profile, names: set[str]) -> list[_Trade]:
    """What layers of the other profile cost in tables, and save in cycles."""
    before = {layer.output_name: layer for layer in usual.layers}
    return [
        _Trade(
            layer.output_name,
            layer.table_bytes - before[layer.output_name].table_bytes,
            before[layer.output_name].cost - layer.cost,
        )
        for layer in other.layers
        if layer.output_name in names
    ]


def _weight_bytes(layers: Sequence[Layer]) -> Iterator[tuple[str, int]]:
    """What unpacking costs is in proportion to these."""
    for layer in layers:
        if layer.lowering is not None:
            yield layer.call.output.name, stored_bytes(layer.lowering, layer.call)


def _count(layers: int) -> str:
    return "1 layer" if layers == 1 else f"{layers} layers"
