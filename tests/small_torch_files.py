"""One small PyTorch model as its three kinds of files, made without torch: a convolution, ReLU, a dense layer."""

from __future__ import annotations

import io
import json
import struct
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

INPUT = (1, 2, 6, 6)
"""The shape that the scripted files do not say."""

CONV, DENSE = "__torch__.Conv2d", "__torch__.Linear"


def arrays() -> dict[str, np.ndarray[Any, Any]]:
    """The model's weights by name."""
    rng = np.random.default_rng(1)
    shapes = {"conv.weight": (4, 2, 3, 3), "conv.bias": (4,), "head.weight": (3, 144), "head.bias": (3,)}
    return {name: rng.normal(size=shape).astype(np.float32) for name, shape in shapes.items()}


def archive(records: Mapping[str, bytes]) -> bytes:
    """A zip archive as torch's: records stored as they are, below a folder."""
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_STORED) as file:
        for name, content in records.items():
            file.writestr(f"model/{name}", content)
    return stream.getvalue()


def exported() -> bytes:
    """What torch.export.save writes."""
    weights = arrays()
    names = {name: f"p_{name.replace('.', '_')}" for name in weights}
    values = {names[name]: _meta(array.shape) for name, array in weights.items()}
    nodes = [
        _node("conv2d", "conv", ["x", names["conv.weight"], names["conv.bias"]], [[1, 1], [1, 1]]),
        _node("relu", "relu", ["conv"]),
        _node("flatten.using_ints", "flat", ["relu"], [1]),
        _node("linear", "linear", ["flat", names["head.weight"], names["head.bias"]]),
    ]
    specs: list[dict[str, Any]] = [
        {"parameter": {"arg": {"name": names[name]}, "parameter_name": name}} for name in weights
    ]
    specs.append({"user_input": {"arg": {"as_tensor": {"name": "x"}}}})
    result = {"as_tensor": {"name": "linear"}}
    graph = {"nodes": nodes, "tensor_values": {**values, "x": _meta(INPUT)}, "outputs": [result]}
    signature = {"input_specs": specs, "output_specs": [{"user_output": {"arg": result}}]}
    model = {
        "schema_version": {"major": 8, "minor": 20},
        "graph_module": {"graph": graph, "signature": signature},
    }
    config = {
        name: {"path_name": f"weight_{index}", "use_pickle": False, "tensor_meta": _meta(array.shape)}
        for index, (name, array) in enumerate(weights.items())
    }
    records = {f"data/weights/weight_{i}": array.tobytes() for i, array in enumerate(weights.values())}
    records["data/weights/model_weights_config.json"] = json.dumps({"config": config}).encode()
    return archive({**records, "models/model.json": json.dumps(model).encode(), "byteorder": b"little"})


def _meta(shape: tuple[int, ...]) -> dict[str, Any]:
    strides = [int(np.prod(shape[axis + 1 :])) for axis in range(len(shape))]
    return {
        "dtype": 7,
        "sizes": [{"as_int": n} for n in shape],
        "strides": [{"as_int": n} for n in strides],
        "storage_offset": {"as_int": 0},
    }


def _node(operator: str, result: str, tensors: list[str], rest: list[Any] | None = None) -> dict[str, Any]:
    arguments: list[dict[str, Any]] = [{"as_tensor": {"name": name}} for name in tensors]
    arguments += [{"as_ints" if isinstance(item, list) else "as_int": item} for item in rest or []]
    return {
        "target": f"torch.ops.aten.{operator}" + ("" if "." in operator else ".default"),
        "inputs": [{"name": f"a{index}", "arg": item, "kind": 1} for index, item in enumerate(arguments)],
        "outputs": [{"as_tensor": {"name": result}}],
        "metadata": {},
    }


@dataclass
class Name:
    """A name that a pickle refers to."""

    module: str
    name: str


@dataclass
class Reduced:
    """What calling a name with arguments gives."""

    called: Name
    arguments: tuple[Any, ...]


@dataclass
class Instance:
    """An object of a class with attributes."""

    type: Name
    attributes: dict[str, Any] = field(default_factory=dict)


@dataclass
class Persistent:
    """What lies outside of the pickle."""

    key: tuple[Any, ...]


def pickled(value: Any) -> bytes:
    """A pickle of plain values and the above."""
    return b"\x80\x02" + _pickled(value) + b"."


def _pickled(value: Any) -> bytes:
    match value:
        case None:
            return b"N"
        case bool():
            return b"\x88" if value else b"\x89"
        case int():
            return b"J" + struct.pack("<i", value)
        case float():
            return b"G" + struct.pack(">d", value)
        case str():
            return b"X" + struct.pack("<I", len(value.encode())) + value.encode()
        case tuple():
            return b"(" + b"".join(map(_pickled, value)) + b"t"
        case list():
            return b"](" + b"".join(map(_pickled, value)) + b"e"
        case dict():
            return b"}(" + b"".join(_pickled(k) + _pickled(v) for k, v in value.items()) + b"u"
        case Name():
            return f"c{value.module}\n{value.name}\n".encode()
        case Reduced():
            return _pickled(value.called) + _pickled(value.arguments) + b"R"
        case Instance():
            return _pickled(value.type) + b")\x81" + _pickled(value.attributes) + b"b"
        case Persistent():
            return _pickled(value.key) + b"Q"
    raise TypeError(value)


