"""Further inputs that tell apart what looks the same: other weights, other samples, one more."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from deltarule.check.diagnose.backward import backward, flat
from deltarule.check.diagnose.case import Array, Case
from deltarule.check.diagnose.match import as_given, precisions_of, roundings
from deltarule.check.diagnose.search import Explanation
from deltarule.core.errors import DeltaruleError
from deltarule.engine import Samples

__all__ = ["EXPERIMENTS", "predictable", "surviving", "telling"]


def _other_weights(case: Case, rng: np.random.Generator) -> Case:
    theta = case.theta * rng.uniform(0.5, 1.5, case.theta.shape)
    return Case(case.objective, theta + 0.05 * rng.normal(size=theta.shape), case.samples)


def _other_samples(case: Case, rng: np.random.Generator) -> Case:
    s = case.samples
    X = s.X + (1.0 + np.abs(s.X)) * rng.normal(size=s.X.shape)
    return Case(case.objective, case.theta, Samples(X, _mixed(s.T, case, rng), s.weight))


def _one_more(case: Case, rng: np.random.Generator) -> Case:
    s = case.samples
    X = np.vstack([s.X, s.X[:1] + rng.normal(size=s.X[:1].shape)])
    weight = None if s.weight is None else np.append(s.weight, s.weight.mean())
    return Case(case.objective, case.theta, Samples(X, np.vstack([s.T, s.T[:1]]), weight))


def _far_targets(case: Case, rng: np.random.Generator) -> Case:
    s = case.samples
    far = s.T + 10.0 * rng.normal(size=s.T.shape)
    return Case(case.objective, case.theta, Samples(s.X, far, s.weight))


def _mixed(T: Array, case: Case, rng: np.random.Generator) -> Array:
    """Return targets between the given ones and the outputs: inside the loss's range."""
    low, high = case.objective.loss.target_range
    towards = np.clip(case.outputs[-1], low, high)
    share = rng.uniform(0.2, 0.8, (len(T), 1))
    return np.asarray(share * T + (1.0 - share) * towards)


EXPERIMENTS: dict[str, Callable[[Case, np.random.Generator], Case]] = {
    "other weights": _other_weights,
    "other inputs and targets": _other_samples,
    "another number of observations": _one_more,
    "targets far from the outputs": _far_targets,
}
"""What can be changed, and how."""


def _cases(case: Case) -> list[tuple[str, Case]]:
    rng = np.random.default_rng(0)
    made = [(name, make(case, rng)) for name, make in EXPERIMENTS.items()]
    low, high = case.objective.loss.target_range
    return [(n, c) for n, c in made if np.all((low <= c.samples.T) & (high >= c.samples.T))]


def predictable(e: Explanation) -> bool:
    """Whether the explanation says what the gradient is elsewhere.

    A bound for clipping was seen at one point only, an order of layers stands behind the layers.
    """
    return all(e.layers) and all(t.code not in ("clipped", "swapped_layers") for t in e.trials)


def _predicted(case: Case, e: Explanation) -> Array | None:
    """Return the gradient that the explanation gives elsewhere; None where that is open."""
    if not predictable(e):
        return None
    found = flat(backward(case, e.acts()))
    return found if np.all(np.isfinite(found)) else None


def telling(case: Case, found: Sequence[Explanation]) -> tuple[str, ...]:
    """Return the experiments in which at least two of the explanations give different results."""
    useful = []
    for name, other in _cases(case):
        predicted = [p for e in found if (p := _predicted(other, e)) is not None]
        if any(not _same(other, p, predicted[0]) for p in predicted[1:]):
            useful.append(name)
    return tuple(useful)


def surviving(
    case: Case, found: Sequence[Explanation], call: Callable[[Case], Array]
) -> tuple[list[Explanation], tuple[str, ...]]:
    """Return the explanations that hold in the experiments too, and the experiments made.

    `call(case)` asks the function; an experiment in which it fails is left out.
    """
    kept, made = list(found), []
    for name, other in _cases(case):
        predicted = {id(e): _predicted(other, e) for e in kept}
        try:
            given = call(other)
        except DeltaruleError:
            continue
        hold = [e for e in kept if (p := predicted[id(e)]) is None or _same(other, p, given)]
        if hold and len(hold) < len(kept):
            kept = hold
            made.append(name)
    return kept, tuple(made)


def _same(case: Case, vector: Array, given: Array) -> bool:
    floors: list[Any] = roundings(case)
    mine = as_given(case, vector, floors)
    target = as_given(case, given, floors, precisions_of(case, given))
    return all(target.matches(l, mine.pairs[l]) for l in range(1, case.L + 1))
