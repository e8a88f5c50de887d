"""The ways in which a program may be asked, to be tried one after the other; and where."""

from __future__ import annotations

from collections import Counter
from collections.abc import Container, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from operator import attrgetter
from traceback import walk_tb
from typing import Any

import numpy as np

from deltarule.check.adapter.calls.chain import chains
from deltarule.check.adapter.calls.forms import FORMS, PAIRS
from deltarule.check.adapter.calls.pieces import Piece, Pieces, flat_readings, shaped
from deltarule.check.adapter.calls.seen import foreign
from deltarule.check.adapter.calls.slots import Slot, read, slots_of
from deltarule.check.adapter.calls.trial import Way
from deltarule.check.adapter.roles import role_of
from deltarule.check.adapter.subject import Subject
from deltarule.core.arrays import Array
from deltarule.network import Network

Refused = Counter[str]

_USUAL = ("rows", "columns", "one observation as a vector")


@dataclass(frozen=True, eq=False)
class Point:
    """Where programs are tried: random numbers, as many rows as no layer has nodes."""

    theta: Array
    X: Array
    T: Array
    classes: Array
    """One-hot targets, for programs that take a class."""


def point(net: Network, rows: int | None = None, seed: int = 0) -> Point:
    """Return a random point for a network."""
    return _drawn(net.size, net.sizes, rows, seed)


@lru_cache(1024)
def _drawn(size: int, sizes: tuple[int, ...], rows: int | None, seed: int) -> Point:
    rng = np.random.default_rng([seed, *sizes])
    n = rows or next(k for k in (5, 7, 6, 9, 8, 11) if k not in sizes)
    k = sizes[-1]
    found = Point(
        rng.uniform(-1.0, 1.0, size),
        rng.normal(size=(n, sizes[0])),
        rng.uniform(0.1, 0.9, (n, k)),
        np.eye(k)[rng.integers(k, size=n)],
    )
    for a in (found.theta, found.X, found.T, found.classes):
        a.flags.writeable = False  # it is there once: forms hand over copies
    return found


def ways(
    subject: Subject, sizes: tuple[int, ...] | None, bias: bool | None, refused: Refused, *,
    usual: bool = False,
) -> Iterator[Way]:  # fmt: skip
    """Yield the ways of asking a subject, the likeliest first; `refused` counts what it raises.

    Where its parameters are made by us, for every order of them that programs have; where they
    are found in it, for every chain of its arrays. `bias` says whether there are biases; with
    `usual` the usual forms of X and T alone are tried.
    """
    forms = PAIRS if subject.takes_pairs else FORMS
    forms = tuple(f for f in forms if f.name in _USUAL) if usual else forms
    if subject.container:  # a function of its parameters takes several observations as well
        forms = tuple(f for f in forms if not f.name.startswith("a list of one"))
        for meant in _any(subject) if sizes is None else (sizes,):
            made = _made_by_us(subject, meant, bias)
            if sizes is None:  # biases in a row of W come after those that are arrays of their own
                made = sorted(made, key=lambda m: any(p.extra for p in m))
                made = [m for m in made if not any(p.sign < 0 for p in m)]
            yield from (Way(subject, m, None, form, meant) for form in forms for m in made)
        return
    meant = sizes or subject.sizes or (1, 1)
    rng = np.random.default_rng(0)
    x, t = rng.normal(size=(13, meant[0])), rng.normal(size=(13, meant[-1]))
    try:
        with subject.root(x, t) as root:
            slots = [s for s in slots_of(root) if 13 not in s.shape]  # those are the data
            slots = [s for s in slots if subject.own is None or _may_be_weights(s, subject.own)]
            slots = _begun(root, slots)
    except Exception as error:
        refused[told(error)] += 1
        return
    ends = ({meant[0]}, {meant[-1]}) if subject.data else None
    found = chains(slots, sizes, ends)
    if bias is not None:
        found = [c for c in found if bias is any(p.kind == "b" or p.extra for p in c.pieces)]
    single = [s for s in slots if not s.shape]
    for several in (True, False):
        for chain in found:
            for form in forms:
                if form.several is several:
                    shared = tuple(s for s in single if s not in chain.slots)
                    yield Way(subject, chain.pieces, chain.slots, form, chain.sizes, shared)


def _may_be_weights(slot: Slot, own: Container[str]) -> bool:
    """Whether a module variable is read first, and not called as outputs or targets are."""
    name = slot.paths[0][0]
    return name in own and role_of(name) != "T"


def _begun(root: Any, slots: Sequence[Slot]) -> list[Slot]:
    """Return the slots without matrices of zeros beside weights of their shape: a step's state."""
    empty = [s for s in slots if len(s.shape) == 2 and not np.any(read(root, s))]
    begun = {s.shape for s in slots if s not in empty}
    return [s for s in slots if s not in empty or s.shape not in begun]


def _made_by_us(subject: Subject, sizes: tuple[int, ...], bias: bool | None) -> list[Pieces]:
    """Return the orders and shapes in which parameters may be handed over."""
    made = flat_readings(sizes, bias, apart=subject.container == "each")
    if subject.container != "flat":
        # W_l and b_l come layer by layer, as arguments do
        in_order = (
            p for p in made if p[0].kind == "W" and list(p) == sorted(p, key=attrgetter("layer"))
        )
        made = [m for plain in in_order for m in shaped(plain)]
    if subject.container == "dicts":
        biased = len(subject.keys) > 1
        return [m for m in made if len(m) == (1 + biased) * (len(sizes) - 1)]
    if names := _names(subject):
        made = [m for plain in made if (m := _as_named(plain, names)) is not None]
    return made


def _names(subject: Subject) -> list[str]:
    """Return the program's own names of weights and biases, where they are handed over by name."""
    return list(subject.make(None, None)) if subject.container == "each" else list(subject.keys)


def _any(subject: Subject) -> Iterator[tuple[int, ...]]:
    """Yield networks for a function of its parameters that says nothing of their sizes.

    Arguments tell the number of layers. One vector could be anything.
    """
    if subject.container != "flat":
        depths: tuple[int, ...] = (2, 1, 3)
        if subject.container != "dicts" and (names := _names(subject)):
            depths = (sum(not _bias(name) for name in names),)
        for depth in (d for d in depths if 0 < d < len(_WIDTHS)):
            yield from ((*_WIDTHS[-depth - 1 : -1], outputs) for outputs in (_WIDTHS[-1], 1))


_WIDTHS = (6, 5, 3, 4, 2)
"""A network that is asked where any will do, from its last layers on."""


def _bias(name: str) -> bool:
    return name.lower().startswith("b")


def _as_named(pieces: Sequence[Piece], names: Sequence[str]) -> Pieces | None:
    """Return the pieces in the order of arguments W1, W2, b1, b2; None where their number differs.

    What begins with b is biases; where nothing does, they come layer by layer.
    """
    W, b = ([p for p in pieces if p.kind == kind] for kind in "Wb")
    biases = [name for name in names if _bias(name)]
    if len(names) != len(pieces):
        return None
    if len(biases) != len(b):
        return None if biases else tuple(pieces)
    left = {"W": iter(W), "b": iter(b)}
    return tuple(next(left["b" if name in biases else "W"]) for name in names)


def told(error: Exception) -> str:
    """Return an error with the last line of the program, not of a library, on the way to it."""
    text = f"{type(error).__name__}: {error}"
    own = [line for frame, line in walk_tb(error.__traceback__) if not foreign(frame)]
    return f"{text} (line {own[-1]})" if own else text
