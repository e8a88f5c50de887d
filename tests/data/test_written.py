"""Money, percentages, dates, numbers with other marks: what a column is worth, or who decides."""

from __future__ import annotations

import os
import random

import numpy as np
import pytest

from deltarule.core.errors import DataError, UsageError
from deltarule.data import read_table
from deltarule.data.text.format import TextFormat
from deltarule.data.text.writing import Writing

DAY = np.datetime64("1970-01-01")


def days(text):
    return (np.datetime64(text) - DAY) / np.timedelta64(1, "D")


def read(write, cells, separator=";", **options):
    text = f"n{separator}c\n"
    text += "".join(f"{i}{separator}{cell}\n" for i, cell in enumerate(cells, 1))
    return read_table(write(text, "t.csv"), separator=separator, **options)


def refused(write, cells, **options):
    with pytest.raises(DataError) as caught:
        read(write, cells, **options)
    return str(caught.value)


READ = {
    "dollars": (["$1,234.50", "$5.00", "-$3", "($4.25)", ""], [1234.5, 5, -3, -4.25, np.nan]),
    "euros": (["1.234,50 EUR", "5 EUR", "-3,5 EUR"], [1234.5, 5, -3.5]),
    "pounds": (["£5", "£ 6.5", "\u22127 £"], [5, 6.5, -7]),
    "percent": (["5%", "7.5 %", "-0.25%"], [5, 7.5, -0.25]),
    "comma": (["3,5", "4,25", "10", "-1e3"], [3.5, 4.25, 10, -1000]),
    "both marks": (["1,234.5", "2,000,000"], [1234.5, 2e6]),
    "both marks, Europe": (["1.234,5", "2.000.000"], [1234.5, 2e6]),
    "spaces": (["1 234,5", "2\u00a0000", "3\u202f000,25"], [1234.5, 2000, 3000.25]),
    "apostrophe": (["1'234.5", "2'000"], [1234.5, 2000]),
    "days": (["2024-02-29", "1969-12-31"], [days("2024-02-29"), -1]),
    "day first": (["01/03/2004", "13/03/2004"], [days("2004-03-01"), days("2004-03-13")]),
    "month first": (["01/03/2004", "01/13/2004"], [days("2004-01-03"), days("2004-01-13")]),
    "points": (["01.03.2004", "2.3.2004"], [days("2004-03-01"), days("2004-03-02")]),
    "names of months": (["5 Jan 2024", "29 Feb 2024"], [days("2024-01-05"), days("2024-02-29")]),
    "months": (["1949-01", "1949-02"], [days("1949-01-01"), days("1949-02-01")]),
    "moments": (["2024-01-31T06:00:00", "2024-01-31T12:00:00"],
                [days("2024-01-31") + 0.25, days("2024-01-31") + 0.5]),
    "zones": (["2024-01-31T12:00:00Z", "2024-01-31T12:00:00+06:00"],
              [days("2024-01-31") + 0.5, days("2024-01-31") + 0.25]),
    "times": (["06:30", "23:59"], [6.5, 23 + 59 / 60]),
    "times with points": (["00.00.00", "18.30.00"], [0, 18.5]),
    "half days": (["12:30 AM", "12:30 PM"], [0.5, 12.5]),
}  # fmt: skip


@pytest.mark.parametrize("what", READ)
def test_what_leaves_no_doubt_is_read_and_said(write, what):
    cells, values = READ[what]
    table = read(write, cells)
    assert table["c"].kind == "numeric"
    np.testing.assert_allclose(table["c"].values, values, rtol=1e-15)
    known = int(np.sum(~np.isnan(values)))
    assert any(n.startswith(f"column 'c': {known} values read as ") for n in table.notes)
    assert table["n"].values.tolist() == list(range(1, len(cells) + 1))
    assert table.place(1, "c") == "t.csv:3:2"


@pytest.mark.parametrize(
    ("what", "written"),
    [("dollars", "money"), ("percent", "percent"), ("comma", "number"), ("days", "date"),
     ("zones", "date and time"), ("times", "time"), ("months", "date")],
)  # fmt: skip
def test_how_a_column_is_written_is_known(write, what, written):
    assert read(write, READ[what][0])["c"].written == written


