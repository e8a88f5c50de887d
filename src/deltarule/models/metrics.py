"""How good a model is on some rows: loss, accuracy, AUC and Brier, or loss, R2, RMSE and MAE."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from deltarule.data.preparation.target import TargetEncoder
from deltarule.engine import Objective, Samples
from deltarule.engine.epoch import error_over, outputs_over
from deltarule.network import Network

Metrics = dict[str, float | None]

Block = tuple[NDArray[Any], NDArray[Any]]

METRICS = {
    **dict.fromkeys(("regression", "count"), ("loss", "r2", "rmse", "mae")),
    **dict.fromkeys(("binary", "multiclass", "multilabel"), ("loss", "accuracy", "auc", "brier")),
}
"""Per task, the names of the metrics.

- loss: E as the plain mean over the rows, without the penalty `l2` and without class weights; a
  regression's is in scaled units; with cross-entropy, the log loss
- accuracy: the share of rows whose most probable class (of two, by the model's threshold) is the
  true one; of labels told right
- auc: how often a row of a class has a higher probability for it than one of another class, ties
  being half; the mean over the classes, or labels, that have rows of both kinds
- brier: the mean of (p - t)^2, summed over the classes where there are several, t being 0 or 1
- r2: 1 - sum (T - y)^2 / sum (T - mean T)^2, the mean over several targets; None where the true
  values are all the same
- rmse, mae: the root of the mean squared error and the mean absolute error, in the target's own
  units, the mean over several targets
"""


def measure(
    objective: Objective, theta: NDArray[Any], encoder: TargetEncoder, blocks: Iterable[Block]
) -> Metrics:
    """Return the metrics over blocks of encoded rows, each X (n, n_0) and T (n, n_L).

    theta (m, size) is an ensemble, whose outputs are its members' mean. A number that is not
    finite, or that has no meaning, is None; so are all without rows.
    """
    names = METRICS[encoder.task]
    plain = Objective(objective.network, objective.loss, "sum")
    total, outputs, targets = 0.0, [], []
    with np.errstate(all="ignore"):
        for X, T in blocks:
            if len(X):
                outputs.append(mean_outputs(objective.network, theta, X))
                targets.append(T)
                if theta.ndim == 1:
                    total += error_over(plain, theta, Samples(X, T))
                else:
                    total += float(np.sum(objective.loss(outputs[-1], T)))
        if not outputs:
            return dict.fromkeys(names)
        y, true = np.concatenate(outputs), np.concatenate(targets)
        values = {"loss": total / len(y), **scores(encoder, y, true)}
    return {name: values[name] if math.isfinite(values[name]) else None for name in names}


def mean_outputs(network: Network, theta: NDArray[Any], X: NDArray[Any]) -> NDArray[Any]:
    """Return the outputs (n, n_L), of an ensemble (m, size) the mean of its members'."""
    if theta.ndim == 1:
        return outputs_over(network, theta, X)
    return np.asarray(np.mean([outputs_over(network, member, X) for member in theta], axis=0))


def scores(encoder: TargetEncoder, y: NDArray[Any], T: NDArray[Any]) -> dict[str, float]:
    """Return the metrics but the loss from outputs and targets (n, n_L); NaN without a meaning."""
    if encoder.quantity:
        return _regression(encoder.inverse(y), encoder.inverse(T))
    if encoder.task == "multilabel":
        return _labels(y, T)
    right = np.mean(class_numbers(y, encoder.threshold) == class_numbers(T))
    brier = np.square(np.asarray(y, np.float64) - T).sum(axis=1).mean()
    return {"accuracy": float(right), "auc": _auc(y, T > 0.5), "brier": float(brier)}


def by_target(
    encoder: TargetEncoder, y: NDArray[Any], T: NDArray[Any]
) -> dict[str, dict[str, float]]:
    """Return the metrics but the loss of every target, by name; nothing where there is one."""
    if len(encoder.names) == 1:
        return {}
    with np.errstate(all="ignore"):
        if encoder.quantity:
            y, T = encoder.inverse(y), encoder.inverse(T)
            return {n: _regression(y[:, [k]], T[:, [k]]) for k, n in enumerate(encoder.names)}
        return {n: _labels(y[:, [k]], T[:, [k]]) for k, n in enumerate(encoder.names)}


def _labels(y: NDArray[Any], T: NDArray[Any]) -> dict[str, float]:
    brier = np.square(np.asarray(y, np.float64) - T).mean()
    right = np.mean((y > 0.5) == (T > 0.5))
    return {"accuracy": float(right), "auc": _auc(y, T > 0.5), "brier": float(brier)}


def _auc(y: NDArray[Any], T: NDArray[np.bool_]) -> float:
    """Return the mean over the columns of the area under the ROC curve (Mann and Whitney 1947)."""
    found = []
    for p, true in zip(y.T, T.T, strict=True):
        pairs = int(true.sum()) * int((~true).sum())
        if pairs:
            negative, positive = np.sort(p[~true]), np.sort(p[true])
            # how many negative ones lie below each positive one, and half of those beside it
            ends = [np.searchsorted(negative, positive, side).sum() for side in ("left", "right")]
            found.append(sum(ends) / 2 / pairs)
    return float(np.mean(found)) if found else math.nan


def row_errors(
    objective: Objective,
    theta: NDArray[Any],
    encoder: TargetEncoder,
    X: NDArray[Any],
    T: NDArray[Any],
) -> NDArray[np.float64]:
    """Return how wrong every row is (n,): 0 or 1 for a class (of labels, the
    share of wrong ones), else (T - y)^2 in the target's units.

    The mean over several targets; the mean over rows is 1 - accuracy, or the mean squared error.
    """
    with np.errstate(all="ignore"):
        y = mean_outputs(objective.network, theta, X)
        if encoder.quantity:
            squares = np.square(encoder.inverse(T) - encoder.inverse(y))
            return np.asarray(np.mean(squares, axis=1))
        if encoder.task == "multilabel":
            return np.asarray(np.mean((y > 0.5) != (T > 0.5), axis=1))
        said = class_numbers(y, encoder.threshold)
        return np.asarray(said != class_numbers(T), np.float64)


def class_numbers(outputs: NDArray[Any], threshold: float = 0.5) -> NDArray[np.intp]:
    """Return the class of every row (0, 1, ...): the largest output, or whether one is above a
    threshold.

    >>> class_numbers(np.array([[0.1, 0.7, 0.2]])), class_numbers(np.array([[0.4], [0.6]]))
    (array([1]), array([0, 1]))
    """
    if outputs.shape[1] == 1:
        return (outputs[:, 0] > threshold).astype(np.intp)
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
