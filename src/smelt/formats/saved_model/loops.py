"""TensorFlow's loops over lists of tensors, run step by step while reading; the functions are as in operators.py."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from smelt.errors import FormatError, UnsupportedError
from smelt.formats.saved_model.attributes import DataType
from smelt.formats.saved_model.interpreter import Interpreter, Item, TensorList
from smelt.formats.saved_model.operators import OPERATORS
from smelt.formats.saved_model.rearranging import cut, stacked

_MOST_ITEMS = 1 << 16


@OPERATORS.reads("TensorListReserve")
def _reserve(
    _: Interpreter, shape: Item, count: Item, *, element_dtype: DataType, shape_type: DataType | None = None
) -> TensorList:
    size = _.integer(count)
    if not 0 <= size <= _MOST_ITEMS:
        raise FormatError(f"{_.label}: a list of {size} tensors")
    return TensorList(items=(None,) * size)


@OPERATORS.reads("TensorListFromTensor")
def _from_tensor(_: Interpreter, x: Item, shape: Item) -> TensorList:
    if not _.shape(x):
        raise FormatError(f"{_.label}: makes a list of a number")
    return TensorList(whole=_.tensor(x))


def _list(_: Interpreter, item: Item) -> TensorList:
    if not isinstance(item, TensorList):
        raise FormatError(f"{_.label}: reads a list and is given something else")
    return item


def _length(_: Interpreter, given: TensorList) -> int:
    return len(given.items) if given.whole is None else _.shape(given.whole)[0]


@OPERATORS.reads("TensorListLength")
def _count(_: Interpreter, given: Item) -> str:
    return _.keep(np.array(_length(_, _list(_, given)), np.int32))


@OPERATORS.reads("TensorListGetItem")
def _get_item(_: Interpreter, given: Item, index: Item, shape: Item) -> str:
    found, at = _list(_, given), _.integer(index)
    if not 0 <= at < _length(_, found):
        raise FormatError(f"{_.label}: reads tensor {at} of a list of {_length(_, found)}")
    return _item(_, found, at)


def _item(_: Interpreter, found: TensorList, at: int) -> str:
    if found.whole is not None:
        return _.reshape(cut(_, found.whole, 0, at, at + 1), _.shape(found.whole)[1:])
    item = found.items[at]
    if item is None:
        raise UnsupportedError(f"{_.label}: reads tensor {at} of a list before it is set")
    return item


@OPERATORS.reads("TensorListSetItem")
def _set_item(
    _: Interpreter, given: Item, index: Item, x: Item, *, resize_if_index_out_of_bounds: bool = False
) -> TensorList:
    found, at = _list(_, given), _.integer(index)
    items = list(found.items)
    if found.whole is not None:
        items = [_item(_, found, n) for n in range(_length(_, found))]
    if not 0 <= at < len(items):
        raise FormatError(f"{_.label}: sets tensor {at} of a list of {len(items)}")
    items[at] = _.tensor(x)
    return TensorList(items=tuple(items))


@OPERATORS.reads("TensorListStack")
def _stack(_: Interpreter, given: Item, shape: Item, *, num_elements: int = -1) -> str:
    return stacked_list(_, given)


def stacked_list(_: Interpreter, given: Item) -> str:
    """The tensors of a list as rows of one."""
    found = _list(_, given)
    if found.whole is not None:
        return found.whole
    return stacked(_, [_item(_, found, n) for n in range(len(found.items))], 0)


def unrolled(_: Interpreter, inputs: Sequence[Item], cond: str, body: str) -> Sequence[Item]:
    """What the loop ends with; how often it runs must be known while reading."""
    state: Sequence[Item] = inputs
    while True:
        (goes_on,) = _.call(cond, state)
        if not _.constant(goes_on).all():
            return state
        state = _.call(body, state)
