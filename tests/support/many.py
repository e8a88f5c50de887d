"""What the tests of `dr.train_many` share: every network against `dr.train` on its own."""

from __future__ import annotations

from typing import Any

import numpy as np

import deltarule as dr


def samples(n: int = 23, inputs: int = 3, outputs: int = 1, dtype: Any = np.float64) -> Any:
    """Return X (n, inputs) and T (n, outputs) within the range of every loss."""
    rng = np.random.default_rng(11)
    X, T = rng.normal(size=(n, inputs)), rng.uniform(0.1, 0.9, (n, outputs))
    return X.astype(dtype), T.astype(dtype)


def network(inputs: int = 3, outputs: int = 1) -> dr.Network:
    """Return a network small enough for registers code."""
    return dr.Network(inputs, [dr.Dense(4, "tanh"), dr.Dense(outputs, "sigmoid")])


def alone(net: dr.Network, X: Any, T: Any, **settings: Any) -> Any:
    """Return the run of one network; of one that does not stay finite, the run so far."""
    try:
        return dr.train(net, X, T, **settings), ""
    except dr.NumericError as error:
        return error.args[1] if len(error.args) > 1 else error.run, str(error)


def assert_alone(many: Any, network: int, run: Any, tolerance: float = 1e-9) -> None:
    """Assert that a network of many is as it is on its own."""
    assert many.epochs[network] == run.epochs
    assert many.stopped[network] == run.stopped
    watched = run.history.get("validation_error", run.history["error"])
    if run.epochs:  # two epochs may be as good as each other, but for rounding
        best = watched[[many.best_epoch[network] - 1, run.best_epoch - 1]]
        np.testing.assert_allclose(best[0], best[1], rtol=tolerance)
    np.testing.assert_allclose(many.theta[network], run.theta, rtol=tolerance, atol=tolerance)
    assert set(many.history) == set(run.history)
    for name, values in run.history.items():
        column = many.history[name][:, network]
        np.testing.assert_allclose(column[: run.epochs], values, rtol=tolerance, atol=tolerance)
        assert np.isnan(column[run.epochs :]).all()
