"""Names of models and layers in C text: identifiers and comments."""

from __future__ import annotations

import keyword
import re

_C_WORDS = """
    auto break case char const continue default do double else enum extern float for goto if inline int long
    register restrict return short signed sizeof static struct switch typedef union unsigned void volatile
    while main
    """
# A model's header must not hide one of these (float.h is among the words).
_STANDARD_HEADERS = """assert complex ctype errno fenv inttypes iso646 limits locale math setjmp signal stdalign
stdarg stdatomic stdbool stddef stdint stdio stdlib stdnoreturn string tgmath threads time uchar wchar wctype"""
_LONGEST_NAME = 60
_RESERVED = frozenset(f"{_C_WORDS} {_STANDARD_HEADERS}".split())


def identifier(text: str, fallback: str = "model") -> str:
    """A C identifier in lower case made from any text.

    It has at most 60 characters, no leading digit, and is no keyword and no name of a standard header.
    """
    name = re.sub(r"_+", "_", re.sub(r"\W", "_", text, flags=re.ASCII)).strip("_").lower()
    name = name[:_LONGEST_NAME].rstrip("_")
    if not name:
        return fallback
    if name[0].isdigit() or name in _RESERVED or keyword.iskeyword(name):
        name = f"{fallback}_{name}"
    return name


def comment_text(text: str) -> str:
    """Text that is safe inside a C comment, on one line."""
    printable = "".join(c if c.isprintable() else "?" for c in text)
    return printable.replace("*/", "* /").replace("/*", "/ *").replace("??/", "? ?/")
