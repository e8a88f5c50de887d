"""What books and other libraries call our activations and losses."""

from __future__ import annotations

import numpy as np
import pytest

import deltarule as dr
from deltarule.activations import ACTIVATIONS
from deltarule.core.registry import AliasWarning
from deltarule.losses import LOSSES
from deltarule.optim import OPTIMISERS


@pytest.mark.parametrize("registry", [ACTIVATIONS, LOSSES, OPTIMISERS], ids=lambda r: r.kind)
def test_every_other_name_is_that_of_a_registered_record(registry):
    for name, of in registry._aliases.items():
        assert of in registry.names(), name
        assert name not in registry.names()


@pytest.mark.parametrize(
    ("name", "f"),
    [
        ("linear", lambda z: z),
        ("none", lambda z: z),
        ("logistic", lambda z: 1 / (1 + np.exp(-z))),
        ("lrelu", lambda z: np.where(z > 0, z, 0.01 * z)),
        ("lrelu:0.2", lambda z: np.where(z > 0, z, 0.2 * z)),
        ("swish", lambda z: z / (1 + np.exp(-z))),
        ("Hyperbolic Tangent", np.tanh),
        ("Leaky-ReLU", lambda z: np.where(z > 0, z, 0.01 * z)),
    ],
)
def test_an_activation_by_an_everyday_name(name, f):
    z = np.array([-2.0, -0.3, 0.7, 3.0])
    net = dr.Network(1, [dr.Dense(1, name, bias=False)])
    assert net([1.0], z[:, None])[:, 0] == pytest.approx(f(z), rel=1e-14)


@pytest.mark.parametrize(
    ("name", "e"),
    [
        ("bce", lambda y, t: -t * np.log(y) - (1 - t) * np.log(1 - y)),
        ("log_loss", lambda y, t: -t * np.log(y) - (1 - t) * np.log(1 - y)),
        ("nll", lambda y, t: -t * np.log(y)),
        ("categorical_crossentropy", lambda y, t: -t * np.log(y)),
        ("SSE", lambda y, t: (t - y) ** 2),
    ],
)
def test_a_loss_by_an_everyday_name(name, e):
    assert LOSSES.get(name)(0.3, 0.8) == pytest.approx(e(0.3, 0.8), rel=1e-14)


@pytest.mark.parametrize(("name", "of"), [("mse", "squared_error"), ("mae", "absolute_error")])
def test_a_name_with_another_factor_says_so(name, of):
    with pytest.warns(AliasWarning, match="a mean over k outputs has 1/k of its gradient"):
        assert LOSSES.get(name).name == of


def test_what_none_of_ours_is_says_what_to_take():
    with pytest.raises(dr.UsageError, match="squared_error has its minimum at the same weights"):
        LOSSES.get("rmse")
    with pytest.raises(dr.UsageError, match="did you mean 'swish'"):
        ACTIVATIONS.get("swisch")
