"""The structures in which a function may want its parameters: made by us, filled with theta."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from types import SimpleNamespace
from typing import Any

import numpy as np

from deltarule.check.adapter.calls.pieces import Pieces
from deltarule.core.arrays import Array

Paths = list[tuple[Any, ...]]
Made = tuple[Any, Paths]
"""A structure, and where in it every piece is."""

_Maker = Callable[[Pieces, Sequence[Array], Sequence[str]], Made]
"""Of the pieces, their arrays, and the names that the program has for them."""


def _dict(pieces: Pieces, arrays: Sequence[Array], names: Sequence[str]) -> Made:
    names = names or [p.name for p in pieces]
    return dict(zip(names, arrays, strict=True)), [(name,) for name in names]


def _by_layer(pieces: Pieces, arrays: Sequence[Array]) -> list[list[Array]]:
    layers = sorted({p.layer for p in pieces})
    return [[a for p, a in zip(pieces, arrays, strict=True) if p.layer == l] for l in layers]


def _dicts(pieces: Pieces, arrays: Sequence[Array], names: Sequence[str]) -> Made:
    made = [dict(zip(names, own, strict=False)) for own in _by_layer(pieces, arrays)]
    return made, [(p.layer - 1, names[p.kind == "b"]) for p in pieces]


def _weights_and_biases(pieces: Pieces, arrays: Sequence[Array], names: Sequence[str]) -> Made:
    made: dict[str, list[Array]] = {name: [] for name in names}
    paths: Paths = []
    for p, a in zip(pieces, arrays, strict=True):
        name = names[p.kind == "b"]
        paths.append((name, len(made[name])))
        made[name].append(a)
    return made, paths


CONTAINERS: dict[str, _Maker] = {
    "flat": lambda pieces, arrays, names: (np.concatenate([a.ravel() for a in arrays]), [()]),
    "list": lambda pieces, arrays, names: (list(arrays), [(i,) for i in range(len(arrays))]),
    "pairs": lambda pieces, arrays, names: (
        _by_layer(pieces, arrays), [(p.layer - 1, int(p.kind == "b")) for p in pieces]
    ),
    "dict": _dict,
    "dicts": _dicts,
    "namespace": lambda pieces, arrays, names: (
        SimpleNamespace(**dict(zip(names, arrays, strict=True))), [(f".{n}",) for n in names]
    ),
    "each": _dict,
    "W and b": _weights_and_biases,
}  # fmt: skip
"""One vector; a list; a list of (W, b); a dictionary; a list of dictionaries; an object;
an argument for each array; two arguments, the weights and the biases of all layers."""
