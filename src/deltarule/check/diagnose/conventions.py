"""A factor common to all layers: a convention, not a mistake.

A learning rate, a step that is added, the sum over the observations or its mean, a factor 1/2:
code that has one of them is right, and learns at another speed.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations
from typing import Any

from deltarule.check.diagnose.case import Case
from deltarule.check.diagnose.grammar import FACTORS
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
        value = self.rate
        for name in self.names:
            value *= FACTORS[name][1](case) if name in FACTORS else 1.0
        return value


NONE = Factor()


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
                value = 1.0
                for name in names:
                    value *= known[name]
                if not _opposite(names):
                    found.append(Factor(value, names))
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
        size, sign = abs(factor.value), ("sign",) if factor.value < 0.0 else ()
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
        found.append(Factor(factor.value, (*_signs(factor), FREE), abs(factor.value)))
        for name in by_rows:
            rate = abs(factor.value) / FACTORS[name][1](self.case)
            found.append(Factor(factor.value, (*_signs(factor), name, FREE), rate))
        return found


def _signs(factor: Factor) -> tuple[str, ...]:
    return ("sign",) if factor.value < 0.0 else ()


def _opposite(names: tuple[str, ...]) -> bool:
    """Whether two of the factors undo each other, as 2 and 1/2 do."""
    pairs = ({"twice", "half"}, {"by_outputs", "times_outputs"}, {"times_n", "by_n_again"})
    return any(pair <= set(names) for pair in pairs)
