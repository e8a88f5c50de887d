"""An update of somebody's own: what it returns, whether it is elementwise, what is kept of it."""

from __future__ import annotations

import numpy as np
import pytest

import deltarule as dr
from deltarule.core.namespace import NUMPY
from deltarule.optim import Custom, Step


def heavy(theta, g, lr, t, penalised, v):
    v = 0.5 * v - lr * g
    return theta + v, v


def longest(theta, g, lr, t, penalised):
    """Moves the weight with the largest gradient: no entry's own affair."""
    return theta - lr * g * (np.abs(g) == np.abs(g).max())


def moved(optimiser, *slots):
    theta, g = np.array([1.0, 2.0]), np.array([4.0, -2.0])
    return optimiser.body(NUMPY)(theta, g, 0.25, 1, np.array([True, False]), *slots)


def test_an_update_is_what_the_function_says():
    theta, v = moved(Custom(heavy, slots=["v"]), np.array([2.0, 0.0]))
    assert theta.tolist() == [1.0, 2.5]
    assert v.tolist() == [0.0, 0.5]
    assert repr(Custom(heavy, slots=["v"], lr=0.3)) == "Custom(heavy, lr=0.3)"


def test_one_that_is_not_elementwise_is_kept_where_nobody_checks():
    with pytest.raises(dr.UsageError, match="longest is not elementwise: beside other weights"):
        Custom(longest)
    assert moved(Custom(longest, check=False))[0].tolist() == [0.0, 2.0]


@pytest.mark.parametrize(
    ("update", "said"),
    [
        (lambda theta, g, lr, t, penalised: (theta, g), "returned 2 values; theta and its 0 slots"),
        (lambda theta, g, lr, t, penalised: theta[:1], r"returned the shape \(1,\) for .*\(3,\)"),
        (lambda theta, g, lr, t, penalised: theta[7], "your: IndexError: index 7 is out"),
    ],
)
def test_what_an_update_may_not_do_is_said_when_it_is_made(update, said):
    with pytest.raises(dr.UsageError, match=said):
        Custom(update, name="your")


def test_a_name_of_ours_is_refused_and_a_schedule_is_written_down():
    with pytest.raises(dr.UsageError, match="cannot be called 'adam': one of ours is"):
        Custom(heavy, name="adam", slots=["v"])
    told = Custom(heavy, slots=["v"], lr=Step(0.5, 2)).to_dict()
    assert told["lr"] == {"name": "step", "lr": 0.5, "every": 2, "factor": Step(0.5, 2).factor}
    assert Custom(heavy, slots=["v"], lr=0.3).to_dict()["lr"] == 0.3
