"""The loop: batches, history, callbacks, the options' effects, each against plain arithmetic."""

from __future__ import annotations

import numpy as np
import pytest
from jobs import network, regression

import deltarule as dr
from deltarule.core.random import SHUFFLE, stream


def by_hand(net, theta, X, T, order, batch, lr, **objective):
    """One epoch of plain gradient descent with `dr.backprop`; returns theta and every E."""
    errors = []
    for start in range(0, len(order), batch):
        rows = order[start : start + batch]
        bp = dr.backprop(net, theta, X[rows], T[rows], **objective)
        errors.append((len(rows), bp.error))
        theta = theta - lr * bp.gradient
    return theta, errors


@pytest.mark.parametrize("batch", [1, 5, 23, 100, None])
@pytest.mark.parametrize("reduction", ["mean", "sum"])
def test_epochs_are_plain_gradient_descent(engine, batch, reduction):
    X, T = regression()
    net = network()
    theta = net.init(seed=3)
    run = engine.train(
        net, X, T, optimizer=dr.optim.SGD(0.01), epochs=3, batch_size=batch, seed=3,
        reduction=reduction, l2=0.1,
    )  # fmt: skip
    size = 23 if batch is None else batch
    for e in range(3):
        whole = np.arange(23)
        order = whole if size >= 23 else stream(3, SHUFFLE, e).permutation(23)
        before = theta
        theta, errors = by_hand(net, theta, X, T, order, size, 0.01, reduction=reduction, l2=0.1)
        n = np.array([k for k, _ in errors])
        E = np.array([v for _, v in errors])
        if reduction == "mean":
            expected = (n * E).sum() / n.sum()
            assert run.history["error"][e] == pytest.approx(expected, rel=1e-13)
        elif len(errors) == 1:
            whole = dr.backprop(net, before, X, T, reduction="sum", l2=0.1).error
            assert run.history["error"][e] == pytest.approx(whole, rel=1e-13)
    np.testing.assert_allclose(run.theta, theta, rtol=0, atol=1e-13)
    assert run.epochs == 3
    assert run.stopped == "epochs"


def test_the_sum_counts_the_penalty_once(engine):
    X, T = regression()
    net = network()
    theta = net.init(seed=0)
    still = dr.optim.SGD(0.0)  # theta stays, so the epoch's error is E of the whole
    run = engine.train(net, X, T, theta=theta, optimizer=still, epochs=1, batch_size=4,
                       reduction="sum", l2=0.3)  # fmt: skip
    expected = dr.backprop(net, theta, X, T, reduction="sum", l2=0.3).error
    assert run.history["error"][0] == pytest.approx(expected, rel=1e-13)


@pytest.mark.parametrize("reduction", ["mean", "sum"])
def test_weights_count_in_the_epochs_error(engine, reduction):
    X, T = regression()
    weight = np.random.default_rng(1).random(23)
    net = network()
    theta = net.init(seed=0)
    run = engine.train(
        net, X, T, theta=theta, optimizer=dr.optim.SGD(0.0), epochs=1, batch_size=4,
        reduction=reduction, sample_weight=weight, l2=0.2,
    )  # fmt: skip
    whole = dr.backprop(net, theta, X, T, reduction=reduction, sample_weight=weight, l2=0.2)
    assert run.history["error"][0] == pytest.approx(whole.error, rel=1e-12)


def test_no_shuffling_takes_the_given_order(engine):
    X, T = regression()
    net = network()
    theta = net.init(seed=0)
    run = engine.train(net, X, T, optimizer=dr.optim.SGD(0.01), epochs=1, batch_size=5,
                       shuffle=False)  # fmt: skip
    expected, _ = by_hand(net, theta, X, T, np.arange(23), 5, 0.01)
    np.testing.assert_allclose(run.theta, expected, rtol=0, atol=1e-14)


def test_one_seed_gives_the_same_bits(engine):
    X, T = regression()
    first, second, other = (
        engine.train(network(), X, T, epochs=4, batch_size=5, seed=s) for s in (1, 1, 2)
    )
    assert first.theta.tobytes() == second.theta.tobytes()
    assert first.history["error"].tobytes() == second.history["error"].tobytes()
    assert first.theta.tobytes() != other.theta.tobytes()


def test_the_callers_arrays_stay_as_they_are(engine):
    X, T = regression(n=40, inputs=3)
    net = dr.Network(3, [dr.Dense(6000, "tanh"), dr.Dense(2)])  # longer than one block
    theta = net.init(seed=0)
    copies = [a.copy() for a in (X, T, theta)]
    engine.train(net, X, T, theta=theta, epochs=2, batch_size=10)
    for a, before in zip((X, T, theta), copies, strict=True):
        assert a.tobytes() == before.tobytes()


def test_long_vectors_are_updated_like_short_ones(engine):
    """Updates in blocks are the updates as a whole: by hand, on 36,000 parameters."""
    X, T = regression()
    net = dr.Network(3, [dr.Dense(6000, "tanh"), dr.Dense(2)])
    theta = net.init(seed=0)
    run = engine.train(net, X, T, theta=theta, optimizer=dr.optim.SGD(1e-4), epochs=2,
                       batch_size=5, shuffle=False)  # fmt: skip
    for _ in range(2):
        theta, _ = by_hand(net, theta, X, T, np.arange(23), 5, 1e-4)
    np.testing.assert_allclose(run.theta, theta, rtol=0, atol=1e-14)


