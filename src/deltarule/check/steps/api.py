"""`dr.diagnose_step`: which optimiser makes these steps."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from deltarule.check.steps.diagnosis import Explained, StepDiagnosis
from deltarule.check.steps.drive import drive
from deltarule.check.steps.equations import CHANGES, RIGHT, Change, Updates
from deltarule.check.steps.search import Fit
from deltarule.core.arguments import array
from deltarule.core.arrays import Array
from deltarule.core.errors import DataError, UsageError
from deltarule.optim import OPTIMISERS, Optimiser

_EXACT = 1e-9
"""Of the steps' norm: what is left of weights in float64."""

_FIRST = ("sgd", "momentum", "nesterov", "adam", "rmsprop", "adagrad", "adadelta", "adamw")
"""Of optimisers that make the same steps, the usual ones are named."""

_NONE = 1e-6
"""A share below that is none."""

_FEW = 3
"""For each fitted number there have to be so many that it explains."""


def diagnose_step(thetas: Any, gradients: ArrayLike | None = None) -> StepDiagnosis:
    """Say which optimiser makes a sequence of updates, with which numbers, and what is wrong.

        theta_{t+1} = theta_t + step(g_t, state_t),   t = 1, 2, ..., m

    Every optimiser of the registry that moves each weight by itself is tried, its numbers fitted
    to all steps together; then every usual one with one change in it: the velocity's sign, the
    bias correction left out, a state that is not kept, and the like. What fits has to hold in all
    m steps of all n weights, with a few numbers fitted.

    Args:
        thetas: the weights before the first update and after each one, (m + 1, n); or an
            optimiser of yours: a function of (theta, g), an object or a class with a method
            `step` or `update` of these, which is driven with random gradients.
        gradients: the gradient of each update, (m, n).

    Raises `UsageError` for shapes that do not fit together or too few updates, `DataError` for
    numbers that are not finite.

    >>> import numpy as np
    >>> class Mine:
    ...     def __init__(self):
    ...         self.v = 0.0
    ...     def step(self, w, grad):
    ...         self.v = 0.9 * self.v + 0.05 * grad
    ...         return w - self.v
    >>> print(diagnose_step(Mine))
    correct: momentum (lr 0.05, momentum 0.9); 84 numbers explained by 2 fitted
    >>> class Other(Mine):
    ...     def step(self, w, grad):
    ...         self.v = 0.05 * grad - 0.9 * self.v
    ...         return w - self.v
    >>> diagnose_step(Other).found.mistake
    'momentum_sign'
    """
    if gradients is None and not isinstance(thetas, np.ndarray | list | tuple):
        updates, enough = Updates(*drive(thetas)), _EXACT
    else:
        weights, slopes, enough = _given(thetas, gradients)
        updates = Updates(weights, slopes)
    count = updates.gradients.size
    if not np.any(updates.steps):
        return StepDiagnosis("unexplained", None, (), count, ("no weight changes at all",))
    for verdict, changes in (("correct", (RIGHT,)), ("explained", CHANGES)):
        if found := _found(changes, updates, enough):
            return StepDiagnosis(verdict, found[0], tuple(found[1:4]), count)
    return StepDiagnosis("unexplained", None, (), count, _proportions(updates))


def _given(thetas: Any, gradients: Any) -> tuple[Array, Array, float]:
    if gradients is None:
        raise UsageError("the gradients (m, n) of the updates are needed as well")
    raw = array("thetas", thetas)
    weights, slopes = raw.astype(np.float64), array("gradients", gradients, np.float64)
    if weights.ndim != 2 or slopes.ndim != 2 or weights.shape != (len(slopes) + 1, slopes.shape[1]):
        raise UsageError(
            f"thetas has the shape {weights.shape} and gradients {slopes.shape}; needed are "
            "(m + 1, n), the weights before the first update and after each, and (m, n)"
        )
    if len(slopes) < 3:
        raise UsageError(f"{len(slopes)} updates show no state; at least 3 are needed")
    for name, a in (("thetas", weights), ("gradients", slopes)):
        if not np.all(np.isfinite(a)):
            where = tuple(int(i) for i in np.argwhere(~np.isfinite(a))[0])
            raise DataError(f"{name}{list(where)} is {a[where]}; finite numbers are needed")
    eps = np.finfo(raw.dtype).eps if raw.dtype.kind == "f" else np.finfo(np.float64).eps
    steps = np.diff(weights, axis=0)
    with np.errstate(over="ignore"):
        typical = float(np.median(np.linalg.norm(steps, axis=1))) / np.sqrt(steps.shape[1]) or 1.0
    return weights, slopes, max(_EXACT, 8.0 * float(eps) * float(np.abs(weights).max()) / typical)


def _found(changes: Sequence[Change], updates: Updates, enough: float) -> list[Explained]:
    """Return what gives the steps with the fewest fitted numbers, the usual first."""
    # each weight by itself, and from its gradients alone
    known = [cls for cls in OPTIMISERS.of(Optimiser) if not cls.by_error]
    known.sort(key=lambda cls: _FIRST.index(cls.name) if cls.name in _FIRST else len(_FIRST))
    found = []
    for change in changes:
        for cls in known:
            if change.applies(cls) and (not change.code or cls.name in _FIRST):
                best = Fit(cls.name, change, updates, enough).best()
                if best is None or best.numbers.get("momentum", 1.0) < _NONE:
                    continue  # without momentum it is another optimiser
                many = updates.gradients.size >= _FEW * best.fitted
                if many and best.residual <= enough:
                    said = change.code, change.does, change.should
                    told = Explained(cls.name, best.numbers, best.open, *said, best.residual)
                    found.append((best.fitted, told))
    fewest = min((fitted for fitted, _ in found), default=0)
    return [told for fitted, told in found if fitted == fewest]


def _proportions(updates: Updates) -> tuple[str, ...]:
    """Say whether every step is a multiple of its gradient: a learning rate that changes."""
    steps, gradients = updates.steps, updates.gradients
    rates = -np.sum(steps * gradients, axis=1) / np.sum(gradients * gradients, axis=1)
    apart = np.linalg.norm(steps + rates[:, None] * gradients, axis=1)
    if np.all(apart <= 1e-6 * np.linalg.norm(steps, axis=1)):
        told = ", ".join(f"{rate:.6g}" for rate in rates[:5])
        return (f"every step is a multiple of its gradient: sgd with the rates {told}, ...",)
    along = [
        int(i) + 1 for i in range(len(steps)) if np.all(np.sign(steps[i]) == -np.sign(gradients[i]))
    ]
    if len(along) == len(steps):
        return ("every step has its gradient's signs, downhill; its sizes are nobody's",)
    if along == [1]:
        return ("the first step goes along its gradient's signs, the others do not: it has a "
                "state",)  # fmt: skip
    return ()
