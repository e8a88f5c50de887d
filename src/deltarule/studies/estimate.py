"""How long a study takes, and how much disk, before it is begun."""

from __future__ import annotations

from typing import TYPE_CHECKING

from deltarule.core.processors import cores
from deltarule.studies.measure import POINTS
from deltarule.studies.tasks import make, weight_of

if TYPE_CHECKING:
    from deltarule.studies.study import Study

_RATE = 2.5e9
"""Multiplications a second of one processor, roughly."""


def estimate(study: Study, workers: int | None = None) -> str:
    """Return at most how many hours and bytes, in words: runs that end sooner take less.

    >>> from deltarule.studies.reading import read_study
    >>> estimate(read_study("derivative-factor"), workers=2)
    'at most about ... hours on 2 processors and ... MB'
    """
    seconds = 0.0
    for cell in study.cells:
        made = make(cell, study.seeds[0])
        seconds += weight_of(cell, made) / _RATE * len(study.seeds[: cell.settings.seeds])
    runs = len(study.cells) * len(study.seeds)
    processors = workers or cores()
    hours, megabytes = seconds / 3600 / processors, runs * (4 * POINTS + 60) / 1e6
    return f"at most about {hours:,.1f} hours on {processors} processors and {megabytes:,.1f} MB"
