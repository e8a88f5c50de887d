"""Which task a target poses: a quantity, a count, two classes or several, several labels.

`auto` decides: text and truth values are classes; whole numbers are classes if they take at most
20 different values, with two rows each on average; everything else is regression. Several target
columns are regression if they are numbers, and labels if each has two texts or truth values.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from deltarule.core.errors import DataError, one_of
from deltarule.data.table import Column, label, listed

TASKS = ("regression", "count", "binary", "multiclass", "multilabel")

QUANTITIES = ("regression", "count")
"""The tasks whose targets are numbers, and mean them."""

_SEVERAL = ("regression", "count", "multilabel")

_MAX_CLASSES = 20
_ROWS_EACH = 2


def class_codes(column: Column) -> tuple[tuple[str, ...], NDArray[np.intp]]:
    """Return the classes that occur in a column and, row by row, which one (-1 if missing).

    Numbers are named as texts and sorted as numbers; the order of categories is kept.

    >>> class_codes(Column("y", "numeric", np.array([2.0, 10.0, 2.0])))
    (('2', '10'), array([0, 1, 0]))
    """
    known = ~column.missing
    values, inverse = np.unique(column.values[known], return_inverse=True)
    codes = np.full(len(column), -1, np.intp)
    codes[known] = inverse
    numeric = column.kind == "numeric"
    names = tuple(label(v) if numeric else column.categories[int(v)] for v in values)
    return names, codes


def detect_task(
    columns: Column | Sequence[Column],
    override: str = "auto",
    *,
    place: Callable[[int, str], str] | None = None,
    single_rows: bool = False,
) -> str:
    """Return the task of one or several target columns, one of `TASKS`.

    `override` other than "auto" is the answer if the columns allow it. `place` turns (row, name)
    into a place for messages (`Table.place`); `single_rows=True` allows classes with one row.

    Raises `UsageError` for an unknown task, `DataError` for a target with a single value, a class
    with a single row (named with its place) and an override that the target does not allow.

    >>> detect_task(Column("y", "boolean", np.array([0, 1, 1, 0]), ("false", "true")))
    'binary'
    """
    one_of("task", override, ("auto", *TASKS))
    columns = [columns] if isinstance(columns, Column) else list(columns)
    names = ", ".join(repr(c.name) for c in columns)
    for column in columns:
        _check_varies(column, override)
    texts = [c for c in columns if c.kind != "numeric"]
    task = override
    if override == "auto" and len(columns) > 1:
        task = "multilabel" if len(texts) == len(columns) else "regression"
    if len(columns) > 1 and task not in _SEVERAL:
        raise DataError(
            f"the targets {names} are {len(columns)} columns, which is {' or '.join(_SEVERAL)}, "
            f"not {override}. Choose one target."
        )
    if task == "multilabel":
        return _multilabel(columns)
    if task in QUANTITIES:
        if texts:
            raise DataError(
                f"target {texts[0].name!r} is {texts[0].kind}, and {task} needs numbers. Leave out "
                f"`--task {task}`, or choose one target."
            )
        if task == "count":
            _check_counts(columns, place)
        return task
    if override == "auto" and not _classes(columns[0]):
        return "regression"
    return _classification(columns[0], override, place, single_rows)


def _multilabel(columns: Sequence[Column]) -> str:
    for column in columns:
        names = class_codes(column)[0]
        if len(names) != len(("no", "yes")) or column.kind != columns[0].kind:
            raise DataError(
                f"target {column.name!r} has {len(names)} classes ({listed(names)}) and is "
                f"{column.kind}; of several labels each has two, and all are of one kind, such as "
                "text. Choose other targets, or one of them."
            )
    return "multilabel"


def _check_counts(columns: Sequence[Column], place: Callable[[int, str], str] | None) -> None:
    for column in columns:
        values = column.values
        bad = np.flatnonzero(~np.isnan(values) & ((values < 0) | (values != np.floor(values))))
        if len(bad):
            row = int(bad[0])
            where = f"{place(row, column.name)}: " if place else ""
            raise DataError(
                f"{where}{values[row]:g} is no count (a whole number, 0 or more), and the task is "
                "count. Correct it, or use `--task regression`."
            )


def _check_varies(column: Column, override: str) -> None:
    known = column.values[~column.missing]
    if len(known) and np.any(known != known[0]):
        return
    if not len(known):
        raise DataError(f"target {column.name!r} has no known value. Choose another target.")
    value = class_codes(column)[0][0]
    numbers = column.kind == "numeric" and (override in QUANTITIES or not _whole(column))
    what = "value" if numbers else "class"
    raise DataError(
        f"target {column.name!r} has one {what} only, {value!r}, in all its {len(known)} rows: "
        "there is nothing to learn. Choose another target, or add rows."
    )


def _whole(column: Column) -> bool:
    known = column.values[~column.missing]
    return bool(np.all(np.isfinite(known) & (known == np.floor(known))))


def _classes(column: Column) -> bool:
    if column.kind != "numeric":
        return True
    known = column.values[~column.missing]
    count = len(np.unique(known))
    return _whole(column) and count <= _MAX_CLASSES and len(known) >= _ROWS_EACH * count


def _classification(
    column: Column,
    override: str,
    place: Callable[[int, str], str] | None,
    single_rows: bool,
) -> str:
    names, codes = class_codes(column)
    two = len(names) == len(("no", "yes"))
    if override == "binary" and not two:
        raise DataError(
            f"target {column.name!r} has {len(names)} classes ({listed(names)}), and `--task "
            "binary` needs two. Use `--task multiclass`."
        )
    single = np.flatnonzero(np.bincount(codes[codes >= 0]) == 1)
    if len(single) and not single_rows:
        row = int(np.flatnonzero(codes == single[0])[0])
        where = f"{place(row, column.name)}: " if place else ""
        others = f" {len(single)} classes are like this." if len(single) > 1 else ""
        regression = (
            " or use `--task regression`" if column.kind == "numeric" else " or join small classes"
        )
        raise DataError(
            f"{where}class {names[int(single[0])]!r} of target {column.name!r} has a single row, "
            f"so it cannot be both learnt and tested.{others} Add rows of this class, take the "
            f"row out,{regression}."
        )
    return override if override != "auto" else "binary" if two else "multiclass"
