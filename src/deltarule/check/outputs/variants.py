"""What else a layer's outputs can be: its inputs, W, b or f taken otherwise, one or two at once."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations, product
from typing import Any

import numpy as np

from deltarule.activations import Activation
from deltarule.check.adapter.calls.activations import candidates
from deltarule.core.arrays import Array
from deltarule.core.namespace import NUMPY


@dataclass(frozen=True, eq=False)
class Taken:
    """One part of a layer as somebody takes it, and that in words; no words for the right one."""

    value: Any
    says: str = ""


Part = Sequence[Taken]


def variants(
    inputs: Part, weights: Part, activation: Activation, *, output: bool, most: int = 2
) -> Iterator[tuple[str, Array]]:
    """Yield (what is done otherwise, the layer's outputs), the fewest differences first.

    There are `most` of them. `weights` has pairs (W, b). Every part begins with the right one.
    """
    parts: list[Part] = [inputs, weights, _BIASES, _functions(activation, output)]
    for count in range(most + 1):
        for places in combinations(range(len(parts)), count):
            others = [part[1:] if i in places else part[:1] for i, part in enumerate(parts)]
            for y, pair, bias, f in product(*others):
                said = "; ".join(t.says for t in (y, pair, bias, f) if t.says)
                W, b = pair.value
                with np.errstate(all="ignore"):
                    out = f.value(y.value @ W.T + (bias.value(b) if b.size else 0.0))
                yield said, np.asarray(out)


def inputs_of(X: Array) -> list[Taken]:
    """Return X, and X as people scale it."""
    found = [
        (X, ""),
        (X / 255.0, "the inputs are divided by 255"),
        (_over(X, X.max()), "the inputs are divided by their maximum"),
        (_over(X, np.linalg.norm(X, axis=1, keepdims=True)),
         "each observation is divided by its length"),
    ]  # fmt: skip
    if len(X) > 1:
        centred, low = X - X.mean(axis=0), X.min(axis=0)
        found += [
            (_over(X, X.max(axis=0)), "the inputs are divided by each column's maximum"),
            (_over(X - low, X.max(axis=0) - low), "the inputs are scaled to 0 ... 1"),
            (centred, "the inputs' mean is subtracted"),
            (_over(centred, X.std(axis=0)), "the inputs are standardised"),
            (_over(centred, X.std(axis=0, ddof=1)), "the inputs are standardised (with n - 1)"),
        ]
    return [Taken(value, says) for value, says in found]


def _over(X: Array, scale: Any) -> Array:
    """Return X / scale; 0 where that is 0."""
    by = np.broadcast_to(np.asarray(scale, dtype=np.float64), X.shape)
    return np.asarray(np.divide(X, by, out=np.zeros_like(X), where=by != 0.0))


_BIASES = [
    Taken(lambda b: b),
    Taken(lambda b: 0.0, "the biases are left out"),
    Taken(lambda b: -b, "the biases are subtracted"),
    Taken(lambda b: 2.0 * b, "the biases are added twice"),
    Taken(lambda b: b[..., :1], "the first bias is added to every node"),
    Taken(lambda b: b[::-1], "the biases come in the reverse order"),
]


def _functions(activation: Activation, output: bool) -> list[Taken]:
    f = _apply(activation)
    found = [Taken(f)]
    for record in candidates(output=output):
        if record.name == activation.name:
            continue
        name = "none" if record.name == "identity" else record.name
        found.append(Taken(_apply(record), f"the activation is {name}, not {activation.name}"))
    found.append(Taken(lambda net: f(f(net)), f"{activation.name} is applied twice"))
    if activation.rowwise:
        name = activation.name
        found += [
            Taken(lambda net: f(net.T).T, f"{name} is taken over the observations of each node, "
                  "not over the nodes of each observation (the other axis)"),
            Taken(lambda net: f(net.reshape(1, -1)).reshape(net.shape),
                  f"{name} is taken over all nodes and observations together (no axis)"),
        ]  # fmt: skip
    return found


def _apply(activation: Activation) -> Callable[[Array], Array]:
    f, _ = activation.body(NUMPY)
    return lambda net: np.asarray(f(net))
