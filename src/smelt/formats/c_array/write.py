"""A .tflite file as a constant, aligned C array, for interpreters that read a model from flash.

A header holds all in one file, for one translation unit; a source file comes with a header that declares the array.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import PurePath

from smelt.formats.c_array.names import comment_text, identifier

ALIGNMENT = 16
"""In bytes, as FlatBuffers and TensorFlow Lite Micro want it."""

_LINE = 12

_ALIGNED = f"""#if defined(__cplusplus)
#define SMELT_MODEL_ALIGNED alignas({ALIGNMENT})
#elif defined(__STDC_VERSION__) && __STDC_VERSION__ >= 201112L
#define SMELT_MODEL_ALIGNED _Alignas({ALIGNMENT})
#elif defined(__GNUC__) || defined(__clang__)
#define SMELT_MODEL_ALIGNED __attribute__((aligned({ALIGNMENT})))
#else
#error "say how this compiler aligns an array to {ALIGNMENT} bytes"
#endif
"""


def c_header(data: bytes, title: str, path: PurePath) -> dict[str, bytes]:
    """File name → text: the file of a model called `title` as one C or C++ header; include it in one source file."""
    name = identifier(title)
    guard = f"{name.upper()}_MODEL_H"
    parts = [
        _title(title, len(data)),
        f"#ifndef {guard}\n#define {guard}\n\n{_ALIGNED}\n",
        f"SMELT_MODEL_ALIGNED static const unsigned char {name}[{len(data)}] = {{\n",
        *_lines(data),
        f"}};\nstatic const unsigned int {name}_len = {len(data)}U;\n\n#undef SMELT_MODEL_ALIGNED\n#endif\n",
    ]
    return {path.name: "".join(parts).encode()}


def c_source(data: bytes, title: str, path: PurePath) -> dict[str, bytes]:
    """File name → text: the file of a model called `title` as a C or C++ source file, and a header with C linkage."""
    name, header = identifier(title), path.with_suffix(".h").name
    guard = f"{name.upper()}_MODEL_H"
    declared = [
        _title(title, len(data)),
        f"#ifndef {guard}\n#define {guard}\n\n",
        '#ifdef __cplusplus\nextern "C" {\n#endif\n\n',
        f"extern const unsigned char {name}[{len(data)}]; /* aligned to {ALIGNMENT} bytes */\n",
        f"extern const unsigned int {name}_len;\n\n#ifdef __cplusplus\n}}\n#endif\n\n#endif\n",
    ]
    defined = [
        _title(title, len(data)),
        f'#include "{header}"\n\n{_ALIGNED}\n',
        f"SMELT_MODEL_ALIGNED const unsigned char {name}[{len(data)}] = {{\n",
        *_lines(data),
        f"}};\nconst unsigned int {name}_len = {len(data)}U;\n",
    ]
    return {header: "".join(declared).encode(), path.name: "".join(defined).encode()}


def _title(title: str, count: int) -> str:
    return f"/* {comment_text(title)}: a TensorFlow Lite model of {count} bytes, written by smelt. */\n\n"


def _lines(data: bytes) -> Iterator[str]:
    for start in range(0, len(data), _LINE):
        yield f"    {', '.join(f'0x{byte:02x}' for byte in data[start : start + _LINE])},\n"
