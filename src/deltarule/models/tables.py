"""Whatever a caller predicts from as a table: a table, an array, a frame, columns or a file."""

from __future__ import annotations

from collections.abc import Mapping
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
from deltarule.data.sources.frames import columns_table, is_tabular, unmasked
from deltarule.data.sources.recast import recast
from deltarule.data.table import listed
from deltarule.data.text.format import TextFormat

__all__ = ["as_table"]


def as_table(
    data: Any, inputs: InputEncoder, kinds: Mapping[str, str], like: TextFormat, form: TextFormat
) -> Table:
    """Return `data` as a table whose columns have the `kinds` of training.

    A text file is taken to be written `like` that of training, where `form` says nothing else and
    it does not show otherwise.

    `data` is a `Table`, an (n, columns) array in the order of training (numeric inputs only), a
    DataFrame or anything else with columns (see `columns_table`), or a file or bundled name.

    Raises `DataError` or `UsageError` for what cannot be used.
    """
    if isinstance(data, str | Path):
        return read_table(data, kinds=kinds, like=like, **form.to_dict())
    if isinstance(data, Table):
        table = data
    elif is_tabular(data):
        table = columns_table(data)
    else:
        table = _from_array(np.asarray(plain_values("the array", unmasked(data))), inputs)
    used = frozenset(inputs.names)
    check_finite(table, lambda name: name not in used)
    return recast(table, Options.of(None, (), (), kinds))


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
