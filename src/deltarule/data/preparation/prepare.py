"""From a table to arrays to train on: choose, check, split, fit on training rows, encode."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

from deltarule.core.arguments import whole
from deltarule.core.errors import DataError, UsageError, one_of
from deltarule.data.preparation.derive import DATES, derive, planned
from deltarule.data.preparation.encode import MISSING, InputEncoder
from deltarule.data.preparation.encode_check import check_missing, missing_rows
from deltarule.data.preparation.leak import counters, leaks
from deltarule.data.preparation.row_order import Order, order_of
from deltarule.data.preparation.said import detected, encoded, splitted
from deltarule.data.preparation.split import PARTS, split_rows
from deltarule.data.preparation.target import TargetEncoder
from deltarule.data.preparation.task import class_codes, detect_task
from deltarule.data.table import Table, listed, no_such_column, option


@dataclass(frozen=True, eq=False)
class Part:
    """Inputs X (n, n_0), targets T (n, n_L), and the table's rows (n,) that they come from."""

    X: NDArray[Any]
    T: NDArray[Any]
    rows: NDArray[np.intp]

    def __len__(self) -> int:
        return len(self.rows)


@dataclass(frozen=True, eq=False, repr=False)
class Prepared:
    """Arrays for training with the fitted transforms that made them.

    `parts` has the keys train, validation and test; a part may have no rows. `notes` says
    whatever was detected, dropped, zeroed, replaced or left out.
    """

    source: str
    task: str
    inputs: InputEncoder
    targets: TargetEncoder
    parts: Mapping[str, Part]
    notes: tuple[str, ...]

    def __repr__(self) -> str:
        rows = ", ".join(f"{name} {len(part):,}" for name, part in self.parts.items())
        return f"Prepared({self.task} on {self.source}: {self.inputs.width:,} inputs; {rows})"

    def __getitem__(self, name: str) -> Part:
        return self.parts[one_of("part", name, self.parts)]


def prepare(
    table: Table,
    *,
    target: str | Sequence[str] | None = None,
    task: str = "auto",
    scale: str = "standard",
    missing: str = "error",
    dates: str = "days",
    ordinal: Mapping[str, Sequence[str]] | None = None,
    min_count: int = 1,
    target_transform: str = "none",
    validation: float = 0.1,
    test: float = 0.2,
    split: str = "auto",
    fold: tuple[int, int] | None = None,
    seed: int = 0,
    dtype: DTypeLike = np.float32,
    weighted: bool = False,
) -> Prepared:
    """Split a table, fit its encoders on the training rows and encode all rows.

    `target` names the target column, or several (None: the table's own targets); all other columns
    are inputs. `task` is "auto" or one of `task.TASKS`; `scale` is "standard", "minmax" or "none",
    for numeric inputs and regression targets alike; `missing` is "error", "mean" (numbers become
    the training mean, categories all zeros) or "drop" (rows with a missing cell are left out).

    `dates="parts"` adds year, time of the year and of the week to a date; `ordinal` gives the order
    of categories by column; categories in fewer than `min_count` training rows have one input
    together. `target_transform` is "none", "log", "log1p" or "box_cox". Where
    classes are `weighted` already, nothing is advised about a rare one.

    `validation` and `test` are fractions of all rows; `split` is "auto", "random", "ordered" or
    "column:NAME", as `row_order.order_of` has it; `fold` (0, 5) makes the first of five folds of a
    cross-validation the test rows. The parts are contiguous views of one array of `dtype`, in the
    order train, validation, test.

    Raises `DataError` with the place for data that cannot be used, `UsageError` for options.

    >>> from deltarule.data.bundled import table
    >>> iris = prepare(table("iris"))
    >>> iris.task, iris["train"].X.shape, iris["test"].T.shape
    ('multiclass', (105, 4), (30, 3))
    """
    one_of("policy for missing cells", missing, MISSING)
    names, chosen = _choose(table, target)
    notes = [*table.notes, *chosen]
    left_out = set(table.targets) - set(names)
    outside = {*names, *left_out}
    sources = tuple(n for n in table.names if n not in outside)
    one_of("way to take dates", dates, DATES)
    made = planned(table, sources, dates, ordinal or {})
    given, table = table, derive(table, made)
    inputs = tuple(n for n in table.names if n not in outside)
    rows = _usable(table, inputs, names, missing)
    if len(rows) < table.rows:
        dropped = table.rows - len(rows)
        unknown = int(missing_rows(table, names, np.arange(table.rows)).sum())
        known = f", {unknown} of them because the target is missing" if unknown else ""
        notes.append(f"dropped {dropped} of {table.rows} rows for their missing cells{known}")
    own = task == "auto" and names == table.targets and table.task is not None
    task = _task(table, names, rows, (table.task or task) if own else task)
    order = order_of(given, names, rows, split)
    parts = _split(table, names, rows, order, (validation, test, seed, task), fold)
    train = parts["train"]
    pooled = whole("min_count", min_count, 1)
    encoder = InputEncoder.fit(
        table, train, inputs, scale=scale, missing=missing, min_count=pooled, derived=made
    )
    targets = TargetEncoder.fit(
        table, train, names, task=task, scale=scale, known=rows, how=target_transform
    )
    notes += detected(table, targets, weighted)
    notes += encoded(table, encoder, targets)
    notes += encoder.notes(table, rows, expected=(*names, *left_out))
    ordered = order.rows is not None
    notes += counters(given, sources, ordered)
    notes += leaks(given, train, sources, names, quantity=targets.quantity, ordered=ordered)
    notes += splitted(table, parts, task, order)
    return Prepared(
        source=table.source,
        task=task,
        inputs=encoder,
        targets=targets,
        parts=_encode(table, parts, encoder, targets, np.dtype(dtype)),
        notes=tuple(notes),
    )


