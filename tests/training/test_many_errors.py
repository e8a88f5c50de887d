"""Arguments that `dr.train_many` refuses, and what it says."""

from __future__ import annotations

import numpy as np
import pytest
from many import network, samples

import deltarule as dr

net = network()
SIZE = net.size


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"seeds": []}, "seeds is empty"),
        ({"seeds": 3}, "seeds is a sequence"),
        ({"seeds": "abc"}, "seeds is a sequence"),
        ({"seeds": [0.5]}, "a seed is a whole number"),
        ({"seeds": [-1]}, "a seed is a whole number"),
        ({"seeds": [True]}, "a seed is a whole number"),
        ({"seeds": [[1, 2]]}, "seeds has the shape"),
        ({"seeds": [1, 2], "lr": [0.1]}, "seeds has 2, lr has 1"),
        ({"lr": [0.1, 0.2], "optimizer": ["sgd"]}, "lr has 2, optimizer has 1"),
        ({"lr": []}, "lr is empty"),
        ({"lr": [0.1, -0.1]}, "lr has to be a finite number"),
        ({"lr": [0.1, np.nan]}, "lr has to be a finite number"),
        ({"lr": [[0.1], [0.2]]}, "lr has the shape"),
        ({"lr": "fast"}, "lr has to be a finite number"),
        ({"theta": np.zeros((2, SIZE)), "seeds": [1]}, "seeds has 1, theta has 2"),
        ({"theta": np.zeros((2, SIZE + 1))}, "theta has the shape"),
        ({"theta": np.zeros(SIZE + 1), "seeds": [1]}, "theta has the shape"),
        ({"optimizer": ["sgd", "adam"]}, "optimizer: networks that are trained together"),
        ({"optimizer": []}, "optimizer is empty"),
        ({"optimizer": ["sgd", "no_such"]}, "no_such"),
        ({"rule": ["exact", "sequential"], "optimizer": "sgd"}, "rule: networks that"),
        ({"rule": ["exact"], "seeds": [1, 2]}, "seeds has 2, rule has 1"),
        ({"callbacks": print}, "train_many calls no callbacks"),
        ({"callbacks": [print]}, "train_many calls no callbacks"),
        ({"engine": "steam"}, "steam"),
        ({"threads": 0}, "threads is a whole number"),
        ({"epochs": -1}, "epochs is a whole number"),
        ({"batch_size": 0}, "batch_size is a whole number"),
        ({"validation": 3}, "validation takes"),
        ({"dtype": "int32"}, "floating-point"),
        ({"rule": "sequential", "clip_norm": 1.0, "optimizer": "sgd"}, "cannot be"),
    ],
)
def test_usage(arguments, message):
    with pytest.raises(dr.UsageError, match=message):
        dr.train_many(net, *samples(), **{"epochs": 1, **arguments})


def test_theta_that_is_not_finite():
    theta = np.zeros((3, SIZE))
    theta[1, 2] = np.nan
    with pytest.raises(dr.DataError, match=r"w\[1,1,3\] = nan, network 1"):
        dr.train_many(net, *samples(), theta=theta)


def test_no_network():
    with pytest.raises(dr.UsageError, match="takes a Network"):
        dr.train_many("net", *samples())


def test_data_are_checked():
    X, T = samples()
    X[3, 1] = np.inf
    with pytest.raises(dr.DataError, match="row 4, column 2"):
        dr.train_many(net, X, T)


def test_duplicate_seeds_are_fine():
    many = dr.train_many(net, *samples(), seeds=[5, 5], epochs=2, engine="compiled")
    np.testing.assert_array_equal(many.theta[0], many.theta[1])
