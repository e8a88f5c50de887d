"""What may happen to a right gradient: clipped, misplaced, its layers in another order."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import combinations
from typing import Any

import numpy as np

from deltarule.check.diagnose.case import Array, Case
from deltarule.check.diagnose.grammar.slot import EVERYWHERE, QUANTITIES, Point, Quantity, put

Pair = tuple[Array, Array]


def _by_norm(at: Any, pair: Pair, bound: float) -> Pair:
    norm = float(np.sqrt(sum(np.sum(part * part) for part in pair)))
    factor = bound / norm if norm > bound else 1.0
    return factor * pair[0], factor * pair[1]


put("whole", "clipped", "clipped by value",
    lambda at, pair, bound: (np.clip(pair[0], -bound, bound), np.clip(pair[1], -bound, bound)),
    code="clipped", told={"by": "value"}, number="bound", over=EVERYWHERE)  # fmt: skip
put("whole", "clipped_norm", "scaled down to a norm", _by_norm, code="clipped",
    told={"by": "norm of each layer"}, number="bound", over=EVERYWHERE)  # fmt: skip


def bounds(case: Case, given: Array) -> Iterator[Point]:
    """Yield the bounds for clipping that show in the given gradient.

    One entry alone proves no bound, nor does one layer.
    """
    bound = float(np.max(np.abs(given)))
    if bound > 0.0 and np.count_nonzero(np.abs(given) == bound) > 1:
        yield Point(QUANTITIES["whole:clipped"], bound, fitted=True, taken=True)
    stages = case.stages[1:]
    norms = np.array([np.linalg.norm(given[s.start : s.start + s.size]) for s in stages])
    if norms.max() > 0.0 and np.count_nonzero(norms > (1.0 - 1e-9) * norms.max()) > 1:
        yield Point(QUANTITIES["whole:clipped_norm"], float(norms.max()), fitted=True, taken=True)


def at_the_bound(point: Point, given: Array) -> Any:
    """Return which entries were cut off: they may have been anything beyond the bound."""
    if point.quantity is not QUANTITIES["whole:clipped"]:
        return np.zeros(given.shape, np.bool_)
    return np.abs(given) >= point.number


put("delivery", "in_out", "dE/dW_l as (in, out)",
    lambda at, pair: (pair[0].T.reshape(pair[0].shape), pair[1]),
    fits=lambda case, l: min(case.W[l].shape) > 1, code="transposed_output")  # fmt: skip

_PLACES: dict[str, Callable[[Any, Any], Any]] = {
    "first column": lambda W, b: np.column_stack([b, W]),
    "last column": lambda W, b: np.column_stack([W, b]),
    "before the weights": lambda W, b: np.concatenate([b, W.ravel()]),
    "first column, read as the last": lambda W, b: np.concatenate(
        [np.column_stack([b, W[:, :-1]]).ravel(), W[:, -1]]
    ),
    "first row of (in, out)": lambda W, b: np.vstack([b, W.T]),
}
"""The layer's parameters as one array, with the biases where programs keep them."""


def _placed(pair: Pair, delivered: Array) -> Pair:
    W = pair[0]
    return delivered[: W.size].reshape(W.shape), delivered[W.size :]


for _place, _made in _PLACES.items():
    put("delivery", _place.replace(" ", "_"), f"biases: {_place}",
        lambda at, pair, made=_made: _placed(pair, made(*pair).ravel()), fits=Case.bias,
        code="bias_first_row", told={"bias": _place})  # fmt: skip

_AFTER = "after the weights of all layers"


def orders(case: Case) -> Iterator[tuple[Point, Callable[[Array], Array]]]:
    """Yield other orders of the delivered vector, each with what puts the vector right."""
    if case.L == 1 or case.steps > 1:
        return
    biased = [l for l in range(1, case.L + 1) if case.bias(l)]
    if biased:
        last = Quantity("order", "biases_last", f"biases {_AFTER}", lambda at, x: x,
                        code="bias_first_row", told={"bias": _AFTER})  # fmt: skip
        yield Point(last), _collected(case)
    pairs = list(combinations(range(1, case.L + 1), 2))
    for swapped in pairs + ([tuple(range(1, case.L + 1))] if case.L > 3 else []):
        other = Quantity("order", "swapped", "another order of the layers", lambda at, x: x,
                         code="swapped_layers", told={"swapped": swapped})  # fmt: skip
        yield Point(other), _put_back(case, swapped)


def _collected(case: Case) -> Callable[[Array], Array]:
    """Undo 'all W, then all b'."""

    def restored(vector: Array) -> Array:
        ends = np.cumsum([case.W[m].size for m in range(1, case.L + 1)])
        weights, biases = np.split(vector[: ends[-1]], ends[:-1]), vector[ends[-1] :]
        starts = np.cumsum([case.b[m].size for m in range(1, case.L)])
        pairs = zip(weights, np.split(biases, starts), strict=True)
        return np.concatenate([part for pair in pairs for part in pair])

    return restored


def _put_back(case: Case, swapped: tuple[int, ...]) -> Callable[[Array], Array]:
    """Undo an order of layers in which the `swapped` ones stand the other way round."""
    order = list(range(1, case.L + 1))
    for place, layer in zip(swapped, reversed(swapped), strict=True):
        order[place - 1] = layer
    sizes = [case.W[m].size + case.b[m].size for m in order]

    def restored(vector: Array) -> Array:
        blocks = dict(zip(order, np.split(vector, np.cumsum(sizes)[:-1]), strict=True))
        return np.concatenate([blocks[m] for m in sorted(blocks)])

    return restored
