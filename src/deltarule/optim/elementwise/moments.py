"""What Adam and its kin have in common: the numbers of two running means."""

from __future__ import annotations

from dataclasses import dataclass

from deltarule.optim.optimiser import Optimiser
from deltarule.optim.schedules import Schedule


@dataclass(frozen=True)
class Moments(Optimiser):
    """An optimiser with running means of the gradient and of what says how large it is."""

    lr: float | Schedule = 0.001
    """eta: a number or a schedule."""
    beta1: float = 0.9
    """The share of m that is kept, in [0, 1)."""
    beta2: float = 0.999
    """The share of v that is kept, in [0, 1)."""
    eps: float = 1e-8
    """Keeps the denominator from 0."""
