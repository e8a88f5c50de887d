"""Methods whose work is done above: each is bound, and what is bound takes what it is given."""

from __future__ import annotations

import ast
import importlib
import inspect
from functools import reduce
from pathlib import Path

import pytest

import deltarule
from deltarule.core.views import HOMES

ROOT = Path(deltarule.__file__).parent


def viewed() -> list[tuple[str, str]]:
    """Return module and name of every function that asks for its view."""
    found = []
    for path in sorted(ROOT.rglob("*.py")):
        text = path.read_text(encoding="utf-8")
        if " view(" in text and path.name != "views.py":
            module = ".".join(("deltarule", *path.relative_to(ROOT).with_suffix("").parts))
            calls = [n for n in ast.walk(ast.parse(text)) if isinstance(n, ast.Call)]
            names = [ast.unparse(n.args[0]) for n in calls if ast.unparse(n.func) == "view"]
            found += [(module, name) for name in names]
    return found


VIEWED = viewed()


def test_every_function_that_asks_is_bound_and_no_other() -> None:
    for module, _ in VIEWED:
        importlib.import_module(module.rpartition(".")[0])  # its room's face, which binds
    assert len(VIEWED) > 25
    assert sorted(HOMES) == sorted(f"{module}.{name}" for module, name in VIEWED)


@pytest.mark.parametrize(("module", "name"), VIEWED)
def test_what_is_bound_takes_the_arguments_of_the_method(module: str, name: str) -> None:
    asking = reduce(getattr, name.split("."), importlib.import_module(module))
    home, does = HOMES[f"{module}.{name}"]
    given = inspect.signature(getattr(asking, "fget", asking)).parameters.values()
    places = [p.name for p in given if p.kind is not p.KEYWORD_ONLY]
    named = {p.name: None for p in given if p.kind is p.KEYWORD_ONLY}
    inspect.signature(getattr(importlib.import_module(home), does)).bind(*places, **named)
