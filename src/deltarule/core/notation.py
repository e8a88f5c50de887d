"""The notation: how weights are written for people, with nodes counted from 1."""

from __future__ import annotations

from collections.abc import Sequence

__all__ = ["entry_name"]


def entry_name(parameter: str, layer: int, nodes: Sequence[int]) -> str:
    """Return the name of one entry: `w[l,j,k]` (into node j of layer l from node k), `b[l,j]`.

    `nodes` are array indices, from 0; in the name they count from 1.

    >>> entry_name("W", 2, [0, 2]), entry_name("b", 2, [0])
    ('w[2,1,3]', 'b[2,1]')
    """
    numbers = ",".join(str(node + 1) for node in nodes)
    return f"{parameter.lower()}[{layer},{numbers}]"
