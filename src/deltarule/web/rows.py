"""Rows as JSON: a body and its limits, the columns of a table, cells that cannot be used by name.

A cell is a number, a text, a truth value, or null (or not there at all) where it is missing.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from deltarule.core.errors import DataError, nearest
from deltarule.data.table import CITED, Column, Table, label
from deltarule.data.text.cells import BOOLEAN, number
from deltarule.models import Model

MOST_ROWS = 10_000
"""Of a request."""

_MOST_UNKNOWN = 1000
"""Columns that no model asks for."""

SOURCE = "the request"

Row = dict[str, Any]
Cells = list[Any]


def rows_of(body: bytes) -> list[Row]:
    """Return the rows of a body: an array of objects, or one object.

    Raises `DataError` for what is not JSON (NaN and Infinity are not), or no rows.
    """
    try:
        found = json.loads(body, parse_constant=_no_number)
    except RecursionError:
        raise _no_json("its brackets are too deep") from None
    except ValueError as error:  # a wrong byte, too, and a whole number of thousands of digits
        raise _no_json(str(error)[:200]) from None
    rows = [found] if isinstance(found, dict) else found
    if not isinstance(rows, list):
        raise _no_json(f"it is {_kind(found)}")
    if not 1 <= len(rows) <= MOST_ROWS:
        raise DataError(f"the request has {len(rows):,} rows; there are 1 to {MOST_ROWS:,} of them")
    for number_, row in enumerate(rows, 1):
        if not isinstance(row, dict):
            raise DataError(f"row {number_} is {_kind(row)}; a row is an object with its cells")
    return rows


def _no_json(reason: str) -> DataError:
    return DataError(
        f"the body is not JSON rows ({reason}). They are an array of objects such as "
        '[{"age": 31, "city": "Rome"}].'
    )


def _no_number(word: str) -> float:
    raise ValueError(f"{word} is no number of JSON; a missing cell is null")


def _kind(value: Any) -> str:
    kinds = {dict: "an object", list: "an array", str: "a text", bool: "a truth value"}
    return "null" if value is None else kinds.get(type(value), "a number")


def table_of(model: Model, rows: list[Row]) -> Table:
    """Return the rows as a table of the kinds of training, with its ids and what else is there.

    Raises `DataError` for the first cells that are not of their column's kind, each by row and
    column, and for a column that is in no row.
    """
    kinds, bad = model.kinds(), list[str]()
    columns = []
    for name, kind in kinds.items():
        cells = [row.get(name) for row in rows]
        if not any(name in row for row in rows):
            continue  # the encoder says what is missing, and what is near it
        columns.append(_MAKE[kind](model, name, cells, bad))
    if bad:
        more = f"; and {len(bad) - CITED:,} more" if len(bad) > CITED else ""
        raise DataError("; ".join(bad[:CITED]) + more)
    known = dict.fromkeys(name for row in rows for name in row if name not in kinds)
    if len(known) > _MOST_UNKNOWN:
        raise DataError(f"the rows have {len(known):,} columns that the model does not know")
    absent = [name for name in model.inputs.column_kinds if not any(name in row for row in rows)]
    if absent:
        hint = nearest(absent[0], known)
        others = f" and {len(absent) - 1} more" if len(absent) > 1 else ""
        raise DataError(
            f"no row has the column {absent[0]!r}{others}{hint or '.'} A body is a row, {{column: "
            "value}, or a list of rows."
        )
    nothing = np.full(len(rows), np.nan)
    return Table(SOURCE, (*columns, *(Column(n, "numeric", nothing) for n in known)))


def _numbers(model: Model, name: str, cells: Cells, bad: list[str]) -> Column:
    writing = model.format.writings.get(name)
    worth = writing.value if writing else number
    values = [_number(cell, worth) for cell in cells]
    for i, value in enumerate(values):
        if value is None:
            told = f"written like the {writing.said()}, as in training" if writing else ""
            needed = told if isinstance(cells[i], str) else ""
            bad.append(_says(i, name, cells[i], needed or "a finite number"))
    return Column(name, "numeric", np.array(values, np.float64))


def _number(cell: Any, worth: Callable[[str], float | None]) -> float | None:
    """Return what a cell is worth, NaN where it is missing; None for what is no finite number."""
    if cell is None:
        return math.nan
    if isinstance(cell, str):  # a date, money: as it was written in training
        found = worth(cell)
        return found if found is not None and not math.isinf(found) else None
    if isinstance(cell, int | float) and not isinstance(cell, bool):
        try:
            return float(cell) if math.isfinite(cell) else None
        except OverflowError:
            return None
    return None


def _texts(model: Model, name: str, cells: Cells, bad: list[str]) -> Column:
    texts = [_text(cell) for cell in cells]
    for i, text in enumerate(texts):
        if text is None and cells[i] is not None:
            bad.append(_says(i, name, cells[i], "a text"))
    names = tuple(sorted({text for text in texts if text is not None}))
    return Column(name, "text", _codes(texts, names), names)


def _text(cell: Any) -> str | None:
    """Return a text, a truth value or a number as a category is written; None for the others."""
    if isinstance(cell, str):
        return cell
    if isinstance(cell, bool):
        return BOOLEAN[cell]
    try:
        return label(cell) if isinstance(cell, int | float) and math.isfinite(cell) else None
    except OverflowError:
        return None


def _truths(model: Model, name: str, cells: Cells, bad: list[str]) -> Column:
    texts = [_text(cell) for cell in cells]
    for i, text in enumerate(texts):
        if text not in BOOLEAN and cells[i] is not None:
            bad.append(_says(i, name, cells[i], "true or false"))
    return Column(name, "boolean", _codes(texts, BOOLEAN), BOOLEAN)


def _codes(texts: list[str | None], names: tuple[str, ...]) -> NDArray[np.int32]:
    place: dict[str | None, int] = {text: i for i, text in enumerate(names)}
    return np.array([place.get(text, -1) for text in texts], np.int32)


def _says(i: int, name: str, cell: Any, needed: str) -> str:
    return f"row {i + 1}, column {name!r}: {json.dumps(cell)[:60]} is not {needed}"


_MAKE = {"numeric": _numbers, "text": _texts, "boolean": _truths}
