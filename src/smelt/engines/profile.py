"""What a model costs on a target, measured on the emulated core: a row a layer, and totals."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from smelt.codegen import BALANCED, Options, generate
from smelt.codegen.calls import input_arguments
from smelt.engines.emulated import EmulatedModel
from smelt.engines.image import build_image, check_fits
from smelt.engines.qemu_model import count_on_qemu
from smelt.engines.toolchain import Toolchain, find_toolchain
from smelt.errors import UsageError
from smelt.ir import Array, Graph
from smelt.operators import Kernel, find_operator
from smelt.operators.evaluate import sample_inputs
from smelt.operators.packed_weights import stored_bytes
from smelt.targets import Target

ISAS: Mapping[str, Callable[[Target], bool]] = {
    "arm_dsp": lambda target: target.has("dsp"),
    "arm_mve": lambda target: target.has("mve"),
    "arm_v6m": lambda target: (
        target.isa == "arm" and target.has("single_cycle_mul") and not target.has("unaligned")
    ),
}
"""The cores that kernels named smelt_<operator>_<type>__<isa> are for."""


@dataclass(frozen=True)
class LayerProfile:
    """One layer: its multiply-accumulates, executed instructions, estimated cycles, kernel, tables in flash.

    `estimated_cycles` is None on cores without a documented cycle table.  `portable` marks portable C on a
    core for which the operator has faster kernels: none of them takes this call.  `packed`: its weights are unpacked
    before they are used.
    """

    index: int
    name: str
    operator: str
    output_name: str
    output: str
    kernel: str
    macs: int
    instructions: int
    estimated_cycles: int | None
    scratch_bytes: int
    table_bytes: int
    portable: bool
    packed: bool

    @property
    def cost(self) -> int:
        """Estimated cycles, or instructions where there is no cycle table."""
        return self.instructions if self.estimated_cycles is None else self.estimated_cycles

    @property
    def cycles_per_mac(self) -> float | None:
        """Estimated cycles (instructions where there is no cycle table) a multiply-accumulate."""
        return self.cost / self.macs if self.macs else None


@dataclass(frozen=True)
class Totals:
    """One inference, and what the firmware takes.

    `code_bytes` is flash without tables and harness, `weight_bytes` the tables, `arena_bytes` the
    RAM for tensors and scratch (`live_peak_bytes`: what whole tensors and scratch take that are alive
    at once, which outputs written over consumed inputs go below), `stack_bytes` the peak
    below the caller's stack pointer.  `external_input_bytes` are the inputs that the caller keeps outside the arena.
    """

    macs: int
    instructions: int
    estimated_cycles: int | None
    code_bytes: int
    weight_bytes: int
    arena_bytes: int
    live_peak_bytes: int
    stack_bytes: int
    external_input_bytes: int = 0

    @property
    def flash_bytes(self) -> int:
        """Code and tables."""
        return self.code_bytes + self.weight_bytes


@dataclass(frozen=True)
class Profile:
    """The costs of a model on a target, with the compiler that made them."""

    model: str
    target: str
    compiler: str
    layers: tuple[LayerProfile, ...]
    totals: Totals

    def to_json(self) -> dict[str, Any]:
        """Plain data: `layers` (with `cycles_per_mac` and `share`) and `totals`."""
        layers = [
            {**asdict(layer), "cycles_per_mac": layer.cycles_per_mac, "share": self.share(layer)}
            for layer in self.layers
        ]
        return {
            "model": self.model,
            "target": self.target,
            "compiler": self.compiler,
            "layers": layers,
            "totals": asdict(self.totals),
        }

    @property
    def cost(self) -> int:
        """Estimated cycles of the whole, or instructions where there is no cycle table."""
        cycles = self.totals.estimated_cycles
        return self.totals.instructions if cycles is None else cycles

    def share(self, layer: LayerProfile) -> float:
        """The layer's part of the whole, by cycles, or by instructions where there is no cycle table."""
        if layer.estimated_cycles is not None and self.totals.estimated_cycles:
            return layer.estimated_cycles / self.totals.estimated_cycles
        return layer.instructions / max(self.totals.instructions, 1)


