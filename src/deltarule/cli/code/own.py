"""Formulas of somebody's own on the command line: FILE.py:NAME in the place of a name of ours."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from deltarule.cli.code.user_code import find, load_module, split_name
from deltarule.core.errors import UsageError

_NUMBERS = ("nan", "inf", "infinity")


def own_or_name(option: str, text: str, base: type[Any]) -> Any:
    """Return the record that `FILE.py:NAME` names; another text as it is.

    Raises what `load_module` raises, and `UsageError` for what is no such record.
    """
    if text.endswith(".py"):
        raise UsageError(f"{option} {text} is a file: say which name in it, {text}:NAME")
    if not _is_place(text):
        return text
    found = _found(text)
    if not isinstance(found, base):
        kind = base.__name__.lower()
        raise UsageError(
            f"{option} {text} is no {kind} but of the type {type(found).__name__}. Write there "
            f"NAME = deltarule.{_ROOMS.get(kind, 'optim')}.Custom(...)"
        )
    return found


_ROOMS = {"activation": "activations", "loss": "losses"}


def own_rule(text: str) -> Any:
    """Return a rule's text with the functions that it names: a `DeltaRule`, or the text alone.

    `hidden=mine.py:f output=exact` has a function for the part `hidden`.
    """
    from deltarule.rules import Custom, DeltaRule, as_rule

    words = text.split()
    functions, rest = {}, []
    for word in words:
        part, _, value = word.partition("=")
        if not _is_place(value):
            rest.append(word)
            continue
        if part not in ("hidden", "output"):
            raise UsageError(
                f"--rule {word}: a function of your own stands for f': hidden={value} or "
                f"output={value}"
            )
        if part in functions:
            raise UsageError(f"--rule {text!r} gives {part} twice")
        functions[part] = Custom(_found(value))
    if not functions:
        return text
    other = as_rule(" ".join(rest)) if rest else DeltaRule()
    parts = {key: getattr(other, key) for key in DeltaRule.__dataclass_fields__}
    for part in functions:
        if not parts[part].exact:
            raise UsageError(f"--rule {text!r} gives {part} twice")
    return DeltaRule(**parts | functions)


def owned(file: Path | None) -> dict[str, Any]:
    """Return the formulas in a file of somebody's own, by name: what a model may hold."""
    from deltarule.core.registry import Record

    if file is None:
        return {}
    values = vars(load_module(str(file)))
    found = {name: value for name, value in values.items() if callable(value)}
    records = (value for value in values.values() if isinstance(value, Record))
    found |= {str(getattr(value, "called", value.name)): value for value in records}
    return found


def _found(text: str) -> Any:
    """Return what FILE.py:NAME names; the file is run."""
    module, name = split_name(text)
    return find(load_module(module), name, text)


def _is_place(text: str) -> bool:
    """Whether a text is FILE.py:NAME or package.module:NAME, and no name with its numbers."""
    module, _, name = text.rpartition(":")
    return "." in module and name.isidentifier() and name.lower() not in _NUMBERS
