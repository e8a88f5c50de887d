"""Bad calls of `dr.train`, and numbers that stop being finite."""

from __future__ import annotations

import re

import numpy as np
import pytest
from jobs import network, regression

import deltarule as dr


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"batch_size": 0}, "batch_size is a whole number of at least 1, not 0"),
        ({"batch_size": 2.5}, "batch_size is a whole number"),
        ({"epochs": -1}, "epochs is a whole number of at least 0"),
        ({"optimizer": "adm"}, "unknown optimizer 'adm', did you mean 'adam'?"),
        ({"optimizer": dr.optim.SGD}, "or as an object, not as <class"),
        ({"loss": "half_square_error"}, "did you mean 'half_squared_error'"),
        ({"reduction": "average"}, "unknown reduction 'average'"),
        ({"rule": "exakt"}, "did you mean 'exact'"),
        ({"engine": "compild"}, "unknown engine 'compild'"),
        ({"stop": "patients:3"}, "did you mean 'patience'"),
        ({"dtype": "float16"}, "dtype is float32 or float64, not float16"),
        ({"l2": -1.0}, "l2 has to be a finite number >= 0"),
        ({"clip_norm": 0.0}, "clip_norm has to be a positive number"),
        ({"seed": -1}, "seed is a whole number"),
        ({"theta": np.zeros(3)}, r"theta has the shape \(3,\); this network has 26 parameters"),
        ({"theta": np.full(26, np.nan)}, r"the first is w\[1,1,1\] = nan"),
        ({"rule": "sequential"}, "plain SGD; the optimizer is adam"),
        ({"rule": "sequential", "optimizer": "sgd", "clip_norm": 1.0}, "cannot be clipped"),
        ({"validation": 0.1}, r"validation takes \(X, T\)"),
        ({"validation": (np.zeros((2, 3)), np.zeros((3, 2)))}, "validation T has the shape"),
        ({"sample_weight": np.zeros(23)}, "sample_weight is zero in every row"),
        ({"sample_weight": -np.ones(23)}, "23 values that are negative or not finite"),
        ({"class_weight": {1: 1.0}}, "class_weight needs classes"),
        ({"class_weight": "even"}, "class_weight needs classes"),
        ({"shuffle": "no"}, "shuffle is True, False or 'by_length', not 'no'"),
        ({"seed": True}, "seed is a whole number of at least 0"),
        ({"seed": -4, "theta": np.zeros(26), "shuffle": False}, "seed is a whole number"),
        ({"theta": np.zeros(26) * 1j}, "theta is complex, but the computation is in float64"),
        ({"theta": ["a"] * 26}, "theta has the dtype <U1"),
        ({"dtype": "foo"}, "dtype is a floating-point type, not 'foo'"),
    ],
)
def test_bad_calls_are_refused_before_anything_runs(options, words):
    X, T = regression()
    with pytest.raises(dr.DeltaruleError, match=words):
        dr.train(network(), X, T, **options)


def test_values_that_cannot_be_used_are_named():
    X, T = regression()
    X[3, 1], X[4, 2] = np.nan, np.inf
    with pytest.raises(dr.DataError, match=r"X has 2 values .*nan in row 4, column 2, inf in row"):
        dr.train(network(), X, T)
    net = dr.Network(3, [dr.Dense(2, "sigmoid")])
    X, T = regression()
    with pytest.raises(dr.DataError, match=r"needs targets in \[0, 1\]"):
        dr.train(net, X, T, loss="binary_cross_entropy")
    with pytest.raises(dr.UsageError, match=r"np\.eye"):
        dr.train(net, X, np.zeros(23, dtype=int))
    with pytest.raises(dr.DataError, match="no rows"):
        dr.train(net, X[:0], T[:0])


