"""Reads a file in a process of its own, where what a damaged or hostile one does harms nobody.

A script that knows nothing of this package. Of a Parquet or Arrow file, or a query of a DuckDB
database, it says on standard output what columns there are (a line of JSON), reads on standard
input which of them are wanted and, column by column, writes a line of JSON and the values as they
lie in memory. The cells of an Excel sheet it writes as text into a file. What it cannot read it
says in a line, too; where the library ends the process instead, its end says it.
"""

from __future__ import annotations

import csv
import datetime
import json
import sys
from collections.abc import Callable
from typing import Any

MISSING = -1
DAY_NANOSECONDS = 86_400 * 10**9
HOUR_NANOSECONDS = 3_600 * 10**9
LEAST = 1 << 31
CLOSED = {
    "enable_external_access": "false",
    "autoinstall_known_extensions": "false",
    "autoload_known_extensions": "false",
    "lock_configuration": "true",
}


def main(kind: str, path: str, memory: int, *more: str) -> None:
    """Answer for the file at `path`, with `memory` bytes at most on top of what is taken now."""
    try:
        if kind == "Excel":
            limit(memory)
            sheet(path, *more)
        elif kind == "DuckDB":
            limit(memory)
            query(path, *more)
        else:
            columns(path, memory, arrow=kind == "Arrow")
    except KeyboardInterrupt:
        return
    except ModuleNotFoundError as error:
        say({"absent": error.name})
    except BaseException as error:  # a panic of the library is no Exception
        say({"error": " ".join(str(error).split())[:300] or type(error).__name__})


def columns(path: str, memory: int, arrow: bool) -> None:
    """Say the columns of a Parquet or Arrow file, and send those that are wanted."""
    import polars as pl

    limit(memory)
    schema = (pl.read_ipc_schema if arrow else pl.read_parquet_schema)(path)
    rows = int((pl.scan_ipc if arrow else pl.scan_parquet)(path).select(pl.len()).collect().item())
    read = pl.read_ipc if arrow else pl.read_parquet
    offer(rows, schema, lambda names: read(path, columns=names))


def offer(rows: int, schema: Any, read: Callable[[list[str]], Any]) -> None:
    """Say what columns there are, and send those that are wanted of what `read` returns."""
    say({"rows": rows, "columns": [[n, *described(t), str(t)] for n, t in schema.items()]})
    wanted = json.loads(sys.stdin.readline() or "null")
    if wanted is None:
        return
    frame = read(wanted)
    for name in wanted:
        send(frame[name], *described(schema[name]))


def query(path: str, inside: str) -> None:
    """Offer the columns of a table (the only one where the name is empty), or of a query.

    The database is opened to read alone, and nothing outside it can be reached.
    """
    import duckdb
    import polars as pl

    base = duckdb.connect(path, read_only=True, config=CLOSED)
    known = base.sql("SELECT table_name FROM information_schema.tables ORDER BY 1").fetchall()
    tables = [name for (name,) in known]
    if inside in tables or (not inside and len(tables) == 1):
        quoted = (inside or tables[0]).replace('"', '""')
        statement = f'SELECT * FROM "{quoted}"'
    elif len(inside.split()) < 2:
        say({"tables": tables})
        return
    else:
        parts = base.extract_statements(inside)
        if [part.type for part in parts] != [duckdb.StatementType.SELECT]:
            raise ValueError("the query does more than read: use one SELECT alone")
        statement = inside
    frame = pl.DataFrame(base.sql(statement))
    offer(len(frame), frame.schema, lambda names: frame)


def sheet(path: str, name: str, out: str, marks: str = "{}") -> None:
    """Write the cells of a sheet (the only one where the name is empty) as CSV, row by row.

    `marks` is JSON: how the cells under a name are spelled (see `spelled`), under "" all others.
    """
    from python_calamine import CalamineWorkbook

    book = CalamineWorkbook.from_path(path)
    if name not in book.sheet_names and (name or len(book.sheet_names) > 1):
        say({"sheets": book.sheet_names})
        return
    found = book.get_sheet_by_name(name or book.sheet_names[0]).to_python(skip_empty_area=False)
    clocks = {
        j
        for row in found
        for j, cell in enumerate(row)
        if isinstance(cell, datetime.datetime) and cell.time() != datetime.time()
    }
    told: dict[str, dict[str, str]] = json.loads(marks)
    names = {
        j: cell.strip()
        for row in reversed(found)
        for j, cell in enumerate(row)
        if isinstance(cell, str) and is_in(cell, told)
    }
    under = [told.get(names.get(j, ""), {}) for j in range(max(map(len, found), default=0))]
    with open(out, "w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerows(
            [spelled(cell, j in clocks, **under[j]) for j, cell in enumerate(row)] for row in found
        )
    say({"rows": len(found)})


def is_in(cell: Any, names: dict[str, Any]) -> bool:
    """Say whether a cell is one of the names."""
    return isinstance(cell, str) and bool(cell.strip()) and cell.strip() in names


