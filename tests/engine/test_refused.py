"""Samples, engines and options that the engine's rooms refuse, each with its place."""

from __future__ import annotations

import numpy as np
import pytest

import deltarule as dr
from deltarule.engine.choice import choose_engine
from deltarule.optim.optimiser import elementwise

NET = dr.Network(2, [dr.Dense(3, "tanh"), dr.Dense(1, "sigmoid")])
RNG = np.random.default_rng(0)
X, T = RNG.normal(size=(4, 2)), np.array([[0.0], [1.0], [1.0], [0.0]])
OVER_TIME = dr.Network((3, 2), [dr.Jordan(2), dr.EachStep(dr.Dense(1))])


@pytest.mark.parametrize(
    ("options", "error", "said"),
    [
        ({"sample_weight": [1, 1, 1e-310, 1]}, dr.DataError, "1 are below .* in row 3"),
        ({"sample_weight": [1e308] * 4}, dr.DataError, "their sum is beyond 1.8e"),
        ({"sample_weight": [1, 1]}, dr.UsageError, r"has the shape \(2,\); it needs \(4,\)"),
        ({"sample_weight": [1, -1, 1, 1]}, dr.DataError, "the first is -1.0 in row 2"),
        ({"sample_weight": [0] * 4}, dr.DataError, "zero in every row"),
        ({"rule": "sequential", "optimizer": "adam"}, dr.UsageError, "plain SGD; .* is adam"),
        ({"rule": "sequential", "optimizer": "sgd", "clip_norm": 1.0}, dr.UsageError,
         "before the gradient is complete, so it cannot be clipped"),
        ({"rule": "order=sequential feedback=kolen_pollack", "optimizer": "sgd"}, dr.UsageError,
         "feedback=kolen_pollack has none"),
        ({"engine": "compield"}, dr.UsageError, "unknown engine 'compield', did you mean"),
        ({"optimizer": "plateau"}, dr.UsageError, "unknown optimi"),
        ({"optimizer": {"name": "levenberg_marquardt", "method": "qrr"}, "batch_size": None},
         dr.UsageError, "unknown method of levenberg_marquardt 'qrr'"),
        ({"optimizer": {"name": "levenberg_marquardt", "mu": 0.0}, "batch_size": None},
         dr.UsageError, "mu is above 0 and at most limit"),
        ({"optimizer": {"name": "sgd", "lr": {"name": "plateau", "lr": 0.1, "factor": 1.0}}},
         dr.UsageError, "plateau: factor has to be below 1"),
    ],
)  # fmt: skip
def test_training_is_refused(options, error, said):
    with pytest.raises(error, match=said):
        dr.train(NET, X, T, epochs=1, **{"batch_size": 1, **options})


def test_weights_of_classes_need_classes():
    with pytest.raises(dr.UsageError, match="class_weight needs classes: targets of 0 and 1"):
        dr.train(NET, X, T + 0.25, epochs=1, class_weight="balanced")
    sequences = RNG.normal(size=(4, 3, 2)), np.zeros((4, 3, 1))
    with pytest.raises(dr.UsageError, match=r"one vector per sample, and T has the shape \(4, 3"):
        dr.train(OVER_TIME, *sequences, epochs=1, class_weight="balanced")


def test_targets_of_sequences_have_their_lengths():
    ragged, lengths = RNG.normal(size=(4, 3, 2)), np.array([3, 1, 2, 3])
    with pytest.raises(dr.UsageError, match="T has the shape"):
        dr.train(OVER_TIME, dr.Sequences(ragged, lengths), np.zeros((4, 2, 1)), epochs=1)


@pytest.mark.parametrize(
    ("layer", "said"),
    [
        (0, r"layers is a list such as \[Dense\(1\)\], not 0"),
        ([], r"layers is a list such as \[Dense\(1\)\], not \[\]"),
        (["tanh"], "layer 1 is not a layer: 'tanh'"),
    ],
)
def test_what_is_no_layer_is_refused(layer, said):
    with pytest.raises(dr.UsageError, match=said):
        dr.Network(2, layer)


def test_an_engine_that_cannot_work_here_is_told(monkeypatch):
    monkeypatch.setattr("deltarule.engine.choice.refusal", lambda: "no memory may be executed")
    with pytest.raises(dr.UsageError, match="cannot work here: no memory may be executed; engine="):
        dr.train(NET, X, T, epochs=1, engine="compiled")
    assert choose_engine("reference").reason == "as asked"


def test_an_optimiser_of_the_whole_vector_has_no_update():
    with pytest.raises(dr.UsageError, match="mine needs an optimizer that updates every weight by"):
        elementwise("lbfgs", "mine")
    assert elementwise("sgd:0.5", "mine") == dr.optim.SGD(0.5)
