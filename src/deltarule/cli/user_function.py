"""A function of the user's: `file.py:name` or `package.module:name`."""

from __future__ import annotations

import importlib
import importlib.util
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

from deltarule.core.errors import FileError, UsageError, nearest

__all__ = ["load_function"]


def load_function(spec: str) -> Callable[..., Any]:
    """Return the function that `MODULE:FUNCTION` names; its module is imported (and so run).

    MODULE is a path that ends in .py, or a dotted name, looked for in the current folder too.

    Raises `FileError` for a file that is not there and `UsageError` for a module that cannot be
    imported or has no such function.
    """
    module, _, name = spec.rpartition(":")
    if not module or not name:
        raise UsageError(f"a function is given as MODULE:FUNCTION, such as net.py:gradient, "
                         f"not {spec!r}")  # fmt: skip
    found = _import(module)
    function = getattr(found, name, None)
    if not callable(function):
        there = [n for n, v in vars(found).items() if callable(v) and not n.startswith("_")]
        raise UsageError(f"{module} has no function {name!r}{nearest(name, there)}")
    return function  # type: ignore[no-any-return]


def _import(module: str) -> ModuleType:
    path = Path(module)
    is_file = path.suffix == ".py"
    if is_file and not path.is_file():
        raise FileError(f"{module}: there is no such file. Name the file with the function.")
    sys.path.insert(0, str(path.parent.resolve() if is_file else Path.cwd()))
    try:
        return _from_file(path) if is_file else importlib.import_module(module)
    except Exception as error:
        where = f", line {error.lineno}" if isinstance(error, SyntaxError) else ""
        raise UsageError(
            f"{module}{where}: it cannot be imported: {type(error).__name__}: {error}"
        ) from error
    finally:
        sys.path.pop(0)


def _from_file(path: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec is not None
    assert spec.loader is not None
    found = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(found)
    return found
