"""Several techniques in a row, as a recipe says: each stage changes the network, then trains it."""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

import torch

from smelt.errors import FormatError, SmeltError, TrainingError, UsageError
from smelt.formats.files import write_bytes
from smelt.ir import Graph, from_text, to_text
from smelt.quantize.noise import scored_tensors
from smelt.targets import Target
from smelt.train.convert import to_graph
from smelt.train.costs import Measure
from smelt.train.data import Augment, TrainingData
from smelt.train.distillation import Adapted, answer_loss, shared_features, with_features
from smelt.train.loop import TrainStep, adam, fit, relative_adam
from smelt.train.module import GraphModule
from smelt.train.progress import Epoch, Fitted
from smelt.train.quantized_module import QuantizedModule
from smelt.train.quantized_training import zeros_of
from smelt.train.recipe import Recipe, Stage, Training
from smelt.train.stages import BETWEEN, TECHNIQUES, UNTRAINED, Work, gradual_pruning

REGRESSION_SAMPLES = 64
"""By which the maps of features begin."""


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
        began, start = time.monotonic(), graph
        label, epochs = f"{number}-{stage.technique}", list[Epoch]()
        rounds = max(1, int(stage.options.get("rounds", 1)))
        for left in range(rounds, 0, -1):
            name = label if left == 1 else f"{label}-round-{rounds - left + 1}"
            seed = self.recipe.seed + number
            work = Work(graph, self.graph, self.split[0], seed, self.measure, self.target, start, left)
            graph = self._round(number, stage, name, epochs, work)
        done = Done(number, stage, graph, tuple(epochs), time.monotonic() - began)
        self._write(label, graph)
        facts = {"epochs": [asdict(epoch) for epoch in epochs], "seconds": done.seconds}
        write_bytes(self.folder / f"{label}.json", json.dumps(facts).encode())
        return done

    def _round(self, number: int, stage: Stage, name: str, epochs: list[Epoch], work: Work) -> Graph:
        """One change of the network and the training after it; there are several in a stage of rounds."""
        where = f"stage {number} ({stage.technique})"
        changed = self._read(f"{name}-begun")
        if changed is None:
            try:
                changed = TECHNIQUES[stage.technique](work, **stage.options)
            except UsageError as error:
                raise UsageError(f"{where}: {error}") from error
            self._write(f"{name}-begun", changed)
        how = stage.training
        if not how.epochs and gradual_pruning(stage.technique, stage.options):
            raise UsageError(f"{where}: pruning that has an end needs epochs")
        if work.rounds > 1:
            how = replace(how, epochs=int(stage.options.get("between", BETWEEN)))
        if stage.technique in UNTRAINED or not how.epochs:
            return changed
        module, fitted = self._student(work.graph, changed, how)
        try:
            found = self._fitted(number, name, how, fitted, module)
        except (TrainingError, UsageError) as error:
            if isinstance(error, TrainingError):
                self._write(f"{number}-{stage.technique}-best", to_graph(module))
            raise type(error)(f"{where}: {error}") from error
        epochs.extend(found.epochs)
        return to_graph(module)

    def _fitted(
        self, number: int, name: str, how: Training, fitted: torch.nn.Module, module: GraphModule
    ) -> Fitted:
        """Trained in place; the original teaches."""
        features = fitted.count if isinstance(fitted, Adapted) else 0
        answers = answer_loss(self.graph, how.temperature, how.labels)
        training, chosen = self.split
        stage = self.recipe.stages[number - 1]
        return fit(
            fitted,
            training,
            with_features(answers, [how.features, 0.0], features, features) if features else answers,
            score=with_features(answers, [0.0, 0.0], features, features) if features else answers,
            optimizer=(adam if isinstance(module, QuantizedModule) else relative_adam)(how.rate),
            epochs=how.epochs,
            batch_size=how.batch_size,
            seed=self.recipe.seed + number,
            held_out=chosen,
            patience=how.patience or None,
            teacher=self._teacher(module, features),
            augment=self.augment or self.recipe.augment or None,
            train_step=self.train_step,
            mixed_precision=how.mixed_precision,
            device=self.device,
            progress=lambda epoch: self.watch.epoch(number, epoch),
            checkpoint=self.folder / f"{name}.pt",
            pruning=gradual_pruning(stage.technique, stage.options),
        )

    def _student(self, before: Graph, changed: Graph, how: Training) -> tuple[GraphModule, torch.nn.Module]:
        """A module of the changed graph, and what is trained of it: itself or, with features, it and their maps."""
        taught = how.features and not is_quantized(changed) and self.train_step is None
        features = shared_features(self.graph, changed) if taught else []
        module = trainable(before, changed, features)
        if not features:
            return module, module
        pairs = [(name, name) for name in features]
        adapted = Adapted(module, changed, self.graph, pairs, len(pairs))
        some = next(self.split[0].batches(REGRESSION_SAMPLES)).inputs
        return module, adapted.start_from(self._teacher(module, len(features)), some)

    def _teacher(self, module: GraphModule, features: int) -> GraphModule:
        """The original, with the features that a module gives after its answers."""
        names = module.outputs[len(module.outputs) - features :]
        return GraphModule(self.graph, [*scored_tensors(self.graph), *names])

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


def trainable(before: Graph, changed: Graph, features: Sequence[str] = ()) -> GraphModule:
    """A module of a changed graph, giving its answers and features, whose weights of zero stay zero.

    A quantized graph has the names of the float graph before it.
    """
    if is_quantized(changed):
        return QuantizedModule(changed, scored_tensors(before), zeros=zeros_of(before, changed))
    module = GraphModule(changed, [*scored_tensors(changed), *features])
    for parameter in module.parameters():
        if parameter.dim() > 1:
            mask = (parameter.detach() != 0).to(parameter.dtype)
            parameter.register_hook(lambda gradient, mask=mask: gradient * mask)
    return module
