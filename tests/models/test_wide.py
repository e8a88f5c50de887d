"""Tables of very many columns: the work grows with their number, not with its square."""

from __future__ import annotations

import time

import numpy as np
import pytest

from deltarule.data import read_table
from deltarule.data.table import Column, Table
from deltarule.models import Recipe, fit_plan, plan

COLUMNS = 2_000
looks = [0]


class Name(str):
    """A column's name that counts how often it is looked up or compared."""

    def __hash__(self):
        looks[0] += 1
        return super().__hash__()

    def __eq__(self, other):
        looks[0] += 1
        return super().__eq__(other)


def table(kind, columns=COLUMNS):
    rng = np.random.default_rng(0)
    X = rng.normal(size=(12, columns))
    made = [Column(Name("c0"), "numeric", X[:, 0])]
    for i in range(1, columns):
        if kind == "numeric":
            made.append(Column(Name(f"c{i}"), kind, X[:, i]))
        else:
            codes = (np.arange(12) % 2).astype(np.int32)
            made.append(Column(Name(f"c{i}"), kind, codes, ("no", "yes")))
    return Table("wide", tuple(made))


@pytest.fixture
def looked():
    """Return how often names were looked at, per column of the table."""
    looks[0] = 0
    return lambda: looks[0] / COLUMNS


@pytest.mark.parametrize("kind", ["numeric", "text"])
def test_a_name_is_looked_at_a_few_times_however_many_there_are(looked, kind):
    wide = table(kind)
    recipe = Recipe(hidden="none", epochs=1, engine="reference")
    fitted = fit_plan(plan(wide, recipe, target="c0"))
    assert looked() < 60.0
    model = fitted.model
    looks[0] = 0
    rows = model.table(wide, targets=True)
    assert looked() < 30.0
    assert np.isfinite(model.predict(rows)).all()
    looks[0] = 0
    if kind == "numeric":
        model.table(np.ones((3, COLUMNS - 1)))
        assert looked() < 30.0


@pytest.mark.parametrize("form", ["csv", "parquet", "npz"])
def test_reading_forty_thousand_columns(tmp_path, form):
    """A second, where the square would take a minute."""
    X, path = np.random.default_rng(0).normal(size=(4, 40_000)).round(3), tmp_path / f"w.{form}"
    names = [f"c{i}" for i in range(X.shape[1])]
    if form == "csv":
        np.savetxt(path, X, "%.3f", ",", header=",".join(names), comments="")
    elif form == "npz":
        np.savez(path, X=X, T=X[:, :1])
    else:
        polars = pytest.importorskip("polars")
        polars.DataFrame(dict(zip(names, X.T, strict=True))).write_parquet(path)
    began = time.perf_counter()
    found = read_table(str(path), target=None if form == "npz" else "c0")
    assert time.perf_counter() - began < 15.0
    assert len(found.columns) == 40_000 + (form == "npz")
    assert found.columns[7].values.tolist() == X[:, 7].tolist()
