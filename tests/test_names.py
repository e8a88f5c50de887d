"""The package's public names: all there, the same for type checkers, and none needs an extra."""

from __future__ import annotations

import ast
from importlib import import_module
from pathlib import Path

import deltarule as dr


def test_type_checkers_see_the_names_that_are_there():
    module = ast.parse(Path(dr.__file__).read_text(encoding="utf-8"))
    (checked,) = [n for n in module.body if isinstance(n, ast.If)]
    imports = [n for n in checked.body if isinstance(n, ast.ImportFrom)]
    seen = {alias.name: node.module for node in imports for alias in node.names}
    assert sorted(seen) == sorted(dr.__all__)
    for name, home in seen.items():
        assert getattr(import_module(home), name) is getattr(dr, name)


def test_no_public_name_needs_an_extra():
    """So `from deltarule import *` works without scikit-learn."""
    assert "sklearn" not in dr.__all__
    assert "sklearn" not in dir(dr)
