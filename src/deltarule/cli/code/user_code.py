"""Somebody's own Python code on the command line: MODULE:FUNCTION."""

from __future__ import annotations

import importlib
import importlib.util
import sys
from collections.abc import Callable
from functools import partial
from importlib.machinery import SourceFileLoader
from pathlib import Path
from types import ModuleType
from typing import Any

from deltarule.core.errors import FileError, UsageError, nearest

_OURS = str(Path(__file__).parents[2])


def load_function(text: str) -> Callable[..., Any]:
    """Return the function that `MODULE:FUNCTION` names; its module is imported, and so run.

    Raises `FileError` for a file that is not there, `UsageError` for a module that cannot be
    imported or has no such function.
    """
    from deltarule.cli.code.surroundings import keeping

    place, name = split_name(text)
    found = find(load_module(place), name, text)
    if not callable(found):
        raise UsageError(f"{text} is no function but of the type {type(found).__name__}")
    return keeping(found, text)  # type: ignore[no-any-return]


def split_name(text: str) -> tuple[str, str]:
    """Return MODULE and FUNCTION of `MODULE:FUNCTION`; raises `UsageError` for anything else.

    >>> split_name("mine.py:error")
    ('mine.py', 'error')
    """
    module, colon, name = text.rpartition(":")
    if not colon or not module or not all(part.isidentifier() for part in name.split(".")):
        raise UsageError(
            f"{text!r} is no MODULE:FUNCTION, such as net.py:gradient or package.module:gradient"
        )
    return module, name


def load_module(name: str) -> ModuleType:
    """Import a module by its name or its file; the current folder and the file's own count.

    Raises `FileError` for a file that is not there, `UsageError` where importing fails.
    """
    path = Path(name)
    places = [str(Path.cwd())]
    if name.endswith(".py") or path.is_file():
        if not path.is_file():
            raise FileError(f"{name}: there is no such file. Name the file with the function.")
        places, name = [str(path.resolve().parent), *places], path.stem
    for place in reversed(places):
        if place not in sys.path:
            sys.path.insert(0, place)
    if path.is_file():
        return _from_file(path, name)
    found: ModuleType = running(lambda: importlib.import_module(name), f"importing {name}")
    return found


class _AsItStands(SourceFileLoader):
    """Compiles a file anew; no `__pycache__` is left beside it.

    Python tells bytecode that is out of date by the second and the length of the file: `+=` turned
    into `-=` within a second would go unseen.
    """

    def path_stats(self, path: Any) -> Any:
        raise OSError("without a date, bytecode is neither read nor written")


def _from_file(path: Path, name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(name, path)
    if spec is None or spec.loader is None:
        raise UsageError(f"{path}: it is no Python file")
    loader = spec.loader
    if isinstance(loader, SourceFileLoader):
        loader = _AsItStands(name, str(path))
    module = importlib.util.module_from_spec(spec)
    sys.modules.setdefault(name, module)  # dataclasses look their module up there
    running(lambda: loader.exec_module(module), f"importing {path}")
    return module


def find(module: ModuleType, name: str, text: str) -> Any:
    """Return a module's attribute, or what `Net.train` names; else a `UsageError` has the nearest.

    Raises it where one of the names is not there.
    """
    found: Any = module
    for part in name.split("."):
        if not running(partial(hasattr, found, part), text):
            known = [n for n in dir(found) if not n.startswith("_")]
            raise UsageError(f"{text}: there is no {part!r} in it{nearest(part, known) or '.'}")
        found = getattr(found, part)
    return found


def running(what: Callable[[], Any], doing: str) -> Any:
    """Carry out somebody's code; what it raises is told with its line, as their error.

    What it changes for the whole process is put back, and noted.
    """
    from deltarule.cli.code.surroundings import kept

    try:
        with kept(doing):
            return staying(what, doing)
    except Exception as error:
        if type(error).__module__.startswith("deltarule."):
            raise
        place = _place(error)
        where = f" ({place})" if place else ""
        raise UsageError(f"{doing}: {type(error).__name__}: {error}{where}") from error


def staying(what: Callable[[], Any], doing: str) -> Any:
    """Carry out somebody's code; raises `UsageError` where it would end the program."""
    try:
        return what()
    except (Exception, KeyboardInterrupt):
        raise
    except BaseException as error:
        if isinstance(error, SystemExit):
            did = f"called sys.exit({error.code!r})"
        else:
            did = f"raised {type(error).__name__}"
        where = _place(error) or doing
        raise UsageError(f"{where} {did} before the check was made; remove it") from error


def _place(error: BaseException) -> str:
    """Return file:line of the innermost frame that is not of this program or Python's import."""
    found, trace = "", error.__traceback__
    while trace is not None:
        file = trace.tb_frame.f_code.co_filename
        foreign = "importlib" not in Path(file).parts and not file.startswith((_OURS, "<"))
        if foreign:
            found = f"{file}:{trace.tb_lineno}"
        trace = trace.tb_next
    return found
