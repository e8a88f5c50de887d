"""Files as they lie about: each is read right at the first try, or refused with what reads it.

Every file has its right values beside it, written down by hand: a list per column, None where a
value is missing. Where the first try is refused, `options` are what the message has to name.
"""

import codecs
import re
from dataclasses import dataclass, field

import numpy as np
import pytest

from deltarule.core.errors import DeltaruleError
from deltarule.data import read_table

Values = dict[str, list[float | str | None]]


@dataclass(frozen=True)
class Case:
    content: str | bytes
    right: Values
    notes: tuple[str, ...] = ()
    options: dict[str, object] = field(default_factory=dict)
    name: str = "t.csv"


def rows(*lines: str) -> str:
    return "".join(line + "\n" for line in lines)


CASES = {
    "semicolons, decimal commas": Case(
        rows('"fixed acidity";"pH"', "10,2;3,44", "12,0;3,39", "8,25;3,5"),
        {"fixed acidity": [10.2, 12, 8.25], "pH": [3.44, 3.39, 3.5]},
    ),
    "a byte order mark": Case(
        codecs.BOM_UTF8 + rows("größe,n", "klein,1", "groß,2").encode(),
        {"größe": ["klein", "groß"], "n": [1, 2]},
    ),
    "Latin-1": Case(
        rows("straße,n", "Föhr,1", "Hof,2", "Föhr,3").encode("latin-1"),
        {"straße": ["Föhr", "Hof", "Föhr"], "n": [1, 2, 3]},
        options={"encoding": "latin-1"},
    ),
    "UTF-16, as Excel saves it": Case(
        rows("name\tn", "Łódź\t1", "Ñuñoa\t2").encode("utf-16"),
        {"name": ["Łódź", "Ñuñoa"], "n": [1, 2]},
        name="t.txt",
    ),
    "quoted line breaks, quotes in quotes": Case(
        rows('text,n', '"two\nlines",1', '"say ""hi""",2'),
        {"text": ["two\nlines", 'say "hi"'], "n": [1, 2]},
    ),
    "a question mark among numbers": Case(
        rows("power,y", "130,1", "?,2", "95,3", "?,4", "88,5"),
        {"power": [130, None, 95, None, 88], "y": [1, 2, 3, 4, 5]},
        ("column 'power': '?' among its numbers, read as missing",),
    ),
    "dashes and n.a. among money": Case(
        rows("item;price", "a;$1,200.50", "b;-", "c;$3.00", "d;n.a."),
        {"item": ["a", "b", "c", "d"], "price": [1200.5, None, 3, None]},
        ("column 'price': '-', 'n.a.' among its numbers, read as missing",),
    ),
    "a question mark among names": Case(
        rows("work,y", "Private,1", "?,2", "State,3", "Private,4"),
        {"work": ["Private", "?", "State", "Private"], "y": [1, 2, 3, 4]},
    ),
    "-200 for a missing value": Case(
        rows("CO,T", "2.6,13.6", "-200,13.3", "2.2,11.9", "1.6,11.0"),
        {"CO": [2.6, None, 2.2, 1.6], "T": [13.6, 13.3, 11.9, 11.0]},
        options={"na": "-200"},
    ),
    "spaces around the cells": Case(
        rows("a , b", " 1 , x ", "  2,y  "), {"a": [1, 2], "b": ["x", "y"]}
    ),
    "thousands": Case(
        rows("town;people", "Bonn;335.975", "Ulm;128.928", "Köln;1.087.353"),
        {"town": ["Bonn", "Ulm", "Köln"], "people": [335975, 128928, 1087353]},
    ),
    "thousands or decimals": Case(
        rows("size;rent", "20;985", "21;1.022", "22;1.100"),
        {"size": [20, 21, 22], "rent": [985, 1022, 1100]},
        options={"thousands": "."},
    ),
    "Swiss thousands": Case(
        rows("k,v", "a,1'234.5", "b,12'000", "c,7"),
        {"k": ["a", "b", "c"], "v": [1234.5, 12000, 7]},
    ),
    "Excel's separator line": Case(
        rows("sep=;", "a;b", "1;2,5", "3;4,5"), {"a": [1, 3], "b": [2.5, 4.5]}
    ),
    "comments above": Case(
        rows("# station 7, north", "# made by a logger", "t,v", "1,2", "2,4"),
        {"t": [1, 2], "v": [2, 4]},
        ("passed over as a comment: the first 2 lines, with '#'",),
    ),
    "NumPy's header": Case(
        rows("# x y z", "1 2 3", "4 5 7"), {"x": [1, 4], "y": [2, 5], "z": [3, 7]}, name="t.txt"
    ),
    "comments between": Case(
        rows("a,b", "1,2", "% a pause", "3,4"), {"a": [1, 3], "b": [2, 4]}, options={"comment": "%"}
    ),
    "units under the names": Case(
        rows("time;speed;mass", "[h];km/h;[kg]", "1;30,5;2", "2;31;3", "3;29;4"),
        {"time": [1, 2, 3], "speed": [30.5, 31, 29], "mass": [2, 3, 4]},
        ("line 2 holds no data but units or descriptions ('[h]', 'km/h', '[kg]')",),
    ),
    "separators at the ends of all rows": Case(
        rows("a;b;;", "1;2;;", "3;5;;", ";;;", ";;;"),
        {"a": [1, 3], "b": [2, 5]},
        ("passed over: 2 rows of empty cells", "left out, without a value in any row: columns"),
    ),
    "separators at the ends of the rows but not of the names": Case(
        rows("a;b", "1;2;", "3;5;", "4;6;"),
        {"a": [1, 3, 4], "b": [2, 5, 6]},
        ("passed over: the ';' at the end of every row",),
    ),
    "runs of blanks, no names": Case(
        rows('18.0  8  307.0   130.0\t"chevrolet chevelle"', '15.0  8  350.0   165.0\t"buick"'),
        {"c1": [18, 15], "c2": [8, 8], "c3": [307, 350], "c4": [130, 165],
         "c5": ["chevrolet chevelle", "buick"]},
        options={"header": False}, name="auto.data",
    ),
    "no names": Case(
        rows("34, Private, 13, >50K", "50, State, 9, <=50K", "38, Private, 9, <=50K"),
        {"age": [34, 50, 38], "job": ["Private", "State", "Private"], "years": [13, 9, 9],
         "income": [">50K", "<=50K", "<=50K"]},
        options={"columns": ["age", "job", "years", "income"]},
    ),
    "Namibia": Case(
        rows("country,y", '"NA",1', '"DE",2', '"FR",3', '"ZA",4', '"NA",5'),
        {"country": ["NA", "DE", "FR", "ZA", "NA"], "y": [1, 2, 3, 4, 5]},
        ("column 'country': 'NA' is a name of two letters like the others",),
    ),
    "NA among words": Case(
        rows("alley,y", "Gravel,1", "NA,2", "Paved,3"),
        {"alley": ["Gravel", None, "Paved"], "y": [1, 2, 3]},
    ),
    "German dates": Case(
        rows("tag;v", "31.01.2024;1", "01.02.2024;2"), {"tag": [19753, 19754], "v": [1, 2]}
    ),
    "dates of either order": Case(
        rows("day,v", "01/03/2004,1", "02/03/2004,2"),
        {"day": [12478, 12479], "v": [1, 2]},
        options={"date_format": "%d/%m/%Y"},
    ),
    "times of the day, percentages": Case(
        rows("at,share", "06:30,5%", "18:45,12.5%"), {"at": [6.5, 18.75], "share": [5, 12.5]}
    ),
    "an air sensor's file": Case(
        rows("Date;Time;CO;T;;", "13/03/2004;18.00.00;2,6;13,6;;", "13/03/2004;19.00.00;-200;13;;",
             "14/03/2004;20.00.00;2,2;11,9;;", ";;;;;"),
        {"Date": [12490, 12490, 12491], "Time": [18, 19, 20], "CO": [2.6, None, 2.2],
         "T": [13.6, 13, 11.9]},
        options={"na": "-200"},
    ),
    "numbers with an exponent, signs, points at the end": Case(
        rows("v,n", "1e-3,+5", "-2.5E2,3350.", ".5,-0"),
        {"v": [0.001, -250, 0.5], "n": [5, 3350, 0]},
    ),
    "old Mac line ends, vertical bars": Case(
        "a|b\r1|x\r2|y\r", {"a": [1, 2], "b": ["x", "y"]}
    ),
    "truth values, a column that counts as text": Case(
        rows("ok,zip,y", "true,01234,1", "FALSE,98765,2", "True,00501,3"),
        {"ok": ["true", "false", "true"], "zip": ["01234", "98765", "00501"], "y": [1, 2, 3]},
        options={"text": ["zip"]},
    ),
    "a column without a name, empty but for one": Case(
        rows(",a,b", "0,1,2", "1,3,", "2,5,6"),
        {"column_1": [0, 1, 2], "a": [1, 3, 5], "b": [2, None, 6]},
        ("column 1 has no name in the header and is called 'column_1'",),
    ),
}  # fmt: skip


