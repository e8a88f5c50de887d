"""What is said of a mistake."""

from __future__ import annotations

from dataclasses import dataclass

from deltarule.check.diagnose.grammar.slot import QUANTITIES


@dataclass(frozen=True)
class Mistake:
    """What the code does, what it should do, and where that stands."""

    code: str
    """Its lower_snake_case name."""
    does: str
    """What the code does."""
    should: str
    """What it should do."""
    line: str
    """The line of the theory page's equations that it belongs to."""
    tell_apart: str = ""
    """Which further input would show it beside mistakes that look the same here."""

    @property
    def points(self) -> tuple[str, ...]:
        """The points of the grammar that have this name, as `slot:quantity`."""
        return tuple(q.id for q in QUANTITIES.values() if q.code == self.code)
