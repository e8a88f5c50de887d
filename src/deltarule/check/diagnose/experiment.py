"""Further inputs that tell apart what looks the same: other weights, other samples, one more."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from deltarule.check.diagnose.case import Array, Case
from deltarule.check.diagnose.evidence import predicted
from deltarule.check.diagnose.explanation import Explanation
from deltarule.check.diagnose.grammar import orders
from deltarule.check.diagnose.match import as_given, precisions_of, roundings
from deltarule.core.errors import DeltaruleError
from deltarule.core.sequences import Sequences
from deltarule.engine import Samples


def _other_weights(case: Case, rng: np.random.Generator) -> Case:
    theta = case.theta * rng.uniform(0.5, 1.5, case.theta.shape)
    return replace(case, theta=theta + 0.05 * rng.normal(size=theta.shape))


def _other_samples(case: Case, rng: np.random.Generator) -> Case:
    s = case.samples
    x = np.asarray(s.X)
    X = _like(s.X, x + (1.0 + np.abs(x)) * rng.normal(size=x.shape))
    return replace(case, samples=Samples(X, _mixed(s.T, case, rng), s.weight))


def _one_more(case: Case, rng: np.random.Generator) -> Case:
    s = case.samples
    x = np.asarray(s.X)
    X = _like(s.X, np.vstack([x, x[:1] + rng.normal(size=x[:1].shape)]))
    weight = s.weight
    if weight is not None:
        more = weight.mean() if weight.ndim == 1 else weight[:1]
        weight = np.append(weight, more, axis=None if weight.ndim == 1 else 0)
    return case.at(Samples(X, np.vstack([s.T, s.T[:1]]), weight))


def _like(X: Any, values: Array) -> Any:
    """Return other numbers as X is: with its lengths, and the first one's for one more."""
    if not isinstance(X, Sequences):
        return values
    return Sequences.of(values, np.append(X.lengths, X.lengths[:1])[: len(values)])


def _far_targets(case: Case, rng: np.random.Generator) -> Case:
    s = case.samples
    far = s.T + 10.0 * rng.normal(size=s.T.shape)
    return replace(case, samples=Samples(s.X, far, s.weight))


def _mixed(T: Array, case: Case, rng: np.random.Generator) -> Array:
    """Return targets between the given ones and the outputs: inside the loss's range.

    Classes stay classes, others than before: a program may take them as numbers.
    """
    if T.shape[-1] > 1 and np.all((T == 0.0) | (T == 1.0)) and np.all(T.sum(axis=-1) == 1.0):
        return np.roll(T, 1, axis=1)
    low, high = case.objective.loss.target_range
    towards = np.clip(case.y.reshape(T.shape), low, high)
    share = rng.uniform(0.2, 0.8, (len(T), *[1] * (T.ndim - 1)))
    return np.asarray(share * T + (1.0 - share) * towards)


ROWS = "another number of observations"

EXPERIMENTS: dict[str, Callable[[Case, np.random.Generator], Case]] = {
    "other weights": _other_weights,
    "weights of the other sign": lambda case, rng: replace(
        case, theta=-case.theta * rng.uniform(0.5, 1.5)
    ),
    "other inputs and targets": _other_samples,
    ROWS: _one_more,
    "targets far from the outputs": _far_targets,
}
"""What can be changed, and how."""


def _cases(case: Case) -> list[tuple[str, Case]]:
    rng = np.random.default_rng(0)
    made = [(name, make(case, rng)) for name, make in EXPERIMENTS.items()]
    low, high = case.objective.loss.target_range
    return [(n, c) for n, c in made if np.all((low <= c.samples.T) & (high >= c.samples.T))]


def _restored(case: Case, e: Explanation, vector: Array) -> Array:
    """Return a delivered vector with its layers in their order, as the explanation has it."""
    for point in e.points:
        for other, put in orders(case) if point.slot == "order" else ():
            if other.quantity.told == point.quantity.told:
                return put(vector)
    return vector


def _predicted(case: Case, e: Explanation) -> Array | None:
    """Return the gradient that the explanation gives elsewhere; None where that is not finite."""
    with np.errstate(all="ignore"):
        found = predicted(case, e)
    return found if np.all(np.isfinite(found)) else None


def telling(case: Case, found: Sequence[Explanation]) -> tuple[str, ...]:
    """Return the experiments in which at least two of the explanations give different results."""
    useful = []
    for name, other in _cases(case):
        told = [p for e in found if (p := _predicted(other, e)) is not None]
        if any(not _same(other, p, told[0]) for p in told[1:]):
            useful.append(name)
    return tuple(useful)


@dataclass(frozen=True)
class Answer:
    """What a function gives at another point."""

    name: str
    case: Case
    vector: Array

    def holds(self, e: Explanation) -> bool:
        """Whether the explanation gives it too; True where it says nothing that is finite."""
        if any(p.slot == "loss" and not p.quantity.fits(self.case, self.case.L) for p in e.points):
            return True  # these targets are none of that loss
        here = _predicted(self.case, e)
        if here is None:
            return True
        return _same(self.case, here, _restored(self.case, e, self.vector), e.gaps)


def answers(case: Case, call: Callable[[Case], Array]) -> list[Answer]:
    """Return what the function gives at other points; one at which it fails is left out.

    `call(case)` asks it.
    """
    found = []
    for name, other in _cases(case):
        try:
            found.append(Answer(name, other, call(other)))
        except DeltaruleError:
            continue
    return found


def _same(case: Case, vector: Array, given: Array, gaps: Sequence[int] = ()) -> bool:
    floors: list[Any] = roundings(case)
    mine = as_given(case, vector, floors)
    target = as_given(case, given, floors, precisions_of(case, given))
    return all(target.matches(l, mine.pairs[l]) for l in range(1, case.L + 1) if l not in gaps)
