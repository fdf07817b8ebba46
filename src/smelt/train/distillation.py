"""Knowledge distillation: a student learns what its teacher answers, and if wished what it sees on the way."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import torch
from torch.nn import functional

from smelt.errors import UsageError
from smelt.ir import Array, Graph
from smelt.operators import find_operator
from smelt.quantize.noise import scored_tensors
from smelt.quantize.samples import DataFile
from smelt.train.convert import to_graph
from smelt.train.data import Batch, TrainingData, training_data
from smelt.train.loop import fit
from smelt.train.losses import Loss, last_operator, soft_targets, squared_error
from smelt.train.module import GraphModule

RIDGE = 1e-4
"""Of regressions, in shares of the mean square."""


def distil(
    teacher: Graph,
    student: Graph,
    data: Path | str | DataFile | Mapping[str, Array] | TrainingData,
    *,
    temperature: float = 4.0,
    labels: float = 0.0,
    features: Mapping[str, str] | None = None,
    feature_weight: float = 1.0,
    attention: Mapping[str, str] | None = None,
    attention_weight: float = 1.0,
    **options: Any,
) -> Graph:
    """The student with weights trained to give what the teacher gives, both float graphs with the same inputs.

    Where the only output is decided by a softmax, the loss is that of softened decisions at `temperature`, and `labels`
    the share of the cross entropy with labels in it; else it is the mean squared difference of the outputs.  `features`
    pairs tensors of the student with tensors of the teacher: a learned adapter, thrown away afterwards, maps the
    first to the second, and `feature_weight` times their squared difference, relative to the teacher's, is added.
    `attention` pairs tensors of images or series whose maps of attention (where the squares over all channels are
    large) shall be alike, which needs no adapter: `attention_weight` times the squared distance of the maps, each of
    length 1, is added.
    What is left are the options of `fit`.

    Raises UsageError where inputs, outputs or features do not match, and what `fit` raises.
    Sources: Hinton, Vinyals, Dean, 2015; Romero et al., "FitNets", 2015, for features; Zagoruyko and Komodakis,
    "Paying More Attention to Attention", 2017.
    """
    check_alike(teacher, student)
    pairs = [*(features or {}).items(), *(attention or {}).items()]
    wanted = GraphModule(teacher, [*scored_tensors(teacher), *(theirs for _, theirs in pairs)])
    own = GraphModule(student, [*scored_tensors(student), *(mine for mine, _ in pairs)])
    answers = answer_loss(student, temperature, labels)
    module: torch.nn.Module = own
    loss = score = answers
    if pairs:
        adapted = len(features or {})
        module = Adapted(own, student, teacher, pairs, adapted)
        loss = with_features(answers, [feature_weight, attention_weight], adapted, len(pairs))
        score = with_features(answers, [0.0, 0.0], adapted, len(pairs))
    given = training_data(teacher, data)
    fit(module, given, loss, score=score, teacher=wanted, **options)
    return to_graph(own)


def answer_loss(graph: Graph, temperature: float = 1.0, labels: float = 0.0) -> Loss:
    """The loss of the tensors before a last softmax: of softened decisions, or of squares where nothing is decided.

    UsageError for settings that make no sense.
    """
    if last_operator(graph) == "softmax":
        return soft_targets(temperature, labels)
    if labels:
        raise UsageError(f"'{graph.name}' does not end in a softmax: labels have no share in its loss")
    return squared_error


def check_alike(teacher: Graph, student: Graph) -> None:
    """UsageError for a student that takes or gives other shapes than its teacher."""
    for what in ("inputs", "outputs"):
        shapes = [[graph.values[name].shape for name in getattr(graph, what)] for graph in (teacher, student)]
        if shapes[0] != shapes[1]:
            raise UsageError(
                f"the student '{student.name}' has {what} {shapes[1]}, the teacher '{teacher.name}' {shapes[0]}: a "
                "student takes and gives what its teacher does"
            )
    ends = [last_operator(graph) or "no activation" for graph in (teacher, student)]
    if ends[0] != ends[1]:
        raise UsageError(
            f"the student '{student.name}' ends in {ends[1]}, the teacher '{teacher.name}' in {ends[0]}: both end in "
            "the same softmax, logistic or tanh, or in none of them"
        )


def shared_features(teacher: Graph, student: Graph) -> list[str]:
    """Tensors that both networks have, to be alike in: those with several readers, else all that layers read.

    None that is an input or decides, and none of another raster.
    """
    own = set(scored_tensors(teacher)) | set(teacher.inputs) | set(teacher.outputs)

    def alike(name: str) -> bool:
        a, b = teacher.values[name], student.values.get(name)
        whole = name in student.inputs or name in student.constants or name in own
        return b is not None and not whole and len(a.shape) > 1 and a.shape[:-1] == b.shape[:-1]

    readers = Counter(name for node in teacher.nodes for name in node.inputs if name is not None)
    weighted = [node for node in teacher.nodes if find_operator(node.operator).traits.weights is not None]
    candidates = [name for node in teacher.nodes for name in node.outputs if alike(name)]
    forks = [name for name in candidates if readers[name] > 1]
    return forks or [name for name in candidates if any(name in node.inputs for node in weighted)]


class Adapted(torch.nn.Module):
    """A student whose features are brought to the teacher's shape, the first of them to its channels too."""

    def __init__(
        self, own: GraphModule, student: Graph, teacher: Graph, pairs: Sequence[tuple[str, str]], adapted: int
    ) -> None:
        super().__init__()
        self.own, self.count = own, len(pairs)
        shapes = [(_shape(student, mine), _shape(teacher, theirs)) for mine, theirs in pairs]
        for index, ((mine, theirs), (a, b)) in enumerate(zip(pairs, shapes, strict=True)):
            if len(a) != len(b) or len(a) < (2 if index < adapted else 3):
                raise UsageError(
                    f"features '{mine}' {list(a)} and '{theirs}' {list(b)} have other dimensions"
                )
        self.sizes = [wanted[1:-1] for _, wanted in shapes]
        self.adapters = torch.nn.ModuleList(
            torch.nn.Linear(a[-1], b[-1]) if index < adapted else torch.nn.Identity()
            for index, (a, b) in enumerate(shapes)
        )

    def start_from(self, teacher: GraphModule, inputs: Sequence[torch.Tensor]) -> Adapted:
        """Let the maps begin as linear regressions, of what samples give in both networks; itself."""
        with torch.no_grad():
            mine, theirs = self.own(*inputs)[-self.count :], teacher(*inputs)[-self.count :]
            for adapter, a, b, size in zip(self.adapters, mine, theirs, self.sizes, strict=True):
                if not isinstance(adapter, torch.nn.Linear):
                    continue
                x = _resized(a, size).reshape(-1, a.shape[-1]).double()
                x = torch.cat([x, torch.ones_like(x[:, :1])], 1)
                square = x.T @ x
                square += RIDGE * square.diagonal().mean() * torch.eye(len(square), dtype=x.dtype)
                map_ = torch.linalg.solve(square, x.T @ b.reshape(-1, b.shape[-1]).double())
                adapter.weight.copy_(map_[:-1].T)
                adapter.bias.copy_(map_[-1])
        return self

    def forward(self, *inputs: torch.Tensor) -> Any:
        found = self.own(*inputs)
        features = [
            adapter(_resized(tensor, size))
            for adapter, tensor, size in zip(self.adapters, found[-self.count :], self.sizes, strict=True)
        ]
        return (*found[: -self.count], *features)


