"""Which f every layer has: the one whose outputs the program was seen to compute."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from deltarule.activations import ACTIVATIONS, Activation
from deltarule.check.adapter.calls.pieces import Pieces, network_of
from deltarule.check.adapter.calls.seen import Seen, telling
from deltarule.core.namespace import NUMPY

_FIRST = ("softmax", "sigmoid", "tanh", "relu")
"""What networks have, before what has the same numbers by chance."""

_LAST = ("identity", "hard_tanh", "hard_sigmoid", "exp", "step", "sign")
"""Found on the way to another f: net before f, exp inside softmax, relu's derivative."""


@dataclass(frozen=True, eq=False)
class Evidence:
    """What was seen of a program at one theta and X."""

    theta: NDArray[Any]
    X: NDArray[Any]
    seen: Seen


def activations_of(
    pieces: Pieces,
    sizes: Sequence[int],
    evidence: Sequence[Evidence],
    given: Sequence[Any],
    *,
    hidden: bool = True,
) -> list[str] | None:
    """Return f of every layer, for which the outputs of all layers were seen; None for none.

    Layer by layer: y_l = f(net_l) has to be among the numbers that were seen, at every point, and
    so has y_{l+1} made of it. `given` has the activations that are known, None for those that are
    not. With `hidden` False the hidden outputs need not have been seen: one f for all hidden
    layers is tried.
    """
    net = network_of(pieces, sizes, ["identity"] * (len(sizes) - 1))
    points = [(net.unpack(e.theta), e.seen) for e in evidence]
    known = [ACTIVATIONS.get(g) if g is not None else None for g in given]
    choices = [[f] if f is not None else candidates(output=l == len(known)) for l, f in
                  enumerate(known, 1)]  # fmt: skip
    found = (_search if hidden else _unseen)(points, [e.X for e in evidence], choices)
    return None if found is None else [named(f) for f in found]


def named(given: Any) -> str:
    """Return the name of an activation with its parameters: leaky_relu:0.1."""
    f = ACTIVATIONS.get(given)
    values = [v for k, v in f.to_dict().items() if k != "name"]
    default = ACTIVATIONS.get(f.name)
    return f.name if f == default else f"{f.name}:{','.join(f'{v:g}' for v in values)}"


def candidates(*, output: bool) -> list[Activation]:
    """Return the activations to try, the usual first and those found on the way to others last."""
    every = [ACTIVATIONS.get(a.name) for a in ACTIVATIONS if output or not a.rowwise]
    every += [ACTIVATIONS.get(f"leaky_relu:{slope}") for slope in (0.1, 0.2)]
    order = {name: i - len(_FIRST) for i, name in enumerate(_FIRST)}
    order |= {name: i + 1 for i, name in enumerate(_LAST)}
    return sorted(every, key=lambda f: order.get(f.name, 0))


def _net(layer: dict[str, Any], y: NDArray[Any]) -> NDArray[Any]:
    with np.errstate(all="ignore"):
        return np.asarray(y @ layer["W"].T + layer.get("b", 0.0))


def _of(f: Activation, net: NDArray[Any]) -> NDArray[Any]:
    with np.errstate(all="ignore"):
        return np.asarray(f.body(NUMPY)[0](net))


_Points = Sequence[tuple[list[dict[str, Any]], Seen]]


def _search(
    points: _Points, ys: list[NDArray[Any]], choices: list[list[Activation]], l: int = 0
) -> list[Activation] | None:
    """Return f of the layers from index l on, whose outputs were seen at all points."""
    if l == len(choices):
        return []
    seen = [s for _, s in points]
    nets = [_net(layers[l], y) for (layers, _), y in zip(points, ys, strict=True)]
    fitting = []
    for f in choices[l]:
        outs = [_of(f, net) for net in nets]
        constant = f.rowwise and outs[0].shape[1] == 1  # 1, whatever the net is
        # relu where every net is positive is no relu
        idle = f.name != "identity" and len(choices[l]) > 1 and all(map(np.array_equal, nets, outs))
        if not (constant or idle) and all(map(Seen.holds, seen, outs)):
            fitting.append((f, outs))
    last = l == len(choices) - 1
    for f, outs in sorted(fitting, key=lambda pair: not any(len(telling(o)) for o in pair[1])):
        # with its zeros and ones: relu's others are its net's
        shown = all(len(telling(o)) == o.size or s.holds_array(o)
                    for s, o in zip(seen, outs, strict=True))  # fmt: skip
        rest = _search(points, outs, choices, l + 1) if shown or not (last or f.flat) else None
        if rest is not None:
            return [f, *rest]
    return None


def _unseen(
    points: _Points, xs: list[NDArray[Any]], choices: list[list[Activation]]
) -> list[Activation] | None:
    """Try one f for all hidden layers, whose outputs the program does not keep."""
    hidden = len(choices) - 1
    for f in choices[0] if hidden else []:
        ys = xs
        for l in range(hidden):
            ys = [_of(f, _net(layers[l], y)) for (layers, _), y in zip(points, ys, strict=True)]
        if all(np.all(np.isfinite(y)) for y in ys):
            output = _search(points, ys, choices, hidden)
            if output is not None:
                return [*[f] * hidden, *output]
    return None
