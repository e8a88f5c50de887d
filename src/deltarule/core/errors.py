"""Errors as part of the interface: where it happened, what was found, what to do.

Every error that a user can cause is a `DeltaruleError`. Its message is a sentence (or two) that
names the place (file:line:column, layer, parameter, epoch, step), the finding and the remedy.
The command line prints the message and exits with the class's `exit_code`.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from typing import Any, ClassVar

__all__ = [
    "DataError",
    "DeltaruleError",
    "FileError",
    "LockError",
    "NumericError",
    "ResourceError",
    "UsageError",
    "nearest",
    "unknown_name",
]


class DeltaruleError(Exception):
    """Base of every error raised on purpose; `exit_code` is the command line's exit status."""

    exit_code: ClassVar[int] = 1


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


def nearest(name: object, known: Iterable[str]) -> str:
    """Return `", did you mean 'x'?"` for the known name nearest to `name`, or an empty string.

    >>> nearest("sigmod", ["sigmoid", "tanh"])
    ", did you mean 'sigmoid'?"
    """
    lowered = {k.lower(): k for k in known}
    close = difflib.get_close_matches(str(name).lower(), list(lowered), n=1, cutoff=0.5)
    return f", did you mean {lowered[close[0]]!r}?" if close else ""


def unknown_name(kind: str, name: object, known: Iterable[str]) -> UsageError:
    """Build the error for an unknown `name`: it lists the known ones and the nearest.

    >>> print(unknown_name("activation", "sigmod", ["tanh", "sigmoid"]))
    unknown activation 'sigmod', did you mean 'sigmoid'? Known: sigmoid, tanh.
    """
    known = sorted(known)
    hint = nearest(name, known) or "."
    return UsageError(f"unknown {kind} {name!r}{hint} Known: {', '.join(known)}.")