def spelled(cell: Any, clock: bool = False, decimal: str = ".", pattern: str = "") -> str:
    """Return a cell as text in one line; a date with its time where others of the column have one.

    Numbers have the `decimal` mark, dates and times the `pattern` (of `strptime`) where it keeps
    all that they say: so they are read as what they are where a model reads texts in that way.

    >>> spelled(3.0), spelled(True), spelled(None), spelled("a\\nb"), spelled(1.5, decimal=",")
    ('3', 'true', '', 'a b', '1,5')
    >>> spelled(datetime.datetime(2024, 1, 31), pattern="%d.%m.%Y")
    '31.01.2024'
    """
    if cell is None:
        return ""
    if isinstance(cell, bool):
        return str(cell).lower()
    if isinstance(cell, float):
        whole = cell.is_integer() and abs(cell) < 2**53
        return str(int(cell)) if whole else str(cell).replace(".", decimal)
    if isinstance(cell, datetime.date | datetime.time):
        return moment(cell, clock, pattern)
    if isinstance(cell, datetime.timedelta):
        return repr(cell.total_seconds() / 3600)
    return " ".join(str(cell).splitlines())


def moment(cell: datetime.date | datetime.time, clock: bool, pattern: str) -> str:
    """Return a date or a time in the `pattern` where that keeps all of it, else as ISO has it."""
    exact = cell
    if isinstance(cell, datetime.date) and not isinstance(cell, datetime.datetime):
        exact = datetime.datetime(cell.year, cell.month, cell.day)
    if pattern not in ("", "ISO"):
        text = f"{exact:{pattern}}"
        read = datetime.datetime.strptime(text, pattern)
        if exact in (read, read.time()):
            return text
    if isinstance(exact, datetime.time):
        return str(exact)
    return f"{exact:%Y-%m-%d %H:%M:%S}" if clock else f"{exact:%Y-%m-%d}"


def limit(memory: int) -> None:
    """Let an allocation that is too large fail here, and not take the machine's memory.

    Less than `LEAST` would keep the library's threads from starting, which then wait for ever.
    """
    try:
        import resource
    except ImportError:  # Windows
        return
    try:
        with open("/proc/self/statm") as file:  # pages: in all, resident, .., data and stack
            now = int(file.read().split()[5]) * resource.getpagesize()
    except OSError:  # not Linux
        return
    most = now + max(memory, LEAST)
    resource.setrlimit(resource.RLIMIT_DATA, (most, most))


def described(dtype: Any) -> tuple[str | None, str]:
    """Return the kind of a column of ours, None for none, and how a number was written."""
    import polars as pl

    if dtype.is_numeric() or dtype == pl.Null:
        return "numeric", "number"
    if dtype in (pl.String, pl.Categorical, pl.Enum):
        return "text", ""
    written = {pl.Date: "date", pl.Datetime: "date and time", pl.Time: "time"}
    for other, name in written.items():
        if dtype == other:
            return "numeric", name
    return ("boolean" if dtype == pl.Boolean else None), ""


def send(series: Any, kind: str | None, written: str) -> None:
    """Write a column: what it is, and its values."""
    import numpy as np

    values, names = values_of(series, kind, written)
    say({"dtype": values.dtype.str, "bytes": values.nbytes, "categories": names})
    sys.stdout.buffer.write(np.ascontiguousarray(values).data)


def values_of(series: Any, kind: str | None, written: str) -> tuple[Any, list[str]]:
    """Return numbers with NaN, or codes with -1 and their names, where a value is missing."""
    import numpy as np
    import polars as pl

    if kind == "numeric":
        single = series.dtype == pl.Float32
        values = number(series, written).cast(pl.Float32 if single else pl.Float64).to_numpy()
        if series.null_count():
            values = np.where(series.is_null().to_numpy(), values.dtype.type(np.nan), values)
        return values, []
    if kind == "boolean":
        return series.cast(pl.Int32).fill_null(MISSING).to_numpy(), ["false", "true"]
    texts = series.cast(pl.String)
    names = sorted(texts.drop_nulls().unique().to_list())
    return texts.cast(pl.Enum(names)).to_physical().cast(pl.Int32).fill_null(
        MISSING
    ).to_numpy(), names


def number(series: Any, written: str) -> Any:
    """Return days since 1970 for dates, hours since midnight for times of the day."""
    import polars as pl

    if written == "date":
        return series.cast(pl.Int32)
    if written == "date and time":
        return series.dt.timestamp("ns") / DAY_NANOSECONDS
    if written == "time":
        return series.cast(pl.Int64) / HOUR_NANOSECONDS
    return series


def say(what: dict[str, Any]) -> None:
    """Write one line."""
    sys.stdout.buffer.write(json.dumps(what).encode() + b"\n")
    sys.stdout.buffer.flush()


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]), *sys.argv[4:])
