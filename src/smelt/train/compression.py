"""Several techniques in a row, as a recipe says: each stage changes the network, then trains it."""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from smelt.errors import FormatError, SmeltError, TrainingError, UsageError
from smelt.formats.files import write_bytes
from smelt.ir import Graph, from_text, to_text
from smelt.quantize.noise import scored_tensors
from smelt.targets import Target
from smelt.train.convert import to_graph
from smelt.train.costs import Measure
from smelt.train.data import Augment, TrainingData
from smelt.train.distillation import answer_loss
from smelt.train.loop import TrainStep, adam, fit
from smelt.train.module import GraphModule
from smelt.train.progress import Epoch
from smelt.train.quantized_module import QuantizedModule
from smelt.train.quantized_training import zeros_of
from smelt.train.recipe import Recipe, Stage
from smelt.train.stages import TECHNIQUES, UNTRAINED, Work


@dataclass(frozen=True)
class Done:
    """A stage that is over: the network after it, what training gave, and how long it took in seconds."""

    number: int
    stage: Stage
    graph: Graph
    epochs: tuple[Epoch, ...] = ()
    seconds: float = 0.0

    @property
    def label(self) -> str:
        """Its number and technique, which files are named after."""
        return f"{self.number}-{self.stage.technique}"


@dataclass(frozen=True)
class Watch:
    """What is called on the way: at a stage's start, after each epoch of it, and at its end."""

    begin: Callable[[int, Stage], None] = lambda number, stage: None
    epoch: Callable[[int, Epoch], None] = lambda number, epoch: None
    end: Callable[[Done], None] = lambda done: None


