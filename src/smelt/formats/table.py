"""The formats that smelt reads and writes: one row each.

Nothing of a format is imported before a file of it is met.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import PurePath

from smelt.errors import UnsupportedError
from smelt.formats.files import ModelFile
from smelt.ir import Array, Graph


@dataclass(frozen=True)
class Choices:
    """What a user may fix when a model is read; each is empty when nothing was said.

    shapes: input shapes by name, in the file's order of dimensions.
    constants: inputs that become constants, and their contents.
    signature: which of a file's entry points is read.
    """

    shapes: Mapping[str, Sequence[int]] = field(default_factory=dict)
    constants: Mapping[str, Array] = field(default_factory=dict)
    signature: str | None = None

    @property
    def made(self) -> tuple[str, ...]:
        """The names of those that were made."""
        return tuple(name for name in ("shapes", "constants", "signature") if getattr(self, name))


@dataclass(frozen=True)
class Format:
    """One file format.

    `recognizes` looks at content; `suffixes` decide where content cannot.  `read` makes a graph with a name,
    `understands` are the choices that it knows.  `write` gives the file's bytes.
    `wrap` is there where the format holds a .tflite file: from that, a title and the path to write to, it makes the
    files, by name.
    """

    title: str
    suffixes: tuple[str, ...]
    recognizes: Callable[[ModelFile], bool] | None = None
    read: Callable[[ModelFile, str, Choices], Graph] | None = None
    understands: tuple[str, ...] = ()
    write: Callable[[Graph], bytes] | None = None
    wrap: Callable[[bytes, str, PurePath], Mapping[str, bytes]] | None = None


def _is_tflite(model: ModelFile) -> bool:
    return model.data[4:8] == b"TFL3"


def _read_tflite(model: ModelFile, name: str, choices: Choices) -> Graph:
    from smelt.formats.tflite import read_tflite

    return read_tflite(model.data, name, choices.signature)


def _write_tflite(graph: Graph) -> bytes:
    from smelt.formats.tflite import write_tflite

    return write_tflite(graph)


def _is_keras(model: ModelFile) -> bool:
    hdf5 = model.data.startswith(b"\x89HDF\r\n\x1a\n")
    return hdf5 or {"config.json", "model.weights.h5"} <= set(model.members)


def _read_keras(model: ModelFile, name: str, choices: Choices) -> Graph:
    from smelt.formats.keras import read_keras

    return read_keras(model.data, name, choices.shapes)


def _write_keras(graph: Graph) -> bytes:
    from smelt.formats.keras import write_keras

    return write_keras(graph)


def _is_onnx(model: ModelFile) -> bool:
    """ONNX's protobuf starts with field 1, ir_version, a small number."""
    return len(model.data) > 2 and model.data[0] == 0x08 and 1 <= model.data[1] <= 32


def _read_onnx(model: ModelFile, name: str, choices: Choices) -> Graph:
    from smelt.formats.onnx import read_onnx

    return read_onnx(model.data, name, choices.shapes, model.path.parent, choices.constants)


def _write_onnx(graph: Graph) -> bytes:
    from smelt.formats.onnx import write_onnx

    return write_onnx(graph)


def _read_c_array(model: ModelFile, name: str, choices: Choices) -> Graph:
    from smelt.formats.c_array import read_c_array
    from smelt.formats.tflite import read_tflite

    return read_tflite(read_c_array(model.data), name, choices.signature)


def _c_header(data: bytes, title: str, path: PurePath) -> dict[str, bytes]:
    from smelt.formats.c_array import c_header

    return c_header(data, title, path)


def _c_source(data: bytes, title: str, path: PurePath) -> dict[str, bytes]:
    from smelt.formats.c_array import c_source

    return c_source(data, title, path)


def _write_tvm_library(graph: Graph) -> bytes:
    from smelt.formats.tvm import write_tvm

    return write_tvm(graph, ".so")


def _write_tvm_objects(graph: Graph) -> bytes:
    from smelt.formats.tvm import write_tvm

    return write_tvm(graph, ".tar")


def _is_saved_model(model: ModelFile) -> bool:
    """A folder with the file saved_model.pb, or that file in its folder."""
    folder = model.path if model.is_folder else model.path.parent
    return (model.is_folder or model.path.name == _SAVED_MODEL) and (folder / _SAVED_MODEL).is_file()


def _read_saved_model(model: ModelFile, name: str, choices: Choices) -> Graph:
    from smelt.formats.saved_model import read_saved_model

    folder = model.path if model.is_folder else model.path.parent
    return read_saved_model(folder, name, choices.shapes, choices.signature)


