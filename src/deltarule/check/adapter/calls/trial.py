"""One call of a program at our theta, X and T, and what it left behind."""

from __future__ import annotations

import contextlib
import io
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any

import numpy as np

from deltarule.check.adapter.calls.containers import CONTAINERS
from deltarule.check.adapter.calls.forms import Form
from deltarule.check.adapter.calls.pieces import Pieces, arrays
from deltarule.check.adapter.calls.seen import Seen, numbers_of, watch
from deltarule.check.adapter.calls.slots import Slot, at, read, slots_of, write
from deltarule.check.adapter.subject import Subject
from deltarule.core.arrays import Array
from deltarule.core.errors import UsageError
from deltarule.network import Network

_AROUND: ContextVar[Callable[[], contextlib.AbstractContextManager[Any]]] = ContextVar(
    "around", default=contextlib.nullcontext
)


@contextlib.contextmanager
def calling(around: Callable[[], contextlib.AbstractContextManager[Any]]) -> Iterator[None]:
    """Have every call of a program happen inside `around()`, for the time of a block."""
    token = _AROUND.set(around)
    try:
        yield
    finally:
        _AROUND.reset(token)


@dataclass(frozen=True, eq=False)
class Way:
    """A way of asking a subject: where theta's pieces go, and in which form X and T."""

    subject: Subject
    pieces: Pieces
    slots: tuple[Slot, ...] | None
    """A slot for every piece; None where they are arguments that we make."""
    form: Form
    sizes: tuple[int, ...]
    zeroed: tuple[Slot, ...] = ()
    """Single numbers that are the biases of a whole layer, set to 0: ours has one for each node."""


@dataclass(frozen=True, eq=False)
class Trial:
    """What a call did."""

    returned: Any
    before: list[Array]
    """The pieces as they were written."""
    after: list[Array | None]
    beside: list[tuple[str, Array]]
    """Arrays that are gradients by their names, in the object afterwards."""
    seen: Seen
    unread: tuple[Array, ...] = ()
    """Matrices of the object that are none of the pieces, and moved as weights do."""
    unused: frozenset[tuple[int, ...]] = frozenset()
    """The shapes of all its other matrices."""


def attempt(
    way: Way, net: Network, theta: Array, X: Array, T: Array, rates: Mapping[Any, float]
) -> Trial:
    """Carry out one call; raises what the program raises, `UsageError` where it would end ours.

    What it prints is dropped: a program is called many times, and prints of its training.
    """
    t = way.form.t(T)
    with quiet(), filled(way, net, theta, X, T) as (root, slots, x):
        return trial_of(way, root, slots, x, t, rates)


@contextlib.contextmanager
def filled(
    way: Way, net: Network, theta: Array, X: Array, T: Array
) -> Iterator[tuple[Any, tuple[Slot, ...], Any]]:
    """Yield what is called with theta in it, where theta's pieces are, and X in its form."""
    x = way.form.x(X)
    with way.subject.root(x, way.form.t(T)) as root:
        yield root, fill(way, root, arrays(way.pieces, net, theta)), x


def watched(call: Callable[[], Any]) -> tuple[Any, Seen]:
    """Return what a call of somebody's code returns, and the numbers that were seen."""
    with _AROUND.get()():
        return watch(call)


def trial_of(
    way: Way, root: Any, slots: Sequence[Slot], x: Any, t: Any, rates: Mapping[Any, float]
) -> Trial:
    """Call a subject whose parameters are in their slots."""
    before = _held(way, root, slots)
    others = _others(way, root)
    returned, seen = watched(lambda: way.subject.call(root, x, t, rates))
    after = _held(way, root, slots)
    left = list((root if isinstance(root, dict) else vars(root)).values())
    beside = [(s.name, a) for s in slots_of(root) if s.beside and (a := read(root, s)) is not None]
    inside = list(numbers_of([left, returned]))
    moved = tuple(a for slot, a in others if _weights_moved(a, read(root, slot)))
    unused = frozenset(slot.shape for slot, _ in others)
    held = [b for b in before if b is not None]
    return Trial(returned, held, after, beside, seen.with_(inside), moved, unused)


def _others(way: Way, root: Any) -> list[tuple[Slot, Array]]:
    """Return the matrices of an object that are none of the pieces."""
    if way.slots is None or way.subject.kind != "object":
        return []
    slots = [s for s in slots_of(root) if len(s.shape) == 2 and not (s.beside or s.bias)]
    slots = [s for s in slots if s not in way.slots]
    return [(s, a) for s in slots if (a := read(root, s)) is not None and np.any(a)]


def _weights_moved(before: Array, after: Array | None) -> bool:
    """Whether an array was changed a little: a weight after a step, no output of another call."""
    if after is None or after.shape != before.shape or np.array_equal(before, after):
        return False
    product = float(np.linalg.norm(before) * np.linalg.norm(after))
    return product > 0 and float(np.sum(before * after)) > 0.9 * product


@contextlib.contextmanager
def quiet() -> Any:
    """Let a program print nothing, and end nothing but itself."""
    with (
        contextlib.redirect_stdout(io.StringIO()),
        warnings.catch_warnings(),
        np.errstate(all="ignore"),
    ):
        warnings.simplefilter("ignore")
        try:
            yield
        except (Exception, KeyboardInterrupt):
            raise
        except BaseException as error:
            raise UsageError(f"the program ends ({type(error).__name__})") from error


def fill(way: Way, root: Any, pieces: Sequence[Array]) -> tuple[Slot, ...]:
    """Write the pieces into the root; returns the slots in which they are."""
    if way.slots is not None:
        for slot, a in zip(way.slots, pieces, strict=True):
            write(root, slot, a)
        for slot in way.zeroed:
            write(root, slot, np.array(0.0))
        return way.slots
    kind = way.subject.container
    apart = kind in ("each", "W and b")  # arguments of their own, and no one theta
    names = list(root) if apart else way.subject.keys
    made, paths = CONTAINERS[kind](way.pieces, pieces, names)
    root.update(made if apart else {"theta": made})
    paths = paths if apart else [("theta", *path) for path in paths]
    shapes = [np.shape(at(root, path)) for path in paths]
    return tuple(Slot((path,), shape) for path, shape in zip(paths, shapes, strict=True))


def _held(way: Way, root: Any, slots: Sequence[Slot]) -> list[Array | None]:
    """Return the pieces as the root holds them now."""
    found = [read(root, slot) for slot in slots]
    if way.slots is None and way.subject.container == "flat":
        whole = found[0]
        return [None] * len(way.pieces) if whole is None else list(split(whole, way.pieces))
    return found


def split(vector: Array, pieces: Pieces) -> list[Array]:
    """Return a flat vector's pieces, each in its shape."""
    ends = np.cumsum([int(np.prod(p.shape)) for p in pieces])
    return [a.reshape(p.shape) for a, p in zip(np.split(vector, ends[:-1]), pieces, strict=True)]
