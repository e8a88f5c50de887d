"""Fitting: the network that suits the task, and metrics against other people's formulas."""

import numpy as np
import pytest
from sklearn import metrics as sk

import deltarule as dr
from deltarule.data import Column, Table, read_table
from deltarule.models import Fitted, Recipe, fit, plan


def table_of(columns: dict[str, np.ndarray], **more: object) -> Table:
    made = tuple(Column(n, "numeric", np.asarray(v, float)) for n, v in columns.items())
    return Table("made", made, **more)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("name", "output", "loss", "units"),
    [
        ("diabetes", "identity", "half_squared_error", 1),
        ("breast_cancer", "sigmoid", "binary_cross_entropy", 1),
        ("wine", "softmax", "cross_entropy", 3),
    ],
)
def test_the_output_layer_suits_the_task(name: str, output: str, loss: str, units: int) -> None:
    made = plan(read_table(name))
    assert made.network.output == dr.Dense(units, output)
    assert made.objective.loss.name == loss


def test_no_hidden_layer() -> None:
    assert plan(read_table("iris"), Recipe(hidden="none")).network.sizes == (4, 3)


def test_a_loss_that_does_not_fit_is_refused() -> None:
    with pytest.raises(dr.UsageError, match="cross_entropy needs every row"):
        plan(read_table("diabetes"), Recipe(loss="cross_entropy"))
    with pytest.raises(dr.UsageError, match="poisson needs outputs"):
        plan(read_table("diabetes"), Recipe(loss="poisson"))


def test_another_loss_that_fits() -> None:
    fitted = fit(read_table("iris"), Recipe(loss="half_squared_error", epochs=5, hidden=(4,)))
    assert fitted.model.objective.loss.name == "half_squared_error"


def test_classification_metrics_are_scikit_learns(iris: Fitted) -> None:
    part, model = iris.plan.prepared["test"], iris.model
    table = iris.plan.table
    rows = table["species"].values[part.rows]
    names = np.array(table["species"].categories)[rows]
    X = np.stack([table[n].values[part.rows] for n in model.inputs.names], axis=1)
    found = iris.metrics["test"]
    assert found["accuracy"] == pytest.approx(sk.accuracy_score(names, model.predict(X)))
    assert found["loss"] == pytest.approx(sk.log_loss(names, model.predict_proba(X)), rel=1e-5)


def test_regression_metrics_are_scikit_learns_in_original_units(diabetes: Fitted) -> None:
    part, model = diabetes.plan.prepared["test"], diabetes.model
    table = diabetes.plan.table
    true = table["progression"].values[part.rows]
    X = np.stack([table[n].values[part.rows] for n in model.inputs.names], axis=1)
    found, y = diabetes.metrics["test"], model.predict(X)
    assert found["r2"] == pytest.approx(sk.r2_score(true, y), rel=1e-5)
    assert found["mae"] == pytest.approx(sk.mean_absolute_error(true, y), rel=1e-5)
    assert found["rmse"] == pytest.approx(sk.root_mean_squared_error(true, y), rel=1e-5)


def test_metrics_of_several_targets_are_their_mean() -> None:
    rng = np.random.default_rng(0)
    x = rng.normal(size=(60, 2))
    t = {"a": x[:, 0] * 3 + 5, "b": x[:, 1] - x[:, 0] * 100}
    table = table_of({"x1": x[:, 0], "x2": x[:, 1], **t}, targets=("a", "b"))
    fitted = fit(table, Recipe(hidden=(4,), epochs=20, lr=0.05, test=0.3))
    rows = fitted.plan.prepared["test"].rows
    true, y = np.stack(list(t.values()), 1)[rows], fitted.model.predict(x[rows])
    assert y.shape == (18, 2)
    found = fitted.metrics["test"]
    assert found["r2"] == pytest.approx(sk.r2_score(true, y), rel=1e-4)
    assert found["rmse"] == pytest.approx(sk.root_mean_squared_error(true, y), rel=1e-4)


def test_the_reported_loss_has_no_penalty() -> None:
    plain = fit(read_table("iris"), Recipe(hidden=(4,), epochs=3, patience=0))
    heavy = fit(read_table("iris"), Recipe(hidden=(4,), epochs=0, patience=0, l2=100.0))
    assert plain.metrics["train"]["loss"] < 2.0  # type: ignore[operator]
    assert heavy.metrics["train"]["loss"] < 4.0  # type: ignore[operator]


def test_parts_without_rows_have_no_numbers() -> None:
    fitted = fit(read_table("xor"), Recipe(hidden=(4,), epochs=2))
    assert fitted.metrics["test"] == dict.fromkeys(("loss", "accuracy", "auc", "brier"))
    assert fitted.judgement == {}
    assert fitted.metrics["train"]["accuracy"] is not None


def test_patience_keeps_the_best_weights(diabetes: Fitted) -> None:
    run = diabetes.run
    best = int(np.argmin(run.history["validation_error"])) + 1
    assert run.best_epoch == best
    assert diabetes.metrics["validation"]["loss"] == pytest.approx(
        run.history["validation_error"][best - 1], rel=1e-6
    )
    last = fit(read_table("diabetes"), Recipe(hidden=(8,), epochs=3, patience=0))
    assert last.model.description["training"]["kept"] == "last"


def test_the_same_seed_gives_the_same_model(iris: Fitted) -> None:
    again = fit(read_table("iris"), iris.plan.recipe)
    assert again.model.theta.tobytes() == iris.model.theta.tobytes()
    assert again.metrics == iris.metrics


def test_a_training_that_breaks_keeps_the_last_finite_weights() -> None:
    recipe = Recipe(hidden=(8,), activation="relu", optimizer="sgd", lr=1e6)
    with pytest.raises(dr.NumericError, match="epoch 1, step") as caught:
        fit(read_table("diabetes"), recipe)
    fitted = caught.value.run
    assert isinstance(fitted, Fitted)
    assert fitted.status == "non_finite"
    assert np.isfinite(fitted.model.theta).all()


def test_two_classes_as_softmax_on_request() -> None:
    fitted = fit(read_table("breast_cancer"), Recipe(task="multiclass", hidden=(), epochs=5))
    assert fitted.plan.network.sizes == (30, 2)
    assert fitted.model.predict_proba("breast_cancer").shape == (569, 2)


def test_every_option_reaches_the_training() -> None:
    options = {"l2": 0.01, "clip_norm": 0.1, "class_weight": "balanced", "batch_size": 7}
    recipe = Recipe(hidden=(3,), optimizer="sgd", lr=0.5, epochs=4, seed=3, patience=2, **options)
    fitted = fit(read_table("breast_cancer"), recipe)
    train, held_out = fitted.plan.prepared["train"], fitted.plan.prepared["validation"]
    expected = dr.train(
        dr.Network(30, [dr.Dense(3, "tanh"), dr.Dense(1, "sigmoid")]),
        train.X,
        train.T,
        loss="binary_cross_entropy",
        optimizer=dr.optim.SGD(0.5),
        epochs=4,
        seed=3,
        validation=(held_out.X, held_out.T),
        stop=dr.Patience(2),
        **options,  # type: ignore[arg-type]
    )
    assert np.array_equal(fitted.model.theta, expected.theta)
    assert fitted.model.objective == expected.objective
    for without in options:
        changed = Recipe(**{**recipe.__dict__, without: Recipe.__dict__[without]})
        assert not np.array_equal(fit(fitted.plan.table, changed).model.theta, expected.theta)
