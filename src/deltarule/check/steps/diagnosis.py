"""What is said of a sequence of updates."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any


@dataclass(frozen=True)
class Explained:
    """An optimiser whose equation, as it is or with one change, gives the steps."""

    optimizer: str
    """Its name in the registry."""
    numbers: Mapping[str, float] = field(hash=False)
    """lr and its other numbers, fitted to the steps."""
    open: tuple[str, ...] = ()
    """Those of them that could be others as well: the steps do not show them."""
    mistake: str = ""
    """The code of the change; empty where it is the equation as it is."""
    does: str = ""
    should: str = ""
    residual: float = 0.0
    """The norm of what is left over that of the step, in the worst of the updates."""

    @property
    def title(self) -> str:
        """The optimiser with its numbers: `momentum (lr 0.1, momentum 0.9)`."""
        order = [k for k in dict.fromkeys(("lr", *self.numbers)) if k not in self.open]
        return f"{self.optimizer} ({', '.join(f'{k} {self.numbers[k]:.6g}' for k in order)})"


@dataclass(frozen=True)
class StepDiagnosis:
    """The answer to 'which optimiser is this, and is it right?'."""

    verdict: str
    """`"correct"`, `"explained"` (an optimiser with one mistake) or `"unexplained"`."""
    found: Explained | None
    also: tuple[Explained, ...]
    """What gives the same steps to the last digit."""
    numbers: int
    """How many numbers were explained."""
    notes: tuple[str, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """Return everything as plain values, ready for JSON."""
        found = asdict(self)
        return {**found, "also": list(found["also"]), "notes": list(self.notes)}

    def __str__(self) -> str:
        if self.found is None:
            lines = ["unexplained: no known optimiser, as it is or with one mistake, makes these "
                     "steps"]  # fmt: skip
        else:
            fitted = len(self.found.numbers) - len(self.found.open)
            by = f"{self.numbers} numbers explained by {fitted} fitted"
            lines = [f"{self.verdict}: {self.found.title}; {by}"]
            if self.found.mistake:
                lines += [f"  {self.found.mistake}", f"      the code: {self.found.does}"]
                lines += [f"      right:    {self.found.should}"]
            if self.found.open:
                lines.append(f"  not to be seen in these steps: {', '.join(self.found.open)}")
        if self.also:
            told = [f"{a.title}{f' with {a.mistake}' if a.mistake else ''}" for a in self.also]
            lines.append(f"  the same steps: {'; '.join(told)}")
        return "\n".join([*lines, *(f"  {note}" for note in self.notes)])
