"""scikit-learn's multi-layer perceptron: `fit` from a given start, all its extras switched off.

It joins each output to its own loss, so that a sigmoid output with squared error is beyond it:
there it trains the same network on binary cross-entropy, and is checked against that. Its squared
error is a mean over outputs while its gradient is not; the error is corrected before it is
compared.
"""

from __future__ import annotations

import os
from dataclasses import replace

import numpy as np
from serve import NotDone
from sklearn.neural_network import MLPClassifier, MLPRegressor
from threadpoolctl import threadpool_limits
from work import Work

from layers import join, split


def nearest(work: Work) -> Work:
    """Return the work that scikit-learn offers instead."""
    if work.output == "sigmoid":
        return replace(work, loss="binary_cross_entropy")
    return work


def _model(work: Work):
    make = MLPRegressor if work.output == "identity" else MLPClassifier
    return make(
        hidden_layer_sizes=work.sizes[1:-1],
        activation="logistic" if work.hidden == "sigmoid" else work.hidden,
        solver=work.optimiser,
        alpha=0.0,
        batch_size=work.batch,
        learning_rate_init=work.lr,
        shuffle=False,
        momentum=0.0,
        nesterovs_momentum=False,
        warm_start=True,
        tol=0.0,
        n_iter_no_change=10**9,
    )


def prepare(work: Work, X: np.ndarray, T: np.ndarray, theta: np.ndarray):
    """Return `train(epochs)`."""
    if work.networks > 1:
        raise NotDone("not offered: it trains one network at a time")
    targets = T if work.output == "identity" else _labels(T)
    scale = work.sizes[-1] if work.output == "identity" else 1
    model = _model(work)

    def train(epochs: int):
        layers = split(work.sizes, theta[0])
        if hasattr(model, "coefs_"):
            model.coefs_ = [W.T.copy() for W, _ in layers]
            model.intercepts_ = [b.copy() for _, b in layers]
        model.set_params(max_iter=epochs).fit(X, targets)
        trained = zip(model.coefs_, model.intercepts_, strict=True)
        return join([(W.T, b) for W, b in trained]), model.loss_ * scale

    _quiet(train)
    threadpool_limits(os.cpu_count())
    return train


def _labels(T: np.ndarray) -> np.ndarray:
    return T[:, 0].astype(np.int64) if T.shape[1] == 1 else T.argmax(axis=1)


def _quiet(train) -> None:
    """Train once to give the model its shapes; ConvergenceWarning is what fixed epochs bring."""
    import warnings

    from sklearn.exceptions import ConvergenceWarning

    warnings.simplefilter("ignore", ConvergenceWarning)
    train(1)
