"""The custom operators of TensorFlow Lite Micro's signal library, in and out."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields

from smelt.formats.tflite.flexbuffer import write_flexbuffer
from smelt.formats.tflite.translation import FUNCTIONS, Function, Surroundings, Translated
from smelt.formats.tflite.writing import TENSOR_TYPES, Writer, Written, tensors_of
from smelt.formats.tflite.written_operators import WRITTEN
from smelt.ir import Attribute
from smelt.operators import Call, find_operator

_NAMES = {
    "SignalWindow": "signal_window",
    "SignalFftAutoScale": "signal_fft_auto_scale",
    "SignalRfft": "signal_rfft",
    "SignalEnergy": "signal_energy",
    "SignalFilterBank": "signal_filter_bank",
    "SignalFilterBankSquareRoot": "signal_filter_bank_square_root",
    "SignalFilterBankSpectralSubtraction": "signal_filter_bank_spectral_subtraction",
    "SignalPCAN": "signal_pcan",
    "SignalFilterBankLog": "signal_filter_bank_log",
    "SignalDelay": "signal_delay",
    "SignalOverlapAdd": "signal_overlap_add",
}
"""smelt's name of each; attributes have the names of the options."""


_TYPED = ("SignalOverlapAdd", "SignalRfft")
"""Operators whose options say the type of their data."""


def _reader(operator: str) -> Function:
    known = [field.name for field in fields(find_operator(operator).attributes)]

    def read(_: Surroundings, *inputs: str | None, options: dict[str, Attribute]) -> Translated:
        return Translated(operator, inputs, {name: options[name] for name in known if name in options})

    return read


def _writer(custom: str) -> Callable[[Writer, Call], Written]:
    def write(writer: Writer, call: Call) -> Written:
        a = call.attributes
        options = {field.name: getattr(a, field.name) for field in fields(a)}
        if custom in _TYPED:
            options["T"] = int(TENSOR_TYPES[call.input(0).dtype])
        inputs = tensors_of(writer, call, len(call.inputs))
        return Written(custom, 1, inputs, write_flexbuffer(options) if options else None)

    return write


for _custom, _operator in _NAMES.items():
    FUNCTIONS[_custom] = _reader(_operator)
    WRITTEN[_operator] = _writer(_custom)
