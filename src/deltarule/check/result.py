"""`GradientCheck`: what a check found, for people and for programs."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from deltarule.check.numerical.groups import Groups
from deltarule.check.numerical.sweep import Sweep
from deltarule.check.ours import Ours
from deltarule.core.arrays import Array
from deltarule.core.errors import UsageError
from deltarule.core.notation import NOTATIONS
from deltarule.core.notation.written import weight_readings
from deltarule.core.texts import few_lines
from deltarule.core.views import view

if TYPE_CHECKING:
    from deltarule.check.diagnose import Diagnosis


@dataclass(frozen=True)
class Worst:
    """The entry that is furthest off, by what its group allows."""

    entry: str
    got: float
    expected: float
    relative: float
    """|got - expected| by the largest entry of its layer."""


@dataclass(frozen=True)
class Kink:
    """An entry at which E has a kink, so that several slopes are legitimate."""

    entry: str
    got: float
    left: float
    right: float
    legitimate: bool
    """Whether `got` lies between the slopes of the two sides."""
    subgradient: str
    """Which one was found: "left slope", "right slope", "mean of both", "0.3 of the way"."""


@dataclass(frozen=True)
class LayerCheck:
    """One layer's (or array's) line in the table."""

    name: str
    entries: int
    largest: float
    """The largest |expected|: what errors are measured by."""
    worst: str
    difference: float
    """The largest |got - expected|."""
    digits: float | None
    """Digits that agree, by `largest`; None where the layer's slopes drown in rounding."""
    wrong: int
    kinks: int

    @property
    def passed(self) -> bool:
        """Whether no entry is wrong."""
        return self.wrong == 0


