"""The .tflite file in a C or C++ file's array, whoever wrote it: smelt, `xxd -i`, TensorFlow Lite Micro, a person."""

from __future__ import annotations

import re
from collections.abc import Iterator

from smelt.errors import FormatError

_IDENTIFIER = b"TFL3"
_NOT_CODE = re.compile(r'/\*.*?\*/|//[^\n]*|"(?:\\.|[^"\\\n])*"', re.DOTALL)
_ARRAY = re.compile(r"([A-Za-z_]\w*)\s*\[([^\]{};]*)\][^;={}\[\]]*=?\s*\{")
_DECLARED = re.compile(r"\bextern\b[^;{}]*\[[^\]]*\]\s*;")
_NUMBER = re.compile(r"([+-]?)(0[xX][0-9a-fA-F]+|0[bB][01]+|\d+)[uUlL]*")
_LARGEST_BYTE = 255


def read_c_array(data: bytes) -> bytes:
    """The bytes of the one array that holds a .tflite file; FormatError where there is none, or several."""
    text = _NOT_CODE.sub(" ", data.decode("utf-8", errors="replace"))
    models, others = {}, []
    for name, length, body in _arrays(text):
        numbers = _bytes(name, length, body)
        if numbers is not None and numbers[4:8] == _IDENTIFIER:
            models[name] = numbers
        else:
            others.append(name)
    if len(models) > 1:
        raise FormatError(f"it holds several models: {', '.join(models)}; leave one of them in a file")
    if not models:
        raise FormatError(_nothing(text, others))
    return next(iter(models.values()))


def _nothing(text: str, others: list[str]) -> str:
    if others:
        return f"no array in it holds a .tflite file; there are: {', '.join(others[:8])}"
    if _DECLARED.search(text):
        return "it declares an array that another file defines: give that one, a .c, .cc or .cpp"
    return "it holds no array of numbers; a model is an array like: const unsigned char model[] = {0x1c, 0x00, ...};"


def _arrays(text: str) -> Iterator[tuple[str, str, str]]:
    """Name, length as written, and elements as written of every array with braces."""
    for found in _ARRAY.finditer(text):
        end = text.find("}", found.end())
        if end < 0:
            raise FormatError(f"the array '{found[1]}' does not end: the file is cut off")
        yield found[1], found[2].strip(), text[found.end() : end]


def _bytes(name: str, length: str, body: str) -> bytes | None:
    """The elements of an array; None where they are no bytes."""
    elements = [element.strip() for element in body.split(",")]
    if not elements[-1]:
        elements.pop()
    numbers = [_number(element) for element in elements]
    known = [number for number in numbers if number is not None]
    begins_so = bytes(n & _LARGEST_BYTE for n in known[4:8]) == _IDENTIFIER
    for element, number in zip(elements, numbers, strict=True):
        if number is None or not -128 <= number <= _LARGEST_BYTE:
            if begins_so:
                raise FormatError(f"the array '{name}' has an element that is no byte: {element[:40]!r}")
            return None
    count = _number(length)
    if begins_so and count is not None and count != len(known):
        raise FormatError(
            f"the array '{name}' is said to have {count} bytes and has {len(known)}: a part is missing or too much"
        )
    return bytes(number & _LARGEST_BYTE for number in known)


def _number(text: str) -> int | None:
    found = _NUMBER.fullmatch(text)
    if found is None:
        return None
    digits = found[2]
    is_octal = digits.isdigit() and digits[0] == "0"
    if is_octal and set(digits) & set("89"):
        return None
    size = int(digits, 8) if is_octal else int(digits, 0)
    return -size if found[1] == "-" else size
