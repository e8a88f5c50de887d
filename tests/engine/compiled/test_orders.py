"""The orders of many networks: NumPy's own, number by number."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import deltarule as dr
from deltarule.core import random
from deltarule.core.random import SHUFFLE, stream
from deltarule.engine.compiled import orders as module
from deltarule.engine.compiled import trainer


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
    backwards = lambda seed, epoch, epochs, n: np.arange(n)[::-1] + np.zeros((epochs, 1), int)  # noqa: E731
    monkeypatch.setattr(random, "orders", backwards)
    assert module._checked() is None
    index = np.zeros((1, 4, 2), np.int64)
    module.orders(np.array([1, 2], np.uint64), 0, index)
    assert index[0, :, 1].tolist() == [3, 2, 1, 0]


@pytest.mark.parametrize("epochs", [1, 30])
def test_a_training_has_them_from_the_program_or_from_numpy(monkeypatch, epochs):
    iris = dr.data.load("iris")
    net = dr.Network(4, [dr.Dense(3, "softmax")])
    given = {"epochs": epochs, "batch_size": 16, "seed": 3, "engine": "compiled"}
    found, asked = [], []
    drawn = trainer.orders
    monkeypatch.setattr(trainer, "orders", lambda *a: asked.append(a) or drawn(*a))
    for few in (0, 10**9):
        monkeypatch.setattr(trainer, "FEW", few)
        run = dr.train(net, iris.X, iris.T, loss="cross_entropy", **given)
        found.append((run.theta.tobytes(), run.history["error"].tobytes(), len(asked)))
    assert found[0] == found[1]
    assert asked
