"""Tables from databases, which are only read: SQLite, DuckDB."""

import sqlite3

import pytest
from people_tables import RECORDS, check_people, refused

from deltarule.core.errors import DeltaruleError, UsageError
from deltarule.data import read_table
from deltarule.data.read import name_of


@pytest.fixture
def database(write, tmp_path) -> str:
    """Make shop.db with the tables people and empty."""
    write("")
    with sqlite3.connect(tmp_path / "shop.db") as base:
        base.execute("CREATE TABLE people (age REAL, city TEXT, day TEXT)")
        base.executemany("INSERT INTO people VALUES (:age, :city, :day)", RECORDS)
        base.execute('CREATE TABLE "odd "" name" (picture BLOB)')
        base.execute('INSERT INTO "odd "" name" VALUES (x\'00ff\')')
    base.close()
    return "shop.db"


def test_sqlite(database):
    table = read_table(f"{database}::people")
    check_people(table)
    assert table.place(1, "city") == "shop.db::people:2:2"
    check_people(read_table("shop.db::SELECT * FROM people WHERE age < 100"))
    assert refused(database, UsageError).startswith("shop.db: which table is meant? Write")
    assert "no table 'peple', did you mean 'people'?" in refused("shop.db::peple")
    message = refused('shop.db::odd " name')
    assert message.startswith("shop.db::odd \" name:1: 'picture' is binary data")
    assert "two columns of the query are called 'age'" in refused(
        "shop.db::SELECT age, age FROM people"
    )


@pytest.mark.parametrize(
    "query",
    [
        "DELETE FROM people", "DROP TABLE people", "INSERT INTO people VALUES (1, 2, 3)",
        "UPDATE people SET age = 0 RETURNING *", "ATTACH 'other.db' AS other",
        "PRAGMA journal_mode = DELETE", "CREATE TABLE t (a)", "SELECT load_extension('x')",
        "SELECT 1; DROP TABLE people", "VACUUM INTO 'other.db'", "SELECT FROM", "BEGIN IMMEDIATE",
    ],
)  # fmt: skip
def test_sqlite_is_only_read(database, tmp_path, query):
    before = (tmp_path / database).read_bytes()
    assert refused(f"{database}::{query}", DeltaruleError).startswith(f"shop.db::{query}: ")
    assert (tmp_path / database).read_bytes() == before
    assert not (tmp_path / "other.db").exists()


def test_a_damaged_database(write):
    assert "the database does not answer (file is not a database)" in refused(
        write(b"no database" * 100, "x.db")
    )


@pytest.fixture
def duck(write, tmp_path):
    """A DuckDB database of the same people, with a second table."""
    duckdb = pytest.importorskip("duckdb")
    write("")
    with duckdb.connect(str(tmp_path / "shop.duckdb")) as base:
        base.execute("CREATE TABLE people (age DOUBLE, city VARCHAR, day DATE)")
        base.executemany("INSERT INTO people VALUES ($age, $city, $day)", RECORDS)
        base.execute('CREATE TABLE "odd "" name" AS SELECT [1, 2] AS several, 7::HUGEINT AS n')
    return "shop.duckdb"


def test_duckdb(duck, tmp_path):
    check_people(read_table(f"{duck}::people"))
    check_people(read_table(f"{duck}::SELECT * FROM people WHERE age < 100 OR age IS NULL"))
    (tmp_path / duck).rename(tmp_path / "shop.db")  # it is known by what it holds
    check_people(read_table("shop.db::people"))
    assert refused("shop.db", UsageError).startswith("shop.db: which table is meant? Write")
    assert "no table 'peple', did you mean 'people'?" in refused("shop.db::peple")
    assert "column 'several' is of type List(Int32)" in refused('shop.db::odd " name')
    assert read_table('shop.db::SELECT n FROM "odd "" name"')["n"].values.tolist() == [7.0]


@pytest.mark.parametrize(
    "query",
    [
        "UPDATE people SET age = 0 RETURNING *", "COPY people TO 'other.db'", "SELECT FROM",
        "SELECT 1; DROP TABLE people", "SELECT * FROM read_csv('/etc/passwd')",
    ],
)  # fmt: skip
def test_duckdb_is_only_read(duck, tmp_path, query):
    before = (tmp_path / duck).read_bytes()
    message = refused(f"{duck}::{query}", DeltaruleError)
    assert message.startswith(f"shop.duckdb::{query}: the database does not answer (")
    assert (tmp_path / duck).read_bytes() == before
    assert sorted(path.name for path in tmp_path.iterdir() if "other" in path.name) == []


def test_a_damaged_duckdb(duck, tmp_path, write):
    data = bytearray((tmp_path / duck).read_bytes())
    data[4000:9000] = bytes(5000)
    write(bytes(data), "y.duckdb")
    assert "the database does not answer (" in refused("y.duckdb::people")
    assert "the database does not answer (" in refused(write(b"none" * 99, "x.duckdb"))


def test_what_is_made_of_a_source_is_called_after_it(database):
    names = ["d/people.csv.gz", "part-*.csv", "-", "shop.db::SELECT 1", "iris", "parity:4"]
    assert [name_of(name) for name in names] == [
        "people",
        "part",
        "stdin",
        "shop",
        "iris",
        "parity:4",
    ]
