"""What torch.export writes (.pt2): a graph in JSON, and weights as they are in memory beside it.

Source: `torch/_export/serde/schema.py`, schema version 8.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from smelt.errors import FormatError, UnsupportedError
from smelt.formats.pytorch.archive import Archive
from smelt.formats.pytorch.naming import input_shape, output_names
from smelt.formats.pytorch.program import labelled
from smelt.formats.pytorch.storage import BFLOAT16, EXPORTED_TYPES, elements, view
from smelt.formats.pytorch.tracing import Tracer, is_known
from smelt.ir import Array, DType

SCHEMA_VERSION = 8
_LISTED = 20

_Environment = dict[str, Any]


def trace_exported(archive: Archive, tracer: Tracer, shapes: Mapping[str, Sequence[int]]) -> None:
    """Run an archive's graph on the tracer, and declare its outputs."""
    model = _json(archive, _model_record(archive))
    version = _field(model, "schema_version", dict).get("major")
    if version != SCHEMA_VERSION:
        raise UnsupportedError(
            f"the graph has schema version {version}; smelt reads {SCHEMA_VERSION}. Export the model anew with a "
            "recent PyTorch: torch.export.save(torch.export.export(model, inputs), path)"
        )
    _Exported(archive, tracer, shapes, _field(model, "graph_module", dict)).run()


def _model_record(archive: Archive) -> str:
    models = [name for name in archive.names if name.startswith("models/") and name.endswith(".json")]
    if len(models) != 1:
        raise UnsupportedError(f"the archive holds {len(models)} models; smelt reads archives with one")
    return models[0]


def _json(archive: Archive, record: str) -> dict[str, Any]:
    try:
        found = json.loads(archive.read(record))
    except (ValueError, RecursionError) as error:
        raise FormatError(f"the record '{record}' is damaged: {error}") from error
    if not isinstance(found, dict):
        raise FormatError(f"the record '{record}' is damaged: it holds no object")
    return found


def _field(holder: Any, name: str, kind: type) -> Any:
    """A field of a JSON object, of a certain type; FormatError otherwise."""
    value = holder.get(name) if isinstance(holder, dict) else None
    if not isinstance(value, kind):
        raise FormatError(f"the graph is damaged: '{name}' is missing or no {kind.__name__}")
    return value


def _only(union: Any) -> tuple[str, Any]:
    """The one field that is set of a union."""
    if not isinstance(union, dict) or len(union) != 1:
        raise FormatError(f"the graph is damaged: {str(union)[:60]} where one field is needed")
    return next(iter(union.items()))


