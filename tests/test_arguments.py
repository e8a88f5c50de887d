"""Arguments that are no numbers: a sentence instead of a traceback from the depths."""

from __future__ import annotations

import numpy as np
import pytest

import deltarule as dr

NET = dr.Network(3, [dr.Dense(2, "tanh"), dr.Dense(2, "sigmoid")])
THETA, X, T = NET.init(0), np.ones((4, 3)), np.full((4, 2), 0.5)


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: dr.DeltaRule(order=None), "unknown order of updates None"),
        (lambda: dr.backprop(NET, THETA, X, T, reduction=None), "unknown reduction None"),
        (lambda: dr.backprop(NET, THETA, X, T, l2="x"), "l2 has to be a finite number, not 'x'"),
        (lambda: dr.backprop(NET, THETA, [[1, 2, 3], [1, 2]], T), "X is ragged"),
        (lambda: dr.backprop(NET, THETA, X * 1j, T), "X is complex, but the computation is in fl"),
        (lambda: dr.backprop(NET, list("abc"), X, T), "theta has the dtype <U1; numbers"),
        (lambda: dr.backprop(NET, THETA, X, T, sample_weight=["a"] * 4), "sample_weight has the"),
        (lambda: dr.backprop(NET, THETA, X, T, rule="sequential", lr=-1), "lr has to be .* >= 0"),
        (lambda: dr.backprop(NET, THETA, X, T, rule="sequential", lr="x"), "lr has to be a fin"),
        (lambda: dr.train(NET, X, T, clip_norm="x"), "clip_norm has to be a finite number"),
        (lambda: dr.train(NET, X, T, epochs=True), "epochs is a whole number of at least 0"),
        (lambda: NET.init(None), "a seed is a whole number from 0"),
        (lambda: NET.init(1.5), "a seed is a whole number from 0"),
        (lambda: NET.init(0, dtype=int), "init: dtype has to be a floating-point type, not int64"),
        (lambda: NET.pack(None), "the network has 2 layers, given: None"),
        (lambda: NET.pack([1, 2]), "layer 1 has the parameters W, b, given: 1"),
        (lambda: NET.pack([("a", [0, 0]), (1, 2)]), "pack: W of layer 1 has the dtype <U1"),
        (lambda: NET.unpack([0.0] * 13), "this network has 14 parameters"),
        (lambda: dr.Network("3", [dr.Dense(1)]), "inputs is a whole number of at least 1"),
        (lambda: dr.optim.Plateau(0.1, factor=2.0), "plateau: factor has to be below 1"),
        (
            lambda: dr.backprop(
                dr.Network(3, [dr.Dense(1, "softmax")]), np.zeros(4), X, T[:, :1],
                loss="binary_cross_entropy",
            ),
            "softmax over one node is always 1",
        ),
    ],
)  # fmt: skip
def test_what_is_no_number_is_named(call, words):
    with pytest.raises(dr.UsageError, match=words):
        call()


def test_a_number_too_large_for_the_dtype_is_found():
    with pytest.raises(dr.DataError, match=r"inf in row 1, column 1.*finite float32 numbers"):
        dr.backprop(NET, THETA.astype(np.float32), X * 1e300, T)
