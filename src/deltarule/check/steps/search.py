"""Which optimiser gives these steps: its numbers are fitted, and few fit many steps or none.

For every optimiser the step is proportional to lr (nearly: some bound it), so that lr follows
from the others by least squares; those are tried on a grid of usual values and then refined.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import product
from typing import Any

import numpy as np
from numpy.typing import NDArray

from deltarule.check.steps.equations import Change, steps_of
from deltarule.optim import OPTIMISERS

Array = NDArray[np.float64]

_USUAL: dict[str, tuple[float, ...]] = {
    "momentum": (0.1, 0.5, 0.9),
    "beta1": (0.5, 0.8, 0.9),
    "beta2": (0.9, 0.999),
    "rho": (0.9, 0.99),
    "weight_decay": (0.0, 0.01),
}

_EPS = (1e-8, 1e-7, 1e-6, 1e-5, 1e-4, 1e-3, 1e-10, 1e-12, 0.0)

_WORTH, _NEARLY = 0.6, 0.01
"""Of the steps' size: what is further off is not refined, and its eps is not looked for."""

_STARTS = 4
"""Points of the grid from which the numbers are refined."""


@dataclass(frozen=True)
class Fitted:
    """An optimiser with its numbers, and how far its steps are from those given."""

    name: str
    numbers: Mapping[str, float]
    change: Change
    residual: float
    """The norm of the difference over that of the step, in the worst of the updates."""

    open: tuple[str, ...] = ()
    """The numbers that could be others as well."""

    @property
    def fitted(self) -> int:
        """How many numbers were fitted."""
        return len(self.numbers) - len(self.open)


def fit(name: str, change: Change, thetas: Array, gradients: Array, enough: float) -> Fitted | None:
    """Return the optimiser with its best numbers; None where it is far off everywhere."""
    data = (thetas, gradients, np.diff(thetas, axis=0))
    starts = [f for n in _grid(name) for f in _with_rates(name, n, change, *data)]
    starts = [f for f in starts if f.residual < _WORTH]
    if not starts:
        return None
    starts.sort(key=lambda f: f.residual)
    best = starts[0]
    for start in starts[:_STARTS] if best.residual > enough else []:
        best = min(best, _refined(start, *data), key=lambda f: f.residual)
        if best.residual <= enough:
            break
    if enough < best.residual < _NEARLY and "eps" in best.numbers:
        for eps in _EPS:
            found = replace(best, numbers={**best.numbers, "eps": eps})
            best = min(best, _refined(found, *data), key=lambda f: f.residual)
            if best.residual <= enough:
                break
    if best.residual > enough:
        return best
    best = _rounded(best, *data, enough)
    alike = [f.numbers for f in starts if f.residual <= enough]
    free = [
        k
        for k, v in best.numbers.items()
        if _open(best, k, *data, enough) or any(a[k] != v for a in alike if k != "lr")
    ]
    return replace(best, open=tuple(free))


def _open(
    best: Fitted, key: str, thetas: Array, gradients: Array, steps: Array, enough: float
) -> bool:
    """Whether a number could be another one: the steps do not show it."""
    for by in (0.97, 1.02):
        numbers = {**best.numbers, key: best.numbers[key] * by or 1e-3}
        other = _at(best.name, numbers, best.change, thetas, gradients, steps)
        if other.residual > enough:
            return False
    return True


def _grid(name: str) -> Iterator[dict[str, float]]:
    record: Any = OPTIMISERS[name]()
    fields = [f.name for f in dataclasses.fields(record) if f.name != "lr"]
    values = [tuple({getattr(record, f): 0, **dict.fromkeys(_USUAL.get(f, ()))}) for f in fields]
    for chosen in product(*values):
        yield dict(zip(fields, chosen, strict=True))


def _with_rates(
    name: str,
    numbers: Mapping[str, float],
    change: Change,
    thetas: Array,
    gradients: Array,
    steps: Array,
) -> Iterator[Fitted]:
    """Yield the optimiser with the lr that follows from all steps, or from the first one alone."""
    usual: Any = OPTIMISERS[name]()
    start = float(usual.lr)
    made = steps_of(name, {**numbers, "lr": start}, change, thetas, gradients)
    with np.errstate(all="ignore"):
        made, wanted = made / _sizes(steps)[:, None], steps / _sizes(steps)[:, None]
        size = float(np.sum(made * made))
        rates = [start * float(np.sum(made * wanted)) / size if size else 0.0]
        if usual.full_batch:
            rates.append(float(np.median(np.abs(steps[0] / gradients[0]))))
    for lr in rates:
        if np.isfinite(lr) and lr > 0:
            yield _at(name, {**numbers, "lr": lr}, change, thetas, gradients, steps)


def _at(
    name: str,
    numbers: Mapping[str, float],
    change: Change,
    thetas: Array,
    gradients: Array,
    steps: Array,
) -> Fitted:
    apart = steps_of(name, numbers, change, thetas, gradients) - steps
    with np.errstate(all="ignore"):
        residual = float(np.max(np.linalg.norm(apart, axis=1) / _sizes(steps)))
    return Fitted(name, dict(numbers), change, residual if np.isfinite(residual) else np.inf)


def _sizes(steps: Array) -> Array:
    """Return the norm of every step; of one that is nearly 0, a share of the largest."""
    norms = np.linalg.norm(steps, axis=1)
    return np.asarray(np.maximum(norms, 1e-6 * norms.max()))


def _refined(start: Fitted, thetas: Array, gradients: Array, steps: Array) -> Fitted:
    """Return the numbers that fit best, from a start: lr in its logarithm, shares in theirs."""
    from scipy.optimize import least_squares

    free = [k for k, v in start.numbers.items() if k != "eps" and (k != "weight_decay" or v)]
    sizes = _sizes(steps)[:, None]

    def numbers(x: Array) -> dict[str, float]:
        values = {k: _back(k, float(v)) for k, v in zip(free, x, strict=True)}
        return {**start.numbers, **values}

    def apart(x: Array) -> Array:
        made = steps_of(start.name, numbers(x), start.change, thetas, gradients)
        with np.errstate(all="ignore"):
            apart = ((made - steps) / sizes).ravel()
        return np.clip(np.nan_to_num(apart, nan=1e3), -1e3, 1e3)

    x0 = np.array([_forth(k, start.numbers[k]) for k in free])
    if not np.all(np.isfinite(x0)):
        return start
    found = least_squares(apart, x0, xtol=1e-15, ftol=1e-15, gtol=1e-15, max_nfev=40)
    made = _at(start.name, numbers(found.x), start.change, thetas, gradients, steps)
    return min(start, made, key=lambda f: f.residual)


_SHARES = ("momentum", "beta1", "beta2", "rho", "phi", "down")


def _forth(name: str, value: float) -> float:
    return float(np.log(value / (1.0 - value)) if name in _SHARES else np.log(value))


def _back(name: str, x: float) -> float:
    x = float(np.clip(x, -30.0, 30.0))
    return float(1.0 / (1.0 + np.exp(-x)) if name in _SHARES else np.exp(x))


def _rounded(best: Fitted, thetas: Array, gradients: Array, steps: Array, enough: float) -> Fitted:
    """Return the numbers with few digits, where these fit as well: 0.9, not 0.90000000012."""
    for digits in (3, 4, 6, 8):
        numbers = {k: float(f"{v:.{digits}g}") for k, v in best.numbers.items()}
        found = _at(best.name, numbers, best.change, thetas, gradients, steps)
        if found.residual <= enough:
            return found
    return best
