"""Whatever a caller predicts from as a table: a table, an array, a frame, columns or a file."""

from __future__ import annotations

import datetime
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from deltarule.core.arguments import plain_values
from deltarule.core.errors import DataError, UsageError
from deltarule.data import Column, Table, read_table
from deltarule.data.check import check_finite
from deltarule.data.options import Options
from deltarule.data.preparation.encode import InputEncoder
from deltarule.data.sources.recast import recast
from deltarule.data.table import listed
from deltarule.data.text.format import TextFormat

__all__ = ["as_table", "columns_table"]

_BOOLEAN = ("false", "true")


def as_table(
    data: Any, inputs: InputEncoder, kinds: Mapping[str, str], like: TextFormat, form: TextFormat
) -> Table:
    """Return `data` as a table whose columns have the `kinds` of training.

    A text file is taken to be written `like` that of training, where `form` says nothing else and
    it does not show otherwise.

    `data` is a `Table`, an (n, columns) array in the order of training (numeric inputs only), a
    polars or pandas DataFrame, a dictionary of columns, or a file or bundled name.

    Raises `DataError` or `UsageError` for what cannot be used.
    """
    if isinstance(data, str | Path):
        return read_table(data, kinds=kinds, like=like, **form.to_dict())
    if isinstance(data, Table):
        table = data
    elif _is_tabular(data):
        table = columns_table(data)
    else:
        table = _from_array(np.asarray(plain_values("the array", _unmasked(data))), inputs)
    used = frozenset(inputs.names)
    check_finite(table, lambda name: name not in used)
    return recast(table, Options.of(None, (), (), kinds))


def columns_table(data: Any) -> Table:
    """Return a polars or pandas DataFrame, or a dictionary of columns, as a table.

    Raises `DataError` for columns that cannot be used, `UsageError` for anything else.

    >>> columns_table({"year": [1700, 1701], "sunspots": [5.0, 11.0]}).names
    ('year', 'sunspots')
    """
    if isinstance(data, Mapping):
        return _from_columns({str(name): values for name, values in data.items()})
    if not _is_tabular(data):
        raise UsageError(
            f"a table is a file, a DataFrame or a dictionary of columns, not {type(data).__name__}"
        )
    return _from_columns({str(name): data[name].to_numpy() for name in data.columns})


def _is_tabular(data: Any) -> bool:
    return isinstance(data, Mapping) or _is_frame(data, "polars") or _is_frame(data, "pandas")


def _is_frame(data: Any, library: str) -> bool:
    """Whether `data` is a DataFrame of `library`, which is not imported for the question."""
    module = sys.modules.get(library)
    return module is not None and isinstance(data, module.DataFrame)


def _from_array(values: NDArray[Any], inputs: InputEncoder) -> Table:
    texts = [n for n, kind in inputs.column_kinds.items() if kind != "numeric"]
    if texts:
        raise UsageError(
            f"an array cannot say what is in the columns {listed(texts)}, which are text or truth "
            "values: give a dictionary of columns, a table or a file"
        )
    if values.dtype.kind not in "biuf":
        raise DataError(f"the array holds {values.dtype}; real numbers are needed")
    if values.ndim != 2 or values.shape[1] != len(inputs.names):
        raise DataError(
            f"the array has the shape {values.shape}; the model needs (rows, "
            f"{len(inputs.names)}), its columns being {listed(inputs.names)}"
        )
    kept = values if values.dtype in (np.float32, np.float64) else values.astype(np.float64)
    columns = tuple(Column(n, "numeric", kept[:, i]) for i, n in enumerate(inputs.names))
    return Table("the array", columns)


def _from_columns(columns: Mapping[str, Any]) -> Table:
    found = tuple(_column(name, values) for name, values in columns.items())
    if len({len(c) for c in found}) > 1:
        sizes = ", ".join(f"{c.name} {len(c)}" for c in found[:5])
        raise DataError(f"the columns have different numbers of rows: {sizes}")
    return Table("the columns", found)


def _column(name: str, values: Sequence[Any] | NDArray[Any]) -> Column:
    values = _unmasked(values)
    array = np.asarray(plain_values(f"column {name!r}", values))
    if array.ndim != 1:
        raise DataError(f"column {name!r} has the shape {array.shape}; one value per row is needed")
    if array.dtype.kind in "iuf":
        single = array.dtype == np.float32
        return Column(name, "numeric", array if single else array.astype(np.float64))
    if array.dtype.kind == "b":
        return Column(name, "boolean", array.astype(np.int32), _BOOLEAN)
    if array.dtype.kind == "M":
        return _dates(name, array)
    return _objects(name, list(values))


def _unmasked(values: Any) -> Any:
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
        return Column(name, "boolean", np.array(codes, np.int32), _BOOLEAN)
    if numbers:
        floats = [np.nan if m else float(v) for v, m in zip(values, missing, strict=True)]
        return Column(name, "numeric", np.array(floats))
    if known and all(isinstance(v, datetime.date) for v in known):
        moments = [None if m else v for v, m in zip(values, missing, strict=True)]
        return _dates(name, np.array(moments, "datetime64[us]"))
    texts = [str(v) for v in known]
    names = tuple(sorted(set(texts)))
    place = {text: i for i, text in enumerate(names)}
    codes = [-1 if m else place[str(v)] for v, m in zip(values, missing, strict=True)]
    return Column(name, "text", np.array(codes, np.int32), names)
