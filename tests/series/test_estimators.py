"""The forecaster for scikit-learn's tools."""

from __future__ import annotations

import pickle
from typing import Any

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.model_selection import GridSearchCV, TimeSeriesSplit, cross_val_score

import deltarule as dr
from deltarule.core.errors import DataError, UsageError
from deltarule.series.estimators.scikit import NetworkForecaster
from deltarule.series.recipe import Recipe

QUICK: dict[str, Any] = {"networks": 2, "epochs": 30, "engine": "reference"}


@pytest.fixture(scope="module")
def lynx() -> np.ndarray:
    return dr.forecast("lynx", lags=1, **QUICK).series.values


@pytest.mark.parametrize(
    "options",
    [
        {"lags": 3, "transform": "log"},
        {"lags": "auto", "difference": 1},
        {"lags": 2, "strategy": "direct", "horizon": 4, "random_state": 3},
        {"network": "4-2-2", "detrend": True, "patience": 5},
    ],
)
def test_its_numbers_are_those_of_a_forecast(lynx: np.ndarray, options: dict[str, Any]) -> None:
    model = NetworkForecaster(**options, **QUICK).fit(None, lynx)
    own = {**options, "horizon": 4, "seed": options.get("random_state", 0)}
    own.pop("random_state", None)
    if options.get("lags") == "auto":
        own["lags"] = model.forecaster_.networks.lags  # a forecast finds them before the test part
    found = dr.forecast(lynx, **own, **QUICK)
    np.testing.assert_allclose(model.predict(4), found.mean, rtol=1e-12)
    np.testing.assert_array_equal(model.predict(np.empty((4, 0))), model.predict(4))


def test_its_parameters_are_those_of_a_recipe() -> None:
    own = NetworkForecaster().get_params()
    own["seed"] = own.pop("random_state")
    recipe = Recipe(**own)
    assert recipe == Recipe()


def test_scikit_learns_tools_take_it(lynx: np.ndarray) -> None:
    model = NetworkForecaster(lags=2, **QUICK)
    again = clone(model)
    assert again is not model
    assert again.get_params() == model.get_params()
    assert again.set_params(lags=5).lags == 5
    X, folds = np.empty((114, 0)), TimeSeriesSplit(2, test_size=4)
    scores = cross_val_score(model, X, lynx, cv=folds, error_score="raise")
    model.fit(None, lynx[:110])
    true, said = lynx[110:], model.predict(4)
    r2 = 1 - np.sum((true - said) ** 2) / np.sum((true - true.mean()) ** 2)
    assert scores[1] == pytest.approx(r2, rel=1e-12)
    search = GridSearchCV(model, {"lags": [1, 3], "activation": ["tanh", "identity"]}, cv=folds)
    assert set(search.fit(X, lynx).best_params_) == {"lags", "activation"}
    copy = pickle.loads(pickle.dumps(model))
    np.testing.assert_array_equal(copy.predict(3), model.predict(3))


def test_covariates_are_known_in_the_future() -> None:
    rng = np.random.default_rng(0)
    X = rng.normal(size=(203, 1))
    y = 2 * X[:, 0] + 0.05 * rng.normal(size=203)
    model = NetworkForecaster(lags=1, network="2-1", networks=2).fit(X[:200], y[:200])
    assert model.n_features_in_ == 1
    np.testing.assert_allclose(model.predict(X[200:]), y[200:], atol=0.3)
    with pytest.raises(DataError, match="X has 0 columns for the steps to come, and 1 were given"):
        model.predict(3)


@pytest.mark.parametrize(
    ("X", "y", "said"),
    [
        (None, np.zeros((20, 2)), r"a series has the shape \(n,\)"),
        (None, np.r_[np.arange(19.0), np.nan], "missing or not finite"),
        (np.zeros((5, 1)), np.arange(20.0), "20 rows of covariates"),
        (np.full((20, 1), np.nan), np.arange(20.0), "X: there are values that are missing"),
        (None, np.arange(3.0), "too few"),
    ],
)
def test_what_cannot_be_learnt(X: Any, y: np.ndarray, said: str) -> None:
    with pytest.raises((DataError, UsageError), match=said):
        NetworkForecaster(lags=2, **QUICK).fit(X, y)


def test_what_cannot_be_forecast(lynx: np.ndarray) -> None:
    model = NetworkForecaster(lags=2, **QUICK)
    with pytest.raises(NotFittedError):
        model.predict(1)
    with pytest.raises(UsageError, match="1 or more, not 0"):
        model.fit(None, lynx).predict(0)
