"""Whatever a caller predicts from as a table: a table, an array, a frame, columns or a file."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from deltarule.core.arguments import plain_values
from deltarule.core.errors import DataError, UsageError
from deltarule.core.sequences import Sequences
from deltarule.data import Column, Table, read_table
from deltarule.data.check import check_finite
from deltarule.data.options import Options
from deltarule.data.preparation.derive import derive
from deltarule.data.preparation.encode import InputEncoder
from deltarule.data.preparation.encode_check import check_kinds
from deltarule.data.sources.frames import columns_table, is_tabular, unmasked
from deltarule.data.sources.recast import recast
from deltarule.data.sources.steps import from_steps, with_steps_of
from deltarule.data.table import listed
from deltarule.data.text.format import TextFormat


def as_table(
    data: Any, inputs: InputEncoder, kinds: Mapping[str, str], like: TextFormat, form: TextFormat
) -> Table:
    """Return `data` as a table whose columns have the `kinds` of training.

    A text file is taken to be written `like` that of training, where `form` says nothing else and
    it does not show otherwise.

    `data` is a `Table`, an (n, columns) array in the order of training (numeric inputs only), for a
    model over sequences also (n, time, features) or `Sequences`, a DataFrame or anything else with
    columns (see `columns_table`), or a file or bundled name.

    Raises `DataError` or `UsageError` for what cannot be used.
    """
    if isinstance(data, Table) and data.derived:
        return data
    if isinstance(data, str | Path):
        table = read_table(data, kinds=kinds, like=like, **form.to_dict())
    elif isinstance(data, Table):
        table = data
    elif isinstance(data, Sequences):
        table = from_steps("the sequences", data.values, None, data.lengths)
    elif is_tabular(data):
        table = columns_table(data)
    else:
        table = _from_array(np.asarray(plain_values("the array", unmasked(data))), inputs)
    table = with_steps_of(table, inputs.column_kinds)
    check_finite(table, lambda name: name not in kinds)
    table = recast(table, Options.of(None, (), (), kinds), like.writings)
    if inputs.derived:
        check_kinds(table, inputs.column_kinds)
    return derive(table, inputs.derived)


def _from_array(values: NDArray[Any], inputs: InputEncoder) -> Table:
    texts = [n for n, kind in inputs.column_kinds.items() if kind != "numeric"]
    if texts:
        raise UsageError(
            f"an array cannot say what is in the columns {listed(texts)}, which are text or truth "
            "values: give a dictionary of columns, a table or a file"
        )
    if values.dtype.kind not in "biuf":
        raise DataError(f"the array holds {values.dtype}; real numbers are needed")
    if values.ndim == 3:
        return from_steps("the array", values, None, None)
    names = tuple(inputs.column_kinds)
    if values.ndim != 2 or values.shape[1] != len(names):
        raise DataError(
            f"the array has the shape {values.shape}; the model needs (rows, "
            f"{len(names)}), its columns being {listed(names)}"
        )
    kept = values if values.dtype in (np.float32, np.float64) else values.astype(np.float64)
    columns = tuple(Column(n, "numeric", kept[:, i]) for i, n in enumerate(names))
    return Table("the array", columns)
