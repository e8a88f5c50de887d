"""A rate that a training which diverged would have stood: what is named works when it is used."""

from __future__ import annotations

import re

import numpy as np
import pytest

import deltarule as dr

NET = dr.Network(3, [dr.Dense(8, "relu"), dr.Dense(1)])


def regression(scale=1.0):
    rng = np.random.default_rng(0)
    X = scale * rng.normal(size=(40, 3))
    return X, X[:, :1] - 2.0 * X[:, 1:2]


def diverged(X, T, **options):
    with pytest.raises(
        dr.NumericError, match=r"^diverged at epoch \d+, step \d+ \(update"
    ) as caught:
        dr.train(NET, X, T, epochs=200, batch_size=8, **options)
    return str(caught.value)


@pytest.mark.parametrize("engine", ["reference", "compiled"])
@pytest.mark.parametrize(
    "rate", [30.0, dr.optim.Cosine(30.0, total=200.0), dr.optim.Plateau(30.0, patience=3)]
)
def test_the_rate_that_is_named_trains(engine, rate):
    X, T = regression()
    called = []
    message = diverged(
        X, T, optimizer=dr.optim.SGD(rate), engine=engine, callbacks=called.append,
        stop=dr.Patience(50), validation=(X, T),
    )  # fmt: skip
    named = re.search(r"Tried: with lr=(\S+) the same training is finite for (\d+) updates, and E "
                      r"falls from (\S+) to (\S+)\.$", message)  # fmt: skip
    assert named, message
    lr, _, before, after = map(float, named.groups())
    assert lr < 30.0
    assert after < before
    assert len(called) < 200, "callbacks see the training alone"
    run = dr.train(NET, X, T, optimizer=dr.optim.SGD(lr), epochs=200, batch_size=8)
    assert run.history["error"][-1] < run.history["error"][0]


def test_trials_are_as_long_as_is_said():
    """Of the same length in both engines, though the compiled one does an epoch in one call."""
    X, T = (a[:24] for a in regression())  # three batches
    said = {diverged(X, T, optimizer=dr.optim.SGD(30.0), engine=engine).partition("Tried")[2]
            for engine in ("reference", "compiled")}  # fmt: skip
    (tried,) = said
    updates = int(re.search(r"finite for (\d+) updates", tried)[1])
    assert updates % 3, "it ends within an epoch"


def test_where_no_rate_helps_that_is_said():
    """E is infinite at the first weights."""
    X, T = regression(1e200)
    message = diverged(X, T, optimizer=dr.optim.SGD(0.1))
    assert message.endswith("Lower rates do not mend it: lr=0.01, 0.001, 0.0001, 1e-05 were tried.")


def test_trials_end_with_their_time(monkeypatch):
    monkeypatch.setattr("deltarule.training.lower_rate.SECONDS", 0.0)
    message = diverged(*regression(), optimizer=dr.optim.SGD(30.0))
    assert message.endswith("The weights before it are kept.")


def test_numbers_have_four_digits():
    message = diverged(*regression(), optimizer=dr.optim.SGD(30.0))
    assert not re.search(r"\d{7}", message), message


def test_the_run_is_the_one_that_diverged():
    X, T = regression()
    with pytest.raises(dr.NumericError) as caught:
        dr.train(NET, X, T, optimizer=dr.optim.SGD(30.0), epochs=200, batch_size=8)
    run = caught.value.run
    assert run.optimiser == dr.optim.SGD(30.0)
    assert run.stopped == "non_finite"
    assert np.isfinite(run.theta).all()
