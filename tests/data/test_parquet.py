"""Parquet files."""

import datetime
import io
import os

import numpy as np
import polars as pl
import pytest

from deltarule.core.errors import DataError, ResourceError, UsageError
from deltarule.data import read_table


@pytest.fixture
def save(write, tmp_path):
    """Return a function that saves columns as data.parquet."""

    def _save(**columns):
        pl.DataFrame(columns).write_parquet(tmp_path / "data.parquet")
        return "data.parquet"

    write("", "empty")
    return _save


def refused(name, kind=DataError, **options):
    with pytest.raises(kind) as caught:
        read_table(name, **options)
    return str(caught.value)


def test_kinds_and_values(save):
    table = read_table(
        save(
            whole=[1, None, 3],
            real=[0.5, float("nan"), 2.5],
            single=pl.Series([0.5, None, 2.5], dtype=pl.Float32),
            decimal=pl.Series(["1.25", "2.50", None]).cast(pl.Decimal(10, 2)),
            flag=[True, None, False],
            city=["Rome", "Bonn", None],
            size=pl.Series(["S", None, "L"], dtype=pl.Categorical),
            grade=pl.Series(["b", "a", "b"], dtype=pl.Enum(["b", "a", "unused"])),
            nothing=pl.Series([None, None, None], dtype=pl.String),
            null=[None, None, None],
        ),
        text=["nothing"],
    )
    assert table.notes == ("left out, without a value in any row: column 'null'",)
    nan = np.nan
    for name, values in {
        "whole": [1, nan, 3],
        "real": [0.5, nan, 2.5],
        "single": [0.5, nan, 2.5],
        "decimal": [1.25, 2.5, nan],
    }.items():
        assert table[name].kind == "numeric"
        assert table[name].values.dtype == (np.float32 if name == "single" else np.float64)
        np.testing.assert_array_equal(table[name].values, values)
    for name, codes, categories in [
        ("flag", [1, -1, 0], ("false", "true")),
        ("city", [1, 0, -1], ("Bonn", "Rome")),
        ("size", [1, -1, 0], ("L", "S")),
        ("grade", [1, 0, 1], ("a", "b")),
        ("nothing", [-1, -1, -1], ()),
    ]:
        assert table[name].values.tolist() == codes
        assert table[name].values.dtype == np.int32
        assert table[name].categories == categories
    assert table["flag"].kind == "boolean"
    assert table["city"].kind == "text"
    assert table.place(1, "city") == "data.parquet, row 2, column 'city'"


@pytest.mark.parametrize(
    "values",
    [[datetime.timedelta(1)], [[1, 2]], [{"a": 1}], [b"x"]],
)
def test_other_types_are_refused(save, values):
    message = refused(save(a=[1], odd=values))
    assert message.startswith("data.parquet: column 'odd' is of type ")
    assert "`--drop odd`" in message
    assert read_table("data.parquet", drop=["odd"]).names == ("a",)


def test_dates_and_times_are_numbers(save):
    """Days since 1970-01-01 and hours since midnight, to the microsecond; time zones are UTC."""
    noon = datetime.datetime(1970, 1, 2, 12, 0, 0, 1)
    table = read_table(
        save(
            day=[datetime.date(1970, 1, 11), None, datetime.date(1969, 12, 31)],
            at=[noon, None, datetime.datetime(2024, 2, 29)],
            there=pl.Series([noon] * 3)
            .dt.replace_time_zone("UTC")
            .dt.convert_time_zone("Asia/Tokyo"),
            clock=[datetime.time(6, 30), None, datetime.time(23, 59, 59, 999_999)],
        )
    )
    nan, second = np.nan, 1 / 86_400
    np.testing.assert_array_equal(table["day"].values, [10, nan, -1])
    np.testing.assert_array_equal(table["at"].values, [1.5 + 1e-6 * second, nan, 19_782])
    np.testing.assert_array_equal(table["there"].values, [1.5 + 1e-6 * second] * 3)
    np.testing.assert_allclose(table["clock"].values, [6.5, nan, 24 - 1e-6 / 3600], rtol=1e-15)
    written = ["date", "date and time", "date and time", "time"]
    assert [column.written for column in table.columns] == written


def test_other_types_that_training_did_not_use_are_left_out(save):
    table = read_table(save(a=[1], day=[datetime.timedelta(1)]), kinds={"a": "numeric"})
    assert table.names == ("a",)
    assert table.notes == ("column 'day' of type Duration(time_unit='us') was left out",)


