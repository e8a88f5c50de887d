"""What scores are worth: metrics beside scikit-learn's, intervals, baselines, importance, folds."""

import threading

import numpy as np
import pytest

from deltarule.data import Column, Table, read_table
from deltarule.data.preparation.target import TargetEncoder
from deltarule.models import Recipe, fit, plan
from deltarule.models.cross_validation import cross_validate, fold_of, judge
from deltarule.models.fit import fit_plan
from deltarule.models.judgement import importance, intervals
from deltarule.models.metrics import scores
from deltarule.training.interrupt import ask_to_stop

metrics = pytest.importorskip("sklearn.metrics")


def encoder(task: str, classes: int, names: int = 1) -> TargetEncoder:
    targets = tuple(f"y{i}" for i in range(names))
    columns = [
        Column(n, "text", np.arange(60) % classes, tuple("abcdef"[:classes])) for n in targets
    ]
    table = Table("t", tuple(columns))
    return TargetEncoder.fit(table, np.arange(60), targets, task=task)


@pytest.mark.parametrize("ties", [False, True])
@pytest.mark.parametrize("seed", range(5))
def test_metrics_of_classes_are_scikit_learns(seed, ties):
    rng = np.random.default_rng(seed)
    n = 60
    p = rng.random((n, 1)).round(1 if ties else 15)
    t = (rng.random((n, 1)) < 0.3).astype(float)
    found = scores(encoder("binary", 2), p, t)
    assert found["auc"] == pytest.approx(metrics.roc_auc_score(t[:, 0], p[:, 0]))
    assert found["brier"] == pytest.approx(metrics.brier_score_loss(t[:, 0], p[:, 0]))
    assert found["accuracy"] == metrics.accuracy_score(t[:, 0] > 0.5, p[:, 0] > 0.5)
    y = rng.dirichlet(np.ones(4), n)
    y = y.round(1) / y.round(1).sum(axis=1, keepdims=True) if ties else y
    label = np.arange(n) % 4
    T = np.eye(4)[label]
    found = scores(encoder("multiclass", 4), y, T)
    expected = metrics.roc_auc_score(label, y, multi_class="ovr", average="macro")
    assert found["auc"] == pytest.approx(expected)
    assert found["brier"] == pytest.approx(np.mean(np.sum((y - T) ** 2, axis=1)))
    Y, L = rng.random((n, 3)), (rng.random((n, 3)) < 0.5).astype(float)
    found = scores(encoder("multilabel", 2, 3), Y, L)
    assert found["auc"] == pytest.approx(metrics.roc_auc_score(L, Y, average="macro"))
    assert found["accuracy"] == pytest.approx(1 - metrics.hamming_loss(L > 0.5, Y > 0.5))
    assert found["brier"] == pytest.approx(np.mean((Y - L) ** 2))


def test_the_loss_of_classes_is_scikit_learns_log_loss():
    fitted = fit(read_table("iris"), Recipe(hidden=(4,), epochs=5, dtype="float64"))
    part = fitted.plan.prepared["test"]
    y = fitted.model.network(fitted.model.theta, part.X)
    expected = metrics.log_loss(part.T.argmax(axis=1), y, labels=[0, 1, 2])
    assert fitted.metrics["test"]["loss"] == pytest.approx(expected)


def test_one_class_alone_has_no_auc():
    p, t = np.array([[0.2], [0.7]]), np.ones((2, 1))
    assert np.isnan(scores(encoder("binary", 2), p, t)["auc"])


def test_intervals_are_scipys():
    """The percentile bootstrap of SciPy, with its own draws."""
    stats = pytest.importorskip("scipy.stats")
    x = np.random.default_rng(0).lognormal(size=150)
    low, high = intervals(lambda i: {"mean": float(x[i].mean())}, len(x))["mean"]
    scipys = stats.bootstrap((x,), np.mean, method="percentile", rng=1).confidence_interval
    assert (low, high) == pytest.approx((scipys.low, scipys.high), rel=0.03)


def test_many_rows_are_drawn_in_part():
    """The interval of a mean of 180,000 normal numbers is 2 1.96 / sqrt(180,000) wide."""
    x = np.random.default_rng(0).normal(5.0, 1.0, 180_000)
    low, high = intervals(lambda i: {"mean": float(x[i].mean())}, len(x))["mean"]
    assert low < x.mean() < high
    assert high - low == pytest.approx(2 * 1.96 / np.sqrt(180_000), rel=0.2)


def test_intervals_cover_what_they_should():
    """In 150 samples of 100 rows each, the 95% interval of an accuracy holds the true one."""
    rng = np.random.default_rng(0)
    held = 0
    for _ in range(150):
        right = rng.random(100) < 0.8
        low, high = intervals(lambda i, r=right: {"a": float(r[i].mean())}, 100)["a"]
        held += low <= 0.8 <= high
    assert 0.90 <= held / 150 <= 0.99