def profile(
    graph: Graph,
    target: Target,
    *,
    inputs: Mapping[str, Array] | None = None,
    keep: Path | None = None,
    options: Options = BALANCED,
    optimize: str | None = None,
    toolchain: Toolchain | None = None,
) -> Profile:
    """Compile a graph for a target, run it once on the emulated core, count.

    `inputs` defaults to reproducible random data (the counts of quantized networks hardly depend
    on it).  `keep` is a folder where the C project and the ELF stay, so that others can count again.
    `optimize` is the C compiler's level (default: the one that goes with `options`).
    """
    check_countable(target)
    check_fits(graph)
    compiler = toolchain or find_toolchain(target)
    sample = inputs or sample_inputs(graph)
    project = generate(graph, target, golden=sample, options=options)
    level = optimize or options.compiler_flag
    with tempfile.TemporaryDirectory(prefix="smelt-profile-") as temporary:
        image = build_image(project, keep or Path(temporary), compiler, level)
        if target.emulator.startswith("qemu:"):
            counted = count_on_qemu(project, Path(temporary), compiler, level, sample)
        else:
            model = EmulatedModel(image)
            model.fill(sample)
            counted = model.invoke(count=True)
    layers = []
    for layer in project.program.layers:
        counts = counted.phases.get(str(layer.index))
        layers.append(
            LayerProfile(
                index=layer.index,
                name=layer.node.name,
                operator=layer.node.operator,
                output_name=layer.call.output.name,
                output=f"{layer.call.output.dtype.value}[{','.join(map(str, layer.call.output.shape))}]",
                kernel=layer.kernel.name if layer.kernel else "memmove",
                macs=layer.macs,
                instructions=counts.instructions if counts else 0,
                estimated_cycles=counts.estimated_cycles if counts else (0 if target.cycle_model else None),
                scratch_bytes=layer.scratch_bytes,
                table_bytes=stored_bytes(layer.lowering, layer.call) if layer.lowering else 0,
                packed=layer.lowering is not None and layer.lowering.unpacking is not None,
                portable=fell_back(layer.node.operator, layer.kernel, target),
            )
        )
    totals = Totals(
        macs=sum(layer.macs for layer in layers),
        instructions=counted.instructions or 0,
        estimated_cycles=counted.estimated_cycles,
        code_bytes=image.code_bytes,
        weight_bytes=image.table_bytes,
        arena_bytes=project.program.plan.arena_bytes,
        live_peak_bytes=project.program.live_peak_bytes,
        stack_bytes=counted.stack_bytes or 0,
        external_input_bytes=sum(graph.values[x].bytes for x in input_arguments(project.program)),
    )
    return Profile(graph.name, target.name, f"{compiler.name} {compiler.version}", tuple(layers), totals)


def check_countable(target: Target) -> None:
    """Raises UsageError when there is no emulator that counts for the target."""
    if target.emulator.partition(":")[0] not in ("unicorn", "qemu"):
        raise UsageError(
            f"instructions cannot be counted on '{target.name}' (emulated by: {target.emulator}); "
            "choose a core that is emulated, `smelt targets` lists them"
        )


def fell_back(operator: str, kernel: Kernel | None, target: Target) -> bool:
    """Whether a kernel is portable C where the operator has kernels of the same type for the target's core."""
    if kernel is None or "__" in kernel.name:
        return False
    element = _element(kernel)
    return any(
        _suits(other, target) for other in find_operator(operator).kernels if _element(other) == element
    )


def _element(kernel: Kernel) -> str:
    """The element type in a kernel's name, as "s8" in smelt_conv_2d_s8__arm_dsp."""
    return kernel.name.partition("__")[0].rpartition("_")[2]


def _suits(kernel: Kernel, target: Target) -> bool:
    """Whether a kernel was written for the target's kind of core."""
    isa = kernel.name.partition("__")[2]
    return isa != "" and ISAS[isa](target)
