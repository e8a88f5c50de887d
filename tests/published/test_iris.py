"""scikit-learn's example 'Compare stochastic learning strategies for MLPClassifier', iris.

Iris, min-max scaled; 4-100-3 relu, softmax cross-entropy, full batch, lr .2, l2 1e-4 / 150,
stopped after 11 epochs without an improvement of 1e-4. Figures recomputed with scikit-learn to
6 decimals.
"""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.datasets import load_iris

import deltarule as dr

ROWS = [
    (dr.optim.SGD(0.2), 0.096950, 400, "epochs"),
    (dr.optim.Momentum(0.2, 0.9), 0.049530, 139, "patience"),
    (dr.optim.Nesterov(0.2, 0.9), 0.049540, 143, "patience"),
]


def sklearn_s_start(net):
    """NumPy's RandomState(0) draws W, as (n_in, n_out), then b of each layer: glorot bounds."""
    random, layers = np.random.RandomState(0), []
    for n_in, n_out in zip(net.sizes[:-1], net.sizes[1:], strict=True):
        bound = np.sqrt(6.0 / (n_in + n_out))
        W = random.uniform(-bound, bound, (n_in, n_out)).T
        layers.append((W, random.uniform(-bound, bound, n_out)))
    return net.pack(layers)


@pytest.mark.parametrize(
    ("optimizer", "error", "epochs", "stopped"), ROWS, ids=[row[0].name for row in ROWS]
)
def test_training_curves(engine, optimizer, error, epochs, stopped):
    iris = load_iris()
    X = (iris.data - iris.data.min(axis=0)) / np.ptp(iris.data, axis=0)
    net = dr.Network(4, [dr.Dense(100, "relu"), dr.Dense(3, "softmax")])
    run = engine.train(
        net, X, np.eye(3)[iris.target], theta=sklearn_s_start(net), loss="cross_entropy",
        optimizer=optimizer, epochs=400, batch_size=None, l2=1e-4 / 150,
        stop=dr.Patience(11, 1e-4),
    )  # fmt: skip
    assert run.history["error"][-1] == pytest.approx(error, rel=0, abs=0.5000001e-6)
    assert run.epochs == len(run.history["error"]) == epochs
    assert run.stopped == stopped
