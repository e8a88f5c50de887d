"""Parquet files, through polars: numbers, truth values and text."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from deltarule.core.errors import DataError, UsageError
from deltarule.data.cells import BOOLEAN
from deltarule.data.memory import require
from deltarule.data.options import Options
from deltarule.data.table import Column, Kind, Table, option

if TYPE_CHECKING:
    import polars as pl

__all__ = ["read_parquet"]

_NUMBER_BYTES = 24
_TEXT_BYTES = 60
_EXPANSION = 4


def read_parquet(path: Path, source: str, options: Options) -> Table:
    """Read a Parquet file. Nulls are missing, and so is NaN; text is taken as it is.

    Raises `DataError` for a damaged file and for columns of another type (dates, lists, ...),
    `ResourceError` if the table would not fit into memory.
    """
    import polars as pl

    try:
        schema = pl.read_parquet_schema(path)
        rows = int(pl.scan_parquet(path).select(pl.len()).collect().item())
    except (pl.exceptions.PolarsError, OSError) as error:
        raise DataError(
            f"{source}: this is not a Parquet file, or it is damaged ({error}). Save it again."
        ) from error
    options.check_names(source, list(schema))
    kinds: dict[str, Kind] = {}
    notes = []
    for name, dtype in schema.items():
        kind = _kind(dtype)
        if kind is not None and name not in options.drop:
            kinds[name] = kind
        elif kind is None and options.used(name) and name not in options.drop:
            raise _refused(source, name, dtype)
        elif kind is None:
            notes.append(f"column {name!r} of type {dtype} was left out")
    if not kinds:
        raise UsageError(f"{source}: there is no column left. Keep at least one.")
    if not rows:
        raise DataError(f"{source}: there are columns and no row of data. Add rows of data.")
    texts = sum(kind == "text" for kind in kinds.values())
    needed = rows * (_NUMBER_BYTES * (len(kinds) - texts) + _TEXT_BYTES * texts)
    require(source, needed + (_EXPANSION * path.stat().st_size if texts else 0))
    try:
        frame = pl.read_parquet(path, columns=list(kinds))
    except (pl.exceptions.PolarsError, OSError) as error:
        raise DataError(f"{source}: the file is damaged ({error}). Save it again.") from error
    columns = tuple(_column(frame[name], kinds[name]) for name in kinds)
    return Table(source, columns, notes=tuple(notes))


def _kind(dtype: pl.DataType) -> Kind | None:
    import polars as pl

    if dtype.is_numeric():
        return "numeric"
    if dtype == pl.Boolean:
        return "boolean"
    if dtype in (pl.String, pl.Categorical, pl.Enum):
        return "text"
    return None


def _refused(source: str, name: str, dtype: pl.DataType) -> DataError:
    return DataError(
        f"{source}: column {name!r} is of type {dtype}, which is neither numbers nor truth values "
        f"nor text. Leave it out with {option('drop', name)}, or save it as numbers or text."
    )


def _column(series: pl.Series, kind: Kind) -> Column:
    import polars as pl

    if kind == "numeric":
        single = series.dtype == pl.Float32
        values = series.cast(pl.Float32 if single else pl.Float64).to_numpy()
        if series.null_count():
            values = np.where(series.is_null().to_numpy(), values.dtype.type(np.nan), values)
        return Column(series.name, kind, values)
    if kind == "boolean":
        codes = series.cast(pl.Int32).fill_null(-1).to_numpy()
        return Column(series.name, kind, codes, BOOLEAN)
    texts = series.cast(pl.String)
    names = tuple(sorted(texts.drop_nulls().unique().to_list()))
    ranks = texts.cast(pl.Enum(names)).to_physical()
    return Column(series.name, kind, ranks.cast(pl.Int32).fill_null(-1).to_numpy(), names)
