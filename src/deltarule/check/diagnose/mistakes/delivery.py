"""Mistakes after the gradient is right: clipped, misplaced, in the wrong order, rounded."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import combinations
from typing import Any

import numpy as np

from deltarule.check.diagnose.case import Array, Case
from deltarule.check.diagnose.mistake import Mistake, register

Pair = tuple[Array, Array]


def _clips(case: Case, given: Array) -> Iterable[Mapping[str, Any]]:
    bound = float(np.max(np.abs(given)))
    if np.count_nonzero(np.abs(given) == bound) > 1:  # one entry alone proves no bound
        yield {"by": "value", "bound": bound}
    sizes = [case.W[l].size + case.b[l].size for l in range(1, case.L + 1)]
    norms = np.array([np.linalg.norm(p) for p in np.split(given, np.cumsum(sizes)[:-1])])
    if np.count_nonzero(norms > (1.0 - 1e-9) * norms.max()) > 1:  # nor does one layer
        yield {"by": "norm of each layer", "bound": float(norms.max())}
    yield {"by": "norm", "factor": None}


def _clip(case: Case, l: int, pair: Pair, by: str, bound: float = 0.0, factor: float = 1.0) -> Pair:
    if by == "norm of each layer":
        factor = min(1.0, bound / max(float(np.linalg.norm(np.concatenate([*pair[0], pair[1]]))),
                                      bound))  # fmt: skip
    if by != "value":
        return factor * pair[0], factor * pair[1]
    return np.clip(pair[0], -bound, bound), np.clip(pair[1], -bound, bound)


def _at_the_bound(given: Array, by: str, bound: float = 0.0, factor: Any = None) -> Any:
    """Return which entries were cut off: they may have been anything beyond the bound."""
    return np.abs(given) >= (bound if by == "value" else np.inf)


def _with_bound(given: Array, found: dict[str, Any]) -> dict[str, Any]:
    """Add the norm that the gradient was brought down to."""
    return {**found, "bound": float(np.linalg.norm(given))} if found["by"] == "norm" else found


def _matrix(case: Case, l: int) -> bool:
    return bool(min(case.W[l].shape) > 1)


def _in_out(case: Case, l: int, pair: Pair) -> Pair:
    return pair[0].T.reshape(pair[0].shape), pair[1]


def _bias_places(case: Case, given: Array) -> Iterable[Mapping[str, Any]]:
    for place in _PLACES:
        yield {"bias": place}
    if case.L > 1:
        yield {"bias": "after the weights of all layers"}


_PLACES = {
    "first column": lambda W, b: np.column_stack([b, W]),
    "last column": lambda W, b: np.column_stack([W, b]),
    "before the weights": lambda W, b: np.concatenate([b, W.ravel()]),
    "first column, read as the last": lambda W, b: np.concatenate(
        [np.column_stack([b, W[:, :-1]]).ravel(), W[:, -1]]
    ),
    "first row of (in, out)": lambda W, b: np.vstack([b, W.T]),
}
"""The layer's parameters as one array, with the biases where programs keep them."""


def _shifted(case: Case, l: int, pair: Pair, bias: str) -> Pair:
    if bias not in _PLACES or not case.bias(l):
        return pair
    delivered = _PLACES[bias](*pair).ravel()
    W = pair[0]
    return delivered[: W.size].reshape(W.shape), delivered[W.size :]


def _biases_collected(case: Case, l: int, vector: Array, bias: str) -> Array:
    """Undo 'all W, then all b'."""
    if bias in _PLACES:
        return vector
    ends = np.cumsum([case.W[m].size for m in range(1, case.L + 1)])
    weights, biases = np.split(vector[: ends[-1]], ends[:-1]), vector[ends[-1] :]
    starts = np.cumsum([case.b[m].size for m in range(1, case.L)])
    pairs = zip(weights, np.split(biases, starts), strict=True)
    return np.concatenate([part for pair in pairs for part in pair])


def _has_bias(case: Case, l: int) -> bool:
    return any(case.bias(m) for m in range(1, case.L + 1)) if l == 0 else case.bias(l)


def _orders(case: Case, given: Array) -> Iterable[Mapping[str, Any]]:
    for pair in combinations(range(1, case.L + 1), 2):
        yield {"swapped": pair}
    if case.L > 3:
        yield {"swapped": tuple(range(1, case.L + 1))}


def _put_back(case: Case, l: int, vector: Array, swapped: Sequence[int]) -> Array:
    """Undo an order of layers in which the `swapped` ones stand the other way round."""
    order = list(range(1, case.L + 1))
    for place, layer in zip(swapped, reversed(swapped), strict=True):
        order[place - 1] = layer
    sizes = [case.W[m].size + case.b[m].size for m in order]
    blocks = dict(zip(order, np.split(vector, np.cumsum(sizes)[:-1]), strict=True))
    return np.concatenate([blocks[m] for m in sorted(blocks)])


register(
    Mistake(
        code="clipped",
        does="the gradient was clipped before it was handed over",
        should="clipping belongs to the optimiser's step: the gradient is as the equations say",
        line="the gradient dE/dw",
        changes={"whole": _clip},
        variants=_clips,
        estimated=("bound",),
        reported=_with_bound,
        hides=_at_the_bound,
        allowed=lambda factor: factor if 0.0 < factor < 1.0 - 1e-6 else None,
        tell_apart="a point with a much smaller gradient, which no bound reaches",
    )
)
register(
    Mistake(
        code="bias_first_row",
        does="the biases stand somewhere else among the weights",
        should="for each layer W row by row, then b",
        line="the layout of theta",
        changes={"order": _biases_collected, "delivery": _shifted},
        layers=_has_bias,
        variants=_bias_places,
    )
)
register(
    Mistake(
        code="swapped_layers",
        does="the layers' gradients are handed over in another order",
        should="the layers follow each other from l = 1 to L",
        line="the layout of theta",
        changes={"order": _put_back},
        layers=lambda case, l: l == 0 and case.L > 1,
        variants=_orders,
    )
)
register(
    Mistake(
        code="transposed_output",
        does="dE/dW is delivered as (in, out)",
        should="dE/dW_l has the shape of W_l, (n_l, n_{l-1})",
        line="dE/dW_l = delta_l^T y_{l-1}",
        changes={"delivery": _in_out},
        layers=_matrix,
    )
)
register(
    Mistake(
        code="float_noise",
        does="it is computed in a lower precision: the rest is rounding",
        should="nothing is wrong; in float64 it would agree to more digits",
        line="the gradient dE/dw",
        changes={},
    )
)
