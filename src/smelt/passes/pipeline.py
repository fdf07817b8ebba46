"""The passes in the order in which they run."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from smelt.errors import UsageError
from smelt.ir import Graph
from smelt.ir.equality import graphs_equal
from smelt.operators import verify_graph
from smelt.passes.cancel_transposes import cancel_transposes
from smelt.passes.fold_batch_normalization import fold_batch_normalization
from smelt.passes.fold_constants import fold_constants
from smelt.passes.fold_padding import fold_padding
from smelt.passes.fuse_activations import fuse_activations
from smelt.passes.fuse_gelu import fuse_gelu
from smelt.passes.fuse_matrix_transposes import fuse_matrix_transposes
from smelt.passes.fuse_quantized_operators import fuse_quantized_operators
from smelt.passes.fuse_recurrent import fuse_recurrent
from smelt.passes.fuse_reversals import fuse_reversals
from smelt.passes.keep_dimensions import keep_dimensions
from smelt.passes.keep_narrow_weights import keep_narrow_weights
from smelt.passes.merge_reshapes import merge_reshapes
from smelt.passes.narrow_recurrent import narrow_recurrent
from smelt.passes.remove_dead_channels import remove_dead_channels
from smelt.passes.remove_dead_nodes import remove_dead_nodes
from smelt.passes.remove_identities import remove_identities
from smelt.passes.sink_reshapes import sink_reshapes

Pass = Callable[[Graph], Graph]

DEFAULT: tuple[tuple[str, Pass], ...] = (
    ("remove-dead-nodes", remove_dead_nodes),
    ("fuse-recurrent", fuse_recurrent),
    ("narrow-recurrent", narrow_recurrent),
    ("fuse-quantized-operators", fuse_quantized_operators),
    ("keep-narrow-weights", keep_narrow_weights),
    ("fold-constants", fold_constants),
    ("remove-identities", remove_identities),
    ("fuse-gelu", fuse_gelu),
    ("fuse-reversals", fuse_reversals),
    ("cancel-transposes", cancel_transposes),
    ("fuse-matrix-transposes", fuse_matrix_transposes),
    ("sink-reshapes", sink_reshapes),
    ("fold-batch-normalization", fold_batch_normalization),
    ("fuse-activations", fuse_activations),
    ("fold-padding", fold_padding),
    ("merge-reshapes", merge_reshapes),
    ("keep-dimensions", keep_dimensions),
    ("remove-dead-channels", remove_dead_channels),
    ("remove-identities", remove_identities),
    ("remove-dead-nodes", remove_dead_nodes),
)
"""What is quantized first, and narrow weights, before their constants are folded to real ones.  Then constants and
identities, so that the others see through them; transposes before batch normalization, which looks for its layer right
before it; activations after it, since they end a layer."""


MOST_ROUNDS = 8
"""How often the list is repeated at most; two rounds, the second without effect, are the rule."""


def optimize(graph: Graph, passes: Iterable[tuple[str, Pass]] | None = None, verify: bool = True) -> Graph:
    """The graph after the given passes (default: `DEFAULT`), in order and again until nothing changes.

    It computes the same.  `verify` checks the graph after every pass; GraphError then names what is
    broken, and is a bug.
    """
    chosen = DEFAULT if passes is None else tuple(passes)
    for _ in range(MOST_ROUNDS):
        before = graph
        for _, run in chosen:
            graph = run(graph)
            if verify:
                verify_graph(graph)
        if graphs_equal(before, graph):
            break
    return graph


def find_pass(name: str) -> tuple[str, Pass]:
    """The pass of that name, for `optimize`; raises UsageError listing the names."""
    known = dict(DEFAULT)
    if name not in known:
        raise UsageError(f"there is no pass '{name}'; the passes are {', '.join(sorted(known))}")
    return name, known[name]
