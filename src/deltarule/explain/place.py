"""Which weight, which node: the indices that a user gives, checked against the network."""

from __future__ import annotations

import numbers
from collections.abc import Sequence
from typing import Any

import numpy as np

from deltarule.core.errors import UsageError
from deltarule.layers import Dense
from deltarule.network import Network

__all__ = ["check_node", "check_weight", "gradient_index", "ranges"]


def check_weight(net: Network, weight: Any) -> tuple[int, int, int]:
    """Return (l, j, k): layer, target node, preceding node; k = 0 is the bias.

    Raises `UsageError` with the valid range of every index.

    >>> from deltarule.layers import Dense
    >>> check_weight(Network(3, [Dense(2), Dense(1)]), (2, 1, 0))
    (2, 1, 0)
    """
    l, j, k = _whole(net, "weight", weight, ("layer", "target node", "preceding node"))
    _check_layer(net, "weight", (l, j, k), l)
    _check_range(net, "weight", (l, j, k), f"the target node of layer {l}", j, 1, net.sizes[l])
    low = 0 if _dense(net, l).bias else 1
    _check_range(
        net, "weight", (l, j, k), f"the preceding node for layer {l}", k, low, net.sizes[l - 1]
    )
    return l, j, k


def check_node(net: Network, node: Any) -> tuple[int, int]:
    """Return (l, j): layer and node. Raises `UsageError` with the valid range of every index."""
    l, j = _whole(net, "node", node, ("layer", "node"))
    _check_layer(net, "node", (l, j), l)
    _check_range(net, "node", (l, j), f"the node of layer {l}", j, 1, net.sizes[l])
    return l, j


def ranges(net: Network, what: str = "weight") -> str:
    """Return, in words, which weights (or nodes) a network has.

    >>> from deltarule.layers import Dense
    >>> ranges(Network(3, [Dense(2), Dense(1, bias=False)]))
    'layer 1: target node 1 to 2, preceding node 0 (the bias) to 3; layer 2: target node 1 to 1, \
preceding node 1 to 2 (no bias)'
    """
    found = []
    for l, layer in enumerate(net.layers, 1):
        part = f"layer {l}: {'target node' if what == 'weight' else 'node'} 1 to {net.sizes[l]}"
        if what == "weight":
            bias = isinstance(layer, Dense) and layer.bias
            low, after = ("0 (the bias)", "") if bias else ("1", " (no bias)")
            part += f", preceding node {low} to {net.sizes[l - 1]}{after}"
        found.append(part)
    if len(found) > 6:
        found = [*found[:3], f"... ({len(found)} layers)", found[-1]]
    return "; ".join(found)


def gradient_index(net: Network, l: int, j: int, k: int) -> int:
    """Return where dE/dw_{l,j,k} stands in the flat gradient (k = 0: dE/db_{l,j})."""
    name, place = ("b", j - 1) if k == 0 else ("W", (j - 1) * net.sizes[l - 1] + k - 1)
    starts = {(e.layer, e.parameter.name): e.start for e in net.layout.entries}
    return starts[l, name] + place


def _whole(net: Network, what: str, given: Any, names: Sequence[str]) -> tuple[int, ...]:
    if isinstance(given, np.ndarray):
        given = given.tolist()
    fits = isinstance(given, Sequence) and not isinstance(given, str) and len(given) == len(names)
    if not fits or not all(_is_whole(v) for v in given):
        raise UsageError(
            f"{what}: {', '.join(names)} are needed as {len(names)} whole numbers, not {given!r}. "
            f"This network has {ranges(net, what)}"
        )
    return tuple(int(v) for v in given)


def _is_whole(value: Any) -> bool:
    return isinstance(value, numbers.Integral) and not isinstance(value, bool)


def _check_layer(net: Network, what: str, given: tuple[int, ...], l: int) -> None:
    _check_range(net, what, given, "the layer", l, 1, len(net.layers))
    for number in range(1, len(net.layers) + 1):
        _dense(net, number)


def _check_range(
    net: Network, what: str, given: tuple[int, ...], index: str, value: int, low: int, high: int
) -> None:
    if not low <= value <= high:
        shown = ",".join(map(str, given))
        raise UsageError(
            f"there is no {what} {shown}: {index} is {value}, and can be {low} to {high}. This "
            f"network has {ranges(net, what)}"
        )


def _dense(net: Network, l: int) -> Dense:
    layer = net.layers[l - 1]
    if not isinstance(layer, Dense):
        raise UsageError(
            f"layer {l} is of the type {layer.name}; only networks of dense layers are explained"
        )
    return layer
