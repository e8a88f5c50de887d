"""Which weight of a network of any layers: its name checked against what the layers have."""

from __future__ import annotations

import re
from dataclasses import dataclass
from operator import index
from typing import Any

import numpy as np

from deltarule.core.errors import UsageError
from deltarule.core.notation import entry_name
from deltarule.network import Network

_NAMED = re.compile(r"(?:d[A-Z]/d)?([A-Za-z])_?[\[{(]?([0-9]+(?:,[0-9]+)+)[\]})]?")
_ARRAY = re.compile(r"([A-Za-z])([0-9]+)((?:\[[0-9,]+\])+)")


@dataclass(frozen=True)
class Place:
    """One entry of theta."""

    layer: int
    """l, from 1."""
    parameter: str
    """W, U, b, ..."""
    index: tuple[int, ...]
    """Where it is in the parameter, from 0."""
    flat: int
    """Where it is in theta."""

    @property
    def name(self) -> str:
        """Its name as it is printed: `u[1,2,3]`."""
        return entry_name(self.parameter, self.layer, self.index)


def find(net: Network, weight: Any) -> Place:
    """Return the place of `"u[1,2,3]"`, `"U1[1,2]"`, ("U", 1, 2, 3), or (1, 2, 3) for W (0: b).

    Raises `UsageError` with what the layers have.

    >>> from deltarule.layers import GRU
    >>> find(Network((5, 2), [GRU(3)]), "dE/du[1,9,3]")
    Place(layer=1, parameter='U', index=(8, 2), flat=44)
    """
    letter, numbers = _read(weight)
    if letter is None:
        raise UsageError(
            f"weight: it is a name such as 'u[1,2,1]', or numbers such as ('U', 1, 2, 1), not "
            f"{weight!r}. This network has {there_is(net)}"
        )
    for entry in net.layout.entries:
        shape = entry.parameter.shape
        if (entry.layer, entry.parameter.name.lower()) != (numbers[0], letter.lower()):
            continue
        at = tuple(n - 1 for n in numbers[1:])
        if len(at) == len(shape) and all(0 <= i < n for i, n in zip(at, shape, strict=True)):
            flat = entry.start + int(np.ravel_multi_index(at, shape))
            return Place(entry.layer, entry.parameter.name, at, flat)
    raise UsageError(f"there is no weight {weight!r}. This network has {there_is(net)}")


def _read(weight: Any) -> tuple[str | None, list[int]]:
    """Return the parameter's letter and the numbers behind it, from 1; None for no name."""
    if isinstance(weight, str):
        plain = re.sub(r"\s", "", weight)
        if found := _ARRAY.fullmatch(plain):  # as NumPy indexes
            places = [int(n) + 1 for n in re.findall(r"\d+", found[3])]
            return found[1], [int(found[2]), *places]
        if found := _NAMED.fullmatch(plain):
            return found[1], [int(n) for n in found[2].split(",")]
        weight = plain.strip("()[]").split(",")
        if not all(re.fullmatch(r"\d+", n) for n in weight):
            return None, []
    try:
        letter, numbers = (weight[0], weight[1:]) if str(weight[0]).isalpha() else ("W", weight)
        numbers = [int(n) if isinstance(n, str) else index(n) for n in numbers]
    except (TypeError, ValueError, LookupError):
        return None, []
    if letter == "W" and len(numbers) == 3 and numbers[2] == 0:
        letter, numbers = "b", numbers[:2]
    return (str(letter), numbers) if numbers else (None, [])


def there_is(net: Network) -> str:
    """Return the names of all parameters, with the largest numbers."""
    found = [
        f"{entry_name(e.parameter.name, e.layer, [0] * len(e.parameter.shape))} to "
        f"{entry_name(e.parameter.name, e.layer, [n - 1 for n in e.parameter.shape])}"
        for e in net.layout.entries
    ]
    return ", ".join(found if len(found) <= 9 else [*found[:8], f"... ({len(found)} parameters)"])
