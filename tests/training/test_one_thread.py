"""Optimisers of the whole vector: BLAS has one thread from the first product to the last."""

from __future__ import annotations

import numpy as np
import pytest
from threadpoolctl import threadpool_info, threadpool_limits

import deltarule as dr
from deltarule.engine.whole_batch import WholeBatch

NET = dr.Network(3, [dr.Dense(8, "tanh"), dr.Dense(8, "tanh"), dr.Dense(2)])


def samples():
    rng = np.random.default_rng(0)
    return rng.normal(size=(57, 3)), rng.normal(size=(57, 2))


def blas() -> set[int]:
    return {pool["num_threads"] for pool in threadpool_info() if pool["user_api"] == "blas"}


@pytest.mark.parametrize("several", [False, True])
def test_one_thread_from_the_first_gradient_on_and_as_many_as_before_at_the_end(
    monkeypatch, several
):
    seen, gradient = [], WholeBatch.gradient

    def noted(*arguments):
        seen.append(blas())
        return gradient(*arguments)

    monkeypatch.setattr(WholeBatch, "gradient", noted)
    options = {"optimizer": "lbfgs", "epochs": 4, "batch_size": None}
    with threadpool_limits(2, user_api="blas"):
        if several:
            dr.train_many(NET, *samples(), seeds=range(5), threads=3, **options)
        else:
            dr.train(NET, *samples(), **options)
        assert blas() == {2}
    assert len(seen) > 4
    assert all(limits == {1} for limits in seen)


def test_several_networks_at_once_have_the_same_bits_every_time():
    options = {"optimizer": "levenberg_marquardt", "epochs": 30, "batch_size": None}
    with threadpool_limits(2, user_api="blas"):
        runs = [
            dr.train_many(NET, *samples(), seeds=range(6), threads=3, dtype="float32", **options)
            for _ in range(6)
        ]
    assert len({run.theta.tobytes() for run in runs}) == 1