def _choose(table: Table, target: str | Sequence[str] | None) -> tuple[tuple[str, ...], list[str]]:
    """Return the target columns, and a note on the default targets left out by the choice."""
    if not target and not table.targets:
        raise UsageError(
            f"{table.source}: which column is the target? Name it with `--target`. The columns: "
            f"{listed(table.names)}."
        )
    chosen = (target,) if isinstance(target, str) else tuple(dict.fromkeys(target or ()))
    for name in chosen:
        if name not in table:
            raise no_such_column(table.source, name, table.names, "target column")
    names = chosen or table.targets
    others = [name for name in table.targets if name not in names]
    if len(table.names) <= len(names) + len(others):
        raise DataError(
            f"{table.source}: there is no input column beside the target {listed(names)}. Add "
            "columns to predict it from."
        )
    if not others:
        return names, []
    return names, [f"not used as input, being targets of {table.source}: {listed(others)}"]


def _usable(
    table: Table, inputs: tuple[str, ...], targets: tuple[str, ...], missing: str
) -> NDArray[np.intp]:
    """Return the rows to use, after the policy for missing cells. Raises `DataError`."""
    rows = np.arange(table.rows)
    for name in (*inputs, *targets):
        if table[name].missing.all():
            raise DataError(
                f"{table.source}: column {name!r} has no value in any row. Leave it out with "
                f"{option('drop', name)}."
            )
    if missing == "drop":
        rows = rows[~missing_rows(table, (*inputs, *targets), rows)]
        if not len(rows):
            raise DataError(
                f"{table.source}: every row has a missing cell, so that `--missing drop` leaves "
                "nothing. Use `--missing mean`, or leave out the emptiest columns with `--drop`."
            )
        return rows
    remedy = "A target cannot be guessed: fill it in, or drop these rows with `--missing drop`."
    check_missing(table, targets, rows, remedy)
    if missing == "error":
        remedy = "Fill them in, or use `--missing mean` or `--missing drop`."
        check_missing(table, inputs, rows, remedy)
    return rows


def _task(table: Table, names: tuple[str, ...], rows: NDArray[np.intp], task: str) -> str:
    columns = []
    for name in names:
        column = table[name]
        values = np.full_like(column.values, np.nan if column.kind == "numeric" else -1)
        values[rows] = column.values[rows]
        columns.append(replace(column, values=values))
    return detect_task(columns, task, place=table.place, single_rows=not table.splittable)


def _split(
    table: Table,
    names: tuple[str, ...],
    rows: NDArray[np.intp],
    order: Order,
    how: tuple[float, float, int, str],
    fold: tuple[int, int] | None,
) -> dict[str, NDArray[np.intp]]:
    validation, test, seed, task = how
    ordered = order.rows is not None
    rows = rows if order.rows is None else order.rows
    classes = task in ("binary", "multiclass")
    labels = class_codes(table[names[0]])[1][rows] if classes else None
    if not table.splittable:
        validation = test = 0.0
    parts = split_rows(
        len(rows),
        validation=validation,
        test=test,
        seed=seed,
        labels=labels,
        ordered=ordered or not table.splittable,
        fold=fold,
    )
    if ordered and labels is not None:
        _check_classes(table, names, labels, parts["train"])
    return {name: rows[index] for name, index in parts.items()}


def _check_classes(
    table: Table, names: tuple[str, ...], labels: NDArray[np.intp], train: NDArray[np.intp]
) -> None:
    """Refuse classes of which the first rows have none: they could not be learned."""
    absent = np.setdiff1d(labels, labels[train])
    if len(absent):
        classes = class_codes(table[names[0]])[0]
        raise DataError(
            f"{table.source}: the rows are split in order, and no training row has the class "
            f"{listed([classes[i] for i in absent])} of {names[0]!r}. Use `--split random`, or "
            "more rows."
        )


def _encode(
    table: Table,
    parts: Mapping[str, NDArray[np.intp]],
    inputs: InputEncoder,
    targets: TargetEncoder,
    dtype: np.dtype[Any],
) -> dict[str, Part]:
    """Encode the rows of all parts into one array each for X and T; the parts are views."""
    rows = np.concatenate([parts[name] for name in PARTS])
    x = inputs.transform(table, rows, dtype, unknown="ignore")
    t = targets.transform(table, rows, dtype)
    ends = np.cumsum([len(parts[name]) for name in PARTS])
    result = {}
    for name, end in zip(PARTS, ends.tolist(), strict=True):
        start = end - len(parts[name])
        result[name] = Part(x[start:end], t[start:end], parts[name])
    return result