def test_damaged_files(save, write, tmp_path):
    data = (tmp_path / save(a=list(range(1000)))).read_bytes()
    for damaged in (b"", b"not parquet at all", data[: len(data) // 2], data[:-10]):
        message = refused(write(damaged, "data.parquet"))
        assert message.startswith("data.parquet: this is not a Parquet file, or it is damaged")


def test_without_rows_and_without_columns(save):
    assert "there are columns and no row" in refused(save(a=pl.Series([], dtype=pl.Float64)))
    assert "no column left" in refused(save(a=[1]), UsageError, drop=["a"])


def test_unknown_columns(save):
    message = refused(save(age=[1]), target="aeg")
    assert "no target column 'aeg', did you mean 'age'?" in message


def test_infinite_numbers(save):
    message = refused(save(a=[1.0, float("inf")]))
    assert "1 cell is infinite in column 'a', at data.parquet, row 2, column 'a'" in message


def test_other_kinds(save):
    name = save(n=[1.0, 10.0, None, 2.5], t=["3", "NA", "4.5", "-1"], b=[True, None, False, True])
    table = read_table(name, text=["n"], kinds={"t": "numeric", "b": "text"})
    assert table["n"].categories == ("1", "10", "2.5")
    assert table["n"].values.tolist() == [0, 1, -1, 2]
    np.testing.assert_array_equal(table["t"].values, [3, np.nan, 4.5, -1])
    assert table["b"].kind == "text"
    assert table["b"].categories == ("false", "true")
    bools = read_table(save(t=["true", None, "true"]), kinds={"t": "boolean"})
    assert bools["t"].kind == "boolean"
    assert bools["t"].categories == ("false", "true")
    assert bools["t"].values.tolist() == [1, -1, 1]


def test_text_that_must_be_numeric(save):
    message = refused(save(t=["3", "x"]), kinds={"t": "numeric"})
    assert message.startswith("data.parquet, row 2, column 't': 'x' is not a number")


def test_too_large_for_the_memory(save, monkeypatch):
    class Memory:
        available = 20_000

    monkeypatch.setattr("psutil.virtual_memory", Memory)
    monkeypatch.setattr("polars.read_parquet", None)
    message = refused(save(a=list(range(1000))), ResourceError)
    assert "needs about 24.0 kB of memory and 20.0 kB are free" in message


def test_a_child_that_ends_without_an_answer_is_a_damaged_file(save, monkeypatch, tmp_path):
    """What the library does to the process happens to the child alone."""
    name = save(a=[1.0])
    for code, reason in [
        ("import os; os.abort()", "SIGABRT"),
        ("import sys; sys.exit(7)", "status 7"),
        (
            "import os, sys; print('{\"rows\": 1, \"columns\"', end='', flush=True); os._exit(3)",
            "status 3",
        ),
        (ANSWER + "sys.stdin.readline(); os.kill(os.getpid(), 11)", "SIGSEGV"),
        (ANSWER + "sys.stdin.close(); os.close(0)", "status 0"),
        (ANSWER + "print(json.dumps({'dtype': '<f8', 'bytes': 8, 'categories': []}))", "status 0"),
        (ANSWER + "print(json.dumps({'error': 'no such page'}))", "no such page"),
    ]:
        child = tmp_path / "child.py"
        child.write_text("import json, os, sys\n" + code)
        monkeypatch.setattr("deltarule.data.sources.columnar._CHILD", child)
        message = refused(name)
        assert message.startswith("data.parquet: this is not a Parquet file, or it is damaged (")
        assert reason in message


COLUMNS = '{"rows": 1, "columns": [["a", "numeric", "number", "Float64"]]}'
ANSWER = f"print({COLUMNS!r}, flush=True)\n"


def test_an_encrypted_file(write):
    assert "the file is encrypted" in refused(write(b"PARE" + b"x" * 30 + b"PARE", "e.parquet"))


def sample() -> bytes:
    """Return a file of 3 kB with a column of every kind."""
    rng = np.random.default_rng(0)
    buffer = io.BytesIO()
    pl.DataFrame({
        "whole": [1, None, 3] * 20,
        "real": rng.normal(size=60),
        "flag": [True, None, False] * 20,
        "city": ["Rome", "Bonn", None] * 20,
        "day": [datetime.date(2020, 1, 1)] * 60,
    }).write_parquet(buffer)  # fmt: skip
    return buffer.getvalue()


def damages(data: bytes) -> list[bytes]:
    """Return the data cut at every length and with every byte flipped, in an order by chance."""
    found = [data[:n] for n in range(len(data))]
    for place in range(len(data)):
        for flip in (0x01, 0x80, 0xFF):
            other = bytearray(data)
            other[place] ^= flip
            found.append(bytes(other))
    return [found[i] for i in np.random.default_rng(1).permutation(len(found))]


def test_fuzz_damaged_files(tmp_path, monkeypatch):
    """A table of 60 rows, or an error with the file's name: no crash, nothing that hangs."""
    monkeypatch.chdir(tmp_path)
    read = refused_ones = 0
    for data in damages(sample())[: int(os.environ.get("FUZZ_CASES", "12"))]:
        (tmp_path / "d.parquet").write_bytes(data)
        try:
            assert read_table("d.parquet").rows == 60
            read += 1
        except (DataError, ResourceError) as error:
            assert str(error).startswith("d.parquet: ")  # noqa: PT017
            refused_ones += 1
    print(f"{read} read, {refused_ones} refused")
    assert refused_ones
