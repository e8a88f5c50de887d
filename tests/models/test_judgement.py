"""What scores are worth: metrics beside scikit-learn's, intervals, baselines, importance, folds."""

import threading

import numpy as np
import pytest
from threadpoolctl import threadpool_limits

from deltarule.core.errors import DataError, UsageError
from deltarule.data import Column, Table, read_table
from deltarule.data.preparation.target import TargetEncoder
from deltarule.exchange.operations import operations_of
from deltarule.models import Recipe, fit, load, plan, save
from deltarule.models.fit import fit_plan
from deltarule.models.judgement import baselines, judged
from deltarule.models.judgement.asking import Asked
from deltarule.models.judgement.calibration import reliability
from deltarule.models.judgement.folds import cross_validate, fold_of
from deltarule.models.judgement.importance import dependence, importance
from deltarule.models.judgement.judged import intervals, score_intervals
from deltarule.models.metrics import r2_of, scores
from deltarule.models.threshold import best_threshold, score_at
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


def test_intervals_cover_what_they_should(monkeypatch):
    """In 150 samples of 100 rows each, the 95% interval of an accuracy holds the true one."""
    monkeypatch.setattr(judged, "_RESAMPLES", (199, 199))
    rng = np.random.default_rng(0)
    held = 0
    for _ in range(150):
        right = rng.random(100) < 0.8
        low, high = intervals(lambda i, r=right: {"a": float(r[i].mean())}, 100)["a"]
        held += low <= 0.8 <= high
    assert 0.90 <= held / 150 <= 0.99


def test_intervals_of_r2_and_accuracy_cover_what_they_should(monkeypatch):
    """Of 120 samples of 150 rows the 95% interval holds the score of all rows there could be."""
    monkeypatch.setattr(judged, "_RESAMPLES", (199, 199))
    rng, held, right = np.random.default_rng(1), 0, 0
    targets = encoder("binary", 2)
    for _ in range(120):
        y = rng.normal(size=(150, 1))
        T = y + 0.5 * rng.normal(size=(150, 1))  # R2 = 1 - 0.25 / 1.25
        low, high = intervals(lambda i, y=y, T=T: {"r2": r2_of(y[i], T[i])}, 150)["r2"]
        held += low <= 0.8 <= high
        t = (rng.random((20, 1)) < 0.95).astype(float)  # all are called so: 19 of 20 are right
        low, high = score_intervals(targets, np.full((20, 1), 0.9), t)["accuracy"]
        right += low <= 0.95 <= high
    assert 0.88 <= held / 120 <= 0.99
    assert right / 120 >= 0.90


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


def test_the_nearest_rows_are_scikit_learns():
    """Its neighbours' mean, with the number of them that is best on the validation rows."""
    neighbors = pytest.importorskip("sklearn.neighbors")
    for name, score in (("diabetes", "r2"), ("wine", "accuracy")):
        fitted = fit(read_table(name), Recipe(hidden=(4,), epochs=2))
        train, held_out, test = (fitted.plan.prepared[n] for n in ("train", "validation", "test"))
        errors = {}
        for k in (1, 2, 4, 8, 16, 32, 64):
            model = neighbors.KNeighborsRegressor(k).fit(train.X, train.T)
            errors[k] = metrics.mean_squared_error(held_out.T, model.predict(held_out.X)), model
        said = min(errors.values(), key=lambda found: found[0])[1].predict(test.X)
        expected = scores(fitted.plan.prepared.targets, said.reshape(test.T.shape), test.T)
        found = fitted.judgement["baselines"]["nearest"][score]
        assert found == pytest.approx(expected[score], abs=1e-6)


