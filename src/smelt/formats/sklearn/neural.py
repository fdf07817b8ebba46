"""Multi-layer perceptrons."""

from __future__ import annotations

from smelt.formats.sklearn.estimators import Estimator, Result, reads
from smelt.formats.sklearn.linear import above, logistic_probabilities

_ACTIVATIONS = {"relu": "relu", "tanh": "tanh", "logistic": "logistic", "identity": None, "exp": "exp"}


def _activate(_: Estimator, x: str, kind: str) -> str:
    if kind not in _ACTIVATIONS:
        raise _.unsupported(f"the activation '{kind}'")
    operator = _ACTIVATIONS[kind]
    return x if operator is None else _.emit(operator, (x,))


def _layers(_: Estimator, x: str) -> str:
    """The last layer's sums, before its activation."""
    weights, biases = _.setting("coefs_"), _.setting("intercepts_")
    for index, (w, b) in enumerate(zip(weights, biases, strict=True)):
        if index:
            x = _activate(_, x, _.setting("activation"))
        x = _.dense(x, _.checked(w, f"coefs_[{index}]").T, _.checked(b, f"intercepts_[{index}]"))
    return x


@reads("MLPRegressor")
def _regressor(_: Estimator, x: str) -> Result:
    value = _activate(_, _layers(_, x), _.setting("out_activation_"))
    return Result("prediction", value if _.shape(value)[1] > 1 else _.column(value))


@reads("MLPClassifier")
def _classifier(_: Estimator, x: str) -> Result:
    scores, last = _layers(_, x), _.setting("out_activation_")
    if last == "softmax":
        return Result("classes", _.index_of_largest(scores), _.emit("softmax", (scores,)))
    if last != "logistic" or _.shape(scores)[1] > 1:
        raise _.unsupported("predicting several labels at once")
    return Result("classes", above(_, scores, "greater"), logistic_probabilities(_, scores))