@pytest.mark.parametrize(
    ("cells", "said"),
    [
        (["985", "1.022", "1.100"], "'1.022' in column 'c' can be read in 2 ways: as 1.022 with "
         "`--decimal .`, or as 1022 with `--thousands .`"),
        (["985", "1,022"], "as 1022 with `--thousands ,`, or as 1.022 with `--decimal ,`"),
        (["12,345", "67,890"], "as 12345 with `--thousands ,`, or as 12.345 with `--decimal ,`"),
        (["01/03/2004", "02/03/2004"], "as 2004-03-01 with `--date-format %d/%m/%Y`, or as "
         "2004-01-03 with `--date-format %m/%d/%Y`"),
        (["$1,022", "$985"], "as 1022 with `--thousands ,`, or as 1.022 with `--decimal ,`"),
    ],
)  # fmt: skip
def test_what_can_be_read_in_two_ways_is_asked(write, cells, said):
    """Each option that is named reads what the message says it reads."""
    message = refused(write, cells)
    assert said in message
    assert message.startswith("t.csv:")
    assert "`--text c`" in message
    assert read(write, cells, text=["c"])["c"].kind == "text"


def test_the_options_read_what_was_said(write):
    cells = ["985", "1.022", "1.100"]
    assert read(write, cells, decimal=".")["c"].values.tolist() == [985, 1.022, 1.1]
    assert read(write, cells, thousands=".")["c"].values.tolist() == [985, 1022, 1100]
    assert read(write, ["985", "1,022"], thousands=",")["c"].values.tolist() == [985, 1022]
    assert read(write, ["985", "1,022"], decimal=",")["c"].values.tolist() == [985, 1.022]
    dates = ["01/03/2004", "02/03/2004"]
    found = read(write, dates, date_format="%m/%d/%Y")["c"].values
    assert found.tolist() == [days("2004-01-03"), days("2004-02-03")]
    found = read(write, dates, date_format="%d/%m/%Y")["c"].values
    assert found.tolist() == [days("2004-03-01"), days("2004-03-02")]


@pytest.mark.parametrize(
    "cells",
    [["1", "2", "1.125"], ["0.985", "1.022"], ["1.022", "1.5"], ["985", "1022.5"], ["1.022"],
     ["985", "0.022"], ["985", "1.022", "2000"], ["1.5", "985"]],
)  # fmt: skip
def test_ordinary_numbers_are_no_cause_for_doubt(write, cells):
    table = read(write, cells)
    assert table["c"].values.tolist() == [float(cell) for cell in cells]
    assert table.notes == ()


def test_the_rest_of_the_file_tells_which_mark_it_has(write):
    text = "a;b;y\n985;3,5;1\n1.022;4,25;2\n1.100;1,5;3\n"
    table = read_table(write(text, "t.csv"))
    assert table["a"].values.tolist() == [985, 1022, 1100]
    assert table["b"].values.tolist() == [3.5, 4.25, 1.5]
    text = 'a,b,y\n985,3.5,1\n"1,022",4.25,2\n"1,100",1.5,3\n'
    assert read_table(write(text, "t.csv"))["a"].values.tolist() == [985, 1022, 1100]
    text = "a;b\n01/03/2004;02/03/2004\n02/03/2004;13/03/2004\n"
    table = read_table(write(text, "t.csv"))
    assert table["a"].values.tolist() == [days("2004-03-01"), days("2004-03-02")]


def test_other_cells_in_such_a_column_have_their_place(write):
    cells = [f"${i}.50" for i in range(30)] + ["unclear"]
    message = refused(write, cells)
    assert message.startswith(
        "t.csv:32:2: 'unclear' is not written like the money ($) in column 'c'"
    )
    assert "`--text c`" in message
    numbers = [str(i) for i in range(30)]
    assert read(write, [*numbers, "1,234.5"])["c"].values[-1] == 1234.5
    assert "can be read in 2 ways" in refused(write, [*numbers, "1,234"])
    message = refused(write, [*numbers, "x"])
    assert message.startswith("t.csv:32:2: 'x' is not a number, and column 'c' is numeric")
    assert "`--na x`" in message
    assert np.isnan(read(write, [*numbers, "x"], na="x")["c"].values[-1])


@pytest.mark.parametrize(
    "cells", [["$5", "€6", "£7"], ["LH 12", "BA 34"], ["12-14", "3-5"], ["a1", "b2"],
              ["1.2.3", "1.2.4"], ["31/02/2024", "30/02/2024"], ["24:01", "25:30"], ["5%", "6"],
              ["1,22,333", "4,55,666"], ["1,2,3", "4,5,6"]]
)  # fmt: skip
def test_names_stay_names(write, cells):
    assert read(write, cells)["c"].kind == "text"


def test_words_for_missing_values(write):
    cells = ["NA", "DE", "FR", "NA"]
    assert read(write, cells)["c"].missing.tolist() == [True, False, False, True]
    table = read(write, cells, na="")
    assert table["c"].categories == ("DE", "FR", "NA")
    table = read(write, ["-200", "1.5", "?", "-200.0"], na="-200,?")
    np.testing.assert_array_equal(table["c"].values, [np.nan, 1.5, np.nan, np.nan])


