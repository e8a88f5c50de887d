"""Counter-based random streams: a seed, a purpose and counters determine every number.

Philox is a counter-based generator (Salmon et al. 2011, 'Parallel random numbers: as easy as 1,
2, 3'): the stream of epoch 17 is reached without drawing the sixteen before it, so a resumed run
sees the batches that an uninterrupted one would have seen.
"""

from __future__ import annotations

from collections.abc import Iterable
from numbers import Integral
from typing import Any

import numpy as np

from deltarule.core.arguments import whole
from deltarule.core.errors import UsageError

INITIALISE, SHUFFLE, SPLIT, FEEDBACK, STAND_IN, CHOICE, PATHS, NOISE, TEACHER = range(1, 10)
"""The purposes; each has streams of its own."""

_WORD = 2**64


def stream(seed: int, purpose: int, first: int = 0, second: int = 0) -> np.random.Generator:
    """Return the generator of one stream.

    `first` and `second` number the streams of one purpose: the epoch for shuffling, the layer and
    the parameter for initialising.

    >>> bool(stream(0, SHUFFLE, 5).random() == stream(0, SHUFFLE, 5).random())
    True
    """
    if isinstance(seed, bool) or not isinstance(seed, Integral) or not 0 <= seed < _WORD:
        raise UsageError(f"a seed is a whole number from 0 to 2**64 - 1, not {seed!r}")
    counter = np.array([0, second, first, purpose], dtype=np.uint64)
    return np.random.Generator(np.random.Philox(key=int(seed), counter=counter))


def as_seeds(given: Iterable[Any]) -> tuple[int, ...]:
    """Return seeds as plain whole numbers; raises `UsageError` for none, and for anything else.

    >>> as_seeds(np.arange(3))
    (0, 1, 2)
    """
    found = tuple(given.tolist() if isinstance(given, np.ndarray) else given)
    if not found:
        raise UsageError("seeds is empty; give at least one")
    plain = set(map(type, found)) == {int}  # thousands are looked at together
    if plain and min(found) >= 0 and max(found) < _WORD:
        return found
    return tuple(whole("a seed", seed, 0, _WORD - 1) for seed in found)
