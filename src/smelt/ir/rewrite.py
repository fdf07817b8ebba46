"""Rewriting rules that read as data: a pattern of nodes, and what to put in its place.

    Rule(
        "mul by one",
        Pattern("mul", (Anything("x"), Constant("c", where=all_ones)), either_order=True),
        lambda match: match.use("x"),
    )

A pattern is a tree that grows from its root, the last node, towards the graph's inputs; a name that
occurs twice stands for the same tensor, so small DAGs can be written too.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from smelt.errors import GraphError
from smelt.ir.graph import Graph, Node, Value
from smelt.ir.types import Array


@dataclass(frozen=True)
class Anything:
    """Matches any tensor and calls it `name`."""

    name: str


@dataclass(frozen=True)
class Constant:
    """Matches a constant tensor whose array meets `where`, and calls it `name`."""

    name: str
    where: Callable[[Array], bool] = lambda array: True


@dataclass(frozen=True)
class Pattern:
    """Matches a node by its operator and, as far as they are written down, by its first inputs.

    `operator` is a name, several, or a question about the node.  `name` captures the node.
    `single_use`: its outputs are read once altogether, so that the node goes when it is replaced.
    `either_order`: the first two inputs may be exchanged.
    """

    operator: str | tuple[str, ...] | Callable[[Node], bool]
    inputs: tuple[Anything | Constant | Pattern, ...] = ()
    name: str = ""
    where: Callable[[Node], bool] = lambda node: True
    single_use: bool = False
    either_order: bool = False

    def accepts(self, node: Node) -> bool:
        """Whether the node alone, without its inputs, fits."""
        if callable(self.operator):
            known = self.operator(node)
        else:
            known = node.operator in ((self.operator,) if isinstance(self.operator, str) else self.operator)
        return known and self.where(node)


@dataclass(frozen=True)
class Replacement:
    """What takes the place of a pattern's root.

    Every output of the root is either computed by one of `nodes` under its old name, or `outputs`
    says which tensor its readers read instead.  `values` and `constants` describe what is new.
    """

    nodes: tuple[Node, ...] = ()
    values: tuple[Value, ...] = ()
    constants: Mapping[str, Array] = field(default_factory=dict)
    outputs: Mapping[str, str] = field(default_factory=dict)


class Match:
    """A place in a graph that fits a pattern: captured nodes and tensors, and questions about them."""

    def __init__(self, state: _State, root: Node) -> None:
        self._state = state
        self.root = root
        self.nodes: dict[str, Node] = {}
        self.names: dict[str, str] = {}

    def node(self, name: str) -> Node:
        """The node captured under this name."""
        return self.nodes[name]

    def tensor(self, name: str) -> str:
        """The name in the graph of the tensor captured under this name."""
        return self.names[name]

    def value(self, tensor: str) -> Value:
        """The description of a tensor of the graph."""
        return self._state.values[tensor]

    def array(self, tensor: str | None) -> Array | None:
        """The contents of a constant tensor of the graph, or None."""
        return None if tensor is None else self._state.constants.get(tensor)

    def producer(self, tensor: str) -> Node | None:
        """The node that computes a tensor of the graph, or None."""
        return self._state.producers.get(tensor)

    def uses(self, tensor: str) -> int:
        """How often a tensor is read, as an output of the graph too."""
        return self._state.uses.get(tensor, 0)

    @property
    def output(self) -> Value:
        """The description of the root's first output."""
        return self.value(self.root.outputs[0])

    def fresh_name(self, stem: str) -> str:
        """A tensor name that is not in use: the stem, or the stem with a number."""
        return self._state.fresh_name(stem)

    def use(self, name: str) -> Replacement:
        """The replacement of a root with one output by the tensor captured under this name."""
        return Replacement(outputs={self.root.outputs[0]: self.names[name]})


@dataclass(frozen=True)
class Rule:
    """Where `pattern` fits and `where` holds, the root is replaced by what `build` returns (None: leave it)."""

    name: str
    pattern: Pattern
    build: Callable[[Match], Replacement | None]
    where: Callable[[Match], bool] = lambda match: True


