"""Streams side by side: row i is what the stream of seed i gives, to the last bit."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from deltarule.core import philox, random
from deltarule.core.random import INITIALISE, SHORT, SPLIT, Streams, stream

word = st.integers(0, 2**64 - 1)
sizes = st.sampled_from([None, 0, 1, 4, 5, (3, 2), (2, 1, 2), SHORT, SHORT + 1])
draws = st.lists(st.tuples(st.sampled_from(["uniform", "normal"]), sizes), min_size=1, max_size=3)


@given(st.lists(word, min_size=1, max_size=4), word, word, draws)
def test_row_is_a_stream(seeds, first, second, wanted):
    """However many draws follow one another, and of whatever kinds."""
    place = (INITIALISE, first, second)
    together, alone = Streams(seeds, *place), [stream(seed, *place) for seed in seeds]
    for kind, size in wanted:
        rows = getattr(together, kind)(0.25, 1.5, size)
        expected = [getattr(g, kind)(0.25, 1.5, size) for g in alone]
        np.testing.assert_array_equal(rows, np.stack(expected))


@pytest.mark.parametrize("same", [True, False])
def test_another_numpy_is_asked(same, monkeypatch):
    """Where NumPy draws in another way, its numbers count."""
    asked = []
    monkeypatch.setattr(random, "_as_numpy", lambda: same)
    kept = Streams._asked
    monkeypatch.setattr(Streams, "_asked", lambda self, *a: asked.append(a) or kept(self, *a))
    rows = Streams([1, 2], SPLIT).uniform(size=3)
    assert bool(asked) == (not same)
    np.testing.assert_array_equal(rows, [stream(s, SPLIT).uniform(size=3) for s in (1, 2)])


def test_another_numpy_is_noticed(monkeypatch):
    assert random._as_numpy()
    random._as_numpy.cache_clear()
    monkeypatch.setitem(philox._CONSTANTS, 64, ((3, 5), (1, 2)))
    assert not random._as_numpy()
    random._as_numpy.cache_clear()
