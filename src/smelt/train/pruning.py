"""Structured pruning: the channels that a network needs least are removed, with all that depends on them."""

from __future__ import annotations

from collections.abc import Mapping

from smelt.errors import UsageError
from smelt.ir import Graph
from smelt.train.channel_statistics import Moments
from smelt.train.pruning_choice import Limit, Steps, chosen_by_fraction, chosen_by_limit, chosen_evenly
from smelt.train.pruning_criteria import Criterion, magnitude
from smelt.train.pruning_groups import ChannelGroups
from smelt.train.pruning_removal import Pruned, remove_groups


def prune(
    graph: Graph,
    budget: float | Mapping[str, float] | Limit,
    criterion: Criterion | None = None,
    *,
    multiple: int = 4,
    most: float = 0.9,
    moments: Mapping[str, Moments] | None = None,
    before: Graph | None = None,
    even: bool = False,
) -> Pruned:
    """Remove the channels that a criterion (default: `magnitude(2)`) finds least important.

    `budget` is the share to remove of all channels that can be, or shares of single layers by the name of a
    node or tensor, or a `Limit`.  Where channels go, their number stays a multiple of `multiple`; no layer
    loses more than the share `most`, of what it has in `before` where pruning began with that graph.  With
    a limit and `even` all layers lose the same share.  With `moments` (`data_moments`), layers make up for
    what is removed by what stays.  Inputs and outputs keep their shapes.
    UsageError for a quantized graph, a budget that makes no sense, and a limit out of reach.
    """
    if any(value.quantization is not None for value in graph.values.values()):
        raise UsageError(f"'{graph.name}' is quantized: prune the float model, then quantize it")
    counts = {} if before is None else {f.name: len(f.groups) for f in ChannelGroups(before).families}
    steps, groups = Steps(multiple, most, counts), ChannelGroups(graph)
    importance = (criterion or magnitude(2))(groups)
    if isinstance(budget, Limit):
        choose = chosen_evenly if even else chosen_by_limit
        removed = choose(groups, importance, budget, steps)
    else:
        removed = chosen_by_fraction(groups, importance, budget, steps)
    return remove_groups(groups, removed, moments)