def apply_rules(graph: Graph, rules: Sequence[Rule]) -> Graph:
    """The graph after applying rules until none fits: nodes in order, and for each the first rule that fits.

    Nodes that a replacement leaves without readers are removed.  Outputs of the graph keep their names;
    where they cannot (an input would have to take the output's name) the rule is not applied.
    Raises GraphError when the rules do not come to an end.
    """
    state = _State(graph)
    budget = 100 + 20 * len(graph.nodes)
    while True:
        applied = _sweep(state, rules, budget)
        if not applied:
            return state.graph()
        budget -= applied


def _sweep(state: _State, rules: Sequence[Rule], budget: int) -> int:
    """One pass over all nodes; returns how many replacements were made."""
    pending = list(reversed(state.nodes))
    state.nodes = []
    applied = 0
    while pending:
        node = state.resolved(pending.pop())
        found = _first_replacement(state, node, rules)
        if found is None:
            state.nodes.append(node)
            state.register(node)
            continue
        rule, replacement = found
        applied += 1
        if applied > budget:
            raise GraphError(f"{node.label}: rewriting does not come to an end, last by rule '{rule.name}'")
        state.substitute(node, replacement)
        pending.extend(reversed(replacement.nodes))
    state.finish_sweep()
    return applied


def _first_replacement(state: _State, node: Node, rules: Iterable[Rule]) -> tuple[Rule, Replacement] | None:
    for rule in rules:
        for match in _matches(state, rule.pattern, node):
            if not rule.where(match):
                continue
            replacement = rule.build(match)
            if replacement is not None and state.allows(rule, node, replacement):
                return rule, replacement
    return None


def _matches(state: _State, pattern: Pattern, root: Node) -> Iterator[Match]:
    """The ways in which a pattern fits at a root; more than one only with `either_order`."""
    for nodes, names in _node_bindings(state, pattern, root, ({}, {})):
        match = Match(state, root)
        match.nodes, match.names = nodes, names
        yield match


_Binding = tuple[dict[str, Node], dict[str, str]]


def _node_bindings(state: _State, pattern: Pattern, node: Node, binding: _Binding) -> Iterator[_Binding]:
    if not pattern.accepts(node) or len(node.inputs) < len(pattern.inputs):
        return
    nodes, names = binding
    if pattern.name:
        nodes = {**nodes, pattern.name: node}
    orders = [node.inputs]
    if pattern.either_order and len(node.inputs) > 1:
        orders.append((node.inputs[1], node.inputs[0], *node.inputs[2:]))
    for inputs in orders:
        yield from _input_bindings(state, pattern.inputs, inputs, (nodes, names))


def _input_bindings(
    state: _State,
    operands: tuple[Anything | Constant | Pattern, ...],
    inputs: tuple[str | None, ...],
    binding: _Binding,
) -> Iterator[_Binding]:
    if not operands:
        yield binding
        return
    for bound in _operand_bindings(state, operands[0], inputs[0], binding):
        yield from _input_bindings(state, operands[1:], inputs[1:], bound)


def _operand_bindings(
    state: _State, operand: Anything | Constant | Pattern, tensor: str | None, binding: _Binding
) -> Iterator[_Binding]:
    if tensor is None:
        return
    nodes, names = binding
    if isinstance(operand, Pattern):
        producer = state.producers.get(tensor)
        if producer is None or (operand.single_use and state.total_uses(producer) != 1):
            return
        yield from _node_bindings(state, operand, producer, binding)
        return
    if isinstance(operand, Constant):
        array = state.constants.get(tensor)
        if array is None or not operand.where(array):
            return
    if names.get(operand.name, tensor) == tensor:
        yield nodes, {**names, operand.name: tensor}


