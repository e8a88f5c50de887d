"""Input columns as numbers: scaled where numeric, one-hot where text or truth values."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

from deltarule.core.errors import DataError, one_of
from deltarule.core.machine import require
from deltarule.data.preparation.derive import Derived, derive, derived_from
from deltarule.data.preparation.encode_check import (
    OTHER,
    category_codes,
    check_kinds,
    check_missing,
    check_spread,
    check_unseen,
    far_notes,
    input_notes,
)
from deltarule.data.preparation.fill import fill_rows
from deltarule.data.preparation.parts import (
    numbers_of,
    scaler_arrays,
    scaler_from,
    strings_of,
)
from deltarule.data.preparation.scale import Scaler, mean
from deltarule.data.table import Column, Table, option
from deltarule.data.text.writing import damaged

__all__ = ["MISSING", "OTHER", "UNKNOWN", "InputEncoder"]

MISSING = ("error", "mean", "drop")
"""What to do with missing cells."""

UNKNOWN = ("error", "ignore")
"""What to do with categories unseen in training."""

_KINDS = ("numeric", "text", "boolean")


@dataclass(frozen=True, eq=False)
class InputEncoder:
    """Fitted encoding of the columns `names`, in the order of training.

    A numeric column becomes one input, scaled by `scaler`; a text or boolean column becomes one
    input per category that occurs in the training rows, 1 for the row's category and 0 elsewhere.
    Categories that are `pooled` have one input together, the last one, which is that of unseen ones
    as well. `derived` is what is made of the columns beforehand: see `derive`.
    Under the policy `missing="mean"` a missing number becomes the training mean (`fill`, else
    zeros) and a missing category all zeros; under the others a missing cell is an error.
    """

    names: tuple[str, ...]
    kinds: tuple[str, ...]
    categories: tuple[tuple[str, ...], ...]
    scaler: Scaler
    fill: NDArray[np.float64]
    missing: str
    ends: NDArray[np.float64] | None = None
    """The least and the largest value of every numeric column in the training rows, (2, k)."""
    derived: tuple[Derived, ...] = ()

    @classmethod
    def fit(
        cls,
        table: Table,
        rows: NDArray[np.intp],
        names: Sequence[str],
        *,
        scale: str = "standard",
        missing: str = "error",
        min_count: int = 1,
        derived: Sequence[Derived] = (),
    ) -> InputEncoder:
        """Take statistics and categories of the columns `names` from the training `rows`.

        Categories in fewer than `min_count` of these rows are pooled. `derived` has been made of
        the table already.

        Raises `DataError` for a column without a known value in these rows, `UsageError` for an
        unknown scaler or policy.
        """
        one_of("policy for missing cells", missing, MISSING)
        columns = [table[name] for name in names]
        numeric = [column for column in columns if column.kind == "numeric"]
        # One column at a time: a copy of all the training rows is never made.
        scaler = _scaler(scale, table, numeric, rows)
        check_spread(table.source, [column.name for column in numeric], scaler.scale)
        fill = np.zeros(len(numeric))
        if missing == "mean":
            fill[:] = [mean(_known(table, column, rows)) for column in numeric]
        return cls(
            names=tuple(names),
            kinds=tuple(column.kind for column in columns),
            categories=tuple(_categories(table, column, rows, min_count) for column in columns),
            scaler=scaler,
            fill=fill,
            missing=missing,
            ends=_ends(_known(table, column, rows) for column in numeric),
            derived=tuple(derived),
        )

    @property
    def width(self) -> int:
        """Return the number of inputs, n_0."""
        return len(self.feature_names)

    @cached_property
    def feature_names(self) -> tuple[str, ...]:
        """Return the inputs' names: `age` for a number, `city=Rome` for a category."""
        names: list[str] = []
        for name, kind, categories in zip(self.names, self.kinds, self.categories, strict=True):
            names += [name] if kind == "numeric" else [f"{name}={c}" for c in categories]
        return tuple(names)

    @property
    def constant(self) -> tuple[str, ...]:
        """Return the numeric columns that are constant in the training rows and kept as zero."""
        return tuple(n for n, c in zip(self.numeric, self.scaler.constant, strict=True) if c)

    @property
    def numeric(self) -> tuple[str, ...]:
        """Return the names of the numeric columns, in order."""
        return tuple(n for n, kind in zip(self.names, self.kinds, strict=True) if kind == "numeric")

    @property
    def column_kinds(self) -> dict[str, str]:
        """Return kinds by name, for `read_table(..., kinds=...)` at prediction time."""
        kinds = dict(zip(self.names, self.kinds, strict=True))
        for record in self.derived:
            kinds[record.name] = record.kind
            for name in record.names:
                kinds.pop(name, None)
        return kinds

    def transform(
        self,
        table: Table,
        rows: NDArray[np.intp] | None = None,
        dtype: DTypeLike = np.float32,
        *,
        unknown: str = "error",
        out: NDArray[Any] | None = None,
    ) -> NDArray[Any]:
        """Return X, shape (rows, width), of the given rows (None: all of them).

        The table's columns may stand in any order, and others may be there. `unknown="ignore"`
        makes all zeros of a category unseen in training. `out` is filled and returned if given.

        Raises `DataError` for missing columns, columns of another kind, missing cells (unless
        the policy is "mean"), unseen categories and numbers too large for `dtype`;
        `ResourceError` if X would not fit into memory.
        """
        one_of("policy for unseen categories", unknown, UNKNOWN)
        rows = np.arange(table.rows) if rows is None else rows
        if not table.derived:
            check_kinds(table, self.column_kinds)
            table = derive(table, self.derived)
        check_kinds(table, dict(zip(self.names, self.kinds, strict=True)))
        if self.missing != "mean":
            remedy = "Fill them in, or train with `--missing mean`."
            check_missing(table, self.names, rows, remedy)
        columns = [table[name] for name in self.names]
        lookups = [category_codes(c, k) for c, k in zip(columns, self.categories, strict=True)]
        if unknown == "error":
            check_unseen(table, columns, lookups, rows)
        if out is None:
            needed = len(rows) * self.width * np.dtype(dtype).itemsize
            require(table.source, needed, "encoding it")
            out = np.empty((len(rows), self.width), dtype)
        fill_rows(out, table, columns, lookups, (rows, self.scaler, self.fill, self.categories))
        return out

    def notes(
        self, table: Table, rows: NDArray[np.intp] | None = None, expected: Sequence[str] = ()
    ) -> tuple[str, ...]:
        """Return what `transform` passes over: extra columns, unseen categories, filled cells;
        and which numbers lie far from those of training.

        `expected` names columns that are no inputs and are no news either, such as the target.
        """
        rows = np.arange(table.rows) if rows is None else rows
        table = derive(table, self.derived)
        found = input_notes(table, rows, self.names, self.categories, expected)
        if self.ends is None:
            return found
        ends = dict(zip(self.numeric, self.ends.T, strict=True))
        return (*found, *far_notes(table, rows, ends, self.constant))

    def to_dict(self) -> dict[str, Any]:
        """Return names, kinds, categories and policies as plain JSON values."""
        columns = [
            {"name": name, "kind": kind, "categories": list(categories)}
            for name, kind, categories in zip(self.names, self.kinds, self.categories, strict=True)
        ]
        plain = {"columns": columns, "scale": self.scaler.name, "missing": self.missing}
        derived = [record.to_dict() for record in self.derived]
        pooled = [n for n, some in zip(self.names, self.categories, strict=True) if OTHER in some]
        more = {"derived": derived, "pooled": pooled}
        return {**plain, **{name: value for name, value in more.items() if value}}

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Return `offset`, `scale`, `constant`, `fill`, `least`, `largest`, one entry each."""
        ends = {} if self.ends is None else {"least": self.ends[0], "largest": self.ends[1]}
        return {**scaler_arrays(self.scaler), "fill": self.fill, **ends}

    @classmethod
    def from_parts(
        cls, plain: Mapping[str, Any], arrays: Mapping[str, NDArray[Any]]
    ) -> InputEncoder:
        """Rebuild an encoder from `to_dict` and `arrays`. Raises `FileError` for damage."""
        columns = plain.get("columns")
        if not isinstance(columns, list) or not all(isinstance(c, Mapping) for c in columns):
            raise damaged("'columns' is not a list of columns")
        names = strings_of({"names": [c.get("name") for c in columns]}, "names")
        kinds = strings_of({"kinds": [c.get("kind") for c in columns]}, "kinds")
        categories = tuple(strings_of(c, "categories") for c in columns)
        for name, kind, some in zip(names, kinds, categories, strict=True):
            wrong = kind not in _KINDS or bool(some) == (kind == "numeric")
            if wrong or len(set(some)) < len(some):
                raise damaged(f"column {name!r} is not described as it should be")
        if len(set(names)) < len(names):
            raise damaged("a column is described twice")
        if plain.get("missing") not in MISSING:
            raise damaged(f"there is no policy {plain.get('missing')!r} for missing cells")
        count = kinds.count("numeric")
        scaler = scaler_from(plain.get("scale"), arrays, count)
        fill = numbers_of(arrays, "fill", count)
        ends = None
        if "least" in arrays or "largest" in arrays:  # models of before have neither
            ends = np.stack([numbers_of(arrays, key, count) for key in ("least", "largest")])
        derived = derived_from(plain.get("derived", []))
        return cls(names, kinds, categories, scaler, fill, plain["missing"], ends, derived)


def _scaler(scale: str, table: Table, columns: Sequence[Column], rows: NDArray[np.intp]) -> Scaler:
    """Return the scaling of every column; of sequences, one for all steps of a feature.

    What stands behind a sequence's end does not count.
    """
    steps = table.steps
    if steps is None:
        return Scaler.fit(scale, (_known(table, column, rows) for column in columns))
    time, rest = divmod(len(columns) - steps.lengths, steps.features)
    if rest:
        raise DataError(
            f"{table.source}: the rows are sequences, and some of their steps are left out. Leave "
            "out features in the arrays, not columns with `--drop`."
        )
    ends = columns[-1].values[rows] if steps.lengths else np.full(len(rows), time)

    def values(f: int) -> NDArray[Any]:
        each = [(c, rows[ends > t]) for t, c in enumerate(columns[f * time : (f + 1) * time])]
        return np.concatenate([_known(table, c, some) for c, some in each if len(some)])

    found = Scaler.fit(scale, map(values, range(steps.features)))
    return found.repeated(time, int(steps.lengths))


def _ends(columns: Iterable[NDArray[Any]]) -> NDArray[np.float64]:
    found = [[column.min(), column.max()] for column in columns]
    return np.array(found, np.float64).reshape(-1, 2).T


def _categories(
    table: Table, column: Column, rows: NDArray[np.intp], min_count: int
) -> tuple[str, ...]:
    if column.kind == "numeric":
        return ()
    codes, counts = np.unique(_known(table, column, rows), return_counts=True)
    kept = tuple(column.categories[int(c)] for c in codes[counts >= min_count])
    return kept if len(kept) == len(codes) else (*kept, OTHER)


def _known(table: Table, column: Column, rows: NDArray[np.intp]) -> NDArray[Any]:
    values = column.values[rows]
    known: NDArray[Any] = values[~(np.isnan(values) if column.kind == "numeric" else values < 0)]
    if not len(known):
        raise DataError(
            f"{table.source}: column {column.name!r} has no known value in the training rows. "
            f"Leave it out with {option('drop', column.name)}."
        )
    return known
