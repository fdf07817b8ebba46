"""Where every tensor lives and when: lifetimes, execution order, arena layout.

Numbers in, numbers out; nothing here knows an operator or the IR.

    steps ─ best_order ─▶ steps ─ lifetimes ─▶ buffers ─ plan ─▶ offsets ─ check_plan

Below whole tensors, row by row (`rows` has the vocabulary):

    layers ─ groups ─▶ partition ─ episode ─▶ forbidden gaps ─ placement ─▶ offsets ─ check_row_plan
"""

from smelt.memory.bound import Bound, live_bytes, peak_bound
from smelt.memory.check import check_plan
from smelt.memory.check_rows import check_row_plan
from smelt.memory.draw import draw
from smelt.memory.layout import Plan, plan
from smelt.memory.lifetimes import Buffer, Step, lifetimes
from smelt.memory.order import Order, best_order
from smelt.memory.row_plan import plan_rows
from smelt.memory.rows import RowInput, RowKernel, RowLayer, RowPlan, RowStep, RowTensor

__all__ = [
    "Bound",
    "Buffer",
    "Order",
    "Plan",
    "RowInput",
    "RowKernel",
    "RowLayer",
    "RowPlan",
    "RowStep",
    "RowTensor",
    "Step",
    "best_order",
    "check_plan",
    "check_row_plan",
    "draw",
    "lifetimes",
    "live_bytes",
    "peak_bound",
    "plan",
    "plan_rows",
]
