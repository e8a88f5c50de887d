"""The estimators in what people put them into; scikit-learn's own checks are in `peers/`."""

from __future__ import annotations

import pickle
import warnings
from typing import Any

import numpy as np
import pytest
import scipy.sparse
import sklearn
from hypothesis import given
from hypothesis import strategies as st
from sklearn.base import clone
from sklearn.datasets import load_diabetes, load_iris, make_classification
from sklearn.exceptions import ConvergenceWarning
from sklearn.model_selection import GridSearchCV, cross_val_predict
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

import deltarule as dr
from deltarule.core.errors import UsageError
from deltarule.sklearn import NetworkClassifier, NetworkRegressor
from deltarule.sklearn.forward import outputs_of


def quick(kind: Any = NetworkClassifier, **more: Any) -> Any:
    return kind(**{"optimizer": "lbfgs", "random_state": 0, "hidden_layer_sizes": 5, **more})


@pytest.fixture(scope="module")
def iris() -> tuple[np.ndarray, np.ndarray]:
    X, y = load_iris(return_X_y=True)
    return (X - X.mean(axis=0)) / X.std(axis=0), y


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@given(
    sizes=st.tuples(*[st.integers(1, 60)] * 2, st.integers(2, 9)),
    n=st.integers(1, 120),
    seed=st.integers(0, 2**31),
)
def test_predictions_of_some_rows_are_to_the_bit_those_of_all(
    dtype: Any, sizes: tuple[int, int, int], n: int, seed: int
) -> None:
    inputs, hidden, outputs = sizes
    net = dr.Network(inputs, [dr.Dense(hidden, "tanh"), dr.Dense(outputs, "softmax")])
    rng = np.random.default_rng(seed)
    theta, X = net.init(seed, dtype), rng.normal(size=(n, inputs)).astype(dtype)
    Y, some = outputs_of(net, theta, X), rng.permutation(n)[: rng.integers(1, n + 1)]
    assert np.array_equal(outputs_of(net, theta, X[some]), Y[some])
    np.testing.assert_allclose(Y, net(theta, X), rtol=200 * np.finfo(dtype).eps)


@pytest.mark.parametrize("optimizer", ["adam", "nesterov", "lbfgs"])
def test_a_weight_is_the_row_repeated(optimizer: str, iris: Any) -> None:
    X, y = iris
    some = np.random.default_rng(1).integers(0, 4, len(X))
    net = quick(optimizer=optimizer, max_iter=30, batch_size=None, n_iter_no_change=None)
    one, two = clone(net).fit(X, y, some), clone(net).fit(X.repeat(some, 0), y.repeat(some))
    np.testing.assert_allclose(one.predict_proba(X), two.predict_proba(X), rtol=1e-5, atol=1e-9)


def test_balanced_classes_count_weights(iris: Any) -> None:
    X, y = iris[0][:110], iris[1][:110]
    some = np.random.default_rng(1).integers(0, 4, len(X))
    net = quick(class_weight="balanced", max_iter=20)
    one, two = clone(net).fit(X, y, some), clone(net).fit(X.repeat(some, 0), y.repeat(some))
    np.testing.assert_allclose(one.predict_proba(X), two.predict_proba(X), rtol=1e-4, atol=1e-8)
    counts = np.bincount(y[some > 0], some[some > 0])
    by_hand = quick(class_weight=dict(enumerate(counts.sum() / (3 * counts))), max_iter=20)
    np.testing.assert_allclose(
        by_hand.fit(X, y, some).predict_proba(X), one.predict_proba(X), rtol=1e-6, atol=1e-9
    )


def test_the_same_as_train_with_the_same_seed(iris: Any) -> None:
    X, y = iris
    more: Any = {"l2": 0.01, "penalty": "weight_elimination:0.02"}
    found = NetworkClassifier((7,), max_iter=5, n_iter_no_change=None, random_state=3, **more)
    found.fit(X, y)
    run = dr.train(
        dr.Network(4, [dr.Dense(7, "relu"), dr.Dense(3, "softmax")]), X, np.eye(3)[y],
        loss="cross_entropy", epochs=5, batch_size=150, seed=found.run_.seed, **more,
    )  # fmt: skip
    assert np.array_equal(found.theta_, run.theta)
    assert found.loss_curve_ == run.history["error"].tolist()


