"""The C text around a kernel's call whose weights are kept packed (smelt_unpack_s8.h)."""

from __future__ import annotations

from collections.abc import Callable

from smelt.codegen.layers import Layer
from smelt.codegen.tables import packed_name
from smelt.operators.operator import Argument, Output, Parameters, Scratch, Unpacked, Unpacking


def unpacked_call(layer: Layer, workspace: int, pointer: Callable[[Argument], str]) -> str:
    """The statements that unpack and call, for each slice of the output channels.

    `workspace` is the offset of the layer's workspace in the arena; `pointer` gives the text of ordinary arguments.
    """
    lowering = layer.lowering
    assert lowering is not None
    assert lowering.unpacking is not None
    how = lowering.unpacking
    sliced = how.slices > 1
    at = "slice" if sliced else "0"
    unpack = f"smelt_unpack_s8(a + {workspace}, &{packed_name(layer)}, {at});"
    arguments = ", ".join(_argument(x, how, workspace, pointer) for x in lowering.arguments)
    lines = [f"for (int32_t slice = 0; slice < {how.slices}; slice++) {{" if sliced else "{"]
    if how.fields:
        (struct,) = (x.type for x in lowering.arguments if isinstance(x, Parameters))
        lines.append(f"    {struct} *const unpacked = {unpack}")
        lines += [
            f"    unpacked->{name} = (const void *)(a + {workspace + x});" for name, x in how.fields.items()
        ]
    else:
        lines.append(f"    {unpack}")
    lines.append(f"    {lowering.function}({arguments});")
    if _is_placed(how):
        counts = f"{how.pixels}, {how.slice_channels}, {how.slices * how.slice_channels}"
        places = f"{pointer(Output())} + {how.slice_channels} * slice, a + {workspace + how.outputs_at}"
        lines.append(f"    smelt_place_channels_s8({places}, {counts});")
    return "\n    ".join([*lines, "}"])


def _is_placed(how: Unpacking) -> bool:
    """Whether the outputs of a slice are not side by side."""
    return how.slices > 1 and how.pixels > 1


def _argument(argument: Argument, how: Unpacking, workspace: int, pointer: Callable[[Argument], str]) -> str:
    if isinstance(argument, Parameters) and how.fields:
        return "unpacked"
    if isinstance(argument, Unpacked):
        return f"(const void *)(a + {workspace + argument.offset})"
    if isinstance(argument, Scratch):
        return f"a + {workspace + how.scratch_at}"
    if isinstance(argument, Output) and how.slices > 1:
        if _is_placed(how):
            return f"(int8_t *)(a + {workspace + how.outputs_at})"
        return f"{pointer(argument)} + {how.slice_channels} * slice"
    return pointer(argument)
