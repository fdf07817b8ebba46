"""All of the interpreter's C in one header and one source file, for people who copy two files into their project."""

from __future__ import annotations

import re
from collections.abc import Mapping

from smelt.codegen.sources import RUNTIME, interpreter_files
from smelt.operators.interpreted import all_interpreted

HEADER, SOURCE = "smelt.h", "smelt.c"

_OWN_INCLUDE = re.compile(r'^[ \t]*#[ \t]*include[ \t]+"([^"]+)".*\n', re.MULTILINE)
_TEXTS = re.compile(r'/\*.*?\*/|"(?:\\.|[^"\\])*"|\'(?:\\.|[^\'\\])*\'', re.DOTALL)
_DECLARES = re.compile(r"^[ \t]+static [\w ]*\b(?!smelt_|name\b)(\w+)\(.*\\$", re.MULTILINE)
"""A line of a macro: a function with a name of a source file, where the macro is not told the name."""
_BEGINNING = f"""#include "{HEADER}"

#if defined(__clang__) /* it reports inline functions that are not used, outside of headers */
#pragma clang diagnostic ignored "-Wunused-function"
#endif
"""
_FOR_OPERATORS = ("smelt_file.h", "smelt_node.h")
"""What a program with operators of its own includes beside the public headers."""


def amalgamated() -> dict[str, str]:
    """smelt.h: the public headers, and those for a user's operators.  smelt.c: everything else.

    Names that a source file has for itself get that file's name behind theirs.  Headers that depend on macros of the
    files that include them are copied into each.
    """
    files = interpreter_files(all_interpreted())
    folders = (RUNTIME / folder for folder in ("include", "optional"))
    # smelt_micro.h, in C++, stays a file of its own
    public = [path.name for folder in folders for path in folder.glob("*.h") if path.name in files]
    templates = _templates(files)
    done: set[str] = set()
    header = "".join(_header(name, files, done) for name in (*sorted(public), *_FOR_OPERATORS))
    parts = [_BEGINNING]
    for name, text in files.items():
        if name.endswith(".c"):
            whole = _with_templates(text, files, templates)
            parts += [_header(included, files, done) for included in _OWN_INCLUDE.findall(whole)]
            mark = name.removesuffix(".c")
            declared = {each for below in _below(name, files) for each in _DECLARES.findall(files[below])}
            parts += [f"\n#define {each} {each}_{mark}\n" for each in sorted(declared)]
            parts.append(_part(name, own_names_marked(mark, whole)))
            parts += [f"#undef {each}\n" for each in sorted(declared)]
    title = "/* smelt's interpreter; written by smelt. */\n"
    return {
        HEADER: f"{title}#ifndef SMELT_H\n#define SMELT_H\n\n{header}#endif\n",
        SOURCE: title + "".join(parts),
    }


def _templates(files: Mapping[str, str]) -> set[str]:
    """Headers that use macros of source files that include them, and headers that include those."""
    found: set[str] = set()
    for name, text in files.items():
        macros = _macros(text) if name.endswith(".c") else set()
        if macros:
            used = re.compile(rf"\b({'|'.join(sorted(macros))})\b")
            found |= {header for header in _below(name, files) if used.search(_TEXTS.sub("", files[header]))}
    return {name for name in files if name.endswith(".h") and found & {name, *_below(name, files)}}


def _below(name: str, files: Mapping[str, str]) -> set[str]:
    """The headers that a file includes, and they in turn."""
    direct = set(_OWN_INCLUDE.findall(files[name]))
    return direct.union(*(_below(each, files) for each in direct))


def _macros(text: str) -> set[str]:
    return set(re.findall(r"^[ \t]*#[ \t]*define[ \t]+(\w+)", text, re.MULTILINE))


def _with_templates(text: str, files: Mapping[str, str], templates: set[str]) -> str:
    """A file with the text of templates where they are included."""

    def inserted(found: re.Match[str]) -> str:
        return _with_templates(files[found[1]], files, templates) if found[1] in templates else found[0]

    return _OWN_INCLUDE.sub(inserted, text)


def _header(name: str, files: Mapping[str, str], done: set[str]) -> str:
    """A header behind those that it includes; nothing the second time."""
    if name in done:
        return ""
    done.add(name)
    text = files[name]
    before = "".join(_header(included, files, done) for included in _OWN_INCLUDE.findall(text))
    return before + _part(name, text)


def _part(name: str, text: str) -> str:
    return f"\n/* {name} */\n{_OWN_INCLUDE.sub('', text)}"


def own_names_marked(mark: str, text: str) -> str:
    """A C file whose static functions and variables, constants, macros and types of its own end in `_mark`."""
    own = _own_names(_TEXTS.sub(lambda found: " " * len(found[0]), text))
    if not own:
        return text
    names = re.compile(rf"(?<![\w.])(?<!->)({'|'.join(sorted(map(re.escape, own)))})\b")
    parts, end = [], 0
    for skipped in _TEXTS.finditer(text):
        parts += [names.sub(rf"\1_{mark}", text[end : skipped.start()]), skipped[0]]
        end = skipped.end()
    return "".join(parts) + names.sub(rf"\1_{mark}", text[end:])


def _own_names(text: str) -> set[str]:
    """What a C file without comments and strings declares for itself alone, outside of functions."""
    names = _macros(text)
    names |= set(re.findall(r"^(?:struct|union|enum) (\w+) \{", text, re.MULTILINE))
    names |= set(re.findall(r"^typedef [^;{]*?(\w+)(?:\[[^;]*\])?;", text, re.MULTILINE))
    for body in re.findall(r"^(?:typedef )?enum(?: \w+)? \{([^}]*)\}", text, re.MULTILINE):
        names |= set(re.findall(r"(?:^|,)\s*(\w+)", body))
    for line in re.findall(r"^[ \t]*(?:\w+ )*static [^;{]*", text, re.MULTILINE):
        declared = re.search(
            r"(\w+)\s*(?:[(=\[]|$)", re.sub(r"__attribute__\s*\(\(.*?\)\)|\bSMELT_ALIGN\(\w+\)", "", line)
        )
        if declared:
            names.add(declared[1])
    return names
