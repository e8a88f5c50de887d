"""What recurrent layers keep of a pass through time, and what they find on the way back."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from deltarule.layers.layer import Parameters, State


class Teacher(NamedTuple):
    """What is fed back in the place of a layer's own outputs (Williams and Zipser 1989)."""

    values: Any
    """What is fed into steps 1, .., T, (n, T, outputs): targets of the step before."""
    forced: Any
    """1 where it is, 0 where the layer's own output is, (n, T)."""


class ThroughTime(NamedTuple):
    """What a recurrent layer keeps of a forward pass."""

    below: Any
    """x = y_{l-1}, (n, T, features)"""
    states: Sequence[State]
    """The states after 0, 1, .., T steps; arrays (n, units)."""
    steps: Sequence[Any]
    """What the cell keeps of steps 1, .., T: a named tuple each."""
    fed: Sequence[Any]
    """What met U in steps 1, .., T: h of the step before, or what a teacher gave."""
    teacher: Teacher | None = None


class Deltas(NamedTuple):
    """What one step of the way back finds, from dE/dstate_t."""

    inward: Any
    """dE/da_t, (n, rows)"""
    recurrent: Any
    """dE/dv_t, (n, rows)"""
    state: State
    """dE/dstate_{t-1}, but for what reaches it through v_t; 0.0 where nothing does."""
    further: Parameters
    """The step's part of dE/dw for the cell's further parameters, by name."""


def forced(teacher: Teacher, t: int, h: Any, xp: Any) -> Any:
    """Return what meets U in step t."""
    return xp.where(teacher.forced[:, t, None] > 0.0, teacher.values[:, t], h)


def stacked(steps: Sequence[Any], xp: Any) -> Any:
    """Return arrays (n, k), one a step, as (n, T, k)."""
    return xp.concatenate([step[:, None] for step in steps], axis=1)


def in_rows(a: Any) -> Any:
    """Return (n, T, k) as (n T, k): the sum over samples and steps is one product."""
    return a.reshape(-1, a.shape[-1])


def together(one: Deltas | None, other: Deltas) -> Deltas:
    """Return the sum of what two windows say of a step: deltas are linear in the errors."""
    if one is None:
        return other
    state = tuple(a + b for a, b in zip(one.state, other.state, strict=True))
    further = {name: g + other.further[name] for name, g in one.further.items()}
    recurrent = one.recurrent + other.recurrent
    return Deltas(one.inward + other.inward, recurrent, state, further)
