"""What somebody's code changes for the whole process: put back after every call, and said once.

The working directory, NumPy's error state and the like belong to everybody in a process. A
verdict must not depend on what the code that is judged has done to them.
"""

from __future__ import annotations

import contextlib
import functools
import locale
import os
import sys
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np


@dataclass(frozen=True)
class _Shared:
    """One thing that all code of a process shares."""

    did: str
    """What code that changes it does, as the rest of a sentence."""
    read: Callable[[], Any]
    write: Callable[[Any], object]
    seen: Callable[[Any], Any] = lambda state: state
    """The part of it that is compared."""


_NOTES: dict[str, str] = {}
"""What was said, by what was done; of this process, which is a child of the command's own."""


def _plain(state: Any) -> Any:
    """Return a state without arrays, whose == is no single truth value."""
    if isinstance(state, dict):
        return {key: _plain(value) for key, value in state.items()}
    return state.tobytes() if isinstance(state, np.ndarray) else state


def _about_floats(filters: list[Any]) -> list[Any]:
    """Return the filters that decide about every RuntimeWarning, such as NumPy's of overflow."""
    return [f for f in filters if issubclass(RuntimeWarning, f[2]) and not (f[1] or f[3])]


def _set_filters(filters: list[Any]) -> None:
    warnings.resetwarnings()  # it tells Python that they change, which an assignment does not
    warnings.filters[:] = filters  # type: ignore[index]


def _output() -> tuple[Any, bool]:
    return sys.stdout, bool(getattr(sys.stdout, "closed", False))


def _set_output(state: tuple[Any, bool]) -> None:
    stream, _ = state
    if getattr(stream, "closed", False):  # what it writes to is still open
        stream = open(1, "w", buffering=1, errors="replace", closefd=False)  # noqa: SIM115
    sys.stdout = stream


_AS_IF = "the check goes on as if it had not"

_RESTORED = (
    _Shared(f"changes the working directory; {_AS_IF}", os.getcwd, os.chdir),
    _Shared(f"changes NumPy's error state (np.seterr); {_AS_IF}", np.geterr,
            lambda state: np.seterr(**state)),
    _Shared(f"changes how NumPy prints numbers (np.set_printoptions); {_AS_IF}",
            np.get_printoptions, lambda state: np.set_printoptions(**state)),
    _Shared(f"changes the locale; {_AS_IF}", lambda: locale.setlocale(locale.LC_ALL),
            lambda state: locale.setlocale(locale.LC_ALL, state)),
    _Shared(f"changes the filters of floating-point warnings; {_AS_IF}",
            lambda: list(warnings.filters), _set_filters, _about_floats),
    _Shared(f"closes or replaces the standard output; {_AS_IF}", _output, _set_output,
            lambda state: (id(state[0]), state[1])),
)  # fmt: skip

_RANDOM = _Shared(
    "seeds NumPy's global random state or draws from it; the check itself does not use it",
    lambda: _plain(np.random.get_state(legacy=False)),
    lambda state: None,  # code that draws other numbers in every call has to be found out
)


@contextmanager
def kept(whose: str, shared: Sequence[_Shared] = (*_RESTORED, _RANDOM)) -> Iterator[None]:
    """Put back, after a block of somebody's code, what it has changed, and note it."""
    before = [_read(one) for one in shared]
    try:
        yield
    finally:
        for one, state in zip(shared, before, strict=True):
            if state is not None and one.seen(_read(one)) != one.seen(state):
                _NOTES.setdefault(one.did, f"{whose} {one.did}")
                with contextlib.suppress(OSError):  # a folder that is gone
                    one.write(state)


def kept_call(whose: str) -> AbstractContextManager[None]:
    """Return what stands around one call: the random state is left to the block around all."""
    return kept(whose, _RESTORED)


def _read(shared: _Shared) -> Any:
    try:
        return shared.read()
    except OSError:  # a working directory that is gone
        return None


def keeping(function: Any, whose: str) -> Any:
    """Return somebody's function so that every call of it is `kept`; no function comes as it is.

    The random state is left to the block around all calls: it takes longer to read than many a
    function to run.
    """
    if not callable(function):
        return function

    @functools.wraps(function)
    def call(*args: Any, **kwargs: Any) -> Any:
        with kept_call(whose):
            return function(*args, **kwargs)

    return call


def take_notes() -> list[str]:
    """Return what there is to say, in the order of happening; it is said once."""
    found = list(_NOTES.values())
    _NOTES.clear()
    return found
