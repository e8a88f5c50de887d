"""A program as a function of (theta, X, T) that gives dE/dtheta in our order, and what was found.

The learning rate is the number that doubles the step when it is doubled; the reduction is the one
under which several observations' gradient is made of each one's.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from deltarule.check.adapter.calls.outcome import STEPS
from deltarule.check.adapter.calls.pieces import said
from deltarule.check.adapter.calls.seen import Seen
from deltarule.check.adapter.calls.trial import attempt
from deltarule.check.adapter.calls.ways import Point, point
from deltarule.check.adapter.reading import Reading
from deltarule.check.adapter.subject import Rate
from deltarule.core.arrays import Array
from deltarule.core.errors import UsageError
from deltarule.network import Network

_SAME = 1e-6
"""Steps of weights have lost some digits to the weights they were added to."""


@dataclass(frozen=True, eq=False)
class Program:
    """A reading with its learning rate, sign and reduction; calling it gives the gradient.

    Entries that the program does not deliver are NaN.
    """

    reading: Reading
    rate: Rate | None
    reduction: str | None
    """`"sum"` or `"mean"`; None where several observations give neither."""
    sign: int = 1
    """-1 where it returns what is to be added."""
    scale: float = 1.0
    """What its steps are divided by where no learning rate was found."""

    @property
    def name(self) -> str:
        """What was called."""
        return self.reading.way.subject.name

    @property
    def network(self) -> Network:
        """The network that it has."""
        return self.reading.network

    @property
    def rates(self) -> Mapping[Any, float]:
        """The learning rate as an argument of a call."""
        return {} if self.rate is None else {(self.rate.kind, self.rate.place): self.rate.value}

    def __call__(self, theta: Array, X: Array, T: Array) -> Array:
        """Return the gradient; row by row, and their mean, where it takes one observation."""
        if self.reading.several:
            return self._once(theta, X, T)
        rows = [self._once(theta, X[i : i + 1], T[i : i + 1]) for i in range(len(X))]
        return np.asarray(np.mean(rows, axis=0))

    def _once(self, theta: Array, X: Array, T: Array) -> Array:
        try:
            vector = self.reading.delivered(theta, X, T, self.rates)
        except UsageError:
            raise
        except Exception as error:
            raise UsageError(f"{self.name} failed: {type(error).__name__}: {error}") from error
        if vector is None:
            raise UsageError(f"{self.name} gives no gradient in another call")
        step = -1.0 if self.reading.outcome in STEPS else 1.0
        by = self.scale if self.rate is None else self.rate.value
        return np.asarray(step * self.sign * vector / by)

    def seen(self, theta: Array, X: Array, T: Array) -> Seen:
        """Return the numbers that one call computes; none where it fails."""
        try:
            way = self.reading.way
            return attempt(way, self.network, theta, X, T, self.rates).seen
        except Exception:
            return Seen()

    def sentence(self) -> str:
        """Say how the program was read, in one line."""
        r = self.reading
        sizes = "-".join(map(str, r.way.sizes))
        unseen = "" if r.proved else " (its forward pass was not seen: by the documented order)"
        words = [
            f"{self.name} read as {sizes} {functions(r.activations)}{unseen}",
            said(r.way.pieces),
        ]
        if r.way.zeroed:
            names = ", ".join(s.name for s in r.way.zeroed)
            words.append(f"{names} (one number for all nodes) set to 0")
        words += [r.way.form.name if r.several else f"{r.way.form.name} at a time"]
        words += [_DELIVERS[r.outcome], *(["to be added"] if self.sign < 0 else [])]
        if (rate := self.rate) is not None:
            words.append(f"learning rate {rate.value:g} ({rate.kind} {rate.place})")
        elif r.outcome in STEPS:
            words.append(
                "no learning rate found" if self.scale == 1.0 else
                f"learning rate {self.scale:.6g} (from the steps)"
            )  # fmt: skip
        if r.several and self.reduction is not None:
            words.append(f"{self.reduction} over the observations")
        return ", ".join([*words, *r.remarks])


_DELIVERS = {
    "returned": "returns the gradient",
    "updated": "returns the new weights",
    "changed": "changes the weights",
    "attributes": "keeps the gradient",
}


def functions(names: Sequence[str]) -> str:
    """Return the activations in one word where they are the same: sigmoid, tanh/softmax."""
    return names[0] if len(set(names)) == 1 else "/".join(names)


def program_of(reading: Reading) -> Program:
    """Return the program with the learning rate and the reduction that its numbers show."""
    at = point(reading.network, None if reading.several else 1, seed=1)
    at = replace(at, T=at.classes) if "class" in reading.way.form.name else at
    rate = _rate(reading, at)
    found = Program(reading, rate, "mean")
    return replace(found, reduction=_reduction(found, at)) if reading.several else found


def _rate(reading: Reading, at: Point) -> Rate | None:
    """Return the number that doubles what is delivered when it is doubled."""
    step = reading.outcome in STEPS
    subject, form = reading.way.subject, reading.way.form
    before = _delivered(reading, at, {})
    if before is None:
        return None
    with subject.root(form.x(at.X), form.t(at.T)) as root:
        candidates = subject.rates(root)
    for rate in candidates:
        if step or rate.named:
            after = _delivered(reading, at, {(rate.kind, rate.place): 2 * rate.value})
            if after is not None and _doubled(reading, before, after, rate.named):
                return rate
    return None


def _delivered(reading: Reading, at: Point, rates: Mapping[Any, float]) -> Array | None:
    """Return what a call delivers; None for nothing, or where it fails."""
    try:
        return reading.delivered(at.theta, at.X, at.T, rates)
    except Exception:
        return None


def _doubled(reading: Reading, before: Array, after: Array, named: bool) -> bool:
    """Whether a step has doubled; with the name of a rate one array of it is enough.

    Where weights are moved before all gradients are known, the others are no multiple.
    """
    if same(after, 2 * before) or not named:
        return same(after, 2 * before)
    entries = reading.network.layout.entries
    parts = [slice(e.start, e.stop) for e in entries if np.any(before[e.start : e.stop])]
    return any(same(after[part], 2 * before[part]) for part in parts)


def _reduction(program: Program, at: Point) -> str | None:
    """Return how several observations' gradients make one, by most of the arrays."""
    try:
        whole = program(at.theta, at.X, at.T)
        rows = [program(at.theta, at.X[i : i + 1], at.T[i : i + 1]) for i in range(len(at.X))]
    except UsageError:
        return None
    parts = [slice(e.start, e.stop) for e in program.network.layout.entries]
    parts = [part for part in parts if np.any(whole[part])]
    made = {"mean": np.mean(rows, axis=0), "sum": np.sum(rows, axis=0)}
    alike = {name: sum(same(whole[p], v[p]) for p in parts) for name, v in made.items()}
    most = max(alike, key=lambda name: alike[name])
    return most if alike[most] else None


def same(a: Array, b: Array) -> bool:
    """Whether two vectors are equal but for rounding, and lack the same entries."""
    size = float(np.nanmax(np.abs(b), initial=0.0))
    apart = np.abs(a - b)
    return bool(
        np.all(np.isnan(a) == np.isnan(b)) and np.nanmax(apart, initial=0.0) <= _SAME * size
    )
