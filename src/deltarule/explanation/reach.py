"""How far back a recurrent layer's errors reach: vanishing and exploding over time."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from deltarule.core.views import view

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
        view(Reach.plot)(self, Path(path), force=force)

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


def _runs(steps: tuple[int, ...]) -> str:
    """Return numbers in words: `3, 5 to 9`."""
    parts: list[list[int]] = []
    for step in steps:
        if parts and parts[-1][-1] == step - 1:
            parts[-1].append(step)
        else:
            parts.append([step])
    return ", ".join(str(p[0]) if len(p) == 1 else f"{p[0]} to {p[-1]}" for p in parts)
