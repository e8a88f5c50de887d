"""How good a model is on some rows: loss and accuracy, or loss, R2, RMSE and MAE."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from deltarule.data.preparation.target import TargetEncoder
from deltarule.engine import Objective, Samples
from deltarule.engine.epoch import error_over, outputs_over

__all__ = ["METRICS", "Metrics", "class_numbers", "confusion", "measure", "r2_of", "row_errors"]

Metrics = dict[str, float | None]

Block = tuple[NDArray[Any], NDArray[Any]]

METRICS = {
    "regression": ("loss", "r2", "rmse", "mae"),
    "binary": ("loss", "accuracy"),
    "multiclass": ("loss", "accuracy"),
}
"""Per task, the names of the metrics.

- loss: E as the plain mean over the rows, without the penalty `l2` and without class weights; a
  regression's is in scaled units
- accuracy: the share of rows whose most probable class is the true one
- r2: 1 - sum (T - y)^2 / sum (T - mean T)^2, the mean over several targets; None where the true
  values are all the same
- rmse, mae: the root of the mean squared error and the mean absolute error, in the target's own
  units, the mean over several targets
"""


def measure(
    objective: Objective, theta: NDArray[Any], encoder: TargetEncoder, blocks: Iterable[Block]
) -> Metrics:
    """Return the metrics over blocks of encoded rows, each X (n, n_0) and T (n, n_L).

    A number that is not finite, or that has no meaning, is None; so are all without rows.
    """
    names = METRICS[encoder.task]
    plain = Objective(objective.network, objective.loss, "sum")
    total, outputs, targets = 0.0, [], []
    with np.errstate(all="ignore"):
        for X, T in blocks:
            if len(X):
                total += error_over(plain, theta, Samples(X, T))
                outputs.append(outputs_over(objective.network, theta, X))
                targets.append(T)
        if not outputs:
            return dict.fromkeys(names)
        y, true = np.concatenate(outputs), np.concatenate(targets)
        values = {"loss": total / len(y)}
        if encoder.task == "regression":
            values |= _regression(encoder.inverse(y), encoder.inverse(true))
        else:
            values["accuracy"] = float(np.mean(class_numbers(y) == class_numbers(true)))
    return {name: values[name] if math.isfinite(values[name]) else None for name in names}


def row_errors(
    objective: Objective,
    theta: NDArray[Any],
    encoder: TargetEncoder,
    X: NDArray[Any],
    T: NDArray[Any],
) -> NDArray[np.float64]:
    """Return how wrong every row is (n,): 0 or 1 for a class, else (T - y)^2 in the target's units.

    The mean over several targets; the mean over rows is 1 - accuracy, or the mean squared error.
    """
    with np.errstate(all="ignore"):
        y = outputs_over(objective.network, theta, X)
        if encoder.task != "regression":
            return np.asarray(class_numbers(y) != class_numbers(T), np.float64)
        return np.asarray(np.mean(np.square(encoder.inverse(T) - encoder.inverse(y)), axis=1))


def class_numbers(outputs: NDArray[Any]) -> NDArray[np.intp]:
    """Return the class of every row (0, 1, ...): the largest output, or whether one is > 1/2.

    >>> class_numbers(np.array([[0.1, 0.7, 0.2]])), class_numbers(np.array([[0.4], [0.6]]))
    (array([1]), array([0, 1]))
    """
    if outputs.shape[1] == 1:
        return (outputs[:, 0] > 0.5).astype(np.intp)
    return np.asarray(np.argmax(outputs, axis=1), dtype=np.intp)


def confusion(true: NDArray[np.intp], said: NDArray[np.intp], classes: int) -> NDArray[np.intp]:
    """Return the counts (classes, classes): row i, column j counts class i taken for class j.

    >>> confusion(np.array([0, 0, 1]), np.array([0, 1, 1]), 2)
    array([[1, 1],
           [0, 1]])
    """
    counts = np.bincount(true * classes + said, minlength=classes * classes)
    return counts.reshape(classes, classes)


def _regression(y: NDArray[np.float64], T: NDArray[np.float64]) -> dict[str, float]:
    squares = np.mean(np.square(T - y), axis=0)
    return {
        "r2": r2_of(y, T),
        "rmse": float(np.mean(np.sqrt(squares))),
        "mae": float(np.mean(np.abs(T - y))),
    }


def r2_of(y: NDArray[np.float64], T: NDArray[np.float64]) -> float:
    """Return R2 of predictions y for true values T, (n, k) both; NaN where T does not vary."""
    if np.any(np.all(T[:1] == T, axis=0)):
        return math.nan
    spread = np.mean(np.square(T - T.mean(axis=0)), axis=0)
    return float(np.mean(1.0 - np.mean(np.square(T - y), axis=0) / spread))
