"""Gradient clipping against arithmetic by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest
from numeric import assert_close

from deltarule import Dense, Network, UsageError
from deltarule.engine import Objective
from deltarule.optim import SGD, Clipping

each_dtype = pytest.mark.parametrize("dtype", [np.float32, np.float64])


@each_dtype
def test_by_value(dtype):
    g = np.array([-3.0, -0.5, 0.0, 0.5, 0.75, 3.0], dtype=dtype)
    found = Clipping(value=0.5).apply(g, np)
    assert found.tolist() == [-0.5, -0.5, 0.0, 0.5, 0.5, 0.5]
    assert found.dtype == dtype
    assert g[0] == -3.0


@each_dtype
def test_by_norm(dtype):
    g = np.array([3.0, 0.0, -4.0], dtype=dtype)  # length 5
    found = Clipping(norm=2.5).apply(g, np)
    assert found.tolist() == [1.5, 0.0, -2.0]
    assert found.dtype == dtype
    assert Clipping(norm=5.0).apply(g, np).tolist() == g.tolist()
    assert Clipping(norm=7.5).apply(g, np).tolist() == g.tolist(), "never made longer"


def test_a_zero_gradient_stays_zero():
    assert Clipping(norm=1.0, value=1.0).apply(np.zeros(3), np).tolist() == [0.0] * 3


def test_value_comes_first_then_norm():
    """(30, 4) -> (3, 4) by value 4 would give (4, 4); with value 3: (3, 3), then length 1."""
    found = Clipping(norm=1.0, value=3.0).apply(np.array([30.0, 4.0]), np)
    assert_close(found, [math.sqrt(0.5), math.sqrt(0.5)], 1e-15)


def test_active():
    assert not Clipping().active
    assert Clipping(norm=1.0).active
    assert Clipping(value=1.0).active
    assert Clipping().apply(np.array([1e9]), np).tolist() == [1e9]


@pytest.mark.parametrize("bad", [0.0, -1.0, math.inf, math.nan])
def test_bounds_have_to_be_positive(bad):
    with pytest.raises(
        UsageError, match=f"clip_norm has to be a (positive|finite) number.*, not {bad}"
    ):
        Clipping(norm=bad)
    with pytest.raises(UsageError, match="clip_value has to be"):
        Clipping(value=bad)


def test_a_step_clips_what_is_trained_and_reports_what_was_found(engine):
    """net = w x + b with b kept: g = (3, 4) -> trained (3, 0), length 3 -> (1.5, 0)."""
    net = Network(1, [Dense(1, train_bias=False)])
    objective = Objective.of(net, "half_squared_error", "sum", "exact", 0.0)
    step = engine.training_step(objective, SGD(1.0), Clipping(norm=1.5))
    theta = np.array([0.0, 4.0])  # y = 4 for every x; T = 0: delta = 4
    new, state, E, *more = step(theta, (), np.array([[0.75]]), np.array([[0.0]]), None, 1.0, 1)
    assert (E, state) == (8.0, ())
    if engine.transparent:
        penalty, g = more
        assert penalty == 0.0
        assert g.tolist() == [3.0, 4.0]
    assert new.tolist() == [-1.5, 4.0]
    assert theta.tolist() == [0.0, 4.0]
