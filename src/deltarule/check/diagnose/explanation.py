"""An explanation: points of the grammar, each with its layers, and a factor common to all.

A factor common to all layers is a convention, not a mistake: a learning rate, a step that is added,
the sum over the observations or its mean, a factor 1/2. Code that has one of them is right, and
learns at another speed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from math import prod
from typing import Any

from deltarule.check.diagnose.case import Case
from deltarule.check.diagnose.grammar import FACTORS, Point
from deltarule.check.diagnose.match import Given

FREE, ADDED_UP = "learning_rate", "accumulated"
"""A number that was estimated: a learning rate; where it is whole, several steps added up."""

_NEAR = 1e-6


@dataclass(frozen=True)
class Factor:
    """A factor c with what it is made of: names of `FACTORS`, `FREE` or `ADDED_UP`."""

    value: float = 1.0
    names: tuple[str, ...] = ()
    rate: float = 1.0
    """The number in it that was estimated: the learning rate, with no sign."""

    @property
    def free(self) -> bool:
        """Whether it is a number that was estimated, and no product of known ones."""
        return FREE in self.names or ADDED_UP in self.names

    def at(self, case: Case) -> float:
        """Return c for another case: the sum over n observations is n times their mean."""
        known = (FACTORS[name][1](case) for name in self.names if name in FACTORS)
        return prod(known, start=self.rate)

    @property
    def signs(self) -> tuple[str, ...]:
        """What its sign is made of."""
        return ("sign",) if self.value < 0.0 else ()


NONE = Factor()


_OPPOSITE = ({"twice", "half"}, {"by_outputs", "times_outputs"}, {"times_n", "by_n_again"})
"""Factors that undo each other."""


class Factors:
    """The factors that are known for a case, and the reading of a number as one of them."""

    def __init__(self, case: Case) -> None:
        self.case = case
        known = {name: factor(case) for name, (_, factor, fits, _) in FACTORS.items() if fits(case)}
        if len(case.y) == case.n:  # E has one term an observation: none that is a mean over steps
            known.pop("by_steps", None)
        known = {name: value for name, value in known.items() if value != 1.0}
        found = [NONE, *(Factor(value, (name,)) for name, value in known.items())]
        for count in (2, 3, 4):
            for names in combinations(known, count):
                if not any(pair <= set(names) for pair in _OPPOSITE):
                    found.append(Factor(prod((known[name] for name in names), start=1.0), names))
        self.known = found

    def readings(self, value: float, near: float = _NEAR) -> list[Factor]:
        """Return what the number may be made of, the fewest known factors first."""
        return [f for f in self.known if abs(value - f.value) <= near * abs(f.value)]

    def of(self, given: Given, l: int, pair: Any, allow_free: bool) -> Factor | None:
        """Return the factor c for which c times the pair is the given gradient of layer l."""
        ratio = given.ratio(l, pair)
        if ratio is None or ratio == 0.0:
            return None
        known = self.readings(ratio, given.near)
        if known:
            return known[0] if given.matches(l, pair, known[0].value) else None
        if allow_free and given.matches(l, pair, ratio):
            return Factor(ratio, (FREE,) if ratio > 0.0 else ("sign", FREE), abs(ratio))
        return None

    def alternatives(self, factor: Factor) -> list[Factor]:
        """Return the other readings of a factor that are made of as few, or of a single thing."""
        found = [f for f in self.readings(factor.value) if f.names]
        fewest = min((len(f.names) for f in found), default=1)
        found = [f for f in found if len(f.names) == fewest]
        size, sign = abs(factor.value), factor.signs
        if size > 1.5 and abs(size - round(size)) < _NEAR * size and len(sign) + 1 <= fewest:
            found.append(Factor(factor.value, (*sign, ADDED_UP), size))
        return [f for f in found if f.names != factor.names]

    def variants(self, factor: Factor) -> list[Factor]:
        """Return the factor, and what is the same number here and may be another elsewhere.

        A learning rate times the sum over n rows is one number; 0.1 times 5 is 1/2. With one
        row the sum is the mean.
        """
        if not factor.names and self.case.n > 1:
            return [factor]
        found = [factor, *(f for f in self.readings(factor.value) if f != factor)]
        by_rows = ("times_n", "by_n_again") if self.case.mean else ("by_n",)
        if self.case.n == 1 and not factor.free:
            found += [Factor(factor.value, (*factor.names, name)) for name in by_rows]
        if not factor.names:
            return found
        found.append(Factor(factor.value, (*factor.signs, FREE), abs(factor.value)))
        for name in by_rows:
            rate = abs(factor.value) / FACTORS[name][1](self.case)
            found.append(Factor(factor.value, (*factor.signs, name, FREE), rate))
        return found


_PRODUCTS = ({"loss", "delta"}, {"loss", "own"}, {"scale", "whole"})
"""Slots whose values are multiplied with each other."""


@dataclass(frozen=True)
class Explanation:
    """What gives the gradient: `factor` times that of the backward pass with the points in it."""

    points: tuple[Point, ...] = ()
    layers: tuple[tuple[int, ...], ...] = ()
    """Where each point is; nowhere for the order of the vector, which stands behind all."""
    factor: Factor = NONE
    gaps: tuple[int, ...] = ()
    """The layers that it does not explain."""

    @property
    def fits(self) -> int:
        """The number of fitted numbers."""
        return sum(p.fitted for p in self.points) + self.factor.free

    @property
    def product(self) -> bool:
        """Whether two of its points multiply in one step: two factors, or dE/dy_L and f_L'.

        Two changes whose product is the number are an identity, not a finding.
        """
        placed = [(p.slot, set(at)) for p, at in zip(self.points, self.layers, strict=True)]
        return any(
            {one, other} in _PRODUCTS and here & there
            for i, (one, here) in enumerate(placed)
            for other, there in placed[:i]
        )

    @property
    def cost(self) -> tuple[int, ...]:
        """What comes first: fewer things changed, nothing fitted, no convention, known names."""
        whole = sum(p.fitted and p.quantity.whole for p in self.points)
        things = len(self.points), self.fits - whole, len(self.factor.names)
        behind = sum(p.quantity.rank for p in self.points)
        return len(self.gaps), *things, self._overlaps, behind, self._digits

    @property
    def _digits(self) -> int:
        """How many digits its fitted numbers have: a rounder number is the likelier one."""
        numbers = [p.number for p in self.points if p.fitted and p.number is not None]
        return sum(
            next((d for d in range(1, 7) if abs(float(f"{v:.{d}g}") - v) <= 1e-6 * abs(v)), 7)
            for v in numbers
        )

    @property
    def _overlaps(self) -> int:
        """Whether one point undoes in a part what another does to both."""
        deltas = [
            (p, set(layers))
            for p, layers in zip(self.points, self.layers, strict=True)
            if p.slot in ("delta", "own")
        ]
        return sum(
            bool(mine & theirs) and bool(p.quantity.part) != bool(q.quantity.part)
            for i, (p, mine) in enumerate(deltas)
            for q, theirs in deltas[:i]
        )

    def acts(self) -> list[tuple[Point, Sequence[int]]]:
        """Return the points as `backward` takes them."""
        return list(zip(self.points, self.layers, strict=True))

    def having(self, acts: Sequence[Point], l: int, factor: Factor | None) -> Explanation:
        """Return the explanation with points that act at layer l as well."""
        layers = dict(zip(self.points, self.layers, strict=True))
        for act in acts:
            layers[act] = (*layers.get(act, ()), l)
        kept = self.factor if factor is None else factor
        return Explanation(tuple(layers), tuple(layers.values()), kept, self.gaps)
