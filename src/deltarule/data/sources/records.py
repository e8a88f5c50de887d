"""JSON lines, JSON and SQLite as rows of named cells, written out as text.

A database is opened read-only, and statements that do anything but read are refused.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from deltarule.core.errors import DataError, UsageError
from deltarule.data.options import Options
from deltarule.data.sources.child import spelled
from deltarule.data.sources.unpacked import Limited
from deltarule.data.table import not_named, option

if TYPE_CHECKING:
    import sqlite3

RECORDS = (".jsonl", ".ndjson", ".json", ".db", ".sqlite", ".sqlite3")
"""Endings of files whose rows are records."""

_JSON = RECORDS[:3]

Record = Mapping[str, Any]


def write_records(
    path: Path,
    inside: str,
    out: Path,
    source: str,
    options: Options,
    marks: Mapping[str, Mapping[str, str]],
) -> None:
    """Write the records as a text file with a header, one line each.

    `inside` is the table or the query of a database, `marks` says how cells are spelled
    (`TextFormat.marks`). Raises `DataError` with the place for what is
    no record and for cells that are no numbers, texts or truth values; `UsageError` where it has
    to be said which table is meant.
    """
    if path.suffix.lower() in _JSON:
        if inside:
            raise UsageError(f"{source}: `::` names a table or a sheet, and JSON has none.")
        names = list(dict.fromkeys(name for _, record in _json(path, source) for name in record))
        rows: Iterable[tuple[int, Record]] = _json(path, source)
    else:
        names, rows = _selected(path, inside, source)
    with out.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(Limited(file, source, out.parent), lineterminator="\n")
        writer.writerow(names)
        told, line = {n: marks.get(n, marks.get("", {})) for n in names}, 0
        for number, record in rows:
            file.write("\n" * (number - line - 1))  # blank lines are counted
            line = number
            cells = (_cell(record.get(n), n, source, number, options, told[n]) for n in names)
            writer.writerow(list(cells))


def _cell(
    value: Any, name: str, source: str, number: int, options: Options, told: Mapping[str, str]
) -> str:
    if value is None or isinstance(value, str | int | float):
        return spelled(value, decimal=told.get("decimal", "."))
    if not options.keeps(name) or not options.used(name):
        return ""
    raise DataError(
        f"{source}:{number}: {name!r} is {_kind(value)}, which is neither number nor text nor "
        f"truth value. Leave it out with {option('drop', name)}."
    )


def _kind(value: Any) -> str:
    kinds: dict[type, str] = {dict: "an object", list: "a list", bytes: "binary data"}
    return kinds.get(type(value)) or str(type(value).__name__)


def _json(path: Path, source: str) -> Iterator[tuple[int, Record]]:
    """Yield the objects of a file with their lines; in one array, with their numbers."""
    with path.open("rb") as file:
        start = file.read(1 << 10).removeprefix(b"\xef\xbb\xbf").lstrip()[:1]
        file.seek(0)
        if start == b"[":
            found = _parsed(file.read(), source)
            yield from ((i, _object(record, f"{source}:{i}")) for i, record in enumerate(found, 1))
            return
        for number, line in enumerate(file, 1):
            if line.strip():
                place = f"{source}:{number}"
                yield number, _object(_parsed(line, place), place)


def _parsed(text: bytes, place: str) -> Any:
    try:
        return json.loads(text)
    except RecursionError:
        reason = "its brackets are too deep"
    except ValueError as error:
        reason = str(error)
    raise DataError(
        f"{place}: this is not JSON ({reason}). Each line is an object such as "
        '{"age": 31, "city": "Rome"}, or the file one array of objects.'
    )


def _object(record: Any, place: str) -> Record:
    if not isinstance(record, dict):
        raise DataError(
            f"{place}: a row is an object with a value for every column, such as "
            '{"age": 31, "city": "Rome"}, and this is ' + _kind(record) + "."
        )
    return record


def _selected(path: Path, inside: str, source: str) -> tuple[list[str], Iterator[tuple[int, Any]]]:
    """Return the columns and the numbered rows of a query."""
    import sqlite3

    connection = sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)
    try:
        known = "SELECT name FROM sqlite_master WHERE type IN ('table', 'view') ORDER BY name"
        tables = [name for (name,) in connection.execute(known) if not name.startswith("sqlite_")]
        connection.set_authorizer(_authorised)
        found = connection.execute(_statement(inside, tables, source))
        if found.description is None:
            raise UsageError(f"{source}: the query gives no rows. Begin it with SELECT.")
        names = [name for name, *_ in found.description]
        _check_distinct(names, source)
    except sqlite3.Error as error:
        connection.close()
        raise _refused(source, error) from None
    return names, _rows(connection, found, names, source)


def _rows(
    connection: sqlite3.Connection, found: sqlite3.Cursor, names: list[str], source: str
) -> Iterator[tuple[int, Record]]:
    import sqlite3

    try:
        for number, row in enumerate(found, 1):
            yield number, dict(zip(names, row, strict=True))
    except sqlite3.Error as error:
        raise _refused(source, error) from None
    finally:
        connection.close()


def _statement(inside: str, tables: Sequence[str], source: str) -> str:
    """Return the query for a table's name, or the query itself."""
    if not inside and len(tables) != 1:
        raise not_named("table", source, inside, tables)
    name = inside or next(iter(tables))
    if name in tables:
        return 'SELECT * FROM "' + name.replace('"', '""') + '"'
    if len(name.split()) == 1:
        raise not_named("table", source, name, tables)
    return name


def _authorised(action: int, first: str | None, second: str | None, *_: Any) -> int:
    """Allow a query what reads, and nothing else (sqlite3_set_authorizer)."""
    import sqlite3 as sql

    reads = (sql.SQLITE_SELECT, sql.SQLITE_READ, sql.SQLITE_FUNCTION, sql.SQLITE_RECURSIVE)
    loads = action == sql.SQLITE_FUNCTION and second == "load_extension"
    return sql.SQLITE_OK if action in reads and not loads else sql.SQLITE_DENY


def _check_distinct(names: list[str], source: str) -> None:
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        raise DataError(
            f"{source}: two columns of the query are called {twice!r}. Name them with AS."
        )


def _refused(source: str, error: sqlite3.Error) -> DataError:
    if "not authorized" in str(error):
        return DataError(f"{source}: the query does more than read ({error}). Use SELECT alone.")
    return DataError(
        f"{source}: the database does not answer ({error}). Correct the query or file."
    )
