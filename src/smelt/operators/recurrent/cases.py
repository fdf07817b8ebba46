"""Cases of the recurrent layers: what they return, directions, biases, states, batches, activations."""

import numpy as np

from smelt.ir import Attribute, DType
from smelt.operators.case import Case, Tensor
from smelt.operators.recurrent import GATES

_FEATURES, _UNITS, _TIME = 3, 4, 5


def _weights(rows: int, *rest: int) -> Tensor:
    shape = (rows, *rest)
    array = np.random.default_rng(rows + sum(rest)).normal(0, 0.5, shape).astype(np.float32)
    return Tensor(DType.F32, shape, None, array)


def _case(
    name: str, operator: str, batch: int = 1, *, bias: bool = True, states: int = 0, **attributes: Attribute
) -> Case:
    rows = GATES[operator] * _UNITS
    data = Tensor(DType.F32, (batch, _TIME, _FEATURES))
    inputs: list[Tensor | None] = [data, _weights(rows, _FEATURES), _weights(rows, _UNITS)]
    if bias or states:
        inputs.append(_weights((2 if attributes.get("reset_after") else 1) * rows) if bias else None)
    inputs += [Tensor(DType.F32, (batch, _UNITS))] * states
    return Case(f"{operator}_{name}_f32", operator, tuple(inputs), attributes)


CASES = [
    *(_case("last", operator) for operator in GATES),
    *(_case("sequence", operator, 2, returns="sequence", bias=False) for operator in GATES),
    *(_case("all_reverse", operator, 2, returns="all", reverse=True, states=1) for operator in GATES),
    _case("states", "lstm", states=2, returns="all"),
    _case("states_without_bias", "lstm", states=2, bias=False),
    _case("hard", "lstm", gate_activation="hard_sigmoid", activation="relu"),
    _case("linear", "rnn", activation="linear"),
    *(
        _case(f"reset_after_{kind}", "gru", 2, reset_after=True, returns=kind)
        for kind in ("last", "sequence")
    ),
    _case("reset_after_without_bias", "gru", reset_after=True, bias=False, returns="sequence"),
]
