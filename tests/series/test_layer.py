"""Forecasts by layers to which the lags are time steps."""

from __future__ import annotations

import numpy as np
import pytest

import deltarule as dr
from deltarule import GRU, Dense, UsageError
from deltarule.series.learning import network_of
from deltarule.series.recipe import Recipe

SHORT = {"networks": 2, "epochs": 30, "quantiles": (0.4, 0.6)}


def values(rng, n=80):
    return np.sin(np.arange(n) * 0.7) + 0.05 * rng.normal(size=n)


@pytest.mark.parametrize(
    "layer", ["lstm:3", "gru:3", "elman:3", "conv1d:3:2:1:tanh", "gru:3,gru:2"]
)
def test_a_layer_forecasts_and_comes_back_from_its_folder(layer, rng, tmp_path):
    found = dr.forecast(values(rng), lags=5, layer=layer, **SHORT)
    assert found.recipe.said == f"5-{layer}-1"
    assert np.isfinite(found.mean).all()
    found.save(tmp_path / "folder")
    again = dr.load_forecast(tmp_path / "folder")
    assert again.table["forecast"].to_list() == found.mean.tolist()
    assert f"2 networks 5-{layer}-1" in repr(again)
    why = dr.why_forecast(found, found.times[0])
    assert len(why.shares) == (2 if "conv" in layer else 5)  # its kernel sees two steps


def test_lags_are_steps_the_oldest_first(rng):
    """The network is the layer over the window as it stands in time."""
    net = network_of(Recipe(lags=4, layer="gru:3"), (1, 2, 3, 4), 0, 0)
    assert net.shapes == ((4,), (4, 1), (4, 3), (3,), (1,))
    theta, window = net.init(0), rng.normal(size=4)
    plain = dr.Network((4, 1), net.layers[1:])
    assert np.array_equal(net(theta, window[::-1]), plain(theta, window[:, None]))
    slope = dr.jacobian(plain, theta, window[:, None])
    assert np.array_equal(dr.jacobian(net, theta, window[::-1]), slope)
    with_past = network_of(Recipe(lags=4, layer="gru:3", horizon=1), (1, 2, 3, 4), 2, 0)
    assert with_past.shapes[1] == (4, 3)
    assert with_past.layers[1:] == (GRU(3), net.layers[2], Dense(1))


def test_every_step_by_networks_of_its_own(rng):
    found = dr.forecast(values(rng), lags=4, layer="gru:2", horizon=2, strategy="direct", **SHORT)
    assert found.mean.shape == (2,)


def test_a_bundled_series_knows_its_lags():
    found = dr.forecast("lynx", layer="elman:2", **SHORT)
    assert found.recipe.lags == tuple(range(1, len(found.recipe.lags) + 1))


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"layer": "lstm"}, "missing a required argument: 'units'"),
        ({"layer": "lstn:3"}, "unknown layer 'lstn', did you mean 'lstm'"),
        ({"layer": "dense:3"}, r"the layer dense:3 sees no time steps.*lstm:8"),
        ({"layer": "gru:3", "network": "5-3-1"}, "the network 5-3-1 and the layer gru:3 are two"),
        ({"layer": "gru:3", "activation": "relu"}, r"elman:8:relu: leave out activation='relu'"),
        ({"layer": dr.GRU(3)}, r"layers are written as text, such as gru:8.*, not GRU"),
        ({"layer": "gru:3", "rule": "feedback=direct"}, "direct"),
    ],
)
def test_what_does_not_fit_is_refused(options, says, rng):
    with pytest.raises(UsageError, match=says):
        dr.forecast(values(rng), **({"lags": 5} | SHORT | options))


def test_covariates_without_lags_are_refused():
    with pytest.raises(UsageError, match="the layer gru:3 sees the lags step by step; covariates"):
        network_of(Recipe(lags=4, layer="gru:3"), (1, 2, 3, 4), 0, 1)
