"""Entries in groups: the layers of a network, the arrays of a function's argument."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from deltarule.core.arrays import Array
from deltarule.network import Network


@dataclass(frozen=True, eq=False)
class Groups:
    """Stretches of entries, each measured by its own largest, and the entries' names."""

    kind: str
    """What a group is: `"layer"`, `"array"`, ..."""
    names: tuple[str, ...]
    stops: tuple[int, ...]
    """Where each group ends; the first begins at 0."""
    entry: Callable[[int], str]
    """The name of an entry."""

    def slices(self) -> list[slice]:
        """Return the entries of every group."""
        return [slice(a, b) for a, b in zip((0, *self.stops), self.stops, strict=False)]

    def largest(self, values: Array) -> Array:
        """Return, for every entry, the largest magnitude in its group."""
        found = np.zeros(len(values))
        for s in self.slices():
            found[s] = np.max(np.abs(values[s]), initial=0.0, where=np.isfinite(values[s]))
        return found


def layer_groups(net: Network) -> Groups:
    """Return theta's entries by layer, under the names of the notation.

    >>> import deltarule as dr
    >>> groups = layer_groups(dr.Network(2, [dr.Dense(3), dr.Dense(1)]))
    >>> groups.stops, groups.entry(9)
    ((9, 13), 'w[2,1,1]')
    """
    stops = {e.layer: e.stop for e in net.layout.entries}
    names = tuple(str(layer) for layer in stops)
    return Groups("layer", names, tuple(stops.values()), net.layout.where)


def numbered(kind: str, count: int) -> Groups:
    """Return one group of numbered entries: `direction 1`, ..."""
    return Groups("", ("all",), (count,), lambda index: f"{kind} {index + 1}")


def joint(names: Sequence[str]) -> Groups:
    """Return one group of named entries."""
    return Groups("", ("all",), (len(names),), lambda index: names[index])
