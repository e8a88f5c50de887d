"""Somebody's program on `deltarule diagnose`: a file, a class, an object or a function in it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

from deltarule.core.errors import DeltaruleError, UsageError

if TYPE_CHECKING:
    from deltarule.check.adapter import Asked, Known, Program
    from deltarule.network import Network

__all__ = ["ask_all", "load_thing", "point_in", "programs"]


def load_thing(text: str) -> tuple[Any, str]:
    """Return what FILE or FILE:NAME names, and its name; the file is imported, and so run.

    Raises `FileError` for a file that is not there, `UsageError` for one that cannot be imported
    or that has no such name.
    """
    from deltarule.cli.user_code import find, load_module, split_name

    if ":" not in text:
        if not text.endswith(".py"):
            raise UsageError(
                f"{text!r} is neither a file (net.py, gradient.npz) nor MODULE:FUNCTION, such as "
                "net.py:gradient or package.module:gradient"
            )
        return load_module(text), text
    place, name = split_name(text)
    thing = find(load_module(place), name, text)
    if isinstance(thing, ModuleType) or not (callable(thing) or hasattr(thing, "__dict__")):
        raise UsageError(f"{text} is no function but of the type {type(thing).__name__}")
    return thing, name


def programs(thing: Any, name: str, known: Known) -> list[Program]:
    """Return how the programs in it are read; [] where a function is to be called as it is.

    Raises `UsageError` where nothing in it can be asked for a gradient.
    """
    from deltarule.check.adapter import documented, programs_in

    try:
        return programs_in(thing, known, name)
    except DeltaruleError:
        if known.sizes is not None and documented(thing):
            return []
        raise


def ask_all(found: Sequence[Program], at: Any, options: dict[str, Any]) -> list[Asked]:
    """Return what is said of every program."""
    from deltarule.check.adapter import ask

    return [ask(p, at=None if at is None else at(p.network), **options) for p in found]


def point_in(path: Path) -> Any:
    """Return a function that reads theta, X and T for a network from a file."""
    import numpy as np

    from deltarule.cli.gradient_file import point_of
    from deltarule.core.array_file import ArrayFile

    arrays = ArrayFile(path)

    def at(net: Network) -> tuple[Any, ...]:
        return tuple(np.asarray(a, dtype=np.float64) for a in point_of(path, arrays, net))

    return at
