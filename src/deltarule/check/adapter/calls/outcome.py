"""What a call delivered: a gradient, a step, new weights; returned, or left in the object."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from deltarule.check.adapter.calls.pieces import Piece
from deltarule.check.adapter.calls.seen import leaves_of
from deltarule.check.adapter.calls.trial import Trial, Way, split
from deltarule.core.arrays import Array

Misshapen = tuple[tuple[Piece, tuple[int, ...]], ...]


@dataclass(frozen=True, eq=False)
class Outcome:
    """Arrays in the program's own shapes, and what they are."""

    kind: str
    """`"returned"` (a gradient or a step), `"updated"` (new weights are returned), `"changed"` (the
    weights in place) or `"attributes"`."""
    arrays: list[Array | None]
    """For every piece; None where nothing was delivered."""
    remarks: tuple[str, ...] = ()
    misshapen: Misshapen = ()
    """Pieces whose gradient, by its name, has a shape that it cannot have, and that shape."""


STEPS = ("updated", "changed")
"""Kinds that are what was added to the weights, whose direction is no convention."""


def outcome_of(way: Way, trial: Trial, kind: str = "") -> Outcome | None:
    """Return what a call delivered; None for nothing that looks like a gradient.

    A returned gradient comes before weights that were changed, that before arrays with the names
    of gradients which the object keeps. With `kind` it is known whether what is returned is a
    gradient or the new weights.
    """
    after = [a if a is not None and a.shape == b.shape else None for a, b in
             zip(trial.after, trial.before, strict=True)]  # fmt: skip
    moved = [None if a is None else a - b for a, b in zip(after, trial.before, strict=True)]
    changed = any(m is not None and np.any(m != 0) for m in moved)
    named = match(way.pieces, [*leaves_of(trial.returned)], names_of(way))
    full = named is not None and all(
        a is not None for a, p in zip(named.arrays, way.pieces, strict=True) if p.kind == "W"
    )
    if named is not None and full and not _are(named.arrays, after):
        updated = kind == "updated" or (not kind and _correlated(named.arrays, trial.before))
        if not changed and updated:
            steps = [None if a is None else a - b for a, b in
                     zip(named.arrays, trial.before, strict=True)]  # fmt: skip
            return Outcome("updated", steps, named.remarks, named.misshapen)
        return named
    if changed and all(m is None or np.all(np.isfinite(m)) for m in moved):
        return Outcome("changed", moved)
    beside = [((name,), a) for name, a in trial.beside]
    kept = match(way.pieces, beside, names_of(way))
    if kept is not None:
        return Outcome("attributes", kept.arrays, kept.remarks, kept.misshapen)
    return None if named is None or _are(named.arrays, after) else named


def names_of(way: Way) -> list[str]:
    """Return what the program calls its pieces."""
    if way.slots is None:
        return [p.name.lower() for p in way.pieces]
    return [s.name.lower() for s in way.slots]


def _are(arrays: Sequence[Array | None], others: Sequence[Array | None]) -> bool:
    """Whether the arrays are the parameters themselves, given back."""
    pairs = [(a, b) for a, b in zip(arrays, others, strict=True) if a is not None and b is not None]
    return bool(pairs) and all(np.array_equal(a, b) for a, b in pairs)


def _correlated(arrays: Sequence[Array | None], before: Sequence[Array]) -> bool:
    """Whether they are the old weights, moved a little: no gradient lies so near to its point."""
    pairs = [(a.ravel(), b.ravel()) for a, b in zip(arrays, before, strict=True) if a is not None]
    a, b = (np.concatenate(side) for side in zip(*pairs, strict=True))
    product, square = float(np.linalg.norm(a) * np.linalg.norm(b)), float(b @ b)
    # a penalty's gradient has the direction of the weights, too, and another size
    return len(a) > 2 and float(a @ b) > max(0.9 * product, 0.5 * square) and product > 0


