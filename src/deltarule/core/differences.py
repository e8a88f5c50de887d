"""Where two descriptions differ, as sentences: nested plain values, key by key."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

_LONGEST = 80
"""The most letters of a value in a sentence."""


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
