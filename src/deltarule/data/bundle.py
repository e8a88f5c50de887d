"""A data set as arrays, with what is known of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from deltarule.core.errors import one_of

TWO = ("0", "1")
"""The classes of a problem with two."""


def numbered(n: int, letter: str = "x") -> tuple[str, ...]:
    """Return x1, x2, ..., xn."""
    return tuple(f"{letter}{i + 1}" for i in range(n))


@dataclass(frozen=True, eq=False, repr=False)
class Bundled:
    """A data set as arrays: X (n, n_0), unscaled, and T (n, n_L), both float64.

    T is one-hot for several classes, (n, 1) with 0 and 1 for two, the raw value for regression.
    `classes` is empty for regression; `columns` names X's columns and `target` what T holds.
    Several targets are named by `targets`, a column of T each.
    `ordered` marks a time series; `splittable=False` a problem that is trained on all its rows.
    Where rows are sequences, `features` is how many numbers a step has, feature after feature.

    >>> from deltarule.data import load
    >>> xor = load("xor")
    >>> xor["X"].tolist(), xor["T"].tolist()
    ([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]], [[0.0], [1.0], [1.0], [0.0]])
    """

    name: str
    X: NDArray[np.float64]
    T: NDArray[np.float64]
    columns: tuple[str, ...]
    target: str
    classes: tuple[str, ...]
    task: str
    description: str
    ordered: bool = False
    splittable: bool = True
    targets: tuple[str, ...] = ()
    features: int = 0

    @classmethod
    def of(
        cls,
        name: str,
        X: NDArray[np.float64],
        T: NDArray[np.float64],
        target: str,
        says: str,
        classes: Sequence[str] = (),
        columns: Sequence[str] = (),
        **more: Any,
    ) -> Bundled:
        """Return a data set whose task its classes tell; columns without names are x1, x2, ..."""
        task = "multiclass" if len(classes) > len(TWO) else "binary" if classes else "regression"
        names = tuple(columns) or numbered(X.shape[1])
        return cls(name, X, T, names, target, tuple(classes), task, f"{name}: {says}", **more)

    def __repr__(self) -> str:
        rows, inputs = self.X.shape
        shapes = f"X ({rows}, {inputs}), T {self.T.shape}"
        return f"Bundled({self.name}: {shapes}, {self.task} of {self.target!r})"

    def __getitem__(self, key: str) -> NDArray[np.float64]:
        arrays = {"X": self.X, "T": self.T}
        return arrays[one_of("array", key, arrays)]
