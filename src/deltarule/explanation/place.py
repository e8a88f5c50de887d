"""Which weight, which node: the indices that a user gives, checked against the network."""

from __future__ import annotations

import contextlib
import numbers
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from deltarule.core.errors import UsageError
from deltarule.core.notation import NOTATIONS, Notation
from deltarule.core.notation.written import node_forms, node_readings, weight_forms, weight_readings
from deltarule.explanation.through_time.place import there_is
from deltarule.layers import Dense, all_of
from deltarule.network import Network

_SHOWN = 60
"""Characters of a name that are shown in an error."""

_THEORY = NOTATIONS["theory"]


def check_weight(net: Network, weight: Any, notation: Notation = _THEORY) -> tuple[int, int, int]:
    """Return (l, j, k): layer, target node, preceding node; k = 0 is the bias.

    `weight` is these numbers or a name in the notation, in any form that is printed. Raises
    `UsageError` with the valid range of every index.

    >>> from deltarule.layers import Dense
    >>> net = Network(3, [Dense(2), Dense(1)])
    >>> check_weight(net, (2, 1, 0)), check_weight(net, "w_{2,1,2}"), check_weight(net, "W2[0,1]")
    ((2, 1, 0), (2, 1, 2), (2, 1, 2))
    """
    names = ("layer", "target node", "preceding node")
    if isinstance(weight, str):
        weight = _read(net, "weight", weight, names, weight_readings(weight, notation), notation)
    l, j, k = _whole(net, "weight", weight, names)
    _check_layer(net, "weight", (l, j, k), l)
    _check_range(net, "weight", (l, j, k), f"the target node of layer {l}", j, 1, net.sizes[l])
    low = 0 if _dense(net, l).bias else 1
    _check_range(
        net, "weight", (l, j, k), f"the preceding node for layer {l}", k, low, net.sizes[l - 1]
    )
    return l, j, k


def check_node(net: Network, node: Any, notation: Notation = _THEORY) -> tuple[int, int]:
    """Return (l, j): layer and node. Raises `UsageError` with the valid range of every index.

    >>> from deltarule.layers import Dense
    >>> check_node(Network(3, [Dense(2), Dense(1)]), "delta[1,2]")
    (1, 2)
    """
    if isinstance(node, str):
        node = _read(net, "node", node, ("layer", "node"), node_readings(node), notation)
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
    if not all(isinstance(layer, Dense) for layer in net.layers):
        return there_is(net)
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


def _read(
    net: Network,
    what: str,
    text: str,
    names: Sequence[str],
    readings: Sequence[tuple[int, ...]],
    notation: Notation,
) -> tuple[int, ...]:
    """Return the one reading of a name that exists in this network."""
    exist = _existing(net, what, readings)
    if len(readings) == 1 or len(exist) == 1:
        return (exist or readings)[0]
    text = text if len(text) <= _SHOWN else f"{text[:_SHOWN]}..."
    forms: Callable[..., list[str]] = weight_forms if what == "weight" else node_forms
    if exist:
        both = " and ".join(f"{forms(notation, *r)[1]} (`{forms(notation, *r)[0]}`)" for r in exist)
        raise UsageError(f"{what} {text!r} can be read as {both}: write one of them with commas")
    if readings:
        tried = ", ".join(forms(notation, *reading)[1] for reading in readings)
        raise UsageError(
            f"there is no {what} {text!r} (tried as {tried}). This network has {ranges(net, what)}"
        )
    raise UsageError(
        f"{what}: {', '.join(names)} are needed as {len(names)} whole numbers or as a name, not "
        f"{text!r}. The same {what} in every form: {_examples(net, what, notation)}. This network "
        f"has {ranges(net, what)}"
    )


def _existing(net: Network, what: str, readings: Sequence[Any]) -> list[tuple[int, ...]]:
    """Return those readings that this network has."""
    found: list[tuple[int, ...]] = []
    for reading in readings:
        with contextlib.suppress(UsageError):
            found.append(
                check_weight(net, reading) if what == "weight" else check_node(net, reading)
            )
    return found


def _examples(net: Network, what: str, notation: Notation) -> str:
    """Return the forms of the last layer's first weight and bias (or node), each tried before."""
    l = len(net.layers)
    if what == "node":
        return ", ".join(f for f in node_forms(notation, l, 1) if node_readings(f) == [(l, 1)])

    def tried(k: int) -> str:
        forms = ((f, weight_readings(f, notation)) for f in weight_forms(notation, l, 1, k))
        return ", ".join(f for f, read in forms if _existing(net, what, read) == [(l, 1, k)])

    return f"{tried(1)}; a bias: {tried(0)}" if _dense(net, l).bias else tried(1)


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
    return all_of(net.layers, Dense)[l - 1]
