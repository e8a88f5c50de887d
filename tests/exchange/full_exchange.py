"""Thirty random models in PyTorch and C, fifty random pipelines: `make proof`.

ONNX by onnxruntime is in tests/peers/test_exchange.py, thirty models as well.
"""

from __future__ import annotations

import importlib.util
import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from random_models import random_model
from sklearn.compose import make_column_transformer
from sklearn.datasets import load_breast_cancer, load_diabetes, load_iris, load_wine
from sklearn.decomposition import PCA
from sklearn.feature_selection import SelectKBest
from sklearn.impute import SimpleImputer
from sklearn.model_selection import GridSearchCV, RandomizedSearchCV, cross_val_predict
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import (
    MinMaxScaler,
    PolynomialFeatures,
    QuantileTransformer,
    RobustScaler,
    StandardScaler,
)

import deltarule as dr
from deltarule.exchange.c.compiled import compiler
from deltarule.sklearn import NetworkClassifier, NetworkRegressor


@pytest.mark.parametrize("seed", range(30))
@pytest.mark.parametrize(("to", "train"), [("torch", False), ("c", False), ("c", True)])
def test_thirty_models_on_a_thousand_rows(seed: int, to: str, train: bool, tmp_path: Path) -> None:
    if to == "torch" and importlib.util.find_spec("torch") is None:
        pytest.skip("PyTorch is in the extra `peers`")
    if to == "c" and compiler() is None:
        pytest.skip("there is no C compiler")
    made = dr.export(random_model(seed, tmp_path), to, tmp_path / f"m.{to[0]}", train=train)
    assert made.rows == 1000
    assert made.difference is not None
    assert made.difference < 1e-6


def _pipeline(rng: np.random.Generator) -> tuple[Any, Any, Any]:
    """Return a pipeline at random, and what it is fitted on."""
    load, kind = [
        (load_iris, NetworkClassifier), (load_wine, NetworkClassifier),
        (load_breast_cancer, NetworkClassifier), (load_diabetes, NetworkRegressor),
    ][rng.integers(4)]  # fmt: skip
    X, y = load(return_X_y=True)
    gaps = rng.random() < 0.3
    if gaps:
        X = np.where(rng.random(X.shape) < 0.02, np.nan, X)
    scale = rng.choice([StandardScaler, MinMaxScaler, RobustScaler])()
    if rng.random() < 0.3:
        scale = make_column_transformer(
            (scale, slice(0, 2)), (QuantileTransformer(n_quantiles=50), slice(2, None))
        )
    middle: Any = ["passthrough", PCA(3), SelectKBest(k=3), PolynomialFeatures(2)][rng.integers(4)]
    by = str(rng.choice(["adam", "lbfgs", "rprop", "momentum"]))
    network = kind(
        tuple(int(n) for n in rng.integers(2, 20, rng.integers(0, 3))),
        str(rng.choice(["tanh", "relu", "gelu", "softplus"])), optimizer=by, random_state=0,
        l2=float(rng.choice([0.0, 1e-3])), max_iter=int(rng.integers(5, 40)), threads=1,
        tol=0.0, n_iter_no_change=None if by != "lbfgs" else 10,
    )  # fmt: skip
    steps = [("fill", SimpleImputer() if gaps else "passthrough"), ("scale", scale),
             ("middle", middle), ("network", network)]  # fmt: skip
    return Pipeline(steps), X, y


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.parametrize("seed", range(50))
def test_fifty_pipelines(seed: int) -> None:
    """Fitted, pickled, sliced, scored, and cross-validated."""
    pipeline, X, y = _pipeline(np.random.default_rng(seed))
    pipeline.fit(X, y)
    said = pipeline.predict(X)
    again = pickle.loads(pickle.dumps(pipeline))
    assert np.array_equal(again.predict(X), said)
    assert np.array_equal(pipeline.predict(X[5:25]), said[5:25])
    assert np.isfinite(pipeline.score(X, y))
    if hasattr(pipeline, "predict_proba"):
        p = pipeline.predict_proba(X)
        np.testing.assert_allclose(p.sum(axis=1), 1, atol=1e-6)
        assert np.array_equal(pipeline.classes_[p.argmax(axis=1)], said)
    held_out = cross_val_predict(pipeline, X, y, cv=2)
    assert held_out.shape == said.shape


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_searches_in_two_processes_find_what_one_finds() -> None:
    X, y = load_wine(return_X_y=True)
    network = NetworkClassifier((5,), "tanh", optimizer="lbfgs", random_state=0, threads=1)
    pipeline = Pipeline([("scale", StandardScaler()), ("network", network)])
    grid = {"network__l2": [1e-4, 1e-2, 1.0], "network__hidden_layer_sizes": [(2,), (8, 4)]}
    one, two = (GridSearchCV(pipeline, grid, cv=3, n_jobs=n).fit(X, y) for n in (1, 2))
    assert one.best_params_ == two.best_params_
    assert np.array_equal(one.cv_results_["mean_test_score"], two.cv_results_["mean_test_score"])
    drawn = RandomizedSearchCV(pipeline, grid, n_iter=3, cv=2, n_jobs=2, random_state=0).fit(X, y)
    assert drawn.best_score_ > 0.6