def _tensor(key: int, array: np.ndarray[Any, Any]) -> Reduced:
    storage = Persistent(("storage", Name("torch", "FloatStorage"), str(key), "cpu", array.size))
    strides = tuple(stride // 4 for stride in array.strides)
    arguments = (storage, 0, array.shape, strides, False, Reduced(Name("collections", "OrderedDict"), ()))
    return Reduced(Name("torch._utils", "_rebuild_tensor_v2"), arguments)


def _module() -> dict[str, bytes]:
    tensors = {name: _tensor(key, array) for key, (name, array) in enumerate(arrays().items())}
    conv, head = (
        {"weight": tensors[f"{part}.weight"], "bias": tensors[f"{part}.bias"], "training": False}
        for part in ("conv", "head")
    )
    root = {
        "training": False,
        "conv": Instance(Name("__torch__", "Conv2d"), conv),
        "head": Instance(Name("__torch__", "Linear"), head),
    }
    records = {f"data/{key}": array.tobytes() for key, array in enumerate(arrays().values())}
    return {"data.pkl": pickled(Instance(Name("__torch__", "Net"), root)), **records}


_SOURCE = """class Net(Module):
  training : bool
  def forward(self: __torch__.Net,
    x: Tensor) -> Tensor:
    head = self.head
    conv = self.conv
    _0 = torch.relu((conv).forward(x, ))
    return (head).forward(torch.flatten(_0, 1), )
class Conv2d(Module):
  def forward(self: __torch__.Conv2d,
    input: Tensor) -> Tensor:
    return torch.conv2d(input, self.weight, self.bias, [1, 1], [1, 1])
class Linear(Module):
  def forward(self: __torch__.Linear,
    input: Tensor) -> Tensor:
    return torch.linear(input, self.weight, self.bias)
"""


def _traced(is_traced: bool) -> dict[str, bytes]:
    """What a traced module's file says of its inputs: their shapes."""
    storage = Persistent(("storage", Name("torch", "FloatStorage"), "0", "cpu", int(np.prod(INPUT))))
    ordered = Reduced(Name("collections", "OrderedDict"), ())
    arguments = (storage, 0, INPUT, (72, 36, 6, 1), False, ordered)
    tensor = Reduced(Name("torch._utils", "_rebuild_tensor_v2"), arguments)
    return {"traced_inputs.pkl": pickled({"forward": (tensor,)})} if is_traced else {}


def scripted(*, is_traced: bool = False) -> bytes:
    """What torch.jit.save writes."""
    code = {"code/__torch__.py": _SOURCE.encode(), "constants.pkl": pickled(())}
    return archive({**_module(), **code, **_traced(is_traced)})


def lite(*, is_traced: bool = False) -> bytes:
    """What _save_for_lite_interpreter writes."""
    instructions = [
        ("STOREN", 1, 2), ("LOAD", 2, 0), ("LOAD", 1, 0), ("GET_ATTR", 1, 0), ("STORE", 3, 0), ("LOAD", 3, 0),
        ("GET_ATTR", 0, 0), ("MOVE", 3, 0), ("GET_ATTR", 1, 0), ("LOADC", 0, 0), ("LOADC", 0, 0),
        ("LIST_CONSTRUCT", 0, 2), ("LOADC", 0, 0), ("LOADC", 0, 0), ("LIST_CONSTRUCT", 0, 2), ("OP", 0, 0),
        ("OP", 1, 0), ("LOADC", 0, 0), ("OP", 2, 0), ("MOVE", 1, 0), ("GET_ATTR", 2, 0), ("STORE", 4, 0),
        ("LOAD", 4, 0), ("GET_ATTR", 0, 0), ("MOVE", 4, 0), ("GET_ATTR", 1, 0), ("OP", 3, 0), ("RET", 0, 0),
    ]  # fmt: skip
    operators = (
        ("aten::conv2d", "", 5), ("aten::relu", "", 1), ("aten::flatten", "using_ints", 2), ("aten::linear", "", 3),
    )  # fmt: skip
    code = (
        ("instructions", tuple(instructions)), ("operators", operators), ("constants", (1,)),
        ("types", ()), ("register_size", 4),
    )  # fmt: skip
    arguments = tuple(
        (("name", name), ("type", kind), ("default_value", None))
        for name, kind in (("self", "__torch__.Net"), ("x", "Tensor"))
    )
    function = ("__torch__.Net.forward", code, (("arguments", arguments), ("returns", ())))
    return archive({**_module(), "bytecode.pkl": pickled((8, function)), **_traced(is_traced)})
