"""Parts of somebody's own that a folder names by import path: found again, or not saved.

A folder holds no code. Where it names a module, the module is imported when the folder is read, and
only if its file has the checksum that it had when the folder was written.
"""

from __future__ import annotations

import hashlib
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import fields
from functools import reduce
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from deltarule.core.errors import FileError, UsageError
from deltarule.core.registry import Record

_KINDS = ("activations", "losses", "rules")
"""The rooms whose `Custom` is made of functions."""

_OURS = "deltarule."


def checksum(files: Iterable[str]) -> str:
    """Return the SHA-256 of files, one after the other, each once; `OSError` where one is gone."""
    found = hashlib.sha256()
    for file in dict.fromkeys(files):
        found.update(Path(file).read_bytes())
    return found.hexdigest()


def found_again(tree: Mapping[str, Any]) -> Any:
    """Return the formula that a description is of, imported; None where it is not as it was."""
    places = [str(place).partition(":") for place in tree.get("functions", ())]
    kind, modules = tree.get("kind"), [module for module, _, _ in places]
    if kind not in _KINDS or not _unchanged(modules, str(tree.get("sha256"))):
        return None
    try:
        functions = [reduce(getattr, n.split("."), import_module(m)) for m, _, n in places]
    except (AttributeError, ImportError):
        return None
    arguments = {name: _plain(value) for name, value in tree["arguments"].items()}
    arguments |= {} if kind == "rules" else {"check": False}
    return import_module(f"{_OURS}{kind}").Custom(*functions, **arguments)


def _plain(value: Any) -> Any:
    """Return the ends of a range, which may be infinite, as numbers."""
    texts = isinstance(value, list) and all(isinstance(part, str) for part in value)
    return tuple(map(float, value)) if texts and value else value


def require_found(tree: Any) -> None:
    """Refuse a description with formulas that no later program would find.

    Raises `UsageError`.
    """
    if isinstance(tree, Mapping) and "functions" in tree and "title" in tree:
        if found_again(tree) is None:
            place = ", ".join(str(p) for p in tree["functions"])
            raise UsageError(
                f"{tree['title']} ({place}) could not be found again by whoever loads it: its "
                "functions have to stand at the top level of a module that can be imported, not in "
                "a script, a session or another function, and are no lambda. Put them into a file "
                "of their own, and import them from there."
            )
        return
    if isinstance(tree, Mapping | list):
        for part in tree.values() if isinstance(tree, Mapping) else tree:
            require_found(part)


def modules_of(parts: Sequence[Any]) -> dict[str, str]:
    """Return the modules of record classes that are not ours, with their files' checksums.

    Raises `UsageError` for one that could not be imported again.
    """
    found = {}
    for record in _records(parts):
        module = type(record).__module__
        if module.startswith(_OURS):
            continue
        file = _file(module)
        if file is None:
            raise UsageError(
                f"{type(record).__name__} is of {module}, which nobody else can import. Put it "
                "into a module of its own, and import it from there."
            )
        found[module] = checksum([file])
    return found


def import_again(modules: Mapping[str, str]) -> None:
    """Import the modules that a folder names, so that what they register is known.

    Raises `FileError` for one that is gone or has changed.
    """
    for module, known in modules.items():
        if not _unchanged([module], known):
            raise FileError(
                f"it has parts of somebody's own from the module {module}, which cannot be found "
                "as it was: it is gone, or its file has changed. Bring it back, or train again"
            )
        import_module(module)


def _records(parts: Iterable[Any]) -> Iterator[Record]:
    """Yield records and the records in their fields."""
    for part in parts:
        if isinstance(part, list | tuple):
            yield from _records(part)
        elif isinstance(part, Record):
            yield part
            yield from _records([getattr(part, f.name) for f in fields(part)])  # type: ignore[arg-type]


def _unchanged(modules: Sequence[str], known: str) -> bool:
    """Whether the files of modules have a checksum; none is imported for that, but packages."""
    files = [_file(module) for module in modules]
    try:
        return bool(files) and None not in files and checksum(map(str, files)) == known
    except OSError:
        return False


def _file(module: str) -> str | None:
    """Return the file that a module would be imported from; None where there is none."""
    if module in ("", "__main__"):
        return None
    loaded = getattr(sys.modules.get(module), "__spec__", None)
    try:
        spec = loaded or find_spec(module)
    except (ImportError, ValueError, AttributeError):
        return None
    return spec.origin if spec is not None and spec.has_location else None
