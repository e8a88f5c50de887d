"""Targets of every kind: several, labels, counts, logs; ensembles; ids: trained, saved, loaded."""

from pathlib import Path

import numpy as np
import pytest

import deltarule as dr
from deltarule.core.errors import DataError, UsageError
from deltarule.data import Column, Table
from deltarule.models import Recipe, fit, save

RNG = np.random.default_rng(0)
N = 300
X = RNG.normal(size=(N, 2))
YES = ("no", "yes")


def table(**targets: Column) -> Table:
    inputs = (Column("a", "numeric", X[:, 0]), Column("b", "numeric", X[:, 1]))
    return Table("t", (*inputs, *targets.values()))


def number(name: str, values: np.ndarray) -> Column:
    return Column(name, "numeric", np.asarray(values, float))


def label(name: str, flag: np.ndarray) -> Column:
    return Column(name, "text", flag.astype(np.int32), YES)


QUICK = {"hidden": (8,), "epochs": 60, "lr": 0.02, "split": "random"}


def reloaded(fitted, tmp_path: Path):
    save(fitted, tmp_path / "m")
    model = dr.load(tmp_path / "m")
    np.testing.assert_array_equal(
        model.predict(fitted.plan.table), fitted.model.predict(fitted.plan.table)
    )
    return model


def test_several_quantities(tmp_path):
    data = table(u=number("u", 2 * X[:, 0]), v=number("v", X[:, 1] - X[:, 0]))
    fitted = fit(data, Recipe(**QUICK), target=["u", "v"])
    assert fitted.model.task == "regression"
    assert fitted.metrics["test"]["r2"] > 0.9
    assert reloaded(fitted, tmp_path).predict(data).shape == (N, 2)
    each, whole = fitted.judgement["targets"], fitted.metrics["test"]
    for name in ("r2", "rmse", "mae"):
        assert np.mean([each[k][name] for k in "uv"]) == pytest.approx(whole[name])
    test = fitted.plan.prepared["test"].rows
    errors = (
        fitted.model.predict(data)[test] - np.column_stack([2 * X[:, 0], X[:, 1] - X[:, 0]])[test]
    )
    assert each["v"]["rmse"] == pytest.approx(np.sqrt(np.mean(errors[:, 1] ** 2)), rel=1e-4)


def test_labels(tmp_path):
    data = table(p=label("p", X[:, 0] > 0), q=label("q", X[:, 1] > 0.5))
    fitted = fit(data, Recipe(**QUICK), target=["p", "q"])
    assert fitted.model.task == "multilabel"
    assert fitted.metrics["test"]["accuracy"] > 0.9
    model = reloaded(fitted, tmp_path)
    said = model.predict(data)
    assert said.shape == (N, 2)
    assert model.classes.tolist() == [["no", "yes"], ["no", "yes"]]
    assert np.mean(said[:, 0] == np.where(X[:, 0] > 0, "yes", "no")) > 0.9
    chances = model.predict_proba(data)
    np.testing.assert_array_equal(chances > 0.5, said == "yes")
    assert model.score(data)["accuracy"] > 0.9
    assert fitted.judgement["baselines"]["mean"]["auc"] == 0.5
    each, whole = fitted.judgement["targets"], fitted.metrics["test"]
    assert list(each) == ["p", "q"]
    for name in ("accuracy", "auc", "brier"):
        assert np.mean([each[k][name] for k in "pq"]) == pytest.approx(whole[name])
    odd = table(p=label("p", X[:, 0] > 0), q=Column("q", "text", np.arange(N) % 3, ("a", "b", "c")))
    with pytest.raises(DataError, match="target 'q' has 3 classes"):
        fit(odd, Recipe(**QUICK), target=["p", "q"])


def test_counts(tmp_path):
    """A Poisson regression without hidden layers finds the rate's coefficients."""
    counts = np.random.default_rng(1).poisson(np.exp(0.5 + 0.8 * X[:, 0]))
    data = table(n=number("n", counts))
    recipe = Recipe(hidden=(), epochs=300, lr=0.02, task="count", split="random", scale="none")
    fitted = fit(data, recipe, target="n")
    weights, bias = fitted.model.network.unpack(fitted.model.theta)[0].values()
    np.testing.assert_allclose([bias[0], *weights[0]], [0.5, 0.8, 0.0], atol=0.15)
    model = reloaded(fitted, tmp_path)
    assert model.predict(data).min() > 0
    assert model.predict(data).mean() == pytest.approx(counts.mean(), rel=0.1)
    for bad in (-1.0, 0.5):
        with pytest.raises(DataError, match="is no count"):
            fit(table(n=number("n", np.append(counts[1:], bad))), recipe, target="n")


