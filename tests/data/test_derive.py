"""Columns made of columns: parts of dates, ordered categories; pooled ones; what leaks."""

import numpy as np
import pytest

from deltarule.core.errors import DataError, FileError, UsageError
from deltarule.data import Column, Table, prepare, read_table
from deltarule.data.preparation.derive import Derived, derive, derived_from
from deltarule.data.preparation.encode import OTHER, InputEncoder
from deltarule.data.preparation.leak import leaks

DAYS = ["1970-01-01", "2024-02-29", "1969-12-31", "2023-07-02T18:00"]


def dated(values=DAYS, written="date and time") -> Table:
    days = np.array(values, "datetime64[s]").astype(float) / 86400
    return Table("t", (Column("day", "numeric", np.append(days, np.nan), written=written),))


def test_parts_of_a_date():
    table = derive(dated(), [Derived("day", clock=True)])
    np.testing.assert_array_equal(table["day.year"].values, [1970, 2024, 1969, 2023, np.nan])
    year = 365.2425
    for name, phase in {
        "month": np.array([0, 59, 364, 182.75]) / year,  # days since the first of January
        "weekday": np.array([3, 3, 2, 6.75]) / 7,  # Thursday, Thursday, Wednesday, Sunday evening
        "hour": np.array([0, 0, 0, 0.75]),
    }.items():
        for wave in (np.sin, np.cos):
            column = table[f"day.{name}_{wave.__name__}"].values
            np.testing.assert_allclose(column[:-1], wave(2 * np.pi * phase), atol=1e-9)
            assert np.isnan(column[-1])
    assert "day.hour_sin" not in derive(dated(), [Derived("day")])
    assert derive(table, [Derived("day")]) is table  # made once


def people(write, cities=("Rome", "Bonn", "Rome", "Oslo"), n=80) -> Table:
    rng = np.random.default_rng(0)
    lines = ["size,city,day,y"]
    for i in range(n):
        size = "SML"[rng.integers(3)]
        lines.append(f"{size},{cities[i % len(cities)]},2024-01-{1 + i % 28:02},{rng.random():.3f}")
    return read_table(write("\n".join(lines) + "\n"))


def test_ordinal_dates_and_pooled_categories_come_back(write):
    cities = ["Rome"] * 9 + ["Bonn"] * 9 + ["Oslo", "Kiel"]
    options = {"ordinal": {"size": ("S", "M", "L")}, "dates": "parts", "min_count": 5}
    table = people(write, cities)
    made = prepare(table, target="y", split="random", **options)
    encoder = made.inputs
    assert encoder.feature_names[:5] == ("size", "city=Bonn", "city=Rome", f"city={OTHER}", "day")
    assert encoder.column_kinds == {"size": "text", "city": "text", "day": "numeric"}
    again = InputEncoder.from_parts(encoder.to_dict(), encoder.arrays())
    X = again.transform(table, dtype=np.float64)
    np.testing.assert_array_equal(X, encoder.transform(table, dtype=np.float64))
    sizes = np.array(table["size"].categories)[table["size"].values]
    for size, number in zip("SML", (0, 1, 2), strict=True):
        scaled = (number - encoder.scaler.offset[0]) / encoder.scaler.scale[0]
        np.testing.assert_allclose(X[sizes == size, 0], scaled)
    np.testing.assert_array_equal(X[:, 1:4].sum(axis=1), 1)  # the rare ones share an input
    text = "size,city,day\nL,Nowhere,2024-02-01\n"
    new = read_table(write(text), kinds=encoder.column_kinds, like=table.format)
    assert again.transform(new)[0, 1:4].tolist() == [0, 0, 1]
    assert f"without an input of their own ('Nowhere'), encoded as {OTHER}" in again.notes(new)[0]
    notes = "\n".join(made.notes)
    assert "column 'size' is numbered in order: S, M, L" in notes
    assert "column 'day' is also as its parts" in notes
    assert "`--dates parts` adds" in "\n".join(prepare(table, target="y").notes)