def test_scikit_learns_own_network_has_the_same_outputs(iris: Any) -> None:
    """`coefs_` and `intercepts_` are laid out as scikit-learn's."""
    X, y = iris
    ours = quick(activation="tanh", hidden_layer_sizes=(4, 3)).fit(X, y)
    theirs = MLPClassifier((4, 3), "tanh", max_iter=1)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        theirs.fit(X, y)
    theirs.coefs_, theirs.intercepts_ = ours.coefs_, ours.intercepts_
    np.testing.assert_allclose(theirs.predict_proba(X), ours.predict_proba(X), rtol=1e-9)


def test_partial_fit_in_parts_keeps_adams_vectors(iris: Any) -> None:
    X, y = iris
    net = NetworkClassifier(4, max_iter=6, n_iter_no_change=None, random_state=0, batch_size=32)
    whole, epochs = clone(net).fit(X, y), clone(net)
    for _ in range(6):
        epochs.partial_fit(X, y, classes=[0, 1, 2])
    assert np.array_equal(whole.theta_, epochs.theta_)
    assert epochs.n_iter_ == 6
    halves = clone(net).set_params(max_iter=3, warm_start=True).fit(X, y).fit(X, y)
    assert np.array_equal(whole.theta_, halves.theta_)
    assert halves.loss_curve_ == whole.loss_curve_


def test_what_changes_between_two_fits_counts(iris: Any) -> None:
    X, y = iris
    net = NetworkClassifier(4, max_iter=2, n_iter_no_change=None, random_state=0, warm_start=True)
    net.fit(X.astype(np.float32), y).fit(X, y)
    assert net.theta_.dtype == np.float32
    net.set_params(optimizer="momentum", l2=100.0).fit(X, y)
    assert (net.run_.objective.l2, len(net.run_.state.slots)) == (100.0, 1)
    before = net.theta_.copy()
    net.set_params(optimizer="lbfgs", l2=0.0, max_iter=50).fit(X, y)
    assert not np.array_equal(before, net.theta_)
    net.set_params(optimizer="adam").fit(X, y).partial_fit(X, y)
    net.set_params(activation="tanh")
    with pytest.raises(UsageError, match="those of a 4-4-3 relu network"):
        net.fit(X, y)


def test_a_stream_of_parts_never_seen_together() -> None:
    X, y = make_classification(3000, 8, n_informative=6, random_state=0)
    net = NetworkClassifier(16, learning_rate_init=0.01, random_state=0, batch_size=50)
    for _ in range(5):
        for start in range(0, 2500, 100):
            net.partial_fit(X[start : start + 100], y[start : start + 100], classes=[0, 1])
    assert net.score(X[2500:], y[2500:]) > 0.85


def test_early_stopping_watches_rows_that_are_held_out(iris: Any) -> None:
    net = NetworkClassifier(8, early_stopping=True, n_iter_no_change=3, tol=0.05, random_state=0)
    net.fit(*iris)
    assert net.run_.stopped == "patience"
    assert len(net.run_.history["validation_error"]) == net.n_iter_ < 200
    net.set_params(warm_start=True, max_iter=2)
    with pytest.warns(ConvergenceWarning, match="2 epochs are done"):
        net.fit(*iris)


def test_sparse_rows_and_single_precision(iris: Any) -> None:
    X, y = iris
    dense = quick().fit(X, y).predict_proba(X)
    for form in (scipy.sparse.csr_matrix, scipy.sparse.csc_array):
        assert np.array_equal(quick().fit(form(X), y).predict_proba(form(X)), dense)
    assert quick().fit(X.astype(np.float32), y).predict_proba(X).dtype == np.float32


