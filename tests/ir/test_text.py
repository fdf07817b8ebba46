"""Text out and in again gives an equal graph; text that is wrong is refused with its line."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from smelt.errors import GraphError
from smelt.ir import DType, Graph, Node, Quantization, Value, verify
from smelt.ir.equality import arrays_equal, graphs_equal
from smelt.ir.text import LIST_ELEMENTS, from_text, to_text

READABLE = """graph "kws"
metadata "author" = base64 "c21lbHQ="
input %x: s8[1,49,10,1] scale 0.5 zero 3
constant %w: s8[2,1,1,1] scale (0.1, 0.2) axis 0 = [-4, 127]
constant %b: s32[2] = [17, -4]
%y: s8[1,25,5,2] scale 0.25 zero -1 = conv_2d(%x, %w, _) {stride=(2, 2), activation="relu"} as "conv/1"
%"a;b c": s8[] scale 0.25, %z: bool[0] = split(%y)
output %"a;b c", %y
"""


def graph_of(values: list[Value], constants: dict[str, np.ndarray], **attributes: object) -> Graph:
    """A graph whose one node reads all values but the last."""
    names = tuple(value.name for value in values)
    node = Node("any", (None, *names[:-1]), names[-1:], attributes, "node")  # type: ignore[arg-type]
    inputs = tuple(name for name in names[:-1] if name not in constants)
    return verify(Graph("g", {v.name: v for v in values}, (node,), inputs, names[-1:], constants))


def test_the_documented_form_is_what_is_printed() -> None:
    assert to_text(from_text(READABLE)) == READABLE


def test_what_the_documented_form_means() -> None:
    graph = from_text(READABLE)
    assert graph.metadata == {"author": b"smelt"}
    assert graph.values["w"].quantization == Quantization(
        (float(np.float32(0.1)), float(np.float32(0.2))), (0, 0), 0
    )
    assert graph.values["x"] == Value("x", DType.S8, (1, 49, 10, 1), Quantization.per_tensor(0.5, 3))
    assert graph.constants["w"].tolist() == [[[[-4]]], [[[127]]]]
    first, second = graph.nodes
    assert (first.inputs, first.name) == (("x", "w", None), "conv/1")
    assert dict(first.attributes) == {"stride": (2, 2), "activation": "relu"}
    assert (second.outputs, second.name) == (("a;b c", "z"), "a;b c")


names = st.text(min_size=1, max_size=8)
attribute_items = (
    st.booleans(),
    st.integers(-(2**70), 2**70),
    st.floats(allow_nan=True, allow_infinity=True),
    st.text(max_size=6),
)
attribute_values = st.one_of(
    *attribute_items, *(st.lists(i, max_size=3).map(tuple) for i in attribute_items[1:])
)
scales = st.floats(2.0**-100, 2.0**100, width=32)


@settings(max_examples=150, deadline=None, derandomize=True)
@given(
    st.lists(names, min_size=3, max_size=3, unique=True),
    st.dictionaries(names, attribute_values, max_size=3),
    st.lists(scales, min_size=3, max_size=3),
    st.lists(st.integers(-128, 127), min_size=3, max_size=3),
    st.dictionaries(names, st.binary(max_size=9), max_size=2),
)
def test_any_name_attribute_and_scale_comes_back(
    tensors: list[str],
    attributes: dict[str, object],
    some_scales: list[float],
    zeros: list[int],
    metadata: dict[str, bytes],
) -> None:
    quantizations = (
        Quantization((some_scales[0],), (zeros[0],)),
        Quantization(tuple(some_scales), tuple(zeros), 1),
        None,
    )
    values = {n: Value(n, DType.S8, (1, 3), q) for n, q in zip(tensors, quantizations, strict=True)}
    node = Node(tensors[1], tuple(tensors[:2]), (tensors[2],), attributes, tensors[0])  # type: ignore[arg-type]
    graph = Graph(tensors[0], values, (node,), tuple(tensors[:2]), (tensors[2],), {}, metadata)
    assert graphs_equal(from_text(to_text(graph)), graph)


@pytest.mark.parametrize("elements", [0, 1, LIST_ELEMENTS, LIST_ELEMENTS + 1, 1000])
@pytest.mark.parametrize("dtype", DType)
def test_constants_of_every_type_come_back_bit_for_bit(dtype: DType, elements: int) -> None:
    content = np.random.default_rng(elements).integers(0, 256, elements * dtype.numpy.itemsize, np.uint8)
    array = content.view(dtype.numpy)  # any bits: NaNs with payloads, denormal numbers, infinities
    if dtype.bits < 8:
        array = np.resize(np.array(sorted({*dtype.integer_range, -1, 1}), np.int8), elements)
    if dtype is DType.BOOL:
        array = content % 2 == 1
    values = [Value("c", dtype, array.shape), Value("y", dtype, ())]
    graph = graph_of(values, {"c": array})
    assert graphs_equal(from_text(to_text(graph)), graph)


def test_nan_inf_and_negative_zero_are_written_as_numbers() -> None:
    array = np.array([np.nan, np.inf, -np.inf, -0.0, 0.1], np.float32)
    graph = graph_of([Value("c", DType.F32, (5,)), Value("y", DType.F32, ())], {"c": array})
    assert "[nan, inf, -inf, -0.0, 0.1]" in to_text(graph)
    assert arrays_equal(from_text(to_text(graph)).constants["c"], array)


def test_a_scale_that_is_no_float32_comes_back_exactly() -> None:
    value = Value("x", DType.S8, (1,), Quantization((0.1,), (0,)))
    graph = graph_of([value, Value("y", DType.S8, ())], {})
    assert from_text(to_text(graph)).values["x"].quantization == Quantization((0.1,), (0,))


def test_values_that_nothing_uses_come_back() -> None:
    values = {"x": Value("x", DType.F32, (2,)), "left over": Value("left over", DType.S8, (3,))}
    graph = Graph("g", values, (), ("x",), ("x",))
    assert graphs_equal(from_text(to_text(graph)), graph)


def test_text_for_people_is_short_and_refused() -> None:
    weights = np.zeros((100, 100), np.float32)
    graph = graph_of([Value("w", DType.F32, weights.shape), Value("y", DType.F32, ())], {"w": weights})
    short = to_text(graph, elide_constants=True)
    assert len(short) < 300
    with pytest.raises(GraphError, match=r"^line 3: contents were left out"):
        from_text(short)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "line 1: the text is empty"),
        ("input %x: f32[1]", 'line 1: the first line has to be: graph "name"'),
        ('graph "a"\ngraph "b"', "line 2: a text holds one graph"),
        ('graph "a"\n\ninput %x: f31[1]', "line 3: tensor 'x': 'f31' is not one of f16"),
        ('graph "a"\ninput %x: f32[-1]', "line 2: tensor 'x': shape .* negative"),
        ('graph "a"\ninput %x: f32[1', "line 2: expected '\\]', found the end of the line"),
        ('graph "a"\ninput %x: f32[1]\ninput %x: f32[1]', "line 3: tensor 'x' is described a second time"),
        ('graph "a"\nconstant %c: s8[1] = [128]', "line 2: an element is outside -128"),
        ('graph "a"\nconstant %c: s8[2] = [1]', "line 2: constant 'c': 1 elements where shape \\[2\\] has 2"),
        ('graph "a"\nconstant %c: s8[4] = base64 "AAA="', "line 2: constant 'c': 2 bytes where"),
        ('graph "a"\nconstant %c: s8[4] = base64 "A"', "line 2: the base64 text is damaged"),
        ('graph "a"\nconstant %c: s8[999999999999] = base64 "AAAA"', "line 2: constant 'c': 3 bytes"),
        ('graph "a"\n%y: f32[1] = relu(%x) {a=1, a=2}', "line 2: attribute 'a' is given a second time"),
        (
            'graph "a"\n%y: f32[1] = relu(%x) {a=(1, 2.0)}',
            "line 2: the items of a tuple have different types",
        ),
        ('graph "a"\n%y: f32[1] = relu(%x) $', "line 2: column 23: '\\$' is not understood"),
        ('graph "a"\n%y: f32[1] = relu(%x) %z', "line 2: expected the end of the line, found z"),
        ('graph "a"\noutput %y', "output uses 'y', which is not described"),
        ('graph "a"\ninput %x: f32[1] scale 1', "tensor 'x': f32 cannot carry quantization"),
    ],
)
def test_wrong_text_is_refused_with_its_line(text: str, message: str) -> None:
    with pytest.raises(GraphError, match=message):
        from_text(text)


@settings(max_examples=200, deadline=None, derandomize=True)
@given(st.integers(0, len(READABLE) - 1), st.sampled_from(list('%"()[]{}=,:_ 0a.\\\n')))
def test_damaged_text_gives_a_graph_error_or_a_graph(position: int, character: str) -> None:
    damaged = READABLE[:position] + character + READABLE[position + 1 :]
    try:
        verify(from_text(damaged))
    except GraphError:
        return


def test_equality_sees_every_difference() -> None:
    graph = from_text(READABLE)
    for old, new in [
        ('"kws"', '"kwt"'),
        ("c21lbHQ=", "c21lbHU="),
        ("zero 3", "zero 4"),
        ("[17, -4]", "[17, -5]"),
        ("stride=(2, 2)", "stride=(2, 1)"),
        ("stride=(2, 2)", "stride=(2.0, 2.0)"),
        ('as "conv/1"', ""),
        ("output %", "output %y, %"),
    ]:
        assert not graphs_equal(graph, from_text(READABLE.replace(old, new, 1)))
    assert graphs_equal(graph, from_text(READABLE))