class _Exported:
    """One run over the graph of an archive."""

    def __init__(
        self, archive: Archive, tracer: Tracer, shapes: Mapping[str, Sequence[int]], module: dict[str, Any]
    ) -> None:
        self.archive, self.tracer, self.shapes, self.module = archive, tracer, shapes, module
        self._stored: dict[tuple[str, str], Array] = {}
        self._storages: dict[str, Array] = {}

    def run(self) -> None:
        graph, signature = _field(self.module, "graph", dict), _field(self.module, "signature", dict)
        values = _field(graph, "tensor_values", dict)
        folders = {folder: self._config(folder) for folder in ("weights", "constants")}
        self._check_operators(graph)
        env: _Environment = {}
        for spec in _field(signature, "input_specs", list):
            kind, content = _only(spec)
            self._input(kind, content, values, folders, env)
        self.graph(graph, env)
        outputs = []
        for spec in _field(signature, "output_specs", list):
            kind, content = _only(spec)
            if kind == "user_output":
                outputs.append(self.argument(_field(content, "arg", dict), env))
            elif kind != "loss_output":
                raise UnsupportedError(
                    f"the model changes its own state or inputs ({kind}), which smelt does not do"
                )
        self.tracer.finish(dict(zip(output_names(len(outputs), self._keys()), outputs, strict=True)))

    def _check_operators(self, graph: Mapping[str, Any]) -> None:
        """Raise UnsupportedError with all operators of the graph that nothing reads."""
        unknown: dict[str, None] = {}
        for node in _field(graph, "nodes", list):
            operator = _operator(_field(node, "target", str))
            if not is_known(operator) and not operator.startswith("higher_order."):
                unknown[labelled(operator, _path(node))] = None
        if unknown:
            more = f" and {len(unknown) - _LISTED} more" if len(unknown) > _LISTED else ""
            plural = "operator" if len(unknown) == 1 else "operators"
            verb = "is" if len(unknown) == 1 else "are"
            names = ", ".join(list(unknown)[:_LISTED])
            raise UnsupportedError(f"the {plural} {names}{more} {verb} not supported")

    def _config(self, folder: str) -> dict[str, Any]:
        record = next(
            (n for n in self.archive.names if n.startswith(f"data/{folder}/") and n.endswith("_config.json")),
            None,
        )
        return {} if record is None else _field(_json(self.archive, record), "config", dict)

    def _keys(self) -> list[str] | None:
        """The keys of the dictionary that the model returns; None where it returns none."""
        try:
            spec = json.loads(self.module["module_call_graph"][0]["signature"]["out_spec"])[1]
            keys = json.loads(spec["context"]) if spec["type"] == "builtins.dict" else None
        except (KeyError, IndexError, TypeError, ValueError, RecursionError):
            return None
        return keys if isinstance(keys, list) and all(isinstance(k, str) and k for k in keys) else None

    def _input(
        self,
        kind: str,
        content: Any,
        values: Mapping[str, Any],
        folders: Mapping[str, Any],
        env: _Environment,
    ) -> None:
        if kind == "user_input":
            how, value = _only(_field(content, "arg", dict))
            if how != "as_tensor":
                return  # a number or None: already in the graph
            name = _field(value, "name", str)
            env[name] = self._declared(name, values.get(name))
            return
        if kind == "constant_input":
            env[_field(content, "name", str)] = _only(_field(content, "value", dict))[1]
            return
        places = {
            "parameter": "parameter_name",
            "buffer": "buffer_name",
            "tensor_constant": "tensor_constant_name",
        }
        if kind not in places:
            raise UnsupportedError(f"the model has an input of the kind '{kind}', which smelt does not read")
        stored = _field(content, places[kind], str)
        name = _field(_field(content, "arg", dict), "name", str)
        folder = next((f for f in folders if stored in folders[f]), None)
        if folder is None:
            raise FormatError(f"the archive has no contents for '{stored}'")
        env[name] = self.tracer.constant(stored, self._array(folder, folders[folder][stored], stored))

    def _declared(self, name: str, meta: Any) -> Any:
        dtype = EXPORTED_TYPES.get(_field(meta, "dtype", int))
        if dtype in (None, "<f8", BFLOAT16):
            raise UnsupportedError(
                f"input '{name}' is of an element type that smelt does not read; use float32"
            )
        sizes = []
        for size in _field(meta, "sizes", list):
            how, value = _only(size)
            sizes.append(value if how == "as_int" and isinstance(value, int) else None)
        return self.tracer.input(name, DType.of(np.empty(0, dtype)), input_shape(name, sizes, self.shapes))

    def _array(self, folder: str, entry: Any, label: str) -> Array:
        meta, path = _field(entry, "tensor_meta", dict), _field(entry, "path_name", str)
        if entry.get("use_pickle"):
            raise UnsupportedError(f"'{label}' is stored as a pickle, which smelt does not read")
        kind = EXPORTED_TYPES.get(_field(meta, "dtype", int))
        if kind is None:
            raise UnsupportedError(f"'{label}' is of an element type that smelt does not read")
        record = f"data/{folder}/{path}"
        storage = f"{record} {kind}"
        if storage not in self._storages:
            self._storages[storage] = elements(self.archive.read(record), kind)
        numbers = [_field(size, "as_int", int) for size in _field(meta, "sizes", list)]
        strides = [_field(stride, "as_int", int) for stride in _field(meta, "strides", list)]
        offset = _field(_field(meta, "storage_offset", dict), "as_int", int)
        key = (record, f"{kind} {offset} {numbers} {strides}")
        if key not in self._stored:
            self._stored[key] = view(self._storages[storage], offset, numbers, strides, f"'{label}'")
        return self._stored[key]

    def graph(self, graph: Mapping[str, Any], env: _Environment) -> None:
        """Apply all nodes of a graph."""
        for node in _field(graph, "nodes", list):
            self._node(node, env)

    def _node(self, node: Any, env: _Environment) -> None:
        target, outputs = _field(node, "target", str), _field(node, "outputs", list)
        arguments: list[Any] = []
        keywords: dict[str, Any] = {}
        graphs: list[Any] = []
        for named in _field(node, "inputs", list):
            argument = _field(named, "arg", dict)
            if "as_graph" in argument:
                graphs.append(_field(argument["as_graph"], "graph", dict))
            elif named.get("kind") == 2:
                keywords[_field(named, "name", str)] = self.argument(argument, env)
            else:
                arguments.append(self.argument(argument, env))
        if graphs:
            result = self._inlined(target, graphs, arguments)
        else:
            result = self.tracer.call(_operator(target), arguments, keywords, _path(node))
        self._bind(outputs, result, env)

    def _inlined(self, target: str, graphs: Sequence[Any], arguments: Sequence[Any]) -> Any:
        """A block that only turns gradients or autocasting on or off."""
        flags = {"torch.ops.higher_order.wrap_with_set_grad_enabled": 1}
        if target not in flags or len(graphs) != 1:
            raise UnsupportedError(f"{target}: branches and loops in the graph are not supported")
        inner = graphs[0]
        given = arguments[flags[target] :]
        names = [_field(_only(i)[1], "name", str) for i in _field(inner, "inputs", list)]
        flat = [
            item for argument in given for item in (argument if isinstance(argument, list) else [argument])
        ]
        if len(flat) != len(names):
            raise FormatError(f"{target}: has {len(flat)} inputs, needs {len(names)}")
        env: _Environment = dict(zip(names, flat, strict=True))
        self.graph(inner, env)
        return tuple(self.argument(output, env) for output in _field(inner, "outputs", list))

    def _bind(self, outputs: Sequence[Any], result: Any, env: _Environment) -> None:
        """Name a node's results as its outputs."""
        results = result if isinstance(result, tuple) and len(outputs) > 1 else (result,)
        if len(outputs) == 1 and isinstance(result, tuple) and "as_tensors" not in outputs[0] and result:
            results = result[:1]
        for output, value in zip(outputs, results, strict=False):
            how, content = _only(output)
            if how == "as_tensor":
                env[_field(content, "name", str)] = value
            elif how == "as_tensors":
                parts = value if isinstance(value, list | tuple) else [value]
                if not isinstance(content, list) or len(parts) != len(content):
                    raise FormatError(f"the graph is damaged: {len(parts)} results under {str(content)[:60]}")
                for item, part in zip(content, parts, strict=True):
                    env[_field(item, "name", str)] = part
            elif how in ("as_sym_int", "as_sym_bool", "as_sym_float"):
                env[_field(content, "as_name", str)] = value

    def argument(self, argument: Mapping[str, Any], env: _Environment) -> Any:
        """An argument of a node as a value."""
        how, value = _only(argument)
        if how == "as_tensor":
            return _found(_field(value, "name", str), env)
        if how == "as_tensors" and isinstance(value, list):
            return [_found(_field(item, "name", str), env) for item in value]
        if how == "as_optional_tensors" and isinstance(value, list):
            return [None if _only(item)[0] == "as_none" else self.argument(item, env) for item in value]
        if how == "as_optional_tensor":
            return self.argument(value, env)
        if how in ("as_sym_int", "as_sym_bool", "as_sym_float"):
            inner, content = _only(value)
            return _found(content, env) if inner == "as_name" else content
        if how == "as_sym_ints" and isinstance(value, list):
            return [self.argument({"as_sym_int": item}, env) for item in value]
        if how == "as_scalar_type" and isinstance(value, int):
            return 15 if value == 13 else value - 1
        if how in ("as_none", "as_memory_format", "as_layout"):
            return None
        if how == "as_device":
            return "cpu"
        if how in (
            "as_int",
            "as_ints",
            "as_float",
            "as_floats",
            "as_bool",
            "as_bools",
            "as_string",
            "as_strings",
        ):
            return _plain(value)
        raise UnsupportedError(f"an argument of the kind '{how}' is not supported")


