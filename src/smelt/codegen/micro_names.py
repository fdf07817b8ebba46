"""The names that TensorFlow Lite Micro's resolver has in C++ for registering operators, for smelt's interpreter."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby

from smelt.operators.interpreted import Interpreted, own_interpreted

_SPELLED = {
    "batch_matmul": "BatchMatMul",
    "cumsum": "CumSum",
    "unidirectional_sequence_lstm": "UnidirectionalSequenceLSTM",
    "padv2": "PadV2",
}


def micro_name(operator: str, custom: str = "") -> str:
    """The method's name, of an operator's name in snake case: AddConv2D of conv_2d; AddPCAN of SignalPCAN."""
    if custom:
        return f"Add{custom.removeprefix('Signal')}"
    words = (word.upper() if word[0].isdigit() else word.capitalize() for word in operator.split("_"))
    return f"Add{_SPELLED.get(operator) or ''.join(words)}"


def declarations(operators: Sequence[Interpreted]) -> str:
    """What C and C++ need before custom operators are named; nothing where there are none."""
    lines = "".join(row.declaration for row in operators)
    return lines and (f'#ifdef __cplusplus\nextern "C" {{\n#endif\n{lines}#ifdef __cplusplus\n}}\n#endif\n\n')


def micro_operators(operators: Sequence[Interpreted]) -> str:
    """The C++ header smelt_micro_operators.h, which smelt_micro.h includes: a method for each operator of smelt's."""
    own = sorted(set(own_interpreted()).intersection(operators), key=lambda row: (row.name, row.registration))
    groups = {name: list(rows) for name, rows in groupby(own, lambda row: row.name)}
    methods = "".join(_methods(rows) for rows in groups.values())
    most = max(len(rows) for rows in groups.values())
    listed = "".join(f"        &{row.registration},\n" for row in operators)
    return f"""/* Written by smelt for smelt_micro.h: how its operators are registered by name. */
#ifndef SMELT_MICRO_OPERATORS_H
#define SMELT_MICRO_OPERATORS_H

#include "smelt_interpreter_operators.h"

enum TfLiteStatus : int;

{declarations(operators)}namespace smelt {{
namespace micro {{

enum {{ most_types = {most} }};

template <class resolver> class add_operators {{
  public:
{methods}
  private:
    template <unsigned count> TfLiteStatus add(const smelt_registration *const (&list)[count]) {{
        TfLiteStatus status = static_cast<TfLiteStatus>(0);
        for (unsigned k = 0; k < count && status == static_cast<TfLiteStatus>(0); k++) {{
            status = static_cast<resolver *>(this)->Add(*list[k]);
        }}
        return status;
    }}
}};

struct operator_list {{
    const smelt_registration *const *list;
    unsigned count;
}};

inline operator_list all_operators() {{
    static const smelt_registration *const list[] = {{
{listed}    }};
    const operator_list all = {{list, static_cast<unsigned>(sizeof list / sizeof list[0])}};
    return all;
}}

}} /* namespace micro */
}} /* namespace smelt */

#endif
"""


def _methods(operators: Sequence[Interpreted]) -> str:
    rows = ", ".join(f"&{row.registration}" for row in operators)
    name = micro_name(operators[0].name, operators[0].custom)
    return f"""    TfLiteStatus {name}() {{
        static const smelt_registration *const list[] = {{{rows}}};
        return add(list);
    }}
    TfLiteStatus {name}(const smelt_registration &one) {{ return static_cast<resolver *>(this)->Add(one); }}
"""