def _read_frozen_graph(model: ModelFile, name: str, choices: Choices) -> Graph:
    from smelt.formats.saved_model import read_frozen_graph

    return read_frozen_graph(model.data, name, choices.shapes)


def _is_pytorch(model: ModelFile) -> bool:
    """A bare pickle, or an archive with the records of one of PyTorch's formats."""
    if model.data[:2] in (b"\x80\x02", b"\x80\x03", b"\x80\x04", b"\x80\x05"):
        return True
    names = [name.partition("/")[2] or name for name in model.members]
    return any(n in _PYTORCH_RECORDS or n.startswith(("models/", "data/aotinductor/")) for n in names)


def _read_pytorch(model: ModelFile, name: str, choices: Choices) -> Graph:
    from smelt.formats.pytorch import read_pytorch

    return read_pytorch(model.data, name, choices.shapes)


def _write_pt(graph: Graph) -> bytes:
    from smelt.formats.pytorch import write_pt

    return write_pt(graph)


def _write_ptl(graph: Graph) -> bytes:
    from smelt.formats.pytorch import write_ptl

    return write_ptl(graph)


def _write_pt2(graph: Graph) -> bytes:
    from smelt.formats.pytorch import write_pt2

    return write_pt2(graph)


_PYTORCH_RECORDS = ("data.pkl", "bytecode.pkl", "serialized_exported_program.json")


_PICKLES = (".pkl", ".pickle", ".joblib")


def _is_pickle(model: ModelFile) -> bool:
    """A pickle by its suffix, or one that names a module of scikit-learn near its beginning."""
    if model.is_folder:
        return False
    pickled = model.data[:1] == b"\x80" and b"sklearn." in model.data[:4096]
    return pickled or (model.path.suffix.lower() in _PICKLES and model.data[:2] != b"PK")


def _refuse_pickle(model: ModelFile, name: str, choices: Choices) -> Graph:
    raise UnsupportedError(
        "pickle and joblib files are programs, which reading would run; smelt does not. Load a file that you trust in "
        "Python, and convert the estimator: smelt.from_sklearn(joblib.load(path))"
    )


_SAVED_MODEL = "saved_model.pb"
FORMATS: tuple[Format, ...] = (
    Format("TensorFlow Lite", (".tflite",), _is_tflite, _read_tflite, ("signature",), _write_tflite),
    Format("Keras", (".keras",), _is_keras, _read_keras, ("shapes",), _write_keras),
    Format("legacy Keras", (".h5", ".hdf5"), None, _read_keras, ("shapes",)),
    Format("SavedModel", (), _is_saved_model, _read_saved_model, ("shapes", "signature")),
    Format("frozen TensorFlow graph", (".pb",), None, _read_frozen_graph, ("shapes",)),
    Format("ONNX", (".onnx",), _is_onnx, _read_onnx, ("shapes", "constants"), _write_onnx),
    Format("pickle", (), _is_pickle, _refuse_pickle),
    Format("PyTorch", (".pt2", ".pt", ".ptl", ".pth"), _is_pytorch, _read_pytorch, ("shapes",)),
    Format("TorchScript", (".pt",), write=_write_pt),
    Format("PyTorch's lite interpreter", (".ptl",), write=_write_ptl),
    Format("torch.export", (".pt2",), write=_write_pt2),
    Format("C array, for an include", (".h", ".hpp"), None, _read_c_array, ("signature",), wrap=_c_header),
    Format(
        "C array, for a linker", (".c", ".cc", ".cpp"), None, _read_c_array, ("signature",), wrap=_c_source
    ),
    Format("TVM library", (".so",), write=_write_tvm_library),
    Format("TVM library, not linked", (".tar",), write=_write_tvm_objects),
)


def recognized(model: ModelFile) -> Format | None:
    """The format of a file by its content, by its suffix where that says nothing; None when unknown."""
    readable = [row for row in FORMATS if row.read]
    for row in readable:
        if row.recognizes and row.recognizes(model):
            return row
    if model.is_folder:
        return None
    return next((row for row in readable if model.path.suffix.lower() in row.suffixes), None)


def readable_suffixes() -> str:
    """What is read, in words for messages: '.tflite, .keras, SavedModel folders or .onnx'."""
    return listed(
        [
            name
            for row in FORMATS
            if row.read and row.read is not _refuse_pickle
            for name in row.suffixes or (f"{row.title} folders",)
        ]
    )


def writable_suffixes() -> str:
    """What is written, in words for messages."""
    return listed([suffix for row in FORMATS if row.write or row.wrap for suffix in row.suffixes])


def listed(names: Sequence[str]) -> str:
    """Names in words: 'a, b or c'."""
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} or {names[-1]}"
