"""Which groups of channels to remove: the least important ones, by shares or for what their removal saves."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from smelt.errors import UsageError
from smelt.ir import Graph
from smelt.train.channel_statistics import Floats
from smelt.train.pruning_groups import ChannelGroups, Family
from smelt.train.pruning_removal import remove_groups


@dataclass(frozen=True)
class Limit:
    """What the pruned network may cost at most: `measure(graph)` gives bytes, cycles or any other number."""

    measure: Callable[[Graph], float]
    at_most: float


@dataclass(frozen=True)
class Steps:
    """How far a layer's channels may go, and in which steps.

    Their number stays a multiple of `multiple`, and at most the share `most` of them goes: of as many as `before` says
    for a family's name, else of those that there are.
    """

    multiple: int = 4
    most: float = 0.9
    before: Mapping[str, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.multiple < 1 or not 0 <= self.most < 1:
            raise UsageError(
                f"pruning to multiples of {self.multiple}, at most {self.most:g} of a layer: "
                "a multiple of 1 or more, and a share from 0 to less than 1, make sense"
            )

    def of(self, family: Family, importance: Floats) -> list[Step]:
        """What goes one after the other, the least important first."""
        order = sorted(family.groups, key=lambda group: (importance[group], group))
        count = len(order)
        least = round(self.before.get(family.name, count) * (1 - self.most))
        fewest = max(self.multiple, -(-least // self.multiple) * self.multiple)
        ends = [count - kept for kept in range(count // self.multiple * self.multiple, 0, -self.multiple)]
        steps, start = [], 0
        for end in ends:
            if end > start and count - end >= fewest:
                going = tuple(order[start:end])
                # the fewer are left, the more each has to do
                rate = count / (count - end)
                steps.append(Step(family, going, rate * float(importance[list(going)].mean())))
                start = end
        return steps


@dataclass(frozen=True)
class Step:
    """Groups of one family that go at once, and their mean importance."""

    family: Family
    groups: tuple[int, ...]
    importance: float


def chosen_by_fraction(
    groups: ChannelGroups, importance: Floats, fraction: float | Mapping[str, float], steps: Steps
) -> list[int]:
    """The groups to remove for a share of all groups, or for shares of single families by a tensor's or node's name."""
    if isinstance(fraction, Mapping):
        removed = []
        for name, share in fraction.items():
            families = _families_of(groups, name)
            removed += _least(families, importance, share, steps)
        return removed
    return _least(groups.families, importance, fraction, steps)


def _least(families: Sequence[Family], importance: Floats, share: float, steps: Steps) -> list[int]:
    if not 0 <= share <= 1:
        raise UsageError(f"the share of channels to remove is {share:g}; it is from 0 to 1")
    wanted = share * sum(len(family.groups) for family in families)
    every = [step for family in families for step in steps.of(family, importance)]
    removed: list[int] = []
    for step in sorted(every, key=lambda step: step.importance):
        if len(removed) + len(step.groups) > wanted + 1e-9:
            break
        removed += step.groups
    return removed


def _families_of(groups: ChannelGroups, name: str) -> list[Family]:
    """The families whose channels a tensor, or the output of a node, has."""
    tensors = {node.name: node.outputs[0] for node in groups.graph.nodes} | {
        output: output for node in groups.graph.nodes for output in node.outputs
    }
    found = set(groups.of(tensors[name]).tolist()) if name in tensors else set()
    families = [family for family in groups.families if found & set(family.groups)]
    if not families:
        removable = ", ".join(f"'{family.name}'" for family in groups.families)
        reason = "no channels that can be removed" if name in tensors else "no such tensor or node"
        raise UsageError(f"'{name}': {reason}; there are channels to remove in {removable or 'no tensor'}")
    return families


ROUNDS = 3
"""How often savings are measured anew on the way to a limit."""


def chosen_by_limit(groups: ChannelGroups, importance: Floats, limit: Limit, steps: Steps) -> list[int]:
    """The groups to remove until a limit is kept: those of the least importance for what they save.

    UsageError where the limit is out of reach.
    """
    search = _Search(groups, limit)
    waiting = [steps.of(family, importance) for family in groups.families]
    removed: list[int] = []
    gone_steps: list[Step] = []
    start = cost = search.cost(removed)
    for turn in range(1, ROUNDS + 1):
        if cost <= limit.at_most:
            break
        goal = limit.at_most if turn == ROUNDS else start + (limit.at_most - start) * turn / ROUNDS
        ranked = search.ranked(removed, cost, waiting)
        taken = search.fewest(removed, ranked, goal)
        removed += [group for step in ranked[:taken] for group in step.groups]
        gone_steps += ranked[:taken]
        cost = search.cost(removed)
        gone = set(removed)
        waiting = [[step for step in family if step.groups[0] not in gone] for family in waiting]
    return search.without_excess(gone_steps)


def chosen_evenly(groups: ChannelGroups, importance: Floats, limit: Limit, steps: Steps) -> list[int]:
    """The groups to remove until a limit is kept, the same share of each layer, as near as steps allow.

    UsageError where the limit is out of reach.
    """
    search, after = _Search(groups, limit), []
    for family in groups.families:
        gone = 0
        for step in steps.of(family, importance):
            gone += len(step.groups)
            after.append((gone / len(family.groups), step))
    order = [step for _, step in sorted(after, key=lambda pair: pair[0])]
    if search.cost([]) <= limit.at_most:
        return []
    taken = order[: search.fewest([], order, limit.at_most)]
    return search.without_excess(taken)


class _Search:
    def __init__(self, groups: ChannelGroups, limit: Limit) -> None:
        self._groups = groups
        self._limit = limit

    def cost(self, removed: Sequence[int]) -> float:
        return float(self._limit.measure(remove_groups(self._groups, removed).graph))

    def ranked(self, removed: Sequence[int], cost: float, waiting: Sequence[Sequence[Step]]) -> list[Step]:
        """The steps that are left, those that cost least importance for what they save first."""
        rated = []
        for steps in waiting:
            if not steps:
                continue
            # a single step may save nothing of what is counted in larger pieces
            some = steps[: -(-len(steps) // 4)]
            saved = (cost - self.cost([*removed, *(g for step in some for g in step.groups)])) / len(some)
            rated += [(step, step.importance / saved if saved > 0 else np.inf) for step in steps]
        # nothing useless goes, unless nothing useful is left
        useful = [pair for pair in rated if np.isfinite(pair[1])] or [(s, s.importance) for s, _ in rated]
        return [step for step, _ in sorted(useful, key=lambda pair: pair[1])]

    def without_excess(self, gone: Sequence[Step]) -> list[int]:
        """The groups of steps, but for those that the limit lets stay: the most important ones stay first."""
        left = list(gone)
        for step in sorted(gone, key=lambda step: -step.importance * len(step.groups)):
            if not any(other.family is step.family and other.importance > step.importance for other in left):
                rest = [other for other in left if other is not step]
                if self.cost([group for other in rest for group in other.groups]) <= self._limit.at_most:
                    left = rest
        return [group for step in left for group in step.groups]

    def fewest(self, removed: Sequence[int], ranked: Sequence[Step], goal: float) -> int:
        """How many of the steps, from the first, have to go to reach a goal."""

        def reached(count: int) -> float:
            return self.cost([*removed, *(group for step in ranked[:count] for group in step.groups)])

        low, high = 0, len(ranked)
        if (least := reached(high)) > goal:
            if goal == self._limit.at_most:
                raise UsageError(
                    f"pruning reaches {least:,.0f} at best, not {goal:,.0f}: allow more of each layer to go, or a "
                    "smaller multiple, or raise the limit"
                )
            return high
        while high - low > 1:
            middle = (low + high) // 2
            low, high = (low, middle) if reached(middle) <= goal else (middle, high)
        return high