class _State:
    """A graph under reconstruction.  `producers` knows the nodes before the one that is being looked at."""

    def __init__(self, graph: Graph) -> None:
        self._graph = graph
        self.nodes = list(graph.nodes)
        self.values = dict(graph.values)
        self.constants = dict(graph.constants)
        self.outputs = list(graph.outputs)
        self.producers: dict[str, Node] = {}
        self.uses: dict[str, int] = {}
        self._renamed: dict[str, str] = {}
        self._reserved: set[str] = set()
        self._removed: set[int] = set()
        self._count_uses()

    def _count_uses(self) -> None:
        self.uses = {}
        for names in (self.outputs, *(node.inputs for node in self.nodes)):
            for name in names:
                if name is not None:
                    self.uses[name] = self.uses.get(name, 0) + 1

    def total_uses(self, node: Node) -> int:
        return sum(self.uses.get(name, 0) for name in node.outputs)

    def fresh_name(self, stem: str) -> str:
        name, number = stem, 0
        while name in self.values or name in self._reserved:
            number += 1
            name = f"{stem}_{number}"
        self._reserved.add(name)
        return name

    def resolved(self, node: Node) -> Node:
        inputs = tuple(None if name is None else self._current(name) for name in node.inputs)
        return node if inputs == node.inputs else replace(node, inputs=inputs)

    def _current(self, name: str) -> str:
        while name in self._renamed:
            name = self._renamed[name]
        return name

    def register(self, node: Node) -> None:
        self.producers.update(dict.fromkeys(node.outputs, node))

    def allows(self, rule: Rule, root: Node, replacement: Replacement) -> bool:
        """Whether outputs of the graph can keep their names, types and number."""
        computed = {name for node in replacement.nodes for name in node.outputs}
        for name in root.outputs:
            if name in computed:
                continue
            if name not in replacement.outputs:
                raise GraphError(f"{root.label}: rule '{rule.name}' gives no replacement of '{name}'")
            target = replacement.outputs[name]
            if name in self.outputs and not self._may_become_output(name, target, replacement):
                return False
        return True

    def _may_become_output(self, name: str, target: str, replacement: Replacement) -> bool:
        computed = target in self.producers or any(target in node.outputs for node in replacement.nodes)
        values = {**self.values, **{value.name: value for value in replacement.values}}
        return (
            computed
            and target not in self.outputs
            and replace(values[target], name=name) == self.values[name]
        )

    def substitute(self, root: Node, replacement: Replacement) -> None:
        """Put a replacement in the root's place, and drop the nodes that nothing reads any longer."""
        self.values.update((value.name, value) for value in replacement.values)
        self.constants.update(replacement.constants)
        for node in replacement.nodes:
            self._add_uses(node.inputs, 1)
        for old, new in replacement.outputs.items():
            self._renamed[old] = new
            self.uses[new] = self.uses.get(new, 0) + self.uses.pop(old, 0)
            self.outputs = [new if name == old else name for name in self.outputs]
        self._release(root)

    def _release(self, node: Node) -> None:
        """Take back a node's reads, and those of the producers that lose their last reader by it."""
        waiting = [node]
        while waiting:
            inputs = waiting.pop().inputs
            self._add_uses(inputs, -1)
            for name in dict.fromkeys(inputs):
                producer = self.producers.get(name) if name is not None else None
                if producer and id(producer) not in self._removed and not self.total_uses(producer):
                    self._removed.add(id(producer))
                    waiting.append(producer)

    def _add_uses(self, names: Iterable[str | None], number: int) -> None:
        for name in names:
            if name is not None:
                self.uses[name] = self.uses.get(name, 0) + number

    def finish_sweep(self) -> None:
        self.nodes = [self.resolved(node) for node in self.nodes if id(node) not in self._removed]
        self.producers.clear()
        self._removed.clear()
        self._count_uses()

    def graph(self) -> Graph:
        """The graph as it stands, its outputs under the names that they had."""
        pairs = zip(self.outputs, self._graph.outputs, strict=True)
        wanted = {now: name for now, name in pairs if now != name}

        def named(name: str) -> str:
            return wanted.get(name, name)

        values = [replace(self.values[now], name=name) for now, name in wanted.items()]
        nodes = [
            replace(
                node,
                inputs=tuple(None if name is None else named(name) for name in node.inputs),
                outputs=tuple(map(named, node.outputs)),
            )
            for node in self.nodes
        ]
        base = replace(self._graph, values=self.values, constants=self.constants)
        return base.replaced(nodes=nodes, values=values, outputs=self._graph.outputs)
