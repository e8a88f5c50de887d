"""What a target is: one way to write a model, and how it is asked what it answers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from deltarule.exchange.operations import Operations
from deltarule.exchange.trial import Trial


@dataclass(frozen=True)
class Target:
    """One way to write a model."""

    what: str
    """In words."""
    suffix: str
    """What follows the model's name in that of the file."""
    write: Callable[[Operations, Trial, str], str | bytes]
    """The file, from the operations, rows to record in it, and the model's name."""
    answer: Callable[[Path, Trial, str], Any]
    """What the file answers to the trial's rows; None where nothing here can run it."""
    lacking: str = ""
    """What is not here then."""
    tried: Callable[[Operations, Trial], Trial] = lambda ops, trial: trial
    """The trial with this target's own tolerance."""
    over_time: bool = False
    """Whether it has words for networks over sequences."""
