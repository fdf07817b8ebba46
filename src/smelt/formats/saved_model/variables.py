"""Which saved value each variable has: found by following what TensorFlow runs to restore them, never by name."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from smelt.errors import FormatError, UnsupportedError
from smelt.formats.saved_model.attributes import tensor_strings
from smelt.formats.saved_model.graph import Body, Library
from smelt.formats.saved_model.protobuf import Message

CALLS = ("PartitionedCall", "StatefulPartitionedCall")
VARIABLES = ("VarHandleOp", "VariableV2", "Variable")
_LONGEST = 16


def variable_name(node: Message) -> str:
    """What identifies the variable of a VarHandleOp or VariableV2."""
    shared: bytes = node.attr["shared_name"].s if "shared_name" in node.attr else b""
    return shared.decode("utf-8", "backslashreplace") or str(node.name)


def saved_keys(top: Body, library: Library, restore: str) -> dict[str, str]:
    """The key in the checkpoint of each variable, by `variable_name`.

    `restore` is the operation that restores all.  UnsupportedError for partitioned variables, by name.
    """
    name = restore.removeprefix("^").partition(":")[0]
    if not name:
        return {}
    if name not in top.nodes:
        raise FormatError(f"the operation '{name}', which restores the variables, is not there")
    return dict(_assigned(top, library, [name], {}, 0))


def _assigned(
    body: Body, library: Library, roots: Sequence[str], handles: Mapping[str, str], depth: int
) -> Iterator[tuple[str, str]]:
    """(variable, key) of all assignments that the roots need; `handles` are the variables among arguments."""
    if depth > 1:
        raise UnsupportedError(f"the variables are restored by functions of functions, at '{body.name}'")
    pending, seen = list(roots), set(roots)
    while pending:
        node = body.nodes.get(pending.pop())
        if node is None:
            continue
        for text in node.input:
            source = text.removeprefix("^").partition(":")[0]
            if source not in seen:
                seen.add(source)
                pending.append(source)
        if node.op in CALLS:
            function = library.body(node.attr["f"].func.name if "f" in node.attr else "")
            given = [_variable(body, reference.node, handles) for reference in body.inputs(node)]
            known = {a: v for a, v in zip(function.arguments, given, strict=False) if v is not None}
            yield from _assigned(function, library, list(function.nodes), known, depth + 1)
        elif node.op in ("AssignVariableOp", "Assign"):
            target, value = body.inputs(node)[:2]
            variable, key = _variable(body, target.node, handles), _key(body, value.node, value.index)
            if variable is not None and key is not None:
                yield variable, key


def _variable(body: Body, name: str, handles: Mapping[str, str]) -> str | None:
    if name in handles:
        return handles[name]
    node = body.nodes.get(name)
    return variable_name(node) if node is not None and node.op in VARIABLES else None


def _key(body: Body, name: str, index: int) -> str | None:
    """The name under which RestoreV2 reads a value, seen through identities; None where it is computed otherwise."""
    node = body.nodes.get(name)
    for _ in range(_LONGEST):
        if node is None or node.op != "Identity":
            break
        source = body.inputs(node)[0]
        node, index = body.nodes.get(source.node), source.index
    if node is None or node.op != "RestoreV2":
        return None
    keys, slices = (_strings(body, reference.node) for reference in body.inputs(node)[1:3])
    if index >= len(keys):
        raise FormatError(f"node '{node.name}' restores {len(keys)} tensors, number {index} is used")
    if index < len(slices) and slices[index]:
        raise UnsupportedError(
            f"variable '{keys[index]}' is partitioned; save the model without partitioned variables"
        )
    return keys[index]


def _strings(body: Body, name: str) -> list[str]:
    node = body.nodes.get(name)
    if node is None or node.op != "Const" or "value" not in node.attr:
        raise FormatError(f"what is restored is not written down at '{name}'")
    return tensor_strings(node.attr["value"].tensor)
