"""The numbers that a program computes: what its functions hold and return while it runs.

A forward pass is recognised by its numbers. Whatever a program calls its hidden outputs, and in
whichever shape it keeps them, at random weights they are numbers that nothing else gives.
"""

from __future__ import annotations

import dis
import inspect
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import cache
from pathlib import Path
from types import CodeType, FrameType, FunctionType, ModuleType
from typing import Any

import numpy as np
from numpy.typing import NDArray

_LIBRARIES = frozenset({"numpy", "scipy", *sys.stdlib_module_names} - {"builtins"})
"""Whose functions are nobody's own program; what `exec` runs is in builtins, and is one."""

_OURS = str(Path(__file__).parents[1])
_PACKAGE = str(Path(__file__).parents[3])

_MOST = 200_000
"""Numbers that are kept of one call: a small network's step has some hundred."""

_SINGLE = (np.dtype("float32"), np.dtype("float16"))

_HEAP_TYPE = 1 << 9
"""Py_TPFLAGS_HEAPTYPE: the class was made by a class statement."""

_LONG = 32
"""A list of more objects than a small network's layer has neurons."""

_DEPTH = 6
"""How deep containers inside containers are looked into."""

_NEAR = 1e-9
"""Equal numbers: sums in another order differ by some rounding units."""


class Seen:
    """A bag of numbers; `holds(a)` says whether every number of an array is in it.

    Numbers that any program has at hand, 0, 1 and -1, count as held and prove nothing.

    >>> Seen([np.array([0.3, 7.25])]).holds(np.array([[7.25, 0.0]])), Seen().holds(np.array([0.4]))
    (True, False)
    """

    def __init__(
        self, arrays: Sequence[NDArray[Any]] = (), single: bool = False,
        given: Sequence[NDArray[Any]] = (),
    ) -> None:  # fmt: skip
        self.arrays, self.single = tuple(arrays), single
        """`single`: whether numbers in lower precision than float64 are among them."""
        values = np.unique(_flat(arrays))
        values = values[np.isfinite(values)]
        self.values = values[~np.isin(np.abs(values), np.abs(_flat(given)))] if given else values
        """Every finite number that was seen, once, but for those that were given."""

    def with_(self, more: Sequence[NDArray[np.float64]]) -> Seen:
        """Return a bag with further numbers."""
        return Seen([*self.arrays, *more], self.single)

    def without(self, *known: NDArray[Any]) -> Seen:
        """Return a bag without the numbers that the program was given, or their negatives."""
        return Seen(self.arrays, given=known)

    def holds_array(self, a: NDArray[Any]) -> bool:
        """Whether an array was seen as a whole, or each of its rows, with its zeros.

        Single numbers are no arrays: a 0 is seen in any program.
        """
        return any(self._has(b) for b in (a, a.T)) or all(self._has(row) for row in a)

    def _has(self, a: NDArray[Any]) -> bool:
        wanted = a.ravel()
        return wanted.size > 1 and any(
            b.size == wanted.size and np.allclose(b, wanted, rtol=_NEAR, atol=1e-12)
            for b in self.arrays
        )

    def holds(self, a: NDArray[Any]) -> bool:
        """Whether every number of `a` was seen."""
        wanted = telling(a)
        if not len(wanted):
            return True
        if not len(self.values) or not np.all(np.isfinite(wanted)):
            return False
        at = np.clip(np.searchsorted(self.values, wanted), 1, max(1, len(self.values) - 1))
        beside = [self.values[np.clip(at + i, 0, len(self.values) - 1)] for i in (-1, 0)]
        apart = np.min([np.abs(b - wanted) for b in beside], axis=0)
        return bool(np.all(apart <= _NEAR * (np.abs(wanted) + 1e-3)))


def _flat(arrays: Sequence[NDArray[Any]]) -> NDArray[np.float64]:
    return np.concatenate([np.zeros(0), *map(np.ravel, arrays)])


def telling(a: NDArray[Any]) -> NDArray[np.float64]:
    """Return the numbers of an array that are not just 0, 1 or -1."""
    flat = np.asarray(a, dtype=np.float64).ravel()
    return flat[~np.isin(flat, (0.0, 1.0, -1.0))]


def watch(call: Callable[[], Any]) -> tuple[Any, Seen]:
    """Return what a call returns and the numbers that were seen on the way.

    At every return of a function of the program its local variables and its value are read, as
    they are then: lists and arrays are changed in place later on. Where a function changes arrays
    in place itself (`probs[range(n), y] -= 1`), they are read before every line of it.
    """
    found: list[NDArray[np.float64]] = []
    room, single = _MOST, False
    last: dict[int, NDArray[Any]] = {}
    walked: dict[int, tuple[list[Any], int]] = {}  # what is held here keeps its id

    def keep(arrays: Iterable[NDArray[np.float64]]) -> None:
        nonlocal room
        for a in arrays:
            found.append(a)
            room -= a.size

    def unread(held: Any) -> Any:
        """Return what of a long list of objects, such as a tape of operations, is new."""
        if type(held) is not list or len(held) <= _LONG or not _is_object(held[0]):
            return held
        _, start = walked.get(id(held), (held, 0))
        walked[id(held)] = held, len(held)
        return held[start:]

    def returning(frame: FrameType, event: str, value: Any) -> None:
        nonlocal single
        if event == "return" and room > 0 and not foreign(frame):
            yields = frame.f_code.co_flags & inspect.CO_GENERATOR  # sum(e.w * ... for e in ...)
            held = [value] if yields else [*map(unread, frame.f_locals.values()), value]
            single = single or any(getattr(v, "dtype", None) in _SINGLE for v in held)
            keep(numbers_of(held))

    def line(frame: FrameType, event: str, value: Any) -> Any:
        for v in frame.f_locals.values() if event == "line" and room > 0 else ():
            if type(v) is np.ndarray and v.dtype == np.float64:
                before = last.get(id(v))
                if before is None or not np.array_equal(before, v):
                    last[id(v)] = np.array(v)
                    keep([last[id(v)].ravel()])
        return line

    def calling(frame: FrameType, event: str, value: Any) -> Any:
        own = not (foreign(frame) or frame.f_code.co_filename.startswith(_PACKAGE))
        return line if own and _in_place(frame.f_code) else None

    profiling, tracing = sys.getprofile(), sys.gettrace()
    sys.setprofile(returning)
    sys.settrace(calling)
    try:
        value = call()
    finally:
        sys.setprofile(profiling)
        sys.settrace(tracing)
    return value, Seen(found, single)


