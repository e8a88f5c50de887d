"""First updates against `dr.train`; published trainings done with explained gradients alone."""

from __future__ import annotations

import numpy as np
import pytest
from explain_cases import weights

import deltarule as dr
from deltarule.optim import OPTIMISERS, Optimiser


@pytest.mark.parametrize("cls", OPTIMISERS.of(Optimiser), ids=lambda cls: cls.name)
@pytest.mark.parametrize("train_bias", [True, False])
def test_the_first_step_is_the_one_that_training_takes(cls, train_bias):
    net = dr.Network(2, [dr.Dense(2, "tanh", train_bias=train_bias), dr.Dense(1)])
    theta, X, T = net.init(seed=2) + 0.1, [[0.3, -1.0], [1.0, 0.5]], [[1.0], [0.0]]
    run = dr.train(net, X, T, theta=theta, reduction="sum", l2=0.1, optimizer=cls(), epochs=1,
                   batch_size=None)  # fmt: skip
    for index, weight in enumerate(weights(net)):
        found = dr.explain(net, theta, X, T, weight=weight, l2=0.1).update
        (update,) = (u for u in found if u.optimizer == cls.name)
        assert update.before == theta[index]
        assert update.after == pytest.approx(run.theta[index], rel=1e-14)
        assert update.change == update.after - update.before
        moved = train_bias or weight[0] == 2 or weight[2] > 0
        assert (update.change != 0.0) == moved


def explained_step(net, theta, x, t, lr):
    """Return theta after one step of gradient descent, every derivative explained by itself."""
    moved = theta.copy()
    for index, weight in enumerate(weights(net)):
        if net.layout.mask("trained")[index]:
            path_products = [p.product for p in dr.explain(net, theta, x, t, weight=weight).paths]
            moved[index] -= lr * sum(path_products)
    return moved


def test_mazur_s_first_step_from_sums_over_paths():
    """The page: every weight after one step, to the digits that it prints."""
    net = dr.Network(2, [dr.Dense(2, "sigmoid", train_bias=False)] * 2)
    theta = net.pack([([[0.15, 0.20], [0.25, 0.30]], [0.35, 0.35]),
                      ([[0.40, 0.45], [0.50, 0.55]], [0.60, 0.60])])  # fmt: skip
    after = net.unpack(explained_step(net, theta, [0.05, 0.10], [0.01, 0.99], 0.5))
    first = [0.149780716, 0.19956143, 0.24975114, 0.29950229]
    second = [0.35891648, 0.408666186, 0.511301270, 0.561370121]
    assert after[0]["W"].ravel().tolist() == pytest.approx(first, rel=0, abs=0.51e-8)
    assert after[1]["W"].ravel().tolist() == pytest.approx(second, rel=0, abs=0.51e-8)
    assert after[0]["b"].tolist() == [0.35, 0.35]


def test_xor_with_all_weights_0_6_from_sums_over_paths():
    """stackoverflow 2359571: largest and mean |T - y| after epochs 1 to 4, online, lr 0.1."""
    net = dr.Network(2, [dr.Dense(2, "sigmoid"), dr.Dense(1, "sigmoid")])
    theta = np.full(net.size, 0.6)
    for layer in net.unpack(theta):
        layer["b"][:] = -0.6
    X, T = [[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]], [0.0, 1.0, 1.0, 0.0]
    published = [
        (0.5435466682137927, 0.4999991292217466), (0.5435080531724404, 0.4999982558452263),
        (0.5434701135827593, 0.4999973799942081), (0.5434328258833577, 0.49999650178769495),
    ]  # fmt: skip
    for largest, mean in published:
        for x, t in zip(X, T, strict=True):
            theta = explained_step(net, theta, x, t, 0.1)
        errors = np.abs(net(theta, X)[:, 0] - T)
        assert errors.max() == pytest.approx(largest, rel=0, abs=1e-15)
        assert errors.mean() == pytest.approx(mean, rel=0, abs=1e-15)