def test_a_file_is_read_as_that_of_training(write):
    first = read(write, ["$1,234.50", "$5"])
    assert first.format.writings == {"c": Writing("money", ".", ",", "$")}
    like = TextFormat.from_dict(first.format.to_dict())
    assert like == first.format
    again = read(write, ["$1,022", "$985"], like=like, kinds={"c": "numeric"})
    assert again["c"].values.tolist() == [1022, 985], "no doubt any more"
    message = refused(write, ["$5", "5 EUR"], like=like, kinds={"c": "numeric"})
    assert message.startswith("t.csv:3:2: '5 EUR' is not written like the money ($, thousands ',')")
    assert "as it was in training" in message
    assert "--text" not in message, "a model cannot be told so"
    for old, new, said in [
        ("1.000,5", "1000.5", "`--decimal .`"),
        ("31.01.2024", "01/31/2024", "`--date-format %m/%d/%Y`"),
    ]:
        how = TextFormat.from_dict(read(write, [old]).format.to_dict())
        message = refused(write, [new], like=how, kinds={"c": "numeric"})
        assert f"say how this file is written with {said}" in message
    assert read(write, ["x", "y"], like=like, kinds={"n": "numeric"})["c"].kind == "text"


def test_marks_that_were_told_are_those_of_the_model(write):
    first = read(write, ["985", "1.022"], thousands=".")
    like = TextFormat.from_dict(first.format.to_dict())
    again = read(write, ["1.022", "2.500"], like=like, kinds={"c": "numeric"})
    assert again["c"].values.tolist() == [1022, 2500]


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"decimal": "ab"}, "a decimal mark is"),
        ({"decimal": ";"}, "a decimal mark is"),
        ({"decimal": ""}, "a decimal mark is"),
        ({"thousands": "5"}, "a mark between thousands is"),
        ({"thousands": ""}, "a mark between thousands is"),
        ({"decimal": ",", "thousands": ","}, "a mark between thousands is"),
        ({"date_format": "%Q"}, "no format of dates"),
        ({"date_format": "abc"}, "no format of dates"),
        ({"date_format": ""}, "no format of dates"),
    ],
)
def test_marks_that_are_none_are_refused(write, options, said):
    with pytest.raises(UsageError, match=said):
        read(write, ["1", "2"], **options)


ALPHABET = "0123456789" * 3 + ".,' -+()%$€EUR:/TZ eE\u00a0\u2212AMPJan"
ODD = ["1.234,5", "$5", "5%", "2024-01-31", "31/12/2024", "12:30", "985", "1.022", "1,022", "NA",
       "01/02/03", "1e5", "(3)", "", "1 000", "99:99", "2024-13-01", "9999-12-31", "0001-01-01",
       "31.02.2024", "1'000", "5 EUR", "-$3", "$-3", "--3", "1e999", "\u0661"]  # fmt: skip
TOLD = {
    "decimal": [".", ","], "thousands": [",", ".", " ", "'"], "na": ["", "-", "985", "1e5,x"],
    "date_format": ["%d/%m/%Y", "%H:%M", "%Y-%m-%d", "%d.%m.%Y %H:%M"],
}  # fmt: skip


def test_fuzz_cells_are_read_the_same_way_twice_or_refused_with_their_place(write):
    for seed in range(int(os.environ.get("FUZZ_CASES", "150"))):
        rng = random.Random(seed)

        def cell(rng=rng):
            if rng.random() < 0.4:
                return "".join(rng.choice(ALPHABET) for _ in range(rng.randint(0, 9)))
            number = (
                f"{rng.choice('-+ ')}{rng.randint(0, 9999)}{rng.choice('.,')}{rng.randint(0, 99)}"
            )
            return rng.choice([rng.choice(ODD), number])

        base = [cell() for _ in range(rng.randint(1, 3))]
        cells = [rng.choice(base) if rng.random() < 0.8 else cell() for _ in range(12)]
        told = {k: rng.choice(v) for k, v in TOLD.items() if rng.random() < 0.2}
        if told.get("decimal") == told.get("thousands"):
            told.pop("thousands", None)
        try:
            first = read(write, cells, **told)
        except DataError as error:
            assert str(error).startswith("t.csv"), error  # noqa: PT017
            continue
        like = TextFormat.from_dict(first.format.to_dict())
        again = read_table("t.csv", like=like, kinds={c.name: c.kind for c in first.columns})
        for a, b in zip(first.columns, again.columns, strict=True):
            assert a.kind == b.kind
            np.testing.assert_array_equal(a.values, b.values)