def test_a_log_is_learned_and_inverted(tmp_path):
    y = np.exp(3 + 2 * X[:, 0])
    data = table(y=number("y", y))
    fitted = fit(data, Recipe(**QUICK, target_transform="log", scale="none"), target="y")
    part = fitted.plan.prepared["train"]
    np.testing.assert_allclose(part.T[:, 0], np.log(y[part.rows]), rtol=1e-6)
    model = reloaded(fitted, tmp_path)
    assert model.predict(data).min() > 0
    assert np.median(np.abs(np.log(model.predict(data) / y))) < 0.3
    with pytest.raises(DataError, match=r"0 has no logarithm .*`--target-transform log1p` takes 0"):
        fit(table(y=number("y", np.append(y[1:], 0))), fitted.plan.recipe, target="y")
    zero = fit(table(y=number("y", np.append(y[1:], 0))),
               Recipe(**QUICK, target_transform="log1p"), target="y")  # fmt: skip
    assert zero.model.targets.inverse(zero.model.targets.transform(zero.plan.table))[
        -1, 0
    ] == pytest.approx(0, abs=1e-5)
    with pytest.raises(UsageError, match="unknown transform of a target 'lgo'"):
        Recipe(target_transform="lgo")
    with pytest.raises(UsageError, match="for regression, and the task is binary"):
        fit(table(p=label("p", X[:, 0] > 0)), Recipe(**QUICK, target_transform="log"), target="p")


def test_a_power_is_found_and_inverted(tmp_path):
    """Box and Cox's power is SciPy's, within 0..1; what is far below comes out as 0, the least."""
    stats = pytest.importorskip("scipy.stats")
    y, z = (3 + X[:, 0] / 2) ** 2, np.exp(2 * X[:, 1])
    data = table(x=number("x", X[:, 0]), y=number("y", y), z=number("z", z))
    recipe = Recipe(**QUICK, target_transform="box_cox", scale="none", dtype="float64")
    fitted = fit(data, recipe, target=["y", "z"])
    part, powers = fitted.plan.prepared["train"], fitted.model.targets.powers
    for k, values in enumerate((y, z)):
        assert powers[k] == pytest.approx(stats.boxcox(values[part.rows])[1], abs=0.006)
        np.testing.assert_allclose(part.T[:, k], stats.boxcox(values[part.rows], powers[k]))
    assert "learned as its box_cox with the power" in " ".join(fitted.plan.prepared.notes)
    model = reloaded(fitted, tmp_path)
    back = model.targets.inverse(model.targets.transform(data, dtype="float64"))
    np.testing.assert_allclose(back, np.stack([y, z], 1), rtol=1e-12)
    assert model.targets.inverse(np.full((1, 2), -1e3)).tolist() == [[0.0, 0.0]]
    with pytest.raises(UsageError, match="learned as a power"):
        dr.export(model, "json", tmp_path / "x.json")
    with pytest.raises(DataError, match=r"has no logarithm \(box_cox\)"):
        fit(table(x=number("x", X[:, 0]), y=number("y", X[:, 1])), recipe, target="y")


def test_an_ensemble_is_the_mean_of_its_members(tmp_path):
    data = table(y=number("y", np.sin(2 * X[:, 0]) + X[:, 1]))
    options = {**QUICK, "dtype": "float64", "patience": 0}
    fitted = fit(data, Recipe(**options, ensemble=4), target="y")
    model = reloaded(fitted, tmp_path)
    assert model.members.shape == (4, model.network.size)
    part = fitted.plan.prepared["test"]
    several = [model.network(theta, part.X) for theta in model.members]
    rows = Table("t", tuple(
        Column(c.name, c.kind, c.values[part.rows]) for c in data.columns
    ))  # fmt: skip
    np.testing.assert_allclose(model.outputs(rows), np.mean(several, axis=0))
    values = [model.targets.inverse(y) for y in several]
    np.testing.assert_allclose(model.spread(rows), np.std(values, axis=0, ddof=1))
    assert model.score(rows)["r2"] == pytest.approx(fitted.metrics["test"]["r2"])
    alone = fit(data, Recipe(**options), target="y")  # each member is what one training gives
    np.testing.assert_allclose(model.members[0], alone.model.theta, rtol=1e-6, atol=1e-9)
    with pytest.raises(UsageError, match="the model is one network"):
        alone.model.spread(rows)
    with pytest.raises(UsageError, match="ensemble"):
        Recipe(ensemble=0)


def test_what_cannot_be_exported_is_not(tmp_path):
    city = Column("city", "text", np.arange(N) % 40 // 13, ("a", "b", "c", "d"))
    data = table(city=city, y=number("y", X[:, 0]), p=label("p", X[:, 0] > 0))
    more = table(p=label("p", X[:, 0] > 0), q=label("q", X[:, 1] > 0))
    for given, recipe, target, said in [
        (data, {"ensemble": 2}, "y", "an ensemble of 2 networks"),
        (data, {"min_count": 20}, "y", "rare categories are pooled"),
        (more, {}, ["p", "q"], "several labels"),
    ]:
        model = fit(given, Recipe(hidden=(2,), epochs=1, **recipe), target=target).model
        with pytest.raises(UsageError, match=said):
            dr.export(model, "json", tmp_path / "x.json")


def test_ids_are_not_learned_from(tmp_path):
    key = Column("key", "text", np.arange(N, dtype=np.int32), tuple(f"k{i:03}" for i in range(N)))
    data = table(key=key, y=number("y", X[:, 0]))
    fitted = fit(data, Recipe(**QUICK), target="y", ids=["key"])
    assert fitted.model.inputs.names == ("a", "b")
    assert reloaded(fitted, tmp_path).ids == ("key",)
    with pytest.raises(DataError, match="no column 'kye', did you mean 'key'"):
        fit(data, Recipe(**QUICK), target="y", ids=["kye"])