def test_what_has_no_place_in_an_order(write):
    table = people(write)
    with pytest.raises(DataError) as caught:
        prepare(table, target="y", ordinal={"size": ("S", "M")})
    assert str(caught.value).startswith("people.csv:")
    assert "'L' has no place in the order of 'size': S, M." in str(caught.value)
    for ordinal, error, said in [
        ({"siez": ("S", "M")}, DataError, "no input column 'siez', did you mean 'size'?"),
        ({"day": ("S", "M")}, UsageError, "holds numbers, which have an order"),
        ({"size": ("S", "S")}, UsageError, "two categories or more, each once"),
        ({"size": ("S",)}, UsageError, "two categories or more, each once"),
    ]:
        with pytest.raises(error, match=said):
            prepare(table, target="y", ordinal=ordinal)
    with pytest.raises(UsageError, match="unknown way to take dates 'part'"):
        prepare(table, target="y", dates="part")
    taken = Table("t", (*people(write).columns, Column("day.year", "numeric", np.zeros(80))))
    with pytest.raises(UsageError, match=r"there is a column 'day\.year' already"):
        prepare(taken, target="y", dates="parts")
    with pytest.raises(UsageError, match="min_count"):
        prepare(table, target="y", min_count=0)


@pytest.mark.parametrize("plain", [5, [5], [{"name": "a"}], {"a": 1}])
def test_damaged_records(plain):
    with pytest.raises(FileError, match="what is derived from the columns"):
        derived_from(plain)


def leaky(kind: str, rng: np.random.Generator, n: int = 300) -> tuple[Column, Column]:
    """Return a target and a column that gives it away."""
    y = rng.lognormal(size=n)
    flag = (rng.random(n) < 0.3).astype(np.int32)
    names = ("no", "yes")
    return {
        "a copy": (Column("y", "numeric", y), Column("x", "numeric", y)),
        "another unit": (Column("y", "numeric", y), Column("x", "numeric", 1.8 * y + 32)),
        "its rank, falling": (Column("y", "numeric", y), Column("x", "numeric", -np.log(y))),
        "a copy with noise": (
            Column("y", "numeric", y),
            Column("x", "numeric", y * rng.normal(1, 0.01, n)),
        ),
        "a code of the class": (
            Column("y", "text", flag, names), Column("x", "numeric", 7.0 - 3 * flag),
        ),
        "other words": (
            Column("y", "text", flag, names), Column("x", "text", 1 - flag, ("b", "a")),
        ),
        "a date that only some have": (
            Column("y", "text", flag, names),
            Column("x", "numeric", np.where(flag == 1, rng.random(n), np.nan)),
        ),
        "a threshold": (
            Column("y", "text", (y > 1.2).astype(np.int32), names), Column("x", "numeric", y),
        ),
    }[kind]  # fmt: skip


KINDS = ["a copy", "another unit", "its rank, falling", "a copy with noise", "a code of the class",
         "other words", "a date that only some have", "a threshold"]  # fmt: skip


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("seed", range(3))
def test_leaky_columns_are_named(kind, seed):
    rng = np.random.default_rng(seed)
    y, x = leaky(kind, rng)
    other = Column("other", "numeric", rng.normal(size=len(y)))
    table = Table("t", (other, x, y))
    quantity = y.kind == "numeric"
    notes = leaks(table, np.arange(len(y)), ["other", "x"], ["y"], quantity, ordered=False)
    assert [note.split()[1] for note in notes] == ["'x'"]
    assert "`--drop x`" in notes[0]


@pytest.mark.parametrize("name", ["iris", "wine", "breast_cancer", "diabetes", "digits"])
def test_clean_tables_have_no_leak(name):
    assert not [note for note in prepare(read_table(name)).notes if "alone tells" in note]


@pytest.mark.parametrize("seed", range(20))
def test_clean_columns_are_not_named(seed):
    """Strong columns, with correlations up to 0.95, classes sorted in the file, rare classes."""
    rng = np.random.default_rng(seed)
    n = int(rng.integers(60, 500))
    x = rng.normal(size=n)
    r = rng.uniform(0.5, 0.95)
    y = r * x + np.sqrt(1 - r * r) * rng.normal(size=n)
    code = np.sort((y > np.quantile(y, rng.uniform(0.5, 0.9))).astype(np.int32))
    table = Table("t", (
        Column("x", "numeric", x), Column("few", "numeric", np.round(x)),
        Column("same", "numeric", np.zeros(n)), Column("y", "numeric", y),
        Column("c", "text", code, ("a", "b")),
    ))  # fmt: skip
    inputs, rows = ["x", "few", "same"], np.arange(n)
    assert not leaks(table, rows, inputs, ["y"], quantity=True, ordered=False)
    assert not leaks(table, rows, inputs, ["c"], quantity=False, ordered=False)
