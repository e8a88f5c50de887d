"""What does not fit into memory is refused before it is allocated, with what it needs and why."""

from __future__ import annotations

import tracemalloc

import numpy as np
import pytest

import deltarule as dr
from deltarule.check.numerical.cost import check_directions_cost
from deltarule.core.machine import size

LARGE = 99_999_999
DRAWN = r"499,999,996 parameters in 64 bits \(theta 4\.0 GB, what it is drawn in 4\.0 GB\)"


@pytest.fixture(autouse=True)
def one_gigabyte(monkeypatch):
    """One GB is free, and next to none of it may be taken."""

    class Memory:
        available = 10**9

    monkeypatch.setattr("psutil.virtual_memory", Memory)
    tracemalloc.start()
    yield
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 100e6


def wide(units=LARGE):
    return dr.Network(3, [dr.Dense(units, "tanh"), dr.Dense(1)])


def test_a_fresh_theta():
    with pytest.raises(dr.ResourceError, match=DRAWN) as caught:
        wide().init()
    assert "needs about 8.0 GB of memory and 1.0 GB are free. Use fewer nodes" in str(caught.value)


def test_many_fresh_thetas():
    with pytest.raises(dr.ResourceError, match="init_many: 1,600,000,000 parameters"):
        dr.Network(3, [dr.Dense(400)]).init_many(range(10**6))


def test_training_names_what_each_part_takes():
    """(3 + 1 + 3 * 2 + 1) * 4 bytes * 10^8 parameters."""
    X, T = np.zeros((4, 3), np.float32), np.zeros((4, 1), np.float32)
    with pytest.raises(dr.ResourceError) as caught:
        dr.train(wide(20_000_000 - 1), X, T, optimizer="adam", stop=dr.Patience(3))
    assert str(caught.value) == (
        "train: 99,999,996 parameters in 32 bits (theta before, during and after an update "
        "1.2 GB, its gradient 400.0 MB, adam's 2 vectors likewise 2.4 GB, the best theta "
        "400.0 MB) needs about 4.4 GB of memory and 1.0 GB are free. Use fewer nodes, or a "
        "machine with more memory."
    )


@pytest.mark.parametrize("seeds", [range(10**9), range(10**15)])
def test_more_networks_than_memory_holds(seeds):
    with pytest.raises(dr.ResourceError, match=f"train_many: {len(seeds):,} networks"):
        dr.train_many(dr.Network(3, [dr.Dense(1)]), np.zeros((4, 3)), np.zeros((4, 1)), seeds=seeds)


def test_more_networks_than_can_be_counted():
    with pytest.raises(dr.UsageError, match="more networks than can be counted"):
        dr.train_many(
            dr.Network(3, [dr.Dense(1)]), np.zeros((4, 3)), np.zeros((4, 1)), seeds=range(10**30)
        )


def test_a_number_of_nodes_beyond_all_reason():
    for units in (10**20, 10**400):
        with pytest.raises(dr.UsageError, match="at most 9007199254740992"):
            dr.Dense(units)
        with pytest.raises(dr.UsageError, match="at most 9007199254740992"):
            dr.Network(units, [dr.Dense(1)])
    assert size(10.0**30) == "1,000,000,000,000,000.0 PB"


def test_endless_directions_are_refused_():
    net, X = dr.Network(2, [dr.Dense(3, "tanh"), dr.Dense(1)]), np.ones((2, 2))
    with pytest.raises(dr.ResourceError, match=r"1,000,000,000 directions.*may take 10 min"):
        dr.check_gradient(net, net.init(), X, np.ones((2, 1)), directions=10**9)
    with pytest.raises(dr.ResourceError, match="a check may take 10 min"):
        dr.check_function(lambda x: np.sum(x**2), lambda x: 2 * x, [1.0, 2.0], directions=10**9)
    check_directions_cost(10**6, 50, 5)


def test_directions_that_memory_does_not_hold():
    with pytest.raises(dr.ResourceError, match="1,000 directions of 1,000,000 entries needs about"):
        check_directions_cost(1000, 10**6)