def foreign(frame: FrameType) -> bool:
    """Whether a frame is of a library, or of ours."""
    return _foreign(str(frame.f_globals.get("__name__", "")), frame.f_code.co_filename)


@cache
def _foreign(module: str, file: str) -> bool:
    library = module != "__main__" and module.partition(".")[0] in _LIBRARIES
    return library or file.startswith(_OURS)


@cache
def _in_place(code: CodeType) -> bool:
    """Whether a function changes what its variables hold: `a[i] = ...`, `a -= ...`."""
    return any(
        op.opname == "STORE_SUBSCR" or (op.opname == "BINARY_OP" and op.argrepr.endswith("="))
        for op in dis.get_instructions(code)
    )


def numbers_of(thing: Any) -> Iterator[NDArray[np.float64]]:
    """Yield copies of all real numbers in a thing: arrays, lists, attributes."""
    for _, value in leaves_of(thing):
        a = np.asarray(value)
        if a.dtype.kind == "f" and a.size <= _MOST:
            yield np.array(a, dtype=np.float64).ravel()


def leaves_of(thing: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[tuple[Any, ...], Any]]:
    """Yield the arrays and numbers in lists, dictionaries and objects, each with its path.

    A step of a path is an index, a key, or `.name` for an attribute. A list that is a regular
    table of numbers is one array. An object that several others hold, such as the connection
    between two neurons, is there once, on its shortest path.

    >>> list(leaves_of({"W": [[1.0, 2.0]], "lr": 0.5}))
    [(('W',), array([[1., 2.]])), (('lr',), 0.5)]
    """
    yield from _leaves(thing, path, set(), _depths(thing, len(path)))


def _depths(thing: Any, above: int) -> dict[int, int]:
    """Return how deep every object of a class of somebody's lies, by its shortest path."""
    found: dict[int, int] = {}
    level = [thing]
    for depth in range(above + 1, _DEPTH + 1):
        inside = [inner for one in level if _holds(one) for _, inner in _steps(one)]
        level = [one for one in inside if not _is_object(one) or id(one) not in found]
        found |= {id(one): depth for one in level if _is_object(one)}
        level = [*{id(one): one for one in level}.values()]
    return found


def _holds(thing: Any) -> bool:
    plain = isinstance(thing, bool | np.bool_ | str | bytes | int | float | np.number | np.ndarray)
    return not (plain or thing is None)


def _is_object(thing: Any) -> bool:
    return _holds(thing) and not isinstance(thing, list | tuple | dict)


def _leaves(
    thing: Any, path: tuple[Any, ...], above: set[int], depths: dict[int, int]
) -> Iterator[tuple[tuple[Any, ...], Any]]:
    if isinstance(thing, bool | np.bool_ | str | bytes) or thing is None:
        return
    if isinstance(thing, int | float | np.number | np.ndarray):
        if not isinstance(thing, np.ndarray) or thing.dtype.kind in "fiu":
            yield path, thing
        elif thing.dtype.kind == "O":
            yield from _within(list(thing.ravel()), path, above, depths)
        return
    if isinstance(thing, list | tuple) and (table := _table(thing)) is not None:
        yield path, table
        return
    yield from _within(thing, path, above, depths)


def _within(
    thing: Any, path: tuple[Any, ...], above: set[int], depths: dict[int, int]
) -> Iterator[tuple[tuple[Any, ...], Any]]:
    if len(path) >= _DEPTH or id(thing) in above or depths.get(id(thing), _DEPTH) < len(path):
        return
    if _is_object(thing):
        depths[id(thing)] = -1  # it has been there
    above = above | {id(thing)}
    for step, inner in _steps(thing):
        yield from _leaves(inner, (*path, step), above, depths)


def _steps(thing: Any) -> list[tuple[Any, Any]]:
    if isinstance(thing, dict):
        return [(k, v) for k, v in thing.items() if not str(k).startswith("__")]
    if isinstance(thing, list | tuple):
        return list(enumerate(thing)) if len(thing) <= 1000 else []
    # an object's class was written in Python, and not by NumPy or random
    written = type(thing).__flags__ & _HEAP_TYPE
    foreign_class = type(thing).__module__.partition(".")[0] in _LIBRARIES
    if isinstance(thing, ModuleType | type | FunctionType) or not written or foreign_class:
        return []
    return [(f".{name}", value) for name, value in getattr(thing, "__dict__", {}).items()]


def _table(thing: Any) -> NDArray[Any] | None:
    """Return lists of numbers, all as long as each other, as an array; None for anything else."""
    if not thing or not _plain(thing):
        return None
    try:
        a = np.array(thing)
    except ValueError:
        return None
    return a if a.dtype.kind in "fiu" else None


def _plain(thing: Any) -> bool:
    """Whether there are but numbers in lists of lists; a list of arrays is a list of arrays."""
    if isinstance(thing, list | tuple):
        return all(_plain(t) for t in thing)
    return isinstance(thing, int | float | np.number) and not isinstance(thing, bool)
