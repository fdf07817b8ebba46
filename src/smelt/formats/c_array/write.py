"""A .tflite file as a constant, aligned C array, for interpreters that read a model from flash.

A header holds all in one file, for one translation unit; a source file defines what others declare.
"""

from __future__ import annotations

from collections.abc import Iterator

from smelt.formats.c_array.names import comment_text, identifier
from smelt.formats.tflite import write_tflite
from smelt.ir import Graph

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


def write_c_header(graph: Graph) -> bytes:
    """The graph's .tflite file as one C or C++ header; include it in one source file.

    Raises UnsupportedError naming the operator when TFLite cannot say something.
    """
    name, data = identifier(graph.name), write_tflite(graph)
    guard = f"{name.upper()}_MODEL_H"
    return "".join(
        [
            _title(graph, len(data)),
            f"#ifndef {guard}\n#define {guard}\n\n{_ALIGNED}\n",
            f"SMELT_MODEL_ALIGNED static const unsigned char {name}[{len(data)}] = {{\n",
            *_lines(data),
            f"}};\nstatic const unsigned int {name}_len = {len(data)}U;\n\n#undef SMELT_MODEL_ALIGNED\n#endif\n",
        ]
    ).encode()


def write_c_source(graph: Graph) -> bytes:
    """The graph's .tflite file as a C or C++ source file; its comment says how to declare the array.

    Raises UnsupportedError naming the operator when TFLite cannot say something.
    """
    name, data = identifier(graph.name), write_tflite(graph)
    declarations = f"extern const unsigned char {name}[{len(data)}];\nextern const unsigned int {name}_len;\n"
    linkage = '#ifdef __cplusplus\nextern "C" {\n#endif\n'
    return "".join(
        [
            _title(graph, len(data)),
            f'{_ALIGNED}\n/* Declared elsewhere as here, in C++ as extern "C". */\n{linkage}{declarations}\n',
            f"SMELT_MODEL_ALIGNED const unsigned char {name}[{len(data)}] = {{\n",
            *_lines(data),
            f"}};\nconst unsigned int {name}_len = {len(data)}U;\n",
            "#ifdef __cplusplus\n}\n#endif\n",
        ]
    ).encode()


def _title(graph: Graph, count: int) -> str:
    return (
        f"/* {comment_text(graph.name)}: a TensorFlow Lite model of {count} bytes, written by smelt. */\n\n"
    )


def _lines(data: bytes) -> Iterator[str]:
    for start in range(0, len(data), _LINE):
        yield f"    {', '.join(f'0x{byte:02x}' for byte in data[start : start + _LINE])},\n"
