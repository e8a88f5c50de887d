"""An explanation: points of the grammar, each with its layers, and a factor common to all."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from deltarule.check.diagnose.conventions import NONE, Factor
from deltarule.check.diagnose.grammar import Point

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
        return len(self.gaps), *things, self._overlaps, self._behind, self._digits

    @property
    def _behind(self) -> int:
        return sum(p.quantity.rank for p in self.points)

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