def match(
    pieces: Sequence[Piece], leaves: Sequence[tuple[Any, Any]], names: Sequence[str]
) -> Outcome | None:
    """Find every piece among arrays: by its name, else the first that fits and is left."""
    held = [(path, np.asarray(a, dtype=np.float64)) for path, a in leaves]
    whole = sum(int(np.prod(p.shape)) for p in pieces)
    for _, a in held:
        if a.ndim == 1 and a.size == whole and len(pieces) > 1:
            return Outcome("returned", list(split(a, tuple(pieces))))
    held = [part for path, a in held for part in _parts(path, a, pieces)]
    found: list[Array | None] = [None] * len(pieces)
    remarks: list[str] = []
    for way in _FITS:
        for likeness in (2, 1, None):
            for i, (piece, name) in enumerate(zip(pieces, names, strict=True)):
                if found[i] is not None:
                    continue
                fit = [(k, fitted) for k, (path, a) in enumerate(held)
                       if (likeness is None or likeness == _likeness(path, name))
                       and (fitted := way(a, piece)) is not None]  # fmt: skip
                if fit:
                    k, found[i] = fit[0]
                    held.pop(k)
                    if way in (_turned, _number):
                        if way is _number and piece.shape in ((1,), (1, 1)):
                            continue
                        how = "transposed" if way is _turned else "as one number"
                        remarks.append(f"d{piece.name} comes {how}")
    if not any(a is not None for a, p in zip(found, pieces, strict=True) if p.kind == "W"):
        return None
    return Outcome("returned", found, tuple(remarks), _misshapen(pieces, names, found, held))


def _misshapen(
    pieces: Sequence[Piece], names: Sequence[str], found: Sequence[Array | None],
    left: Sequence[tuple[Any, Array]],
) -> Misshapen:  # fmt: skip
    """Return the pieces without a gradient, where an array has its name and another shape."""
    said: list[tuple[Piece, tuple[int, ...]]] = []
    for piece, name, got in zip(pieces, names, found, strict=True):
        named = [a.shape for path, a in left if got is None and _likeness(path, name) == 2]
        said += [(piece, shape) for shape in named[:1]]
    return tuple(said)


def _likeness(path: Any, name: str) -> int:
    """Return how near an array's name is to a parameter's, such as params['w1'].

    2 for one with d, grad or the like before or behind it, 1 for the same, as in a dictionary of
    gradients, 0 for another.
    """
    words = [str(step).lstrip(".").lower() for step in path if isinstance(step, str)]
    parts = re.findall(r"[a-z_]\w*", name)
    word, short = words[-1] if words else "", parts[-1] if parts else name
    return 1 if word == short else 2 if short in word else 0


def _parts(path: Any, a: Array, pieces: Sequence[Piece]) -> list[tuple[Any, Array]]:
    """Take apart what is a list of arrays of one shape."""
    shapes = {p.shape for p in pieces}
    apart = a.ndim > 1 and a.shape not in shapes and (a.shape[1:] in shapes or a.ndim > 2)
    if apart and not any(fit(a, p) is not None for p in pieces for fit in (_turned, _squeezed)):
        return [((*path, i), a[i]) for i in range(len(a))]
    return [(path, a)]


def _squeezed(a: Array, piece: Piece) -> Array | None:
    fits = tuple(n for n in a.shape if n != 1) == tuple(n for n in piece.shape if n != 1)
    return a.reshape(piece.shape) if fits and (a.ndim or piece.kind != "b") else None


def _turned(a: Array, piece: Piece) -> Array | None:
    return a.T if piece.kind == "W" and a.T.shape == piece.shape else None


def _number(a: Array, piece: Piece) -> Array | None:
    """One number for all biases, as in b -= lr * db, which broadcasts it."""
    return np.full(piece.shape, float(a)) if piece.kind == "b" and a.ndim == 0 else None


_FITS: tuple[Callable[[Array, Piece], Array | None], ...] = (
    lambda a, piece: a if a.shape == piece.shape else None, _squeezed, _turned, _number,
)  # fmt: skip
