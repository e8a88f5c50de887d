"""Sample weights, class weights and the penalty: what they mean, by an equivalent without them."""

from __future__ import annotations

import numpy as np
import pytest
from numeric import assert_close

from deltarule import Dense, Network, UsageError
from deltarule.engine import Objective, as_samples
from deltarule.engine import reference as textbook
from deltarule.losses import LOSSES

NET = Network(3, [Dense(4, "tanh"), Dense(2, "softmax")])
LOSS = {"loss": "cross_entropy"}


@pytest.fixture
def problem(rng):
    return NET.init(1), rng.normal(size=(5, 3)), np.eye(2)[[0, 1, 1, 0, 1]]


@pytest.mark.parametrize("reduction", ["sum", "mean"])
def test_a_whole_weight_repeats_a_row(engine, problem, reduction):
    theta, X, T = problem
    times = np.array([1, 3, 0, 2, 1])
    weighted = engine.backprop(NET, theta, X, T, **LOSS, sample_weight=times, reduction=reduction)
    repeated = engine.backprop(
        NET, theta, X.repeat(times, axis=0), T.repeat(times, axis=0), **LOSS, reduction=reduction
    )
    assert weighted.error == pytest.approx(repeated.error, rel=1e-14)
    assert_close(weighted.gradient, repeated.gradient, 1e-14)


def test_equal_weights_change_the_sum_and_not_the_mean(engine, problem):
    theta, X, T = problem
    for reduction, factor in (("sum", 2.5), ("mean", 1.0)):
        plain = engine.backprop(NET, theta, X, T, **LOSS, reduction=reduction)
        found = engine.backprop(
            NET, theta, X, T, **LOSS, reduction=reduction, sample_weight=np.full(5, 2.5)
        )
        assert found.error == pytest.approx(factor * plain.error, rel=1e-14)
        assert_close(found.gradient, factor * plain.gradient, 1e-14)


def test_a_row_of_weight_zero_is_as_if_it_were_not_there(engine, problem):
    theta, X, T = problem
    keep = [0, 1, 3, 4]
    found = engine.backprop(NET, theta, X, T, **LOSS, sample_weight=[1, 1, 0, 1, 1])
    without = engine.backprop(NET, theta, X[keep], T[keep], **LOSS)
    assert found.error == pytest.approx(without.error, rel=1e-14)
    assert_close(found.gradient, without.gradient, 1e-14)


@pytest.mark.parametrize("reduction", ["sum", "mean"])
def test_a_batch_that_weighs_nothing_has_no_error_and_no_gradient(problem, reduction):
    """Inside training a batch can have rows of weight zero alone: 0, not 0 / 0."""
    theta, X, T = problem
    objective = Objective.of(NET, "cross_entropy", reduction, "exact", 0.25)
    found = textbook.backprop(objective, theta, X, T, np.zeros(5))
    W = np.concatenate([p["W"].ravel() for p in NET.unpack(theta)])
    assert found.error == pytest.approx(0.125 * (W @ W), rel=1e-14)
    assert found.penalty == pytest.approx(0.125 * (W @ W), rel=1e-14)
    assert_close(NET.unpack(found.gradient)[0]["W"], 0.25 * NET.unpack(theta)[0]["W"], 1e-15)
    assert not NET.unpack(found.gradient)[1]["b"].any()


def test_the_penalty_covers_weights_and_is_divided_by_nothing(engine, problem):
    """The same 1/2 l2 |W|^2 for one row and five, sum and mean, weighted or not."""
    theta, X, T = problem
    theta = theta + 0.5  # biases too
    W = np.concatenate([p["W"].ravel() for p in NET.unpack(theta)])
    for options in (
        {"reduction": "sum"},
        {"reduction": "mean"},
        {"reduction": "mean", "sample_weight": np.arange(1.0, 6.0)},
    ):
        plain = engine.backprop(NET, theta, X, T, **LOSS, **options)
        found = engine.backprop(NET, theta, X, T, **LOSS, **options, l2=0.3)
        assert found.error == pytest.approx(plain.error + 0.15 * (W @ W), rel=1e-14)
        rest = NET.unpack(found.gradient - plain.gradient)
        for p, g in zip(NET.unpack(theta), rest, strict=True):
            assert_close(g["W"], 0.3 * p["W"], 1e-14)
            assert not g["b"].any()
        if engine.transparent:
            assert found.penalty == pytest.approx(0.15 * (W @ W), rel=1e-14)
            for l in (1, 2):
                assert np.array_equal(found.deltas[l], plain.deltas[l]), "deltas hold no penalty"


