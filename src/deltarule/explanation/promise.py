"""`dr.step_validity`: how far a step along the gradient keeps its promise."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from deltarule.core.arguments import array, number
from deltarule.core.errors import NumericError, UsageError
from deltarule.core.namespace import NUMPY
from deltarule.core.views import view
from deltarule.engine import Problem
from deltarule.engine.reference import data_error, penalty
from deltarule.explanation.wording import number as shown
from deltarule.losses import Loss
from deltarule.network import Network
from deltarule.rules import DeltaRule

Array = NDArray[np.float64]
Change = Callable[[float], float]

_DECADES, _PER_DECADE = 4, 10
"""By default, steps from 10^-4 to 10^4 times the one that promises to bring E to 0."""

_LOWEST = -9
"""Below 10^-9 of it, a change of E drowns in rounding."""

_HALVINGS = 60


@dataclass(frozen=True, eq=False, repr=False)
class StepValidity:
    """What steps theta - eta d promise and what they do; `print` shows it, `plot` draws it."""

    error: float
    """E before the step."""
    steps: Array
    """eta, increasing."""
    promised: Array
    """-eta g . d: the change of E if its slope stayed what it is."""
    actual: Array
    """E(theta - eta d) - E(theta)."""
    tolerance: float
    reliable: float | None
    """The smallest step at which the actual change differs from the promised one by `tolerance`
    (10%) of it, or the first of `steps` if it already does; None: no step in the range does."""
    lowest: float
    """The step in `steps` at which E is lowest."""
    turns: float | None
    """The smallest step that raises E: there descent turns to ascent. None: none in the range."""

    def plot(self, path: str | Path, *, force: bool = False) -> None:
        """Write a PNG: promised and actual change of E over the step size.

        Raises `UsageError` for a file that is no picture of ours, unless `force` is given.
        """
        view(StepValidity.plot)(self, Path(path), force=force)

    def to_dict(self) -> dict[str, Any]:
        """Return everything as plain values, ready for JSON; null stands for what is not finite."""
        actual = [value if math.isfinite(value) else None for value in self.actual.tolist()]
        return {
            "error": self.error,
            "steps": self.steps.tolist(),
            "promised": self.promised.tolist(),
            "actual": actual,
            "tolerance": self.tolerance,
            "reliable": self.reliable,
            "lowest": self.lowest,
            "turns": self.turns,
        }

    def __str__(self) -> str:
        off = f"{self.tolerance:.0%}"
        smallest, largest = shown(self.steps[0], 3), shown(self.steps[-1], 3)
        at = "nowhere up to there" if self.reliable is None else f"at {shown(self.reliable, 4)}"
        turns = "nowhere up to there" if self.turns is None else f"at {shown(self.turns, 4)}"
        lines = [
            f"E = {shown(self.error, 6)}; steps from {smallest} to {largest}",
            f"  the promise is off by {off} {at}",
            f"  E is lowest at {shown(self.lowest, 4)}",
            f"  descent turns to ascent {turns}",
        ]
        rows = [("step", "promised", "actual", "ratio")]
        for i in range(0, len(self.steps), max(1, len(self.steps) // 10)):
            ratio = self.actual[i] / self.promised[i]
            values = (self.steps[i], self.promised[i], self.actual[i], ratio)
            rows.append(tuple(f"{value:.4g}" for value in values))  # type: ignore[arg-type]
        return "\n".join([*lines, *("  " + "".join(f"{c:>12}" for c in row) for row in rows)])

    __repr__ = __str__


def step_validity(
    net: Network,
    theta: ArrayLike,
    X: ArrayLike,
    T: ArrayLike,
    loss: str | Mapping[str, Any] | Loss = "half_squared_error",
    reduction: str = "sum",
    rule: str | Mapping[str, Any] | DeltaRule = "exact",
    sample_weight: ArrayLike | None = None,
    l2: float = 0.0,
    steps: ArrayLike | None = None,
    tolerance: float = 0.1,
    lr: float | None = None,
) -> StepValidity:
    """Compare the change of E that the gradient promises with the one that happens.

        promised(eta) = -eta g . d        actual(eta) = E(theta - eta d) - E(theta)

    g is the gradient, and d what the rule makes of it: g itself for `"exact"`. A gradient is
    measured at one point and all weights move at once, so the promise holds for small steps only.

    Args:
        net, theta, X, T, loss, reduction, rule, sample_weight, l2, lr: as in
            `deltarule.explain`; `lr` belongs to the sequential order.
        steps: the values of eta, positive and increasing; None takes ten per decade around the
            step that promises to bring E to 0, from a ten-thousandth (or less, if that is off
            already) to ten thousand times of it.
        tolerance: which relative difference from the promise is looked for.

    Returns:
        A `StepValidity`. `reliable` and `turns` are found by bisection between two of the steps,
        to the last digits; a crossing back and forth between two neighbouring steps is not seen.

    Raises what `deltarule.backprop` raises, `UsageError` for steps that cannot be, and
    `NumericError` for a gradient that is not finite or is 0, along which there is no step.

    >>> import deltarule as dr
    >>> net = dr.Network(1, [dr.Dense(1, bias=False)])
    >>> found = dr.step_validity(net, [3.0], [[1.0]], [[1.0]])     # E = 1/2 (w - 1)^2
    >>> round(found.reliable, 9), round(found.turns, 9)           # actual/promised = 1 - eta/2
    (0.2, 2.0)
    """
    tolerance = number("tolerance", tolerance, 0.0, 1.0)
    given = (net, theta, X, T, loss, reduction, "exact", sample_weight, l2)
    problem = Problem.of(*given, dtype=np.float64)
    bp, chosen = problem.backprop(), problem.ruled(rule).backprop(lr)
    d = np.where(net.layout.mask("trained"), chosen.gradient, 0.0)
    slope = float(bp.gradient @ d)
    if not math.isfinite(slope) or slope == 0.0 or not math.isfinite(bp.error):
        raise NumericError(
            f"E is {bp.error:g} and its slope along the step {slope:g}: there is no step to "
            f"compare. A gradient of 0 promises nothing; one that is not finite cannot be used"
        )

    def actual(eta: float) -> float:
        return _error(problem, problem.theta - eta * d) - float(bp.error)

    def off(eta: float) -> float:
        return abs(actual(eta) / (-eta * slope) - 1.0) - tolerance

    etas = _around(bp.error, slope, off) if steps is None else _checked(steps)
    changes = np.array([actual(float(eta)) for eta in etas])
    promised = -etas * slope
    with np.errstate(all="ignore"):
        excess = np.abs(changes / promised - 1.0) - tolerance
        reliable = _crossing(off, etas, excess)
        turns = _crossing(actual, etas, changes)
        best = int(np.nanargmin(np.where(np.isfinite(changes), changes, math.inf)))
    return StepValidity(
        bp.error, etas, promised, changes, tolerance, reliable, float(etas[best]), turns
    )


def _error(problem: Problem, theta: Array) -> float:
    """Return E at theta; inf or nan where it overflows."""
    objective, samples = problem.objective, problem.samples
    with np.errstate(all="ignore"):
        nets, y = objective.network.forward(theta, samples.X)
        E = data_error(objective, nets[-1], y[-1], samples.T, samples.weight, NUMPY)
        return float(E + penalty(objective, theta, NUMPY))


def _around(error: float, slope: float, off: Change) -> Array:
    """Return steps around the one that promises to bring E to 0, from one that keeps its promise.

    Where E is so bent that a ten-thousandth of that step does not, they begin lower.
    """
    centre, low = abs(error) / abs(slope) or 1.0 / math.sqrt(abs(slope)), -_DECADES
    while low > _LOWEST and not off(centre * 10.0**low) <= 0:
        low -= 1
    return centre * np.logspace(low, _DECADES, (_DECADES - low) * _PER_DECADE + 1)


def _checked(steps: ArrayLike) -> Array:
    found = array("steps", steps, np.float64)
    good = found.ndim == 1 and len(found) > 1 and bool(np.all(np.isfinite(found)))
    if not good or found[0] <= 0 or not np.all(np.diff(found) > 0):
        raise UsageError(f"steps are at least two positive, increasing numbers, not {steps!r}")
    return found


def _crossing(f: Change, etas: Array, values: Array) -> float | None:
    """Return where f turns from below 0 to above it for the first time, by bisection."""
    above = np.flatnonzero(~(values <= 0))
    if not len(above):
        return None
    first = int(above[0])
    if first == 0:
        return float(etas[0])
    low, high = float(etas[first - 1]), float(etas[first])
    for _ in range(_HALVINGS):
        middle = math.sqrt(low * high)
        if f(middle) <= 0:
            low = middle
        else:
            high = middle
    return high