@dataclass(frozen=True)
class Compression:
    """A recipe for a float graph and its training data.

    `folder` keeps what is done after every stage and epoch; a second run with the same recipe, model and data goes on
    from there, and gives what one run would have given.  `measure` is needed where stages have limits of the device,
    and `target` makes their search quicker.  `augment` is called in the place of the recipe's own augmentation.
    `train_step` and `device` are those of `fit`.
    """

    graph: Graph
    recipe: Recipe
    data: TrainingData
    folder: Path
    measure: Measure | None = None
    target: Target | None = None
    augment: Augment | None = None
    train_step: TrainStep | None = None
    device: str | None = None
    watch: Watch = field(default_factory=Watch)

    @property
    def split(self) -> tuple[TrainingData, TrainingData]:
        """The samples to train on, and those by which epochs are chosen."""
        return self.data.split(self.recipe.held_out, self.recipe.seed)

    def run(self) -> list[Done]:
        """All stages.

        Raises UsageError for a folder of another run and for what stages refuse, TrainingError when a loss is not
        finite; the stages that were done, and the best so far of the one that was not, stay in the folder.
        """
        if is_quantized(self.graph):
            raise UsageError(f"'{self.graph.name}' is quantized already: compress the float model")
        self.recipe.augment.check(self.graph)
        self._check_labels()
        self._claim()
        results: list[Done] = []
        graph = self.graph
        for number, stage in enumerate(self.recipe.stages, 1):
            self.watch.begin(number, stage)
            done = self._known(number, stage) or self._stage(number, stage, graph)
            results.append(done)
            graph = done.graph
            self.watch.end(done)
        return results

    def so_far(self) -> Graph | None:
        """What a run that an error stopped has: the best of its last stage, else the stage before; None: nothing."""
        try:
            if json.loads((self.folder / "run.json").read_text()) != self._identity():
                return None
        except (OSError, ValueError):
            return None
        labels = [f"{number}-{stage.technique}" for number, stage in enumerate(self.recipe.stages, 1)]
        names = [f"{label}{kind}" for label in reversed(labels) for kind in ("-best", "")]
        return next((graph for graph in map(self._read, names) if graph is not None), None)

    def _stage(self, number: int, stage: Stage, graph: Graph) -> Done:
        began, training = time.monotonic(), self.split[0]
        label = f"{number}-{stage.technique}"
        changed = self._read(f"{label}-begun")
        if changed is None:
            work = Work(graph, self.graph, training, self.recipe.seed + number, self.measure, self.target)
            try:
                changed = TECHNIQUES[stage.technique](work, **stage.options)
            except UsageError as error:
                raise UsageError(f"stage {number} ({stage.technique}): {error}") from error
            self._write(f"{label}-begun", changed)
        epochs: list[Epoch] = []
        if stage.technique not in UNTRAINED and stage.training.epochs:
            changed = self._trained(number, stage, trainable(graph, changed), epochs)
        done = Done(number, stage, changed, tuple(epochs), time.monotonic() - began)
        self._write(label, changed)
        facts = {"epochs": [asdict(epoch) for epoch in epochs], "seconds": done.seconds}
        write_bytes(self.folder / f"{label}.json", json.dumps(facts).encode())
        return done

    def _trained(self, number: int, stage: Stage, module: GraphModule, epochs: list[Epoch]) -> Graph:
        """The module's graph with trained weights; the original teaches."""
        how, (training, chosen) = stage.training, self.split
        try:
            found = fit(
                module,
                training,
                answer_loss(self.graph, how.temperature, how.labels),
                optimizer=adam(how.rate),
                epochs=how.epochs,
                batch_size=how.batch_size,
                seed=self.recipe.seed + number,
                held_out=chosen,
                patience=how.patience or None,
                teacher=GraphModule(self.graph, scored_tensors(self.graph)),
                augment=self.augment or self.recipe.augment or None,
                train_step=self.train_step,
                mixed_precision=how.mixed_precision,
                device=self.device,
                progress=lambda epoch: self.watch.epoch(number, epoch),
                checkpoint=self.folder / f"{number}-{stage.technique}.pt",
            )
        except (TrainingError, UsageError) as error:
            if isinstance(error, TrainingError):
                self._write(f"{number}-{stage.technique}-best", to_graph(module))
            raise type(error)(f"stage {number} ({stage.technique}): {error}") from error
        epochs.extend(found.epochs)
        return to_graph(module)

    def _check_labels(self) -> None:
        """UsageError where a stage is to learn from labels that there are not."""
        for number, stage in enumerate(self.recipe.stages, 1):
            trained = stage.technique not in UNTRAINED and stage.training.epochs
            if trained and stage.training.labels and self.data.labels is None:
                raise UsageError(
                    f"stage {number} ({stage.technique}): labels have a share of {stage.training.labels:g} in its "
                    "loss, and the training data have none: give them an array y, or set labels = 0"
                )

    def _claim(self) -> None:
        """Note in the folder whose it is; UsageError where it is another run's."""
        path, own = self.folder / "run.json", self._identity()
        try:
            found = json.loads(path.read_text())
        except FileNotFoundError:
            write_bytes(path, json.dumps(own, indent=1).encode())
            return
        except (OSError, ValueError) as error:
            raise FormatError(f"'{path}' cannot be read; remove the folder to begin anew") from error
        other = [name for name in own if not isinstance(found, dict) or found.get(name) != own[name]]
        if other:
            raise UsageError(
                f"'{self.folder}' holds a run with another {' and '.join(other)}: give another folder, or remove it to "
                "begin anew"
            )

    def _identity(self) -> dict[str, Any]:
        digest = hashlib.sha256()
        for array in (*self.data.inputs, *(() if self.data.labels is None else (self.data.labels,))):
            digest.update(repr((array.shape, array.dtype.str)).encode())
            digest.update(array.tobytes())
        return {
            "recipe": json.loads(json.dumps(asdict(self.recipe))),
            "model": hashlib.sha256(to_text(self.graph).encode()).hexdigest(),
            "training data": digest.hexdigest(),
        }

    def _known(self, number: int, stage: Stage) -> Done | None:
        """A stage that an earlier run finished."""
        label = f"{number}-{stage.technique}"
        facts = self.folder / f"{label}.json"
        if not facts.exists():
            return None
        graph = self._read(label)
        if graph is None:
            return None
        try:
            said: Mapping[str, Any] = json.loads(facts.read_text())
            epochs = tuple(Epoch(**epoch) for epoch in said["epochs"])
            return Done(number, stage, graph, epochs, float(said["seconds"]))
        except (ValueError, KeyError, TypeError) as error:
            raise FormatError(f"'{facts}' is damaged: remove the folder to begin anew") from error

    def _write(self, name: str, graph: Graph) -> None:
        write_bytes(self.folder / f"{name}.graph", to_text(graph).encode())

    def _read(self, name: str) -> Graph | None:
        path = self.folder / f"{name}.graph"
        if not path.exists():
            return None
        try:
            return from_text(path.read_text())
        except (SmeltError, UnicodeDecodeError) as error:
            raise FormatError(f"'{path}' is damaged: remove the folder to begin anew ({error})") from error


def is_quantized(graph: Graph) -> bool:
    """Whether a graph holds integers that stand for real numbers."""
    return any(value.quantization is not None for value in graph.values.values())


def trainable(before: Graph, changed: Graph) -> GraphModule:
    """A module of a changed graph whose weights of zero stay zero.

    A quantized graph has the names of the float graph before it.
    """
    if is_quantized(changed):
        return QuantizedModule(changed, scored_tensors(before), zeros=zeros_of(before, changed))
    module = GraphModule(changed, scored_tensors(changed))
    for parameter in module.parameters():
        if parameter.dim() > 1:
            mask = (parameter.detach() != 0).to(parameter.dtype)
            parameter.register_hook(lambda gradient, mask=mask: gradient * mask)
    return module
