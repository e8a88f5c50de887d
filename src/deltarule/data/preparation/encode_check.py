"""What is checked, and what is said, before a table is encoded."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from deltarule.core.errors import DataError, nearest
from deltarule.core.texts import are, some
from deltarule.data.table import CITED, Column, Table, listed

OTHER = "(other)"
"""What categories together are called that are too rare for an input each."""

_HINTED = 5


def category_codes(column: Column, categories: tuple[str, ...]) -> NDArray[np.intp]:
    """Return, by the column's code, the code in `categories`: -1 if missing, -2 if not there.

    Where some are pooled, those not there have the last one. The last entry answers for the code
    -1.

    >>> category_codes(Column("c", "text", np.zeros(0, int), ("Bonn", "Rome")), ("Rome",))
    array([-2, 0, -1])
    """
    place = {name: i for i, name in enumerate(categories)}
    other = place.get(OTHER, -2)
    return np.array([*(place.get(name, other) for name in column.categories), -1], np.intp)


def check_kinds(table: Table, kinds: Mapping[str, str]) -> None:
    """Refuse a table without the columns of `kinds`, or with numbers for text and the reverse."""
    absent = [name for name in kinds if name not in table]
    if absent:
        others = [name for name in table.names if name not in kinds]
        hints = [f"{name!r}{nearest(name, others)}" for name in absent[:_HINTED]]
        more = f"; and {len(absent) - _HINTED} more" if len(absent) > _HINTED else ""
        said = f"{'; '.join(hints)}{more}"
        raise DataError(
            f"{table.source}: columns are missing: {said}{'' if said.endswith('?') else '.'} The "
            f"model was trained with {listed(tuple(kinds))}."
        )
    for name, kind in kinds.items():
        column = table[name]
        if (column.kind == "numeric") != (kind == "numeric"):
            raise DataError(
                f"{table.source}: column {name!r} is {column.kind} and was {kind} in training. "
                "Read the table with the kinds of training (`kinds=encoder.column_kinds`)."
            )


def missing_rows(table: Table, names: Sequence[str], rows: NDArray[np.intp]) -> NDArray[np.bool_]:
    """Return which of `rows` miss a value in one of the columns `names`; shape (len(rows),)."""
    missing = np.zeros(len(rows), np.bool_)
    for name in names:
        missing |= _missing(table[name], rows)
    return missing


def check_missing(table: Table, names: Sequence[str], rows: NDArray[np.intp], remedy: str) -> None:
    """Refuse missing cells: how many there are and where the first five stand, then `remedy`."""
    count, first = 0, []
    for name in names:
        found = rows[_missing(table[name], rows)]
        count += len(found)
        first += [(int(row), name) for row in found[:CITED]]
    if count:
        position = {name: i for i, name in enumerate(table.names)}
        first = sorted(first, key=lambda cell: (cell[0], position[cell[1]]))[:CITED]
        cited = zip(table.places(first), first, strict=True)
        places = "; ".join(f"{place} ({name!r})" for place, (_, name) in cited)
        at = "the first at" if count > CITED else "at"
        word = _read_as_missing(table, first)
        raise DataError(
            f"{table.source}: {are(count, 'cell')} missing, {at} {places}.{word} {remedy}"
        )


def _read_as_missing(table: Table, cells: Sequence[tuple[int, str]]) -> str:
    """Say of a word in a column of text that it was read as missing: it may be a name."""
    texts = [cell for cell in cells if table[cell[1]].kind == "text"]
    if table.locate is None or not texts:
        return ""
    words = {word for _, word in table.locate(texts)} - {""}
    if not words:
        return ""
    return f" {min(words)!r} is read as missing; where it is a name, `--na ''` says so."


def check_spread(source: str, names: Sequence[str], scale: NDArray[np.float64]) -> None:
    """Refuse columns whose smallest and largest numbers lie further apart than numbers reach."""
    for name, value in zip(names, scale.tolist(), strict=True):
        if not np.isfinite(value):
            raise DataError(
                f"{source}: the values of column {name!r} lie too far apart to be scaled. Correct "
                "them, use another unit, or `--scale standard`."
            )


def check_unseen(
    table: Table,
    columns: Sequence[Column],
    lookups: Sequence[NDArray[np.intp]],
    rows: NDArray[np.intp],
) -> None:
    """Refuse categories that did not occur in training: which ones, and where the first stands."""
    for column, lookup in zip(columns, lookups, strict=True):
        found = _unseen(column, lookup, rows)
        if len(found):
            names = _names(column, found)
            what = "categories" if len(names) > 1 else "the category"
            raise DataError(
                f"{table.place(int(found[0]), column.name)}: column {column.name!r} has {what} "
                f"{listed(names)}, unseen in training. Correct the cells, or encode unseen "
                "categories as zeros with `--unknown ignore`."
            )


def input_notes(
    table: Table,
    rows: NDArray[np.intp],
    names: Sequence[str],
    categories: Sequence[tuple[str, ...]],
    expected: Sequence[str],
) -> tuple[str, ...]:
    """Return sentences on extra columns, unseen categories and missing cells that are filled."""
    known = {*names, *expected}  # laid out once: tables have a hundred thousand columns
    extra = [repr(name) for name in table.names if name not in known]
    notes = [f"columns not used by the model: {listed(extra)}"] if extra else []
    for name, seen in zip(names, categories, strict=True):
        column = table[name]
        numeric = column.kind == "numeric"
        pooled = OTHER in seen[-1:]
        own = seen[:-1] if pooled else seen
        found = rows[:0] if numeric else _unseen(column, category_codes(column, own), rows)
        if len(found) and pooled:
            notes.append(
                f"column {name!r}: {some(len(found), 'cell')} of categories without an input of "
                f"their own ({listed(_names(column, found))}), encoded as {OTHER}"
            )
        elif len(found):
            notes.append(
                f"column {name!r}: {some(len(found), 'cell')} of a category that does not occur "
                f"in the training rows ({listed(_names(column, found))}), encoded as zeros"
            )
        filled = int(_missing(column, rows).sum())
        if filled:
            by = "the mean of the training rows" if numeric else "zeros for every category"
            notes.append(f"column {name!r}: {some(filled, 'cell')} missing, replaced by {by}")
    return tuple(notes)


def far_notes(
    table: Table,
    rows: NDArray[np.intp],
    ends: Mapping[str, NDArray[np.float64]],
    constant: Collection[str],
) -> tuple[str, ...]:
    """Return sentences on numbers that lie far outside those of training, `ends` (least, largest).

    Far is farther outside than the training rows are wide: no row has shown what happens there.
    What was `constant` in training is kept as zero, whatever its value is.
    """
    found = []
    for name, (least, largest) in ends.items():
        values = np.asarray(table[name].values[rows], np.float64)
        outside = np.fmax(least - values, values - largest)  # NaN where a cell is missing
        far = np.flatnonzero(outside > (0.0 if name in constant else largest - least))
        if len(far):
            worst = int(far[np.argmax(outside[far])])
            found.append((name, len(far), int(rows[worst]), f"{values[worst]:.6g}"))
    shown = found[:_HINTED]
    places = table.places([(row, name) for name, _, row, _ in shown])  # the file is read once
    notes = []
    for (name, count, _, value), place in zip(shown, places, strict=True):
        least, largest = ends[name]
        if name in constant:
            notes.append(
                f"column {name!r}: it was {least:.6g} in every training row, and is different in "
                f"{some(count, 'row')} ({value} at {place}), which makes no difference"
            )
        else:
            notes.append(
                f"column {name!r}: {some(count, 'row')} far outside the training rows ({least:.6g} "
                f"to {largest:.6g}), the farthest {value} at {place}: what is predicted there is a "
                "guess"
            )
    if len(found) > _HINTED:
        notes.append(f"and {len(found) - _HINTED:,} more columns are like these")
    return tuple(notes)


def _missing(column: Column, rows: NDArray[np.intp]) -> NDArray[np.bool_]:
    values: NDArray[Any] = column.values[rows]
    return np.isnan(values) if column.kind == "numeric" else values < 0


def _unseen(column: Column, lookup: NDArray[np.intp], rows: NDArray[np.intp]) -> NDArray[np.intp]:
    # A kind is numeric in both tables or in neither (`check_kinds`); numbers have no categories.
    if column.kind == "numeric":
        return rows[:0]
    found: NDArray[np.intp] = rows[lookup[column.values[rows]] == -2]
    return found


def _names(column: Column, rows: NDArray[np.intp]) -> list[str]:
    return [repr(column.categories[int(code)]) for code in np.unique(column.values[rows])]
