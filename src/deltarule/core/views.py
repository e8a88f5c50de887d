"""Methods whose work is done in a room above: how a record is drawn and told, what runs a study.

A record says what it can do, and knows nothing of who does it. The face of its room (`__init__.py`,
which is imported before any module of the room) says who: there `bind` has a line for every such
method, and `view` finds the function when it is first asked for. So no record imports its writers,
which import the record.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from importlib import import_module
from typing import Any, TypeVar

F = TypeVar("F", bound=Callable[..., Any])

HOMES: dict[str, tuple[str, str]] = {}
"""Module and name of what does a method's work, by the method's full name."""


def bind(room: str, homes: Mapping[str, str]) -> None:
    """Say where in a room the work of its records' methods is done.

    >>> bind("deltarule.core", {"views.Greeter.greet": "notation:entry_name"})
    >>> HOMES.pop("deltarule.core.views.Greeter.greet")
    ('deltarule.core.notation', 'entry_name')
    """
    for method, home in homes.items():
        module, _, name = home.partition(":")
        HOMES[f"{room}.{method}"] = f"{room}.{module}", name


def view(method: F) -> F:
    """Return what does the work of a method, or of a property: `view(C.f)(self, ...)` in C.f."""
    told: Any = getattr(method, "fget", method)
    module, name = HOMES[f"{told.__module__}.{told.__qualname__}"]
    found: F = getattr(import_module(module), name)
    return found
