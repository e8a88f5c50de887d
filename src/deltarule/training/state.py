"""The loop's whole state: one record of flat arrays and plain values, ready to be saved."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Any

from numpy.typing import NDArray

from deltarule.engine.trainer import Totals

__all__ = ["State"]

Array = NDArray[Any]


@dataclass(frozen=True)
class State:
    """Where training stands. Every `advance` takes one and returns another."""

    theta: Array
    slots: tuple[Array, ...]
    """The optimiser's vectors, in the order of its `slots`."""
    step: int = 0
    """Updates done."""
    epoch: int = 0
    """Epochs done."""
    batch: int = 0
    """Batches done of the epoch under way (0 between epochs)."""
    totals: Totals = field(default_factory=Totals)
    """What the epoch under way has added up so far."""
    epoch_theta: Array | None = None
    """theta at the start of the epoch under way (None between epochs)."""
    schedule: tuple[float, ...] = ()
    """The learning-rate schedule's numbers."""
    stopping: tuple[tuple[float, ...], ...] = ()
    """Each stopping rule's numbers."""
    history: dict[str, list[float]] = field(default_factory=dict)
    """For every epoch done, whichever of these it began with: `error`, `lr` and, with validation
    samples, `validation_error`.

    The lists grow in place, shared with later states of the run: this state's are the first
    `epoch` entries.
    """
    best_theta: Array | None = None
    """The weights at which the lowest watched error was measured."""
    best_error: float = math.inf
    best_epoch: int = 0
    seconds: float = 0.0
    """Time spent training."""
    stopped: str = ""
    """Why training ended; empty while it has not."""
