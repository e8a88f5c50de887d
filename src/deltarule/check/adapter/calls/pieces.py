"""How a program keeps its parameters: the arrays it has, and where theta's numbers lie in them.

A `Piece` is one array of theirs. All that people do with W and b (W as (in, out), biases as a row
of W for a constant input, columns) moves numbers and at most changes the sign of biases, so that
a piece is an array of indices into our theta and one of signs; a gradient moves the same way.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import product
from typing import Any

import numpy as np
from numpy.typing import NDArray

from deltarule.layers import Dense
from deltarule.network import Network


@dataclass(frozen=True)
class Piece:
    """One array of the program: W, or the biases, of a layer."""

    layer: int
    kind: str
    """`"W"` or `"b"`."""
    shape: tuple[int, ...]
    """Its shape in the program."""
    transposed: bool = False
    """Whether W is (in, out)."""
    extra: str = ""
    """`"first"` or `"last"`: where W has the biases, as weights of a constant input."""
    sign: int = 1
    """The constant input, 1 or -1; of separate biases, what they are multiplied by."""

    @property
    def name(self) -> str:
        """W1, b1, ..."""
        return f"{self.kind}{self.layer}"

    def place(self, net: Network) -> tuple[NDArray[Any], NDArray[Any]]:
        """Return where its numbers lie in theta, and their signs, both in its own shape."""
        index = net.unpack(np.arange(net.size, dtype=np.float64))[self.layer - 1]
        if self.kind == "b":
            where = index["b"].astype(int)
            return where.reshape(self.shape), np.full(self.shape, self.sign)
        where = index["W"].astype(int)
        sign = np.ones_like(where)
        if self.extra:
            column, minus = index["b"].astype(int)[:, None], np.full((len(where), 1), self.sign)
            parts = [(column, minus), (where, sign)]
            parts = parts if self.extra == "first" else parts[::-1]
            where, sign = (np.hstack(both) for both in zip(*parts, strict=True))
        if self.transposed:
            where, sign = where.T, sign.T
        return where.reshape(self.shape), sign.reshape(self.shape)


Pieces = tuple[Piece, ...]


@lru_cache(1024)
def _places(pieces: Pieces, net: Network) -> list[tuple[NDArray[Any], NDArray[Any]]]:
    return [p.place(net) for p in pieces]


def arrays(pieces: Sequence[Piece], net: Network, theta: NDArray[Any]) -> list[NDArray[Any]]:
    """Return the program's arrays for our theta."""
    places = _places(tuple(pieces), net)
    return [np.ascontiguousarray(sign * theta[where]) for where, sign in places]


def to_theta(
    pieces: Sequence[Piece], net: Network, found: Sequence[NDArray[Any] | None]
) -> NDArray[Any]:
    """Return the program's arrays in the order of our theta; NaN where one is missing."""
    theta = np.full(net.size, np.nan)
    for (where, sign), a in zip(_places(tuple(pieces), net), found, strict=True):
        if a is not None:
            theta[where.ravel()] = (sign * a).ravel()
    return theta


def network_of(
    pieces: Sequence[Piece], sizes: Sequence[int], activations: Sequence[Any]
) -> Network:
    """Return the network whose parameters are in these pieces; the same one when asked again."""
    return _network(tuple(pieces), tuple(sizes), tuple(activations))


@lru_cache(1024)
def _network(pieces: Pieces, sizes: tuple[int, ...], activations: tuple[Any, ...]) -> Network:
    biased = {p.layer for p in pieces if p.kind == "b" or p.extra}
    layers = [
        Dense(n, f, bias=l in biased)
        for l, (n, f) in enumerate(zip(sizes[1:], activations, strict=True), 1)
    ]
    return Network(sizes[0], layers)


def flat_readings(
    sizes: Sequence[int], given: bool | None = None, *, apart: bool = False
) -> list[Pieces]:
    """Return the readings of one flat vector for a network of these sizes, the usual first.

    Layer after layer or all W before all b; W as (out, in) or (in, out); biases apart, or in W
    for a constant input that comes first or last and is 1 or -1, or absent, in all layers or in
    the output alone; `apart`, where every array is an argument, also in the output and nowhere
    else. `given` says whether there are biases, where that is known.
    """
    L = len(sizes) - 1
    found: list[Pieces] = []
    some = [range(1, L + 1), range(1, 1)] + ([range(1, L)] if L > 1 else [])
    some += [range(L, L + 1)] if apart and L > 1 else []
    some = some if given is None else some[:1] if given else some[1:2]
    for biased, transposed in product(some, (False, True)):
        for extra, sign in (("", 1), ("last", 1), ("first", 1), ("last", -1), ("first", -1),
                            ("", -1)):  # fmt: skip
            if (extra or sign < 0) and not len(biased):
                continue
            W, b = [], []
            for l in range(1, L + 1):
                inner = extra if l in biased else ""
                shape = (sizes[l], sizes[l - 1] + bool(inner))
                shape = shape[::-1] if transposed else shape
                W.append(Piece(l, "W", shape, transposed, inner, sign))
                if l in biased and not extra:
                    b.append(Piece(l, "b", (sizes[l],), sign=sign))
            both = {p.layer: p for p in b}
            turns = [(p, both[p.layer]) if p.layer in both else (p,) for p in W]
            found.append(tuple(p for turn in turns for p in turn))
            if b:
                found += [(*W, *b), (*b, *W), tuple(p for turn in turns for p in turn[::-1])]
    return found


def shaped(pieces: Sequence[Piece]) -> list[Pieces]:
    """Return the pieces in the shapes that arrays of their own may have.

    Biases are vectors, columns or rows; the weights into a single output may be a plain vector.
    """
    found = [tuple(pieces)]
    if any(p.kind == "b" for p in pieces):
        for turned in (lambda n: (n, 1), lambda n: (1, n)):
            found.append(
                tuple(replace(p, shape=turned(p.shape[0])) if p.kind == "b" else p for p in pieces)
            )
    last = next(p for p in reversed(pieces) if p.kind == "W")
    if 1 in last.shape:
        vector = replace(last, shape=(max(last.shape),))
        found += [tuple(vector if p is last else p for p in some) for some in tuple(found)]
    return found


def said(pieces: Sequence[Piece]) -> str:
    """Return the reading in words: 'W as (in, out), no biases'."""
    W, b = ([p for p in pieces if p.kind == kind] for kind in "Wb")
    words = [f"W as {'(in, out)' if W[-1].transposed or W[0].transposed else '(out, in)'}"]
    extra = [p for p in W if p.extra]
    L = max(p.layer for p in W)
    if extra:
        side = "row" if extra[0].transposed else "column"
        words.append(f"biases in the {extra[0].extra} {side} of W, for an input {extra[0].sign:+d}")
    if b:
        negated = " that are subtracted" if b[0].sign < 0 else ""
        words.append(f"biases{negated} as {_shape(b[0].shape)}")
    biased = {p.layer for p in [*extra, *b]}
    if not biased:
        words.append("no biases")
    elif len(biased) < L:
        words[-1] += f" in layer {', '.join(map(str, sorted(biased)))} alone"
    return ", ".join(words)


def _shape(shape: tuple[int, ...]) -> str:
    if len(shape) == 2:
        return "columns (n, 1)" if shape[1] == 1 else "rows (1, n)"
    return "vectors" if shape else "a number"