def _shape(graph: Graph, name: str) -> Sequence[int]:
    if name not in graph.values:
        raise UsageError(f"'{graph.name}' has no tensor '{name}'")
    return graph.values[name].shape


def _resized(tensor: torch.Tensor, size: Sequence[int]) -> torch.Tensor:
    """Averages over the cells of another raster."""
    if tuple(tensor.shape[1:-1]) == tuple(size):
        return tensor
    pool = {1: functional.adaptive_avg_pool1d, 2: functional.adaptive_avg_pool2d}.get(len(size))
    if pool is None:
        raise UsageError(
            f"features of {list(tensor.shape[1:-1])} and {list(size)} cannot be brought to one raster"
        )
    return pool(tensor.movedim(-1, 1), tuple(size)).movedim(1, -1)


def attention_distance(mine: torch.Tensor, theirs: torch.Tensor) -> torch.Tensor:
    """The mean squared distance of two maps of attention of length 1; channels are last, in any number."""
    maps = [functional.normalize(each.square().mean(-1).flatten(1), dim=1) for each in (mine, theirs)]
    return (maps[0] - maps[1]).square().sum(1).mean()


def _feature_distance(mine: torch.Tensor, theirs: torch.Tensor) -> torch.Tensor:
    return functional.mse_loss(mine, theirs) / theirs.square().mean().clamp_min(1e-12)


def with_features(answers: Loss, weights: Sequence[float], adapted: int, count: int) -> Loss:
    """The answers' loss, and the mean distances of features (the first `adapted` of `count`) and of attention."""

    def loss(outputs: Any, batch: Batch) -> torch.Tensor:
        found, wanted = outputs[:-count], batch.taught[:-count]
        single = len(found) == 1
        answer = answers(
            found[0] if single else found,
            Batch(batch.inputs, batch.labels, wanted[0] if single else wanted),
        )
        every = list(zip(outputs[-count:], batch.taught[-count:], strict=True))
        for distance, weight, some in zip(
            (_feature_distance, attention_distance), weights, (every[:adapted], every[adapted:]), strict=True
        ):
            if weight and some:
                answer = answer + weight * torch.stack([distance(*pair) for pair in some]).mean()
        return answer

    return loss