_REALS = {"Infinity": math.inf, "-Infinity": -math.inf, "NaN": math.nan}


def _plain(value: Any) -> Any:
    if isinstance(value, list):
        return [_plain(item) for item in value]
    if not isinstance(value, str | int | float):
        raise FormatError(f"the graph is damaged: {str(value)[:60]} as an argument")
    return _REALS.get(value, value) if isinstance(value, str) else value


def _found(name: Any, env: _Environment) -> Any:
    if not isinstance(name, str) or name not in env:
        raise FormatError(f"the graph is damaged: it reads '{str(name)[:60]}' before anything computes it")
    return env[name]


def _operator(target: str) -> str:
    """ "torch.ops.aten.conv2d.default" as "aten.conv2d", Python's operators on sizes as aten's."""
    parts = target.split(".")
    if parts[:2] == ["torch", "ops"] and len(parts) >= 4:
        return f"{parts[2]}.{parts[3]}"
    if parts[0] in ("_operator", "math", "torch") and len(parts) == 2:
        return f"aten.{parts[1]}"
    return target


def _path(node: Mapping[str, Any]) -> str:
    """The innermost module that a node belongs to, from "L__self__conv,conv,torch.nn.Conv2d;…"."""
    metadata = node.get("metadata")
    stack = metadata.get("nn_module_stack") if isinstance(metadata, dict) else None
    fields = stack.split(";")[-1].split(",") if isinstance(stack, str) else []
    return fields[1].partition("@")[0] if len(fields) > 1 else ""
