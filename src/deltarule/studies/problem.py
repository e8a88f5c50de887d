"""The samples of a study: by name, from a file, or arrays of one's own; split by a seed."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from deltarule.core.arguments import array
from deltarule.core.arrays import Array
from deltarule.core.errors import DataError, UsageError
from deltarule.data import Bundled, Table, prepare, read_table
from deltarule.data.preparation.split import split_rows


@dataclass(frozen=True, eq=False)
class Parts:
    """Samples to train on, and those that were held out: X (n, n_0), T (n, n_L)."""

    X: Array
    T: Array
    X_held: Array
    T_held: Array
    task: str
    """regression, binary or multiclass; "" for arrays, of which nothing is known."""


@dataclass(frozen=True, eq=False)
class Problem:
    """Samples with a name; two are equal where name and numbers are.

    >>> xor = as_problem("xor")
    >>> parts = xor.parts(0.0, None, 0, "float64")
    >>> parts.X.shape, parts.T.shape, parts.task, xor.splittable
    ((4, 2), (4, 1), 'binary', False)
    """

    name: str
    table: Table | None
    """Where the samples come from, if not from arrays."""
    X: Array
    T: Array
    digest: str
    """SHA-256 of the numbers, the first 16 digits."""
    reading: Mapping[str, Any] = field(default_factory=dict)
    """How the table is prepared: the target, the task and what else `prepare` is to be told."""

    @classmethod
    def of(cls, name: str, table: Table, reading: Mapping[str, Any]) -> Problem:
        """Return the problem of a table, `reading` being further arguments of `prepare`."""
        none = np.empty((0, 0))
        told = np.frombuffer(repr(sorted(reading.items())).encode(), np.uint8)
        columns = (column.values for column in table.columns)
        digest = _digest(*columns, *([told] if reading else []))
        return cls(name, table, none, none, digest, reading)

    @property
    def splittable(self) -> bool:
        """Whether a part may be held out: not where every sample is needed, as in XOR."""
        return self.table.splittable if self.table is not None else True

    def parts(self, validation: float, scale: str | None, seed: int, dtype: str) -> Parts:
        """Return the samples, the share `validation` of them held out by `seed`.

        The last ones are remembered: the cells of a study ask for the same again and again.

        Raises `UsageError` where nothing may be held out, `DataError` where a file cannot be used.
        """
        return _parts(self, validation, scale, seed, dtype)

    def _parts(self, validation: float, scale: str | None, seed: int, dtype: str) -> Parts:
        if validation and not self.splittable:
            raise UsageError(
                f"{self.name}: every sample is needed, none can be held out; leave out validation"
            )
        if self.table is None:
            return self._of_arrays(validation, scale, seed, dtype)
        found = prepare(
            self.table,
            scale=scale or ("standard" if self.splittable else "none"),
            validation=validation,
            test=0.0,
            seed=seed,
            dtype=dtype,
            **self.reading,
        )
        train, held = found["train"], found["validation"]
        return Parts(train.X, train.T, held.X, held.T, found.task)

    def _of_arrays(self, validation: float, scale: str | None, seed: int, dtype: str) -> Parts:
        if scale not in (None, "none"):
            raise UsageError(f"{self.name}: arrays are taken as they are; scale them before")
        rows = split_rows(len(self.X), validation=validation, test=0.0, seed=seed)
        X, T, held = self.X.astype(dtype), self.T.astype(dtype), rows["validation"]
        return Parts(X[rows["train"]], T[rows["train"]], X[held], T[held], "")

    def __eq__(self, other: object) -> bool:
        mine = (self.name, self.digest)
        return isinstance(other, Problem) and mine == (other.name, other.digest)

    def __hash__(self) -> int:
        return hash((self.name, self.digest))

    def to_dict(self) -> dict[str, Any]:
        """Return the name and the digest."""
        return {"name": self.name, "sha256": self.digest}


@lru_cache(maxsize=8)
def _parts(problem: Problem, *how: Any) -> Parts:
    return problem._parts(*how)


def as_problem(given: Any) -> Problem:
    """Return the problem that a name, a path, a bundled data set or a pair (X, T) stands for.

    Raises `DataError` for an unknown name or file, `UsageError` for anything else.
    """
    if isinstance(given, Problem):
        return given
    if isinstance(given, str | Path):
        table = read_table(given)
        if not table.targets:
            raise DataError(
                f"{given}: a study needs to know the target. Train on bundled or generated data, "
                "an NPZ file with X and T, or arrays (X, T)."
            )
        return Problem.of(str(given), table, {})
    if isinstance(given, Bundled):
        return as_problem(given.name)
    if isinstance(given, np.ndarray) or not isinstance(given, tuple | list) or len(given) != 2:
        raise UsageError(
            f"the data of a study are a name such as 'xor', a file, or arrays (X, T), not {given!r}"
        )
    X, T = (array(name, part, np.float64) for name, part in zip("XT", given, strict=True))
    T = T.reshape(len(T), -1)
    if X.ndim < 2 or not len(X) or len(X) != len(T):
        raise UsageError(f"X (n, n_0) and T (n, n_L) do not fit: {X.shape} and {T.shape}")
    return Problem("arrays", None, X, T, _digest(X, T))


def _digest(*arrays: Array) -> str:
    found = hashlib.sha256()
    for values in arrays:
        found.update(f"{values.dtype} {values.shape}".encode())
        found.update(np.ascontiguousarray(values).tobytes())
    return found.hexdigest()[:16]
