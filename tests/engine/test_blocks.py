"""Long vectors: updated in blocks, constants picked from a table; the same bits as short ones."""

from __future__ import annotations

import numpy as np
import pytest
from formulas import ELEMENTWISE, label
from updates import UPDATES

from deltarule.core.namespace import NUMPY
from deltarule.engine.epoch import BLOCK, Blocks
from deltarule.losses import LOSSES
from deltarule.optim import OPTIMISERS

SIZE = 2 * BLOCK + 5


@pytest.mark.parametrize("name", UPDATES)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_blocks_take_the_same_steps_as_the_whole(name, dtype, rng):
    optimiser = OPTIMISERS.get(name)
    update, blocks = optimiser.body(NUMPY), Blocks()
    mask = rng.random(SIZE) < 0.5
    first = rng.normal(size=SIZE).astype(dtype)
    kept = first.copy()
    a = b = (first, *(np.zeros(SIZE, dtype) for _ in optimiser.slots))
    for t in range(1, 6):
        g = rng.normal(size=SIZE).astype(dtype)
        given = {"error": t % 3} if optimiser.by_error else {}
        a = update(a[0], g, 0.1, t, mask, *a[1:], **given)
        before = [v.copy() for v in b]
        new = blocks(update, b[0], g, 0.1, t, mask, *b[1:], **given)
        for old, copy in zip(b, before, strict=True):
            assert np.array_equal(old, copy), "the vectors of the step before are kept"
        b = new
        for whole, part in zip(a, b, strict=True):
            assert part.dtype == dtype
            assert np.array_equal(whole, part)
    assert np.array_equal(first, kept), "vectors from outside are never written to"


def test_short_vectors_are_updated_as_a_whole():
    calls = []

    def update(theta, g, lr, t, penalised):
        calls.append(theta.size)
        return (theta - lr * g,)

    for size in (1, BLOCK, BLOCK + 1, 2 * BLOCK):
        Blocks()(update, np.ones(size), np.ones(size), 0.5, 1, np.ones(size, bool))
    assert calls == [1, BLOCK, BLOCK, 1, BLOCK, BLOCK]


@pytest.mark.parametrize("activation", ELEMENTWISE, ids=label)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_large_arrays_of_any_layout_give_the_same_bits(activation, dtype, rng):
    net = (3.0 * rng.normal(size=(60, 40))).astype(dtype)
    net[::7, ::3] = 0.0
    f, df = activation.body(NUMPY)
    y = f(net)
    slopes = np.broadcast_to(df(net, y), net.shape)
    assert slopes.dtype == y.dtype == dtype
    rows = [np.broadcast_to(df(r, f(r)), r.shape) for r in net]
    assert_same(slopes, np.stack(rows))
    for view in (net.T, net[:, ::-1], net[::2, ::2], np.asfortranarray(net)):
        found = np.broadcast_to(df(view, f(view)), view.shape)
        each = np.stack([np.broadcast_to(df(r, f(r)), r.shape) for r in view])
        assert_same(found, each)


@pytest.mark.parametrize("loss", [loss() for loss in LOSSES], ids=label)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_large_batches_of_a_loss_give_the_same_bits(loss, dtype, rng):
    y = rng.uniform(0.01, 0.99, (60, 40)).astype(dtype)
    T = rng.uniform(0.01, 0.99, (60, 40)).astype(dtype)
    T[::5] = y[::5]
    for function in loss.body(NUMPY):
        whole = function(y, T)
        assert whole.dtype == dtype
        assert_same(whole, np.stack([function(a, b) for a, b in zip(y, T, strict=True)]))


def assert_same(found, expected):
    """Equal up to the last bit or two (vectorised exp and log may differ by one)."""
    eps = np.finfo(expected.dtype).eps
    assert np.all(np.abs(found - expected) <= 4 * eps * np.maximum(np.abs(expected), 0.05))