def test_baselines_are_known_ones():
    """The mean's R2, the most frequent class; the linear model beside scikit-learn's."""
    linear = pytest.importorskip("sklearn.linear_model")
    recipe = Recipe(hidden=(4,), epochs=2)
    fitted = fit(read_table("diabetes"), recipe)
    train, test = fitted.plan.prepared["train"], fitted.plan.prepared["test"]
    found = fitted.judgement["baselines"]
    assert found["mean"]["r2"] == pytest.approx(0.0, abs=0.05)
    assert found["mean"]["r2"] <= 0
    ols = linear.LinearRegression().fit(train.X, train.T)
    assert found["linear"]["r2"] == pytest.approx(ols.score(test.X, test.T), abs=2e-3)
    fitted = fit(read_table("breast_cancer"), recipe)
    part = fitted.plan.prepared
    found = fitted.judgement["baselines"]
    share = part["test"].T.mean()
    assert found["mean"]["accuracy"] == pytest.approx(max(share, 1 - share))
    assert found["mean"]["auc"] == 0.5
    logistic = linear.LogisticRegression(C=1 / (1e-4 * len(part["train"])), max_iter=5000)
    logistic.fit(part["train"].X, part["train"].T[:, 0])
    expected = logistic.score(part["test"].X, part["test"].T[:, 0])
    assert found["linear"]["accuracy"] == pytest.approx(expected, abs=0.02)
    assert set(fitted.judgement["intervals"]) == {"accuracy", "auc", "brier"}
    low, high = fitted.judgement["intervals"]["accuracy"]
    assert low <= fitted.metrics["test"]["accuracy"] <= high


def made(n: int = 400) -> Table:
    rng = np.random.default_rng(0)
    x = rng.normal(size=(n, 2))
    city = rng.integers(0, 2, n).astype(np.int32)
    y = 3 * x[:, 0] + 2 * city + 0.1 * rng.normal(size=n)
    columns = [Column("strong", "numeric", x[:, 0]), Column("noise", "numeric", x[:, 1])]
    return Table(
        "t", (*columns, Column("city", "text", city, ("a", "b")), Column("y", "numeric", y))
    )


def test_importance_of_known_columns():
    """Shuffling doubles a column's variance in the error: R2 falls by 2 w^2 var x / var y."""
    fitted = fit(made(), Recipe(hidden=(), epochs=150, lr=0.02, dtype="float64"), target="y")
    found = importance(fitted.plan, fitted.model)
    assert next(iter(found)) == "strong"
    assert set(found) == {"strong", "noise", "city"}
    rows = fitted.plan.prepared["test"].rows
    y, x = fitted.plan.table["y"].values[rows], fitted.plan.table["strong"].values[rows]
    assert found["strong"][0] == pytest.approx(2 * 9 * x.var() / y.var(), rel=0.25)
    assert abs(found["noise"][0]) < 0.01 < found["city"][0]


def test_every_row_is_tested_once():
    seen: list[int] = []
    for i in range(4):
        made_ = plan(read_table("iris"), Recipe(hidden=(4,)), fold=(i, 4))
        parts = {name: part.rows for name, part in made_.prepared.parts.items()}
        together = np.concatenate(list(parts.values()))
        assert sorted(together) == list(range(150))
        counts = np.bincount(made_.table["species"].values[parts["test"]])
        assert counts.min() >= 12  # every class in its share
        seen += parts["test"].tolist()
    assert sorted(seen) == list(range(150))


def test_folds_of_a_series_come_after_what_they_are_trained_on():
    for i in range(3):
        parts = plan(read_table("lynx"), Recipe(hidden=(4,)), fold=(i, 3)).prepared.parts
        assert parts["train"].rows.max() < parts["validation"].rows.min()
        assert parts["validation"].rows.max() < parts["test"].rows.min()


def test_cross_validation_and_importance_are_said():
    fitted = fit(read_table("iris"), Recipe(hidden=(8,), epochs=30, lr=0.02))
    judge(fitted, folds=3, columns=True)
    accuracies = fitted.judgement["cross_validation"]["accuracy"]
    assert len(accuracies) == 3
    assert np.mean(accuracies) > 0.85
    assert set(fitted.judgement["importance"]) == set(fitted.model.inputs.names)
    with pytest.raises(ValueError, match="folds"):
        cross_validate(fitted.plan, 1)
    with pytest.raises(ValueError, match="from 2 to 75 folds of 150 rows, not 80"):
        cross_validate(fitted.plan, 80)


def test_folds_side_by_side_are_what_each_is_alone():
    made_ = plan(read_table("diabetes"), Recipe(hidden=(6,), epochs=12, patience=3))
    found = cross_validate(made_, 4)
    for i in range(4):
        alone = fit_plan(fold_of(made_, i, 4)).metrics["test"]
        assert {name: values[i] for name, values in found.items()} == alone


def test_folds_hear_what_the_main_thread_is_asked():
    made_ = plan(read_table("digits"), Recipe(epochs=100_000, patience=0))
    asking = threading.Timer(0.3, ask_to_stop)
    asking.start()
    with pytest.raises(KeyboardInterrupt, match="of 3 folds 0 were done"):
        cross_validate(made_, 3)
    asking.join()
