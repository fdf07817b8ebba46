"""Custom operators that users registered, read from .tflite files and written to them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from smelt.errors import FormatError, UnsupportedError
from smelt.formats.tflite.translation import Translated
from smelt.formats.tflite.writing import Function, Writer, Written, tensors_of
from smelt.operators import Call
from smelt.operators.registered import Registered, registered_as


def read_custom(label: str, known: Registered, inputs: Sequence[str | None], op: Any) -> Translated:
    """The registered operator; FormatError where its options cannot be read."""
    options = np.asarray(op.custom_options, np.uint8).tobytes()
    try:
        attributes = dict(known.read_options(options))
    except Exception as error:
        raise FormatError(
            f"{label}: {len(options)} bytes are not the options of the custom operator '{known.custom}': {error}"
        ) from error
    return Translated(known.operator.name, inputs, attributes)


def custom_writer(call: Call) -> Function | None:
    """What writes a user's operator; None for one of smelt's."""
    known = registered_as(call.node.operator)
    return None if known is None else lambda writer, call: _write(known, writer, call)


def _write(known: Registered, writer: Writer, call: Call) -> Written:
    if known.write_options is None:
        raise UnsupportedError(
            f"{call.node.label}: a .tflite file needs the options of '{known.custom}' as bytes; register the operator "
            "with write_options"
        )
    inputs = tensors_of(writer, call, len(call.node.inputs))
    options = known.write_options(call.attributes)
    return Written(known.custom, 1, inputs, options)
