"""sink_reshapes, from text to text, and what it does for networks over time."""

from __future__ import annotations

import pytest
from rewriting import check, check_same, check_unchanged

from smelt.ir.text import from_text
from smelt.passes import optimize
from smelt.passes.fold_padding import fold_padding
from smelt.passes.sink_reshapes import sink_reshapes


def _swapped(before: str, after: str, output: str, moved: str) -> None:
    shape = f"({', '.join(output[1:-1].split(','))})"
    check(
        sink_reshapes,
        f"""
        graph "g"
        input %x: f32[1,1,6,4]
        constant %c: f32[4] = [1, 2, 3, 4]
        %r: f32[1,6,4] = reshape(%x) {{shape=(1, 6, 4)}}
        %y: f32{output} = {before}
        output %y
        """,
        f"""
        graph "g"
        input %x: f32[1,1,6,4]
        {"constant %c_1: f32[1,1,1,4] = [1, 2, 3, 4]" if "%c" in before else ""}
        %y/before: f32{moved} = {after} as "y"
        %y: f32{output} = reshape(%y/before) {{shape={shape}}} as "r"
        output %y
        """,
    )


@pytest.mark.parametrize(
    ("before", "after", "output", "moved"),
    [
        ("relu(%r)", "relu(%x)", "[1,6,4]", "[1,1,6,4]"),
        ("mul(%r, %c)", "mul(%x, %c_1)", "[1,6,4]", "[1,1,6,4]"),
        ("sub(%c, %r)", "sub(%c_1, %x)", "[1,6,4]", "[1,1,6,4]"),
        (
            "pad(%r) {paddings=(0, 0, 1, 2, 0, 0)}", "pad(%x) {paddings=(0, 0, 0, 0, 1, 2, 0, 0)}", "[1,9,4]",
            "[1,1,9,4]",
        ),
    ],
)  # fmt: skip
def test_what_reads_a_reshape_is_computed_before_it(before: str, after: str, output: str, moved: str) -> None:
    _swapped(before, after, output, moved)


def test_a_reduction_takes_the_dimension_of_size_1_along() -> None:
    check(
        sink_reshapes,
        """
        graph "g"
        input %x: f32[1,1,6,4]
        %r: f32[1,6,4] = reshape(%x) {shape=(1, 6, 4)}
        %y: f32[1,4] = mean(%r) {axes=(1)}
        output %y
        """,
        """
        graph "g"
        input %x: f32[1,1,6,4]
        %y: f32[1,4] = mean(%x) {axes=(1, 2)}
        output %y
        """,
    )


@pytest.mark.parametrize(
    "reader",
    [
        "%y: f32[1,24] = relu(%flat)",
        "%y: f32[1,6,4] = softmax(%r)",
        "%y: f32[5,6,4] = mul(%r, %wide)",
    ],
)
def test_other_reshapes_and_readers_stay(reader: str) -> None:
    used = [name for name in ("%r", "%flat", "%wide") if name in reader.partition("=")[2]]
    lines = {
        "%r": "%r: f32[1,6,4] = reshape(%x) {shape=(1, 6, 4)}",
        "%flat": "%flat: f32[1,24] = reshape(%x) {shape=(1, 24)}",
        "%wide": "constant %wide: f32[5,1,1] = [1, 2, 3, 4, 5]",
    }
    text = "\n        ".join(lines[name] for name in reversed(used))
    check_unchanged(
        sink_reshapes,
        f"""
        graph "g"
        input %x: f32[1,1,6,4]
        {text}
        {reader}
        output %y
        """,
    )


_SIGNAL = """
graph "g"
input %x: f32[1,6,2]
constant %w: f32[2,1,3,2] = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12]
%p: f32[1,8,2] = pad(%x) {paddings=(0, 0, 1, 1, 0, 0)}
%r: f32[1,1,8,2] = reshape(%p) {shape=(1, 1, 8, 2)}
%y: f32[1,1,6,2] = conv_2d(%r, %w)
%s: f32[1,6,2] = reshape(%y) {shape=(1, 6, 2)}
%a: f32[1,6,2] = relu(%s)
output %a
"""


def test_a_signal_is_convolved_as_an_image_is() -> None:
    graph = from_text(_SIGNAL)
    result = optimize(graph)
    check_same(graph, result, 1)
    assert [node.operator for node in result.nodes] == ["reshape", "conv_2d", "reshape"]
    assert result.nodes[1].attributes["padding"] == (0, 0, 1, 1)
    assert result.nodes[1].attributes["activation"] == "relu"


def test_padding_of_another_value_stays() -> None:
    text = _SIGNAL.replace("paddings=(0, 0, 1, 1, 0, 0)", "paddings=(0, 0, 1, 1, 0, 0), value=1.0")
    check_unchanged(fold_padding, text)
