"""Reads a Parquet file in a process of its own, where what a damaged file does harms nobody.

A script that knows nothing of this package: it says on standard output what columns the file has
(a line of JSON), reads on standard input which of them are wanted and, column by column, writes a
line of JSON and the values as they lie in memory. What it cannot read it says in a line, too;
where the library ends the process instead, its end says it.
"""

from __future__ import annotations

import json
import sys
from typing import Any

MISSING = -1
DAY_NANOSECONDS = 86_400 * 10**9
HOUR_NANOSECONDS = 3_600 * 10**9
LEAST = 1 << 31


def main(path: str, memory: int) -> None:
    """Answer for the file at `path`, with `memory` bytes at most on top of what polars takes."""
    import polars as pl

    limit(memory)
    try:
        schema = pl.read_parquet_schema(path)
        rows = int(pl.scan_parquet(path).select(pl.len()).collect().item())
        say({"rows": rows, "columns": [[n, *described(t), str(t)] for n, t in schema.items()]})
        wanted = json.loads(sys.stdin.readline() or "null")
        if wanted is None:
            return
        frame = pl.read_parquet(path, columns=wanted)
        for name in wanted:
            send(frame[name], *described(schema[name]))
    except KeyboardInterrupt:
        return
    except BaseException as error:  # a panic of the library is no Exception
        say({"error": " ".join(str(error).split())[:300] or type(error).__name__})


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

    if dtype.is_numeric():
        return "numeric", "number"
    if dtype in (pl.String, pl.Categorical, pl.Enum):
        return "text", ""
    written = {pl.Date: "date", pl.Datetime: "date and time", pl.Time: "time"}
    for other, name in written.items():
        if dtype == other:
            return "numeric", name
    return ("boolean" if dtype == pl.Boolean else None), ""


def send(series: Any, kind: str | None, written: str) -> None:
    """Write a column: numbers with NaN, or codes with -1, where a value is missing."""
    import numpy as np
    import polars as pl

    names: list[str] = []
    if kind == "numeric":
        single = series.dtype == pl.Float32
        values = number(series, written).cast(pl.Float32 if single else pl.Float64).to_numpy()
        if series.null_count():
            values = np.where(series.is_null().to_numpy(), values.dtype.type(np.nan), values)
    elif kind == "boolean":
        values = series.cast(pl.Int32).fill_null(MISSING).to_numpy()
    else:
        texts = series.cast(pl.String)
        names = sorted(texts.drop_nulls().unique().to_list())
        ranks = texts.cast(pl.Enum(names)).to_physical()
        values = ranks.cast(pl.Int32).fill_null(MISSING).to_numpy()
    say({"dtype": values.dtype.str, "bytes": values.nbytes, "categories": names})
    sys.stdout.buffer.write(np.ascontiguousarray(values).data)


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
    main(sys.argv[1], int(sys.argv[2]))
