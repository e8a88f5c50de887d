"""A derivation on paper as a script: one variable for every number, w211, b12, x3, dw211."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import numpy as np

from deltarule.check.adapter.roles import role_of

_INDEXED = re.compile(r"([A-Za-z_]*?[A-Za-z])_?(\d)_?(\d)?_?(\d)?")


def gathered(variables: Mapping[str, Any]) -> dict[str, Any]:
    """Return the variables with those that differ in their last indices as arrays, T as a row.

    Three indices are layer, target node, preceding node, two are layer and node, one is a node of
    the inputs; nodes count from 1. Without weights of three indices nothing is changed.

    >>> names = {"w211": 0.5, "w212": 0.25, "x1": 2.0, "x2": 3.0, "T": 1.0, "e": 0.1}
    >>> {name: np.asarray(a).tolist() for name, a in gathered(names).items()}
    {'e': 0.1, 'w2': [[0.5, 0.25]], 'x': [[2.0, 3.0]], 'T': [[1.0]]}
    """
    found: dict[str, Any] = {}
    parts: dict[str, dict[tuple[int, ...], float]] = {}
    for name, value in variables.items():
        read = _INDEXED.fullmatch(name) if isinstance(value, float | int) else None
        if read is None or isinstance(value, bool):
            found[name] = value
            continue
        word, *digits = (part for part in read.groups() if part is not None)
        index = tuple(map(int, digits))
        whole = word if len(index) == 1 else f"{word}{index[0]}"
        parts.setdefault(whole, {})[index[-1:] if len(index) < 3 else index[1:]] = float(value)
    if not any(
        len(key) == 2 and role_of(w) in ("W", "theta") for w, h in parts.items() for key in h
    ):
        return dict(variables)
    for name, held in parts.items():
        shape = tuple(max(k) for k in zip(*held, strict=True)) if _even(held) else ()
        if shape and len(held) == np.prod(shape) and min(map(min, held)) == 1:
            a = np.array([held[index] for index in sorted(held)]).reshape(shape)
            found[name] = a[None] if name.lower() in ("x", "t") else a
    for name in ("T", "t", "target"):
        if isinstance(found.get(name), float | int):
            found[name] = np.array([[float(found.pop(name))]])
    return found


def _even(held: Mapping[tuple[int, ...], float]) -> bool:
    """Whether all have as many indices."""
    return len({len(index) for index in held}) == 1