def found(table) -> Values:
    values: Values = {}
    for column in table.columns:
        if column.kind == "numeric":
            values[column.name] = [None if np.isnan(v) else float(v) for v in column.values]
        else:
            values[column.name] = [*np.array([*column.categories, None], object)[column.values]]
    return values


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_the_values_are_right(write, case):
    table = read_table(write(case.content, case.name), **case.options)
    values = found(table)
    assert list(values) == list(case.right)
    for name, right in case.right.items():
        assert values[name] == pytest.approx(right), name
    said = "\n".join(table.notes)
    assert all(note in said for note in case.notes), said


TOLD = [name for name, case in CASES.items() if case.options and "text" not in case.options]


@pytest.mark.parametrize("name", TOLD)
def test_what_is_not_read_right_at_once_is_refused_or_said_with_the_option(write, name):
    """What has to be told is named by an error, or by a note on what was read."""
    from deltarule.data import prepare

    case = CASES[name]
    option = {"header": "no-header", "columns": "columns", "date_format": "date-format"}
    told = next(iter(case.options))
    try:
        table = read_table(write(case.content, case.name))
        said = "\n".join(prepare(table, target=table.names[-1], validation=0).notes)
    except DeltaruleError as error:
        said = str(error)
    if told == "comment":  # a row of another width, with its place
        assert said.startswith("t.csv:3: the row has 1 cell and the header has 2")
        return
    assert re.search(rf"`--{option.get(told, told)}\b", said), said


def test_there_are_thirty() -> None:
    assert len(CASES) >= 30
