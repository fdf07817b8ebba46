"""fold_padding, from text to text."""

from __future__ import annotations

import pytest
from rewriting import check, check_unchanged

from smelt.passes.fold_padding import fold_padding

QUANTIZED = """
graph "g"
input %x: s8[1,4,5,2] scale 0.05 zero 3
constant %w: s8[1,3,3,2] scale (0.1, 0.2) axis 3 = [1,2,3,4,5,6,7,8,9,-1,-2,-3,-4,-5,-6,-7,-8,-9]
"""


@pytest.mark.parametrize(("operator", "channels", "axis"), [("depthwise_conv_2d", 2, 3), ("conv_2d", 1, 0)])
def test_zeros_go_into_convolutions(operator: str, channels: int, axis: int) -> None:
    head = QUANTIZED if axis == 3 else QUANTIZED.replace("(0.1, 0.2) axis 3", "(0.1,) axis 0")
    check(
        fold_padding,
        f"""{head}
%a: s8[1,7,6,2] scale 0.05 zero 3 = pad(%x) {{paddings=(0, 0, 1, 2, 0, 1, 0, 0)}}
%y: s8[1,6,4,{channels}] scale 0.3 zero 5 = {operator}(%a, %w) {{padding=(1, 0, 0, 0)}}
output %y
""",
        f"""{head}
%y: s8[1,6,4,{channels}] scale 0.3 zero 5 = {operator}(%x, %w) {{padding=(2, 2, 0, 1)}}
output %y
""",
    )


@pytest.mark.parametrize(
    "pad",
    [
        "%a: s8[1,5,5,2] scale 0.05 zero 3 = pad(%x) {paddings=(0, 0, 1, 0, 0, 0, 0, 0), value=1.0}",
        "%a: s8[1,5,5,2] scale 0.05 zero 4 = pad(%x) {paddings=(0, 0, 1, 0, 0, 0, 0, 0)}",
    ],
)
def test_other_values_and_other_parameters_stay(pad: str) -> None:
    zero = pad.split("zero ")[1][0]
    check_unchanged(
        fold_padding,
        f"{QUANTIZED}{pad}\n%y: s8[1,3,3,2] scale 0.3 zero {zero} = depthwise_conv_2d(%a, %w)\noutput %y",
    )


def test_padded_channels_stay() -> None:
    check_unchanged(
        fold_padding,
        """
        graph "g"
        input %x: f32[1,1,1,1]
        constant %w: f32[1,1,1,2] = [1, 2]
        %a: f32[1,1,1,2] = pad(%x) {paddings=(0, 0, 0, 0, 0, 0, 0, 1)}
        %y: f32[1,1,1,1] = conv_2d(%a, %w)
        output %y
        """,
    )


POOLED = """
graph "g"
input %x: {type}[1,4,4,2]{quantization}
%r: {type}[1,4,4,2]{quantization} = {activation}(%x)
%a: {type}[1,6,5,2]{quantization} = pad(%r) {{paddings=(0, 0, 1, 1, 0, 1, 0, 0), value={value}}}
%y: {type}[1,{rows},2,2]{quantization} = {pool}(%a) {{filter=({size}, 2), stride=(2, 2)}}
output %y
"""
FOLDED = """
graph "g"
input %x: {type}[1,4,4,2]{quantization}
%r: {type}[1,4,4,2]{quantization} = {activation}(%x)
%y: {type}[1,{rows},2,2]{quantization} = {pool}(%r) {{filter=({size}, 2), stride=(2, 2), padding=(1, 1, 0, 1)}}
output %y
"""
PLAIN = {
    "type": "f32",
    "quantization": "",
    "activation": "relu",
    "value": 0.0,
    "pool": "max_pool_2d",
    "size": 2,
    "rows": 3,
}
S8 = {**PLAIN, "type": "s8", "quantization": " scale 0.1 zero -28"}


@pytest.mark.parametrize(
    "case",
    [
        PLAIN,
        {**PLAIN, "activation": "relu6"},
        {**PLAIN, "activation": "relu_n1_to_1", "value": -1.0},
        S8,
        {**S8, "activation": "tanh", "quantization": " scale 0.0078125", "value": -1.0},
    ],
)
def test_least_values_go_into_a_max_pool(case: dict[str, object]) -> None:
    check(fold_padding, POOLED.format(**case), FOLDED.format(**case))


@pytest.mark.parametrize(
    "case",
    [
        {**PLAIN, "activation": "tanh"},
        {**PLAIN, "activation": "relu_n1_to_1"},
        {**PLAIN, "value": 0.5},
        {**PLAIN, "pool": "average_pool_2d"},
        {**PLAIN, "size": 1},
        {**S8, "value": 0.1},
        {**S8, "activation": "tanh", "quantization": " scale 0.0078125", "value": 0.0},
    ],
)
def test_a_pool_that_would_see_the_difference_stays(case: dict[str, object]) -> None:
    check_unchanged(fold_padding, POOLED.format(**case))


def test_pads_of_pads_are_one() -> None:
    check(
        fold_padding,
        """
        graph "g"
        input %x: f32[2]
        %a: f32[3] = pad(%x) {paddings=(1, 0), value=2.0}
        %b: f32[5] = pad(%a) {paddings=(0, 2), value=2.0}
        %y: f32[6] = pad(%b) {paddings=(1, 0)}
        output %y
        """,
        """
        graph "g"
        input %x: f32[2]
        %b: f32[5] = pad(%x) {paddings=(1, 2), value=2.0}
        %y: f32[6] = pad(%b) {paddings=(1, 0)}
        output %y
        """,
    )
