"""Rows at any times made into regular ones: of every month, say, the mean, the sum or the last."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from deltarule.core.errors import UsageError, one_of
from deltarule.data.preparation.encode_check import check_missing
from deltarule.data.table import Column, Table

_EVERY = {"year": "1y", "quarter": "1q", "month": "1mo", "week": "1w", "day": "1d", "hour": "1h"}
_LONGEST = {"year": 366, "quarter": 92, "month": 31, "week": 7, "day": 1, "hour": 1.001 / 24}
"""Days."""
_HOW = ("mean", "sum", "last", "min", "max")


def resampled(table: Table, time: str, names: Sequence[str], rule: str) -> Table:
    """Return one row for each of the times of `rule`, such as "month:sum", that have any rows.

    A value that is missing counts for nothing; one that is missing in all rows of a month is
    missing in that month. Weeks begin on Mondays.

    Raises `UsageError` for another rule, a time shorter than any two rows are apart, and where the
    times are no dates.

    >>> days = np.array([0.0, 1.0, 31.0, 59.0])
    >>> parts = Column("day", "numeric", days, written="date"), Column("y", "numeric", days)
    >>> table = resampled(Table("t", parts), "day", ["y"], "month:sum")
    >>> table["y"].values, table.notes[-1][:12]
    (array([ 1., 31., 59.]), 't: 4 rows ma')
    """
    import polars as pl

    every, _, how = rule.partition(":")
    one_of("time to resample to", every, _EVERY)
    one_of("way to resample", how or "mean", _HOW)
    written = table[time].written
    if written not in ("date", "date and time"):
        raise UsageError(
            f"{table.source}: only dates can be resampled, and {time!r} is no column of dates"
        )
    check_missing(table, [time], np.arange(table.rows), "Every row needs its time.")
    moments = np.round(table[time].values * 86_400e6).astype("datetime64[us]")
    frame = pl.DataFrame({time: moments, **{n: table[n].values for n in names}})
    known = pl.col(names).fill_nan(None).drop_nulls()
    of_group = getattr(known, how or "mean")()
    found = (
        frame.sort(time)
        .group_by_dynamic(time, every=_EVERY[every])
        .agg(pl.when(pl.col(names).fill_nan(None).count() > 0).then(of_group))
    )
    days = found[time].to_numpy().astype("datetime64[us]").astype(np.float64) / 86_400e6
    if len(days) > 1 and np.diff(days).min() > _LONGEST[every]:
        raise UsageError(
            f"{table.source}: the times in {time!r} are all further apart than one {every}: rows "
            "can be made fewer, not more. Resample to a longer time, or leave it out."
        )
    columns = [Column(time, "numeric", days, written="date" if every != "hour" else written)]
    columns += [
        Column(n, "numeric", found[n].cast(pl.Float64).fill_null(np.nan).to_numpy()) for n in names
    ]
    until = str(moments.max().astype(f"datetime64[{'D' if written == 'date' else 'm'}]"))
    said = (
        f"{table.rows:,} rows made {len(found):,} {every}s, each the {how or 'mean'} of its rows, "
        f"the last of those until {until.replace('T', ' ')}"
    )
    notes = *table.notes, f"{table.source}: {said}"
    begin = found[time].dt.to_string("%Y-%m-%d %H:%M" if every == "hour" else "%Y-%m-%d").to_list()

    def locate(cells: Sequence[tuple[int, str]]) -> list[tuple[str, str]]:
        return [(f"{table.source}, the {every} of {begin[row]}, {n!r}", "") for row, n in cells]

    return replace(table, columns=tuple(columns), notes=notes, locate=locate)