@dataclass(frozen=True, eq=False, repr=False)
class GradientCheck:
    """What a check of a gradient found; print it for a table.

    An entry is right where

        |got - expected| <= tolerance * (largest |expected| of its layer) + rounding

    Nothing in it grows with the number of entries. `rounding` is how far the numerical
    derivative and the gradient's own arithmetic may be off.
    """

    method: str
    """complex, central, forward, five_point or richardson."""
    got: Array
    """The gradient in question, one value per entry."""
    expected: Array
    """The numerical derivative."""
    rounding: Array
    tolerance: float
    groups: Groups
    kinks: tuple[Kink, ...] = ()
    kink_entries: tuple[int, ...] = ()
    notes: tuple[str, ...] = ()
    """What was noticed or decided on the way, in sentences."""
    directions: int | None = None
    """The number of random directions, where not every entry was looked at."""
    norm: float = math.nan
    """With directions: the length of the gradient in question."""
    ours: Ours | None = None
    """The network and objective, where they are ours or can be expressed as ours."""
    sweeper: Callable[..., Sweep] | None = field(default=None)

    @property
    def wrong(self) -> Array:
        """Whether each entry is wrong; at a kink, whether it is no subgradient."""
        wrong: Array = ~(np.abs(self.got - self.expected) <= self.allowed)
        for index, kink in zip(self.kink_entries, self.kinks, strict=True):
            wrong[index] = not kink.legitimate
        return wrong

    @property
    def allowed(self) -> Array:
        """How far each entry may be off."""
        return np.asarray(self.tolerance * self.groups.largest(self.expected) + self.rounding)

    @property
    def passed(self) -> bool:
        """Whether no entry is wrong."""
        return not self.wrong.any()

    @property
    def worst(self) -> Worst:
        """The entry that is furthest off, by what its layer allows."""
        index = self._worst_of(slice(0, len(self.got)))
        scale = float(self.groups.largest(self.expected)[index])
        off = abs(float(self.got[index] - self.expected[index]))
        relative = off / scale if scale else (math.inf if off else 0.0)
        got, expected = float(self.got[index]), float(self.expected[index])
        return Worst(self.groups.entry(index), got, expected, relative)

    def _worst_of(self, part: slice) -> int:
        off, wrong = np.abs(self.got - self.expected)[part], self.wrong[part]
        allowed = np.maximum(self.allowed[part], np.finfo(float).tiny)
        forgiven = np.zeros(len(off), dtype=bool)
        forgiven[[i - part.start for i in self.kink_entries if part.start <= i < part.stop]] = True
        share = np.where(forgiven & ~wrong, 0.0, off / allowed)
        return int(part.start) + int(np.argmax(share))

    @property
    def layers(self) -> tuple[LayerCheck, ...]:
        """One record per layer (or array), in order."""
        parts = zip(self.groups.names, self.groups.slices(), strict=True)
        return tuple(self._layer(name, part) for name, part in parts if part.stop > part.start)

    def _layer(self, name: str, part: slice) -> LayerCheck:
        kinks = [i for i in self.kink_entries if part.start <= i < part.stop]
        off = np.abs(self.got - self.expected)[part]
        off[[i - part.start for i in kinks]] = 0.0
        largest = float(self.groups.largest(self.expected)[part.start])
        worst = self._worst_of(part)
        difference = float(np.max(off, initial=0.0))
        visible = largest > 3.0 * float(np.max(self.rounding[part], initial=0.0))
        wrong = int(np.count_nonzero(self.wrong[part]))
        digits = _digits(difference, largest) if visible or wrong else None
        count = part.stop - part.start
        entry = self.groups.entry(worst)
        return LayerCheck(name, count, largest, entry, difference, digits, wrong, len(kinks))

    @property
    def digits(self) -> float:
        """How many decimal digits agree in every layer, by its largest entry; at most 15.9.

        NaN where rounding lets none be seen.
        """
        found = [layer.digits for layer in self.layers if layer.digits is not None]
        return min(found, default=math.nan if self.passed else 0.0)

    def chance_of_missing(self, size: float) -> float:
        """Return the chance that an error of `size` times the gradient's length went unseen.

        0 where every entry was looked at. Along a random direction v an error d shows as d v,
        which is normal with the deviation |d|; it is missed where all of them are small.
        """
        if self.directions is None:
            return 0.0
        if not size > 0.0:
            raise UsageError(f"size is a positive share of the gradient's length, not {size!r}")
        allowed = float(np.max(self.allowed))
        spread = size * self.norm * math.sqrt(2.0)
        return math.erf(allowed / spread) ** self.directions if spread else 1.0

    @property
    def verdict(self) -> str:
        """What was found, in one sentence."""
        return view(GradientCheck.verdict)(self)

    @cached_property
    def diagnosis(self) -> Diagnosis | None:
        """The mistake, by name: what `dr.diagnose` says of this gradient; worked out when asked.

        `"correct"` without any work where the check has passed; None where the gradient is not
        that of a network of ours or one that can be expressed as ours (`.ours`).

        Raises `ResourceError` where the search would take too long.
        """
        from deltarule.check.diagnose import Diagnosis
        from deltarule.check.naming import name_mistake

        if self.ours is None:
            return None
        return Diagnosis("correct", (), (), ()) if self.passed else name_mistake(self.ours)

    def sweep(self, entry: str | int | None = None, steps: Sequence[float] | None = None) -> Sweep:
        """Return how the error of every method depends on the step, at one entry.

        Args:
            entry: its index, or its name; a weight's in any form that is printed, such as
                `w[2,1,1]`, `w_{2,1,1}` or `W2[0,0]`. None takes the worst.
            steps: step lengths; None takes many, from 1e-16 to 1.

        Raises `UsageError` for an entry that there is not.
        """
        if self.sweeper is None:
            raise UsageError("this check keeps no function, so its steps cannot be swept")
        return self.sweeper(self._index(entry), steps)

    def _index(self, entry: str | int | None) -> int:
        if entry is None:
            return self._worst_of(slice(0, len(self.got)))
        if isinstance(entry, str):
            found = self._named(entry)
            if len(found) == 1:
                return next(iter(found.values()))
            if found:
                raise UsageError(
                    f"{entry!r} can be read as {' and '.join(found)}: write one of them"
                )
        elif 0 <= entry < len(self.got):
            return int(entry)
        first, last = self.groups.entry(0), self.groups.entry(len(self.got) - 1)
        raise UsageError(f"there is no entry {entry!r}; they go from {first} to {last}")

    def _named(self, entry: str) -> dict[str, int]:
        """Return the entries that a name can mean, by the names that they have here."""
        names = {entry}
        if self.groups.kind == "layer":
            theory = NOTATIONS["theory"]
            names |= {theory.weight_name(*read) for read in weight_readings(entry, theory)}
        every = ((self.groups.entry(index), index) for index in range(len(self.got)))
        return {name: index for name, index in every if name in names}

    def to_dict(self) -> dict[str, Any]:
        """Return the findings as plain values, ready for JSON."""
        return view(GradientCheck.to_dict)(self)

    def __bool__(self) -> bool:
        return self.passed

    def __str__(self) -> str:
        return view(GradientCheck.__str__)(self)

    def __repr__(self) -> str:
        return few_lines(str(self))


def _digits(difference: float, largest: float) -> float:
    """Return -log10(difference / largest) between 0 and 15.9."""
    if difference == 0.0:
        return 15.9
    if not largest or not math.isfinite(difference):
        return 0.0
    return float(np.clip(-math.log10(difference / largest), 0.0, 15.9))
