"""Ours: the compiled engine, through the public functions and nothing else."""

from __future__ import annotations

import numpy as np
from serve import NotDone
from work import Work, network

import deltarule as dr


def prepare(work: Work, X: np.ndarray, T: np.ndarray, theta: np.ndarray):
    """Return `train(epochs)`; `NotDone` where the engine or `train_many` is missing."""
    optimiser = dr.optim.SGD(work.lr) if work.optimiser == "sgd" else dr.optim.Adam(work.lr)
    net, one = network(work), work.networks == 1
    train_one_or_many = dr.train if one else getattr(dr, "train_many", None)
    if train_one_or_many is None:
        raise NotDone("not built: there is no train_many")

    def train(epochs: int):
        run = train_one_or_many(
            net, X, T, theta=theta[0] if one else theta, loss=work.loss, reduction="mean",
            optimizer=optimiser, epochs=epochs, batch_size=work.batch, shuffle=False,
            engine="compiled",
        )  # fmt: skip
        return np.atleast_2d(run.theta), np.mean(run.history["error"][-1])

    try:
        train(1)
    except dr.UsageError as error:
        if "engine" not in str(error):
            raise
        raise NotDone("not built: there is no compiled engine") from None
    return train
