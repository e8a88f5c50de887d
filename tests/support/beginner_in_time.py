"""Backpropagation through time as a beginner writes it, with one line of it wrong.

An Elman layer of tanh nodes and a linear output, at every step or at the last one. NumPy alone.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["IN_TIME", "WRONG", "elman"]

Array = NDArray[np.float64]

IN_TIME = {
    "state_not_carried",
    "truncated",
    "last_step_only",
    "way_left_out",
    "reset_left_out",
    "other_step",
    "stale_state",
    "input_of_other_step",
    "weight_counted_once",
    "bias_once",
    "mean_over_steps",
}
"""The mistakes that need time."""

WRONG = {
    "state_not_carried": "state_not_carried",
    "truncated": "truncated",
    "last_error": "last_step_only",
    "slope_before": "other_step",
    "stale_state": "stale_state",
    "index_minus_one": "stale_state",
    "weight_once": "weight_counted_once",
    "bias_once": "bias_once",
    "mean": "mean_over_steps",
    "transposed": "untransposed_weights",
    "no_slope": "missing_derivative",
    "slope_of_h": "derivative_of_output",
    "input_after": "input_of_other_step",
    "one_path": "single_path",
    "last_sample": "last_sample_only",
    "no_U": "missing_weights",
    "plain_V": "untransposed_weights",
}
"""What is wrong, and the name that it has."""


def elman(p: Any, X: Array, T: Array, per_step: bool, wrong: str = "") -> Any:
    """Return (dE/dW, dE/dU, dE/db) and (dE/dV, dE/dc), summed over the sequences."""
    (W, U, b), (V, c) = p
    steps = X.shape[1]
    below, above = [np.zeros_like(a) for a in p[0]], [np.zeros_like(a) for a in p[1]]
    for number, (x, target) in enumerate(zip(X, T, strict=True)):
        h = {-1: np.zeros(len(b))}
        for t in range(steps):
            h[t] = np.tanh(W @ x[t] + U @ h[t - 1] + b)
        mine = [np.zeros_like(a) for a in p[0]]
        for s in range(steps) if per_step else [steps - 1]:
            error = V @ h[s] + c - (target[s] if per_step else target)
            above[0] += np.outer(error, h[s])
            above[1] += error
            back = (V if wrong == "plain_V" else V.T) @ error
            if wrong != "last_error" or s == steps - 1:
                _through_time(mine, (x, h, U), s, back, wrong)
        mine[1] *= wrong != "no_U"
        if wrong != "last_sample" or number == len(X) - 1:
            for l in range(3):
                below[l] += mine[l] / (steps if wrong == "mean" else 1)
    return tuple(below), tuple(above)


def _through_time(mine: list[Array], of: Any, s: int, back: Array, wrong: str) -> None:
    """Add what the error of step s says of every step before."""
    (x, h, U), steps = of, len(of[0])
    reach = {"state_not_carried": 0, "truncated": 1}.get(wrong, steps)
    for t in range(s, max(-1, s - reach - 1), -1):
        slope = {
            "slope_before": 1.0 - h[t - 1] ** 2,
            "slope_of_h": 1.0 - np.tanh(h[t]) ** 2,
            "no_slope": 1.0,
        }.get(wrong, 1.0 - h[t] ** 2)
        delta = back * slope
        state = h[t] if wrong == "stale_state" else h[t - 1]
        if wrong == "index_minus_one" and t == 0:
            state = h[steps - 1]
        at = t + 1 if wrong == "input_after" else t
        once = t == steps - 1
        if wrong != "weight_once" or once:
            mine[0] += np.outer(delta, x[at] if at < steps else 0.0 * x[0])
            mine[1] += np.outer(delta, state)
        if wrong not in ("weight_once", "bias_once") or once:
            mine[2] += delta
        back = {"transposed": U @ delta, "one_path": U[0] * delta[0]}.get(wrong, U.T @ delta)