def test_an_infinite_validation_error_is_named(engine):
    """The output overflows for a validation row alone."""
    X, T = np.full((4, 1), 0.1), np.ones((4, 1))
    net = dr.Network(1, [dr.Dense(1, "exp", init="uniform:1")])
    with pytest.raises(dr.NumericError) as caught:
        engine.train(net, X, T, theta=[1.0, 0.0], loss="poisson", optimizer=dr.optim.SGD(1e-6),
                     epochs=3, validation=([[0.1], [1e4]], [[1.0], [1.0]]),
                     stop=dr.Patience(2))  # fmt: skip
    message = str(caught.value)
    assert message.startswith(
        "diverged at epoch 1: E of the validation samples is inf: y of layer 1, node 1 "
    )
    assert "(row 2 of the validation samples)" in message
    assert caught.value.run.stopped == "non_finite"
    assert caught.value.run.epochs == 1


def test_after_a_number_that_is_not_finite_the_last_finite_theta_is_kept(engine):
    X, T = regression()
    net = dr.Network(3, [dr.Dense(4, "exp"), dr.Dense(2)])
    seen = []
    schedule = dr.optim.InverseScaling(1e-3, power=0.0)
    with pytest.raises(dr.NumericError) as caught:
        engine.train(net, X, T, optimizer=dr.optim.SGD(schedule), epochs=500, batch_size=None,
                     validation=(X, -T), stop=dr.Patience(400), callbacks=seen.append,
                     sample_weight=np.full(23, 3e4), reduction="sum")  # fmt: skip
    run = caught.value.run
    assert np.array_equal(run.theta, run.state.theta)
    assert np.isfinite(run.theta).all()


def test_what_is_no_network_is_refused():
    X, T = regression()
    with pytest.raises(dr.UsageError, match=r"train takes a Network, such as .*, not '3-4-2'"):
        dr.train("3-4-2", X, T)


def test_an_exploding_training_names_the_place_and_keeps_the_last_finite_theta(engine):
    X, T = regression()
    net = dr.Network(3, [dr.Dense(4, "exp"), dr.Dense(2)])
    with pytest.raises(dr.NumericError) as caught:
        engine.train(net, X, T, optimizer=dr.optim.SGD(1e3), epochs=5, batch_size=5)
    message = str(caught.value)
    assert re.search(r"^diverged at epoch 1, step \d+ \(update \d+\): ", message), message
    assert re.search(r"layer \d, node \d|w\[\d,\d,\d\]", message), message
    tried = r"Tried: with lr=\d\S* the same training is finite for 20 updates, and E falls from \d"
    assert re.search(tried, message), message
    run = caught.value.run
    assert run.stopped == "non_finite"
    assert np.isfinite(run.theta).all()


def test_the_kept_theta_is_the_one_before_the_step_that_broke(engine):
    """The second update overflows float32: theta after the first is kept."""
    net = dr.Network(1, [dr.Dense(1, bias=False)])
    options = {"optimizer": dr.optim.SGD(1e20), "batch_size": 1, "shuffle": False}
    X, T = np.ones((3, 1), np.float32), np.zeros((3, 1), np.float32)
    theta = np.array([1.0], np.float32)
    with pytest.raises(dr.NumericError, match=r"epoch 1, step 2 .*the update would make w\[1,1,1\]|"
                                              r"epoch 1, step 2 .*E is inf"):  # fmt: skip
        engine.train(net, X, T, theta=theta, epochs=1, **options)
    with pytest.raises(dr.NumericError) as caught:
        engine.train(net, X, T, theta=theta, epochs=1, **options)
    first = engine.train(net, X[:1], T[:1], theta=theta, epochs=1, **options)
    assert caught.value.run.theta.tobytes() == first.theta.tobytes()


def test_an_infinite_gradient_is_named(engine):
    """E is finite, dE/dw is not: x is near the largest float32."""
    net = dr.Network(1, [dr.Dense(1, "sigmoid", bias=False)])
    X = np.array([[3e38], [3e38]], np.float32)
    options = {"loss": "binary_cross_entropy", "batch_size": None, "reduction": "sum"}
    with pytest.raises(dr.NumericError, match=r"dE/dw\[1,1,1\] is (-?inf|nan)"):
        engine.train(net, X, np.ones((2, 1)), theta=np.zeros(1, np.float32),
                     sample_weight=[3.0, 3.0], **options)  # fmt: skip
