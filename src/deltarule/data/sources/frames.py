"""Tables that are in memory already: data frames, dictionaries of columns, Arrow tables."""

from __future__ import annotations

import datetime
import sys
from collections.abc import Mapping, Sequence
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from deltarule.core.arguments import plain_values
from deltarule.core.errors import DataError, UsageError
from deltarule.data.sources.child import described, values_of
from deltarule.data.table import Column, Kind, Table
from deltarule.data.text.cells import BOOLEAN


def columns_table(data: Any) -> Table:
    """Return a DataFrame, a dictionary of columns or an Arrow table as a table.

    That is a polars or pandas DataFrame, or anything that hands its columns on as an Arrow stream
    (pyarrow, DuckDB, ...).

    Raises `DataError` for columns that cannot be used, `UsageError` for anything else.

    >>> columns_table({"year": [1700, 1701], "sunspots": [5.0, 11.0]}).names
    ('year', 'sunspots')
    """
    if isinstance(data, Mapping):
        return _from_columns({str(name): values for name, values in data.items()})
    if not is_tabular(data):
        raise UsageError(
            f"a table is a file, a DataFrame or a dictionary of columns, not {type(data).__name__}"
        )
    if _is_frame(data, "pandas"):
        return _from_columns({str(name): data[name].to_numpy() for name in data.columns})
    import polars as pl

    frame = data if isinstance(data, pl.DataFrame) else pl.DataFrame(data)
    zoned = [s.name for s in frame if getattr(s.dtype, "time_zone", None)]
    return Table("the columns", tuple(_typed(series) for series in frame), notes=_in_utc(zoned))


def _in_utc(names: Sequence[str]) -> tuple[str, ...]:
    return tuple(f"column {name!r}: times with a zone are taken in UTC" for name in names)


def _zone(value: Any) -> datetime.tzinfo | None:
    return value.tzinfo if isinstance(value, datetime.datetime) else None


def is_tabular(data: Any) -> bool:
    """Say whether something has named columns: a frame, a dictionary or an Arrow stream."""
    frame = _is_frame(data, "polars") or _is_frame(data, "pandas")
    return frame or isinstance(data, Mapping) or hasattr(data, "__arrow_c_stream__")


def _is_frame(data: Any, library: str) -> bool:
    """Whether `data` is a DataFrame of `library`, which is not imported for the question."""
    module = sys.modules.get(library)
    return module is not None and isinstance(data, module.DataFrame)


def _typed(series: Any) -> Column:
    """Return a polars column as the column of a Parquet file would be."""
    kind, written = described(series.dtype)
    if kind is None:
        raise DataError(
            f"column {series.name!r} is of type {series.dtype}, which is neither numbers nor truth "
            "values nor text nor dates. Leave it out, or give it as one of these."
        )
    values, names = values_of(series, kind, written)
    return Column(series.name, cast(Kind, kind), values, tuple(names), written=written or "number")


def _from_columns(columns: Mapping[str, Any]) -> Table:
    found = tuple(_column(name, values) for name, values in columns.items())
    if len({len(c) for c in found}) > 1:
        sizes = ", ".join(f"{c.name} {len(c)}" for c in found[:5])
        raise DataError(f"the columns have different numbers of rows: {sizes}")
    zoned = [name for name, v in columns.items() if len(v) and _zone(v[0]) is not None]
    return Table("the columns", found, notes=_in_utc(zoned))


def _column(name: str, values: Sequence[Any] | NDArray[Any]) -> Column:
    values = unmasked(values)
    array = np.asarray(plain_values(f"column {name!r}", values))
    if array.ndim != 1:
        raise DataError(f"column {name!r} has the shape {array.shape}; one value per row is needed")
    if array.dtype.kind in "iuf":
        single = array.dtype == np.float32
        return Column(name, "numeric", array if single else array.astype(np.float64))
    if array.dtype.kind == "b":
        return Column(name, "boolean", array.astype(np.int32), BOOLEAN)
    if array.dtype.kind == "M":
        return _dates(name, array)
    return _objects(name, list(values))


def unmasked(values: Any) -> Any:
    """Return masked numbers as missing ones (NaN), other masked values as None."""
    if not isinstance(values, np.ma.MaskedArray) or not np.ma.getmaskarray(values).any():
        return values
    number = values.dtype.kind in "iuf"
    kind = np.float32 if values.dtype == np.float32 else np.float64 if number else object
    found = np.array(values.data, dtype=kind)
    found[np.ma.getmaskarray(values)] = np.nan if number else None
    return found


def _dates(name: str, moments: NDArray[Any]) -> Column:
    """Return a column of days since 1970-01-01, as files give them."""
    days = (moments - np.datetime64(0, "D")) / np.timedelta64(1, "D")
    written = "date" if np.all((days == np.floor(days)) | np.isnan(days)) else "date and time"
    return Column(name, "numeric", days, written=written)


def _objects(name: str, values: list[Any]) -> Column:
    """Return a column of Python values: None and NaN are missing, the others decide the kind."""
    missing = [v is None or v != v for v in values]  # noqa: PLR0124 (NaN alone differs from itself)
    known = [v for v, absent in zip(values, missing, strict=True) if not absent]
    numbers = all(isinstance(v, int | float | np.number) for v in known)
    booleans = all(isinstance(v, bool | np.bool_) for v in known)
    if known and booleans:
        codes = [-1 if m else int(v) for v, m in zip(values, missing, strict=True)]
        return Column(name, "boolean", np.array(codes, np.int32), BOOLEAN)
    if numbers:
        floats = [np.nan if m else float(v) for v, m in zip(values, missing, strict=True)]
        return Column(name, "numeric", np.array(floats))
    if known and all(isinstance(v, datetime.date) for v in known):
        zoned = [_zone(v) is not None for v in known]
        if any(zoned) != all(zoned):
            row = values.index(known[zoned.index(not zoned[0])]) + 1
            raise DataError(
                f"column {name!r} has times with a zone and times without one, the first of the "
                f"others in row {row}. Give all of them in UTC."
            )
        if any(zoned):
            utc, none = datetime.UTC, {"tzinfo": None}
            known = [v.astimezone(utc).replace(**none) for v in known]
        left = iter(known)
        moments = [None if m else next(left) for m in missing]
        return _dates(name, np.array(moments, "datetime64[us]"))
    texts = [str(v) for v in known]
    names = tuple(sorted(set(texts)))
    place = {text: i for i, text in enumerate(names)}
    codes = [-1 if m else place[str(v)] for v, m in zip(values, missing, strict=True)]
    return Column(name, "text", np.array(codes, np.int32), names)