def test_callbacks_see_every_epoch_and_keep_their_theta(engine):
    X, T = regression()
    seen = []
    run = engine.train(network(), X, T, epochs=5, batch_size=5, validation=(X, T),
                       callbacks=seen.append)  # fmt: skip
    assert [s.epoch for s in seen] == [1, 2, 3, 4, 5]
    assert [s.error for s in seen] == list(run.history["error"])
    for s, expected in zip(seen, run.history["validation_error"], strict=True):
        E = dr.backprop(network(), s.theta, X, T).error
        assert s.validation_error == expected
        assert expected == pytest.approx(E, rel=1e-13)


def test_a_callback_cannot_change_the_weights(engine):
    X, T = regression()

    def meddle(seen):
        seen.theta[0] = 0.0

    with pytest.raises(ValueError, match="read-only"):
        engine.train(network(), X, T, epochs=2, callbacks=meddle)
    assert engine.train(network(), X, T, epochs=1, callbacks=None, stop=None).epochs == 1


def test_a_callback_ends_the_training(engine):
    X, T = regression()
    run = engine.train(network(), X, T, epochs=50, callbacks=lambda seen: seen.epoch == 3)
    assert (run.epochs, run.stopped) == (3, "callback")


def test_untrained_biases_stay(engine):
    X, T = regression()
    net = dr.Network(3, [dr.Dense(4, "tanh", train_bias=False, init="uniform:1"), dr.Dense(2)])
    theta = net.init(seed=0)
    run = engine.train(net, X, T, theta=theta, epochs=3)
    before, after = net.unpack(theta), net.unpack(run.theta)
    assert np.array_equal(before[0]["b"], after[0]["b"])
    assert not np.any(before[0]["W"] == after[0]["W"])
    assert not np.any(before[1]["b"] == after[1]["b"])


def test_clipping_bounds_the_step(engine):
    X, T = regression()
    net = network()
    theta = net.init(seed=0)
    g = dr.backprop(net, theta, X, 100 * T).gradient
    for options, expected in (
        ({"clip_norm": 0.5}, 0.5 * g / np.linalg.norm(g)),
        ({"clip_value": 0.5}, np.clip(g, -0.5, 0.5)),
    ):
        run = engine.train(net, X, 100 * T, theta=theta, optimizer=dr.optim.SGD(1.0), epochs=1,
                           batch_size=None, **options)  # fmt: skip
        np.testing.assert_allclose(theta - run.theta, expected, rtol=0, atol=1e-14)


def test_the_schedule_sets_every_updates_rate(engine):
    X, T = regression()
    net = network()
    theta = net.init(seed=0)
    schedule = dr.optim.InverseScaling(0.1, power=1.0)
    run = engine.train(net, X, T, theta=theta, optimizer=dr.optim.SGD(schedule), epochs=2,
                       batch_size=None)  # fmt: skip
    for lr in (0.1, 0.05):
        theta = theta - lr * dr.backprop(net, theta, X, T).gradient
    np.testing.assert_allclose(run.theta, theta, rtol=0, atol=1e-15)
    assert run.history["lr"].tolist() == [0.1, 0.05]


def test_the_plateau_schedule_sees_the_watched_error(engine):
    X, T = regression()
    lr = dr.optim.Plateau(0.0, patience=1)  # nothing moves: no improvement after epoch 1
    assert engine.train(network(), X, T, optimizer=dr.optim.SGD(lr), epochs=4).epochs == 4
    lr = dr.optim.Plateau(1e-12, factor=0.5, patience=2, min_delta=1.0)
    run = engine.train(network(), X, T, optimizer=dr.optim.SGD(lr), epochs=6, batch_size=None)
    assert run.history["lr"] / 1e-12 == pytest.approx([1, 1, 1, 0.5, 0.5, 0.25])


def test_class_weights_are_sample_weights(engine):
    X, _ = regression()
    label = np.arange(23) % 3
    net = dr.Network(3, [dr.Dense(3, "softmax")])
    options = {"loss": "cross_entropy", "epochs": 3, "batch_size": 5}
    given = engine.train(net, X, np.eye(3)[label], class_weight={1: 2.0, 2: 0.5}, **options)
    weight = np.array([1.0, 2.0, 0.5])[label]
    same = engine.train(net, X, np.eye(3)[label], sample_weight=weight, **options)
    assert given.theta.tobytes() == same.theta.tobytes()
    balanced = engine.train(net, X, np.eye(3)[label], class_weight="balanced", **options)
    weight = (23 / (3 * np.bincount(label)))[label]
    same = engine.train(net, X, np.eye(3)[label], sample_weight=weight, **options)
    assert balanced.theta.tobytes() == same.theta.tobytes()


def test_dtype_follows_theta_then_X(engine):
    X, T = regression()
    net, single = network(), np.float32
    assert engine.train(net, X, T, epochs=1).theta.dtype == np.float64
    assert engine.train(net, X.astype(single), T, epochs=1).theta.dtype == single
    assert engine.train(net, X, T, epochs=1, dtype=single).theta.dtype == single
    theta = net.init(0, single)
    assert engine.train(net, X, T, theta=theta, epochs=1).theta.dtype == single


def test_no_epochs_return_the_start(engine):
    X, T = regression()
    run = engine.train(network(), X, T, epochs=0, seed=4, stop=dr.Patience(3))
    assert (run.epochs, run.stopped) == (0, "epochs")
    assert {name: len(values) for name, values in run.history.items()} == {"error": 0, "lr": 0}
    assert np.array_equal(run.theta, network().init(seed=4))
