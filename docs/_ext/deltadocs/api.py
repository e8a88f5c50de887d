"""The API pages, from `deltarule.__all__`: a new public name is on a page without being added."""

from __future__ import annotations

import inspect
import sys
from types import ModuleType
from typing import Any

import deltarule
from deltadocs.docstrings import as_rst
from deltarule.network_views import Views

__all__ = ["pages"]

GROUPS: dict[str, tuple[str, ...]] = {
    "Networks": ("network", "layers"),
    "One pass": ("engine",),
    "Explaining": ("explanation",),
    "Training": ("training",),
    "Checking": ("check",),
    "Rules": ("rules",),
    "Models": ("models",),
    "Out and in": ("exchange",),
    "Forecasting": ("series",),
    "Errors": ("core.errors",),
}
"""The headings, and the rooms whose names stand under them."""

OTHERS = "Others"

LEADS = {
    "activations": "Each activation has its place on [the page of activations](../activations.md).",
    "losses": "Each loss has its place on [the page of losses](../losses.md).",
    "optim": "Each optimiser has its place on [the page of optimisers](../optimisers.md), each "
    "schedule on [the page of schedules](../schedules.md).",
}


def pages() -> dict[str, str]:
    """Return `api-names`, and one page for every public module, by name."""
    found = {"api-names": _names()}
    for name in _public_modules():
        found[f"api-{name}"] = _module(name)
    return found


def _public_modules() -> list[str]:
    names = [n for n in deltarule.__all__ if isinstance(getattr(deltarule, n), ModuleType)]
    return sorted(names)


def _names() -> str:
    groups: dict[str, list[str]] = {heading: [] for heading in (*GROUPS, OTHERS)}
    for name in deltarule.__all__:
        if name not in _public_modules():
            groups[_heading(getattr(deltarule, name))].append(name)
    blocks = ["# Public names", "```python\nimport deltarule as dr\n```"]
    for heading, names in groups.items():
        if names:
            blocks += [f"## {heading}", *(_entry("deltarule", n) for n in names)]
    return "\n\n".join(blocks)


def _heading(found: Any) -> str:
    room = str(getattr(found, "__module__", "")).removeprefix("deltarule.")
    for heading, rooms in GROUPS.items():
        if room.startswith(rooms):
            return heading
    return OTHERS


def _module(name: str) -> str:
    module = getattr(deltarule, name)
    blocks = [f"# deltarule.{name}", LEADS.get(name, "")]
    names = [n for n in module.__all__ if not _on_a_registry_page(getattr(module, n))]
    blocks += [_entry(f"deltarule.{name}", n) for n in names]
    return "\n\n".join(block for block in blocks if block)


def _on_a_registry_page(found: Any) -> bool:
    return inspect.isclass(found) and "name" in vars(found) and not inspect.isabstract(found)


def _entry(module: str, name: str) -> str:
    found = getattr(sys.modules[module], name)
    if not callable(found):
        return _data(module, name)
    kind, options = "autofunction", ""
    if inspect.isclass(found):
        kind = "autoclass"
        error = issubclass(found, BaseException)
        options = "\n   :show-inheritance:" if error else "\n   :members:"
        options += "\n   :exclude-members: name, equation, reference" if not error else ""
        options += "\n   :inherited-members:" if issubclass(found, Views) else ""
    return f"```{{eval-rst}}\n.. {kind}:: {module}.{name}{options}\n```"


def _data(module: str, name: str) -> str:
    """Return the entry of a constant, whose docstring stands under it where it is made."""
    from sphinx.pycode import ModuleAnalyzer

    for room in [m for m in sys.modules if m.startswith(f"{module}.")]:
        lines = ModuleAnalyzer.for_module(room).find_attr_docs().get(("", name))
        if lines:
            text = "\n".join(f"   {line}" for line in as_rst(lines))
            return f"```{{eval-rst}}\n.. py:data:: {module}.{name}\n\n{text}\n```"
    raise LookupError(f"{module}.{name} has no docstring")