@pytest.mark.parametrize("task", ["regression", "count", "multiclass", "multilabel"])
def test_boosted_trees_are_scikit_learns(task, monkeypatch):
    """Shown where there are rows enough for them."""
    ensemble = pytest.importorskip("sklearn.ensemble")
    rng = np.random.default_rng(0)
    x = rng.uniform(-1, 1, (240, 2))
    odd, sums = (x[:, 0] * x[:, 1] > 0).astype(np.int32), np.sign(x).sum(axis=1) + 2
    first = {
        "regression": Column("y", "numeric", sums + 0.3 * rng.normal(size=240)),
        "count": Column("y", "numeric", sums),
        "multiclass": Column("y", "text", sums.astype(np.int32) // 2, ("a", "b", "c")),
    }.get(task, Column("y", "text", odd, ("no", "yes")))
    targets = [first, Column("z", "text", 1 - odd, ("0", "1"))][: 1 + (task == "multilabel")]
    inputs = [Column(f"x{k}", "numeric", x[:, k]) for k in range(2)]
    given = Table("t", (*inputs, *targets)), Recipe(hidden=(4,), epochs=1, task=task)
    few = fit(*given, target=[t.name for t in targets])
    assert list(few.judgement["baselines"]) == ["mean", "linear", "nearest"]
    monkeypatch.setattr(baselines, "_BOOSTED", 100)
    fitted = fit(*given, target=[t.name for t in targets])
    X, T, new, true = (
        array
        for part in (fitted.plan.prepared["train"], fitted.plan.prepared["test"])
        for array in (part.X, part.T.argmax(axis=1) if task == "multiclass" else part.T[:, 0])
    )
    kind, score = "Classifier", "accuracy"
    options = {"random_state": 0}
    if task in ("regression", "count"):
        kind, score = "Regressor", "r2"
        options["loss"] = "poisson" if task == "count" else "squared_error"
    with threadpool_limits(1):
        model = getattr(ensemble, f"HistGradientBoosting{kind}")(**options).fit(X, T)
    found = fitted.judgement["baselines"]["boosting"]
    assert found[score] == pytest.approx(model.score(new, true))
    assert found[score] > 0.5


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
    Asked(folds=3, importance=True).answer(fitted)
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


def test_scores_by_group_are_those_of_its_rows():
    fitted = fit(made(), Recipe(hidden=(4,), epochs=10), target="y")
    Asked(by=["city", "noise"]).answer(fitted)
    groups, test = fitted.judgement["groups"], fitted.plan.prepared["test"]
    cities = fitted.plan.table["city"]
    said = fitted.model.targets.inverse(fitted.model.network(fitted.model.theta, test.X))
    true = fitted.plan.table["y"].values[test.rows]
    for name, one in groups["city"].items():
        here = cities.values[test.rows] == cities.categories.index(name)
        assert one["rows"] == here.sum()
        assert one["r2"] == pytest.approx(metrics.r2_score(true[here], said[here, 0]))
        low, high = one["interval"]
        assert low < one["r2"] < high
    assert sum(one["rows"] for one in groups["city"].values()) == len(test)
    quarters = [one["rows"] for one in groups["noise"].values()]
    assert len(quarters) == 4
    assert set(quarters) == {len(test) // 4}
    with pytest.raises(DataError, match=r"no column 'ctiy', did you mean 'city'"):
        Asked(by=["ctiy"]).check(fitted.plan)
    without = plan(read_table("diabetes", drop=["sex"]), Recipe(), dropped=["sex"])
    with pytest.raises(UsageError, match=r"left out with --drop.*`--id sex`"):
        Asked(by=["sex"]).check(without)


def test_partial_dependence_is_the_mean_with_a_column_at_one_value():
    fitted = fit(made(), Recipe(hidden=(), epochs=150, lr=0.02, dtype="float64"), target="y")
    found = dependence(fitted.plan, fitted.model, ["strong", "city"])
    x, y = (np.ravel(found["strong"][name]) for name in ("values", "means"))
    slope, at = np.polyfit(x, y, 1)  # the model is linear
    assert slope == pytest.approx(3.0, rel=0.05)
    assert np.ptp(y - slope * x - at) < 1e-9
    table, rows = fitted.plan.table, fitted.plan.prepared["test"].rows
    columns = {name: table[name].values[rows] for name in ("strong", "noise")}
    for city, (mean,) in zip(found["city"]["values"], found["city"]["means"], strict=True):
        said = fitted.model.predict({**columns, "city": [city] * len(rows)})
        assert mean == pytest.approx(said.mean(), rel=1e-6)


def test_reliability_beside_scikit_learn():
    calibration = pytest.importorskip("sklearn.calibration")
    rng = np.random.default_rng(3)
    p = rng.random(1000)
    t = rng.random(1000) < p**2
    found = reliability(p, t)
    share, mean = calibration.calibration_curve(t, p, n_bins=10, strategy="quantile")
    assert [one["share"] for one in found] == pytest.approx(share, abs=0.02)
    assert [one["p"] for one in found] == pytest.approx(mean, abs=0.01)
    assert all(one["low"] <= one["share"] <= one["high"] for one in found)
    assert sum(one["rows"] for one in found) == 1000


@pytest.mark.parametrize("rare", [True, False])
def test_no_threshold_is_better_on_the_rows_it_was_chosen_on(rare):
    rng = np.random.default_rng(1)
    t = rng.random(300) < (0.1 if rare else 0.9)
    p = np.clip(rng.normal(0.15 + 0.2 * t, 0.1), 0.01, 0.99).round(2)
    known = {
        "f1": lambda said: metrics.f1_score(t, said, pos_label=rare),
        "balanced": lambda said: metrics.balanced_accuracy_score(t, said),
    }
    for rule, score in known.items():
        found = best_threshold(rule, p, t)
        best = max(score(p > value) for value in np.linspace(0.005, 0.995, 199))
        assert score(p > found) == pytest.approx(best)
        assert score_at(rule, found, p, t) == pytest.approx(best)


def test_a_threshold_is_chosen_on_the_validation_rows_and_kept(tmp_path):
    rng = np.random.default_rng(0)
    x = rng.normal(size=(2000, 2))
    rare = rng.random(2000) < 1 / (1 + np.exp(3.5 - 2 * x[:, 0]))
    columns = [Column(f"x{i}", "numeric", x[:, i]) for i in range(2)]
    data = Table("t", (*columns, Column("y", "text", rare.astype(np.int32), ("no", "yes"))))
    fitted = fit(data, Recipe(hidden=(4,), epochs=40, threshold="f1"), target="y")
    value = fitted.model.targets.threshold
    part = fitted.plan.prepared["validation"]
    p = fitted.model.network(fitted.model.theta, part.X)[:, 0]
    assert value == best_threshold("f1", p, part.T[:, 0] > 0.5) < 0.5
    said = fitted.judgement["threshold"]
    assert said["score"] > said["at_half"]
    save(fitted, tmp_path / "m")
    model = load(tmp_path / "m")
    p = model.predict_proba(data)[:, 1]
    assert (model.predict(data) == np.where(p > value, "yes", "no")).all()
    test = fitted.plan.prepared["test"]
    truth = data["y"].values[test.rows]
    right = metrics.accuracy_score(truth, p[test.rows] > value)
    assert fitted.metrics["test"]["accuracy"] == pytest.approx(right)
    with pytest.raises(UsageError, match=r"cannot be exported.*told apart at"):
        operations_of(model)
    for given, recipe, match in [
        (read_table("iris"), {"threshold": "f1"}, "two classes apart, and the task is multiclass"),
        (data, {"threshold": "f1", "validation": 0.0}, "chosen on validation rows of both classes"),
    ]:
        target = None if given is not data else "y"
        with pytest.raises(UsageError, match=match):
            plan(given, Recipe(**recipe), target=target)
    for bad in ("f2", 0.0, "1.5"):
        with pytest.raises(UsageError, match="threshold"):
            Recipe(threshold=bad)
