"""Stopping rules: alone against tables by hand, and in the loop."""

from __future__ import annotations

import math

import numpy as np
import pytest
from jobs import network, regression

import deltarule as dr
from deltarule.training.stopping import EpochEnd


def stops_after(rule, watched):
    """Return the epoch after which `rule` stops on these watched errors, or None."""
    state = rule.start()
    for epoch, error in enumerate(watched, 1):
        epoch_end = EpochEnd(epoch, error, seconds=float(epoch), largest_miss=lambda e=error: e)
        state, stop = rule.observe(state, epoch_end)
        if stop:
            return epoch
    return None


@pytest.mark.parametrize(
    ("rule", "watched", "epoch"),
    [
        (dr.Patience(2), [3, 2, 1, 1, 1], 5),  # standing still is no improvement
        (dr.Patience(2), [3, 2, 2, 1, 1, 0, 0], None),
        (dr.Patience(1), [1, 2], 2),
        (dr.Patience(2), [math.inf, math.inf, math.inf], 2),  # none is below infinity
        (dr.Patience(2, min_delta=0.5), [3.0, 2.4, 2.0, 1.6], 4),
        # 3.0 -> 2.8 -> 2.6 -> 2.4: every step too small against the lowest error ...
        (dr.Patience(3, min_delta=0.5), [3.0, 2.8, 2.6, 2.4, 2.2], 4),
        # ... but against the last improvement (3.0) the third is one (Keras)
        (dr.Patience(3, min_delta=0.5, reference="improved"), [3.0, 2.8, 2.6, 2.4, 2.2], None),
        (dr.ErrorBelow(1.0), [2.0, 1.0, 0.9], 3),
        (dr.AllWithin(0.4), [0.5, 0.4], 2),
        (dr.AllWithin(0.4), [0.5, 0.41], None),
        (dr.MaxSeconds(3.0), [9, 9, 9, 9], 3),
    ],
)
def test_rules_by_hand(rule, watched, epoch):
    assert stops_after(rule, watched) == epoch


def test_patience_returns_the_best_theta_on_validation(engine):
    X, T = regression()
    seen = []
    run = engine.train(
        network(), X[:8], T[:8], epochs=300, batch_size=4, validation=(X[8:], T[8:]),
        optimizer=dr.optim.Adam(0.05), stop=dr.Patience(10), callbacks=seen.append,
    )  # fmt: skip
    assert run.stopped == "patience"
    best = int(np.argmin(run.history["validation_error"]))
    assert run.best_epoch == best + 1
    assert run.epochs == best + 11
    assert np.array_equal(run.theta, seen[best].theta)
    E = dr.backprop(network(), run.theta, X[8:], T[8:]).error
    assert pytest.approx(E, rel=1e-13) == run.history["validation_error"].min()


def test_patience_returns_the_weights_at_which_the_training_error_was_measured(engine):
    X, T = regression()
    run = engine.train(network(), X, T, epochs=200, batch_size=None, stop=dr.Patience(5),
                       optimizer=dr.optim.SGD(1.2))  # fmt: skip
    E = dr.backprop(network(), run.theta, X, T).error
    assert pytest.approx(E, rel=1e-13) == run.history["error"].min()


def test_patience_restores_also_when_the_epochs_end(engine):
    X, T = regression()
    run = engine.train(network(), X, T, epochs=10, batch_size=None, stop=dr.Patience(50))
    assert run.stopped == "epochs"
    E = dr.backprop(network(), run.theta, X, T).error
    assert pytest.approx(E, rel=1e-13) == run.history["error"].min()


def test_without_patience_the_last_theta_is_returned(engine):
    X, T = regression()
    seen = []
    run = engine.train(network(), X, T, epochs=5, callbacks=seen.append)
    assert np.array_equal(run.theta, seen[-1].theta)


def test_all_within_holds_for_the_returned_weights(engine):
    xor = dr.data.load("xor")
    net = dr.Network(2, [dr.Dense(4, "tanh"), dr.Dense(1, "sigmoid")])
    run = engine.train(net, xor.X, xor.T, batch_size=None, optimizer=dr.optim.Adam(0.1),
                       epochs=2000, stop=dr.AllWithin(0.1))  # fmt: skip
    assert run.stopped == "all_within"
    assert run.epochs < 2000
    assert np.max(np.abs(xor.T - net(run.theta, xor.X))) <= 0.1
    shorter = engine.train(net, xor.X, xor.T, batch_size=None, optimizer=dr.optim.Adam(0.1),
                           epochs=run.epochs - 1)  # fmt: skip
    assert np.max(np.abs(xor.T - net(shorter.theta, xor.X))) > 0.1


def test_error_below_and_names_and_the_first_that_fires(engine):
    X, T = regression()
    run = engine.train(network(), X, T, epochs=500, stop="error_below:0.3")
    assert run.stopped == "error_below"
    assert run.history["error"][-1] < 0.3 <= run.history["error"][-2]
    run = engine.train(network(), X, T, epochs=500, stop=[dr.MaxSeconds(0.0), dr.ErrorBelow(9e9)])
    assert (run.stopped, run.epochs) == ("max_seconds", 1)


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: dr.Patience(0), "at least 1"),
        (lambda: dr.Patience(2.5), "whole number"),
        (lambda: dr.Patience(3, min_delta=-1.0), "min_delta"),
        (lambda: dr.Patience(3, reference="bets"), "did you mean 'best'"),
        (lambda: dr.AllWithin(-0.1), "tolerance"),
        (lambda: dr.AllWithin(math.nan), "tolerance"),
        (lambda: dr.MaxSeconds(-1.0), "s has to be"),
    ],
)
def test_impossible_rules_are_refused(make, words):
    with pytest.raises(dr.UsageError, match=words):
        make()
