"""The memory plan as a drawing: whole, readable on any ground, no text over another."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from itertools import combinations
from math import cos, radians, sin

from smelt.report.plan_drawing import Resident, Residents, to_svg

SVG = "{http://www.w3.org/2000/svg}"
LETTER = 5.5


def drawn(residents: list[Resident], layers: tuple[str, ...]) -> ET.Element:
    plan = Residents(tuple(residents), layers, ((1, 2),), 1000, 1200, 900)
    return ET.fromstring(to_svg(plan))


def box(name: str, offset: int, size: int, first: int = 1) -> Resident:
    return Resident(name, offset, size, first, first + 1, 1, 1, False)


def test_names_of_layers_end_within_the_drawing() -> None:
    layers = ("01 conv_2d", "02 an_operator_with_a_long_name_indeed")
    svg = drawn([box("a & <b>", 0, 1000)], layers)
    width, height = (float(number) for number in svg.attrib["viewBox"].split()[2:])
    names = [text for text in svg.iter(f"{SVG}text") if text.text in layers]
    assert len(names) == len(layers)
    for text in names:
        x, y = (
            float(n) for n in text.attrib["transform"].split(")")[0].removeprefix("translate(").split(",")
        )
        long = LETTER * len(text.text or "")
        assert x + long * cos(radians(60)) <= width
        assert y + long * sin(radians(60)) <= height


def test_sizes_do_not_cover_each_other() -> None:
    svg = drawn([box("a", 0, 1000), box("b", 400, 600), box("c", 10, 985)], ("01 add", "02 add"))
    sizes = [text for text in svg.iter(f"{SVG}text") if text.text in ("1,000", "600", "985")]
    places = [(float(t.attrib["x"]), float(t.attrib["y"])) for t in sizes if "text-anchor" not in t.attrib]
    assert len(places) == 3
    assert all(abs(a[1] - b[1]) >= 11 for a, b in combinations(places, 2))


def test_the_tip_of_a_box_has_the_first_of_joined_names() -> None:
    titles = [title.text for title in drawn([box("a<b;c", 0, 10)], ("01 add", "02 add")).iter(f"{SVG}title")]
    assert titles == ["a<b: 10 bytes at 0"]
