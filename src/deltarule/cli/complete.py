"""Shell completion of names, from the registries; they are imported when Tab is pressed."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from typing import Any


def _names(*places: str, auto: bool = False) -> Callable[[str], list[str]]:
    """Return what completes the names in registries and other collections, MODULE:NAME each."""

    def complete(incomplete: str) -> list[str]:
        found: list[Any] = ["auto"] if auto else []
        for place in places:
            module, _, name = place.partition(":")
            found += getattr(import_module(f"deltarule.{module}"), name)
        names = [str(getattr(one, "name", one)) for one in found]
        return [name for name in names if name.startswith(incomplete)]

    return complete


def activations(incomplete: str) -> list[str]:
    """Return the activations for hidden layers that start so."""
    from deltarule.activations import ACTIVATIONS

    return [a.name for a in ACTIVATIONS if not a.rowwise and a.name.startswith(incomplete)]


penalties = _names("losses:PENALTIES")
losses = _names("losses:LOSSES", auto=True)
notations = _names("core.notation:NOTATIONS")
optimizers = _names("optim:OPTIMISERS")
engines = _names("engine.choice:ENGINES", auto=True)
tasks = _names("data.preparation.task:TASKS", auto=True)
scalers = _names("data.preparation.scale:SCALERS")
missing = _names("data.preparation.encode:MISSING")
studies = _names("studies.reading:SHIPPED", "series.studies:SHIPPED")
targets = _names("exchange:TARGETS")