def test_labels_and_columns(iris: Any) -> None:
    X, y = iris
    labels = np.column_stack([y == 0, y > 0, X[:, 0] > 0]).astype(int)
    net = quick(l2=1e-3).fit(X, labels)
    assert (net.predict(X) == labels).mean() > 0.98
    assert net.predict_proba(X).shape == (150, 3)
    sparse = quick(l2=1e-3).fit(X, scipy.sparse.csr_matrix(labels))
    assert np.array_equal(sparse.predict(X), net.predict(X))
    values = quick(NetworkRegressor).fit(X, np.column_stack([y, X[:, 0]]))
    assert values.predict(X).shape == (150, 2)
    assert quick(NetworkRegressor).fit(X, y[:, None]).predict(X).shape == (150, 1)
    counts = quick(NetworkRegressor, loss="poisson").fit(X, y)
    assert counts.predict(X).min() > 0


def test_pipelines_searches_pickles_and_routing(iris: Any) -> None:
    X, y = load_iris(return_X_y=True, as_frame=False)
    names = np.array(["setosa", "versicolor", "virginica"])[y]
    with sklearn.config_context(enable_metadata_routing=True):
        net = quick(l2=1e-3, threads=1).set_fit_request(sample_weight=True)
        net.set_score_request(sample_weight=True)
        tuned = GridSearchCV(
            make_pipeline(StandardScaler().set_fit_request(sample_weight=True), net),
            {"networkclassifier__hidden_layer_sizes": [(2,), (4, 3)]},
            cv=3,
        ).fit(X, names, sample_weight=np.ones(150))
    again = pickle.loads(pickle.dumps(tuned))
    assert np.array_equal(again.predict(X), tuned.predict(X))
    assert tuned.best_score_ > 0.93
    assert "NetworkClassifier" in tuned._repr_html_()
    assert (cross_val_predict(net, *iris, cv=3) == y).mean() > 0.9
    pipe = make_pipeline(OneHotEncoder().set_output(transform="default"), quick())
    words = np.array([["a"], ["b"], ["c"]] * 10)
    assert pipe.fit(words, words[:, 0]).score(words, words[:, 0]) == 1.0


def test_a_regressor_learns() -> None:
    X, y = load_diabetes(return_X_y=True)
    net = make_pipeline(StandardScaler(), quick(NetworkRegressor, l2=10.0, max_iter=100))
    assert net.fit(X[:300], y[:300]).score(X[300:], y[300:]) > 0.45


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"activation": "sigmod"}, "did you mean 'sigmoid'"),
        ({"optimizer": "lbfgs", "learning_rate_init": 0.1}, "leave out learning_rate_init"),
        ({"class_weight": {7: 1.0}}, "the class 7, which y does not have"),
        ({"class_weight": "even"}, "'balanced' or a dictionary"),
        ({"max_iter": 0}, "max_iter is a whole number of at least 1"),
        ({"hidden_layer_sizes": (3, 0)}, "hidden_layer_sizes is a whole number"),
        ({"loss": "absolute_eror"}, "did you mean 'absolute_error'"),
        ({"batch_size": "all"}, "batch_size is a whole number"),
        ({"random_state": np.random.default_rng(3)}, "and not a Generator: pass int"),
    ],
)
def test_what_cannot_be_is_said(options: dict[str, Any], message: str, iris: Any) -> None:
    with pytest.raises(UsageError, match=message):
        NetworkClassifier(**options).fit(*iris)


def test_what_cannot_go_on_is_said(iris: Any) -> None:
    X, y = iris
    with pytest.raises(UsageError, match="compares E over all rows"):
        quick().partial_fit(X, y, classes=[0, 1, 2])
    net = NetworkClassifier(3, random_state=0).partial_fit(X, y, classes=[0, 1, 2])
    with pytest.raises(UsageError, match="the class 3, and the network was made for"):
        net.partial_fit(X, y + 1)
    with pytest.raises(ValueError, match="MultiOutputClassifier"):
        quick().fit(X, np.column_stack([y, y]))
    warm = quick(warm_start=True).fit(X, y)
    with pytest.raises(
        UsageError,
        match=r"4-5-3 relu network, and .* a 2-5-3 relu one",
    ):
        warm.fit(X[:, :2], y)
