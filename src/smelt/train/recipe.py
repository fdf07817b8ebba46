"""Recipes: the stages of a compression, read from TOML."""

from __future__ import annotations

import inspect
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import Any, TypeVar, get_type_hints

from smelt.errors import UsageError
from smelt.quantize.tables import read_toml
from smelt.train.augmentation import Augmentation
from smelt.train.stages import UNTRAINED

Table = TypeVar("Table", "Training", Augmentation)


@dataclass(frozen=True)
class Training:
    """How a stage trains after it has changed the network.

    `epochs` over the training data in batches of `batch_size`; 0 epochs: not at all.  `rate` is Adam's, in shares of
    the root mean square of each weight tensor; of quantized stages in the units of `TrainedIntegers`.  Training stops
    after `patience` epochs without a better one (0: never).  The original model teaches: softened by `temperature`,
    `labels` being the share of the cross entropy with labels; `features` weighs the squared differences, relative to
    the original's squares, of what `shared_features` names.  `mixed_precision` computes a float network's products in
    16 bits on a GPU, and in bfloat16 elsewhere.
    """

    epochs: int = 10
    batch_size: int = 32
    rate: float = 0.01
    patience: int = 0
    temperature: float = 2.0
    labels: float = 0.0
    mixed_precision: bool = False
    features: float = 0.0

    def __post_init__(self) -> None:
        sound = (
            self.epochs >= 0
            and self.batch_size > 0
            and self.rate > 0
            and self.patience >= 0
            and self.temperature > 0
            and 0 <= self.labels <= 1
            and 0 <= self.features < math.inf
        )
        if not sound:
            raise UsageError(
                "epochs, patience and features are not negative, batch_size, rate and temperature are more than 0, and "
                f"labels is from 0 to 1; given {self}"
            )


@dataclass(frozen=True)
class Stage:
    """One change of the network by a technique with its options, and the training after it."""

    technique: str
    options: Mapping[str, Any] = field(default_factory=dict)
    training: Training = field(default_factory=Training)


@dataclass(frozen=True)
class Recipe:
    """Stages in order.

    `held_out` is the share of the training data by which epochs are chosen; `augment` changes the others at random.
    """

    stages: tuple[Stage, ...]
    seed: int = 0
    held_out: float = 0.1
    augment: Augmentation = field(default_factory=Augmentation)

    def __post_init__(self) -> None:
        if not self.stages:
            raise UsageError("a recipe needs at least one [[stage]]")
        if not 0 < self.held_out < 1:
            raise UsageError(
                f"held_out is a share of the training data, between 0 and 1, not {self.held_out}"
            )


def read_recipe(path: Path | str, techniques: Mapping[str, Callable[..., Any]]) -> Recipe:
    """A recipe from a TOML file; FormatError where it is none, UsageError for keys and values that make no sense.

    At the top `seed` and `held_out`, in [training] the defaults of all stages' training, in [augment] the fields of
    `Augmentation`, and for each [[stage]] its `technique`, keys of training of its own where it is trained, and the
    technique's options, which are the keyword arguments of its function in `techniques`.
    """
    said = read_toml(Path(path))
    try:
        return _recipe(said, techniques)
    except UsageError as error:
        raise UsageError(f"'{path}': {error}") from error


def _recipe(said: Mapping[str, Any], techniques: Mapping[str, Callable[..., Any]]) -> Recipe:
    _check_keys(said, ("seed", "held_out", "training", "augment", "stage"), "the recipe")
    stages, training, augment = said.get("stage", []), said.get("training", {}), said.get("augment", {})
    for name, table in (("training", training), ("augment", augment)):
        if not isinstance(table, dict):
            raise UsageError(f"{name} is a table: [{name}]")
    if not isinstance(stages, list) or not all(isinstance(stage, dict) for stage in stages):
        raise UsageError("stages are tables in a row: [[stage]]")
    names = [each.name for each in fields(Training)]
    _check_keys(training, names, "[training]")
    usual = _replaced(Training(), training, "[training]")
    _check_keys(augment, [each.name for each in fields(Augmentation)], "[augment]")
    found = tuple(_stage(number, stage, usual, techniques) for number, stage in enumerate(stages, 1))
    top = {
        name: _typed(said[name], kind, name)
        for name, kind in (("seed", int), ("held_out", float))
        if name in said
    }
    return Recipe(found, **top, augment=_replaced(Augmentation(), augment, "[augment]"))


def _stage(
    number: int, said: Mapping[str, Any], usual: Training, techniques: Mapping[str, Callable[..., Any]]
) -> Stage:
    where = f"stage {number}"
    technique = said.get("technique")
    if not isinstance(technique, str) or technique not in techniques:
        known = ", ".join(techniques)
        raise UsageError(f"{where} has the technique {technique!r}; there are {known}")
    function = techniques[technique]
    kinds = get_type_hints(function)
    options = [
        name
        for name, each in inspect.signature(function).parameters.items()
        if each.kind is each.KEYWORD_ONLY
    ]
    own = [] if technique in UNTRAINED else [each.name for each in fields(Training)]
    where += f" ({technique})"
    _check_keys(said, ["technique", *options, *own], where)
    given = {name: _typed(said[name], kinds[name], f"{where}: {name}") for name in options if name in said}
    training = _replaced(usual, {name: said[name] for name in own if name in said}, where)
    return Stage(technique, given, training)


def _replaced(usual: Table, said: Mapping[str, Any], where: str) -> Table:
    kinds = get_type_hints(type(usual))
    return replace(
        usual, **{name: _typed(value, kinds[name], f"{where}: {name}") for name, value in said.items()}
    )


def _check_keys(said: Mapping[str, Any], known: Any, where: str) -> None:
    for name in said:
        if name not in known:
            raise UsageError(f"{where} knows no '{name}'; it knows {', '.join(known)}")


def _typed(value: Any, kind: Any, where: str) -> Any:
    """A value of a kind that TOML can say: a number, a text, a table of these, or nothing."""
    kinds = [each for each in getattr(kind, "__args__", (kind,)) if each is not type(None)]
    plain = [getattr(each, "__origin__", each) for each in kinds]
    if isinstance(value, bool):
        fits = bool in plain
    elif isinstance(value, int):
        fits = int in plain or float in plain
    else:
        fits = any(isinstance(value, each) for each in plain if isinstance(each, type))
    if not fits:
        words = {
            int: "an integer",
            float: "a number",
            str: "a text",
            bool: "true or false",
            Mapping: "a table",
        }
        wanted = " or ".join(words.get(each, str(each)) for each in plain)
        raise UsageError(f"{where} is {wanted}, not {value!r}")
    if isinstance(value, dict):
        of = kinds[plain.index(Mapping)].__args__[-1]
        return {name: _typed(each, of, f"{where}: {name}") for name, each in value.items()}
    return float(value) if plain == [float] else value
