"""Rows of a series are split in order: where that is seen, why, and what it changes."""

from __future__ import annotations

import numpy as np
import pytest

from deltarule.core.errors import DataError, UsageError
from deltarule.data import Column, Table, prepare, read_table
from deltarule.models import Recipe, fit

YEARS = """
112 118 132 129 121 135 148 148 136 119 104 118 115 126 141 135 125 149 170 170 158 133 114 140
145 150 178 163 172 178 199 199 184 162 146 166 171 180 193 181 183 218 230 242 209 191 172 194
196 196 236 235 229 243 264 272 237 211 180 201 204 188 235 227 234 264 302 293 259 229 203 229
242 233 267 269 270 315 364 347 312 274 237 278 284 277 317 313 318 374 413 405 355 306 271 306
315 301 356 348 355 422 465 467 404 347 305 336 340 318 362 348 363 435 491 505 404 359 310 337
360 342 406 396 420 472 548 559 463 407 362 405 417 391 419 461 472 535 622 606 508 461 390 432
"""
PASSENGERS = np.array(YEARS.split(), float)
"""Airline passengers by month, 1949 to 1960, in thousands (Box and Jenkins 1970, series G)."""


def lagged(values, lags=12):
    n = len(values) - lags
    columns = {f"lag{k}": values[lags - k : lags - k + n] for k in range(1, lags + 1)}
    return table(**columns, y=values[lags:])


def table(written=None, **columns):
    found = tuple(
        Column(name, "numeric", np.array(v, float), written=(written or {}).get(name, "number"))
        for name, v in columns.items()
    )
    return Table("t", found)


def parts(table, split="auto", target="y", **options):
    found = prepare(table, target=target, split=split, **options)
    return [found[name].rows.tolist() for name in ("train", "validation", "test")], found.notes[-1]


def joined(found):
    return [row for part in found for row in part]


def rows(n=40, seed=0):
    return np.random.default_rng(seed).normal(size=n)


def test_a_series_with_lags_is_split_in_order():
    series = lagged(PASSENGERS)
    found, note = parts(series)
    assert joined(found) == list(range(132))
    assert note == (
        "rows: 93 train, 13 validation, 26 test; chosen in order, as 'lag1' is 'y' 1 row before: "
        "`--split random` would test on rows between those of training"
    )


def test_what_a_random_split_of_a_series_claims_and_what_is_so():
    """The random split's rows lie between rows of training; of the years to come it knows less."""
    series = lagged(PASSENGERS)
    r2 = {}
    for split in ("random", "auto"):
        recipe = Recipe(hidden=(16,), lr=0.01, epochs=400, split=split, seed=1, dtype="float64")
        r2[split] = fit(series, recipe, target="y").metrics["test"]["r2"]
    assert r2["random"] > 0.93
    assert r2["auto"] < r2["random"] - 0.1


def test_newest_first_is_turned_round():
    series = lagged(PASSENGERS[::-1].copy())
    turned = table(**{c.name: c.values for c in series.columns if c.name != "y"},
                   y=series["y"].values)  # fmt: skip
    late_first = Table("t", tuple(Column(c.name, c.kind, c.values[::-1].copy())
                                  for c in lagged(PASSENGERS).columns))  # fmt: skip
    found, note = parts(late_first)
    assert found[2][-1] == 0, "the first row is the newest one"
    assert "'lag1' is 'y' 1 row after" in note
    assert turned.rows == 132


def test_lags_among_the_inputs():
    values = PASSENGERS
    found, note = parts(table(a=values[1:-1], b=values[:-2], y=rows(142)))
    assert joined(found) == list(range(142))
    assert "as 'b' is 'a' 1 row before" in note


@pytest.mark.parametrize("name", ["year", "Date", "t", "time", "month_index", "TIMESTAMP"])
def test_numbers_called_like_a_time(name):
    found, note = parts(table(**{name: np.arange(40) + 1900}, y=rows()))
    assert joined(found) == list(range(40))
    assert f"as '{name}' rises from row to row" in note
    found, note = parts(table(**{name: -np.arange(40.0)}, y=rows()))
    assert joined(found)[:2] == [39, 38]
    assert "falls from row to row" in note


