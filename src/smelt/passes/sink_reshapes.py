"""Reshapes that only add or remove dimensions of size 1 move behind what reads them, so that layers meet."""

from __future__ import annotations

from collections.abc import Sequence

from smelt.ir import Attribute, Graph, Node, Value
from smelt.ir.rewrite import Anything, Constant, Match, Pattern, Replacement, Rule, apply_rules
from smelt.operators import find_operator

_REDUCTIONS = ("mean", "sum", "reduce_max", "reduce_min", "reduce_prod")


def sink_reshapes(graph: Graph) -> Graph:
    """Compute elementwise operators, pads and reductions in the shape that their input was reshaped from.

    What a convolution of one dimension leaves then fuses with its activation, as in two dimensions.
    """
    return apply_rules(graph, RULES)


def _is_elementwise(node: Node, count: int) -> bool:
    return find_operator(node.operator).traits.elementwise and len(node.inputs) == count


def _places(small: Sequence[int], large: Sequence[int]) -> list[int | None] | None:
    """For each dimension of one shape where it is in another that differs in dimensions of size 1 only."""
    result: list[int | None] = []
    at = 0
    for size in small:
        while at < len(large) and large[at] != size and large[at] == 1:
            at += 1
        if at < len(large) and large[at] == size:
            result.append(at)
            at += 1
        elif size == 1:
            result.append(None)
        else:
            return None
    return result if all(size == 1 for size in large[at:]) else None


def _shapes(match: Match, name: str = "reshape") -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Behind a reshape and before it."""
    node = match.node(name)
    return match.value(node.outputs[0]).shape, match.value(str(node.inputs[0])).shape


def _moves(match: Match) -> list[int | None] | None:
    return _places(*_shapes(match))


def _behind(
    match: Match, shape: Sequence[int], inputs: Sequence[str], attributes: dict[str, Attribute] | None = None
) -> Replacement:
    """The root in the shape before the reshape, and the reshape behind it."""
    root, output = match.root, match.output
    name = match.fresh_name(f"{root.outputs[0]}/before")
    given = root.attributes if attributes is None else attributes
    moved = Node(root.operator, tuple(inputs), (name,), given, root.name)
    shaped = Node("reshape", (name,), root.outputs, {"shape": output.shape}, match.node("reshape").name)
    return Replacement(
        (moved, shaped), values=(Value(name, output.dtype, tuple(shape), output.quantization),)
    )


def _unary(match: Match) -> Replacement | None:
    before = _shapes(match)[1]
    return None if _moves(match) is None else _behind(match, before, (match.tensor("x"),))


def _with_constant(match: Match) -> Replacement | None:
    behind, before = _shapes(match)
    places, array = _moves(match), match.array(match.tensor("c"))
    value = match.value(match.tensor("c"))
    if places is None or array is None or match.output.shape != behind or value.quantization is not None:
        return None
    sizes = [1] * len(before)
    for axis, size in enumerate((1,) * (len(behind) - array.ndim) + array.shape):
        place = places[axis]
        if size != 1 and place is None:
            return None
        if place is not None:
            sizes[place] = size
    name = match.fresh_name(match.tensor("c"))
    inputs = [match.tensor("x") if n != match.tensor("c") else name for n in match.root.inputs]
    result = _behind(match, before, inputs)
    described = Value(name, value.dtype, tuple(sizes))
    return Replacement(result.nodes, (*result.values, described), {name: array.reshape(sizes)})


def _of_two(match: Match) -> Replacement | None:
    shapes, others = _shapes(match), _shapes(match, "other")
    if shapes != others or _moves(match) is None:
        return None
    return _behind(match, shapes[1], (match.tensor("x"), match.tensor("y")))


def _pad(match: Match) -> Replacement | None:
    places, before = _moves(match), _shapes(match)[1]
    paddings = match.root.attributes["paddings"]
    assert isinstance(paddings, tuple)
    if places is None:
        return None
    moved = [0] * (2 * len(before))
    for axis, place in enumerate(places):
        pair = [int(n) for n in paddings[2 * axis : 2 * axis + 2]]
        if place is not None:
            moved[2 * place : 2 * place + 2] = pair
        elif any(pair):
            return None
    shape = [size + moved[2 * axis] + moved[2 * axis + 1] for axis, size in enumerate(before)]
    return _behind(match, shape, (match.tensor("x"),), {**match.root.attributes, "paddings": tuple(moved)})


def _reduction(match: Match) -> Replacement | None:
    """The reduction over the dimensions of size 1 that the reshape took away as well."""
    places, before = _moves(match), _shapes(match)[1]
    axes = match.root.attributes["axes"]
    assert isinstance(axes, tuple)
    if places is None or match.root.attributes.get("keep_dims") or any(places[int(a)] is None for a in axes):
        return None
    gone = [axis for axis in range(len(before)) if axis not in places]
    moved = tuple(sorted({*gone, *(int(str(places[int(a)])) for a in axes)}))
    if tuple(size for axis, size in enumerate(before) if axis not in moved) != match.output.shape:
        return None
    return Replacement((match.root.with_inputs(match.tensor("x")).with_attributes(axes=moved),))


_RESHAPE = Pattern("reshape", (Anything("x"),), name="reshape", single_use=True)
RULES = (
    Rule("elementwise before a reshape", Pattern(lambda node: _is_elementwise(node, 1), (_RESHAPE,)), _unary),
    Rule(
        "elementwise with a constant before a reshape",
        Pattern(lambda node: _is_elementwise(node, 2), (_RESHAPE, Constant("c")), either_order=True),
        _with_constant,
    ),
    Rule(
        "elementwise of two before their reshapes",
        Pattern(
            lambda node: _is_elementwise(node, 2),
            (_RESHAPE, Pattern("reshape", (Anything("y"),), name="other", single_use=True)),
        ),
        _of_two,
    ),
    Rule("pad before a reshape", Pattern("pad", (_RESHAPE,)), _pad),
    Rule("reduction before a reshape", Pattern(_REDUCTIONS, (_RESHAPE,)), _reduction),
)
