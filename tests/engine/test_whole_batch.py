"""What an optimiser of the whole vector is given: each way to ask leads to the same numbers."""

from __future__ import annotations

import numpy as np
import pytest

import deltarule as dr
from deltarule.engine import Objective
from deltarule.engine import whole_batch as module
from deltarule.engine.samples import as_samples
from deltarule.engine.whole_batch import WholeBatch


@pytest.mark.parametrize("block", [1 << 22, 100])
@pytest.mark.parametrize("reduction", ["sum", "mean"])
@pytest.mark.parametrize("loss", ["half_squared_error", "squared_error"])
@pytest.mark.parametrize("weighted", [True, False])
def test_all_ways_lead_to_the_same_numbers(loss, reduction, weighted, block, monkeypatch):
    monkeypatch.setattr(module, "_NUMBERS", block)
    net = dr.Network(3, [dr.Dense(4, "tanh", train_bias=False), dr.Dense(2, "sigmoid")])
    rng = np.random.default_rng(0)
    X, T, v = rng.normal(size=(9, 3)), rng.uniform(size=(9, 2)), rng.normal(size=net.size)
    weight = rng.uniform(0.0, 2.0, 9) if weighted else None
    objective = Objective.of(net, loss, reduction, "exact", 0.3)
    of = WholeBatch(objective, as_samples(net, objective.loss, X, T, weight, np.float64))
    theta = net.init(0) + 0.1
    options = {"loss": loss, "reduction": reduction, "sample_weight": weight, "l2": 0.3}
    moves = net.layout.mask("trained")

    bp = dr.backprop(net, theta, X, T, **options)
    E, g, G = of.normal_equations(theta)
    curved = np.where(moves, dr.gauss_newton_vector(net, theta, X, T, v * moves, **options), 0.0)
    half, r, J = of.residuals(theta)
    for error in (E, half, of.error(theta), of.gradient(theta)[0]):
        assert error == pytest.approx(bp.error, rel=1e-14)
    for gradient in (g, of.gradient(theta)[1], J.rmatvec(r)):
        np.testing.assert_allclose(gradient, np.where(moves, bp.gradient, 0.0), atol=1e-14)
    for product in (G @ v, of.gauss_newton_vector(theta, v), J.rmatvec(J.matvec(v))):
        np.testing.assert_allclose(product, curved, atol=1e-14)
    np.testing.assert_allclose(r @ J.matvec(v), g @ v, atol=1e-14)
    along = np.where(moves, dr.hessian_vector(net, theta, X, T, v * moves, **options), 0.0)
    np.testing.assert_allclose(of.hessian_vector(theta, v), along, atol=1e-15)