CE, BCE = LOSSES.get("cross_entropy"), LOSSES.get("binary_cross_entropy")
ONE = Network(3, [Dense(1, "sigmoid")])


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({0: 2.0}, [2, 1, 1, 2, 1]),
        ({1: 0.5, 0: 4.0}, [4, 0.5, 0.5, 4, 0.5]),
        ([3.0, 0.25], [3, 0.25, 0.25, 3, 0.25]),
        ("balanced", [5 / 4, 5 / 6, 5 / 6, 5 / 4, 5 / 6]),
    ],
)
def test_class_weights_become_sample_weights(problem, given, expected):
    _, X, T = problem
    found = as_samples(NET, CE, X, T, None, np.float32, given)
    assert found.weight.dtype == np.float32
    assert_close(found.weight, np.array(expected, dtype=np.float32), 1e-7)
    assert found.total == pytest.approx(sum(expected), rel=1e-6)
    binary = as_samples(ONE, BCE, X, T[:, 1], None, np.float64, given)
    assert_close(binary.weight, np.array(expected), 1e-15)
    both = as_samples(NET, CE, X, T, np.arange(1.0, 6.0), np.float64, given)
    assert_close(both.weight, np.arange(1.0, 6.0) * expected, 1e-15)


def test_balanced_weights_have_the_mean_1_where_a_class_has_no_rows():
    """n / (k n_c) over the k = 2 classes of three that occur: 3 and 1 of 4 rows."""
    net = Network(1, [Dense(3, "softmax")])
    T = np.eye(3)[[0, 2, 0, 0]]
    found = as_samples(net, CE, np.zeros(4), T, None, np.float64, "balanced")
    assert_close(found.weight, np.array([4 / 6, 4 / 2, 4 / 6, 4 / 6]), 1e-15)


@pytest.mark.parametrize(
    ("given", "match"),
    [
        ("equal", "'balanced' or a weight per class, not 'equal'"),
        ({2: 1.0}, "names the class 2; there are 2, 0 to 1"),
        ([1.0, 2.0, 3.0], r"class_weight has the shape \(3,\); it needs \(2,\)"),
        ([1.0, -2.0], "finite and >= 0"),
        ({0: float("nan")}, "class 0 has to be a finite number"),
        ({0: "a"}, "class 0 has to be a finite number"),
    ],
)
def test_class_weights_that_do_not_fit_are_refused(problem, given, match):
    _, X, T = problem
    with pytest.raises(UsageError, match=match):
        as_samples(NET, CE, X, T, None, np.float64, given)


def test_samples_take_rows_with_their_weights(problem):
    _, X, T = problem
    samples = as_samples(NET, CE, X, T, np.arange(1.0, 6.0), np.float64)
    part = samples.take(np.array([3, 0]))
    assert (len(samples), len(part)) == (5, 2)
    assert np.array_equal(part.X, X[[3, 0]])
    assert np.array_equal(part.T, T[[3, 0]])
    assert part.weight.tolist() == [4.0, 1.0]
    assert (part.total, samples.total) == (5.0, 15.0)
    plain = as_samples(NET, CE, X, T, None, np.float64)
    assert plain.take(slice(1, 3)).weight is None
    assert plain.total == 5.0


def test_messages_name_the_data_they_are_about(problem):
    _, X, T = problem
    with pytest.raises(UsageError, match=r"validation T has the shape"):
        as_samples(NET, CE, X, T[:4], None, np.float64, what="validation")
