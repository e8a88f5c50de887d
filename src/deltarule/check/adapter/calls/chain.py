"""Which of an object's arrays are W_1, b_1, ..., W_L, b_L: those whose shapes make a chain."""

from __future__ import annotations

from collections.abc import Container, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import islice, pairwise, product
from math import prod

from deltarule.check.adapter.calls.pieces import Piece, Pieces
from deltarule.check.adapter.calls.slots import Slot

_MOST = 200
"""Chains that are looked at for one orientation."""

_TRIED = 40
"""Readings that are tried, those that explain most arrays first."""


@dataclass(frozen=True)
class Chain:
    """A reading of an object's arrays: a slot for every piece, and the sizes that follow."""

    slots: tuple[Slot, ...]
    pieces: Pieces
    sizes: tuple[int, ...]


def chains(
    slots: Sequence[Slot],
    sizes: Sequence[int] | None = None,
    ends: tuple[Container[int], Container[int]] | None = None,
) -> list[Chain]:
    """Return how the slots can be a network's parameters, the fullest first.

    W_l is (out, in) or (in, out), with one more for a constant input, first or last, 1 or -1;
    what is as long as a layer can be its biases. With `sizes` only a network of these is meant;
    with `ends` one whose numbers of inputs and outputs are in them.
    """
    usable = [s for s in slots if not s.beside and len(s.shape) <= 2]
    found: list[Chain] = []
    kinds = product((False, True), ("", "last", "first"))
    for transposed, extra in kinds:
        for path in islice(_paths(usable, transposed, extra, (), sizes), _MOST):
            found += _with_biases(usable, path)
    if ends is not None:
        found = [c for c in found if c.sizes[0] in ends[0] and c.sizes[-1] in ends[1]]
    unique = {(c.slots, c.pieces): c for c in found}
    return sorted(unique.values(), key=lambda c: _rank(c, usable))[:_TRIED]


def _rank(c: Chain, usable: Sequence[Slot]) -> tuple[int, ...]:
    """Biases are no weights; the more slots are explained the better; then in their own order."""
    weights = [s for s, p in zip(c.slots, c.pieces, strict=True) if p.kind == "W"]
    order = [usable.index(s) for s in weights]
    backwards = sum(a > b for a, b in pairwise(order))
    tricks = sum(bool(p.extra) + (p.sign < 0) for p in c.pieces)
    return (sum(s.bias for s in weights), -len(set(c.slots)), backwards, tricks)


_Path = tuple[tuple[Slot, Piece, int, int], ...]
"""For every layer its slot, its piece, n_{l-1} and n_l."""


def _paths(
    slots: Sequence[Slot], transposed: bool, extra: str, before: _Path, sizes: Sequence[int] | None
) -> Iterator[_Path]:
    """Yield chains of matrices; a longer one before those that it begins with."""
    l = len(before) + 1
    used = {s for s, *_ in before}
    if before and len(before[-1][0].shape) == 1:  # a plain vector of weights is the output's
        yield before
        return
    for slot in slots:
        if slot in used or (sizes is not None and l >= len(sizes)):
            continue
        for n, below, piece in _as_weights(slot, l, transposed, extra):
            fits = not before or before[-1][3] == below
            wanted = sizes is None or (below, n) == tuple(sizes[l - 1 : l + 1])
            if fits and wanted and below > 0:
                yield from _paths(
                    slots, transposed, extra, (*before, (slot, piece, below, n)), sizes
                )
    if before and (sizes is None or l == len(sizes)):
        yield before


def _as_weights(
    slot: Slot, l: int, transposed: bool, extra: str
) -> Iterator[tuple[int, int, Piece]]:
    """Yield (n_l, n_{l-1}, piece) for the ways in which a slot may be W_l."""
    shape = slot.shape
    if not shape:
        return
    if len(shape) == 1:  # one output: a plain vector of weights
        if not transposed and shape[0] > 1:
            for e in {"", extra}:
                yield 1, shape[0] - bool(e), Piece(l, "W", shape, False, e)
        return
    out, into = shape[::-1] if transposed else shape
    for e in {"", extra}:  # the hidden layers may have the constant input alone
        yield out, into - bool(e), Piece(l, "W", shape, transposed, e)


def _with_biases(slots: Sequence[Slot], path: _Path) -> list[Chain]:
    """Return the chain without separate biases and with those that fit, and their signs."""
    weights = tuple(piece for _, piece, *_ in path)
    own = tuple(slot for slot, *_ in path)
    numbers = (path[0][2], *(n for *_, n in path))
    extra = any(p.extra for p in weights)
    found = [Chain(own, weights, numbers)]
    free = [s for s in slots if s not in own]
    bias: dict[int, Slot] = {}
    for l, n in enumerate(numbers[1:], 1):
        fitting = [s for s in free if s not in bias.values()
                   and prod(s.shape) == max(s.shape, default=1) == n]  # fmt: skip
        if fitting and not weights[l - 1].extra:
            named = [s for s in fitting if s.bias or "theta" in s.name.lower()]
            bias[l] = (named or fitting)[0]
    if bias:
        pieces, used = [], []
        for slot, piece in zip(own, weights, strict=True):
            pieces.append(piece)
            used.append(slot)
            if piece.layer in bias:
                b = bias[piece.layer]
                pieces.append(Piece(piece.layer, "b", b.shape))
                used.append(b)
        found.append(Chain(tuple(used), tuple(pieces), numbers))
    if extra or bias:
        last = found[-1]
        negated = (replace(p, sign=-1) if p.kind == "b" or p.extra else p for p in last.pieces)
        found.append(replace(last, pieces=tuple(negated)))
    return found
