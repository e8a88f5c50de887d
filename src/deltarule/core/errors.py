"""Errors as part of the interface: where it happened, what was found, what to do.

Every error that a user can cause is a `DeltaruleError`. Its message is a sentence (or two) that
names the place (file:line:column, layer, parameter, epoch, step), the finding and the remedy.
The command line prints the message and exits with the class's `exit_code`.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Sequence
from typing import Any, ClassVar, TypeVar


class DeltaruleError(Exception):
    """Base of every error raised on purpose; `exit_code` is the command line's exit status."""

    exit_code: ClassVar[int] = 70


class UsageError(DeltaruleError, ValueError):
    """A call or an option that cannot be carried out: an unknown name, a wrong shape."""

    exit_code: ClassVar[int] = 2


class DataError(DeltaruleError, ValueError):
    """Data that cannot be used as they are: a damaged row, text in a numeric column, NaN."""

    exit_code: ClassVar[int] = 3


class NumericError(DeltaruleError, ArithmeticError):
    """A number that stopped being finite. `run` holds the training so far, if there was one."""

    exit_code: ClassVar[int] = 4

    def __init__(self, message: str, run: Any = None) -> None:
        super().__init__(message)
        self.run = run


class FileError(DeltaruleError, OSError):
    """A file of ours that is damaged, truncated or of another schema version."""

    exit_code: ClassVar[int] = 5


class ResourceError(DeltaruleError, OSError):
    """Not enough memory or disk, or a place that cannot be written."""

    exit_code: ClassVar[int] = 6


class LockError(DeltaruleError, OSError):
    """Somebody else is using the same folder."""

    exit_code: ClassVar[int] = 7


class SweepError(DeltaruleError, RuntimeError):
    """Cells of a study that failed. `results` holds the others'."""

    exit_code: ClassVar[int] = 8

    def __init__(self, message: str, results: Any = None) -> None:
        super().__init__(message)
        self.results = results


def first_few(names: Sequence[str], most: int) -> str:
    """Return the first names for a message, with dots where there are more.

    >>> first_few(["1", "2", "3"], 2)
    '1, 2, ...'
    """
    return ", ".join([*names[:most], *(["..."] if len(names) > most else [])])


def nearest(name: object, known: Iterable[str]) -> str:
    """Return `", did you mean 'x'?"` for a known name that `name` looks like, or an empty string.

    That is a slip of the pen (one letter in three of the shorter name at most: rprop is not
    rmsprop), or a name of which the other is one of the words.

    >>> nearest("sigmod", ["sigmoid", "tanh"]), nearest("rprop", ["rmsprop"])
    (", did you mean 'sigmoid'?", '')
    """
    given, known = str(name).lower(), list(known)
    best = min(known, key=lambda other: _slips(given, other.lower()), default="")
    if not _near(given, best.lower()):
        best = next((other for other in known if _near_words(given, other.lower())), "")
    return f", did you mean {best!r}?" if best else ""


def _near(a: str, b: str) -> bool:
    shorter = min(len(a), len(b))
    return shorter > 0 and _slips(a, b) <= max(1, shorter // 3) < max(len(a), len(b))


def _near_words(a: str, b: str) -> bool:
    """Whether every word of the name with fewer words is near a word of the other."""
    few, many = sorted((re.findall("[^\\W_]+", text) for text in (a, b)), key=len)
    return bool(few) and all(any(_near(x, y) for y in many) for x in few)


def _slips(a: str, b: str) -> int:
    """Count letters to insert, delete, replace, or neighbours to swap, that turn `a` into `b`.

    The optimal string alignment distance (Damerau 1964), row by row.
    """
    before: list[int] = []
    row = list(range(len(b) + 1))
    for i, letter in enumerate(a, 1):
        before, last, row = row, before, [i]
        for j, other in enumerate(b, 1):
            cost = min(before[j] + 1, row[j - 1] + 1, before[j - 1] + (letter != other))
            if i > 1 and j > 1 and letter == b[j - 2] and a[i - 2] == other:
                cost = min(cost, last[j - 2] + 1)
            row.append(cost)
    return row[-1]


def unknown_name(
    kind: str, name: object, known: Iterable[str], also: Iterable[str] = ()
) -> UsageError:
    """Build the error for an unknown `name`: it lists the known ones and the nearest.

    The nearest may be one of the other names, `also`, under which something known goes.

    >>> print(unknown_name("activation", "sigmod", ["tanh", "sigmoid"]))
    unknown activation 'sigmod', did you mean 'sigmoid'? Known: sigmoid, tanh.
    """
    known = sorted(known)
    hint = nearest(name, [*known, *also]) or "."
    return UsageError(f"unknown {kind} {name!r}{hint} Known: {', '.join(known)}.")


N = TypeVar("N")


def one_of(kind: str, name: N, known: Collection[Any]) -> N:
    """Return a name that is known; raises `unknown_name` for any other.

    >>> one_of("scaler", "minmax", ("standard", "minmax"))
    'minmax'
    """
    if name not in known:
        raise unknown_name(kind, name, known)
    return name
