"""Counter-based random streams: a seed, a purpose and counters determine every number.

Philox is a counter-based generator (Salmon et al. 2011, 'Parallel random numbers: as easy as 1,
2, 3'): the stream of epoch 17 is reached without drawing the sixteen before it, so a resumed run
sees the batches that an uninterrupted one would have seen.

Making a generator for every seed costs more than the few numbers that a small network takes from
it. So `Streams` draws short runs of uniform numbers for all seeds together, as arrays: Philox
4x64-10 on the keys and counters that `stream` gives NumPy, and NumPy's own step from words to
numbers. Whether NumPy still does the same is looked at once; if it does not, and for all other
draws, NumPy is asked for one seed after the other.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from functools import lru_cache
from numbers import Integral
from typing import Any

import numpy as np
from numpy.typing import NDArray

from deltarule.core.arguments import whole
from deltarule.core.errors import UsageError
from deltarule.core.philox import array_block

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


def orders(seed: int, epoch: int, epochs: int, n: int) -> NDArray[np.int64]:
    """Return n rows in the orders of some epochs from `epoch` on, (epochs, n).

    >>> orders(0, 5, 2, 3)[1].tolist() == stream(0, SHUFFLE, 6).permutation(3).tolist()
    True
    """
    every = [stream(seed, SHUFFLE, epoch + e).permutation(n) for e in range(epochs)]
    return np.array(every, np.int64)


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


Words = NDArray[np.uint64]
Array = NDArray[np.float64]

SHORT = 128
"""Up to so many uniform numbers per seed are drawn for all together; from there NumPy is faster."""

_BLOCK = 4
"""The words that one counter gives."""


class Streams:
    """`stream(seed, purpose, first, second)` of every seed: draws have a row per seed.

    It takes the place of a generator: row i of each draw is what the stream of seed i gives.

    >>> from deltarule.core.random import stream
    >>> rows = Streams([7, 8], INITIALISE, 1).uniform(-1.0, 1.0, (2, 3))
    >>> rows.shape, bool((rows[1] == stream(8, INITIALISE, 1).uniform(-1.0, 1.0, (2, 3))).all())
    ((2, 2, 3), True)
    """

    def __init__(self, seeds: Sequence[int], purpose: int, first: int = 0, second: int = 0) -> None:
        self._seeds, self._place = seeds, (purpose, first, second)
        self._together = 0
        """The words of every stream that were drawn together."""
        self._states: list[Any] = []
        """Where each stream stands, as NumPy describes it, once NumPy has been asked."""

    def uniform(self, low: float = 0.0, high: float = 1.0, size: Any = None) -> Array:
        """Return numbers from [low, high), (seeds, *size)."""
        shape = () if size is None else tuple(np.atleast_1d(size).tolist())
        count = math.prod(shape)
        fresh = not (self._together or self._states)
        if not (fresh and 0 < count <= SHORT and _as_numpy()):
            return self._asked("uniform", low, high, size)
        self._together = count
        return _uniform(self._seeds, self._place, low, high, count).reshape(-1, *shape)

    def normal(self, loc: float = 0.0, scale: float = 1.0, size: Any = None) -> Array:
        """Return numbers from N(loc, scale^2), (seeds, *size)."""
        return self._asked("normal", loc, scale, size)

    def _asked(self, distribution: str, *arguments: Any) -> Array:
        """Return what NumPy draws: one generator, which is put where each stream stands."""
        generator = np.random.Generator(np.random.Philox(0))
        draw, bits, draws = getattr(generator, distribution), generator.bit_generator, []
        self._states = self._states or self._starts()
        for k, state in enumerate(self._states):
            bits.state = state
            bits.random_raw(self._together, output=False)
            draws.append(draw(*arguments))
            self._states[k] = bits.state
        self._together = 0
        return np.stack(draws)

    def _starts(self) -> list[Any]:
        """Return every stream's state before its first word."""
        state: Any = stream(0, *self._place).bit_generator.state
        keys = [np.array([seed, 0], np.uint64) for seed in self._seeds]
        return [{**state, "state": {**state["state"], "key": key}} for key in keys]


@lru_cache(maxsize=1)
def _as_numpy() -> bool:
    """Return whether numbers that are drawn together are NumPy's, to the last bit."""
    seeds = (0, 7, 2**64 - 1)
    for place, count, low, high in (((INITIALISE, 1, 0), 7, -0.3, 0.3), ((2, 5, 9), 13, 0.1, 7.0)):
        for seed, found in zip(seeds, _uniform(seeds, place, low, high, count), strict=True):
            if not np.array_equal(found, stream(seed, *place).uniform(low, high, count)):
                return False
    return True


def _uniform(
    seeds: Sequence[int], place: tuple[int, int, int], low: float, high: float, count: int
) -> Array:
    """Return the first numbers of every stream, (seeds, count), as `Generator.uniform` does."""
    words = _first_words(np.array(seeds, np.uint64), -(-count // _BLOCK), *place)[:, :count]
    return np.asarray(low + (high - low) * ((words >> np.uint64(11)) * 2.0**-53), np.float64)


def _first_words(keys: Words, blocks: int, purpose: int, first: int, second: int) -> Words:
    """Return the words of counters 1, 2, ..., (keys, 4 blocks)."""
    number = np.arange(1, blocks + 1, dtype=np.uint64)  # raised before it is used
    counter = [
        number[None],
        *(np.full((1, 1), place, np.uint64) for place in (second, first, purpose)),
    ]
    key = [keys[:, None], np.zeros((1, 1), np.uint64)]
    return array_block(counter, key).reshape(len(keys), -1)
