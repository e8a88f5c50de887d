"""In which form a program takes inputs and targets: rows, columns, one observation, pairs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from deltarule.core.arrays import Array


@dataclass(frozen=True)
class Form:
    """How X (n, n_0) and T (n, n_L) are handed over."""

    name: str
    x: Callable[[Array], Any]
    t: Callable[[Array], Any]
    several: bool
    """Whether it has a place for several observations."""
    fits: Callable[[Array], bool] = lambda T: True
    """Whether targets can be written so."""


def _classes(T: Array) -> bool:
    return T.shape[1] > 1 and bool(np.all(np.sort(T, axis=1)[:, :-1] == 0.0))


def _one(T: Array) -> bool:
    return len(T[0]) == 1


def _list_of(as_column: bool) -> Callable[[Array], list[Array]]:
    def split(A: Array) -> list[Array]:
        return [a[:, None].copy() if as_column else a.copy() for a in A]

    return split


FORMS: tuple[Form, ...] = (
    Form("rows", lambda X: X.copy(), lambda T: T.copy(), True),
    Form("columns", lambda X: X.T.copy(), lambda T: T.T.copy(), True),
    Form("rows, one target each", lambda X: X.copy(), lambda T: T[:, 0].copy(), True, _one),
    Form("columns, one target each", lambda X: X.T.copy(), lambda T: T[:, 0].copy(), True, _one),
    Form("rows, classes as numbers", lambda X: X.copy(), lambda T: T.argmax(axis=1), True,
         _classes),
    Form("columns, classes as numbers", lambda X: X.T.copy(), lambda T: T.argmax(axis=1), True,
         _classes),
    Form("lists of rows", lambda X: X.tolist(), lambda T: T.tolist(), True),
    Form("lists of rows, one target each", lambda X: X.tolist(), lambda T: T[:, 0].tolist(), True,
         _one),
    Form("lists of rows, classes as numbers", lambda X: X.tolist(),
         lambda T: T.argmax(axis=1).tolist(), True, _classes),
    Form("lists of columns", _list_of(True), _list_of(True), True),
    Form("lists of vectors", _list_of(False), _list_of(False), True),
    Form("one observation as a vector", lambda X: X[0].copy(), lambda T: T[0].copy(), False),
    Form("one observation, one target", lambda X: X[0].copy(), lambda T: float(T[0, 0]), False,
         _one),
    Form("one observation, its class as a number", lambda X: X[0].copy(),
         lambda T: int(T[0].argmax()), False, _classes),
    Form("one observation as a list", lambda X: X[0].tolist(), lambda T: T[0].tolist(), False),
    Form("one observation as a column", lambda X: X[:1].T.copy(), lambda T: T[:1].T.copy(), False),
    Form("one observation as a column, one target", lambda X: X[:1].T.copy(),
         lambda T: float(T[0, 0]), False, _one),
    Form("one observation as a row", lambda X: X[:1].copy(), lambda T: T[:1].copy(), False),
    Form("a list of one row", lambda X: X[:1].tolist(), lambda T: T[:1].tolist(), False),
    Form("a list of one row, one target", lambda X: X[:1].tolist(), lambda T: T[:1, 0].tolist(),
         False, _one),
    Form("a list of one row, its class as a number", lambda X: X[:1].tolist(),
         lambda T: T[:1].argmax(axis=1).tolist(), False, _classes),
)  # fmt: skip
"""The forms in the order in which they are tried: several observations first."""

PAIRS: tuple[Form, ...] = (
    Form("pairs of columns", _list_of(True), _list_of(True), True),
    Form("pairs of vectors", _list_of(False), _list_of(False), True),
    Form("a list of one pair, one target", lambda X: [X[0].tolist()],
         lambda T: [np.array(T[0, 0])], False, _one),
    Form("a list of one pair of vectors", lambda X: [X[0].copy()], lambda T: [T[0].copy()], False),
    Form("a list of one row that ends with its class", lambda X: X[:1].tolist(),
         lambda T: T[:1].argmax(axis=1).tolist(), False, _classes),
    Form("a list of one row that ends with its target", lambda X: X[:1].tolist(),
         lambda T: T[:1, 0].tolist(), False, _one),
)  # fmt: skip
"""For a function of a list of (x, t); where t is a number of Python's, of rows that end with it."""
