"""Texts: how many, tables in columns, the ends of long ones, where two descriptions differ."""

from __future__ import annotations

from collections.abc import Container, Mapping, Sequence
from typing import Any

_LONGEST = 80
"""The most letters of a value in a sentence."""


def some(count: int, what: str) -> str:
    """Return a number of things.

    >>> some(1, "epoch"), some(2000, "epoch")
    ('1 epoch', '2,000 epochs')
    """
    return f"{count:,} {what}{'' if count == 1 else 's'}"


def are(count: int, what: str) -> str:
    """Return a number of things and their verb.

    >>> are(1, "cell"), are(2, "cell")
    ('1 cell is', '2 cells are')
    """
    return f"{some(count, what)} {'is' if count == 1 else 'are'}"


def differences(there: Mapping[str, Any], here: Mapping[str, Any]) -> list[str]:
    """Return where a description is not the one that was found, as sentences.

    >>> differences({"lr": 0.1, "loss": {"name": "huber"}}, {"lr": 0.2, "loss": {"name": "huber"}})
    ['lr: 0.1 there, 0.2 here']
    """
    old, new = flat(there), flat(here)
    return [
        f"{key}: {_said(old, key)} there, {_said(new, key)} here"
        for key in sorted(old.keys() | new.keys())
        if old.get(key) != new.get(key)
    ]


def flat(value: Any, name: str = "") -> dict[str, Any]:
    """Return nested dictionaries as one, keys joined; in lists of them the number is the key.

    >>> flat({"loss": {"name": "huber", "delta": 1.0}})
    {'loss name': 'huber', 'loss delta': 1.0}
    """
    if isinstance(value, list) and any(isinstance(part, Mapping) for part in value):
        value = dict(enumerate(value, 1))
    if not isinstance(value, Mapping):
        return {name: value}
    found: dict[str, Any] = {}
    for key, part in value.items():
        found |= flat(part, f"{name} {key}".strip())
    return found


def _said(values: Mapping[str, Any], key: str) -> str:
    text = repr(values[key]) if key in values else "nothing"
    return text if len(text) < _LONGEST else text[: _LONGEST - 4] + " ..."


_MOST, _END = 9, 3


def few_lines(text: str) -> str:
    """Return a text of at most nine lines: of a longer one its beginning and its end.

    >>> print(few_lines("\\n".join("abcdefghijkl")))
    a
    b
    c
    d
    e
    ... 4 more lines; print() shows them
    j
    k
    l
    """
    lines = text.splitlines()
    if len(lines) <= _MOST:
        return text
    start = _MOST - _END - 1
    left = len(lines) - start - _END
    return "\n".join([*lines[:start], f"... {left} more lines; print() shows them", *lines[-_END:]])


def aligned(rows: Sequence[Sequence[str]], left: Container[int] = ()) -> list[str]:
    """Return rows of cells as lines: in columns, which end together, or begin so where `left`.

    >>> aligned([("name", "n"), ("a", "12")], left=(0,))
    ['name   n', 'a     12']
    """
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return [
        "  ".join(c.ljust(w) if k in left else c.rjust(w) for k, (c, w) in enumerate(cells))
        for cells in (zip(row, widths, strict=True) for row in rows)
    ]
