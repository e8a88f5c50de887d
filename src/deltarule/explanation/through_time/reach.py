"""How far back a recurrent layer's errors reach: vanishing and exploding over time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from deltarule.explanation.through_time.terms import Pass, Term
from deltarule.layers import Recurrent
from deltarule.layers.recurrent.local import locals_of

__all__ = ["Reach", "StepReach", "jacobians", "reach"]

Array = NDArray[np.float64]

_VANISHED, _EXPLODED = 1e-2, 1e2
"""From where on a change that reaches the end is said to vanish or to explode."""

_COUNTS = 1e-2
"""A step still contributes where its term is at least so much of the largest."""


@dataclass(frozen=True)
class StepReach:
    """One step; of several observations, sums, and the largest and smallest of all."""

    step: int
    value: float
    """What the step adds to dE/dw."""
    arriving: float
    """|dE/dh_t|, over nodes and observations: what arrives from later steps and from above."""
    largest: float
    """The largest singular value of d state_t / d state_{t-1}."""
    smallest: float
    to_end: float
    """The largest singular value of d state_T / d state_t: by how much a small change of the state
    after step t is stretched, at most, until the last step."""

    def to_dict(self) -> dict[str, Any]:
        """Return it as plain values, ready for JSON."""
        return dict(vars(self))


@dataclass(frozen=True, repr=False)
class Reach:
    """Every step of a recurrent layer, and what becomes of errors on the way back."""

    name: str
    """The weight's derivative: `dE/du[1,1,1]`."""
    steps: tuple[StepReach, ...]

    @property
    def contributing(self) -> tuple[int, ...]:
        """The steps whose term is at least a hundredth of the largest."""
        largest = max(abs(s.value) for s in self.steps)
        return tuple(s.step for s in self.steps if largest and abs(s.value) >= _COUNTS * largest)

    @property
    def per_step(self) -> float:
        """By how much a change is stretched a step, at most: the geometric mean up to the end."""
        count = len(self.steps) - 1
        return float(self.steps[0].to_end ** (1.0 / count)) if count else 1.0

    @property
    def verdict(self) -> str:
        """`"vanishing"`, `"exploding"` or `"steady"`."""
        end = self.steps[0].to_end
        return "vanishing" if end < _VANISHED else "exploding" if end > _EXPLODED else "steady"

    @property
    def says(self) -> str:
        """The verdict in a sentence."""
        steps = self.contributing
        shown = _runs(steps) if steps else "none"
        return (
            f"{self.verdict}: a small change after step 1 is {self.steps[0].to_end:.3g} times as "
            f"large after step {len(self.steps)}, at most ({self.per_step:.3g} a step); steps that "
            f"contribute a hundredth of the largest term: {shown}"
        )

    def plot(self, path: str | Path, *, force: bool = False) -> None:
        """Draw each step's term, and the singular values of the steps' Jacobians."""
        from deltarule.explanation.through_time.reach_plot import draw_reach

        draw_reach(self, Path(path), force=force)

    def to_dict(self) -> dict[str, Any]:
        """Return everything as plain values, ready for JSON."""
        return {
            "verdict": self.verdict,
            "contributing": list(self.contributing),
            "per_step": self.per_step,
            "steps": [step.to_dict() for step in self.steps],
        }

    def __repr__(self) -> str:
        return f"Reach({self.name}, {self.says})"


def reach(here: Pass, name: str, found: Sequence[Term]) -> Reach:
    """Return how far back a recurrent layer's steps reach, beside a weight's terms."""
    layer = here.layer
    assert isinstance(layer, Recurrent)
    J = jacobians(layer, here.p, here.bp.saved[here.l].below)
    through = np.broadcast_to(np.eye(J.shape[-1]), J.shape[1:]).copy()
    deltas, T = here.deltas(), len(J)
    rows = []
    for t in range(T, 0, -1):
        later = 0.0 if t == T else deltas[t].state[0]
        arriving = float(np.linalg.norm(here.bp.dE_dy[here.l][:, t - 1] + later))
        values = np.linalg.svd(J[t - 1], compute_uv=False)
        to_end = float(np.linalg.norm(through, ord=2, axis=(-2, -1)).max())
        value = float(sum(term.value for term in found if term.step == t))
        largest, smallest = float(values[:, 0].max()), float(values[:, -1].min())
        rows.append(StepReach(t, value, arriving, largest, smallest, to_end))
        through = through @ J[t - 1]
    return Reach(name, tuple(reversed(rows)))


def jacobians(layer: Recurrent, p: dict[str, Array], below: Array) -> Array:
    """Return d state_t / d state_{t-1}, (T, n, states, states), all parts of the state in a row."""
    found = [[step.state for step in locals_of(layer, p, x)[0]] for x in below]
    return np.swapaxes(np.array(found), 0, 1)


def _runs(steps: tuple[int, ...]) -> str:
    """Return numbers in words: `3, 5 to 9`."""
    parts: list[list[int]] = []
    for step in steps:
        if parts and parts[-1][-1] == step - 1:
            parts[-1].append(step)
        else:
            parts.append([step])
    return ", ".join(str(p[0]) if len(p) == 1 else f"{p[0]} to {p[-1]}" for p in parts)