def test_dates():
    day = np.array(rows() * 1000, int)
    found, note = parts(table({"sold": "date"}, sold=day, y=rows(seed=1)))
    assert day[joined(found)].tolist() == sorted(day)
    assert "chosen in order, of 'sold', a date: " in note
    found, note = parts(table({"a": "date", "b": "date"}, a=day, b=day[::-1], y=rows(seed=1)))
    assert "at random; which of 'a', 'b' is their time is not known: `--split column:a`" in note
    both = table({"a": "date", "b": "date"}, a=day, b=np.arange(40), y=rows(seed=1))
    assert "of 'b', a date" in parts(both)[1], "the one in whose order the rows stand"
    assert "at random" in parts(table({"at": "time"}, at=day, y=rows()))[1]


def test_a_date_in_a_file(write):
    text = "day,y\n" + "".join(f"2024-01-{i:02},{i * i % 7}.5\n" for i in range(31, 0, -1))
    read = read_table(write(text))
    found, note = parts(read)
    assert read["day"].values[joined(found)].tolist() == sorted(read["day"].values)
    assert "of 'day', a date" in note


@pytest.mark.parametrize(
    "columns",
    [
        {"id": np.arange(40), "y": rows()},
        {"age": np.sort(rows()), "y": rows(seed=1)},
        {"year": np.repeat([70, 71, 72, 73], 10), "y": rows()},
        {"a": np.ones(40), "b": np.ones(40), "y": rows()},
        {"a": rows(), "b": rows(), "y": rows(seed=1)},
        {"a": np.arange(40) // 4, "b": np.arange(40) // 5, "y": rows()},
        {"t": rows(), "y": rows(seed=1)},
    ],
)
def test_no_series_is_split_at_random(columns):
    found, note = parts(table(**columns))
    assert note == "rows: 28 train, 4 validation, 8 test; chosen at random"
    assert joined(found) != list(range(40))


def test_what_is_asked_for_is_done():
    values = table(t=np.arange(40), a=rows(), y=rows(seed=1))
    assert parts(values, "random")[1].endswith("chosen at random")
    found, note = parts(values, "ordered")
    assert joined(found) == list(range(40))
    assert note.endswith("chosen in order, as they stand")
    found, note = parts(values, "column:a")
    assert np.array_equal(values["a"].values[joined(found)], np.sort(rows()))
    assert note.endswith("chosen in order, of column 'a'")
    found, _ = parts(table(a=np.zeros(40), y=rows()), "column:a")
    assert joined(found) == list(range(40)), "equal ones stay as they stand"


def test_what_cannot_be_split_so_is_refused(write):
    values = table(a=rows(), y=rows(seed=1))
    with pytest.raises(UsageError, match=r"unknown way to split 'odrered', did you mean 'ordered'"):
        parts(values, "odrered")
    with pytest.raises(UsageError, match="unknown way to split 'sorted'"):
        Recipe(split="sorted")
    with pytest.raises(DataError, match=r"no column 'b'"):
        parts(values, "column:b")
    read = read_table(write("a,c,y\n" + "1,x,2.5\n" * 8 + ",y,3\n" + "2,z,4\n" * 3))
    with pytest.raises(DataError, match=r"1 cell is missing, at people\.csv:10:1 .*must be known"):
        parts(read, "column:a", missing="mean")
    with pytest.raises(UsageError, match="column 'c' is text, and rows are split by numbers"):
        parts(read, "column:c", missing="mean")


def test_classes_that_the_first_rows_do_not_have_are_refused(write):
    text = "t,y\n" + "".join(f"{i},{'new' if i > 35 else 'ab'[i % 2]}\n" for i in range(40))
    read = read_table(write(text))
    with pytest.raises(DataError, match=r"in order, and no training row has the class new of 'y'"):
        prepare(read, target="y")
    assert prepare(read, target="y", split="random").task == "multiclass"
