"""The orders of many networks: NumPy's own, number by number."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from deltarule.core.random import SHUFFLE, stream
from deltarule.engine.compiled.many import orders as module


@given(
    st.lists(st.integers(0, 2**64 - 1), min_size=1, max_size=5),
    st.integers(0, 2**40),
    st.sampled_from([1, 2, 3, 4, 5, 8, 9, 255, 256, 257, 5000]),
)
def test_as_numpy(seeds, epoch, n):
    assert module._checked() is not None
    index = np.full((3, n, len(seeds)), -1, np.int64)
    module.orders(np.array(seeds, np.uint64), epoch, index)
    for e, lane in np.ndindex(3, len(seeds)):
        expected = stream(seeds[lane], SHUFFLE, epoch + e).permutation(n)
        np.testing.assert_array_equal(index[e, :, lane], expected)


@pytest.fixture
def unchecked():
    module._checked.cache_clear()
    yield
    module._checked.cache_clear()


def test_numpy_is_asked_where_it_shuffles_otherwise(unchecked, monkeypatch):
    monkeypatch.setattr(module, "_asked", lambda seed, epoch, n: np.arange(n)[::-1])
    assert module._checked() is None
    index = np.zeros((1, 4, 2), np.int64)
    module.orders(np.array([1, 2], np.uint64), 0, index)
    assert index[0, :, 1].tolist() == [3, 2, 1, 0]
