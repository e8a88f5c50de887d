"""Target columns as numbers: scaled for regression, class codes otherwise."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

from deltarule.core.errors import DataError, UsageError
from deltarule.data.preparation.encode_check import check_missing, check_spread
from deltarule.data.preparation.parts import damaged, scaler_arrays, scaler_from, strings_of
from deltarule.data.preparation.scale import Scaler
from deltarule.data.preparation.task import TASKS, class_codes
from deltarule.data.table import Table, listed, no_such_column

__all__ = ["TargetEncoder"]


@dataclass(frozen=True, eq=False)
class TargetEncoder:
    """Fitted encoding of the target columns `names`, all of the kind `kind`.

    Several classes become one-hot rows, two become 0 and 1 in one column (1 is the second class),
    and regression targets are scaled; `classes` is empty for regression.
    """

    task: str
    names: tuple[str, ...]
    kind: str
    classes: tuple[str, ...]
    scaler: Scaler

    @classmethod
    def fit(
        cls,
        table: Table,
        rows: NDArray[np.intp],
        names: Sequence[str],
        *,
        task: str,
        scale: str = "standard",
        known: NDArray[np.intp] | None = None,
    ) -> TargetEncoder:
        """Take the classes from the `known` rows (None: all), statistics from the training `rows`.

        Raises `DataError` for a regression target that is constant in the training rows.
        """
        columns = [table[name] for name in names]
        if task != "regression":
            column = columns[0]
            values = column.values if known is None else column.values[known]
            classes = class_codes(replace(column, values=values))[0]
            return cls(task, tuple(names), column.kind, classes, Scaler.fit(scale, []))
        scaler = Scaler.fit(scale, [column.values[rows] for column in columns])
        check_spread(table.source, names, scaler.scale)
        for column, constant in zip(columns, scaler.constant, strict=True):
            if constant or np.all(column.values[rows] == column.values[rows[0]]):
                raise DataError(
                    f"{table.source}: target {column.name!r} has the same value, "
                    f"{column.values[rows[0]]:g}, in all {len(rows)} training rows: there is "
                    "nothing to learn. Add rows, or split them with another `--seed`."
                )
        return cls(task, tuple(names), "numeric", (), scaler)

    @property
    def width(self) -> int:
        """Return the number of outputs, n_L."""
        return len(self.classes) if self.task == "multiclass" else len(self.names)

    @property
    def column_kinds(self) -> dict[str, str]:
        """Return kinds by name, for `read_table(..., kinds=...)`."""
        return dict.fromkeys(self.names, self.kind)

    def present(self, table: Table) -> bool:
        """Say whether a table has the targets, which a table to predict from need not have."""
        return all(name in table for name in self.names)

    def labels(self, table: Table, rows: NDArray[np.intp] | None = None) -> NDArray[np.intp]:
        """Return the class code of each row, shape (rows,); classification only.

        Raises `DataError` for a missing cell or a class that training did not have.
        """
        if self.task == "regression":
            raise UsageError("a regression target has no classes; use `transform`.")
        rows = self._rows(table, rows)
        column = table[self.names[0]]
        names, codes = class_codes(column)
        place = {name: i for i, name in enumerate(self.classes)}
        lookup = np.array([place.get(name, -1) for name in names], np.intp)
        result = lookup[codes[rows]]
        strange = rows[result < 0]
        if len(strange):
            name = names[codes[int(strange[0])]]
            raise DataError(
                f"{table.place(int(strange[0]), column.name)}: class {name!r} of target "
                f"{column.name!r} is unseen in training. The classes are {listed(self.classes)}."
            )
        return result

    def transform(
        self,
        table: Table,
        rows: NDArray[np.intp] | None = None,
        dtype: DTypeLike = np.float32,
        *,
        out: NDArray[Any] | None = None,
    ) -> NDArray[Any]:
        """Return T, shape (rows, width), of the given rows (None: all of them).

        Raises `DataError` for missing columns or cells, unseen classes, numbers too large.
        """
        rows = self._rows(table, rows)
        if out is None:
            out = np.empty((len(rows), self.width), dtype)
        if self.task == "binary":
            out[:, 0] = self.labels(table, rows)
        elif self.task == "multiclass":
            out[:] = 0
            out[np.arange(len(rows)), self.labels(table, rows)] = 1
        else:
            values = np.stack([np.asarray(table[n].values[rows], float) for n in self.names], 1)
            with np.errstate(over="ignore"):
                out[:] = self.scaler.transform(values)
            if not np.all(np.isfinite(out)):
                row, k = (int(i[0]) for i in np.nonzero(~np.isfinite(out)))
                raise DataError(
                    f"{table.place(int(rows[row]), self.names[k])}: {values[row, k]:g} is too "
                    f"large for {out.dtype} once the target is scaled. Correct the cell, use "
                    "another unit, or `--dtype float64`."
                )
        return out

    def inverse(self, outputs: NDArray[Any]) -> NDArray[np.float64]:
        """Return regression outputs (n, n_L) in the targets' own units; others unchanged."""
        if self.task != "regression":
            return np.asarray(outputs, np.float64)
        return self.scaler.inverse(outputs)

    def to_dict(self) -> dict[str, Any]:
        """Return task, names, kind, classes and scaler as plain JSON values."""
        return {
            "task": self.task,
            "names": list(self.names),
            "kind": self.kind,
            "classes": list(self.classes),
            "scale": self.scaler.name,
        }

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Return `offset`, `scale` and `constant`, one entry per regression target."""
        return scaler_arrays(self.scaler)

    @classmethod
    def from_parts(
        cls, plain: Mapping[str, Any], arrays: Mapping[str, NDArray[Any]]
    ) -> TargetEncoder:
        """Rebuild an encoder from `to_dict` and `arrays`. Raises `FileError` for damage."""
        names, classes = strings_of(plain, "names"), strings_of(plain, "classes")
        task, kind = plain.get("task"), plain.get("kind")
        if task not in TASKS or kind not in {"numeric", "text", "boolean"} or not names:
            raise damaged(f"there is no task {task!r} with targets {names} of kind {kind!r}")
        least, most = {"regression": (0, 0), "binary": (2, 2)}.get(task, (2, len(classes)))
        single = task == "regression" or len(names) == 1
        if not least <= len(classes) <= most or len(set(classes)) < len(classes) or not single:
            raise damaged(f"the classes {listed(classes)} do not fit the task {task}")
        count = len(names) if task == "regression" else 0
        return cls(task, names, kind, classes, scaler_from(plain.get("scale"), arrays, count))

    def _rows(self, table: Table, rows: NDArray[np.intp] | None) -> NDArray[np.intp]:
        for name in self.names:
            if name not in table:
                raise no_such_column(table.source, name, table.names, "target column")
            if (table[name].kind == "numeric") != (self.kind == "numeric"):
                raise DataError(
                    f"{table.source}: target {name!r} is {table[name].kind} and was {self.kind} "
                    "in training. Read the table with the kinds of training."
                )
        rows = np.arange(table.rows) if rows is None else rows
        check_missing(table, self.names, rows, "A target must be known: fill it in.")
        return rows
