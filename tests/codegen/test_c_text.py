"""Python values as C text."""

from __future__ import annotations

import numpy as np
import pytest

from smelt.codegen.c_text import (
    float_literal,
    initializer,
    integer_literal,
    uses_math,
)
from smelt.formats.c_array.names import comment_text, identifier


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("kws", "kws"),
        ("2 weird*/ name", "model_2_weird_name"),
        ("int", "model_int"),
        ("main", "model_main"),
        ("stdint", "model_stdint"),
        ("größe", "gr_e"),
        ("__x__", "x"),
        ("", "model"),
        ("*/", "model"),
    ],
)
def test_identifier(text: str, expected: str) -> None:
    assert identifier(text) == expected


def test_comments_cannot_be_left() -> None:
    for text in ("*/", "**//", "/**/", "a\n*/b", "??/"):
        written = comment_text(text)
        assert "*/" not in written
        assert "/*" not in written
        assert "\n" not in written
        assert "??/" not in written


def test_integer_literals_have_no_unary_minus_on_an_unsigned_number() -> None:
    assert integer_literal(-(2**31)) == "(-2147483647 - 1)"
    assert integer_literal(-(2**63)) == "(-9223372036854775807 - 1)"
    assert integer_literal(-5) == "-5"


def test_float_literals_read_back() -> None:
    rng = np.random.default_rng(0)
    patterns = rng.integers(0, 2**32, 2000, dtype=np.uint32).view(np.float32)
    for value in [*patterns[np.isfinite(patterns)], np.float32(1e-45), np.float32(-0.0), np.float32(3)]:
        text = float_literal(float(value))
        assert text.endswith("f")
        assert "." in text or "e" in text
        assert np.float32(text[:-1]).tobytes() == np.float32(value).tobytes()


def test_what_is_not_finite_has_its_name_from_math_h() -> None:
    assert [float_literal(value) for value in (np.nan, np.inf, -np.inf)] == ["NAN", "INFINITY", "-INFINITY"]
    assert [uses_math(text) for text in ("{ -INFINITY }", "{ NAN, 1.0f }", "{ NANO }")] == [True, True, False]


def test_initializer() -> None:
    assert initializer(np.array([[1, -2], [3, 4]], np.int8)) == "{\n    1, -2, 3, 4\n}"
    assert initializer(np.array([True, False])) == "{\n    1, 0\n}"
    assert initializer(np.array([2**32 - 1], np.uint32)) == "{\n    4294967295u\n}"
    assert initializer(np.zeros((0, 4), np.float32)) == "{\n    0.0f\n}"
    assert max(map(len, initializer(np.full(500, -128, np.int8)).splitlines())) <= 110
