"""Target columns as numbers: scaled for regression, counts as they are, class codes otherwise."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

from deltarule.core.errors import DataError, UsageError, one_of
from deltarule.data.preparation.encode_check import check_missing, check_spread
from deltarule.data.preparation.parts import (
    numbers_of,
    scaler_arrays,
    scaler_from,
    strings_of,
)
from deltarule.data.preparation.power import TRANSFORMS, power_of
from deltarule.data.preparation.scale import Scaler
from deltarule.data.preparation.task import QUANTITIES, TASKS, class_codes
from deltarule.data.table import Column, Table, listed, no_such_column
from deltarule.data.text.writing import damaged

_HALF = 0.5


@dataclass(frozen=True, eq=False)
class TargetEncoder:
    """Fitted encoding of the target columns `names`, all of the kind `kind`.

    Several classes become one-hot rows, two become 0 and 1 in one column (1 is the second class),
    several labels a column each; `classes` has two for each label then. Regression targets are
    transformed and scaled, counts stay as they are; they have no `classes`.
    """

    task: str
    names: tuple[str, ...]
    kind: str
    classes: tuple[str, ...]
    scaler: Scaler
    how: str = "none"
    """Which of `TRANSFORMS` a regression learns."""
    powers: NDArray[np.float64] = field(default_factory=lambda: np.zeros(0))
    """The power of every target where that is box_cox, (targets,)."""
    threshold: float = 0.5
    """Of two classes, a row is of the second one where its probability is above this."""

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
        how: str = "none",
    ) -> TargetEncoder:
        """Take the classes from the `known` rows (None: all), statistics from the training `rows`.

        Raises `DataError` for a regression target that is constant in the training rows.
        """
        one_of("transform of a target", how, TRANSFORMS)
        if how != "none" and task != "regression":
            raise UsageError(
                f"`--target-transform {how}` is for regression, and the task is {task}. Leave it "
                "out."
            )
        columns = [table[name] for name in names]
        if task not in QUANTITIES:
            some = [c.values if known is None else c.values[known] for c in columns]
            found = [replace(c, values=v) for c, v in zip(columns, some, strict=True)]
            classes = tuple(name for column in found for name in class_codes(column)[0])
            return cls(task, tuple(names), columns[0].kind, classes, Scaler.fit(scale, []))
        outputs, times = len(names), 1
        if table.steps is not None and table.steps.per_step:  # all steps of a value alike
            outputs = sum(name.endswith("(1)") for name in names)
            times = len(names) // outputs
        powers = np.zeros(0)
        if how == "box_cox":
            raw = [_values(table, n, rows, how) for n in names]
            own = [power_of(np.concatenate(raw[o::outputs])) for o in range(outputs)]
            powers = np.tile(own, times)
        learned = list(_transformed(table, names, rows, how, powers))
        learned = [np.concatenate(learned[o::outputs]) for o in range(outputs)]
        scaler = Scaler.fit("none" if task == "count" else scale, learned).tiled(times)
        check_spread(table.source, names, scaler.scale)
        for column, constant in zip(columns, scaler.constant, strict=True):
            same = times == 1 and np.all(column.values[rows] == column.values[rows[0]])
            if constant or same:
                raise DataError(
                    f"{table.source}: target {column.name!r} has the same value, "
                    f"{column.values[rows[0]]:g}, in all {len(rows)} training rows: there is "
                    "nothing to learn. Add rows, or split them with another `--seed`."
                )
        return cls(task, tuple(names), "numeric", (), scaler, how, powers)

    @property
    def width(self) -> int:
        """Return the number of outputs, n_L."""
        return len(self.classes) if self.task == "multiclass" else len(self.names)

    @property
    def column_kinds(self) -> dict[str, str]:
        """Return kinds by name, for `read_table(..., kinds=...)`."""
        return dict.fromkeys(self.names, self.kind)

    @property
    def quantity(self) -> bool:
        """Say whether the targets are numbers and mean them: regression or count."""
        return self.task in QUANTITIES

    @property
    def classes_of(self) -> tuple[tuple[str, ...], ...]:
        """Return the classes of each target; two for each of several labels."""
        step = len(self.classes) // len(self.names)
        return tuple(self.classes[i * step : (i + 1) * step] for i in range(len(self.names)))

    def present(self, table: Table) -> bool:
        """Say whether a table has the targets, which a table to predict from need not have."""
        return all(name in table for name in self.names)

    def labels(self, table: Table, rows: NDArray[np.intp] | None = None) -> NDArray[np.intp]:
        """Return the class code of each row, (rows,), or (rows, labels); classification only.

        Raises `DataError` for a missing cell or a class that training did not have.
        """
        if self.quantity:
            raise UsageError("a quantity has no classes; use `transform`.")
        rows = self._rows(table, rows)
        found = [
            self._codes(table, table[name], classes, rows)
            for name, classes in zip(self.names, self.classes_of, strict=True)
        ]
        return np.stack(found, axis=1) if self.task == "multilabel" else found[0]

    def _codes(
        self, table: Table, column: Column, classes: tuple[str, ...], rows: NDArray[np.intp]
    ) -> NDArray[np.intp]:
        names, codes = class_codes(column)
        place = {name: i for i, name in enumerate(classes)}
        lookup = np.array([place.get(name, -1) for name in names], np.intp)
        result = lookup[codes[rows]]
        strange = rows[result < 0]
        if len(strange):
            name = names[codes[int(strange[0])]]
            raise DataError(
                f"{table.place(int(strange[0]), column.name)}: class {name!r} of target "
                f"{column.name!r} is unseen in training. The classes are {listed(classes)}."
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
        if self.task == "multilabel":
            out[:] = self.labels(table, rows)
        elif self.task == "binary":
            out[:, 0] = self.labels(table, rows)
        elif self.task == "multiclass":
            out[:] = 0
            out[np.arange(len(rows)), self.labels(table, rows)] = 1
        else:
            values = _transformed(table, self.names, rows, self.how, self.powers).T
            with np.errstate(over="ignore"):
                out[:] = self.scaler.transform(values)
            if not np.all(np.isfinite(out)):
                row, k = (int(i[0]) for i in np.nonzero(~np.isfinite(out)))
                value = table[self.names[k]].values[rows[row]]
                raise DataError(
                    f"{table.place(int(rows[row]), self.names[k])}: {value:g} is too "
                    f"large for {out.dtype} once the target is scaled. Correct the cell, use "
                    "another unit, or `--dtype float64`."
                )
        return out

    def inverse(self, outputs: NDArray[Any]) -> NDArray[np.float64]:
        """Return regression outputs (n, n_L) in the targets' own units; others unchanged."""
        if self.task != "regression":
            return np.asarray(outputs, np.float64)
        with np.errstate(over="ignore"):
            return TRANSFORMS[self.how].inverse(self.scaler.inverse(outputs), self.powers)

    def to_dict(self) -> dict[str, Any]:
        """Return task, names, kind, classes and scaler as plain JSON values."""
        return {
            "task": self.task,
            "names": list(self.names),
            "kind": self.kind,
            "classes": list(self.classes),
            "scale": self.scaler.name,
            **({} if self.how == "none" else {"transform": self.how}),
            **({} if self.threshold == _HALF else {"threshold": self.threshold}),
        }

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Return `offset`, `scale`, `constant` and perhaps `power`, an entry per target."""
        more = {"power": self.powers} if len(self.powers) else {}
        return scaler_arrays(self.scaler) | more

    @classmethod
    def from_parts(
        cls, plain: Mapping[str, Any], arrays: Mapping[str, NDArray[Any]]
    ) -> TargetEncoder:
        """Rebuild an encoder from `to_dict` and `arrays`. Raises `FileError` for damage."""
        names, classes = strings_of(plain, "names"), strings_of(plain, "classes")
        task, kind = plain.get("task"), plain.get("kind")
        if task not in TASKS or kind not in {"numeric", "text", "boolean"} or not names:
            raise damaged(f"there is no task {task!r} with targets {names} of kind {kind!r}")
        counts = {"binary": 2, "multiclass": max(2, len(classes)), "multilabel": 2 * len(names)}
        single = len(names) == 1 or task in (*QUANTITIES, "multilabel")
        distinct = task == "multilabel" or len(set(classes)) == len(classes)
        if len(classes) != counts.get(task, 0) or not distinct or not single:
            raise damaged(f"the classes {listed(classes)} do not fit the task {task}")
        count, how = len(names) if task in QUANTITIES else 0, plain.get("transform", "none")
        if how not in TRANSFORMS:
            raise damaged(f"there is no transform {how!r} of a target")
        powers = numbers_of(arrays, "power", count) if how == "box_cox" else np.zeros(0)
        scaler, threshold = (
            scaler_from(plain.get("scale"), arrays, count),
            plain.get("threshold", _HALF),
        )
        if not isinstance(threshold, float) or not 0.0 < threshold < 1.0:
            raise damaged(f"there is no threshold {threshold!r} of a probability")
        return cls(task, names, kind, classes, scaler, how, powers, threshold)

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


def _transformed(
    table: Table,
    names: Sequence[str],
    rows: NDArray[np.intp],
    how: str,
    powers: NDArray[np.float64],
) -> NDArray[np.float64]:
    """Return what is learned of quantities, (targets, rows)."""
    values = np.stack([_values(table, name, rows, how) for name in names])
    return TRANSFORMS[how].forward(values.T, powers).T


def _values(table: Table, name: str, rows: NDArray[np.intp], how: str) -> NDArray[np.float64]:
    """Return a quantity's values. Raises `DataError` for what has no logarithm and needs one."""
    values = np.asarray(table[name].values[rows], np.float64)
    bad = np.flatnonzero(values <= TRANSFORMS[how].above)
    if len(bad):
        other = " `--target-transform log1p` takes 0 as well." if np.all(values[bad] == 0) else ""
        raise DataError(
            f"{table.place(int(rows[bad[0]]), name)}: {values[bad[0]]:g} has no logarithm "
            f"({how}), and {len(bad)} of {len(values)} values are like it.{other} Correct it, or "
            "leave `--target-transform` out."
        )
    return values
