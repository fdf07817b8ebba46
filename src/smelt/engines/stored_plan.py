"""A plan of the interpreter's arena, stored in the .tflite file as metadata; smelt_stored_plan.c reads it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from smelt.engines.interpreted import ALIGNMENT, ArenaItem
from smelt.formats.tflite.flatbuffer import read_flatbuffer, write_flatbuffer
from smelt.formats.tflite.schema import TFLITE
from smelt.memory import Buffer, plan
from smelt.targets import Target

PLAN = "smelt_plan"
"""The metadata's name."""

KERNEL_CONTRACT = 1
"""SMELT_KERNEL_CONTRACT."""

ANYWHERE = 0xFFFFFFFF
"""Instead of an offset: where the interpreter likes."""

_HASH_WORD = 2
_MARK = 0x504C414E  # in the place of the hash, until that is known


def with_stored_plan(
    model: bytes, items: Sequence[ArenaItem], target: Target
) -> tuple[bytes, tuple[ArenaItem, ...]]:
    """The file with a plan for that core, and the items where they are then.

    `items` are those of an initialized interpreter, `InterpretedEngine.arena_items`.
    """
    graph = read_flatbuffer(model, TFLITE).subgraphs[0]
    tensors = len(graph.tensors)
    numbers = [index if index < tensors else tensors + item.first for index, item in enumerate(items)]
    planned = {
        number: item
        for number, item in zip(numbers, items, strict=True)
        if item.place == "planned" and item.bytes
    }
    made = plan([Buffer(str(k), item.bytes, item.first, item.last, ALIGNMENT) for k, item in planned.items()])
    places = {int(name): offset for name, offset in made.offsets.items()}
    offsets = [places.get(k, ANYWHERE) for k in range(tensors + len(graph.operators))]
    start = min((item.offset for item in planned.values()), default=0)
    moved = tuple(
        replace(item, offset=start + places[number]) if number in places else item
        for number, item in zip(numbers, items, strict=True)
    )
    header = [KERNEL_CONTRACT, _core(target), 0, made.arena_bytes, len(offsets)]
    return put_plan(model, [*header, *offsets]), moved


def put_plan(model: bytes, plan_words: Sequence[int]) -> bytes:
    """The file with these words as its plan, the third of which becomes the hash of all the rest of the file."""
    words = np.array(plan_words, "<u4")
    words[_HASH_WORD] = _MARK
    tree = read_flatbuffer(model, TFLITE)
    others = [entry for entry in tree.metadata if entry.name != PLAN]
    buffers = [*tree.buffers, TFLITE.record("Buffer", data=words.view(np.uint8))]
    entry = TFLITE.record("Metadata", name=PLAN, buffer=len(buffers) - 1)
    data = write_flatbuffer(tree.replace(buffers=buffers, metadata=[*others, entry]), TFLITE)
    before, behind = data.rsplit(words.tobytes(), 1)
    words[_HASH_WORD] = _hash(before + behind)
    return before + words.tobytes() + behind


def _core(target: Target) -> int:
    """enum smelt_plan_core."""
    return 2 if target.has("mve") else 1 if target.has("dsp") else 0


def _hash(data: bytes) -> int:
    """FNV-1a of 32 bits."""
    found = 2166136261
    for byte in data:
        found = (found ^ byte) * 16777619 & 0xFFFFFFFF
    return found
