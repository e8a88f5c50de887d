"""Steps that are computed again on the way back: a state is kept every k steps, and no more.

    kept: state_0, state_k, state_2k, ..        k steps at a time, from the state before them

With k = sqrt(T) a layer holds 2 sqrt(T) steps in the place of T, for one more pass forwards.

Source: Chen, Xu, Zhang and Guestrin (2016), Training deep nets with sublinear memory cost.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple


class Stretch(NamedTuple):
    """What some steps that follow each other have kept: the fields of `ThroughTime`."""

    states: Sequence[Any]
    """The states before the first step, and after every one."""
    steps: Sequence[Any]
    fed: Sequence[Any]


Walk = Callable[[int, Any], Stretch]
"""Goes through the stretch that begins with a step, from the state before it."""


class Again:
    """All stretches of a sequence, of which one at a time is there."""

    def __init__(self, walk: Walk, states: Sequence[Any], every: int, steps: int) -> None:
        self._walk, self._states = walk, states
        self.every, self.steps = every, steps
        self._held: tuple[int, Stretch] | None = None

    def stretch(self, number: int) -> Stretch:
        """Return a stretch, computed again if it is not the last one that was asked for."""
        if self._held is None or self._held[0] != number:
            self._held = None  # before the next one is made
            self._held = number, self._walk(number * self.every, self._states[number])
        return self._held[1]

    def all(self, field: str) -> Sequence[Any]:
        """Return one field of all stretches as one sequence."""
        return _Field(self, field)


class _Field(Sequence[Any]):
    """One field of `ThroughTime`, step by step."""

    def __init__(self, again: Again, field: str) -> None:
        self._again, self._field = again, field

    def __len__(self) -> int:
        return self._again.steps + (self._field == "states")

    def __getitem__(self, at: Any) -> Any:
        if isinstance(at, slice):
            return tuple(self[t] for t in range(*at.indices(len(self))))
        t = range(len(self))[at]
        number = min(t, self._again.steps - 1) // self._again.every  # state_T ends the last one
        stretch = self._again.stretch(number)
        return getattr(stretch, self._field)[t - number * self._again.every]
