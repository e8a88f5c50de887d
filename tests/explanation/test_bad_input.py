"""Weights and nodes that do not exist, numbers that cannot be used: the place and the remedy."""

from __future__ import annotations

import importlib
import pickle

import numpy as np
import pytest

import deltarule as dr

NET = dr.Network(3, [dr.Dense(3, "sigmoid"), dr.Dense(2, "tanh", bias=False), dr.Dense(1)])
THETA, X, T = NET.init(seed=0), [0.1, 0.2, 0.3], 1.0


@pytest.mark.parametrize(
    ("weight", "said"),
    [
        ((0, 1, 1), "the layer is 0, and can be 1 to 3"),
        ((4, 1, 1), "the layer is 4, and can be 1 to 3"),
        ((2, 3, 1), "the target node of layer 2 is 3, and can be 1 to 2"),
        ((2, 0, 1), "the target node of layer 2 is 0, and can be 1 to 2"),
        ((2, 1, 4), "the preceding node for layer 2 is 4, and can be 1 to 3"),
        ((2, 1, 0), "the preceding node for layer 2 is 0, and can be 1 to 3"),
        ((1, 1, -1), "the preceding node for layer 1 is -1, and can be 0 to 3"),
        ((2, 1), "3 whole numbers"),
        ((1, 1, 1.0), "3 whole numbers"),
        ((True, 1, 1), "3 whole numbers"),
        ("w11", "3 whole numbers"),
        (None, "3 whole numbers"),
    ],
)
def test_a_weight_that_does_not_exist(weight, said):
    for ask in (dr.explain, dr.why_small):
        with pytest.raises(dr.UsageError) as error:
            ask(NET, THETA, X, T, weight=weight)
        assert said in str(error.value)
        assert "layer 2: target node 1 to 2, preceding node 1 to 3 (no bias)" in str(error.value)


@pytest.mark.parametrize("node", [(0, 1), (1, 4), (1,), (1, 1, 1)])
def test_a_node_that_does_not_exist(node):
    with pytest.raises(dr.UsageError, match="layer 1: node 1 to 3"):
        dr.explain_node(NET, THETA, X, T, node=node)


def test_what_does_not_fit_is_said_as_backprop_says_it():
    with pytest.raises(dr.UsageError, match="X has the shape"):
        dr.explain(NET, THETA, [0.1, 0.2], T, weight=(1, 1, 1))
    with pytest.raises(dr.UsageError, match="theta has the shape"):
        dr.explain(NET, THETA[:-1], X, T, weight=(1, 1, 1))
    with pytest.raises(dr.UsageError, match="unknown notation 'theorie', did you mean 'theory'"):
        dr.explain(NET, THETA, X, T, weight=(1, 1, 1), notation="theorie")
    with pytest.raises(dr.UsageError, match="limit is a whole number of at least 1"):
        dr.explain(NET, THETA, X, T, weight=(1, 1, 1), limit=0)
    with pytest.raises(dr.UsageError, match="unknown loss"):
        dr.explain(NET, THETA, X, T, weight=(1, 1, 1), loss="cube")
    with pytest.raises(dr.UsageError, match="for the sequential order alone"):
        dr.explain(NET, THETA, X, T, weight=(1, 1, 1), lr=0.1)
    with pytest.raises(dr.DataError, match="cannot be used"):
        dr.explain(NET, THETA, [0.1, np.nan, 0.3], T, weight=(1, 1, 1))
    with pytest.raises(dr.UsageError, match="complex"):
        dr.explain(NET, THETA.astype(complex), X, T, weight=(1, 1, 1))


def test_numbers_that_are_not_finite_are_named():
    bad = THETA.copy()
    bad[4] = np.inf
    with pytest.raises(dr.NumericError, match=r"theta is inf at w\[1,2,2\]"):
        dr.explain(NET, bad, X, T, weight=(1, 1, 1))
    net = dr.Network(1, [dr.Dense(1, "exp"), dr.Dense(1)])
    with pytest.raises(dr.NumericError, match=r"y\[1,1\] of observation 2 is inf"):
        dr.explain(net, [1000.0, 0.0, 1.0, 0.0], [[0.0], [1.0]], [[1.0], [1.0]], weight=(1, 1, 1))


def test_an_empty_or_broken_X_for_saturation():
    with pytest.raises(dr.DataError, match="no rows"):
        dr.saturation(NET, THETA, np.empty((0, 3)))
    with pytest.raises(dr.DataError, match="not finite"):
        dr.saturation(NET, THETA, [[np.nan, 0, 0]])
    with pytest.raises(dr.UsageError, match="threshold"):
        dr.saturation(NET, THETA, [X], threshold=2.0)


def test_the_room_and_its_function_have_names_of_their_own():
    room = importlib.import_module("deltarule.explanation")
    assert room.explain is dr.explain
    assert dr.explain.__module__ == "deltarule.explanation.weight"


def test_every_public_name_can_be_pickled():
    """So that a process pool, or a cluster, can be sent any of them."""
    for name in dr.__all__:
        thing = getattr(dr, name)
        if not isinstance(thing, type(dr)):
            assert pickle.loads(pickle.dumps(thing)) is thing, name
    assert type(dr) is type(pickle), "a plain module: pickled by its name where that is done at all"
