"""Tuning: for every layer the kernels that can compute it are run on the emulated core, and the best is taken."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from smelt.codegen import BALANCED, Options
from smelt.codegen.layers import Layer, make_layers
from smelt.engines.kernel_choice import Goal, choose_kernels
from smelt.engines.kernel_figures import Figures, measure
from smelt.engines.profile import check_countable
from smelt.engines.toolchain import Toolchain, find_toolchain
from smelt.engines.tuning_cache import Key, TuningCache, default_folder, key_of
from smelt.errors import EngineError
from smelt.ir import Graph
from smelt.operators import Kernel, candidate_kernels
from smelt.targets import Target


@dataclass(frozen=True)
class TunedLayer:
    """Layers of one kind (`indices`, by their numbers in the program) and what its kernels cost, by label.

    `default` is the kernel that is taken without tuning, `chosen` the one with it.
    """

    indices: tuple[int, ...]
    operator: str
    output: str
    default: str
    chosen: str
    figures: Mapping[str, Figures]

    @property
    def gain(self) -> float:
        """The part of the default's cycles that the choice saves."""
        before = self.figures[self.default].cycles
        return 1 - self.figures[self.chosen].cycles / before if before else 0.0

    def to_json(self) -> dict[str, Any]:
        """Plain data; each kernel with the bytes of code that it needs, shared or not."""
        kernels = {
            label: {
                "cycles": f.cycles,
                "scratch_bytes": f.scratch_bytes,
                "table_bytes": f.table_bytes,
                "code_bytes": f.code_bytes,
                "exact": f.exact,
            }
            for label, f in self.figures.items()
        }
        names = {"operator": self.operator, "output": self.output}
        choice = {"default": self.default, "chosen": self.chosen, "gain": self.gain}
        return {"layers": list(self.indices), **names, **choice, "kernels": kernels}


@dataclass(frozen=True)
class Tuning:
    """What tuning found; `options` carries it to `generate` and `profile`.

    `unit` is "estimated cycles", or "instructions" where the core has no cycle table.  `measured` kinds of layers
    were run, the others' figures came from the cache; `warnings` says what was wrong with the cache.
    """

    options: Options
    target: str
    compiler: str
    unit: str
    layers: tuple[TunedLayer, ...]
    measured: int
    warnings: tuple[str, ...]

    @property
    def saved_cycles(self) -> int:
        """Cycles of all layers with the default kernels, less those with the chosen ones."""
        return sum(
            len(x.indices) * (x.figures[x.default].cycles - x.figures[x.chosen].cycles) for x in self.layers
        )

    def to_json(self) -> dict[str, Any]:
        """Plain data."""
        return {
            "target": self.target,
            "compiler": self.compiler,
            "unit": self.unit,
            "measured": self.measured,
            "saved_cycles": self.saved_cycles,
            "layers": [layer.to_json() for layer in self.layers],
        }


@dataclass(frozen=True)
class _Question:
    """Layers of one kind, and the kernels to choose from."""

    layers: tuple[Layer, ...]
    kernels: tuple[Kernel, ...]
    key: Key


def tune(
    graph: Graph,
    target: Target,
    options: Options = BALANCED,
    *,
    folder: Path | None = None,
    toolchain: Toolchain | None = None,
) -> Tuning:
    """Measure the kernels of every layer that has a choice, and choose by what `options` weighs most.

    `folder` keeps what was measured (default: `tuning_cache.default_folder`); it changes how long tuning takes,
    not what it finds.  Raises UsageError for a target that is not emulated, EngineError when no kernel of a layer
    is exact.
    """
    check_countable(target)
    compiler = toolchain or find_toolchain(target)
    cache = TuningCache(folder or default_folder())
    questions = _questions(graph, compiler, options)
    answers = [_answer(question, compiler, options.compiler_flag, cache) for question in questions]
    layers = _chosen(questions, [figures for figures, _ in answers], options)
    prices = {
        layer.call.output.name: _prices(tuned, options)
        for question, tuned in zip(questions, layers, strict=True)
        for layer in question.layers
    }
    return Tuning(
        options=replace(options, prices=prices),
        target=target.name,
        compiler=f"{compiler.name} {compiler.version}",
        unit="estimated cycles" if target.cycle_model else "instructions",
        layers=tuple(layers),
        measured=sum(fresh for _, fresh in answers),
        warnings=tuple(cache.warnings),
    )


def _questions(graph: Graph, toolchain: Toolchain, options: Options) -> list[_Question]:
    """A question for every kind of layer that more than one kernel can compute, in the order of the layers."""
    found: list[_Question] = []
    for layer in make_layers(graph, toolchain.target, options):
        kernels = candidate_kernels(layer.call, toolchain.target) if layer.kernel else ()
        if len(kernels) < 2:
            continue
        key = key_of(layer.call, kernels, toolchain, options.compiler_flag)
        same = [index for index, question in enumerate(found) if question.key == key]
        if same:
            question = found[same[0]]
            found[same[0]] = replace(question, layers=(*question.layers, layer))
        else:
            found.append(_Question((layer,), kernels, key))
    return found


def _answer(
    question: _Question, toolchain: Toolchain, level: str, cache: TuningCache
) -> tuple[dict[str, Figures], bool]:
    """The figures of the kernels on the first of the layers, by label, and whether they had to be measured."""
    known = cache.load(question.key)
    if known is not None:
        return known, False
    figures = measure(question.layers[0].call, [k.label for k in question.kernels], toolchain, level)
    cache.store(question.key, figures)
    return figures, True


def _chosen(
    questions: Sequence[_Question], figures: Sequence[Mapping[str, Figures]], options: Options
) -> list[TunedLayer]:
    """The questions with their answers."""
    exact = []
    for question, known in zip(questions, figures, strict=True):
        exact.append({label: f for label, f in known.items() if f.exact})
        if not exact[-1]:
            raise EngineError(
                f"{question.layers[0].node.label}: no kernel gives the right outputs on the emulated core; this is a "
                "bug of smelt or of the C compiler"
            )
    goal: Goal = (
        "flash" if options.optimize == "size" else "cycles" if options.optimize == "speed" else "both"
    )
    defaults = [q.layers[0].kernel.label if q.layers[0].kernel else "" for q in questions]
    labels = choose_kernels(exact, [len(question.layers) for question in questions], defaults, goal)
    return [
        TunedLayer(
            indices=tuple(layer.index for layer in question.layers),
            operator=question.layers[0].node.operator,
            output=_described(question.layers[0]),
            default=default,
            chosen=label,
            figures=known,
        )
        for question, known, default, label in zip(questions, figures, defaults, labels, strict=True)
    ]


def _described(layer: Layer) -> str:
    value = layer.call.output
    return f"{value.dtype.value}[{','.join(map(str, value.shape))}]"


def _prices(layer: TunedLayer, options: Options) -> dict[str, int]:
    """Cycles of the chosen kernel and, where RAM counts most, of those that take less scratch."""
    chosen = layer.figures[layer.chosen]
    others = {}
    if options.optimize == "ram" or options.ram_bytes is not None:
        others = {
            label: max(f.cycles, chosen.cycles + 1)
            for label, f in layer.figures.items()
            if f.exact and f.scratch_bytes < chosen.scratch_bytes
        }
    return {layer.chosen: chosen.cycles, **others}
