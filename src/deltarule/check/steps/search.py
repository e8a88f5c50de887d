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

from deltarule.check.steps.equations import Change, Updates, steps_of
from deltarule.core.arrays import Array
from deltarule.optim import OPTIMISERS

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

_SHARES = ("momentum", "beta1", "beta2", "rho", "phi", "down")


@dataclass(frozen=True)
class Fitted:
    """An optimiser's numbers, and how far its steps are from those given."""

    numbers: Mapping[str, float]
    residual: float
    """The norm of the difference over that of the step, in the worst of the updates."""
    open: tuple[str, ...] = ()
    """The numbers that could be others as well."""

    @property
    def fitted(self) -> int:
        """How many numbers were fitted."""
        return len(self.numbers) - len(self.open)


@dataclass(frozen=True, eq=False)
class Fit:
    """The search for the numbers with which one optimiser, with a change in it, gives the steps."""

    name: str
    change: Change
    updates: Updates
    enough: float
    """The residual that is none."""

    def best(self) -> Fitted | None:
        """Return the best numbers; None where the optimiser is far off everywhere."""
        starts = [f for numbers in self._grid() for f in self._with_rates(numbers)]
        starts = sorted((f for f in starts if f.residual < _WORTH), key=lambda f: f.residual)
        if not starts:
            return None
        best, enough = starts[0], self.enough
        for start in starts[:_STARTS] if best.residual > enough else []:
            best = min(best, self._refined(start), key=lambda f: f.residual)
            if best.residual <= enough:
                break
        if enough < best.residual < _NEARLY and "eps" in best.numbers:
            for eps in _EPS:
                found = replace(best, numbers={**best.numbers, "eps": eps})
                best = min(best, self._refined(found), key=lambda f: f.residual)
                if best.residual <= enough:
                    break
        if best.residual > enough:
            return best
        best = self._rounded(best)
        alike = [f.numbers for f in starts if f.residual <= enough]
        free = [
            k
            for k, v in best.numbers.items()
            if self._open(best, k) or any(a[k] != v for a in alike if k != "lr")
        ]
        return replace(best, open=tuple(free))

    def _at(self, numbers: Mapping[str, float]) -> Fitted:
        apart = steps_of(self.name, numbers, self.change, self.updates) - self.updates.steps
        with np.errstate(all="ignore"):
            residual = float(np.max(np.linalg.norm(apart, axis=1) / self.updates.sizes))
        return Fitted(dict(numbers), residual if np.isfinite(residual) else np.inf)

    def _open(self, best: Fitted, key: str) -> bool:
        """Whether a number could be another one: the steps do not show it."""
        others = ({**best.numbers, key: best.numbers[key] * by or 1e-3} for by in (0.97, 1.02))
        return all(self._at(numbers).residual <= self.enough for numbers in others)

    def _grid(self) -> Iterator[dict[str, float]]:
        record: Any = OPTIMISERS[self.name]()
        names = [f.name for f in dataclasses.fields(record) if f.name != "lr"]
        values = [tuple({getattr(record, n): 0, **dict.fromkeys(_USUAL.get(n, ()))}) for n in names]
        for chosen in product(*values):
            yield dict(zip(names, chosen, strict=True))

    def _with_rates(self, numbers: Mapping[str, float]) -> Iterator[Fitted]:
        """Yield the numbers with the lr that follows from all steps, or from the first alone."""
        usual: Any = OPTIMISERS[self.name]()
        start, u = float(usual.lr), self.updates
        made = steps_of(self.name, {**numbers, "lr": start}, self.change, u)
        with np.errstate(all="ignore"):
            made, wanted = made / u.sizes[:, None], u.steps / u.sizes[:, None]
            size = float(np.sum(made * made))
            rates = [start * float(np.sum(made * wanted)) / size if size else 0.0]
            if usual.full_batch:
                rates.append(float(np.median(np.abs(u.steps[0] / u.gradients[0]))))
        for lr in rates:
            if np.isfinite(lr) and lr > 0:
                yield self._at({**numbers, "lr": lr})

    def _refined(self, start: Fitted) -> Fitted:
        """Return the numbers that fit best, from a start: lr in its logarithm, shares in theirs."""
        from scipy.optimize import least_squares
        from scipy.special import expit, logit

        free = [k for k, v in start.numbers.items() if k != "eps" and (k != "weight_decay" or v)]
        u = self.updates

        def numbers(x: Array) -> dict[str, float]:
            pairs = zip(free, np.clip(x, -30.0, 30.0), strict=True)
            values = {k: float(expit(v) if k in _SHARES else np.exp(v)) for k, v in pairs}
            return {**start.numbers, **values}

        def apart(x: Array) -> Array:
            made = steps_of(self.name, numbers(x), self.change, u)
            with np.errstate(all="ignore"):
                apart = ((made - u.steps) / u.sizes[:, None]).ravel()
            return np.clip(np.nan_to_num(apart, nan=1e3), -1e3, 1e3)

        x0 = np.array([(logit if k in _SHARES else np.log)(start.numbers[k]) for k in free])
        if not np.all(np.isfinite(x0)):
            return start
        found = least_squares(apart, x0, xtol=1e-15, ftol=1e-15, gtol=1e-15, max_nfev=40)
        return min(start, self._at(numbers(found.x)), key=lambda f: f.residual)

    def _rounded(self, best: Fitted) -> Fitted:
        """Return the numbers with few digits, where these fit as well: 0.9, not 0.90000000012."""
        for digits in (3, 4, 6, 8):
            found = self._at({k: float(f"{v:.{digits}g}") for k, v in best.numbers.items()})
            if found.residual <= self.enough:
                return found
        return best
