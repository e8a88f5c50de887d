"""Stopping rules as objects: each folds what an epoch brought into a few numbers of state."""

from __future__ import annotations

import math
from abc import abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, ClassVar, cast

import numpy as np

from deltarule.core.errors import UsageError, unknown_name
from deltarule.core.registry import Record, Registry

State = tuple[float, ...]


@dataclass(frozen=True)
class EpochEnd:
    """What is known at the end of an epoch."""

    epoch: int
    """Epochs done."""
    watched: float
    """The validation error where there is one, else the training error."""
    seconds: float
    """Time spent training so far."""
    largest_miss: Callable[[], float]
    """The largest |T - y| over the training samples with the weights as they are now."""


class StopRule(Record):
    """When to stop. `observe(state, epoch_end)` returns the new state and whether to stop."""

    meaning: ClassVar[str]
    """What it stops on, for the tables in the docs."""
    by_error: ClassVar[bool] = False
    """Whether the watched error is all that it looks at."""

    by_miss: ClassVar[bool] = False
    """Whether it looks at nothing but the watched error and the largest miss: not at the time."""

    elementwise: ClassVar[bool] = False
    """Whether `observe` takes arrays as well, an entry for each of many networks."""

    @abstractmethod
    def start(self) -> State:
        """Return the state before the first epoch."""

    @abstractmethod
    def observe(self, state: State, epoch_end: EpochEnd) -> tuple[State, bool]:
        """Return the state after the epoch, and whether to stop."""


STOPPING: Registry[StopRule] = Registry("stopping rule", StopRule)
"""Every stopping rule by name."""


@STOPPING.register
@dataclass(frozen=True)
class Patience(StopRule):
    """Stop after `n` epochs in a row without watched error < reference - min_delta.

    The watched error is the validation error where there is one, else the training error. With
    `reference="best"` the reference is the lowest error seen so far; with `"improved"` it moves
    only on an improvement (Keras), so that many tiny steps add up. `run.theta` is then the best
    theta: the weights at which the lowest watched error was measured (after the epoch with
    validation samples, else before it).

    >>> import deltarule as dr
    >>> dr.Patience(20, min_delta=1e-4)
    Patience(n=20, min_delta=0.0001, reference='best')
    """

    n: int
    """Epochs in a row without improvement, at least 1."""
    min_delta: float = 0.0
    """How much lower the error has to be to count, in the units of E."""
    reference: str = "best"
    """What an error is compared with: `"best"` or `"improved"`."""

    name = "patience"
    elementwise = True
    by_error = True
    meaning = "n epochs in a row without a watched error below the reference - min_delta"

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.n < 1:
            raise UsageError(f"patience: n has to be at least 1, not {self.n}")
        if self.min_delta < 0.0:
            raise UsageError(f"patience: min_delta has to be >= 0, not {self.min_delta}")
        if self.reference not in ("best", "improved"):
            raise unknown_name("reference of patience", self.reference, ("best", "improved"))

    def start(self) -> State:
        """Return (reference, epochs without improvement)."""
        return (math.inf, 0.0)

    def observe(self, state: State, epoch_end: EpochEnd) -> tuple[State, bool]:
        """Count the epochs without improvement."""
        reference, waited = cast(Any, state)
        improved = epoch_end.watched < reference - self.min_delta
        moves = improved | (self.reference == "best")
        reference = np.where(moves, np.fmin(reference, epoch_end.watched), reference)[()]
        waited = np.where(improved, 0.0, waited + 1)[()]
        return cast(Any, (reference, waited)), cast(bool, waited >= self.n)


@STOPPING.register
@dataclass(frozen=True)
class ErrorBelow(StopRule):
    """Stop once the watched error is below `e`."""

    e: float
    """The bound, in the units of E."""

    name = "error_below"
    elementwise = True
    by_error = True
    meaning = "the watched error is below e"

    def start(self) -> State:
        """Return no state."""
        return ()

    def observe(self, state: State, epoch_end: EpochEnd) -> tuple[State, bool]:
        """Compare the watched error with the bound."""
        return (), epoch_end.watched < self.e


@STOPPING.register
@dataclass(frozen=True)
class AllWithin(StopRule):
    """Stop once every output is within `tolerance` of its target for every training sample.

    Measured after the epoch with the weights as they then are (`run.theta`, unless `Patience`
    keeps others). Fahlman (1988) used 0.4.
    """

    tolerance: float
    """The largest |T - y| allowed."""

    name = "all_within"
    elementwise = True
    by_miss = True
    meaning = "|T - y| <= tolerance for every training sample and output"

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.tolerance < 0.0:
            raise UsageError(f"all_within: tolerance has to be >= 0, not {self.tolerance}")

    def start(self) -> State:
        """Return no state."""
        return ()

    def observe(self, state: State, epoch_end: EpochEnd) -> tuple[State, bool]:
        """Compare the largest |T - y| with the tolerance."""
        return (), epoch_end.largest_miss() <= self.tolerance


@STOPPING.register
@dataclass(frozen=True)
class MaxSeconds(StopRule):
    """Stop at the end of the epoch in which `s` seconds of training are reached."""

    s: float
    """Seconds of training, validation included."""

    name = "max_seconds"
    elementwise = True
    meaning = "s seconds of training are reached"

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.s < 0.0:
            raise UsageError(f"max_seconds: s has to be >= 0, not {self.s}")

    def start(self) -> State:
        """Return no state."""
        return ()

    def observe(self, state: State, epoch_end: EpochEnd) -> tuple[State, bool]:
        """Compare the time spent with the bound."""
        return (), epoch_end.seconds >= self.s
