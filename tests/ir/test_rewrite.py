"""Rules: what patterns fit, what a replacement leaves, and that rewriting ends."""

from __future__ import annotations

import pytest

from smelt.errors import GraphError
from smelt.ir import Graph, Node, Value, verify
from smelt.ir.rewrite import Anything, Constant, Match, Pattern, Replacement, Rule, apply_rules
from smelt.ir.text import from_text


def calls(graph: Graph) -> list[str]:
    """The nodes as short text: `y=add(a,b)`."""
    verify(graph)
    return [f"{n.outputs[0]}={n.operator}({','.join(i or '_' for i in n.inputs)})" for n in graph.nodes]


def sketch(*nodes: str, outputs: str = "y", constants: str = "") -> Graph:
    """A graph of f32[1] tensors: inputs a and b, nodes written as `y=add(a,b)`."""
    lines = ['graph "g"', "input %a: f32[1]", "input %b: f32[1]"]
    lines += [
        f"constant %{name}: f32[1] = [{value}]" for name, value in (c.split("=") for c in constants.split())
    ]
    for node in nodes:
        output, call = node.split("=")
        operator, inputs = call.rstrip(")").split("(")
        lines.append(f"%{output}: f32[1] = {operator}({', '.join('%' + i for i in inputs.split(','))})")
    lines.append("output " + ", ".join("%" + name for name in outputs.split()))
    return from_text("\n".join(lines))


def use_x(match: Match) -> Replacement:
    return match.use("x")


SKIP = Rule("skip", Pattern("skip", (Anything("x"),)), use_x)
PLUS_ZERO = Rule(
    "plus zero",
    Pattern("add", (Anything("x"), Constant("c", lambda a: bool((a == 0).all()))), either_order=True),
    use_x,
)


def test_chains_disappear_and_outputs_keep_their_names() -> None:
    graph = sketch("c=neg(a)", "d=skip(c)", "e=skip(d)", "f=add(d,e)", "y=skip(e)", outputs="y f")
    assert calls(apply_rules(graph, [SKIP])) == ["y=neg(a)", "f=add(y,y)"]


def test_an_input_does_not_become_an_output() -> None:
    graph = sketch("y=skip(a)")
    assert calls(apply_rules(graph, [SKIP])) == ["y=skip(a)"]


def test_a_chain_between_input_and_output_keeps_one_node() -> None:
    assert calls(apply_rules(sketch("c=skip(a)", "y=skip(c)"), [SKIP])) == ["y=skip(a)"]


def test_two_outputs_stay_two_tensors() -> None:
    graph = sketch("c=neg(a)", "y=skip(c)", "z=skip(c)", outputs="y z")
    assert calls(apply_rules(graph, [SKIP])) == ["y=neg(a)", "z=skip(y)"]


def test_either_order_and_constants() -> None:
    graph = sketch("c=add(zero,a)", "d=add(c,one)", "e=add(d,zero)", "y=neg(e)", constants="zero=0 one=1")
    result = apply_rules(graph, [PLUS_ZERO])
    assert calls(result) == ["d=add(a,one)", "y=neg(d)"]
    assert set(result.constants) == {"one"}


def test_a_name_that_occurs_twice_is_one_tensor() -> None:
    rule = Rule("minus itself", Pattern("sub", (Anything("x"), Anything("x"))), use_x)
    graph = sketch("c=sub(a,b)", "d=sub(c,c)", "y=neg(d)")
    assert calls(apply_rules(graph, [rule])) == ["c=sub(a,b)", "y=neg(c)"]


def fuse(match: Match) -> Replacement:
    inner = match.node("inner")
    return Replacement((Node("fused", inner.inputs, match.root.outputs),))


@pytest.mark.parametrize(("single_use", "expected"), [(True, ["neg", "abs"]), (False, ["neg", "fused"])])
def test_single_use(single_use: bool, expected: list[str]) -> None:
    rule = Rule("fuse", Pattern("abs", (Pattern("neg", name="inner", single_use=single_use),)), fuse)
    graph = sketch("c=neg(a)", "y=abs(c)", outputs="y c")
    assert [node.operator for node in apply_rules(graph, [rule]).nodes] == expected


def test_nodes_without_readers_go_with_what_only_they_read() -> None:
    rule = Rule("forget", Pattern("pick", (Anything("x"),)), use_x)
    graph = sketch("c=neg(a)", "d=abs(b)", "e=exp(d)", "f=pick(c,e)", "y=neg(f)")
    assert calls(apply_rules(graph, [rule])) == ["c=neg(a)", "y=neg(c)"]


def test_a_replacement_that_opens_a_rule_upstream_is_seen() -> None:
    fuse_rule = Rule("fuse", Pattern("abs", (Pattern("neg", name="inner", single_use=True),)), fuse)
    forget = Rule("forget", Pattern("pick", (Anything("x"),)), use_x)
    graph = sketch("c=neg(a)", "d=abs(c)", "e=pick(d,c)", "y=exp(e)")
    assert calls(apply_rules(graph, [fuse_rule, forget])) == ["d=fused(a)", "y=exp(d)"]


def expand(match: Match) -> Replacement:
    name = match.fresh_name("c")
    value = Value(name, match.output.dtype, match.output.shape)
    steps = (Node("neg", match.root.inputs, (name,)), Node("neg", (name,), match.root.outputs))
    return Replacement(steps, (value,))


def test_new_tensors_get_names_of_their_own() -> None:
    graph = sketch("c=twice(a)", "y=twice(c)")
    assert calls(apply_rules(graph, [Rule("expand", Pattern("twice"), expand)])) == [
        "c_1=neg(a)",
        "c=neg(c_1)",
        "c_2=neg(c)",
        "y=neg(c_2)",
    ]


def test_rules_that_never_end_are_an_error() -> None:
    rule = Rule("for ever", Pattern("neg", (Anything("x"),)), lambda m: Replacement((m.root,)))
    with pytest.raises(
        GraphError, match=r"neg 'y': rewriting does not come to an end, last by rule 'for ever'"
    ):
        apply_rules(sketch("y=neg(a)"), [rule])


def test_a_replacement_has_to_replace_all_outputs() -> None:
    rule = Rule("wrong", Pattern("neg", (Anything("x"),)), lambda m: Replacement())
    with pytest.raises(GraphError, match="rule 'wrong' gives no replacement of 'y'"):
        apply_rules(sketch("y=neg(a)"), [rule])


def test_an_output_keeps_its_description() -> None:
    text = """
    graph "g"
    input %a: s8[1] scale 1
    %c: s8[1] scale 1 = neg(%a)
    %y: s8[1] scale 2 = skip(%c)
    output %y
    """
    assert calls(apply_rules(from_text(text), [SKIP])) == ["c=neg(a)", "y=skip(c)"]


def test_a_long_chain_takes_one_replacement_a_node() -> None:
    length, built = 2000, []

    def counted(match: Match) -> Replacement:
        built.append(match.root)
        return match.use("x")

    names = ["a", *(f"t{k}" for k in range(length)), "y"]
    graph = sketch(
        "s=neg(a)", *(f"{y}=skip({x})" for x, y in zip(["s", *names[1:-1]], names[1:], strict=True))
    )
    assert calls(apply_rules(graph, [Rule("skip", SKIP.pattern, counted)])) == ["y=neg(a)"]
    assert len(built) == length + 1
